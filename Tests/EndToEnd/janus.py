"""Debian's Janus with its VideoRoom alone, on free ports and in a folder of its own."""

import asyncio
import glob
import os
import shutil
import signal
import socket

CONFIGURATION = """
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{modules}/plugins"
    transports_folder = "{modules}/transports"
    debug_level = 3
}}
nat: {{ ice_lite = true, ignore_mdns = true }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
events: {{ broadcast = false }}
"""

HTTP = """
general: {{ events = false, json = "compact", base_path = "/janus", http = true, port = {port}, ip = "127.0.0.1", https = false }}
admin: {{ admin_http = false }}
"""


def missing():
    """Why Janus cannot run here; None where it can."""
    if shutil.which("janus") is None:
        return "janus is not installed"
    if own_address() is None:
        return "this machine has no address but loopback, at which Janus takes no media"
    return None


def own_address():
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: this only chooses the way.
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Janus:
    """`async with Janus(folder) as janus`: running, with its API at `janus.url`."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/janus"
        self.process = None

    async def __aenter__(self):
        modules = glob.glob("/usr/lib/*/janus/plugins")[0].removesuffix("/plugins")

        def others(kind, wanted):
            return ",".join(sorted(name for name in os.listdir(f"{modules}/{kind}") if name.endswith(".so") and name != wanted))

        (self.folder / "janus.jcfg").write_text(CONFIGURATION.format(
            folder=self.folder, modules=modules, plugins=others("plugins", "libjanus_videoroom.so"),
            transports=others("transports", "libjanus_http.so")))
        (self.folder / "janus.transport.http.jcfg").write_text(HTTP.format(port=self.port))
        (self.folder / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")
        with open(self.folder / "janus.log", "wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                "janus", "--configs-folder", str(self.folder), "--disable-colors", stdout=log, stderr=log)
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if self.process.returncode is not None:
                    break
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return self
        await self.__aexit__()
        raise AssertionError("Janus did not start:\n" + (self.folder / "janus.log").read_text()[-2000:])

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), 10)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
