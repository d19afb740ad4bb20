"""HTTP byte by byte, for what no well-behaved client sends."""

import asyncio


async def exchange(server, request, within=15):
    """Sends bytes over one connection and reads until the server closes it; (status, headers, body) of the first response."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        writer.write(request)
        return await asyncio.wait_for(read_response(reader), within)
    finally:
        writer.close()


async def read_response(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    status = int(head[0].split(" ")[1])
    if status == 100:
        return status, headers, b""
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return status, headers, body
    return status, headers, await reader.readexactly(int(headers.get("content-length", "0")))


def request(server, method, path, body=b"", **headers):
    """The bytes of a request; keyword names become header names with dashes."""
    lines = {"Host": server.address, **({"Content-Length": len(body)} if body else {})}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    return (f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None) + "\r\n").encode() + body
