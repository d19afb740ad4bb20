"""Chromium: one headless browser for the whole run, a context (its own storage) for each visitor."""

import os
import shutil

from playwright.async_api import async_playwright

from visitor import PROBE, Visitor

FLAGS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream=fps=20",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--auto-select-desktop-capture-source=Entire screen",
    # Hidden pages of one browser must not slow each other down.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--ignore-certificate-errors",
]


def executable():
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


class Chromium:
    """`flags` come after those that every test needs; `path` is another program to start, such as a wrapper."""

    def __init__(self, flags=(), path=None):
        self._flags, self._path = [*FLAGS, *flags], path

    async def __aenter__(self):
        self._driver = await async_playwright().start()
        self._browser = await self._driver.chromium.launch(executable_path=self._path or executable(), args=self._flags)
        return self

    async def __aexit__(self, *_):
        await self._browser.close()
        await self._driver.stop()

    async def page(self, permissions=("camera", "microphone"), viewport=(900, 700)):
        """An empty page in a context of its own."""
        context = await self._browser.new_context(
            viewport={"width": viewport[0], "height": viewport[1]}, permissions=list(permissions), ignore_https_errors=True)
        return await context.new_page()

    async def visitor(self, server, name, **options):
        page = await self.page(**options)
        await page.add_init_script(PROBE)
        return ChromiumVisitor(server, name, page)


class ChromiumVisitor(Visitor):
    def __init__(self, server, name, page):
        super().__init__(server, name)
        self.page = page
        self.complaints = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: message.type in ("error", "warning") and self.complaints.append(message.text))

    async def evaluate(self, expression):
        return await self.page.evaluate(expression)

    async def open(self, url):
        await self.page.goto(url)

    async def reload(self):
        await self.page.reload()
        await self.is_in()

    async def close(self):
        await self.page.context.close()
