"""What every test file shares: a server for each file, one Chromium and one Firefox for the whole run."""

import gc

import pytest

import server as servers
from chromium import Chromium
from firefox import Firefox
from peers import Stage
from rest import Rest, unique
from server import Server


@pytest.fixture(scope="module")
async def server():
    """A server with its defaults, for all tests of one file."""
    async with Server() as running:
        yield running


@pytest.fixture
async def rest(server):
    client = Rest(server.url)
    yield client
    await client.close()


@pytest.fixture
async def room(rest):
    """The id of a fresh room, deleted afterwards if it is still there."""
    name = await rest.create_room(unique("room"))
    yield name
    await rest.delete(f"/rooms/{name}")


@pytest.fixture
async def stage(rest, room):
    async with Stage(rest, room) as stage:
        yield stage


@pytest.fixture(scope="session")
async def chromium():
    async with Chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
async def firefox():
    async with Firefox() as browser:
        yield browser


@pytest.fixture
async def visit(server):
    """`await visit(browser, "Anna")`: somebody at the page of this file's server; the tab is closed afterwards."""
    visitors = []

    async def new(browser, name, **options):
        visitor = await browser.visitor(options.pop("server", server), name, **options)
        visitors.append(visitor)
        return visitor

    yield new
    for visitor in visitors:
        await visitor.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    # Python 3.11 fails now and then when its collector runs while pytest parses a source for the report.
    gc.disable()
    try:
        report = (yield).get_result()
    finally:
        gc.enable()
    if report.failed:
        for each in servers.running:
            report.sections.append((f"end of the log of {each.arguments}", each.log()))
