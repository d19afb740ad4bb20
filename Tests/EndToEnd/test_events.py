"""Server-sent events: what a backend hears of its rooms without asking."""

import asyncio
import datetime

from events import Events
from peers import Stage
from polling import eventually
from rest import canned_offer, error_fields, unique


async def test_everything_that_happens_in_a_room_is_told_in_order(rest):
    async with Events(rest, "/events") as heard:
        assert heard.response.headers["content-type"].startswith("text/event-stream")
        room = await rest.create_room(unique("room"))
        await rest.add_user(room, "1", {"contactId": 11})
        await rest.add_user(room, "2")
        produced = await rest.produce(room, "1", offer=canned_offer())
        await rest.produce(room, "1", constraints={"audio": False, "video": True})
        await rest.stop_producing(room, "1")
        await rest.remove_user(room, "2")
        await rest.remove_user(room, "1")
        await heard.has("room.deleted", room_id=room)
        mine = [each for each in heard.items if each["room_id"] == room and each["type"] != "transport.state"]
        assert [each["type"] for each in mine] == [
            "room.created", "user.added", "user.added", "producer.started", "producer.changed", "producer.stopped",
            "user.deleted", "user.deleted", "room.deleted"]
        assert mine[1]["id"] == "1" and mine[1]["userInfo"] == {"contactId": 11}
        # The produce response without the answer.
        started = {key: value for key, value in mine[3].items() if key not in ("type", "room_id", "time")}
        assert started == {key: value for key, value in produced.items() if key != "answer"}
        assert mine[4]["constraints"] == {"audio": False, "video": True}
        for each in mine:
            assert datetime.datetime.fromisoformat(each["time"]).tzinfo is not None


async def test_a_rooms_stream_tells_of_that_room_only_and_ends_with_it(rest, room):
    other = await rest.create_room()
    async with Events(rest, f"/rooms/{room}/events") as heard:
        await rest.add_user(other, "elsewhere")
        await rest.add_user(room, "here")
        await heard.has("user.added", id="here")
        await rest.remove_room(room)
        await heard.has("room.deleted")
        await eventually(lambda: heard.ended, "the stream ends", 5)
        assert {each["room_id"] for each in heard.items} == {room}


async def test_a_stream_that_broke_off_is_resumed_without_loss(rest, room):
    async with Events(rest, f"/rooms/{room}/events") as heard:
        for number in range(3):
            await rest.add_user(room, f"before-{number}")
        await heard.has("user.added", id="before-2")
        last = heard.ids[heard.items.index(await heard.has("user.added", id="before-1"))]
    for number in range(3):
        await rest.add_user(room, f"while-away-{number}")
    async with Events(rest, f"/rooms/{room}/events", last=last) as resumed:
        await rest.add_user(room, "after")
        await resumed.has("user.added", id="after")
        assert [each["id"] for each in resumed.items] == ["before-2", "while-away-0", "while-away-1", "while-away-2", "after"]
        assert len(set(resumed.ids)) == 5


async def test_events_that_are_no_longer_kept_are_reported_as_lost(rest, room):
    async with Events(rest, "/events", last="from-another-life-1") as heard:
        await eventually(lambda: heard.items, "something is said about the gap", 5)
        assert heard.items[0]["type"] == "events.lost"


async def test_events_of_an_unknown_room_are_not_found(rest):
    assert error_fields(await rest.get("/rooms/nowhere/events"), 404) == {"room_id"}


async def test_connections_and_speakers_are_told(rest, room):
    async with Events(rest, f"/rooms/{room}/events") as heard, Stage(rest, room) as stage:
        await stage.pair()
        await heard.has("transport.state", within=15, id="camera", state="connected")
        await heard.has("transport.state", within=15, id="viewer", producer_id="camera", state="connected")
        await heard.has("speaker.active", within=15, id="camera")


async def test_a_listener_that_never_reads_slows_nobody(rest, server):
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(f"GET /events HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
    await writer.drain()
    async with Events(rest, "/events") as heard:
        for _ in range(150):
            room = await rest.create_room(unique("busy"), userId="1", userInfo="x" * 8_000)
            await rest.remove_room(room)
        await heard.has("room.deleted", room_id=room)
    writer.close()
