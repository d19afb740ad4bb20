"""Media of Aura rooms: who is seen and heard by whom, what muting by an admin stops, and users of the mediaserver API in the same room."""

import asyncio
from types import SimpleNamespace

import numpy
import pytest

from aura import Directory
from aura_member import AuraMember, level_of
from aura_visitor import FLAGS, at_aura
from chromium import Chromium
from peers import Stage
from polling import eventually, steadily

ANNA, BEN, CLEO = 440, 740, 1180
TONES = (ANNA, BEN, CLEO)
#: What counts as heard, and what as absent, in decibels: of full scale, and below the others.
HEARD, ABSENT = -40, 30


@pytest.fixture(scope="module")
async def browser():
    async with Chromium(flags=FLAGS) as browser:
        yield browser


@pytest.fixture
def directory(rest):
    return Directory(rest)


@pytest.fixture
async def meeting(server, browser, directory):
    """Anna, an admin, and Ben at the page, Cleo by aiortc, all in one room."""
    admin, room = await directory.admin_and_room()
    anna = await at_aura(browser, server, "Anna", "red", ANNA)
    ben = await at_aura(browser, server, "Ben", "blue", BEN)
    try:
        await asyncio.gather(anna.enter(room, **admin), ben.enter(room))
        async with AuraMember(server, room, "Cleo", CLEO, "green") as cleo:
            members = {each["name"]: each["id"] for each in await cleo.socket.call("get_room_members")}
            yield SimpleNamespace(room=room, anna=anna, ben=ben, cleo=cleo, ids=members)
    finally:
        await asyncio.gather(anna.close(), ben.close())


async def levels(person):
    found = person.levels(TONES)
    return await found if asyncio.iscoroutine(found) else found


async def hears(person, *tones, within=20):
    """Waits until exactly these tones are in that person's mix: the others' at least 30 dB below the weakest of them."""
    seen = {}

    async def mixed():
        seen["levels"] = await levels(person)
        return seen["levels"] and only(tones, seen["levels"])

    await eventually(mixed, lambda: f"{person.name} hears {tones} only; it is {seen}", within, every=0.2)


def only(tones, found):
    weakest = min((found[tone] for tone in tones), default=HEARD)
    return weakest >= HEARD and all(found[tone] <= weakest - ABSENT for tone in found if tone not in tones)


async def test_all_see_whom_they_ask_for_and_hear_everybody_but_themselves(meeting):
    anna, ben, cleo = meeting.anna, meeting.ben, meeting.cleo
    await cleo.subscribe(**{meeting.ids["Anna"]: (640, 360), meeting.ids["Ben"]: (640, 360)})
    await asyncio.gather(
        anna.sees_member("Ben", "blue"), anna.sees_member("Cleo", "green"), ben.sees_member("Anna", "red"), ben.sees_member("Cleo", "green"),
        cleo.sees(meeting.ids["Anna"], "red"), cleo.sees(meeting.ids["Ben"], "blue"))
    await asyncio.gather(hears(anna, BEN, CLEO), hears(ben, ANNA, CLEO), hears(cleo, ANNA, BEN))
    assert anna.complaints == [] and ben.complaints == []


async def test_a_changed_size_switches_the_layer_on_the_same_line(meeting):
    cleo, ben = meeting.cleo, meeting.ids["Ben"]
    await cleo.subscribe(**{ben: (640, 360)})
    await cleo.sees(ben, "blue", width=640, within=25)
    reader = cleo.picture_of(ben)
    await cleo.subscribe(**{ben: (160, 90)})
    await cleo.sees(ben, "blue", width=320)
    await cleo.subscribe(**{ben: (1280, 720)})
    await cleo.sees(ben, "blue", width=640)
    assert cleo.picture_of(ben) is reader, "the line and its track stayed"


async def test_only_whom_one_asks_for_is_seen_and_a_line_can_show_somebody_else(meeting):
    cleo, anna, ben = meeting.cleo, meeting.ids["Anna"], meeting.ids["Ben"]
    await cleo.subscribe(**{anna: (320, 180)})
    await cleo.sees(anna, "red")
    assert cleo.picture_of(ben) is None
    await cleo.subscribe(**{ben: (320, 180)})
    await cleo.sees(ben, "blue")
    await cleo.subscribe(**{ben: (320, 180), anna: (320, 180)})
    await asyncio.gather(cleo.sees(anna, "red"), cleo.sees(ben, "blue"))
    await cleo.subscribe()
    reader = cleo.picture_of(ben)
    assert reader is None


async def test_members_are_told_who_speaks_and_how_loud(meeting):
    cleo, anna = meeting.cleo, meeting.ids["Anna"]
    level = await cleo.socket.hears("member_audio_level", within=10, member=anna)
    assert -70 < level["audio_level"] <= 0
    await cleo.subscribe(**{anna: (320, 180)})
    rate = await cleo.socket.hears("member_available_rate", within=10)
    assert rate["rate"] > 10_000
    start = len(cleo.socket.heard)
    await meeting.anna.click("mic")
    await cleo.socket.hears("member_audio_level", within=10, after=start, member=anna, audio_level=-127)


async def test_an_admins_mute_silences_at_the_relay_and_cannot_be_undone(meeting):
    anna, ben, cleo = meeting.anna, meeting.ben, meeting.cleo
    await asyncio.gather(hears(anna, BEN, CLEO), hears(ben, ANNA, CLEO))
    await anna.press("Cleo", "mute_audio")
    await cleo.socket.hears("member_mute_audio", member=cleo.id, by_admin=True)
    # Cleo's microphone sends on, as that of a client which cheats.
    await asyncio.gather(hears(anna, BEN), hears(ben, ANNA))
    before = len(cleo.socket.heard)
    await cleo.socket.tell("unmute_audio")

    async def is_silent():
        return only([ANNA], await levels(ben))

    await steadily(is_silent, "Cleo stays silent", during=2, every=0.25)
    assert not any(method == "member_unmute_audio" for method, _ in cleo.socket.heard[before:])
    await anna.press("Cleo", "unmute_audio")
    await asyncio.gather(hears(anna, BEN, CLEO), hears(ben, ANNA, CLEO))


async def test_an_admins_mute_of_a_picture_stops_it_for_all(meeting):
    anna, ben, cleo = meeting.anna, meeting.ben, meeting.cleo
    await ben.sees_member("Cleo", "green")
    await anna.press("Cleo", "mute_video")
    await ben.tile("Cleo", "that Cleo's camera is off", video="off")
    counts = []

    async def stands_still():
        counts.append((await ben.evaluate("pictureOf('Cleo')"))["frames"])
        return len(counts) > 1 and counts[-1] == counts[-2]

    await eventually(stands_still, "no more of Cleo's picture", 5, every=0.4)
    await cleo.socket.tell("unmute_video")
    await steadily(lambda: is_at(ben, counts[-1]), "Cleo stays unseen", during=1.5, every=0.3)
    await anna.press("Cleo", "unmute_video")
    await ben.sees_member("Cleo", "green")


async def is_at(person, frames):
    return (await person.evaluate("pictureOf('Cleo')"))["frames"] == frames


async def test_users_of_both_apis_see_and_hear_each_other(server, directory, rest):
    room = (await directory.room())["uuid"]
    async with AuraMember(server, room, "Cleo", CLEO, "green") as cleo, Stage(rest, room) as stage:
        viewer = await stage.subscriber("backend-user")
        publisher = stage.publisher_of_existing_user("backend-user", hertz=ANNA)
        await publisher.produce()
        await publisher.connected()
        await cleo.socket.hears("member_join_room", id="backend-user")
        await cleo.subscribe(**{"backend-user": (320, 240)})

        async def moves():
            reader = cleo.picture_of("backend-user")
            return reader and reader.frames >= 5 and reader.size == (320, 240)

        await eventually(moves, "Cleo sees the user of the other API", 15)
        await hears(cleo, ANNA)
        subscription = viewer[cleo.id]
        await subscription.hears(CLEO)
        # Frames without the counter of the other tests are counted as damaged.
        await eventually(lambda: subscription.picture and subscription.picture.frames >= 5, "Cleo's picture", 10)


async def test_who_comes_by_the_other_api_later_is_offered_to_its_users(server, directory, rest):
    room = (await directory.room())["uuid"]
    async with Stage(rest, room) as stage:
        viewer = await stage.subscriber("backend-user")
        async with AuraMember(server, room, "Cleo", CLEO, "green") as cleo:
            fresh = await rest.fresh_offer(room, "backend-user", cleo.id)
            await viewer.consume(cleo.id, fresh["offer"])
            await viewer[cleo.id].hears(CLEO)
            assert [each["id"] for each in await cleo.socket.call("get_room_members")].count("backend-user") == 1
        await eventually(lambda: viewer[cleo.id].connection.connectionState in ("closed", "failed"), "who left is gone for both", 5)


def test_the_level_of_a_tone_is_measured_right():
    wave = 0.1 * numpy.sin(2 * numpy.pi * 440 * numpy.arange(24_000) / 48_000)
    assert abs(level_of(wave, 440) - -20) < 0.1 and level_of(wave, 740) < -80
