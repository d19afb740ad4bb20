"""A member of an Aura room by aiortc, in this process: sends a picture of one colour and a tone, hears the mix, sees whom it asks for."""

import asyncio
import contextlib
import fractions

import numpy
from aiortc import RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from aura import AuraSocket, new_call
from media import Paced, SoundReader, Tone
from peers import SessionNumber, new_connection
from polling import eventually

#: RGB of those that members use; far apart, so that no encoder confuses them.
COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (40, 50, 210), "yellow": (210, 190, 40)}


def colour_near(seen):
    """The name of the colour that `seen` (RGB) is of, or None."""
    name, distance = min(
        ((name, max(abs(int(one) - int(other)) for one, other in zip(seen, wanted, strict=True))) for name, wanted in COLOURS.items()),
        key=lambda each: each[1])
    return name if distance < 45 else None


class ColouredPicture(Paced):
    """A camera that sees one colour, with a bar running along the lower edge so that every frame is another."""

    kind = "video"

    def __init__(self, colour, width=320, height=180, rate=10):
        super().__init__()
        self._rate, self._count = rate, 0
        self._ground = numpy.empty((height, width, 3), numpy.uint8)
        self._ground[:] = COLOURS[colour]

    async def recv(self):
        await self._wait(1 / self._rate)
        picture = self._ground.copy()
        height, width, _ = picture.shape
        at = self._count * 8 % (width - 24)
        picture[height * 5 // 6:, at:at + 24] = 255
        frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = self._count * 90_000 // self._rate, fractions.Fraction(1, 90_000)
        self._count += 1
        return frame


class ColourReader:
    """Reads a received video track: how many frames, of which colour and size the latest was."""

    def __init__(self, track):
        self.frames, self.colour, self.size = 0, None, (0, 0)
        self._task = asyncio.ensure_future(self._read(track))

    async def _read(self, track):
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                small = frame.reformat(64, 36, "rgb24").to_ndarray()
                self.colour, self.size = colour_near(small[4:20, 8:56].mean(axis=(0, 1))), (frame.width, frame.height)
                self.frames += 1

    def stop(self):
        self._task.cancel()


class AuraMember:
    """`async with AuraMember(server, room, "Cleo", hertz=…, colour=…, username=…) as cleo`: in the room, connected."""

    def __init__(self, server, room, name, hertz, colour, **credentials):
        self.server, self.room, self.name, self.id = server, room, name, new_call()
        self._credentials = credentials
        self.socket = AuraSocket(server)
        self.tone, self.picture = Tone(hertz), ColouredPicture(colour)
        self.connection = new_connection()
        self.mix = None
        self._viewer = None
        self._session = SessionNumber()
        self._lines = {}
        self._readers = {}

    async def __aenter__(self):
        await self.socket.__aenter__()
        try:
            self.token = (await self.socket.call(
                "authenticate", room=self.room, call_id=self.id, display_name=self.name, **self._credentials))["auth_token"]
            await self._join()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def _join(self):
        connection = self.connection
        connection.addTransceiver(self.tone, direction="sendrecv")
        video = connection.addTransceiver(self.picture, direction="sendonly")
        video.setCodecPreferences(_vp8())
        connection.on("track", self._hear)
        await connection.setLocalDescription(await connection.createOffer())
        joined = await self.socket.call("join_room", sdp=connection.localDescription.sdp, auth_token=self.token, audio_muted=False, video_muted=False)
        self.joined = joined
        await connection.setRemoteDescription(RTCSessionDescription(joined["sdp"], "answer"))
        await eventually(
            lambda: connection.connectionState == "connected", lambda: f"{self.name} is connected, but it is {connection.connectionState}", 10)

    def _hear(self, track):
        if track.kind == "audio":
            self.mix = SoundReader(track)

    async def subscribe(self, **sizes):
        """Asks for pictures: `subscribe(**{member's id: (width, height)})`, all that are wanted from now on."""
        if self._viewer is None:
            self._viewer = new_connection()
            self._viewer.on("track", self._show)
        for member in set(self._lines) - set(sizes):
            del self._lines[member]
        for member in sizes:
            if member not in self._lines:
                free = [each for each in self._viewer.getTransceivers() if each not in self._lines.values()]
                self._lines[member] = free[0] if free else self._new_line()
        await self._viewer.setLocalDescription(await self._viewer.createOffer())
        answer = await self.socket.call(
            "subscribe_room", sdp=self._session.keep(self._viewer.localDescription.sdp), auth_token=self.token,
            members=[{"id": member, "video_mid": self._lines[member].mid, "width": width, "height": height} for member, (width, height) in sizes.items()])
        await self._viewer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))

    def _new_line(self):
        line = self._viewer.addTransceiver("video", direction="recvonly")
        line.setCodecPreferences(_vp8())
        return line

    def _show(self, track):
        self._readers[track.id] = ColourReader(track)

    def picture_of(self, member):
        """The reader of that member's picture, or None."""
        line = self._lines.get(member)
        track = line and line.receiver.track
        return self._readers.get(track.id) if track else None

    async def sees(self, member, colour, width=None, within=15):
        """Waits for further frames from that member in that colour (and width)."""
        start = {}

        def shown():
            reader = self.picture_of(member)
            if not reader or reader.colour != colour or (width and reader.size[0] != width):
                return False
            return reader.frames >= start.setdefault("frames", reader.frames) + 3

        def state():
            reader = self.picture_of(member)
            return (
                f"{self.name} sees {colour} {width or ''} of {member}; it is "
                f"{reader and (reader.colour, reader.size, reader.frames)}, connection {self._viewer and self._viewer.connectionState}")

        await eventually(shown, state, within)

    def levels(self, frequencies):
        """How loud each frequency is in the mix, in decibels of full scale, by frequency; None while there is no half second of it."""
        wave = self.mix.latest() if self.mix else None
        return None if wave is None else {hertz: level_of(wave, hertz) for hertz in frequencies}

    async def close(self):
        """Leaves: a member who is only lost has ten seconds to come back."""
        with contextlib.suppress(Exception):
            await self.socket.tell("leave_room")
        for reader in [*self._readers.values(), *([self.mix] if self.mix else [])]:
            reader.stop()
        await asyncio.gather(self.connection.close(), *([self._viewer.close()] if self._viewer else []))
        await self.socket.close()


def level_of(wave, hertz, rate=48_000):
    """The level of one frequency in samples of full scale ±1, in decibels."""
    window = numpy.hanning(len(wave))
    turn = numpy.exp(-2j * numpy.pi * hertz / rate * numpy.arange(len(wave)))
    amplitude = 2 * abs(numpy.dot(wave * window, turn)) / window.sum()
    return float(20 * numpy.log10(max(amplitude, 1e-6)))


def _vp8():
    return [each for each in RTCRtpSender.getCapabilities("video").codecs if each.mimeType in ("video/VP8", "video/rtx")]
