"""Somebody who watches the publisher across a path, and all that was written down meanwhile."""

import dataclasses
import time

from polling import eventually

#: Mean distance of a frame's patches from what was sent, in steps of brightness: sound frames stay under 10 (the smallest version,
#: scaled and coarse), what is not the frame whose number it bears is far above.
SPOILT = 16


@dataclasses.dataclass(frozen=True)
class Frame:
    #: When it was there to be shown, in ms since 1970.
    at: float
    width: int
    height: int
    #: -1: illegible.
    number: int
    error: float

    @property
    def is_spoilt(self):
        return self.number < 0 or self.error > SPOILT


class Viewer:
    """`async with Viewer(room, page, "anna", path) as viewer`: joins, and leaves in the end."""

    def __init__(self, room, page, name, path=None):
        self.room, self.page, self.name, self.path = room, page, name, path
        self.frames, self.stats = [], []
        self.started = self.connected = self.first = None

    async def __aenter__(self):
        self.joined = now()
        await self.room.subscribe(self.page, self.name, self.path)
        return self

    async def __aexit__(self, *_):
        await self.room.leave(self.page, self.name)

    async def update(self):
        taken = await self.page.call("taken", self.name, len(self.frames), len(self.stats))
        assert taken["failure"] is None, taken["failure"]
        self.frames += [Frame(*each) for each in taken["frames"]]
        self.stats += taken["stats"]
        self.started, self.connected, self.first, self.state = (taken[each] for each in ("started", "connected", "first", "state"))
        return self

    async def sees(self, condition, what, within, every=0.05):
        """Waits for a frame from now on for which `condition(frame)` holds; the frame."""
        await self.update()
        seen = len(self.frames)

        async def found():
            nonlocal seen
            await self.update()
            new, seen = self.frames[seen:], len(self.frames)
            return next((each for each in new if condition(each)), None)

        return await eventually(found, lambda: f"{self.name} sees {what}; {self.describe()}", within, every)

    async def sees_width(self, width, within):
        return await self.sees(lambda frame: frame.width == width, f"a picture {width} wide", within)

    async def has_first_frame(self, within=10):
        """Milliseconds from the moment the offer was there to the first frame."""
        async def came():
            return (await self.update()).first
        await eventually(came, lambda: f"{self.name} sees anything; {self.describe()}", within, every=0.05)
        return self.first - self.started

    def arrival(self):
        """When it was connected and when the first frame came, in ms since the offer was there, for messages."""
        return {"connected": self.connected - self.started, "first frame": self.first - self.started}

    def describe(self):
        last = self.frames[-1] if self.frames else None
        video = self.stats[-1]["video"] if self.stats else None
        return f"connection {self.state}, {len(self.frames)} frames, the last {last}; {video}"


def now():
    """In ms since 1970, as pages say it."""
    return time.time() * 1000
