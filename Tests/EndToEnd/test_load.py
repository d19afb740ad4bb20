"""`switchyard load`: rooms of synthetic clients against the real server, and what it says about them."""

import asyncio
import json
import ssl

import pytest

from polling import eventually
from rest import Rest
from server import REPOSITORY, Server, run_to_end


async def load(server, *arguments, within=18):
    return await run_to_end("load", *arguments, "--target", server.url, within=within)


async def test_a_meeting_of_three_sees_and_hears_each_other_without_loss(server, rest, tmp_path):
    report, page = tmp_path / "report.json", tmp_path / "report.html"
    status, output = await load(
        server, "meeting", "3", "--video", "600k", "--duration", "3s", "--max-loss", "0", "--min-joined", "100",
        "--server-pid", str(server.process.pid), "--json", str(report), "--html", str(page))
    assert status == 0, output
    found = json.loads(report.read_text())
    assert found["participants"] == {"wanted": 3, "joined": 3, "failed": 0, "left": 0}
    received = found["received"]
    assert {name: received[name] for name in ("lost", "duplicated", "reordered", "corrupted", "forged", "silentStreams")} == {
        "lost": 0, "duplicated": 0, "reordered": 0, "corrupted": 0, "forged": 0, "silentStreams": 0}
    pairs = {(pair["from"], pair["to"]): pair for pair in found["pairs"]}
    names = {"publisher-0", "publisher-1", "publisher-2"}
    assert set(pairs) == {(one, other) for one in names for other in names if one != other}
    for pair in pairs.values():
        # 30 frames and 50 packets of sound a second, for about three seconds.
        assert 60 <= pair["videoFrames"] <= 120 and 100 <= pair["audioPackets"] <= 200, pair
    assert 0 < found["latencyMilliseconds"]["p50"] <= found["latencyMilliseconds"]["p99"]
    assert len(found["joinTimes"]) == 3
    assert found["samples"] and found["server"]["cpuSeconds"] > 0 and found["server"]["peakMebibytes"] > 1
    assert page.read_text().count("<svg") == 6
    assert "joined" in output and "3 of 3" in output
    assert (await rest.get("/rooms")).json() == [], "the rooms are gone"


async def report_of(server, path, *arguments):
    status, output = await load(server, *arguments, "--json", str(path))
    assert status == 0, output
    return json.loads(path.read_text())


async def test_what_is_lost_on_the_way_is_asked_for_and_comes_again(server, tmp_path):
    found = await report_of(
        server, tmp_path / "report.json", "meeting", "2", "--video", "600k", "--duration", "4s", "--drop", "5", "--drop-sent", "4", "--seed", "7")
    sent, received = found["sent"], found["received"]
    assert sent["dropped"] > 20 and received["dropped"] > 20
    # The server asks those who send, and those who receive ask the server.
    assert sent["nacked"] >= sent["retransmissions"] > 10 and received["nacked"] >= received["recovered"] > 20
    assert sent["feedbackReports"] > 20 and received["feedbackReports"] > 20 and sent["receiverReports"] > 2
    for pair in found["pairs"]:
        assert pair["lostVideo"] <= 3, pair     # but for the very last ones, after which nothing shows a gap
    assert received["corrupted"] == received["forged"] == received["duplicated"] == 0
    # On a busy machine an answer may take longer than the receiver waits before it asks again.
    assert received["superfluous"] < received["recovered"] / 2


async def test_a_storm_of_joins_costs_the_publisher_a_keyframe_each_half_second(server, tmp_path):
    found = await report_of(
        server, tmp_path / "report.json", "join-storm", "30", "--ramp", "3s", "--video", "300k", "--no-audio", "--duration", "2s",
        "--min-joined", "100")
    assert found["participants"]["joined"] == 31
    assert 1 <= found["sent"]["keyframesAskedFor"] <= 2 * found["seconds"] + 1
    # And everybody has a picture.
    assert all(pair["videoFrames"] > 20 for pair in found["pairs"])


async def test_one_subscriber_behind_a_narrow_path_takes_nothing_from_the_others(server, tmp_path):
    found = await report_of(
        server, tmp_path / "report.json", "webinar", "3", "--slow", "1:300k", "--video", "800k", "--duration", "6s",
        "--max-loss", "0", "--min-joined", "100")
    slow = found["slow"]
    assert slow["subscribers"] == 1 and slow["pathBitsPerSecond"] == 300_000
    assert 0 < slow["bytes"] * 8 < 300_000 * found["seconds"]
    others = [pair for pair in found["pairs"] if not pair["isSlow"]]
    assert len(others) == 2 and sum(pair["isSlow"] for pair in found["pairs"]) == 1
    for pair in others:
        assert pair["lost"] == 0 and pair["videoFrames"] > 0.85 * 30 * 6, pair


async def test_layers_of_simulcast_come_one_at_a_time_by_the_example_scenario(server, tmp_path):
    found = await report_of(
        server, tmp_path / "report.json", "--scenario", str(REPOSITORY / "contrib" / "load-scenario.json5"),
        "--subscribers", "3", "--duration", "3s", "--max-p99-latency", "1s")
    assert found["participants"]["joined"] == 5 and found["received"]["lost"] == 0 and found["received"]["corrupted"] == 0
    assert found["sent"]["keyframesAskedFor"] > 0
    for pair in found["pairs"]:
        assert 60 <= pair["videoFrames"] <= 130, pair


async def test_h264_and_pauses_by_the_older_srtp_profile(server, tmp_path):
    found = await report_of(
        server, tmp_path / "report.json", "webinar", "2", "--codec", "h264", "--dtx", "--srtp", "cm", "--video", "500k",
        "--duration", "3s", "--max-loss", "0", "--min-joined", "100")
    assert found["profile"] == "SRTP_AES128_CM_SHA1_80"
    assert found["received"]["corrupted"] == 0 and all(pair["videoFrames"] > 60 for pair in found["pairs"])


async def test_tls_and_ipv6(certificate, tmp_path):
    chain, key = (str(path) for path in certificate)
    async with Server("--tls-cert", chain, "--tls-key", key, "--announce", "::1", scheme="https", listen="[::1]:0") as server:
        status, output = await load(server, "webinar", "1", "--duration", "1s")
        assert status == 1 and "not trusted" in output and "--insecure" in output
        found = await report_of(
            server, tmp_path / "report.json", "webinar", "1", "--duration", "1s", "--max-loss", "0", "--min-joined", "100", "--insecure")
        assert found["received"]["packets"] > 50


async def test_an_https_server_that_hangs_up_is_an_error_and_not_the_end(certificate, tmp_path):
    chain, key = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    calls = 0

    async def answer_once(reader, writer):
        nonlocal calls
        calls += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        # As a server that crashed: without a goodbye, so that the next write meets a connection that is gone.
        writer.transport.abort()

    listener = await asyncio.start_server(answer_once, "127.0.0.1", 0, ssl=context)
    async with listener:
        report = tmp_path / "report.json"
        status, output = await run_to_end(
            "load", "webinar", "3", "--duration", "2s", "--insecure", "--min-joined", "100", "--json", str(report),
            "--target", f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
    assert status == 1 and calls > 2, (status, output)
    assert "joined, fewer than 100 %" in output and json.loads(report.read_text())["errors"]


async def test_a_scenario_file_that_is_wrong_is_named_with_what_is_wrong(tmp_path):
    path = tmp_path / "mine.json5"
    path.write_text("{preset: 'webinar 2', vidio: '1M'}")
    status, output = await run_to_end("load", "--scenario", str(path))
    assert status == 2 and "mine.json5" in output and "did you mean video?" in output


async def test_a_bound_that_cannot_hold_is_named_and_fails(server):
    status, output = await load(server, "--publishers", "0", "--subscribers", "1", "--duration", "1s", "--max-loss", "0")
    assert status == 1
    assert "broken: nothing was received" in output


async def test_a_server_that_lets_nobody_in_breaks_the_bound_on_joins():
    async with Server("--api-key", "secret") as closed:
        status, output = await load(closed, "webinar", "2", "--duration", "1s", "--min-joined", "100")
        assert status == 1
        assert "joined, fewer than 100 %" in output and "401" in output
        status, output = await load(closed, "webinar", "2", "--duration", "1s", "--min-joined", "100", "--api-key", "secret")
        assert status == 0, output


async def test_who_watches_may_come_and_go(server, rest):
    status, output = await load(
        server, "churn", "3", "--leave-churn", "120", "--video", "300k", "--duration", "3s", "--max-loss", "0", "--min-joined", "100")
    assert status == 0, output
    assert " left" in output


async def metric(rest, name):
    text = (await rest.get("/metrics")).text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


@pytest.mark.parametrize("scenario", [["meeting", "4"], ["webinar", "12"], ["audio-room", "6"], ["churn", "6", "--leave-churn", "120"]])
async def test_a_room_on_two_workers_loses_nothing(scenario, tmp_path):
    report = tmp_path / "report.json"
    async with Server("--workers", "2", "--rooms-spread", "2") as server:
        rest = Rest(server.url)
        status, output = await load(
            server, *scenario, "--video", "600k", "--duration", "3s", "--max-loss", "0", "--min-joined", "100", "--json", str(report))
        assert status == 0, output
        received = json.loads(report.read_text())["received"]
        assert {name: received[name] for name in ("lost", "duplicated", "reordered", "corrupted", "forged", "silentStreams")} == {
            "lost": 0, "duplicated": 0, "reordered": 0, "corrupted": 0, "forged": 0, "silentStreams": 0}
        await eventually_more(rest, "switchyard_handed_over_packets_total")
        assert await metric(rest, "switchyard_hand_over_drops_total") == 0
        await rest.close()


async def eventually_more(rest, name):
    """Totals come once a second."""
    async def is_positive():
        return await metric(rest, name) > 0
    await eventually(is_positive, f"{name} above 0", within=3)


async def test_targets_elsewhere_are_refused_with_the_reason():
    status, output = await run_to_end("load", "meeting", "2", "--target", "http://192.0.2.1:8080")
    assert status == 2
    assert "--allow-target 192.0.2.1" in output and "attack" in output


async def test_without_a_server_it_says_so():
    status, output = await run_to_end("load", "meeting", "2", "--target", "http://127.0.0.1:1")
    assert status == 1 and "127.0.0.1:1: Connection refused" in output
