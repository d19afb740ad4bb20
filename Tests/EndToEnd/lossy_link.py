"""A user-space UDP link between a browser and a server's media port, as bad as a test wants it.

    async with LossyLink(seed=1) as link:
        path = await link.path(down=Conditions(loss=0.05, delay=0.025), up=Conditions(delay=0.025))
        host, port = await path.entrance(("127.0.0.1", 40000))     # what the browser is told instead of the server's address
        await path.set(down=Conditions(rate=500_000))

It is a process of its own (`link_process.py`), so that neither a busy test nor a busy browser makes it late. A path is one
client's access network: all entrances of one path share its two directions, down (to the client) and up."""

import asyncio
import dataclasses
import itertools
import json
import re
import sys
from pathlib import Path as FilePath

from link_direction import Conditions

PROCESS = FilePath(__file__).with_name("link_process.py")
CANDIDATE = re.compile(r"^(a=candidate:\S+ 1 udp \d+) (\d+\.\d+\.\d+\.\d+) (\d+) typ host", re.MULTILINE | re.IGNORECASE)


class LossyLink:
    def __init__(self, seed=0):
        self._seed = seed
        self._numbers = itertools.count()
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self):
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, PROCESS, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        return self

    async def __aexit__(self, *_):
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 5)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def path(self, down=Conditions(), up=Conditions(), seed=None):
        """A client's way to the servers. The same seed (by default the link's and how many there were) gives the same losses."""
        number = next(self._numbers)
        await self.command(
            do="path", path=number, seed=self._seed * 1000 + number if seed is None else seed, down=dataclasses.asdict(down), up=dataclasses.asdict(up))
        return Path(self, number)

    async def command(self, **command):
        async with self._one_at_a_time:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            line = await asyncio.wait_for(self._process.stdout.readline(), 5)
            assert line, f"the link ended by itself with {await self._process.wait()}"
            return json.loads(line)


class Path:
    def __init__(self, link, number):
        self._link, self._number = link, number
        self._entrances = {}

    async def entrance(self, server):
        """(host, port) that leads to `server`, an address likewise."""
        if server not in self._entrances:
            answer = await self._link.command(do="entrance", path=self._number, to=server)
            self._entrances[server] = tuple(answer["address"])
        return self._entrances[server]

    async def set(self, down=None, up=None):
        """Changes the conditions of the directions that are given."""
        changes = {name: dataclasses.asdict(each) for name, each in (("down", down), ("up", up)) if each is not None}
        await self._link.command(do="set", path=self._number, **changes)

    async def counts(self):
        """Of each direction: taken, lost, overflowed, delivered, bytes; and `late`, how many ms after their time packets went on."""
        return await self._link.command(do="counts", path=self._number)

    async def lead(self, sdp):
        """The server's description with this path's entrance as its only candidate."""
        found = CANDIDATE.search(sdp)
        assert found, f"no IPv4 candidate in\n{sdp}"
        host, port = await self.entrance((found[2], int(found[3])))
        lines, led = [], False
        for line in sdp.splitlines():
            if line.startswith("a=candidate:"):
                match = CANDIDATE.match(line)
                if not match or (match[2], match[3]) != (found[2], found[3]):
                    continue
                line = f"{match[1]} {host} {port} typ host"
                led = True
            lines.append(line)
        assert led
        return "\r\n".join(lines) + "\r\n"
