"""People in the demo page, with Chromium's fake camera (a moving pattern) and microphone (a beep every second)."""

import asyncio

import pytest

from polling import eventually, steadily
from rest import unique


async def meet(visit, browser, room, *names):
    """These people join one after the other."""
    people = [await visit(browser, name) for name in names]
    for person in people:
        await person.join(room)
    return people


async def all_see_and_hear_all(people, within=25):
    pairs = [(one, other.name) for one in people for other in people if one is not other]
    await asyncio.gather(*(one.sees(other, within=within) for one, other in pairs))
    await asyncio.gather(*(one.hears(other, within=within) for one, other in pairs))


async def frame_rate(person, other, during=3.0):
    """Decoded frames a second and the size of the picture, measured by the counter, over at least `during` seconds."""
    start = (await person.received(other, "video"))[0]

    async def later():
        now = (await person.received(other, "video"))[0]
        return now if now["at"] - start["at"] >= during * 1000 else None

    end = await eventually(later, "statistics go on", during + 5, every=0.25)
    return (end["frames"] - start["frames"]) * 1000 / (end["at"] - start["at"]), (end["width"], end["height"])


async def test_two_people_see_and_hear_each_other_in_full_size_and_speed(visit, chromium):
    anna, ben = await meet(visit, chromium, unique("room"), "Anna", "Ben")
    await all_see_and_hear_all([anna, ben])

    async def smooth(person, other):
        rate, size = await frame_rate(person, other)
        return rate >= 15 and size == (640, 360)

    # Encoders start small and slow on a busy machine; they have to arrive at the full picture soon.
    await eventually(lambda: smooth(anna, "Ben"), "Anna gets 640×360 at 15 fps or more from Ben", 20)
    await eventually(lambda: smooth(ben, "Anna"), "Ben gets 640×360 at 15 fps or more from Anna", 20)
    await anna.tile("Ben", "Ben with picture and sound", audio="on", video="on", state="connected", playing=True)
    assert anna.complaints == [] and ben.complaints == []


async def test_four_people_see_and_hear_each_other(visit, chromium):
    people = await meet(visit, chromium, unique("room"), "Anna", "Ben", "Cleo", "Dan")
    await all_see_and_hear_all(people, within=40)
    for person in people:
        assert len(await person.tiles()) == 4


async def test_somebody_who_joins_late_sees_a_picture_at_once(visit, chromium):
    room = unique("room")
    anna, ben = await meet(visit, chromium, room, "Anna", "Ben")
    await all_see_and_hear_all([anna, ben])
    late = await visit(chromium, "Late")
    await late.join(room)
    # A keyframe is asked for when the newcomer's connection is up, so nobody waits for the next one by chance.
    await asyncio.gather(late.sees("Anna", within=6), late.sees("Ben", within=6))
    await all_see_and_hear_all([anna, ben, late])


async def test_only_watching_works_without_any_device(visit, chromium):
    room = unique("room")
    anna = await visit(chromium, "Anna")
    watcher = await visit(chromium, "Watcher")
    await anna.join(room)
    await watcher.page.goto(f"{watcher.server.url}/?room={room}&name=Watcher")
    await watcher.page.uncheck("#start-audio")
    await watcher.page.uncheck("#start-video")
    await watcher.page.click("#join-button")
    await watcher.is_in()
    await watcher.sees("Anna")
    await watcher.hears("Anna")
    await anna.tile("Watcher", "somebody who only watches", state="watching", audio="off", video="off")
    # Then changes their mind.
    await watcher.page.click("#camera")
    await anna.sees("Watcher")


async def test_muting_stops_what_the_others_get_and_unmuting_brings_it_back(visit, chromium):
    anna, ben = await meet(visit, chromium, unique("room"), "Anna", "Ben")
    await all_see_and_hear_all([anna, ben])

    await anna.click("mic")
    await ben.tile("Anna", "that Anna is muted", audio="off", video="on")
    await stands_still(ben, "Anna", "audio")
    await ben.sees("Anna")
    await anna.click("mic")
    await ben.tile("Anna", "that Anna is heard again", audio="on")
    await ben.hears("Anna")

    await anna.click("camera")
    await ben.tile("Anna", "that Anna's camera is off", video="off", audio="on")
    await stands_still(ben, "Anna", "video")
    await anna.click("camera")
    await ben.tile("Anna", "Anna's camera again", video="on")
    await ben.sees("Anna", within=10)
    await all_see_and_hear_all([anna, ben])


async def stands_still(person, other, kind):
    """No packet of that kind comes any more, for a second."""
    async def packets():
        return sum(each["packets"] for each in await person.received(other, kind))

    last = {"packets": -1}

    async def settled():
        now = await packets()
        before, last["packets"] = last["packets"], now
        return now == before

    await eventually(settled, f"{kind} of {other} stops for {person.name}", 5, every=0.3)
    stopped_at = last["packets"]

    async def unchanged():
        return await packets() == stopped_at

    await steadily(unchanged, f"no more {kind} of {other}", during=1, every=0.25)


async def test_a_shared_screen_is_a_second_picture_and_can_come_back(visit, chromium):
    anna, ben = await meet(visit, chromium, unique("room"), "Anna", "Ben")
    await all_see_and_hear_all([anna, ben])
    for _ in range(2):
        await anna.click("screen")
        await ben.tile("Anna’s screen", "the shared screen", kind="screen", within=15)
        await ben.sees("Anna", streams=2)
        await anna.click("screen")
        await ben.is_gone("Anna’s screen")
        await ben.sees("Anna", streams=1)
    await all_see_and_hear_all([anna, ben])


async def test_a_screen_is_seen_while_the_camera_is_off_and_by_latecomers(visit, chromium):
    room = unique("room")
    anna, ben = await meet(visit, chromium, room, "Anna", "Ben")
    await all_see_and_hear_all([anna, ben])
    await anna.click("screen")
    await ben.tile("Anna’s screen", "the shared screen", kind="screen", within=15)
    await anna.click("camera")
    late = await visit(chromium, "Late")
    await late.join(room)
    for person in (ben, late):
        await person.tile("Anna’s screen", "the shared screen", kind="screen", playing=True, within=15)
        await person.sees("Anna", streams=1)


async def test_a_reload_comes_back_and_all_see_each_other_again(visit, chromium):
    anna, ben = await meet(visit, chromium, unique("room"), "Anna", "Ben")
    await all_see_and_hear_all([anna, ben])
    old = (await ben.tiles())["Anna"]["user"]
    await anna.reload()
    await eventually(lambda: is_new(ben, "Anna", old), "Ben sees the new Anna only", 15)
    await all_see_and_hear_all([anna, ben])


async def is_new(person, name, old_user):
    tiles = await person.tiles()
    return name in tiles and tiles[name]["user"] != old_user and len(tiles) == 2


async def test_who_leaves_or_closes_the_tab_is_gone_at_once_and_an_empty_room_too(visit, chromium, rest):
    room = unique("room")
    anna, ben, cleo = await meet(visit, chromium, room, "Anna", "Ben", "Cleo")
    await anna.sees("Cleo")
    await cleo.click("leave")
    await anna.is_gone("Cleo", within=3)
    assert await cleo.evaluate("document.body.dataset.view") == "join"
    await ben.page.close(run_before_unload=False)
    await anna.is_gone("Ben", within=5)
    await anna.click("leave")

    async def room_is_gone():
        return (await rest.get(f"/rooms/{room}")).status_code == 404

    await eventually(room_is_gone, "the room ends with its last user", 5)


async def test_a_room_deleted_by_the_backend_ends_the_meeting_with_words(visit, chromium, rest):
    room = unique("room")
    anna, ben = await meet(visit, chromium, room, "Anna", "Ben")
    await anna.sees("Ben")
    assert (await rest.remove_room(room))["count"] == 2
    for person in (anna, ben):
        await person.page.wait_for_selector("#join-problem:visible", timeout=5_000)
        assert "closed" in await person.page.inner_text("#join-problem")


async def test_a_subscriber_gets_the_picture_back_by_a_fresh_offer(visit, chromium):
    anna, ben = await meet(visit, chromium, unique("room"), "Anna", "Ben")
    await all_see_and_hear_all([anna, ben])
    await ben.evaluate("[...meeting.users.values()].find((user) => user.name === 'Anna').subscriber.close()")
    await ben.evaluate("[...meeting.users.values()].find((user) => user.name === 'Anna').subscriber.recover()")
    await ben.sees("Anna")
    await ben.hears("Anna")


async def test_a_lost_socket_is_opened_again_and_the_meeting_goes_on(visit, chromium):
    room = unique("room")
    anna, ben = await visit(chromium, "Anna"), await visit(chromium, "Ben")
    sockets = []

    def pass_on(socket):
        sockets.append(socket)
        socket.connect_to_server()

    await anna.page.route_web_socket("**/demo/ws", pass_on)
    await anna.join(room)
    await ben.join(room)
    await all_see_and_hear_all([anna, ben])
    old = (await ben.tiles())["Anna"]["user"]
    await sockets[0].close(code=1001)
    await eventually(lambda: is_new(ben, "Anna", old), "Anna is back", 15)
    await all_see_and_hear_all([anna, ben])


async def test_the_active_speaker_is_outlined(visit, chromium):
    anna, ben = await meet(visit, chromium, unique("room"), "Anna", "Ben")
    await anna.click("mic")
    # Ben's microphone beeps, Anna's is muted: nobody else can be the speaker.
    await anna.tile("Ben", "that Ben speaks", speaking="true", within=20)


@pytest.mark.parametrize("granted", [["microphone"], ["camera"]])
async def test_one_device_is_enough(visit, chromium, granted):
    room = unique("room")
    anna = await visit(chromium, "Anna")
    half = await visit(chromium, "Half")
    await anna.join(room)
    await half.page.goto(f"{half.server.url}/?room={room}&name=Half")
    await half.page.uncheck("#start-video" if granted == ["microphone"] else "#start-audio")
    await half.page.click("#join-button")
    await half.is_in()
    if granted == ["microphone"]:
        await anna.hears("Half")
        await anna.tile("Half", "somebody with sound only", audio="on", video="off")
    else:
        await anna.sees("Half")
        await anna.tile("Half", "somebody with picture only", audio="off", video="on")
