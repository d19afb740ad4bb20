"""The mediaserver API as a backend calls it."""

import itertools
from pathlib import Path
from urllib.parse import quote

import httpx

FIXTURES = Path(__file__).resolve().parents[1] / "Fixtures" / "sdp"
_numbers = itertools.count(1)


def unique(prefix):
    """A name that no other test of this run uses."""
    return f"{prefix}-{next(_numbers)}"


def canned_offer(name="chromium-156-audio-video-sendonly"):
    """A real browser's offer, as `{type, sdp}`."""
    return {"type": "offer", "sdp": (FIXTURES / f"{name}.offer.sdp").read_bytes().decode()}


class Rest:
    """Thin on purpose: tests of shapes read `httpx` responses, and the rest use the verbs that answer parsed JSON."""

    def __init__(self, url, key=None, verify=True):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.http = httpx.AsyncClient(base_url=url, headers=headers, verify=verify, timeout=15, trust_env=False)

    async def close(self):
        await self.http.aclose()

    def get(self, path, **options):
        return self.http.get(path, **options)

    def post(self, path, body=None, **options):
        return self.http.post(path, json={} if body is None else body, **options)

    def patch(self, path, body):
        return self.http.patch(path, json=body)

    def delete(self, path, body=None):
        return self.http.request("DELETE", path, json={} if body is None else body)

    async def create_room(self, room=None, **body):
        room = room or unique("room")
        await self._done(self.post(f"/rooms/{segment(room)}", body))
        return room

    async def add_user(self, room, user, info=None):
        return await self._done(self.post(users(room, user), {} if info is None else {"userInfo": info}))

    async def produce(self, room, user, **body):
        return await self._done(self.post(f"{users(room, user)}/produce", body))

    async def consume(self, room, user, **body):
        return await self._done(self.post(f"{users(room, user)}/consume", body))

    async def fresh_offer(self, room, user, producer):
        return await self._done(self.post(f"{users(room, user)}/consume/{segment(producer)}/offer"))

    async def stop_producing(self, room, user):
        return await self._done(self.delete(f"{users(room, user)}/produce"))

    async def remove_user(self, room, user):
        return await self._done(self.delete(users(room, user)))

    async def remove_room(self, room):
        return await self._done(self.delete(f"/rooms/{segment(room)}"))

    async def room(self, room):
        return await self._done(self.get(f"/rooms/{segment(room)}"))

    async def _done(self, request):
        response = await request
        assert response.status_code == 200, f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
        return response.json()


def segment(text):
    return quote(str(text), safe="")


def users(room, user):
    return f"/rooms/{segment(room)}/users/{segment(user)}"


def error_fields(response, status):
    """The fields that an error names; checks the status and the shape on the way."""
    assert response.status_code == status, f"{response.status_code} {response.text}"
    body = response.json()
    assert set(body) == {"error"} and isinstance(body["error"], dict) and body["error"], body
    assert all(isinstance(message, str) and message for message in body["error"].values()), body
    return set(body["error"])
