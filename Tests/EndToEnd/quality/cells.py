"""The networks that are tried. A cell is one of them, and what a viewer does there."""

import asyncio
import contextlib
import dataclasses

from link_direction import Conditions
from quality import shaped_namespace
from quality.browser import Browser
from quality.figures import figures, longest_gap
from quality.picture import HEIGHT, WIDTH
from quality.shaped_namespace import ShapedNamespace
from quality.viewer import Viewer, now

#: How often somebody asks for another size.
SWITCHES = 40

#: Before and after the drop, and during it.
ROOMY, NARROW = 3_000_000, 500_000
#: How long the narrow part lasts, and how long a full picture is waited for once there is room again.
NARROW_SECONDS, PATIENCE_SECONDS = 10, 20


@dataclasses.dataclass(frozen=True)
class Cell:
    name: str
    title: str
    #: Of each direction.
    conditions: Conditions = Conditions()

    #: Whether every server is tried here, or Switchyard alone.
    compares = True

    @contextlib.asynccontextmanager
    async def place(self, browser, link, seed):
        """(browser, path) of the one who watches."""
        yield browser, await link.path(down=self.conditions, up=self.conditions, seed=seed)

    async def measure(self, viewer, path, seconds):
        first = await viewer.has_first_frame(within=15)
        until = viewer.first + seconds * 1000
        await asyncio.sleep((until - now()) / 1000)
        await viewer.update()
        return {"firstFrameMs": first, "connectedMs": viewer.connected - viewer.started, **figures(viewer, viewer.first, until)}


@dataclasses.dataclass(frozen=True)
class NarrowingCell(Cell):
    """There is room for all, then for a sixth of it, then again for all."""

    @contextlib.asynccontextmanager
    async def place(self, browser, link, seed):
        yield browser, await link.path(down=dataclasses.replace(self.conditions, rate=ROOMY), up=self.conditions, seed=seed)

    async def narrow(self, path, rate):
        await path.set(down=dataclasses.replace(self.conditions, rate=rate))

    async def measure(self, viewer, path, seconds):
        first = await viewer.has_first_frame(within=15)
        full = await self._seconds_to_full(viewer)
        await asyncio.sleep(3)
        dropped = now()
        await self.narrow(path, NARROW)
        await asyncio.sleep(NARROW_SECONDS)
        returned = now()
        await self.narrow(path, ROOMY)
        full_again = await self._seconds_to_full(viewer)
        lower = next((each.at for each in viewer.frames if each.at > dropped and each.width < WIDTH), None)
        return {
            "firstFrameMs": first, "connectedMs": viewer.connected - viewer.started, "fullSeconds": full,
            "lowerSeconds": lower and (lower - dropped) / 1000, "fullAgainSeconds": full_again,
            "longestGapAfterDropMs": longest_gap(viewer.frames, dropped, returned), **figures(viewer, dropped, returned)}

    @staticmethod
    async def _seconds_to_full(viewer):
        """Until full-sized frames come and go on doing so for a second; None when they do not."""
        start = now()
        while now() - start < PATIENCE_SECONDS * 1000:
            await viewer.update()
            recent = [each for each in viewer.frames if each.at > max(start, now() - 1000)]
            smaller = [each.at for each in viewer.frames if each.at > start and each.width < WIDTH]
            began = next((each.at for each in viewer.frames if each.at > max([start, *smaller])), None)
            if began and now() - began >= 1000 and len(recent) >= 10:
                return (began - start) / 1000
            await asyncio.sleep(0.1)
        return None


@dataclasses.dataclass(frozen=True)
class SwitchingCell(Cell):
    """The viewer asks for another size as soon as it has the last. VideoRoom has no such promise to be held to."""

    compares = False

    async def measure(self, viewer, path, seconds):
        first = await viewer.has_first_frame()
        await self._ask(viewer, 320)
        began = now()
        took = []
        for number in range(SWITCHES):
            asked = now()
            frame = await self._ask(viewer, (1280, 640, 320, 640)[number % 4])
            took.append(frame.at - asked)
        ended = now()
        await viewer.update()
        frames = [each for each in viewer.frames if began <= each.at <= ended]
        return {
            "firstFrameMs": first, "switches": sum(one.width != other.width for one, other in zip(frames, frames[1:])),
            "switchMs": sum(took) / len(took), "longestSwitchMs": max(took), "largestError": max(each.error for each in frames),
            **figures(viewer, frames[0].at, frames[-1].at)}

    @staticmethod
    async def _ask(viewer, width):
        await viewer.room.prefer(viewer.name, width=width, height=width * HEIGHT // WIDTH)
        return await viewer.sees_width(width, within=5)


@dataclasses.dataclass(frozen=True)
class KernelCell(NarrowingCell):
    """The same, and the kernel is the bottleneck."""

    @contextlib.asynccontextmanager
    async def place(self, browser, link, seed):
        async with ShapedNamespace(ROOMY) as path, Browser(path.program) as inside:
            yield inside, path


def all_cells():
    """Those that can be tried on this machine."""
    found = [Cell("clean", "nothing wrong")]
    for loss in (1, 5, 10):
        found.append(Cell(f"loss-{loss}", f"{loss} % random loss, RTT 50 ms", Conditions(loss=loss / 100, delay=0.025)))
    for loss in (1, 5, 10):
        found.append(Cell(f"bursts-{loss}", f"{loss} % loss in bursts of 5, RTT 50 ms", Conditions(loss=loss / 100, burst=5, delay=0.025)))
    for rtt in (50, 150, 300):
        found.append(Cell(f"rtt-{rtt}", f"RTT {rtt} ms", Conditions(delay=rtt / 2000)))
    found.append(Cell("loss-5-rtt-150", "5 % random loss, RTT 150 ms", Conditions(loss=0.05, delay=0.075)))
    found.append(Cell("jitter-30", "jitter 30 ms, RTT 50 ms", Conditions(delay=0.025, jitter=0.03)))
    found.append(Cell("reorder-2", "2 % overtaken by 10 ms, RTT 50 ms", Conditions(delay=0.025, reorder=0.02)))
    found.append(SwitchingCell("switches", f"{SWITCHES} changes of size in a row"))
    found.append(NarrowingCell("bandwidth", "3 → 0.5 → 3 Mbit/s, RTT 50 ms", Conditions(delay=0.025)))
    if shaped_namespace.missing() is None:
        found.append(KernelCell("bandwidth-tbf", "3 → 0.5 → 3 Mbit/s by the kernel's tbf"))
    return found


def cell(name):
    return next(each for each in all_cells() if each.name == name)


async def measure(cell, stage, seconds=20, seed=1):
    """The figures of a cell for a viewer who comes and goes, with what the link and the publisher did meanwhile."""
    async with cell.place(stage.browser, stage.link, seed) as (browser, path):
        page = await browser.page()
        try:
            before = await stage.sent()
            async with Viewer(stage.room, page, f"viewer-{cell.name}-{seed}", path) as viewer:
                found = await cell.measure(viewer, path, seconds)
                after = await stage.sent()
        finally:
            await page.close()
        published = (after["framesEncoded"] - before["framesEncoded"]) * 1000 / (after["at"] - before["at"])
        return {**found, "publishedFps": published, "link": await path.counts()}
