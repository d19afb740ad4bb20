"""An Aura room and its people at real sockets, without media, and who of them hears what."""

import contextlib

from aura import AuraSocket, Directory
from aura_crowd import OFFER
from rest import unique


class Person(AuraSocket):
    """A socket with a name. Its call_id is its name."""

    def __init__(self, server, name, room, credentials=None):
        super().__init__(server)
        self.name, self.room, self.token = name, room, None
        self._credentials = credentials or {"display_name": name.capitalize()}
        self._read_so_far = 0
        self.is_closed = False

    async def close(self):
        self.is_closed = True
        await super().close()

    def drop(self):
        self.is_closed = True
        super().drop()

    @property
    def introduction(self):
        return {"room": self.room, "call_id": self.name, **self._credentials}

    async def authenticate(self):
        self.token = (await self.call("authenticate", **self.introduction))["auth_token"]

    async def join(self, token=None):
        self.token = token or self.token
        return await self.call("join_room", sdp=offer(), auth_token=self.token)

    async def settled(self):
        """What was heard since the last time, once everything that is under way has come: answers overtake nothing."""
        await self.refusal("no_such_method")
        new = self.heard[self._read_so_far:]
        self._read_so_far = len(self.heard)
        return new


class Meeting:
    """`async with Meeting(server, rest) as meeting`: `anna` is an admin of the room, `ben` is invited."""

    def __init__(self, server, rest, **definition):
        self._server, self._directory, self._definition = server, Directory(rest), definition
        self._stack = contextlib.AsyncExitStack()
        self.people = []

    async def __aenter__(self):
        await self._stack.__aenter__()
        self.users = {name: await self._directory.user(name.capitalize(), extension=unique("ext")) for name in ("anna", "ben", "cleo")}
        room = await self._directory.room(**{
            "open": False, "members": [(self.users["anna"]["uuid"], True), (self.users["ben"]["uuid"], False)], **self._definition})
        self.room = room["uuid"]
        return self

    async def __aexit__(self, *details):
        return await self._stack.__aexit__(*details)

    def credentials(self, user):
        return {"username": self.users[user]["username"], "password": self.users[user]["password"]}

    async def person(self, name, user=None):
        """Somebody with an open socket, and nothing else yet."""
        person = Person(self._server, name, self.room, self.credentials(user) if user else None)
        self.people.append(await self._stack.enter_async_context(person))
        return person

    async def member(self, name):
        """A user in the room."""
        person = await self.person(name, user=name)
        await person.authenticate()
        await person.join()
        return person

    async def waiting(self, name, user=None):
        """Somebody who waits."""
        person = await self.person(name, user)
        error = await person.refusal("authenticate", **person.introduction)
        assert (error.code, error.message) == (403, "not allowed for this room, waiting to be accpeted")
        return person

    async def heard(self):
        """By name, what everybody heard since the last time; who heard nothing is left out."""
        everybody = {person.name: await person.settled() for person in self.people if not person.is_closed}
        return {name: heard for name, heard in everybody.items() if heard}

    async def delete(self):
        await self._directory.delete_room(self.room)


def offer():
    number = 1_000_000 + int(unique("0").split("-")[1])
    return OFFER.format(session=number, ufrag=f"u{number}")
