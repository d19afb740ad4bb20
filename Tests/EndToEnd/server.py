"""Starting, watching and stopping the real server, by its process id and on free ports."""

import asyncio
import os
import re
import signal
import tempfile
from pathlib import Path

import psutil

from polling import eventually

REPOSITORY = Path(__file__).resolve().parents[2]
READY = re.compile(r"^ready http=(\S+) media=(\S+)$", re.MULTILINE)

#: Settings for every server, to run all tests under others: SERVE_ARGUMENTS="--workers 2 --rooms-spread 1".
EVERYWHERE = os.environ.get("SERVE_ARGUMENTS", "").split()

#: Servers that run at this moment; conftest.py adds the end of their logs to the report of a failing test.
running = set()


def binary():
    path = Path(os.environ.get("SWITCHYARD_BINARY", REPOSITORY / ".build" / "release" / "switchyard"))
    if not path.exists():
        raise RuntimeError(f"{path} is missing: build it with './yard build release', or name another by SWITCHYARD_BINARY")
    return path


class Server:
    """One `switchyard serve`. `arguments` come after those that every test needs and may override them."""

    def __init__(self, *arguments, scheme="http", listen="127.0.0.1:0", environment=None):
        self.folder = tempfile.TemporaryDirectory(prefix="switchyard-test-")
        self.arguments = [
            "serve", "--listen", listen, "--media-port", "0", "--data-dir", self.folder.name, *EVERYWHERE, *arguments]
        self.scheme = scheme
        self._environment = {**clean_environment(), **(environment or {})}
        self.process = None
        self._out = Path(self.folder.name, "stdout.log")
        self._err = Path(self.folder.name, "stderr.log")

    async def __aenter__(self):
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = await asyncio.create_subprocess_exec(
                binary(), *self.arguments, stdout=out, stderr=err, stdin=asyncio.subprocess.DEVNULL, env=self._environment)
        running.add(self)
        try:
            await eventually(
                lambda: self.ready_lines() or self.process.returncode is not None, lambda: f"ready line; log:\n{self.log()}", within=15, every=0.02)
            assert self.ready_lines(), f"the server ended with {self.process.returncode} before it was ready:\n{self.log()}"
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_):
        await self.stop()

    def ready_lines(self):
        """(http, media) of every ready line so far; a restarted server prints a new one."""
        return READY.findall(self._out.read_text(errors="replace"))

    @property
    def address(self):
        """ADDR:PORT of the HTTP listener."""
        return self.ready_lines()[-1][0]

    @property
    def host(self):
        return self.address.rsplit(":", 1)[0].strip("[]")

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])

    @property
    def url(self):
        return f"{self.scheme}://{self.address}"

    @property
    def media(self):
        """Every (address, port) that takes media."""
        return [(each.rsplit(":", 1)[0].strip("[]"), int(each.rsplit(":", 1)[1])) for each in self.ready_lines()[-1][1].split(",")]

    @property
    def media_on_loopback(self):
        return next(((host, port) for host, port in self.media if host == "127.0.0.1"), ("127.0.0.1", self.media[0][1]))

    def worker(self):
        """The process that does the work: the supervisor's child, or the process itself where there is no supervisor."""
        process = psutil.Process(self.process.pid)
        children = process.children()
        return children[0] if children else process

    def log(self, lines=60):
        text = self._out.read_text(errors="replace") + self._err.read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def signal(self, number):
        self.process.send_signal(number)

    async def ended(self, within):
        """The exit status; fails when the server is still there after `within` seconds."""
        try:
            return await asyncio.wait_for(self.process.wait(), within)
        except TimeoutError:
            raise AssertionError(f"the server still runs after {within} s; log:\n{self.log()}") from None

    async def stop(self):
        if self.process.returncode is None:
            self.signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), 7)
            except TimeoutError:
                for each in psutil.Process(self.process.pid).children(recursive=True):
                    each.kill()
                self.process.kill()
                await self.process.wait()
        running.discard(self)
        self.folder.cleanup()


async def run_to_end(*arguments, within=10, environment=None):
    """Runs the binary where it is to end by itself; (exit status, all output as text)."""
    process = await asyncio.create_subprocess_exec(
        binary(), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**clean_environment(), **(environment or {})})
    try:
        output, _ = await asyncio.wait_for(process.communicate(), within)
        return process.returncode, output.decode()
    except TimeoutError:
        raise AssertionError(f"{arguments} still runs after {within} s") from None
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def clean_environment():
    """Settings of the machine's owner must not change what is tested."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SWITCHYARD_")}
