"""Who may call: keys, origins, hosts, TLS."""

import asyncio
import ssl

import httpx
import pytest
import websockets

from polling import eventually
from rest import Rest, canned_offer, unique
from server import Server, run_to_end


@pytest.fixture(scope="module")
async def keyed():
    async with Server("--api-key", "correct-horse") as server:
        yield server


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer", "Bearer correct-hors", "Bearer correct-horse2", "Basic correct-horse", "correct-horse"])
async def test_without_the_key_nothing_is_done(keyed, header):
    async with httpx.AsyncClient(base_url=keyed.url, headers={"Authorization": header} if header else {}, trust_env=False) as http:
        room = unique("room")
        for method, path in [("POST", f"/rooms/{room}"), ("GET", "/rooms"), ("GET", "/events"), ("DELETE", f"/rooms/{room}")]:
            response = await http.request(method, path)
            assert response.status_code == 401, (method, path)
            assert response.headers["www-authenticate"].startswith("Bearer")
        assert (await http.get("/healthz")).status_code == 200
    owner = Rest(keyed.url, key="correct-horse")
    assert (await owner.get("/rooms")).json() == []
    await owner.close()


async def test_with_the_key_everything_is_done(keyed):
    rest = Rest(keyed.url, key="correct-horse")
    room = await rest.create_room()
    await rest.add_user(room, "1")
    await rest.produce(room, "1", offer=canned_offer())
    assert await rest.remove_room(room) == {"count": 1}
    await rest.close()


async def test_with_keys_the_demo_needs_its_flag(keyed):
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{keyed.url}/")).status_code in (401, 403, 404)
        with pytest.raises(websockets.InvalidStatus):
            await websockets.connect(f"ws://{keyed.address}/demo/ws", proxy=None)
        async with Server("--api-key", "k", "--demo") as server:
            assert (await http.get(f"{server.url}/")).status_code == 200
            async with websockets.connect(f"ws://{server.address}/demo/ws", proxy=None) as socket:
                await socket.send('{"type":"join","room":"r","name":"n"}')
                assert '"joined"' in await asyncio.wait_for(socket.recv(), 5)


async def test_an_open_server_refuses_to_listen_beyond_this_machine():
    status, output = await run_to_end("serve", "--listen", "0.0.0.0:0", "--media-port", "0")
    assert status != 0 and "api-key" in output and "ready" not in output


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "null", "http://127.0.0.1:1"])
async def test_a_foreign_origin_is_refused(server, rest, origin):
    room = unique("room")
    response = await rest.http.post(f"/rooms/{room}", headers={"Origin": origin})
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers
    assert (await rest.get(f"/rooms/{room}")).status_code == 404
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await websockets.connect(f"ws://{server.address}/demo/ws", origin=origin, proxy=None)
    assert refusal.value.response.status_code == 403


async def test_the_pages_own_origin_is_welcome(server, rest):
    assert (await rest.http.post(f"/rooms/{unique('room')}", headers={"Origin": server.url})).status_code == 200
    async with websockets.connect(f"ws://{server.address}/demo/ws", origin=server.url, proxy=None):
        pass


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", ""])
async def test_a_foreign_host_on_loopback_is_refused(rest, host):
    """A name that an attacker points to 127.0.0.1 must not reach a server that trusts whoever is on this machine."""
    response = await rest.http.get("/rooms", headers={"Host": host})
    assert response.status_code in (400, 403, 421)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_the_names_of_this_machine_are_welcome(server, rest, name):
    assert (await rest.http.get("/rooms", headers={"Host": f"{name}:{server.port}"})).status_code == 200


async def test_tls_serves_rest_sockets_and_the_page(certificate, chromium):
    cert, key = certificate
    trust = ssl.create_default_context(cafile=cert)
    async with Server("--tls-cert", str(cert), "--tls-key", str(key), scheme="https") as server:
        rest = Rest(server.url, verify=trust)
        room = await rest.create_room()
        # Larger than one TLS record, both ways.
        info = "x" * 15_000
        await rest.add_user(room, "1", info)
        for number in range(2, 6):
            await rest.add_user(room, str(number), info)
        assert len((await rest.room(room))["users"]) == 5
        async with websockets.connect(f"wss://{server.address}/demo/ws", ssl=trust, proxy=None) as socket:
            await socket.send('{"type":"join","room":"r","name":"n"}')
            assert '"joined"' in await asyncio.wait_for(socket.recv(), 5)
        visitor = await chromium.visitor(server, "Anna")
        await visitor.join(room)
        await eventually(lambda: visitor.evaluate("meeting.publisher?.state === 'connected'"), "media from an https page", 15)
        await visitor.close()
        await rest.close()


async def test_a_plain_client_at_a_tls_listener_is_dropped_and_harms_nobody(certificate):
    cert, key = certificate
    async with Server("--tls-cert", str(cert), "--tls-key", str(key), scheme="https") as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 10)
        assert not answer.startswith(b"HTTP/1.1 200")
        writer.close()
        rest = Rest(server.url, verify=ssl.create_default_context(cafile=cert))
        assert (await rest.get("/healthz")).status_code == 200
        await rest.close()


async def test_a_certificate_that_cannot_be_read_is_a_clear_error(certificate, tmp_path):
    status, output = await run_to_end(
        "serve", "--listen", "127.0.0.1:0", "--media-port", "0", "--tls-cert", str(tmp_path / "missing.pem"), "--tls-key", str(certificate[1]))
    assert status != 0 and "missing.pem" in output
