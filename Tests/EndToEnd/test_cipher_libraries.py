"""libipsec-mb is optional: without it the server starts and OpenSSL encrypts; only where it was asked for by name it is missed."""

import pytest

from rest import Rest, unique
from server import Server, run_to_end


@pytest.fixture
def without_multi_buffer(tmp_path):
    """An environment in which libipsec-mb cannot be loaded: in its place there is a file that is no library."""
    (tmp_path / "libIPSec_MB.so.1").write_bytes(b"")
    return {"LD_LIBRARY_PATH": str(tmp_path)}


def cipher_line(server):
    return next(line for line in server.log().splitlines() if "srtp.backend" in line)


async def test_the_server_starts_without_the_multi_buffer_library(without_multi_buffer):
    async with Server(environment=without_multi_buffer) as server:
        assert "openssl" in cipher_line(server)
        assert "ipsec-mb" not in server.log()
        rest = Rest(server.url)
        try:
            assert await rest.create_room(unique("room"))
            assert 'gcm="openssl' in (await rest.get("/metrics")).text
        finally:
            await rest.close()


async def test_a_multi_buffer_library_that_was_named_and_is_missing_is_a_start_error(without_multi_buffer):
    status, output = await run_to_end(
        "serve", "--listen", "127.0.0.1:0", "--media-port", "0", "--srtp-backend", "ipsec-mb", environment=without_multi_buffer)
    assert status != 0
    assert "srtp.backend: ipsec-mb: " in output
    assert "libIPSec_MB.so.1 cannot be loaded" in output
    assert "libipsec-mb1" in output, "names the package"
    assert "ready" not in output
