"""`switchyard load --driver janus`: the same clients at somebody else's server, a real one."""

import json

import pytest

from janus import Janus, missing, own_address
from server import run_to_end

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


async def test_a_meeting_in_janus_sees_and_hears_each_other_without_loss(tmp_path):
    report = tmp_path / "report.json"
    async with Janus(tmp_path) as janus:
        status, output = await run_to_end(
            "load", "meeting", "3", "--driver", "janus", "--target", janus.url, "--allow-target", own_address(), "--video", "600k",
            "--duration", "6s", "--max-loss", "0", "--min-joined", "100", "--srtp", "SRTP_AEAD_AES_128_GCM",
            "--server-pid", str(janus.process.pid), "--json", str(report), within=30)
    assert status == 0, output
    found = json.loads(report.read_text())
    assert found["profile"] == "SRTP_AEAD_AES_128_GCM"
    names = {"publisher-0", "publisher-1", "publisher-2"}
    assert {(pair["from"], pair["to"]) for pair in found["pairs"]} == {
        (one, other) for one in names for other in names if one != other}
    for pair in found["pairs"]:
        assert pair["audioPackets"] > 50 and pair["videoFrames"] > 30, pair
    received = found["received"]
    assert (received["corrupted"], received["forged"], received["silentStreams"]) == (0, 0, 0)
    assert found["errors"] == []


async def test_what_janus_refuses_is_told_in_its_words(tmp_path):
    async with Janus(tmp_path) as janus:
        status, output = await run_to_end(
            "load", "webinar", "1", "--driver", "janus", "--target", janus.url + "-elsewhere", "--duration", "1s", within=15)
    assert status == 1
    assert "404" in output
