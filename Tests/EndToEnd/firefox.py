"""Firefox ESR by WebDriver BiDi, its own remote-control socket: geckodriver is in no Debian package."""

import asyncio
import json
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

import websockets

from polling import eventually
from visitor import PROBE, Visitor

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
    "media.gmp-manager.updateEnabled": False,
    # It must ask nothing of the network but what the page asks for.
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
    "remote.active-protocols": 1,
}


class Firefox:
    async def __aenter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="switchyard-firefox-", ignore_cleanup_errors=True)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        Path(self._folder.name, "user.js").write_text("\n".join(lines))
        path = os.environ.get("FIREFOX") or shutil.which("firefox-esr") or "/usr/bin/firefox-esr"
        self._log = Path(self._folder.name, "firefox.log")
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                path, "--headless", "--no-remote", "--profile", self._folder.name, "--remote-debugging-port", "0",
                stdout=log, stderr=log, env={**os.environ, "HOME": self._folder.name, "MOZ_DISABLE_CONTENT_SANDBOX": "1"}, start_new_session=True)
        self._waiting = {}
        self._number = 0
        found = await eventually(
            lambda: re.search(r"WebDriver BiDi listening on (ws://\S+)", self._log.read_text(errors="replace")),
            lambda: f"Firefox is up:\n{self._log.read_text(errors='replace')}", 30)
        self._socket = await websockets.connect(found[1] + "/session", max_size=None, proxy=None)
        self._reader = asyncio.ensure_future(self._read())
        await self.command("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        await self.command("script.addPreloadScript", functionDeclaration="() => {" + PROBE + "}")
        return self

    async def __aexit__(self, *_):
        self._reader.cancel()
        await self._socket.close()
        # The process group is ours alone: Firefox and its content processes.
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), 5)
        except TimeoutError:
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        self._folder.cleanup()

    async def command(self, method, **params):
        self._number += 1
        number = self._number
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        return await asyncio.wait_for(future, 30)

    async def _read(self):
        async for text in self._socket:
            message = json.loads(text)
            future = self._waiting.pop(message.get("id"), None)
            if future is None or future.done():
                continue
            if message["type"] == "success":
                future.set_result(message["result"])
            else:
                future.set_exception(RuntimeError(f"{message['error']}: {message['message']}"))

    async def visitor(self, server, name):
        context = (await self.command("browsingContext.create", type="tab"))["context"]
        return FirefoxVisitor(server, name, self, context)


class FirefoxVisitor(Visitor):
    def __init__(self, server, name, browser, context):
        super().__init__(server, name)
        self._browser, self._context = browser, context

    async def evaluate(self, expression):
        # As JSON text, since BiDi would wrap every value in its own types.
        result = await self._browser.command(
            "script.evaluate", expression=f"(async () => JSON.stringify(await ({expression})) ?? 'null')()",
            target={"context": self._context}, awaitPromise=True)
        if result["type"] == "exception":
            raise RuntimeError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    async def open(self, url):
        await self._browser.command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def close(self):
        await self._browser.command("browsingContext.close", context=self._context)
