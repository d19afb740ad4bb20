"""The servers that are measured, each seen as: one publisher, subscribers that come and go, a link that they may come through."""

import asyncio
import contextlib
import itertools
import tempfile
from pathlib import Path

import httpx

from janus import Janus
from quality.browser import ENCODINGS
from rest import Rest, users
from server import Server

PUBLISHER = "camera"


class SwitchyardRoom:
    name = "Switchyard"

    def __init__(self, *arguments):
        self._server = Server(*arguments)

    async def __aenter__(self):
        await self._server.__aenter__()
        self.rest = Rest(self._server.url)
        self.room = await self.rest.create_room("quality")
        return self

    async def __aexit__(self, *_):
        await self.rest.close()
        await self._server.__aexit__()

    async def publish(self, page):
        offer = await page.call("publish", {"codec": "VP8", "encodings": ENCODINGS})
        await self.rest.add_user(self.room, PUBLISHER)
        response = await self.rest.produce(self.room, PUBLISHER, offer=offer)
        await page.call("published", response["answer"])

    async def subscribe(self, page, viewer, path=None):
        response = await self.rest.add_user(self.room, viewer)
        offer = next(each["offer"] for each in response["users"] if each["id"] == PUBLISHER)
        if path is not None:
            offer["sdp"] = await path.lead(offer["sdp"])
        answer = await page.call("subscribe", viewer, offer)
        await self.rest.consume(self.room, viewer, id=PUBLISHER, answer=answer)

    async def prefer(self, viewer, **wish):
        """Asks for a version of the picture, such as width=640, height=360."""
        response = await self.rest.http.patch(f"{users(self.room, viewer)}/consume/{PUBLISHER}", json=wish)
        assert response.status_code == 200, f"PATCH {wish}: {response.status_code} {response.text}"

    async def leave(self, page, viewer):
        await page.call("leave", viewer)
        await self.rest.remove_user(self.room, viewer)

    async def viewer(self, viewer):
        """What the server says of that user."""
        return (await self.rest.get(users(self.room, viewer))).json()


class JanusRoom:
    """Debian's Janus and its VideoRoom with their defaults, and what WebRTC on this machine needs: no wait for mDNS names."""

    name = "Janus"

    def __init__(self):
        self._numbers = itertools.count(1)
        self._handles = {}
        self._answers = {}

    async def __aenter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="switchyard-quality-janus-")
        self._janus = Janus(Path(self._folder.name))
        await self._janus.__aenter__()
        self._http = httpx.AsyncClient(timeout=70, trust_env=False)
        self._session = f"{self._janus.url}/{(await self._post(self._janus.url, janus='create'))['data']['id']}"
        self._poll = asyncio.create_task(self._poll_forever())
        self._publisher = await self._attach()
        await self._message(self._publisher, {"request": "create", "room": 1, "publishers": 1, "videocodec": "vp8", "audiocodec": "opus"})
        return self

    async def __aexit__(self, *_):
        self._poll.cancel()
        with contextlib.suppress(asyncio.CancelledError, httpx.HTTPError):
            await self._poll
        await self._http.aclose()
        await self._janus.__aexit__()
        self._folder.cleanup()

    async def publish(self, page):
        joined = await self._message(self._publisher, {"request": "join", "ptype": "publisher", "room": 1, "display": PUBLISHER}, event=True)
        self._feed = joined["plugindata"]["data"]["id"]
        # VideoRoom takes the last rid of an offer for the smallest.
        offer = await page.call("publish", {"codec": "VP8", "encodings": ENCODINGS[::-1]})
        answer = await self._message(self._publisher, {"request": "publish"}, jsep=offer, event=True)
        await page.call("published", {key: answer["jsep"][key] for key in ("type", "sdp")})
        await self._end_of_candidates(self._publisher)

    async def subscribe(self, page, viewer, path=None):
        handle = self._handles[viewer] = await self._attach()
        offered = await self._message(handle, {"request": "join", "ptype": "subscriber", "room": 1, "streams": [{"feed": self._feed}]}, event=True)
        offer = {key: offered["jsep"][key] for key in ("type", "sdp")}
        if path is not None:
            offer["sdp"] = await path.lead(offer["sdp"])
        answer = await page.call("subscribe", viewer, offer)
        await self._message(handle, {"request": "start"}, jsep=answer, event=True)
        await self._end_of_candidates(handle)

    async def leave(self, page, viewer):
        await page.call("leave", viewer)
        await self._post(self._handles.pop(viewer), janus="detach")

    async def _attach(self):
        answer = await self._post(self._session, janus="attach", plugin="janus.plugin.videoroom")
        return f"{self._session}/{answer['data']['id']}"

    async def _end_of_candidates(self, handle):
        await self._post(handle, janus="trickle", candidate={"completed": True})

    async def _message(self, handle, body, jsep=None, event=False):
        """The answer to a message; those to some come as an event."""
        transaction = str(next(self._numbers))
        arrived = self._answers[transaction] = asyncio.get_running_loop().create_future()
        answer = await self._post(handle, janus="message", transaction=transaction, body=body, **({"jsep": jsep} if jsep else {}))
        if event:
            answer = await asyncio.wait_for(arrived, 10)
        del self._answers[transaction]
        data = answer["plugindata"]["data"]
        assert "error" not in data, f"{body}: {data}"
        return answer

    async def _post(self, url, **message):
        message.setdefault("transaction", str(next(self._numbers)))
        answer = (await self._http.post(url, json=message)).json()
        assert answer["janus"] != "error", f"{message}: {answer}"
        return answer

    async def _poll_forever(self):
        while True:
            events = (await self._http.get(self._session, params={"maxev": 10})).json()
            for event in events if isinstance(events, list) else [events]:
                waiting = self._answers.get(event.get("transaction"))
                if event["janus"] == "event" and waiting and not waiting.done():
                    waiting.set_result(event)
