"""Many WebSocket members of Aura rooms in one thread, without media, and how long the server took for each of their requests.

The kernel says when an answer arrived (SO_TIMESTAMPNS), so time that it lay in this process's queue does not count.
"""

import collections
import json
import selectors
import socket
import struct
import time
import uuid

from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

SO_TIMESTAMPNS = 35
TIMES = struct.Struct("qq")

#: An offer of sound only; nobody ever connects by it.
OFFER = "\r\n".join([
    "v=0", "o=- {session} 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0", "a=ice-ufrag:{ufrag}", "a=ice-pwd:WJkqwE0sJjLqVwXyZ0123456", "a=ice-options:trickle",
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32), "a=setup:actpass", "a=mid:0", "a=sendrecv", "a=msid:- sound", "a=rtcp-mux",
    "a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1", "a=ssrc:{session} cname:crowd", ""])


class CrowdMember:
    """One socket. `answers` takes (method, nanoseconds) for each answered request."""

    def __init__(self, crowd, room):
        self._crowd, self.room, self.id = crowd, room, str(uuid.uuid4())
        self.token = None
        self._protocol = ClientProtocol(parse_uri(crowd.url), max_size=None)
        self._pending = {}
        self._number = 0
        self.reactions_heard = 0
        self.socket = socket.create_connection(crowd.address)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def ask(self, method, then=None, **params):
        self._number += 1
        self._protocol.send_text(json.dumps({"id": str(self._number), "method": method, "params": params}).encode())
        self._pending[str(self._number)] = (method, then, time.time_ns())
        self._flush()

    def _flush(self):
        for data in self._protocol.data_to_send():
            if data:
                # Requests are small and the server reads: a full buffer is a finding.
                assert self.socket.send(data) == len(data), "the server does not read"

    def readable(self):
        try:
            data, ancillary, *_ = self.socket.recvmsg(262_144, socket.CMSG_SPACE(TIMES.size))
        except OSError as error:
            self._crowd.failed(self, repr(error))
            return
        if not data:
            self._crowd.failed(self, "closed by the server")
            return
        arrived = next((s * 1_000_000_000 + ns for s, ns in (TIMES.unpack(each[2][:TIMES.size]) for each in ancillary)), time.time_ns())
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._crowd.opened(self)
            elif event.opcode is Opcode.TEXT:
                self._take(json.loads(event.data), arrived)
            elif event.opcode is Opcode.CLOSE:
                self._crowd.failed(self, f"closed: {event.data!r}")
        self._flush()

    def _take(self, message, arrived):
        if "method" in message:
            self.reactions_heard += message["method"] == "member_send_reaction"
            return
        method, then, asked = self._pending.pop(message["id"])
        self._crowd.took(method, arrived - asked)
        if "error" in message:
            self._crowd.failures.append((method, message["error"]))
        elif then:
            then(message["result"])

    def enter(self):
        self.ask("authenticate", self._authenticated, room=self.room, call_id=self.id, display_name="Member")

    def _authenticated(self, result):
        self.token = result["auth_token"]
        sdp = OFFER.format(session=1_000_000 + id(self) % 1_000_000_000, ufrag=self.id[:8])
        self.ask("join_room", lambda _: self._crowd.entered(self), sdp=sdp, auth_token=self.token, audio_muted=False, video_muted=True)

    def react(self):
        self.ask("send_reaction", reaction="thumbs_up")

    def leave(self):
        self.ask("leave_room", lambda _: self._crowd.left(self))


class Crowd:
    """Members at a steady pace: `enter`, `react`, `leave`, one after the other."""

    def __init__(self, server):
        self.address = (server.host, server.port)
        self.url = f"ws://{server.address}/v1/ws"
        self.failures = []
        #: Nanoseconds of each request by method.
        self.times = collections.defaultdict(list)
        self.inside = []
        self._gone = 0
        self._selector = selectors.DefaultSelector()

    # What members tell

    def took(self, method, nanoseconds):
        self.times[method].append(nanoseconds)

    def opened(self, member):
        member.enter()

    def entered(self, member):
        self.inside.append(member)

    def left(self, member):
        self._forget(member)
        self._gone += 1

    def failed(self, member, why):
        self.failures.append((member.id, why))
        self._forget(member)

    def _forget(self, member):
        self._selector.unregister(member.socket)
        member.socket.close()

    # What the crowd does

    def enter(self, rooms, per_second):
        """One member for each of the rooms, which may be named several times; returns once all are inside."""
        def come(room):
            member = CrowdMember(self, room)
            self._selector.register(member.socket, selectors.EVENT_READ, member)

        wanted = len(self.inside) + len(rooms)
        self._paced(rooms, come, per_second)
        self._run_until(lambda: len(self.inside) >= wanted, "all are inside")

    def react(self, times, per_second):
        heard = sum(each.reactions_heard for each in self.inside)
        due = heard + times * sum(self._others())
        for _ in range(times):
            self._paced(self.inside, CrowdMember.react, per_second)
        self._run_until(lambda: sum(each.reactions_heard for each in self.inside) >= due, "every reaction is heard by all others of its room")

    def _others(self):
        sizes = collections.Counter(each.room for each in self.inside)
        return [sizes[each.room] - 1 for each in self.inside]

    def leave(self, per_second):
        members, self.inside, wanted = self.inside, [], self._gone + len(self.inside)
        self._paced(members, CrowdMember.leave, per_second)
        self._run_until(lambda: self._gone >= wanted, "all are out")

    def _paced(self, things, action, per_second):
        start = time.monotonic()
        for number, each in enumerate(list(things)):
            self._turn(start + number / per_second - time.monotonic())
            action(each)

    def _run_until(self, condition, what, within=20):
        deadline = time.monotonic() + within
        while not condition():
            if self.failures or time.monotonic() > deadline:
                raise AssertionError(f"not so: {what}; failures {self.failures[:5]}")
            self._turn(0.05)

    def _turn(self, seconds):
        """Answers whatever comes for that long, at least once."""
        deadline = time.monotonic() + seconds
        while True:
            for key, _ in self._selector.select(max(0.0, deadline - time.monotonic())):
                key.data.readable()
            if time.monotonic() >= deadline:
                return

    def percentile(self, share, method=None):
        """Milliseconds of that share of the requests, of one method or of all."""
        times = sorted(self.times[method] if method else [each for every in self.times.values() for each in every])
        return times[min(len(times) - 1, int(len(times) * share))] / 1_000_000
