"""WebRTC peers in this process: aiortc, an independent implementation, driven by REST alone as a backend would."""

import asyncio
import re

import aioice.ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription

from media import CountingPicture, PictureReader, SoundReader, Tone
from polling import eventually

# aiortc never offers loopback by itself; everything here happens on it.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


def new_connection():
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


class SessionNumber:
    """aiortc numbers every offer's `o=` line anew; RFC 8829 (5.2.2) keeps the session id and counts the version up."""

    def __init__(self):
        self._session = None

    def keep(self, sdp):
        """The offer under the number of the first one."""
        _, session, version = re.search(r"^o=(\S+) (\d+) (\d+)", sdp, re.MULTILINE).groups()
        first = self._session is None
        self._session = session if first else self._session
        self._version = int(version) if first else self._version + 1
        return re.sub(r"^o=\S+ \d+ \d+", f"o=- {self._session} {self._version}", sdp, count=1, flags=re.MULTILINE)


class Publisher:
    """One user who produces: a numbered picture and a tone, by one peer connection."""

    def __init__(self, rest, room, user, codec="VP8", audio=True, video=True, hertz=440, rate=12, first=0):
        self.rest, self.room, self.user = rest, room, user
        self.connection = new_connection()
        self.picture = CountingPicture(rate, first) if video else None
        self.tone = Tone(hertz) if audio else None
        self._session = SessionNumber()
        if self.tone:
            self.connection.addTransceiver(self.tone, direction="sendonly")
        if self.picture:
            self.add_picture(self.picture, codec)

    def add_picture(self, picture, codec="VP8"):
        transceiver = self.connection.addTransceiver(picture, direction="sendonly")
        known = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([each for each in known if each.mimeType == f"video/{codec}" or each.mimeType == "video/rtx"])
        return transceiver

    async def produce(self, **body):
        """Offers (again), applies the answer, and returns the whole response."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        response = await self.rest.produce(self.room, self.user, offer={"type": "offer", "sdp": self._session.keep(self.connection.localDescription.sdp)}, **body)
        await self.connection.setRemoteDescription(RTCSessionDescription(**response["answer"]))
        return response

    async def connected(self, within=10):
        await eventually(
            lambda: self.connection.connectionState == "connected", lambda: f"{self.user} is connected, but it is {self.connection.connectionState}", within)
        return self

    async def close(self):
        await self.connection.close()


class Subscription:
    """What one subscriber receives from one producer."""

    def __init__(self):
        self.connection = new_connection()
        self.pictures = []
        self.sounds = []
        self.connection.on("track", self._start)

    def _start(self, track):
        if track.kind == "video":
            self.pictures.append(PictureReader(track))
        else:
            self.sounds.append(SoundReader(track))

    @property
    def picture(self):
        return self.pictures[0] if self.pictures else None

    @property
    def sound(self):
        return self.sounds[0] if self.sounds else None

    async def answer(self, offer):
        await self.connection.setRemoteDescription(RTCSessionDescription(**offer))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return {"type": "answer", "sdp": self.connection.localDescription.sdp}

    async def shows(self, frames=5, stream=0, within=15):
        """Waits for that many further undamaged frames of one video stream."""
        await eventually(lambda: len(self.pictures) > stream, "a video track is offered", within)
        reader = self.pictures[stream]
        before = len(reader.numbers)
        await eventually(
            lambda: len(reader.numbers) >= before + frames,
            lambda: f"{frames} more frames; got {len(reader.numbers) - before}, {reader.damaged} damaged, connection {self.connection.connectionState}", within)
        return reader.numbers[before:]

    async def hears(self, hertz, within=15):
        await eventually(lambda: self.sound and self.sound.loudest_hertz() and abs(self.sound.loudest_hertz() - hertz) < 8,
                         lambda: f"a tone of {hertz} Hz; hears {self.sound and self.sound.loudest_hertz()}", within)

    async def close(self):
        for reader in self.pictures + self.sounds:
            reader.stop()
        await self.connection.close()


class Subscriber:
    """One user who consumes, with one connection for each producer."""

    def __init__(self, rest, room, user):
        self.rest, self.room, self.user = rest, room, user
        self.subscriptions = {}

    def __getitem__(self, producer):
        return self.subscriptions[producer]

    async def answer(self, producer, offer):
        return await self.subscriptions.setdefault(producer, Subscription()).answer(offer)

    async def consume(self, producer, offer):
        """Answers an offer for that producer, new or again; returns the response."""
        return await self.rest.consume(self.room, self.user, id=producer, answer=await self.answer(producer, offer))

    async def close(self):
        await asyncio.gather(*(each.close() for each in self.subscriptions.values()))


def offer_for(user, outbound):
    """The offer that a produce response carries for one user."""
    return next(each["offer"] for each in outbound if each["id"] == user)


class Stage:
    """Makes publishers and subscribers of one room and closes them all: `async with Stage(rest, room) as stage`."""

    def __init__(self, rest, room):
        self.rest, self.room = rest, room
        self._open = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await asyncio.gather(*(each.close() for each in self._open), return_exceptions=True)

    async def subscriber(self, user):
        """Adds a user who consumes whatever there is already."""
        response = await self.rest.add_user(self.room, user)
        subscriber = Subscriber(self.rest, self.room, user)
        self._open.append(subscriber)
        for other in response["users"]:
            if "offer" in other:
                await subscriber.consume(other["id"], other["offer"])
        return subscriber

    async def publisher(self, user, **options):
        """Adds a user with a connection to publish by; `produce()` is left to the caller."""
        await self.rest.add_user(self.room, user)
        return self.publisher_of_existing_user(user, **options)

    def publisher_of_existing_user(self, user, **options):
        publisher = Publisher(self.rest, self.room, user, **options)
        self._open.append(publisher)
        return publisher

    async def pair(self, **options):
        """One publisher and one subscriber, connected and receiving."""
        subscriber = await self.subscriber("viewer")
        publisher = await self.publisher("camera", **options)
        response = await publisher.produce()
        await subscriber.consume("camera", offer_for("viewer", response["outbound"]))
        await publisher.connected()
        return publisher, subscriber
