"""The listener under clients that are careless, slow or hostile: each gets a clear answer and slows nobody else."""

import asyncio

import pytest

from polling import eventually
from raw_http import exchange, read_response, request
from rest import unique


async def test_a_body_over_one_mebibyte_is_refused(server, rest, room):
    big = b'{"userInfo": "' + b"x" * (1 << 20) + b'"}'
    assert (await rest.http.post(f"/rooms/{room}/users/1", content=big)).status_code == 413
    # Refused by its announced length alone, before it was sent.
    status, _, _ = await exchange(server, request(server, "POST", "/rooms", Content_Length=1 << 40))
    assert status == 413
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    status, _, _ = await exchange(server, request(server, "POST", "/rooms", Transfer_Encoding="chunked") + chunk * 20)
    assert status == 413


async def test_headers_that_are_too_long_are_refused(server):
    status, _, _ = await exchange(server, request(server, "GET", "/healthz", X_Long="x" * 200_000))
    assert status == 431
    many = request(server, "GET", "/healthz", **{f"X-{number}": "y" for number in range(5_000)})
    assert (await exchange(server, many))[0] == 431
    assert (await exchange(server, request(server, "GET", "/" + "z" * 200_000)))[0] in (414, 431)


async def test_chunked_bodies_and_expect_continue_work(server):
    room = unique("room")
    chunked = request(server, "POST", f"/rooms/{room}", Transfer_Encoding="chunked") + b'5\r\n{"use\r\nD\r\nrId": "one"} \r\n0\r\n\r\n'
    status, _, body = await exchange(server, chunked)
    assert status == 200 and b'"one"' in body

    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request(server, "POST", f"/rooms/{unique('room')}", Expect="100-continue", Content_Length=2))
    assert (await asyncio.wait_for(read_response(reader), 5))[0] == 100
    writer.write(b"{}")
    assert (await asyncio.wait_for(read_response(reader), 5))[0] == 200
    writer.close()


async def test_one_connection_serves_many_requests_also_pipelined(server):
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request(server, "GET", "/healthz") + request(server, "GET", "/version") + request(server, "GET", "/nothing"))
    assert [(await asyncio.wait_for(read_response(reader), 5))[0] for _ in range(3)] == [200, 200, 404]
    writer.write(request(server, "GET", "/healthz"))
    assert (await asyncio.wait_for(read_response(reader), 5))[0] == 200
    writer.close()


@pytest.mark.parametrize("text", [
    b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"GET /healthz HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n",
    b"POST /rooms HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /rooms HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nXYZ\r\n"])
async def test_what_is_not_http_is_refused_and_closed(server, rest, text):
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(text)
    answer = await asyncio.wait_for(reader.read(), 12)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")), answer[:100]
    writer.close()
    assert (await rest.get("/healthz")).status_code == 200


async def test_connections_beyond_the_limit_do_not_keep_the_server_from_answering(server, rest):
    """Idle connections, more than any sensible number of clients, then closed: the server answers again."""
    idle = []
    for _ in range(1_500):
        try:
            idle.append(await asyncio.wait_for(asyncio.open_connection(server.host, server.port), 2))
        except (OSError, TimeoutError):
            break
    for _, writer in idle:
        writer.close()

    async def answers():
        try:
            return (await rest.get("/healthz")).status_code == 200
        except Exception:
            return False

    await eventually(answers, "the server answers", 10)
