"""A server with a publisher whose three versions flow at full rate."""

import contextlib

from lossy_link import LossyLink
from polling import eventually
from quality.browser import Browser, ENCODINGS
from quality.picture import WIDTH

#: Of what an encoding may take, it sends this much at least, before anything is measured.
FLOWING = 0.75


class Stage:
    """`async with Stage(SwitchyardRoom()) as stage`: has `browser`, `room` and `link`."""

    def __init__(self, room, seed=1):
        self.room, self._seed = room, seed

    async def __aenter__(self):
        self._open = contextlib.AsyncExitStack()
        try:
            self.browser = await self._open.enter_async_context(Browser())
            self.link = await self._open.enter_async_context(LossyLink(self._seed))
            await self._open.enter_async_context(self.room)
            self.publisher = await self.browser.page()
            await self.room.publish(self.publisher)
            await self._flows()
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(self, *_):
        await self._open.aclose()

    async def sent(self):
        """The publisher's counters of its largest version."""
        return next(each for each in await self.publisher.call("sent") if each["frameWidth"] == WIDTH)

    async def _flows(self):
        last, rates = {}, {}

        async def all_do():
            for each in await self.publisher.call("sent"):
                before = last.get(each["rid"])
                if before is None or each["at"] - before["at"] >= 1000:
                    if before is not None:
                        rates[each["rid"]] = (each["bytesSent"] - before["bytesSent"]) * 8000 / (each["at"] - before["at"])
                    last[each["rid"]] = each
            return all(rates.get(each["rid"], 0) > FLOWING * each["maxBitrate"] for each in ENCODINGS)

        await eventually(all_do, lambda: f"the publisher's versions flow; bit/s: {rates}", within=30, every=0.25)
