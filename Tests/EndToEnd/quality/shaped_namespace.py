"""A bottleneck that is the kernel's: a browser in a network namespace of its own, behind a token bucket (tbf). Wants root."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

from chromium import executable

#: A few packets at once, as an access network lets through.
BURST = "6kb"


def missing():
    """Why there can be none here; None where there can."""
    if os.geteuid() != 0:
        return "it wants root"
    absent = [each for each in ("ip", "tc") if shutil.which(each) is None]
    return f"{' and '.join(absent)} are not installed" if absent else None


class ShapedNamespace:
    """Looks like a `lossy_link.Path`, of which it knows the rates down. `program` starts Chromium inside."""

    def __init__(self, rate, queue=0.3):
        self._name = f"quality-{os.getpid()}"
        # Interfaces have short names.
        self._outside, self._inside = f"q{os.getpid()}o", f"q{os.getpid()}i"
        self._rate, self._queue = rate, queue

    async def __aenter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="switchyard-quality-")
        self.program = str(Path(self._folder.name, "chromium"))
        Path(self.program).write_text(f'#!/bin/sh\nexec ip netns exec {self._name} {executable()} "$@"\n')
        os.chmod(self.program, 0o700)
        try:
            await run("ip", "netns", "add", self._name)
            await run("ip", "link", "add", self._outside, "type", "veth", "peer", "name", self._inside, "netns", self._name)
            await run("ip", "addr", "add", "198.18.77.1/30", "dev", self._outside)
            await run("ip", "link", "set", self._outside, "up")
            inside = ("ip", "-n", self._name)
            await run(*inside, "addr", "add", "198.18.77.2/30", "dev", self._inside)
            await run(*inside, "link", "set", self._inside, "up")
            await run(*inside, "link", "set", "lo", "up")
            await run(*inside, "route", "add", "default", "via", "198.18.77.1")
            await self._shape("add")
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_):
        # The other end goes with it.
        await run("ip", "link", "del", self._outside, check=False)
        await run("ip", "netns", "del", self._name, check=False)
        self._folder.cleanup()

    async def set(self, down):
        self._rate = down.rate
        await self._shape("change")

    async def lead(self, sdp):
        """The server's own addresses are reached through the bottleneck."""
        return sdp

    async def counts(self):
        return {"tc": await run("tc", "-s", "qdisc", "show", "dev", self._outside)}

    async def _shape(self, verb):
        await run("tc", "qdisc", verb, "dev", self._outside, "root", "tbf", "rate", f"{self._rate}bit", "burst", BURST,
                  "latency", f"{round(self._queue * 1000)}ms")


async def run(*command, check=True):
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await process.communicate()
    assert not check or process.returncode == 0, f"{' '.join(command)}: {output.decode()}"
    return output.decode()
