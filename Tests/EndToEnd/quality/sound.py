"""The microphone of these measurements: a hum with overtones that swells and fades, never silent, so that what a receiver has to invent
is what the network lost."""

import wave

import numpy

RATE = 48_000
SECONDS = 4


def write(path):
    time = numpy.arange(RATE * SECONDS) / RATE
    voice = sum(numpy.sin(2 * numpy.pi * 150 * overtone * time + overtone) / overtone for overtone in range(1, 9))
    # Four syllables a second; whole periods of everything, so that the end joins the beginning.
    loudness = 0.35 + 0.25 * numpy.sin(2 * numpy.pi * 4 * time)
    samples = (voice * loudness * 6_000).clip(-32_768, 32_767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
