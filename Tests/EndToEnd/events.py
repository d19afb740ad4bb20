"""Reading server-sent events (the HTML standard's event streams) as a backend does."""

import asyncio
import contextlib
import json

from polling import eventually


class Events:
    """What came by one stream: `items` are the JSON objects, `ids` their ids. Used as `async with Events(rest, path)`."""

    def __init__(self, rest, path, last=None):
        self._http, self._path = rest.http, path
        self._headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        self.items, self.ids = [], []
        self.ended = False

    async def __aenter__(self):
        opened = asyncio.get_running_loop().create_future()
        self._task = asyncio.ensure_future(self._read(opened))
        self.response = await asyncio.wait_for(opened, 10)
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _read(self, opened):
        async with self._http.stream("GET", self._path, headers=self._headers, timeout=None) as response:
            opened.set_result(response)
            data, number = [], None
            async for line in response.aiter_lines():
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if line == "":
                    if data:
                        self.ids.append(number)
                        self.items.append(json.loads("\n".join(data)))
                    data = []
                elif name == "data":
                    data.append(value)
                elif name == "id":
                    number = value
        self.ended = True

    def types(self):
        return [each["type"] for each in self.items]

    async def has(self, kind, within=5, **expected):
        """The first event of that type with those values."""
        def found():
            return next((each for each in self.items if each["type"] == kind and all(each.get(key) == value for key, value in expected.items())), None)

        return await eventually(found, lambda: f"event {kind} {expected}; there were {self.items}", within, every=0.05)
