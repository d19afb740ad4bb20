"""One direction of a bad link, on given times: loss, a bottleneck with a bounded queue, delay, jitter, reordering. No clock, no socket."""

import dataclasses
import heapq
import random
from collections import deque


@dataclasses.dataclass(frozen=True)
class Conditions:
    """How one direction behaves. Times in seconds, rates in bits per second, the rest are shares from 0 to 1."""

    #: Share of packets that are lost.
    loss: float = 0.0
    #: Mean length of a run of lost packets. 1: each is lost by itself. More: Gilbert–Elliott, nothing passes in the bad state.
    burst: float = 1.0
    delay: float = 0.0
    #: Delay varies between `delay` and `delay + jitter`: a value drawn anew each `JITTER_PERIOD`, linear between, so order stays.
    jitter: float = 0.0
    #: Share of packets that are held back by `reorder_delay` more, so that later ones overtake them.
    reorder: float = 0.0
    reorder_delay: float = 0.01
    #: None: no bottleneck.
    rate: float | None = None
    #: How much time at `rate` the queue holds; what comes when it is full is lost.
    queue: float = 0.3


#: Jitter is bounded by this, or a later packet would overtake an earlier one.
JITTER_PERIOD = 0.05


class Direction:
    """Packets go in by `take`, and come out of `due` when their time has come. The same seed and packets give the same fates."""

    def __init__(self, conditions=Conditions(), seed=0):
        self._conditions = conditions
        self._seed = seed
        self._fates = random.Random(f"{seed} fates")
        self._bad = False
        self._waiting = deque()
        self._waiting_bits = 0
        self._head_leaves = 0.0
        self._travelling = []
        self._order = 0
        self._draws = {}
        self.taken = self.lost = self.overflowed = self.delivered = self.bytes = 0

    def set(self, conditions, now):
        """From `now` on; what waits in front of the bottleneck leaves at the new rate."""
        self._advance(now)
        old, self._conditions = self._conditions, conditions
        if self._waiting:
            if conditions.rate is None:
                self._head_leaves = now
                self._advance(now)
            else:
                self._head_leaves = now + (self._head_leaves - now) * old.rate / conditions.rate
        if (old.loss, old.burst) != (conditions.loss, conditions.burst):
            self._bad = False

    def take(self, now, packet, way=None):
        """`way` comes back with the packet."""
        self.taken += 1
        self._advance(now)
        if self._is_lost():
            self.lost += 1
            return
        conditions = self._conditions
        if conditions.rate is None:
            self._travel(now, packet, way)
            return
        bits = len(packet) * 8
        if self._waiting_bits + bits > conditions.rate * conditions.queue:
            self.overflowed += 1
            return
        if not self._waiting:
            self._head_leaves = now + bits / conditions.rate
        self._waiting.append((bits, packet, way))
        self._waiting_bits += bits

    def due(self, now):
        """(when it was to come out, packet, way) of each whose time has come, in order."""
        self._advance(now)
        found = []
        while self._travelling and self._travelling[0][0] <= now:
            when, _, packet, way = heapq.heappop(self._travelling)
            self.delivered += 1
            self.bytes += len(packet)
            found.append((when, packet, way))
        return found

    @property
    def next(self):
        """When `due` has something to do; None while nothing is under way."""
        times = []
        if self._travelling:
            times.append(self._travelling[0][0])
        if self._waiting:
            times.append(self._head_leaves)
        return min(times, default=None)

    def _advance(self, now):
        while self._waiting and self._head_leaves <= now:
            bits, packet, way = self._waiting.popleft()
            self._waiting_bits -= bits
            self._travel(self._head_leaves, packet, way)
            if self._waiting and self._conditions.rate is not None:
                self._head_leaves += self._waiting[0][0] / self._conditions.rate

    def _travel(self, start, packet, way):
        conditions = self._conditions
        when = start + conditions.delay + self._jitter(start)
        if conditions.reorder and self._fates.random() < conditions.reorder:
            when += conditions.reorder_delay
        self._order += 1
        heapq.heappush(self._travelling, (when, self._order, packet, way))

    def _is_lost(self):
        conditions = self._conditions
        if not conditions.loss:
            return False
        if conditions.burst <= 1:
            return self._fates.random() < conditions.loss
        leave = 1 / conditions.burst
        change = leave if self._bad else leave * conditions.loss / (1 - conditions.loss)
        if self._fates.random() < change:
            self._bad = not self._bad
        return self._bad

    def _jitter(self, now):
        jitter = min(self._conditions.jitter, JITTER_PERIOD)
        if not jitter:
            return 0.0
        position = now / JITTER_PERIOD
        first = int(position)
        return jitter * (self._draw(first) + (position - first) * (self._draw(first + 1) - self._draw(first)))

    def _draw(self, interval):
        if interval not in self._draws:
            if len(self._draws) > 100:
                self._draws.clear()
            self._draws[interval] = random.Random(f"{self._seed} jitter {interval}").random()
        return self._draws[interval]
