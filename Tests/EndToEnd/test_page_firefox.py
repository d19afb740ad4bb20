"""Firefox ESR and Chromium in one room."""

import asyncio

import pytest

from rest import unique


@pytest.fixture
async def pair(visit, firefox, chromium):
    """Chromium is in the room first, then Firefox."""
    room = unique("room")
    chrome, fox = await visit(chromium, "Chromium"), await visit(firefox, "Firefox")
    await chrome.join(room)
    await fox.join(room)
    return chrome, fox


async def both_ways(chrome, fox):
    await asyncio.gather(chrome.sees("Firefox", within=25), fox.sees("Chromium", within=25))
    await asyncio.gather(chrome.hears("Firefox"), fox.hears("Chromium"))


async def test_firefox_and_chromium_see_and_hear_each_other(pair):
    await both_ways(*pair)


async def test_firefox_mutes_and_unmutes(pair):
    chrome, fox = pair
    await both_ways(chrome, fox)
    for button, kind in [("mic", "audio"), ("camera", "video")]:
        await fox.click(button)
        await chrome.tile("Firefox", f"{kind} off", **{kind: "off"})
        await fox.click(button)
        await chrome.tile("Firefox", f"{kind} on", **{kind: "on"})
    await both_ways(chrome, fox)


async def test_firefox_follows_a_screen_that_comes_and_goes(pair):
    chrome, fox = pair
    await both_ways(chrome, fox)
    await chrome.click("screen")
    await fox.tile("Chromium’s screen", "the shared screen", kind="screen", within=15)
    await fox.sees("Chromium", streams=2)
    await chrome.click("screen")
    await fox.is_gone("Chromium’s screen")
    await both_ways(chrome, fox)


async def test_two_firefox_tabs_see_each_other(visit, firefox):
    room = unique("room")
    one, two = await visit(firefox, "One"), await visit(firefox, "Two")
    await one.join(room)
    await two.join(room)
    await asyncio.gather(one.sees("Two", within=25), two.sees("One", within=25))
    await asyncio.gather(one.hears("Two"), two.hears("One"))
