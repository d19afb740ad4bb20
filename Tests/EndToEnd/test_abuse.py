"""Hostile input at every door, while a meeting goes on: it keeps its picture, the server keeps answering and keeps its memory."""

import asyncio
import json
import random
import socket

import pytest
import websockets

from mutation import WORDS, Mutator, client_hello, rtcp, rtp, sign, stun_request
from peers import Stage, offer_for
from rest import Rest, canned_offer, users
from server import Server

DATAGRAMS = 10_000
TEXTS = 1_000
#: What a server may keep that it did not keep before: pools that grow once, not leaks that grow always.
GROWTH = 24 << 20


@pytest.fixture(scope="module")
async def meeting():
    """A server with a running aiortc meeting: (server, rest, publisher, subscriber)."""
    async with Server() as server:
        rest = Rest(server.url)
        async with Stage(rest, await rest.create_room("meeting")) as stage:
            publisher, subscriber = await stage.pair(rate=8)
            await subscriber["camera"].shows()
            instance = (await rest.get("/version")).json()["instance_id"]
            yield server, rest, publisher, subscriber
            assert (await rest.get("/version")).json()["instance_id"] == instance, "the server crashed and was restarted"
        await rest.close()


async def still_well(meeting):
    server, rest, publisher, subscriber = meeting
    assert (await rest.get("/healthz")).status_code == 200
    await subscriber["camera"].shows(frames=3, within=10)
    await subscriber["camera"].hears(440)
    assert publisher.connection.connectionState == subscriber["camera"].connection.connectionState == "connected"
    assert server.log(lines=10_000).count("\n") < 500, "nothing is logged for each packet or request"


async def flat_memory(server, halves):
    """Runs both halves of an attack and compares the memory after the second with that after the first."""
    await halves()
    first = server.worker().memory_info().rss
    await halves()
    second = server.worker().memory_info().rss
    assert second - first < GROWTH, f"memory grew from {first >> 20} to {second >> 20} MiB"


def credential(publisher, name):
    """The relay's ice-ufrag or ice-pwd for that publisher."""
    lines = publisher.connection.remoteDescription.sdp.splitlines()
    return next(line for line in lines if line.startswith(f"a={name}:")).split(":", 1)[1]


async def test_mutated_datagrams_from_strangers(meeting):
    server, _, publisher, _ = meeting
    mutate = Mutator(seed=20)
    known = stun_request(f"{credential(publisher, 'ice-ufrag')}:abcd")
    samples = [known, sign(known, "wrong"), sign(stun_request("nobody:abcd"), "wrong"), client_hello(), rtp(), rtp(111), rtcp()]

    async def attack():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.setblocking(False)
            for number in range(DATAGRAMS // 4):
                try:
                    stranger.sendto(mutate.datagram(samples[number % len(samples)]), server.media_on_loopback)
                except (BlockingIOError, ConnectionRefusedError):
                    pass
                if number % 50 == 0:
                    await asyncio.sleep(0.005)

    await flat_memory(server, attack)
    await still_well(meeting)


async def test_mutated_datagrams_from_a_participants_own_address(meeting):
    """From an address that ICE has validated, where DTLS, SRTP and SRTCP are really processed."""
    server, _, publisher, _ = meeting
    mutate = Mutator(seed=21)
    transport = publisher.connection.getTransceivers()[0].sender.transport.transport
    check = stun_request(f"{credential(publisher, 'ice-ufrag')}:abcd")
    samples = [check, client_hello(), rtp(), rtcp(), b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x01\x00"]
    plain_send = transport._send

    async def record(data):
        if len(samples) < 60:
            samples.append(bytes(data))
        await plain_send(data)

    transport._send = record
    while len(samples) < 40:
        await asyncio.sleep(0.05)
    transport._send = plain_send

    async def attack():
        for number in range(DATAGRAMS // 4):
            datagram = mutate.datagram(samples[number % len(samples)])
            # Every fourth is a check that is signed as it should be, and says nonsense.
            await plain_send(sign(mutate.datagram(check), credential(publisher, "ice-pwd")) if number % 4 == 0 else datagram)
            if number % 50 == 0:
                await asyncio.sleep(0.005)

    await flat_memory(server, attack)
    await still_well(meeting)


async def test_mutated_descriptions(meeting):
    server, rest, _, _ = meeting
    mutate = Mutator(seed=22)
    names = ["chromium-156-audio-video-sendonly", "firefox-153esr-audio-video", "chromium-156-simulcast-rid", "chromium-156-data-first"]
    offers = [canned_offer(name)["sdp"] for name in names]
    room = await rest.create_room()
    for user in ("1", "2"):
        await rest.add_user(room, user)
    seen = set()

    async def attack():
        for number in range(TEXTS // 4):
            offer = {"type": "offer", "sdp": mutate.text(offers[number % len(offers)])}
            response = await rest.post(f"{users(room, '1')}/produce", {"offer": offer})
            assert response.status_code in (200, 400, 409, 413), (response.status_code, response.text, offer["sdp"])
            seen.add(response.status_code)
            if number % 10 == 0:
                await rest.delete(f"{users(room, '1')}/produce")

    await flat_memory(server, attack)
    assert seen >= {200, 400}
    await rest.remove_room(room)
    await still_well(meeting)


async def test_mutated_answers(meeting):
    server, rest, _, _ = meeting
    mutate = Mutator(seed=23)
    async with Stage(rest, await rest.create_room()) as stage:
        viewer = await stage.subscriber("viewer")
        await rest.add_user(stage.room, "1")
        offer = offer_for("viewer", (await rest.produce(stage.room, "1", offer=canned_offer()))["outbound"])
        answer = (await viewer.answer("1", offer))["sdp"]

        async def attack():
            for _ in range(TEXTS // 8):
                body = {"id": "1", "answer": {"type": "answer", "sdp": mutate.text(answer)}}
                response = await rest.post(f"{users(stage.room, 'viewer')}/consume", body)
                assert response.status_code in (200, 400, 409, 413), (response.status_code, response.text, body)

        await flat_memory(server, attack)
        await rest.remove_room(stage.room)
    await still_well(meeting)


async def test_mutated_json_bodies_and_paths(meeting):
    server, rest, _, _ = meeting
    mutate = Mutator(seed=24)
    choose = random.Random(25)
    room = await rest.create_room()
    await rest.add_user(room, "1")
    texts = [
        json.dumps({"userId": 1, "userInfo": {"contactId": 11, "list": [1, 2.5, None, True]}}, indent=0).replace("\n", "\r\n"),
        json.dumps({"offer": canned_offer(), "constraints": {"audio": True, "video": False}}, indent=0).replace("\n", "\r\n"),
        json.dumps({"answers": [{"id": "1", "answer": {"type": "answer", "sdp": "v=0"}}]}, indent=0).replace("\n", "\r\n"),
    ]
    paths = ["/rooms", users(room, "1"), f"{users(room, '1')}/produce", f"{users(room, '1')}/consume", f"{users(room, '1')}/consume/1/offer"]

    async def attack():
        for _ in range(TEXTS // 8):
            path = choose.choice(paths)
            if choose.random() < 0.2:
                path += "/" + "".join(f"%{choose.randrange(256):02X}" for _ in range(choose.randint(1, 200)))
            body = mutate.text(choose.choice(texts)).encode("utf-8", "surrogatepass")
            if choose.random() < 0.3:
                body = mutate.datagram(body)
            response = await rest.http.request(choose.choice(["POST", "POST", "POST", "DELETE"]), path, content=body)
            assert response.status_code in (200, 400, 404, 405, 409, 413), (response.status_code, path, body)
            if response.status_code == 200 and path == "/rooms" and "room_id" in response.text:
                await rest.delete(f"/rooms/{response.json()['room_id']}")
            await rest.post(f"/rooms/{room}")
            await rest.post(users(room, "1"))

    await flat_memory(server, attack)
    await rest.remove_room(room)
    await still_well(meeting)


async def test_mutated_messages_at_the_pages_socket(meeting):
    server, _, _, _ = meeting
    mutate = Mutator(seed=26)
    messages = [
        {"type": "join", "room": "abuse", "name": "n"}, {"type": "produce", "offer": canned_offer(), "constraints": {"audio": True, "video": True}},
        {"type": "consume", "id": "x", "answer": {"type": "answer", "sdp": "v=0"}}, {"type": "offer", "id": "x"}, {"type": "unproduce"}, {"type": "leave"}]

    async def attack():
        for _ in range(5):
            async with websockets.connect(f"ws://{server.address}/demo/ws", proxy=None) as page:
                # A page that never read its replies would test something else: who waits for whom.
                reading = asyncio.ensure_future(read_all(page))
                try:
                    for number in range(60):
                        text = json.dumps(messages[number % len(messages)])
                        if mutate.random.random() < 0.7:
                            text = text.replace(mutate.random.choice('":{}aeo'), mutate.random.choice(WORDS), 1)
                        await page.send(mutate.datagram(text.encode()) if number % 20 == 19 else text)
                except websockets.ConnectionClosed:
                    # A page that sends rubbish may be shown the door.
                    pass
                await page.close()
                reading.cancel()

    await flat_memory(server, attack)
    await still_well(meeting)


async def read_all(page):
    async for _ in page:
        pass
