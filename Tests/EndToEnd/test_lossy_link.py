"""The bad link that other tests trust: its directions on simulated time, and the process with real sockets."""

import asyncio
import time

import pytest

from link_direction import Conditions, Direction
from lossy_link import LossyLink

PACKET = bytes(1000)


def sent_through(direction, count, every):
    """(number, when it came out) of each packet that came through, sent one `every` seconds."""
    found = []
    for number in range(count):
        now = number * every
        found += direction.due(now)
        direction.take(now, number.to_bytes(4) + PACKET[4:])
    while direction.next is not None:
        found += direction.due(direction.next)
    return [(int.from_bytes(packet[:4]), when) for when, packet, _ in found]


@pytest.mark.parametrize("burst", [1, 5])
def test_it_loses_the_share_that_was_asked_for_in_runs_of_that_length(burst):
    came = {number for number, _ in sent_through(Direction(Conditions(loss=0.05, burst=burst), seed=3), 40_000, 0.001)}
    lost = [number for number in range(40_000) if number not in came]
    runs = sum(number - 1 not in set(lost[max(0, index - 1):index]) for index, number in enumerate(lost))
    assert len(lost) / 40_000 == pytest.approx(0.05, rel=0.15)
    assert len(lost) / runs == pytest.approx(burst if burst > 1 else 1 / 0.95, rel=0.15)


def test_the_same_seed_gives_the_same_fates_and_another_gives_others():
    conditions = Conditions(loss=0.2, burst=3, jitter=0.03, reorder=0.1)
    first, again, other = (sent_through(Direction(conditions, seed), 500, 0.002) for seed in (1, 1, 2))
    assert first == again != other


def test_delay_varies_within_its_bounds_and_keeps_the_order():
    came = sent_through(Direction(Conditions(delay=0.1, jitter=0.03), seed=1), 5_000, 0.001)
    delays = [when - number * 0.001 for number, when in came]
    assert [number for number, _ in came] == list(range(5_000))
    assert 0.1 <= min(delays) < 0.105 and 0.125 < max(delays) <= 0.1301


def test_packets_overtake_those_that_are_held_back():
    came = [number for number, _ in sent_through(Direction(Conditions(reorder=0.1, reorder_delay=0.01), seed=1), 2_000, 0.002)]
    overtaken = sum(later < earlier for earlier, later in zip(came, came[1:]))
    assert sorted(came) == list(range(2_000))
    assert overtaken / 2_000 == pytest.approx(0.09, abs=0.03)


def test_the_bottleneck_lets_through_its_rate_and_its_queue_is_bounded_in_time():
    direction = Direction(Conditions(rate=1_000_000, queue=0.3))
    came = sent_through(direction, 1_000, 0.004)
    assert [number for number, _ in came[:30]] == list(range(30))
    seconds = came[-1][1]
    assert direction.bytes * 8 / seconds == pytest.approx(1_000_000, rel=0.02)
    assert max(when - number * 0.004 for number, when in came) <= 0.3001
    assert direction.overflowed == 1_000 - len(came) > 400


def test_what_waits_leaves_at_a_new_rate():
    direction = Direction(Conditions(rate=800_000, queue=10))
    for _ in range(10):
        direction.take(0, PACKET)
    assert len(direction.due(0.055)) == 5
    direction.set(Conditions(rate=80_000, queue=10), 0.055)
    # Half of the sixth is through: the other half takes ten times as long as it would have.
    assert direction.due(0.1049) == []
    assert len(direction.due(0.1051)) == 1
    assert len(direction.due(0.5051)) == 4 and direction.next is None


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, sender):
        self.transport.sendto(data, sender)


class Client(asyncio.DatagramProtocol):
    def __init__(self, count):
        self.round_trips = {}
        self.all_are_back = asyncio.get_running_loop().create_future()
        self._count = count

    def datagram_received(self, data, _):
        self.round_trips[int.from_bytes(data[8:12])] = time.monotonic_ns() - int.from_bytes(data[:8])
        if len(self.round_trips) == self._count:
            self.all_are_back.set_result(None)


async def test_real_packets_find_their_way_there_and_back_late_by_what_was_asked_for():
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    async with LossyLink(seed=1) as link:
        path = await link.path(down=Conditions(delay=0.03), up=Conditions(delay=0.02))
        entrance = await path.entrance(server.get_extra_info("sockname"))
        clients = [await loop.create_datagram_endpoint(lambda: Client(30), remote_addr=entrance) for _ in range(2)]
        for number in range(30):
            for transport, _ in clients:
                transport.sendto(time.monotonic_ns().to_bytes(8) + number.to_bytes(4) + PACKET)
        for _, client in clients:
            await asyncio.wait_for(client.all_are_back, 5)
            assert sorted(client.round_trips) == list(range(30))
            assert min(client.round_trips.values()) >= 50_000_000
        counts = await path.counts()
        assert (counts["up"]["delivered"], counts["down"]["delivered"]) == (60, 60)
        assert counts["late"]["median"] < 3, counts["late"]

        await path.set(up=Conditions(loss=1))
        clients[0][0].sendto(PACKET)
        while (counts := await path.counts())["up"]["taken"] < 61:
            await asyncio.sleep(0.01)
        assert counts["up"]["lost"] == 1
        for transport, _ in clients:
            transport.close()
    server.close()
