"""The process behind `lossy_link.py`: takes commands as JSON lines on standard input, answers each with one line, ends with its input."""

import bisect
import gc
import json
import os
import select
import socket
import sys
import time

from link_direction import Conditions, Direction

LARGEST = 2048
BATCH = 64


class Path:
    def __init__(self, seed, down, up):
        self.down = Direction(Conditions(**down), seed * 2)
        self.up = Direction(Conditions(**up), seed * 2 + 1)
        #: Milliseconds, sorted.
        self.late = []

    def forward(self, now):
        for direction in (self.down, self.up):
            for when, packet, (sender, address) in direction.due(now):
                try:
                    sender.send(packet) if address is None else sender.sendto(packet, address)
                except OSError:
                    # The other end is gone or its buffer full: on a real link nobody would tell either.
                    pass
                if len(self.late) < 100_000:
                    bisect.insort(self.late, (time.monotonic() - when) * 1000)

    def counts(self):
        found = {}
        for name in ("down", "up"):
            direction = getattr(self, name)
            found[name] = {each: getattr(direction, each) for each in ("taken", "lost", "overflowed", "delivered", "bytes")}
        late = self.late
        found["late"] = {"median": late[len(late) // 2], "p99": late[len(late) * 99 // 100], "max": late[-1]} if late else None
        return found


class Link:
    def __init__(self):
        self.paths = {}
        #: Socket → what to do with what it receives.
        self.sockets = {}
        self.input = b""
        self.open = True

    def new_socket(self):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            made.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
        return made

    def entrance(self, path, to):
        outside = self.new_socket()
        outside.bind(("127.0.0.1", 0))
        inside = {}

        def towards_server(now, packet, client):
            if client not in inside:
                towards = inside[client] = self.new_socket()
                towards.connect(to)
                self.sockets[towards] = lambda now, packet, _: path.down.take(now, packet, (outside, client))
            path.up.take(now, packet, (inside[client], None))

        self.sockets[outside] = towards_server
        return outside.getsockname()

    def obey(self, command):
        path = self.paths.get(command["path"])
        match command["do"]:
            case "path":
                self.paths[command["path"]] = Path(command["seed"], command["down"], command["up"])
            case "entrance":
                return {"address": self.entrance(path, tuple(command["to"]))}
            case "set":
                for name in ("down", "up"):
                    if name in command:
                        getattr(path, name).set(Conditions(**command[name]), time.monotonic())
            case "counts":
                return path.counts()
        return {}

    def read_commands(self):
        received = os.read(0, 65536)
        self.open = bool(received)
        *lines, self.input = (self.input + received).split(b"\n")
        for line in lines:
            sys.stdout.write(json.dumps(self.obey(json.loads(line))) + "\n")
            sys.stdout.flush()

    def receive(self, each):
        take = self.sockets[each]
        for _ in range(BATCH):
            try:
                packet, sender = each.recvfrom(LARGEST)
            except OSError:
                return
            take(time.monotonic(), packet, sender)

    def run(self):
        while self.open:
            times = [direction.next for path in self.paths.values() for direction in (path.down, path.up)]
            first = min((each for each in times if each is not None), default=None)
            timeout = None if first is None else max(0, first - time.monotonic())
            ready, _, _ = select.select([0, *self.sockets], [], [], timeout)
            for each in ready:
                if each == 0:
                    self.read_commands()
                else:
                    self.receive(each)
            now = time.monotonic()
            for path in self.paths.values():
                path.forward(now)


def go_first():
    """A link that waits for a processor would be a worse one than was asked for."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        try:
            os.nice(-10)
        except OSError:
            pass


if __name__ == "__main__":
    go_first()
    gc.disable()
    Link().run()
