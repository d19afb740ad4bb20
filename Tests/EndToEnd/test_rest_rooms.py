"""Rooms and users by plain HTTP: shapes and errors, as the mediaserver document and its contract give them."""

import asyncio
import re

import pytest

from rest import error_fields, unique, users

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


async def test_a_room_without_id_gets_a_random_uuid(rest):
    first, second = [(await rest.post("/rooms")).json()["room_id"] for _ in range(2)]
    assert UUID4.fullmatch(first) and UUID4.fullmatch(second) and first != second
    assert (await rest.room(first)) == {"room_id": first, "users": []}


async def test_a_room_can_be_made_together_with_its_first_user(rest):
    name = unique("room")
    response = await rest.post(f"/rooms/{name}", {"userId": 1, "userInfo": {"contactId": 11}})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert response.json() == {"room_id": name, "user_id": "1", "users": [], "userInfo": {"contactId": 11}}


async def test_a_user_who_is_added_learns_who_is_there(rest, room):
    assert await rest.add_user(room, "1", {"contactId": 11}) == {"id": "1", "userInfo": {"contactId": 11}, "users": []}
    assert await rest.add_user(room, "2", {"contactId": 22}) == {
        "id": "2", "userInfo": {"contactId": 22}, "users": [{"id": "1", "userInfo": {"contactId": 11}}]}
    listed = await rest.room(room)
    assert sorted(each["id"] for each in listed["users"]) == ["1", "2"]
    assert {"id": room, "usersCount": 2} in (await rest.get("/rooms")).json()


@pytest.mark.parametrize("info", [{}, None, [], "text", 3.5, True, {"nested": {"list": [1, None, "ü", {"deep": "\u0000\U0001f600"}]}}, 12345678901234])
async def test_user_info_is_any_json_and_comes_back_unchanged(rest, room, info):
    response = await rest.post(users(room, "1"), {"userInfo": info})
    assert response.json()["userInfo"] == info
    assert (await rest.add_user(room, "2"))["users"] == [{"id": "1", "userInfo": info}]


async def test_user_info_of_more_than_16_kib_is_refused(rest, room):
    assert error_fields(await rest.post(users(room, "1"), {"userInfo": "x" * 17_000}), 413) == {"userInfo"}
    assert (await rest.room(room))["users"] == []
    await rest.add_user(room, "1", "x" * 16_000)


@pytest.mark.parametrize("name", ["with space", "ümläut", "a/b", "100%", "?&#", "😀", "x" * 128])
async def test_ids_are_percent_decoded(rest, name):
    assert await rest.create_room(name) == name
    added = await rest.add_user(name, name)
    assert added["id"] == name
    assert (await rest.room(name))["room_id"] == name
    assert await rest.remove_room(name) == {"count": 1}


@pytest.mark.parametrize("path, field", [
    (f"/rooms/{'x' * 129}", "room_id"), ("/rooms/a%00b", "room_id"), ("/rooms/a%0Ab", "room_id"), ("/rooms/a%7Fb", "room_id")])
async def test_bad_room_ids_are_refused(rest, path, field):
    assert error_fields(await rest.post(path), 400) == {field}


@pytest.mark.parametrize("path", ["/rooms/%FF%FE", "/rooms/%zz", "/rooms/x/users/%"])
async def test_a_path_with_bad_percent_escapes_is_refused(rest, path):
    error_fields(await rest.http.post(path), 400)


async def test_bad_user_ids_are_refused(rest, room):
    for path in (users(room, "x" * 129), users(room, "a\u0001b")):
        assert error_fields(await rest.post(path), 400) == {"user_id"}
    assert error_fields(await rest.post("/rooms/" + unique("room"), {"userId": ""}), 400) == {"user_id"}
    assert (await rest.room(room))["users"] == []


async def test_what_exists_is_a_conflict_and_what_does_not_is_not_found(rest, room):
    assert error_fields(await rest.post(f"/rooms/{room}"), 409) == {"room_id"}
    await rest.add_user(room, "1")
    assert error_fields(await rest.post(users(room, "1")), 409) == {"user_id"}
    assert error_fields(await rest.post(users("nowhere", "1")), 404) == {"room_id"}
    assert error_fields(await rest.get("/rooms/nowhere"), 404) == {"room_id"}
    assert error_fields(await rest.delete("/rooms/nowhere"), 404) == {"room_id"}
    assert error_fields(await rest.delete(users(room, "nobody")), 404) == {"user_id"}
    assert error_fields(await rest.delete(users("nowhere", "1")), 404) == {"room_id"}


async def test_deleting_a_user_tells_whom_to_notify_and_the_last_one_ends_the_room(rest, room):
    await rest.add_user(room, "1", {"contactId": 11})
    await rest.add_user(room, "2", {"contactId": 22})
    assert await rest.remove_user(room, "2") == {
        "id": "2", "userInfo": {"contactId": 22}, "outbound": [{"id": "1", "userInfo": {"contactId": 11}}]}
    assert await rest.remove_user(room, "1") == {"id": "1", "userInfo": {"contactId": 11}, "outbound": []}
    assert (await rest.get(f"/rooms/{room}")).status_code == 404


async def test_deleting_a_room_counts_its_users(rest, room):
    for user in ("1", "2", "3"):
        await rest.add_user(room, user)
    assert await rest.remove_room(room) == {"count": 3}
    assert (await rest.get(f"/rooms/{room}")).status_code == 404


async def test_bodies_may_be_missing_where_nothing_is_required(rest):
    name = unique("room")
    assert (await rest.http.post(f"/rooms/{name}")).status_code == 200
    assert (await rest.http.post(users(name, "1"))).status_code == 200
    assert (await rest.http.delete(users(name, "1"))).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"nonsense", b"[1]", b'"text"', b"{\"userInfo\": }", b"\xff\xfe", b"{" * 5000, b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_refused_and_changes_nothing(rest, room, body):
    response = await rest.http.post(users(room, "1"), content=body, headers={"content-type": "application/json"})
    assert error_fields(response, 400) == {"body"}
    assert (await rest.room(room))["users"] == []


async def test_unknown_paths_and_methods(rest, room):
    assert (await rest.get("/nothing/here")).status_code == 404
    assert (await rest.get(f"/rooms/{room}/nothing")).status_code == 404
    for method, path in [("PUT", f"/rooms/{room}"), ("PATCH", users(room, "1")), ("DELETE", "/healthz"), ("POST", "/version")]:
        response = await rest.http.request(method, path)
        assert response.status_code == 405 and response.headers["allow"], (method, path)
    assert "POST" in (await rest.http.put(users(room, "1"))).headers["allow"]


async def test_users_added_at_once_get_in_only_once_each(rest, room):
    responses = await asyncio.gather(*(rest.post(users(room, str(number % 50))) for number in range(100)))
    assert sorted(each.status_code for each in responses) == [200] * 50 + [409] * 50
    assert len((await rest.room(room))["users"]) == 50


async def test_health_readiness_version_and_metrics(rest, room):
    assert (await rest.get("/healthz")).status_code == 200
    assert (await rest.get("/readyz")).status_code == 200
    version = (await rest.get("/version")).json()
    assert set(version) == {"version", "instance_id"} and all(version.values())
    metrics = await rest.get("/metrics")
    assert metrics.status_code == 200 and metrics.headers["content-type"].startswith("text/plain")
    for line in metrics.text.splitlines():
        assert line.startswith("#") or re.fullmatch(r'[a-zA-Z_:][\w:]*(\{[^{}]*\})? [-+.\deE]+(Inf|NaN)?( \d+)?', line), line
    # One room more is one room more; names differ by version, so only the sum over the line counts.
    rooms = [line for line in metrics.text.splitlines() if re.match(r"\w*rooms?(_\w+)?(\{\})? ", line)]
    assert rooms, "a gauge of rooms"
