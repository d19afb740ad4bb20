"""The page of rooms (/aura) in Chromium: lobby, waiting room, meeting, moderation, coming back."""

import asyncio
import json

import pytest

from aura import Directory
from aura_visitor import FLAGS, at_aura
from chromium import Chromium
from polling import eventually, steadily
from rest import unique


@pytest.fixture(scope="module")
async def browser():
    async with Chromium(flags=FLAGS) as browser:
        yield browser


@pytest.fixture
def directory(rest):
    return Directory(rest)


@pytest.fixture
async def at_page(server, browser):
    """`await at_page("Anna", "red")`: somebody at the page; the tab is closed afterwards."""
    visitors = []

    async def new(name, colour="red", **options):
        visitor = await at_aura(browser, server, name, colour, **options)
        visitors.append(visitor)
        return visitor

    yield new
    await asyncio.gather(*(visitor.close() for visitor in visitors))


@pytest.fixture
async def pair(at_page, directory):
    """(admin, guest, room): both in an open room, seeing each other."""
    credentials, room = await directory.admin_and_room()
    admin, guest = await at_page("Anna", "red"), await at_page("Ben", "blue")
    await asyncio.gather(admin.enter(room, **credentials), guest.enter(room))
    await asyncio.gather(admin.sees_member("Ben", "blue"), guest.sees_member("Anna", "red"))
    return admin, guest, room


async def test_played_through_from_the_waiting_room_to_the_removal(at_page, directory):
    credentials, room = await directory.admin_and_room(force_waiting_room=True)
    admin, guest = await at_page("Anna", "red"), await at_page("Ben", "blue")
    await admin.enter(room, **credentials)
    await guest.knock(room)
    await guest.is_waiting()
    await admin.says("#notices", "Ben is waiting to be let in.")
    await admin.says("#waiting-count", "1")
    await guest.page.click("#nudge")
    await guest.says("#waiting-words", "still waiting")
    await admin.says("#notices", "Ben is still waiting")
    await admin.press("Ben", "allow")
    await guest.is_in()
    await asyncio.gather(admin.sees_member("Ben", "blue"), guest.sees_member("Anna", "red"))
    assert await admin.page.is_hidden("#waiting-section") and "waiting" not in await admin.page.inner_text("#notices")

    await guest.page.click("#hand")
    await admin.tile("Ben", "Ben's raised hand", hand="up")
    hands = admin.page.locator(".tile .hand:visible")
    assert await hands.count() == 1
    await guest.page.keyboard.press("h")
    await admin.tile("Ben", "Ben's lowered hand", hand="down")
    assert await hands.count() == 0
    await admin.page.click("#react")
    await admin.page.click("#reactions [data-reaction=heart]")
    for person in (admin, guest):
        await person.page.wait_for_selector(".tile .reaction[data-reaction=heart]", timeout=3_000)

    await admin.press("Ben", "mute_audio")
    await guest.says("#mic", "Muted by an admin")
    await admin.tile("Ben", "that Ben is muted", audio="off", muted="by-admin")
    await guest.page.click("#mic")
    await guest.page.click("#mic")
    await guest.says("#notices", "can turn it on again")
    await steadily(lambda: is_muted(admin, "Ben"), "Ben cannot undo it", during=1)
    await admin.press("Ben", "unmute_audio")
    await guest.says("#mic", "Unmute")
    await guest.page.click("#mic")
    await admin.tile("Ben", "that Ben is heard again", audio="on", muted="no")

    await admin.press("Ben", "remove")
    await steadily(lambda: guest.evaluate("meeting !== null"), "one press does not remove anybody", during=0.5)
    await admin.press("Ben", "remove")
    await guest.is_refused("removed")
    await admin.is_gone("Ben")


async def is_muted(person, name):
    return (await person.tiles())[name]["audio"] == "off"


async def test_who_is_rejected_or_gives_up_is_told_and_gone_from_the_list(at_page, directory):
    credentials, room = await directory.admin_and_room(force_waiting_room=True)
    admin, ben, cleo = await at_page("Anna"), await at_page("Ben"), await at_page("Cleo")
    await admin.enter(room, **credentials)
    for person in (ben, cleo):
        await person.knock(room)
        await person.is_waiting()
    await admin.press("Ben", "reject")
    await ben.is_refused("did not let you in")
    await cleo.page.click("#give-up")
    await cleo.page.wait_for_selector("body[data-view=join]")
    await eventually(lambda: admin.page.is_hidden("#waiting-section"), "nobody waits any more", 5)


async def test_an_admin_who_comes_later_finds_who_waits(at_page, directory):
    credentials, room = await directory.admin_and_room(force_waiting_room=True)
    guest, admin = await at_page("Ben"), await at_page("Anna")
    await guest.knock(room)
    await guest.is_waiting()
    await admin.enter(room, **credentials)
    await admin.says("#notices", "Ben is waiting to be let in.")
    await admin.page.click("#notices button")
    await guest.is_in()


async def test_the_size_of_the_tiles_decides_about_the_layer(pair):
    admin, guest, _ = pair
    mid = await admin.sees_member("Ben", "blue", width=640, within=25)
    await admin.page.set_viewport_size({"width": 360, "height": 420})
    assert await admin.sees_member("Ben", "blue", width=320) == mid
    await admin.page.set_viewport_size({"width": 1200, "height": 900})
    assert await admin.sees_member("Ben", "blue", width=640) == mid


async def test_a_reload_comes_back_to_the_same_place_without_waiting_again(at_page, directory):
    credentials, room = await directory.admin_and_room(force_waiting_room=True)
    admin, guest = await at_page("Anna", "red"), await at_page("Ben", "blue")
    await admin.enter(room, **credentials)
    await guest.knock(room)
    await guest.is_waiting()
    await admin.press("Ben", "allow")
    await guest.is_in()
    await admin.sees_member("Ben", "blue")
    own = await guest.evaluate("meeting.id")
    await guest.reload()
    assert await guest.evaluate("meeting.id") == own
    await asyncio.gather(admin.sees_member("Ben", "blue"), guest.sees_member("Anna", "red"))
    assert [each["name"] for each in await directory.members(room)].count("Ben") == 1


async def test_a_lost_socket_is_opened_again_and_media_goes_on(at_page, directory):
    _, room = await directory.admin_and_room()
    anna, ben = await at_page("Anna", "red"), await at_page("Ben", "blue")
    await anna.page.add_init_script("""
        globalThis.sockets = [];
        globalThis.WebSocket = class extends WebSocket { constructor(url) { super(url); sockets.push(this); } };""")
    await asyncio.gather(anna.enter(room), ben.enter(room))
    await asyncio.gather(anna.sees_member("Ben", "blue"), ben.sees_member("Anna", "red"))
    before = await anna.evaluate("globalThis.before = meeting.sender.connection, meeting.id")
    await anna.evaluate("sockets[0].close()")
    await eventually(lambda: anna.evaluate("sockets.length > 1"), "another socket", 10)
    await anna.is_in()
    assert await anna.evaluate("meeting.id") == before
    assert await anna.evaluate("meeting.sender.connection === globalThis.before"), "the connection stayed"
    await ben.page.click("#hand")
    await anna.tile("Ben", "what happens after the loss", hand="up")
    await asyncio.gather(anna.sees_member("Ben", "blue"), ben.sees_member("Anna", "red"))


async def test_a_shared_screen_takes_the_cameras_place_and_gives_it_back(pair):
    admin, guest, _ = pair
    await guest.click("screen")
    await admin.tile("Ben’s screen", "the shared screen", kind="screen", playing=True, within=15)
    assert "Ben" not in await admin.tiles()
    await guest.click("screen")
    await admin.tile("Ben", "the camera again", kind="camera")
    await admin.sees_member("Ben", "blue")


async def test_own_muting_is_shown_to_all(pair):
    admin, guest, _ = pair
    await guest.click("mic")
    await admin.tile("Ben", "that Ben is muted", audio="off", muted="no")
    await guest.click("mic")
    await admin.tile("Ben", "that Ben is heard", audio="on")
    await guest.click("camera")
    await admin.tile("Ben", "that Ben has no camera", video="off")
    await guest.click("camera")
    await admin.tile("Ben", "Ben's camera", video="on")
    await admin.sees_member("Ben", "blue")


async def test_the_active_speaker_is_outlined(at_page, directory):
    _, room = await directory.admin_and_room()
    # A tone that never pauses is no speech.
    anna, ben = await at_page("Anna"), await at_page("Ben", pauses=True)
    await asyncio.gather(anna.enter(room), ben.enter(room))
    await anna.page.click("#mic")
    await anna.tile("Ben", "that Ben speaks", speaking="true", within=20)
    await ben.tile("Ben (you)", "that oneself speaks", speaking="true")
    await ben.page.click("#mic")
    await anna.tile("Ben", "that Ben has stopped", speaking="false")


async def test_a_deleted_room_ends_the_meeting_with_words(pair, directory):
    admin, guest, room = pair
    await directory.delete_room(room)
    await asyncio.gather(admin.is_refused("closed"), guest.is_refused("closed"))


async def test_passwords_and_unknown_rooms_are_told_in_words(at_page, directory):
    room = (await directory.room(open=False, password="sesame", force_password=True))["uuid"]
    visitor = await at_page("Ben")
    await visitor.knock(room)
    await visitor.is_refused("password")
    assert await visitor.page.is_visible("#room-password")
    await visitor.page.fill("#room-password", "semolina")
    await visitor.page.click("#join-button")
    await visitor.says("#join-problem", "wrong")
    await visitor.page.fill("#room-password", "sesame")
    await visitor.page.click("#join-button")
    await visitor.is_in()
    await visitor.page.click("#leave")
    await visitor.page.fill("#room", "no such room")
    await visitor.page.click("#join-button")
    await visitor.is_refused("no such room")


async def test_rooms_are_made_and_chosen_at_the_page(at_page, directory):
    visitor, name = await at_page("Anna"), unique("tuesday")
    await visitor.go()
    await visitor.page.click("#make summary")
    await visitor.page.fill("#make-name", name)
    await visitor.page.check("input[name=access][value=waiting]")
    await visitor.page.fill("#make-admin", unique("anna"))
    await visitor.page.fill("#make-admin-password", "correct horse")
    await visitor.page.click("#make-button")
    await visitor.says("#join-note", name)
    await visitor.page.click("#join-button")
    await visitor.is_in()
    assert await visitor.evaluate("meeting.isAdmin")
    await visitor.says("#room-title", name)

    other = await at_page("Ben")
    await other.go()
    button = other.page.locator("#rooms button", has_text=name)
    assert "waiting room" in await button.inner_text()
    await button.click()
    await other.page.click("#join-button")
    await other.is_waiting()


async def test_names_are_shown_as_they_are_and_never_run(at_page, directory):
    hostile = "<img src=x onerror=\"document.title='taken over'\">"
    credentials, room = await directory.admin_and_room(name=hostile)
    admin, guest = await at_page("Anna"), await at_page(hostile)
    await admin.enter(room, **credentials)
    await guest.enter(room)
    await admin.tile(hostile, "the name as text")
    await admin.opens_panel()
    assert await admin.row(hostile).count() == 1
    await guest.evaluate(f"meeting.react({json.dumps(hostile)})")
    await admin.page.wait_for_selector(".tile .reaction", timeout=3_000)
    assert await admin.page.locator("img[src=x]").count() == 0
    assert await admin.page.title() != "taken over"


async def test_somebody_without_devices_watches_and_listens(at_page, directory):
    _, room = await directory.admin_and_room()
    anna, watcher = await at_page("Anna", "red"), await at_page("Ben")
    await anna.enter(room)
    await watcher.go(room)
    await watcher.page.uncheck("#start-audio")
    await watcher.page.uncheck("#start-video")
    await watcher.page.click("#join-button")
    await watcher.is_in()
    await watcher.sees_member("Anna", "red")
    await anna.tile("Ben", "somebody who only watches", audio="off", video="off")
    await watcher.page.click("#camera")
    await anna.tile("Ben", "somebody who changed their mind", video="on")


async def test_a_registered_user_is_called_into_a_meeting(at_page, directory):
    extension = str(7000 + int(unique("x").split("-")[1]))
    user = await directory.user("Ben", extension=extension)
    credentials, room = await directory.admin_and_room()
    admin, called = await at_page("Anna", "red"), await at_page("Ben", "blue")
    await admin.enter(room, **credentials)
    await called.go()
    await called.page.click("#secrets summary")
    await called.page.fill("#username", user["username"])
    await called.page.fill("#password", user["password"])
    await called.page.click("#reach")
    await called.says("#reach", "You can be called")
    await admin.opens_panel()
    await admin.page.fill("#invite-exten", extension)
    await admin.page.click("#invite-form button")
    await called.page.wait_for_selector("#invitation[open]", timeout=5_000)
    await called.page.click("#accept")
    await called.is_in()
    await asyncio.gather(admin.sees_member("Ben", "blue"), called.sees_member("Anna", "red"))


async def test_somebody_nobody_can_reach_is_named(at_page, directory):
    credentials, room = await directory.admin_and_room()
    admin = await at_page("Anna")
    await admin.enter(room, **credentials)
    await admin.opens_panel()
    await admin.page.fill("#invite-exten", "07555666888")
    await admin.page.click("#invite-form button")
    await admin.says("#invite-words", "07555666888 cannot be reached")


async def test_the_page_comes_from_this_server_with_its_policy(at_page, rest):
    page = await rest.get("/aura")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    assert "unsafe" not in page.headers["content-security-policy"]
    visitor = await at_page("Anna")
    requests = []
    visitor.page.on("request", lambda request: requests.append(request.url))
    await visitor.go()
    await visitor.page.wait_for_selector("#rooms-card:visible")
    assert len(requests) >= 15 and [url for url in requests if not url.startswith(visitor.server.url)] == []
    assert visitor.complaints == []


async def test_nothing_overflows_on_a_phone_and_all_buttons_have_names(at_page, directory):
    credentials, room = await directory.admin_and_room(name="A room with a name that is rather long for a narrow bar")
    visitor = await at_page("A name that is rather long for a small tile", viewport=(360, 640))
    await visitor.go(room)
    await assert_it_fits(visitor)
    await visitor.enter(room, **credentials)
    await assert_it_fits(visitor)
    await visitor.page.click("#react")
    await visitor.opens_panel()
    await assert_it_fits(visitor)
    names = await visitor.evaluate(
        "[...document.querySelectorAll('button')].filter((each) => each.checkVisibility()).map((each) => each.ariaLabel || each.innerText.trim())")
    assert len(names) >= 8 and all(names), names
    await visitor.page.keyboard.press("Escape")
    assert await visitor.page.is_hidden("#reactions")


async def assert_it_fits(visitor):
    wide = await visitor.evaluate("""[...document.querySelectorAll('body *')].filter((each) => each.checkVisibility())
        .filter((each) => each.getBoundingClientRect().right > 360.5).map((each) => each.tagName + '#' + each.id + '.' + each.className)""")
    assert wide == []
