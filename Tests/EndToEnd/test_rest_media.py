"""produce and consume by plain HTTP with real browsers' descriptions: shapes and errors. No media flows here."""

import asyncio
import hashlib
import re

import pytest

from peers import Subscription, offer_for
from rest import canned_offer, error_fields, users


def lines(sdp, prefix):
    return [line for line in sdp.splitlines() if line.startswith(prefix)]


def sections(sdp):
    """The m-lines of a description, each with its lines."""
    return ["m=" + each for each in re.split(r"^m=", sdp, flags=re.MULTILINE)[1:]]


@pytest.fixture
async def studio(rest, room):
    """A room with users 1, 2 and 3; nobody produces."""
    for user in ("1", "2", "3"):
        await rest.add_user(room, user, {"contactId": int(user) * 11})
    return room


@pytest.fixture
async def answering():
    """`await answering(offer)`: aiortc's answer, without connecting."""
    open_ones = []

    async def answer(offer):
        subscription = Subscription()
        open_ones.append(subscription)
        return await subscription.answer(offer)

    yield answer
    for each in open_ones:
        await each.close()


@pytest.mark.parametrize("browser", ["chromium-156-audio-video-sendonly", "chromium-156-audio-video-max-bundle", "firefox-153esr-audio-video-sendonly"])
async def test_produce_answers_what_a_stock_browser_accepts(rest, studio, browser):
    offer = canned_offer(browser)
    response = await rest.produce(studio, "1", offer=offer)
    assert set(response) == {"answer", "id", "userInfo", "constraints", "outbound"}
    assert response["id"] == "1" and response["userInfo"] == {"contactId": 11}
    assert response["constraints"] == {"audio": True, "video": True}
    assert response["answer"]["type"] == "answer"
    sdp = response["answer"]["sdp"]
    assert "\r\n" in sdp and sdp.endswith("\r\n")
    offered, answered = sections(offer["sdp"]), sections(sdp)
    assert [each.split(" ")[0] for each in offered] == [each.split(" ")[0] for each in answered]
    assert lines(sdp, "a=group:BUNDLE") == lines(offer["sdp"], "a=group:BUNDLE")
    assert lines(sdp, "a=mid:") == lines(offer["sdp"], "a=mid:")
    assert all("a=rtcp-mux" in section and "a=recvonly" in section for section in answered)
    assert "a=fingerprint:sha-256 " in sdp and "a=setup:passive" in sdp
    assert all("a=rtcp-rsize" in section for section in answered if section.startswith("m=video"))
    assert lines(sdp, "a=ice-ufrag:") and lines(sdp, "a=ice-pwd:") and "a=ice-lite" in sdp
    assert lines(sdp, "a=candidate:") and "a=end-of-candidates" in sdp
    # One codec and its RTX for each video line.
    video = next(each for each in answered if each.startswith("m=video"))
    assert len({line.split(" ")[1].split("/")[0].lower() for line in lines(video, "a=rtpmap:")} - {"rtx"}) == 1


async def test_every_other_user_gets_an_offer_of_its_own(rest, studio):
    outbound = (await rest.produce(studio, "1", offer=canned_offer()))["outbound"]
    assert sorted(each["id"] for each in outbound) == ["2", "3"]
    assert all(each["userInfo"] == {"contactId": int(each["id"]) * 11} and each["offer"]["type"] == "offer" for each in outbound)
    first, second = [each["offer"]["sdp"] for each in outbound]
    assert lines(first, "a=ice-ufrag:") != lines(second, "a=ice-ufrag:")
    assert lines(first, "o=") != lines(second, "o=")
    for sdp in (first, second):
        assert [each.split(" ")[0] for each in sections(sdp)] == ["m=audio", "m=video"]
        assert sdp.count("a=sendonly") == 2 and "a=group:BUNDLE" in sdp and "a=setup:actpass" in sdp
        assert lines(sdp, "a=ssrc:") and "a=rtcp-mux" in sdp and "a=candidate:" in sdp


async def test_the_stream_of_an_offer_is_the_producers_id_or_its_hash(rest, room):
    strange = "strange id/with ünicode"
    for user in ("plain-id", strange, "viewer"):
        await rest.add_user(room, user)
    for user, stream in [("plain-id", "plain-id"), (strange, hashlib.sha256(strange.encode()).hexdigest())]:
        sdp = offer_for("viewer", (await rest.produce(room, user, offer=canned_offer()))["outbound"])["sdp"]
        assert {line.split(":")[1].split(" ")[0] for line in lines(sdp, "a=msid:")} == {stream}


async def test_a_newcomer_gets_offers_and_constraints_of_all_who_produce(rest, studio):
    await rest.produce(studio, "1", offer=canned_offer(), constraints={"audio": True, "video": False})
    newcomer = await rest.add_user(studio, "4")
    there = {each["id"]: each for each in newcomer["users"]}
    assert set(there) == {"1", "2", "3"}
    assert there["1"]["offer"]["type"] == "offer" and there["1"]["constraints"] == {"audio": True, "video": False}
    assert "offer" not in there["2"]


async def test_constraints_alone_change_no_sdp(rest, studio):
    await rest.produce(studio, "1", offer=canned_offer())
    response = await rest.produce(studio, "1", constraints={"audio": False, "video": True})
    assert response == {
        "id": "1", "userInfo": {"contactId": 11}, "constraints": {"audio": False, "video": True},
        "outbound": [{"id": "2", "userInfo": {"contactId": 22}}, {"id": "3", "userInfo": {"contactId": 33}}]}


async def test_constraints_for_a_kind_that_was_not_offered_are_false(rest, studio):
    offer = canned_offer("chromium-156-audio-only")
    assert (await rest.produce(studio, "1", offer=offer, constraints={"audio": True, "video": True}))["constraints"] == {"audio": True, "video": False}
    assert (await rest.produce(studio, "1", constraints={"audio": True, "video": True}))["constraints"] == {"audio": True, "video": False}


async def test_produce_errors_name_the_field_and_change_nothing(rest, studio):
    path = f"{users(studio, '1')}/produce"
    assert error_fields(await rest.post(path, {}), 400) <= {"offer", "constraints", "body"}
    assert error_fields(await rest.post(path, {"constraints": {"audio": True, "video": True}}), 409) <= {"constraints", "user_id", "offer"}
    for offer in ["text", 7, {}, {"type": "offer"}, {"sdp": canned_offer()["sdp"], "type": "answer"}, {"type": "offer", "sdp": ""},
                  {"type": "offer", "sdp": "v=0\r\n"}, {"type": "offer", "sdp": "nonsense"}, {"type": "offer", "sdp": 5}]:
        fields = error_fields(await rest.post(path, {"offer": offer}), 400)
        assert fields <= {"offer", "body"}, offer
    for constraints in ["yes", {"audio": "loud"}, 1]:
        fields = error_fields(await rest.post(path, {"offer": canned_offer(), "constraints": constraints}), 400)
        assert fields <= {"constraints", "body"}, constraints
    assert error_fields(await rest.post(f"{users(studio, 'nobody')}/produce", {"offer": canned_offer()}), 404) == {"user_id"}
    assert error_fields(await rest.post(f"{users('nowhere', '1')}/produce", {"offer": canned_offer()}), 404) == {"room_id"}
    assert all("produce" not in each for each in (await rest.room(studio))["users"])


@pytest.mark.parametrize("missing", ["a=fingerprint:", "a=ice-ufrag:", "a=ice-pwd:"])
async def test_an_offer_without_what_security_needs_is_refused(rest, studio, missing):
    offer = canned_offer()
    kept = [line for line in offer["sdp"].splitlines() if not line.startswith(missing)]
    response = await rest.post(f"{users(studio, '1')}/produce", {"offer": {"type": "offer", "sdp": "\r\n".join(kept) + "\r\n"}})
    assert error_fields(response, 400) == {"offer"}


async def test_a_description_of_too_many_bytes_or_lines_is_refused(rest, studio):
    offer = canned_offer()
    path = f"{users(studio, '1')}/produce"
    long = {"type": "offer", "sdp": offer["sdp"] + "a=x:" + "y" * 270_000 + "\r\n"}
    assert (await rest.post(path, {"offer": long})).status_code in (400, 413)
    many = {"type": "offer", "sdp": offer["sdp"] + sections(offer["sdp"])[0] * 300}
    assert (await rest.post(path, {"offer": many})).status_code in (400, 413)
    assert "produce" not in (await rest.room(studio))["users"][0]


async def test_a_data_channel_is_refused_with_port_zero_even_when_it_comes_first(rest, studio):
    for user, name in [("1", "chromium-156-data-first"), ("2", "firefox-153esr-data-first")]:
        answer = (await rest.produce(studio, user, offer=canned_offer(name)))["answer"]["sdp"]
        data = [each for each in sections(answer) if each.startswith("m=application")]
        assert len(data) == 1 and data[0].startswith("m=application 0 ")
        bundled = lines(answer, "a=group:BUNDLE")[0].split(" ")[1:]
        assert bundled and not set(bundled) & {line.split(":")[1] for line in lines(data[0], "a=mid:")}


async def test_stopping_tells_whom_to_notify_and_is_not_found_twice(rest, studio):
    await rest.produce(studio, "1", offer=canned_offer())
    assert await rest.stop_producing(studio, "1") == {
        "id": "1", "userInfo": {"contactId": 11}, "constraints": {"audio": False, "video": False},
        "outbound": [{"id": "2", "userInfo": {"contactId": 22}}, {"id": "3", "userInfo": {"contactId": 33}}]}
    assert error_fields(await rest.delete(f"{users(studio, '1')}/produce"), 404) == {"user_id"}
    assert "offer" not in {each["id"]: each for each in (await rest.add_user(studio, "4"))["users"]}["1"]


async def test_consume_accepts_an_answer_at_once(rest, studio, answering):
    offer = offer_for("2", (await rest.produce(studio, "1", offer=canned_offer()))["outbound"])
    assert await rest.consume(studio, "2", id="1", answer=await answering(offer)) == {"status": "connected"}


async def test_consume_errors_name_the_field(rest, studio, answering):
    path = f"{users(studio, '2')}/consume"
    offer = offer_for("2", (await rest.produce(studio, "1", offer=canned_offer()))["outbound"])
    answer = await answering(offer)
    assert error_fields(await rest.post(path, {"answer": answer}), 400) == {"id"}
    assert error_fields(await rest.post(path, {"id": "1"}), 400) == {"answer"}
    assert error_fields(await rest.post(path, {}), 400) <= {"id", "answer", "body"}
    assert error_fields(await rest.post(path, {"id": "nobody", "answer": answer}), 404) == {"id"}
    assert error_fields(await rest.post(path, {"id": "3", "answer": answer}), 404) == {"id"}
    assert error_fields(await rest.post(path, {"id": "1", "answer": {"type": "answer", "sdp": "nonsense"}}), 400) == {"answer"}
    assert error_fields(await rest.post(path, {"id": "1", "answer": {**answer, "type": "offer"}}), 400) == {"answer"}
    assert error_fields(await rest.post(f"{users(studio, 'nobody')}/consume", {"id": "1", "answer": answer}), 404) == {"user_id"}
    # After all this the good answer still counts.
    assert await rest.consume(studio, "2", id="1", answer=answer) == {"status": "connected"}


async def test_an_answer_that_does_not_fit_the_offer_is_a_conflict(rest, studio, answering):
    path = f"{users(studio, '2')}/consume"
    offer = offer_for("2", (await rest.produce(studio, "1", offer=canned_offer()))["outbound"])
    answer = await answering(offer)
    parts = sections(answer["sdp"])
    head = answer["sdp"][: answer["sdp"].index("m=")]
    for bad in (head + parts[0], head + parts[1] + parts[0], answer["sdp"].replace("a=mid:", "a=mid:x")):
        assert error_fields(await rest.post(path, {"id": "1", "answer": {"type": "answer", "sdp": bad}}), 409) == {"answer"}


async def test_an_answer_to_a_superseded_offer_is_a_conflict(rest, studio, answering):
    old = offer_for("2", (await rest.produce(studio, "1", offer=canned_offer("chromium-156-life-1-start")))["outbound"])
    answer = await answering(old)
    response = await rest.produce(studio, "1", offer=canned_offer("chromium-156-life-2-screen-added"))
    assert len(sections(offer_for("2", response["outbound"])["sdp"])) == len(sections(old["sdp"])) + 1
    assert error_fields(await rest.post(f"{users(studio, '2')}/consume", {"id": "1", "answer": answer}), 409) == {"answer"}
    new = await answering(offer_for("2", response["outbound"]))
    assert await rest.consume(studio, "2", id="1", answer=new) == {"status": "connected"}


async def test_several_answers_are_applied_all_or_none(rest, studio, answering):
    path = f"{users(studio, '3')}/consume"
    answers = []
    for user in ("1", "2"):
        offer = offer_for("3", (await rest.produce(studio, user, offer=canned_offer()))["outbound"])
        answers.append({"id": user, "answer": await answering(offer)})
    bad = [answers[0], {**answers[1], "id": "nobody"}]
    response = await rest.post(path, {"answers": bad})
    assert error_fields(response, 404) == {"id"} and "nobody" in response.text
    # Had the first one been applied, it would not be taken again.
    assert await rest.consume(studio, "3", answers=answers) == {"status": "connected"}


async def test_a_fresh_offer_restarts_ice_or_is_for_a_new_connection(rest, studio, answering):
    first = offer_for("2", (await rest.produce(studio, "1", offer=canned_offer()))["outbound"])
    fresh = await rest.fresh_offer(studio, "2", "1")
    assert set(fresh) == {"id", "offer"} and fresh["id"] == "1" and fresh["offer"]["type"] == "offer"
    assert lines(fresh["offer"]["sdp"], "a=ice-ufrag:") != lines(first["sdp"], "a=ice-ufrag:")
    assert await rest.consume(studio, "2", id="1", answer=await answering(fresh["offer"])) == {"status": "connected"}
    for producer in ("3", "nobody"):
        assert error_fields(await rest.post(f"{users(studio, '2')}/consume/{producer}/offer"), 404) == {"id"}


async def test_a_track_whose_codec_the_subscriber_lacks_is_refused_by_name(rest, studio, answering):
    vp9 = only_video_codec(canned_offer(), "VP9")
    offer = offer_for("2", (await rest.produce(studio, "1", offer=vp9))["outbound"])
    # aiortc lacks VP9, so it is shown another name; its answer is then changed to what a browser without the codec says: port 0.
    answer = await answering({**offer, "sdp": offer["sdp"].replace("VP9/", "VP8/")})
    audio, video = sections(answer["sdp"])
    head = answer["sdp"][: answer["sdp"].index("m=")].replace(lines(answer["sdp"], "a=group:BUNDLE")[0], "a=group:BUNDLE " + lines(audio, "a=mid:")[0][6:])
    mid = lines(video, "a=mid:")[0]
    rejected = f"m=video 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n{mid}\r\n"
    response = await rest.consume(studio, "2", id="1", answer={"type": "answer", "sdp": head + audio + rejected})
    assert response["status"] == "connected"
    assert [(each["id"], each["mid"]) for each in response["refused"]] == [("1", mid[6:])]
    assert "VP9" in response["refused"][0]["codec"].upper()


def only_video_codec(offer, name):
    """The offer with that codec's payload types alone in its m=video line."""
    video = next(each for each in sections(offer["sdp"]) if each.startswith("m=video"))
    kept = [line.split(":")[1].split(" ")[0] for line in lines(video, "a=rtpmap:") if f" {name}/" in line]
    first = lines(video, "m=video")[0]
    return {"type": "offer", "sdp": offer["sdp"].replace(first, " ".join(first.split(" ")[:3] + kept))}


@pytest.mark.parametrize("name", ["chromium-156-prefer-h264", "chromium-156-prefer-vp9", "chromium-156-prefer-av1", "chromium-156-prefer-vp8"])
async def test_the_publishers_first_codec_is_taken(rest, studio, name):
    answer = (await rest.produce(studio, "1", offer=canned_offer(name)))["answer"]["sdp"]
    video = next(each for each in sections(answer) if each.startswith("m=video"))
    assert lines(video, "a=rtpmap:")[0].split(" ")[1].split("/")[0].lower() == name.rsplit("-", 1)[1]


async def test_many_produce_calls_at_once_stay_in_order(rest, studio):
    await rest.produce(studio, "1", offer=canned_offer())
    states = [{"audio": bool(number & 1), "video": bool(number & 2)} for number in range(20)]
    responses = await asyncio.gather(*(rest.produce(studio, "1", constraints=each) for each in states))
    assert [each["constraints"] for each in responses] == states


async def test_a_preference_is_merged_and_survives_a_fresh_offer(rest, studio):
    await rest.produce(studio, "1", offer=canned_offer())
    path = f"{users(studio, '2')}/consume/1"
    first = await rest.patch(path, {"width": 640, "height": 360})
    assert first.status_code == 200
    assert first.json() == {"id": "1", "mid": None, "width": 640, "height": 360, "layer": None, "paused": False, "priority": 5}
    second = (await rest.patch(path, {"layer": {"rid": "q", "temporal": 0}, "priority": 9})).json()
    layer = {"rid": "q", "encoding": None, "spatial": None, "temporal": 0}
    assert second == {"id": "1", "mid": None, "width": None, "height": None, "layer": layer, "paused": False, "priority": 9}
    await rest.fresh_offer(studio, "2", "1")
    assert (await rest.patch(path, {})).json() == second
    # Somebody else's is their own.
    assert (await rest.patch(f"{users(studio, '3')}/consume/1", {})).json()["priority"] == 5


async def test_a_preference_names_a_video_of_the_subscribers_connection(rest, studio):
    outbound = (await rest.produce(studio, "1", offer=canned_offer()))["outbound"]
    sdp = next(each["offer"]["sdp"] for each in outbound if each["id"] == "2")
    mids = {section.split(" ")[0]: lines(section, "a=mid:")[0].removeprefix("a=mid:") for section in sections(sdp)}
    path = f"{users(studio, '2')}/consume/1"
    assert (await rest.patch(path, {"mid": mids["m=video"], "paused": True})).json()["paused"] is True
    refused = await rest.patch(path, {"mid": mids["m=audio"], "paused": True})
    assert error_fields(refused, 404) == {"mid"}


@pytest.mark.parametrize("body, field", [
    ({"size": 1}, "body"), ([], "body"), ({"width": "640"}, "width"), ({"height": 0}, "height"),
    ({"layer": {}}, "layer"), ({"paused": 1}, "paused"), ({"priority": 11}, "priority"), ({"mid": 1}, "mid")])
async def test_a_bad_preference_names_its_field_and_changes_nothing(rest, studio, body, field):
    await rest.produce(studio, "1", offer=canned_offer())
    path = f"{users(studio, '2')}/consume/1"
    before = (await rest.patch(path, {"width": 320})).json()
    response = await rest.patch(path, body)
    assert error_fields(response, 400) == {field}
    assert (await rest.patch(path, {})).json() == before
