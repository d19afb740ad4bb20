"""Limits and time-outs do what their settings say; each refusal names the setting or what was too much."""

import asyncio
import time

import httpx
import pytest

from peers import Stage
from polling import eventually
from raw_http import exchange, request
from rest import Rest, canned_offer, error_fields, unique, users
from server import Server


@pytest.fixture(scope="module")
async def server():
    """Small limits and short times, in place of the usual server of a file."""
    async with Server(
        "--http-header-timeout", "1s", "--http-body-timeout", "1s", "--http-max-body", "64KiB", "--http-max-connections", "60",
        "--rooms-max", "4", "--users-max-per-room", "3", "--media-max-transports", "6", "--rooms-empty-timeout", "1s",
        "--sdp-max-bytes", "16KiB", "--sdp-max-media-lines", "4", "--allow-origin", "https://app.example.com",
    ) as running:
        yield running


@pytest.fixture
async def occupied(rest):
    """A room that does not end for being empty."""
    room = await rest.create_room(unique("room"), userId="1")
    yield room
    await rest.delete(f"/rooms/{room}")


async def test_a_header_that_takes_too_long_is_dropped_and_slows_nobody(server, rest):
    slow = [await asyncio.open_connection(server.host, server.port) for _ in range(20)]
    for _, writer in slow:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    started = time.monotonic()
    assert (await rest.get("/healthz")).status_code == 200
    assert time.monotonic() - started < 0.5

    async def end_of(reader, writer):
        # A byte now and then must not buy more time.
        while time.monotonic() - started < 4:
            try:
                writer.write(b"z")
                return await asyncio.wait_for(reader.read(1_000), 0.3)
            except TimeoutError:
                continue
            except ConnectionError:
                return b""
        return b"still open"

    answers = await asyncio.gather(*(end_of(*each) for each in slow))
    assert all(each == b"" or each.startswith(b"HTTP/1.1 408") for each in answers), answers
    assert any(each.startswith(b"HTTP/1.1 408") for each in answers)
    for _, writer in slow:
        writer.close()


async def test_a_body_that_takes_too_long_is_answered_408(server):
    started = time.monotonic()
    status, _, _ = await exchange(server, request(server, "POST", "/rooms", Content_Length=100) + b"{")
    assert status == 408 and time.monotonic() - started < 4


async def test_a_smaller_body_limit_holds(rest, occupied):
    assert (await rest.http.post(users(occupied, "2"), content=b'{"x": "' + b"y" * 70_000 + b'"}')).status_code == 413


async def test_idle_connections_beyond_the_limit_are_closed_and_room_is_made_again(server, rest):
    idle = []
    for _ in range(80):
        try:
            idle.append(await asyncio.wait_for(asyncio.open_connection(server.host, server.port), 2))
        except (OSError, TimeoutError):
            break
    closed = await asyncio.gather(*(is_closed(reader) for reader, _ in idle))
    assert closed.count(True) >= 20
    for _, writer in idle:
        writer.close()

    async def answers():
        try:
            return (await rest.get("/healthz")).status_code == 200
        except httpx.HTTPError:
            return False

    await eventually(answers, "the server takes new connections", 5)


async def is_closed(reader):
    try:
        return await asyncio.wait_for(reader.read(1_000), 0.5) is not None
    except TimeoutError:
        return False
    except ConnectionError:
        return True


async def test_the_number_of_rooms_is_limited(rest):
    made = [await rest.create_room(unique("room"), userId="1") for _ in range(4)]
    refused = await rest.post(f"/rooms/{unique('room')}")
    assert error_fields(refused, 503) == {"room_id"} and "rooms.max" in refused.text
    for room in made:
        await rest.remove_room(room)
    await rest.remove_room(await rest.create_room())


async def test_the_number_of_users_in_a_room_is_limited(rest, occupied):
    await rest.add_user(occupied, "2")
    await rest.add_user(occupied, "3")
    refused = await rest.post(users(occupied, "4"))
    assert error_fields(refused, 403) == {"user_id"} and "users.max-per-room" in refused.text
    await rest.remove_user(occupied, "2")
    await rest.add_user(occupied, "4")


async def test_the_number_of_peer_connections_is_limited_and_a_refusal_changes_nothing(rest, occupied):
    for user in ("2", "3"):
        await rest.add_user(occupied, user)
    # Three connections each: one from the producer, two to the others.
    await rest.produce(occupied, "1", offer=canned_offer())
    await rest.produce(occupied, "2", offer=canned_offer())
    refused = await rest.post(f"{users(occupied, '3')}/produce", {"offer": canned_offer()})
    assert refused.status_code == 503 and "media.max-transports" in refused.text
    assert [each["id"] for each in (await rest.room(occupied))["users"] if "produce" in each] == ["1", "2"]
    await rest.stop_producing(occupied, "1")
    await rest.produce(occupied, "3", offer=canned_offer())


async def test_descriptions_are_limited_in_bytes_and_lines(rest, occupied):
    path = f"{users(occupied, '1')}/produce"
    offer = canned_offer("chromium-156-audio-only")
    long = {"type": "offer", "sdp": offer["sdp"] + "a=x:" + "y" * 17_000 + "\r\n"}
    refused = await rest.post(path, {"offer": long})
    assert error_fields(refused, 413) == {"offer"} and "16384" in refused.text
    line = offer["sdp"][offer["sdp"].index("m=") :]
    many = offer["sdp"] + "".join(line.replace("a=mid:0", f"a=mid:{number}") for number in range(1, 6))
    refused = await rest.post(path, {"offer": {"type": "offer", "sdp": many}})
    assert error_fields(refused, 400) == {"offer"}


async def test_a_room_that_nobody_enters_ends_and_one_with_a_user_stays(rest, occupied):
    empty = await rest.create_room()

    async def gone():
        return (await rest.get(f"/rooms/{empty}")).status_code == 404

    assert not await gone()
    await eventually(gone, "the empty room ends", 4)
    assert (await rest.get(f"/rooms/{occupied}")).status_code == 200


async def test_an_allowed_origin_may_call_and_is_told_so(rest):
    origin = {"Origin": "https://app.example.com"}
    response = await rest.http.get("/rooms", headers=origin)
    assert response.status_code == 200 and response.headers["access-control-allow-origin"] == origin["Origin"]
    preflight = await rest.http.options("/rooms/x", headers={
        **origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, authorization"})
    assert preflight.status_code in (200, 204)
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "content-type" in preflight.headers["access-control-allow-headers"].lower()
    assert (await rest.http.get("/rooms", headers={"Origin": "https://other.example.com"})).status_code == 403


async def test_a_peer_that_vanishes_is_closed_and_an_idle_user_deleted():
    async with Server("--ice-consent-timeout", "2s", "--users-idle-timeout", "2s") as server:
        rest = Rest(server.url)
        async with Stage(rest, await rest.create_room()) as stage:
            publisher, subscriber = await stage.pair()
            await subscriber["camera"].shows()
            # As when the power goes: no goodbye, no more checks.
            vanish(publisher.connection)

            async def state():
                room = await rest.get(f"/rooms/{stage.room}")
                there = {each["id"]: each for each in room.json()["users"]} if room.status_code == 200 else {}
                return there["camera"].get("produce", {}).get("state") if "camera" in there else "deleted"

            async def closed():
                return await state() != "connected"

            await eventually(closed, "the vanished peer's connection is closed", 6)

            async def deleted():
                return await state() == "deleted"

            await eventually(deleted, "the idle user is deleted", 8)
        await rest.close()


def vanish(connection):
    """Makes an aiortc connection fall silent without telling the other side."""
    ice = connection.getTransceivers()[0].sender.transport.transport._connection
    for protocol in ice._protocols:
        protocol.transport.abort()
