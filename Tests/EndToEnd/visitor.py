"""A person in the demo page, whichever the browser: what Chromium's and Firefox's drivers have in common."""

import json
from pathlib import Path
from urllib.parse import urlencode

from polling import eventually

PROBE = Path(__file__).with_name("probe.js").read_text()


class Visitor:
    """Subclasses give `evaluate(expression)` (awaits promises, answers plain values) and `open(url)`."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        self.room = None

    async def evaluate(self, expression):
        raise NotImplementedError

    async def open(self, url):
        raise NotImplementedError

    async def join(self, room, **options):
        self.room = room
        await self.open(f"{self.server.url}/?{urlencode({'room': room, 'name': self.name, 'join': '1', **options})}")
        await self.is_in()

    async def is_in(self):
        await eventually(lambda: self.evaluate("globalThis.meeting?.state === 'joined'"), f"{self.name} is in the room", 15)

    async def click(self, element):
        await self.evaluate(f"document.getElementById({json.dumps(element)}).click()")

    async def probe(self):
        return await self.evaluate("probe()")

    async def tiles(self):
        return await self.evaluate("tiles()")

    async def tile(self, name, what, within=10, **expected):
        """Waits until the tile of that name shows what is expected, for example `audio="off"`."""
        seen = {}

        async def matches():
            seen.clear()
            seen.update(await self.tiles())
            return name in seen and all(seen[name].get(key) == value for key, value in expected.items())

        await eventually(matches, lambda: f"{self.name} sees {what}; the tiles are {seen}", within)

    async def received(self, other, kind):
        """The inbound streams of one kind from the person of that name."""
        user = ((await self.probe()) or {"users": {}})["users"].get(other, {"received": []})
        return [each for each in user["received"] if each["kind"] == kind]

    async def sees(self, other, streams=1, within=20):
        """Waits until that many video streams from `other` are being decoded, each two frames further than at first."""
        first = {}

        async def moves():
            videos = [each for each in await self.received(other, "video") if each["frames"] > 0]
            for each in videos:
                first.setdefault(each["mid"], each["frames"])
            return sum(each["frames"] >= first[each["mid"]] + 2 for each in videos) >= streams

        await eventually(moves, lambda: f"{self.name} sees {streams} moving picture(s) of {other}; {first}", within, every=0.25)

    async def hears(self, other, within=20):
        """Waits until sound from `other` carries energy, and more of it than at first."""
        first = {}

        async def sounds():
            energies = [each["energy"] for each in await self.received(other, "audio")]
            energy = max(energies, default=0)
            return energy > first.setdefault("energy", energy) >= 0

        await eventually(sounds, lambda: f"{self.name} hears {other}; {first}", within, every=0.25)

    async def is_gone(self, other, within=10):
        await eventually(lambda: self.evaluate(f"!Object.keys(tiles()).includes({json.dumps(other)})"), f"{other} is gone for {self.name}", within)
