"""A person at the page of rooms (/aura) in Chromium, with a camera of one colour and a microphone of one tone."""

import json
from pathlib import Path
from urllib.parse import urlencode

from aura_member import COLOURS, colour_near
from chromium import ChromiumVisitor
from polling import eventually
from visitor import PROBE

OWN_PROBE = Path(__file__).with_name("aura_probe.js").read_text()
#: Without a click there is no sound otherwise; the tests measure it.
FLAGS = ["--autoplay-policy=no-user-gesture-required"]


class AuraVisitor(ChromiumVisitor):
    """Made by `at_aura`."""

    @property
    def view(self):
        return self.evaluate("document.body.dataset.view")

    async def go(self, room="", **more):
        """Opens the lobby, filled in."""
        self.room = room
        await self.open(f"{self.server.url}/aura?{urlencode({'room': room, 'name': self.name, 'camera': '360', **more})}")

    async def knock(self, room, username=None, password=None, room_password=None, **more):
        """Fills the lobby's form and presses Join, as a person does."""
        await self.go(room, **more)
        if username or room_password:
            await self.page.click("#secrets summary")
        for field, value in [("#username", username), ("#password", password), ("#room-password", room_password)]:
            if value:
                await self.page.fill(field, value)
        await self.page.click("#join-button")

    async def enter(self, room, **credentials):
        await self.knock(room, **credentials)
        await self.is_in()

    async def is_waiting(self):
        await self.page.wait_for_selector("body[data-view=waiting]", timeout=10_000)

    async def is_refused(self, *words, within=10):
        """Back in the lobby, with a sentence that has these words."""
        await self.page.wait_for_selector("#join-problem:visible", timeout=within * 1000)
        said = await self.page.inner_text("#join-problem")
        assert all(word in said for word in words), said

    async def sees_member(self, name, colour=None, width=None, within=20):
        """Waits until the picture from the member of that name moves on, in that colour (and width); answers its m-line's mid."""
        start, last = {}, {}

        async def shown():
            picture = await self.evaluate(f"pictureOf({json.dumps(name)})")
            seen = await self.evaluate(f"colourOf({json.dumps(name)})") if picture and colour else None
            last.update(picture=picture, colour=seen and colour_near(seen), rgb=seen)
            if not picture or (width and picture["width"] != width) or (colour and last["colour"] != colour):
                return None
            return picture if picture["frames"] >= start.setdefault("frames", picture["frames"]) + 2 else None

        return (await eventually(shown, lambda: f"{self.name} sees {name} {colour or ''} {width or ''}; it is {last}", within, every=0.25))["mid"]

    async def levels(self, frequencies):
        levels = await self.evaluate(f"mixLevels({json.dumps(frequencies)})")
        return levels and dict(zip(frequencies, levels, strict=True))

    async def says(self, selector, words, within=10):
        """Waits until an element's text has these words."""
        seen = {}

        async def has():
            seen["text"] = await self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? null")
            return seen["text"] is not None and words in seen["text"]

        await eventually(has, lambda: f"{self.name} reads {words!r} at {selector}; it is {seen}", within)

    def row(self, name):
        """The row of that person in the panel."""
        return self.page.locator(".row", has=self.page.locator(f".name:text-is({json.dumps(name)})"))

    async def opens_panel(self):
        if await self.page.is_hidden("#people"):
            await self.page.click("#people-button")

    async def press(self, name, *actions):
        """Presses these buttons in that person's row, one after the other."""
        await self.opens_panel()
        for action in actions:
            await self.row(name).locator(f"button[data-action={action}]").click()


async def at_aura(browser, server, name, colour="red", hertz=440, pauses=False, viewport=(900, 700)):
    page = await browser.page(viewport=viewport)
    for script in (PROBE, OWN_PROBE, f"useDevices({json.dumps({'rgb': COLOURS[colour], 'hertz': hertz, 'pauses': pauses})})"):
        await page.add_init_script(script)
    return AuraVisitor(server, name, page)
