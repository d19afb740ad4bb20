"""Aura's rooms and users by REST, and that they outlive the process."""

import asyncio
import signal

import pytest

from aura import AuraSocket, Directory, new_call
from polling import eventually
from rest import Rest
from server import Server

ROOM = {
    "name": "test room 123", "password": "password", "open": False, "force_password": False, "force_waiting_room": False,
    "members": [
        {"user_id": "02ba016d-b3c2-47d2-a0e2-e814f9daa822", "admin": True},
        {"user_id": "5dc9dc1a-db23-4695-a08f-25c8167fff31", "admin": False}]}


async def test_the_documents_room(rest):
    made = await rest.post("/v1/rooms", {"room": ROOM})
    assert made.status_code == 201, made.text
    room = made.json()["room"]
    expected = {**{key: value for key, value in ROOM.items() if key != "password"}, "has_password": True, "uuid": room["uuid"]}
    assert made.json() == {"room": expected}
    path = f"/v1/rooms/{room['uuid']}"
    assert (await rest.get(path)).json() == {"room": expected}
    assert expected in (await rest.get("/v1/rooms")).json()["rooms"]
    changed = await rest.http.put(path, json={"room": {**ROOM, "name": "other", "password": None}})
    assert changed.status_code == 200 and changed.json() == {"room": {**expected, "name": "other", "has_password": False}}
    assert (await rest.get(f"{path}/members")).json() == {"members": []}
    gone = await rest.delete(path)
    assert gone.status_code == 204 and not gone.content
    for response in [await rest.get(path), await rest.delete(path), await rest.get(f"{path}/members"), await rest.http.put(path, json={"room": ROOM})]:
        assert response.status_code == 404 and response.json()["error"]["code"] == 404 and response.json()["error"]["message"]


@pytest.mark.parametrize("method, path, body, status", [
    ("POST", "/v1/rooms", b"{", 400), ("POST", "/v1/rooms", b"{}", 400), ("POST", "/v1/rooms", b'{"room":{"name":7}}', 400),
    ("POST", "/v1/users", b'{"user":{}}', 400), ("POST", "/v1/rooms", b" " * ((1 << 20) + 1), 413), ("GET", "/v1/none", None, 404),
    ("PATCH", "/v1/rooms", b"{}", 405), ("GET", "/v1/ws", None, 426)])
async def test_what_is_wrong_is_said(rest, method, path, body, status):
    response = await rest.http.request(method, path, content=body)
    assert response.status_code == status, response.text
    if status in (400, 413):
        assert response.json()["error"]["code"] == status and response.json()["error"]["message"]


async def test_keys_guard_the_calls_and_not_the_socket():
    async with Server("--api-key", "KEY") as server:
        stranger, backend = Rest(server.url), Rest(server.url, key="KEY")
        assert (await stranger.post("/v1/rooms", {"room": ROOM})).status_code == 401
        assert (await stranger.get("/v1/users")).status_code == 401
        room = (await backend.post("/v1/rooms", {"room": {"name": "open", "open": True}})).json()["room"]["uuid"]
        async with AuraSocket(server) as socket:
            assert (await socket.call("authenticate", room=room, call_id=new_call()))["auth_token"]
        await stranger.close()
        await backend.close()


async def test_what_was_acknowledged_is_there_after_a_kill():
    async with Server() as server:
        rest = Rest(server.url)
        directory = Directory(rest)
        user = await directory.user("Anna", extension="1001", devices=[{"device": "phone", "device_token": "token"}])
        room = await directory.room(open=False, members=[(user["uuid"], True)], password="s")
        gone = await directory.room()
        await directory.delete_room(gone["uuid"])
        seen = [(await rest.get(path)).json() for path in ("/v1/rooms", "/v1/users")]
        async with AuraSocket(server) as socket:
            token = (await socket.call("authenticate", room=room["uuid"], call_id="a", username=user["username"], password=user["password"]))["auth_token"]
            server.worker().send_signal(signal.SIGKILL)
            await socket.ended()
        await rest.close()
        await eventually(lambda: len(server.ready_lines()) == 2, lambda: f"a second ready line; log:\n{server.log()}", 10)

        rest = Rest(server.url)
        assert [(await rest.get(path)).json() for path in ("/v1/rooms", "/v1/users")] == seen
        async with AuraSocket(server) as socket:
            assert (await socket.refusal("get_room_members", auth_token=token)).code == 401
            assert (await socket.refusal("authenticate", room=room["uuid"], call_id="b", room_password="t")).code == 401
            assert (await socket.call("authenticate", room=room["uuid"], call_id="b", room_password="s"))["auth_token"]
        async with AuraSocket(server) as socket:
            assert (await socket.call("authenticate", room=room["uuid"], call_id="c", device="phone", device_token="token"))["auth_token"]
            assert await socket.call("get_waiting_room_members") == []
        await rest.close()


async def test_passwords_are_checked_beside_everything_else(server, rest):
    """While passwords are hashed, other calls are answered."""
    directory = Directory(rest)
    user = await directory.user("Anna")
    room = await directory.room(open=True)
    async with AuraSocket(server) as one, AuraSocket(server) as other:
        slow = [asyncio.ensure_future(one.call("register_room_api", username=user["username"], password=user["password"]))]
        assert (await other.call("authenticate", room=room["uuid"], call_id="x", within=2))["auth_token"]
        assert await slow[0] == {"user": user["uuid"]}
