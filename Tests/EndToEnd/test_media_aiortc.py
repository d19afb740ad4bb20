"""Media through the relay between aiortc peers, driven by REST alone: what arrives is what was sent."""

import asyncio
import itertools

import pytest

from media import EVERY_COUNT, CountingPicture
from peers import offer_for
from polling import eventually, steadily


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_the_picture_and_the_tone_that_arrive_are_those_that_were_sent(stage, codec):
    publisher, subscriber = await stage.pair(codec=codec, hertz=523)
    numbers = await subscriber["camera"].shows(frames=20)
    await subscriber["camera"].hears(523)
    # In order, each at most once, never ahead of the camera: frames of this camera and no others.
    steps = [(after - before) % EVERY_COUNT for before, after in itertools.pairwise(numbers)]
    assert all(0 < step < 10 for step in steps), numbers
    assert max(numbers) <= publisher.picture.sent
    # On an idle loopback nothing may get lost; a busy machine's aiortc may skip a frame or two itself.
    assert sum(step == 1 for step in steps) >= len(steps) * 0.8, numbers
    assert subscriber["camera"].picture.damaged <= 2


async def test_each_subscriber_gets_the_producer_it_answered_for(stage):
    viewer = await stage.subscriber("viewer")
    low = await stage.publisher("low", hertz=330, video=False)
    high = await stage.publisher("high", hertz=880, video=False)
    offers = {}
    for publisher in (low, high):
        response = await publisher.produce()
        offers[publisher.user] = offer_for("viewer", response["outbound"])
    answers = [{"id": user, "answer": await viewer.answer(user, offer)} for user, offer in offers.items()]
    assert (await viewer.rest.consume(viewer.room, "viewer", answers=answers))["status"] == "connected"
    await asyncio.gather(viewer["low"].hears(330), viewer["high"].hears(880))


async def test_nothing_is_forwarded_before_consume_and_all_after_it(stage):
    viewer = await stage.subscriber("viewer")
    camera = await stage.publisher("camera")
    response = await camera.produce()
    await camera.connected()
    answer = await viewer.answer("camera", offer_for("viewer", response["outbound"]))
    await steadily(lambda: not (viewer["camera"].picture and viewer["camera"].picture.frames), "no frame without consume", during=1)
    await viewer.rest.consume(viewer.room, "viewer", id="camera", answer=answer)
    await viewer["camera"].shows()


async def test_a_late_joiner_gets_an_offer_and_a_keyframe(stage):
    await stage.pair()
    late = await stage.subscriber("late")
    await late["camera"].shows(within=6)
    await late["camera"].hears(440)


async def test_constraints_alone_mute_one_kind_and_bring_it_back(stage, rest, room):
    publisher, subscriber = await stage.pair()
    stream = subscriber["camera"]
    await stream.shows()
    response = await rest.produce(room, "camera", constraints={"audio": True, "video": False})
    assert response["constraints"] == {"audio": True, "video": False}
    assert response["outbound"] == [{"id": "viewer", "userInfo": {}}] and "answer" not in response
    await stops(lambda: stream.picture.frames, "the picture")
    await stream.hears(440)
    await rest.produce(room, "camera", constraints={"audio": True, "video": True})
    numbers = await stream.shows()
    assert numbers[-1] > numbers[0], "the picture goes on, it does not start again"

    await rest.produce(room, "camera", constraints={"audio": False, "video": True})
    await stops(lambda: stream.sound.frames, "the sound")
    await stream.shows()
    await rest.produce(room, "camera", constraints={"audio": True, "video": True})
    await stream.hears(440)
    assert publisher.connection.connectionState == "connected"


async def stops(count, what):
    """A jitter buffer may hold a few packets; after that nothing more may come."""
    last = {"count": -1}

    def settled():
        before, last["count"] = last["count"], count()
        return before == last["count"]

    await eventually(settled, f"{what} stops", 5, every=0.4)
    await steadily(lambda: count() == last["count"], f"no more of {what}", during=1)


async def test_producing_again_with_an_added_track_renegotiates_every_subscriber(stage):
    publisher, subscriber = await stage.pair()
    await subscriber["camera"].shows()
    connection = subscriber["camera"].connection
    # Numbered from 500 on, so that the two pictures cannot be mistaken for one another.
    publisher.add_picture(CountingPicture(rate=8, first=500))
    response = await publisher.produce()
    await subscriber.consume("camera", offer_for("viewer", response["outbound"]))
    assert subscriber["camera"].connection is connection
    second = await subscriber["camera"].shows(stream=1)
    assert all(500 <= number < 800 for number in second), second
    first = await subscriber["camera"].shows(stream=0)
    assert all(number < 500 for number in first), first
    await subscriber["camera"].hears(440)


async def test_a_new_connection_of_the_publisher_takes_the_place_of_the_old_one(stage, rest, room):
    """The page was reloaded, the backend kept the user: subscribers keep their connection and see the new picture."""
    publisher, subscriber = await stage.pair()
    await subscriber["camera"].shows()
    again = stage.publisher_of_existing_user("camera", first=600)
    response = await again.produce()
    offer = offer_for("viewer", response["outbound"])
    await subscriber.consume("camera", offer)
    await eventually(lambda: subscriber["camera"].picture.numbers[-1] >= 600, "frames of the new connection on the old track", 15)
    await subscriber["camera"].hears(440)
    await eventually(lambda: publisher.connection.connectionState in ("closed", "failed"), "the replaced connection is closed", 10)


async def test_a_subscriber_that_lost_its_offer_gets_a_fresh_one_for_a_new_connection(stage, rest, room):
    publisher, subscriber = await stage.pair()
    await subscriber["camera"].shows()
    await subscriber.subscriptions.pop("camera").close()

    async def closed():
        rows = [each for each in (await rest.room(room))["users"] if each["id"] == "viewer"][0].get("consume", [])
        return all(each["state"] != "connected" for each in rows)

    await eventually(closed, "the relay notices the closed connection", 10)
    fresh = await rest.fresh_offer(room, "viewer", "camera")
    assert fresh["id"] == "camera" and fresh["offer"]["type"] == "offer"
    await subscriber.consume("camera", fresh["offer"])
    await subscriber["camera"].shows()


async def test_deleting_produce_closes_the_subscribers_connections_of_that_producer_only(stage, rest, room):
    publisher, subscriber = await stage.pair()
    other = await stage.publisher("other", hertz=660, video=False)
    await subscriber.consume("other", offer_for("viewer", (await other.produce())["outbound"]))
    await subscriber["camera"].shows()
    response = await rest.stop_producing(room, "camera")
    assert response["constraints"] == {"audio": False, "video": False}
    assert sorted(each["id"] for each in response["outbound"]) == ["other", "viewer"]
    await eventually(lambda: subscriber["camera"].connection.connectionState == "closed", "the relay says goodbye to the subscriber", 5)
    await eventually(lambda: publisher.connection.connectionState == "closed", "and to the publisher", 5)
    await subscriber["other"].hears(660)


@pytest.mark.parametrize("what", ["user", "room"])
async def test_deleting_a_user_or_the_room_closes_their_connections(stage, rest, room, what):
    publisher, subscriber = await stage.pair()
    await subscriber["camera"].shows()
    if what == "user":
        response = await rest.remove_user(room, "camera")
        assert response["outbound"] == [{"id": "viewer", "userInfo": {}}]
    else:
        assert await rest.remove_room(room) == {"count": 2}
    for name, connection in [("publisher", publisher.connection), ("subscriber", subscriber["camera"].connection)]:
        await eventually(lambda c=connection: c.connectionState == "closed", f"the {name}'s connection is closed by DTLS", 5)


async def test_the_room_shows_what_flows(stage, rest, room):
    await (await stage.pair())[1]["camera"].shows()

    async def flows():
        users = {each["id"]: each for each in (await rest.room(room))["users"]}
        rows = [users["camera"].get("produce"), *users["viewer"].get("consume", [])]
        return rows if len(rows) == 2 and all(row and row["state"] == "connected" and row["packets"] > 0 and row["bitrate"] > 0 for row in rows) else None

    produce, consume = await eventually(flows, "statistics of both connections", 10)
    for row in (produce, consume):
        assert set(row) >= {"state", "bytes", "packets", "bitrate", "lost", "rtt_ms"}, row
        assert row["bytes"] > row["packets"] > 0 and row["lost"] == 0
    assert consume["id"] == "camera"
