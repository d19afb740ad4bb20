"""What a socket of Aura may send, and how it ends when it sends something else."""

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


@pytest.fixture
async def socket(server):
    async with connect(server.url.replace("http", "ws", 1) + "/v1/ws", proxy=None, compression=None) as socket:
        yield socket


async def end_of(socket):
    """(everything that was said, close code)"""
    said = []
    try:
        while True:
            said.append(json.loads(await socket.recv()))
    except ConnectionClosed:
        return said, socket.close_code


@pytest.mark.parametrize("text", ["hello", "{", "", '{"id":1} x'])
async def test_what_is_not_json_ends_it(socket, text):
    await socket.send(text)
    assert await end_of(socket) == ([], 1007)


async def test_bytes_end_it(socket):
    await socket.send(b"{}")
    assert await end_of(socket) == ([], 1003)


async def test_a_long_message_ends_it_with_a_word(socket):
    padding = "x" * (65_536 - len('{"id":1,"method":"leave_room","params":{"x":""}}'))
    await socket.send(json.dumps({"id": 1, "method": "leave_room", "params": {"x": padding}}, separators=(",", ":")))
    assert json.loads(await socket.recv())["error"]["code"] == 400
    await socket.send(json.dumps({"id": 2, "method": "leave_room", "params": {"x": padding + "x"}}, separators=(",", ":")))
    said, code = await end_of(socket)
    assert [each["error"]["code"] for each in said] == [413] and code == 1009


async def test_a_deep_message_ends_it_with_a_word(socket):
    await socket.send('{"id":1,"method":"leave_room","params":' + "[" * 15 + "]" * 15 + "}")
    assert json.loads(await socket.recv())["error"]["code"] == 400
    await socket.send('{"id":2,"method":"leave_room","params":' + "[" * 16 + "]" * 16 + "}")
    said, code = await end_of(socket)
    assert [(each["id"], each["error"]["code"]) for each in said] == [(2, 400)] and code == 1008


async def test_too_many_messages_end_it_with_a_word(socket):
    for number in range(1000):
        try:
            await socket.send(json.dumps({"id": number, "method": "leave_room"}))
        except ConnectionClosed:
            break
    said, code = await end_of(socket)
    assert code == 1008 and said[-1]["error"]["code"] == 429
    assert 100 <= len(said) < 1000 and [each["id"] for each in said[:-1]] == list(range(len(said) - 1))


async def test_a_request_is_answered_once_and_a_notification_not_at_all(socket):
    for message in [{"method": "no_such"}, {"method": "leave_room"}, {"id": None, "method": "leave_room"}, [], 7]:
        await socket.send(json.dumps(message))
    for number in ["a", 7, ""]:
        await socket.send(json.dumps({"id": number, "method": "no_such", "params": {}}))
        assert json.loads(await socket.recv()) == {"id": number, "error": {"code": 404, "message": 'there is no method "no_such"'}}
