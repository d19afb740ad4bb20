"""Pictures and sound that can be recognised after the trip: a frame counter in big blocks, and a tone."""

import asyncio
import fractions
import time

import numpy
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

WIDTH, HEIGHT, BITS = 320, 240, 10
BLOCK = WIDTH // BITS
SAMPLE_RATE = 48_000
#: (Y, U, V) of red, green and blue: the upper half of frame n is the colour n mod 3.
COLOURS = [(81, 90, 240), (145, 54, 34), (41, 240, 110)]
EVERY_COUNT = 1 << BITS


def draw_counter(number):
    """A yuv420p frame. Upper half: a colour. Below: the number's bits as black and white blocks, and their complement,
    which tells a damaged frame from a good one."""
    picture = numpy.empty((HEIGHT * 3 // 2, WIDTH), numpy.uint8)
    luma, blue, red = planes(picture)
    colour = COLOURS[number % 3]
    luma[: HEIGHT // 2], blue[:], red[:] = colour[0], 128, 128
    blue[: HEIGHT // 4], red[: HEIGHT // 4] = colour[1], colour[2]
    for bit in range(BITS):
        on = number >> bit & 1
        columns = slice(bit * BLOCK, (bit + 1) * BLOCK)
        luma[HEIGHT // 2 : HEIGHT * 3 // 4, columns] = 235 if on else 16
        luma[HEIGHT * 3 // 4 :, columns] = 16 if on else 235
    return VideoFrame.from_ndarray(picture, format="yuv420p")


def read_counter(frame):
    """The number drawn in a frame, or None where picture or colour are not what was sent."""
    picture = frame.reformat(WIDTH, HEIGHT, "yuv420p").to_ndarray()
    luma, blue, red = planes(picture)
    number = 0
    for bit in range(BITS):
        inside = slice(bit * BLOCK + 8, (bit + 1) * BLOCK - 8)
        upper = luma[HEIGHT // 2 + 10 : HEIGHT * 3 // 4 - 10, inside].mean()
        lower = luma[HEIGHT * 3 // 4 + 10 : -10, inside].mean()
        if abs(upper - lower) < 100:
            return None
        number |= int(upper > lower) << bit
    seen = (luma[10 : HEIGHT // 2 - 10].mean(), blue[8 : HEIGHT // 4 - 8].mean(), red[8 : HEIGHT // 4 - 8].mean())
    near = all(abs(value - wanted) < 25 for value, wanted in zip(seen, COLOURS[number % 3], strict=True))
    return number if near else None


def planes(picture):
    """Views of the three planes of a yuv420p array."""
    quarter = HEIGHT // 4
    chroma = picture[HEIGHT:].reshape(2, quarter * 2, WIDTH // 2)
    return picture[:HEIGHT], chroma[0], chroma[1]


class Paced(MediaStreamTrack):
    """A source that gives one thing after the other at its own pace."""

    def __init__(self):
        super().__init__()
        self._next = None

    async def _wait(self, seconds):
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic()
        self._next = now if self._next is None else self._next + seconds
        if self._next < now - 1:
            self._next = now
        await asyncio.sleep(max(0.0, self._next - now))


class CountingPicture(Paced):
    """A camera whose frames are numbered; `sent` is the latest number."""

    kind = "video"

    def __init__(self, rate=12, first=0):
        super().__init__()
        self._rate = rate
        self.first = first
        self.sent = first - 1

    async def recv(self):
        await self._wait(1 / self._rate)
        self.sent += 1
        frame = draw_counter(self.sent % EVERY_COUNT)
        frame.pts = (self.sent - self.first) * 90_000 // self._rate
        frame.time_base = fractions.Fraction(1, 90_000)
        return frame


class Tone(Paced):
    """A microphone that hears one frequency."""

    kind = "audio"

    def __init__(self, hertz=440):
        super().__init__()
        self._hertz = hertz
        self._samples = 0

    async def recv(self):
        count = SAMPLE_RATE // 50
        await self._wait(0.02)
        time_axis = (self._samples + numpy.arange(count)) / SAMPLE_RATE
        wave = (12_000 * numpy.sin(2 * numpy.pi * self._hertz * time_axis)).astype(numpy.int16)
        frame = AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._samples, fractions.Fraction(1, SAMPLE_RATE)
        self._samples += count
        return frame


class PictureReader:
    """Reads a received video track until it ends; keeps the numbers that were seen."""

    def __init__(self, track):
        self.numbers = []
        self.damaged = 0
        self.ended = False
        self._task = asyncio.ensure_future(self._read(track))

    async def _read(self, track):
        try:
            while True:
                number = read_counter(await track.recv())
                if number is None:
                    self.damaged += 1
                else:
                    self.numbers.append(number)
        except MediaStreamError:
            self.ended = True

    @property
    def frames(self):
        return len(self.numbers) + self.damaged

    def stop(self):
        self._task.cancel()


class SoundReader:
    """Reads a received audio track until it ends; keeps the last half second."""

    def __init__(self, track):
        self.frames = 0
        self.ended = False
        self._heard_at = 0.0
        self._latest = numpy.zeros(0, numpy.int16)
        self._task = asyncio.ensure_future(self._read(track))

    async def _read(self, track):
        try:
            while True:
                frame = await track.recv()
                channels = len(frame.layout.channels)
                wave = frame.to_ndarray().reshape(-1, channels)[:, 0] if frame.format.is_packed else frame.to_ndarray()[0]
                self._latest = numpy.concatenate([self._latest, wave])[-SAMPLE_RATE // 2 :]
                self._heard_at = time.monotonic()
                self.frames += 1
        except MediaStreamError:
            self.ended = True

    def latest(self):
        """The last half second as numbers from -1 to 1, or None while that is not there. Where nothing comes any more it is silence."""
        if len(self._latest) < SAMPLE_RATE // 2:
            return None
        return self._latest / 32_768 if time.monotonic() - self._heard_at < 0.4 else numpy.zeros(SAMPLE_RATE // 2)

    def loudest_hertz(self):
        """The strongest frequency of the last half second, or None while that is not there or silent."""
        if len(self._latest) < SAMPLE_RATE // 2 or self._latest.std() < 500:
            return None
        spectrum = numpy.abs(numpy.fft.rfft(self._latest * numpy.hanning(len(self._latest))))
        return float(numpy.argmax(spectrum) * SAMPLE_RATE / len(self._latest))

    def stop(self):
        self._task.cancel()
