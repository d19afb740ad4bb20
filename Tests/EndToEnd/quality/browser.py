"""Chromium with a numbered camera, and pages in it that publish and subscribe."""

import asyncio
import atexit
import functools
import tempfile
from pathlib import Path

from chromium import Chromium
from quality import picture, sound

SCRIPT = Path(__file__).with_name("page.js").read_text()
#: Cameras want a secure context, and localhost is one; nobody listens there, the driver answers.
ADDRESS = "http://localhost/quality"

#: As applications set them; rids as VideoRoom's own page has them, largest first.
ENCODINGS = [
    {"rid": "l", "scaleResolutionDownBy": 4, "maxBitrate": 150_000},
    {"rid": "m", "scaleResolutionDownBy": 2, "maxBitrate": 500_000},
    {"rid": "h", "scaleResolutionDownBy": 1, "maxBitrate": 2_000_000},
]


@functools.cache
def camera():
    """(Chromium's flags for its picture and sound, what pages know of the picture), made once; the files go with the process."""
    folder = tempfile.TemporaryDirectory(prefix="switchyard-quality-")
    atexit.register(folder.cleanup)
    film, tape = Path(folder.name, "camera.y4m"), Path(folder.name, "microphone.wav")
    known = picture.write(film)
    sound.write(tape)
    return (f"--use-file-for-fake-video-capture={film}", f"--use-file-for-fake-audio-capture={tape}"), known


class Browser:
    """`async with Browser() as browser`; `executable` may be a wrapper around Chromium."""

    def __init__(self, executable=None):
        self._executable = executable

    async def __aenter__(self):
        flags, self._picture = await asyncio.to_thread(camera)
        self._chromium = Chromium(flags=[*flags, "--autoplay-policy=no-user-gesture-required"], path=self._executable)
        await self._chromium.__aenter__()
        return self

    async def __aexit__(self, *_):
        await self._chromium.__aexit__()

    async def page(self):
        page = await self._chromium.page(permissions=["camera", "microphone"])
        await page.route("**/*", lambda route: route.fulfill(body="<!doctype html><title>quality</title>", content_type="text/html"))
        await page.add_init_script(SCRIPT)
        await page.goto(ADDRESS)
        made = Page(page)
        await made.call("know", self._picture)
        return made


class Page:
    def __init__(self, page):
        self._page = page

    async def call(self, name, *arguments):
        """A function of page.js with plain values."""
        return await self._page.evaluate(f"(given) => quality.{name}(...given)", list(arguments))

    async def close(self):
        await self._page.context.close()
