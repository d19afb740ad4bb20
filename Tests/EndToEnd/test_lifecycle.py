"""Starting, stopping, crashing: what an operator and the clients see of it."""

import asyncio
import signal
import time

import httpx
import psutil
import pytest

from peers import Stage
from polling import eventually
from rest import Rest
from server import Server, run_to_end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_says_goodbye_to_every_connection_and_exits_with_zero(number):
    async with Server() as server:
        rest = Rest(server.url)
        async with Stage(rest, await rest.create_room()) as stage:
            publisher, subscriber = await stage.pair()
            await subscriber["camera"].shows()
            started = time.monotonic()
            server.signal(number)
            assert await server.ended(within=5) == 0
            assert time.monotonic() - started < 5
            # By DTLS close_notify and BYE; without them aiortc would wait for its consent checks to fail, 30 s.
            for connection in (publisher.connection, subscriber["camera"].connection):
                await eventually(lambda c=connection: c.connectionState == "closed", "the peer hears the goodbye", 3)
            await eventually(lambda: subscriber["camera"].picture.ended, "the tracks end", 3)
        await rest.close()


async def test_a_second_signal_exits_at_once():
    async with Server() as server:
        # A client in the middle of its request keeps a graceful end waiting.
        _, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(f"POST /rooms HTTP/1.1\r\nHost: {server.address}\r\nContent-Length: 100\r\n\r\n{{".encode())
        await writer.drain()
        server.signal(signal.SIGTERM)
        # Two signals that come before the first was heard would count as one.
        await eventually(lambda: is_draining(server), "the server has heard the first signal", 2, every=0.02)
        assert server.process.returncode is None
        server.signal(signal.SIGTERM)
        await server.ended(within=1.5)
        writer.close()


async def is_draining(server):
    """New connections are refused, or readiness says no."""
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            return (await http.get(f"{server.url}/readyz", timeout=1)).status_code != 200
    except httpx.HTTPError:
        return True


async def test_nothing_is_left_behind_after_the_end():
    async with Server() as server:
        family = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
        address = server.address
        server.signal(signal.SIGTERM)
        await server.ended(within=5)
    assert [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
    host, port = address.rsplit(":", 1)
    with pytest.raises(OSError):
        await asyncio.open_connection(host, int(port))


async def test_a_crash_is_followed_by_a_new_start_with_a_new_instance_id():
    # Swift's crash reporter (debug builds have it) outlives a signal that is no real fault: without it, a signal is a crash.
    async with Server(environment={"SWIFT_BACKTRACE": "enable=no"}) as server:
        before = (await version(server))["instance_id"]
        worker = server.worker()
        assert worker.pid != server.process.pid, "serve runs under its own supervisor"
        worker.send_signal(signal.SIGSEGV)
        started = time.monotonic()

        async def back():
            try:
                return (await version(server))["instance_id"] != before
            except (httpx.HTTPError, OSError):
                return False

        await eventually(back, "a new instance answers", 6, every=0.02)
        assert time.monotonic() - started < 2
        assert server.process.returncode is None
        server.signal(signal.SIGTERM)
        assert await server.ended(within=5) == 0


async def version(server):
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.get(f"{server.url}/version", timeout=2)).json()


async def test_killing_the_supervisor_takes_the_server_with_it():
    async with Server() as server:
        worker = server.worker()
        server.process.kill()
        await server.ended(within=2)
        await eventually(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, "no orphan keeps the ports", 3)


async def test_free_ports_are_picked_and_told_and_two_servers_do_not_collide():
    async with Server() as one, Server() as two:
        assert one.port > 0 and two.port > 0 and one.address != two.address
        assert all(port > 0 for _, port in one.media + two.media)
        assert not set(one.media) & set(two.media)
        assert "127.0.0.1" in [host for host, _ in one.media]


async def test_a_taken_port_is_a_clear_error():
    async with Server() as server:
        status, output = await run_to_end("serve", "--listen", server.address, "--media-port", "0")
        assert status != 0 and str(server.port) in output and "in use" in output


@pytest.mark.parametrize("arguments, words", [
    (["serve", "--listne", "127.0.0.1:0"], ["listne", "--listen"]), (["serve", "--listen", "nonsense"], ["nonsense"]),
    (["serve", "--media-port", "70000"], ["70000"]), (["serve", "--workers", "many"], ["many"]), (["sevre"], ["sevre"]),
    (["serve", "--announce", "not an address"], ["not an address"]),
    (["serve", "--listen", "127.0.0.1:0", "--media-port", "0", "--data-dir", __file__], ["data-dir", "Not a directory"])])
async def test_a_wrong_command_line_is_explained(arguments, words):
    status, output = await run_to_end(*arguments)
    assert status != 0 and all(word in output for word in words), output


async def test_several_workers_share_the_rooms():
    async with Server("--workers", "2") as server:
        assert len({port for _, port in server.media}) == 2
        rest = Rest(server.url)
        stages = [Stage(rest, await rest.create_room()) for _ in range(2)]
        try:
            for stage in stages:
                _, subscriber = await stage.pair(rate=8)
                await subscriber["camera"].shows()
        finally:
            for stage in stages:
                await stage.__aexit__()
        await rest.close()
