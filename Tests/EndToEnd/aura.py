"""Aura as its apps speak it: rooms and users by REST, everything inside a room by JSON-RPC over one WebSocket."""

import asyncio
import contextlib
import itertools
import json
import uuid

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from polling import eventually, steadily
from rest import unique


class AuraError(Exception):
    """A refused request: `code` is as of HTTP."""

    def __init__(self, error):
        super().__init__(f"{error['code']} {error['message']}")
        self.code, self.message = error["code"], error["message"]


class Directory:
    """Rooms and users, by the REST client of the other tests; answers what is inside the envelope."""

    def __init__(self, rest):
        self.rest = rest

    async def room(self, open=True, members=(), **definition):
        """A new room. `members` are `(user's id, whether an admin)`."""
        body = {"name": unique("room"), "open": open, "members": [{"user_id": user, "admin": admin} for user, admin in members], **definition}
        response = await self.rest.post("/v1/rooms", {"room": body})
        assert response.status_code == 201, f"{response.status_code} {response.text}"
        return response.json()["room"]

    async def user(self, name, password="correct horse", **more):
        """A new user; its user name is unique and begins with `name`."""
        body = {"username": unique(name.lower()), "password": password, "display_name": name, **more}
        response = await self.rest.post("/v1/users", {"user": body})
        assert response.status_code == 201, f"{response.status_code} {response.text}"
        return {**response.json()["user"], "password": password}

    async def admin_and_room(self, **definition):
        """An admin, as credentials for `authenticate`, and a room that has them."""
        user = await self.user("Admin")
        room = await self.room(members=[(user["uuid"], True)], **definition)
        return {"username": user["username"], "password": user["password"]}, room["uuid"]

    async def delete_room(self, room):
        response = await self.rest.delete(f"/v1/rooms/{room}")
        assert response.status_code == 204, f"{response.status_code} {response.text}"

    async def members(self, room):
        response = await self.rest.get(f"/v1/rooms/{room}/members")
        assert response.status_code == 200, f"{response.status_code} {response.text}"
        return response.json()["members"]


class AuraSocket:
    """`async with AuraSocket(server) as socket`: requests, notifications, and all that was heard, in its order."""

    def __init__(self, server):
        self._url = server.url.replace("http", "ws", 1) + "/v1/ws"
        self._numbers = itertools.count(1)
        self._pending = {}
        #: (method, params) of every notification so far.
        self.heard = []

    async def __aenter__(self):
        # Nothing of this machine's settings, and no compression, which the server does not offer.
        self._socket = await connect(self._url, proxy=None, compression=None, max_size=None)
        self._task = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def close(self):
        await self._socket.close()
        await self._task

    def drop(self):
        """Loses the connection as a network does: without a word."""
        self._socket.transport.abort()

    async def call(self, method, within=10, **params):
        """The result of a request; raises AuraError where it is refused."""
        number = str(next(self._numbers))
        answer = self._pending[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        return await asyncio.wait_for(answer, within)

    async def refusal(self, method, **params):
        """The error of a request that has to be refused."""
        try:
            result = await self.call(method, **params)
        except AuraError as error:
            return error
        raise AssertionError(f"{method} {params} was not refused but answered {result}")

    async def tell(self, method, **params):
        """Sends a notification."""
        await self._socket.send(json.dumps({"method": method, "params": params}))

    async def hears(self, method, within=5, after=0, **expected):
        """The params of the first such notification with those values, from the number `after` on."""
        return await eventually(
            lambda: next((params for name, params in self.heard[after:] if name == method and _fits(params, expected)), None),
            lambda: f"{method} {expected}; heard {self.heard[after:]}", within, every=0.02)

    async def hears_nothing(self, method, during=0.5, **expected):
        await steadily(lambda: not any(name == method and _fits(params, expected) for name, params in self.heard), f"no {method} {expected}", during)

    async def ended(self, within=5):
        """The close code."""
        await asyncio.wait_for(self._task, within)
        return self._socket.close_code

    async def _read(self):
        with contextlib.suppress(ConnectionClosed):
            async for text in self._socket:
                message = json.loads(text)
                if "method" in message:
                    self.heard.append((message["method"], message.get("params", {})))
                    continue
                answer = self._pending.pop(message["id"])
                if answer.done():
                    continue
                if "error" in message:
                    answer.set_exception(AuraError(message["error"]))
                else:
                    answer.set_result(message["result"])
        for answer in self._pending.values():
            answer.cancel()


def _fits(params, expected):
    return all(params.get(key) == value for key, value in expected.items())


def new_call():
    return str(uuid.uuid4())
