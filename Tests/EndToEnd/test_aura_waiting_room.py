"""The waiting room played through by real clients: each notification is heard by those who should hear it, and by nobody else."""

import pytest

from aura_meeting import Meeting
from polling import eventually


@pytest.fixture
async def meeting(server, rest):
    async with Meeting(server, rest) as meeting:
        yield meeting


async def crowd(meeting):
    """`anna` (admin) and `ben` in the room, `vera` waiting; all of that heard."""
    anna, ben = await meeting.member("anna"), await meeting.member("ben")
    vera = await meeting.waiting("vera")
    knock = ("member_waiting", {"member": "vera", "name": "Vera"})
    assert await meeting.heard() == {
        "anna": [("member_join_room", (await ben.call("get_room_members"))[1]), knock], "ben": [knock]}
    return anna, ben, vera


async def test_waiting_is_told_to_the_members(meeting):
    anna, _, _ = await crowd(meeting)
    await meeting.waiting("cleo", user="cleo")
    knock = ("member_waiting", {"member": "cleo", "name": "Cleo", "user": meeting.users["cleo"]["uuid"]})
    assert await meeting.heard() == {"anna": [knock], "ben": [knock]}
    assert await anna.call("get_waiting_room_members") == [{"member": "vera", "name": "Vera"}, knock[1]]


async def test_a_nudge_is_told_to_the_admins(meeting):
    _, ben, vera = await crowd(meeting)
    await vera.call("still_waiting")
    assert await meeting.heard() == {"anna": [("member_waiting", {"member": "vera", "name": "Vera"})]}
    assert (await ben.refusal("still_waiting")).code == 400


async def test_who_is_allowed_gets_in_by_the_token(meeting):
    anna, ben, vera = await crowd(meeting)
    assert (await ben.refusal("allow_member", member="vera", auth_token=ben.token)).code == 403
    assert (await vera.refusal("allow_member", member="vera", auth_token=anna.token)).code in (400, 401)
    assert await meeting.heard() == {}
    assert await anna.call("allow_member", member="vera", auth_token=anna.token) == {}
    heard = await meeting.heard()
    token = heard["vera"][0][1]["auth_token"]
    assert heard == {"anna": [("member_waiting_allowed", {"member": "vera"})], "vera": [("member_allowed", {"auth_token": token})]}

    joined = await vera.join(token)
    assert [each["id"] for each in joined["members"]] == ["anna", "ben", "vera"] and not joined["is_admin"]
    row = joined["members"][2]
    assert await meeting.heard() == {"anna": [("member_join_room", row)], "ben": [("member_join_room", row)]}


async def test_who_is_rejected_may_ask_again(meeting):
    anna, _, vera = await crowd(meeting)
    assert await anna.call("reject_member", member="vera", auth_token=anna.token) == {}
    assert await meeting.heard() == {"anna": [("member_waiting_rejected", {"member": "vera"})], "vera": [("member_rejected", {})]}
    assert (await anna.refusal("allow_member", member="vera", auth_token=anna.token)).code == 404
    assert (await vera.refusal("authenticate", **vera.introduction)).code == 403
    assert set(await meeting.heard()) == {"anna", "ben"}


@pytest.mark.parametrize("how", ["leave", "close", "drop"])
async def test_who_gives_up_is_told_to_the_members(meeting, how):
    anna, _, vera = await crowd(meeting)
    if how == "leave":
        await vera.call("leave_room")
    elif how == "close":
        await vera.close()
    else:
        vera.drop()
    await anna.hears("member_leave_waiting_room", member="vera")
    gone = ("member_leave_waiting_room", {"member": "vera"})
    assert await meeting.heard() == {"anna": [gone], "ben": [gone]}
    assert await anna.call("get_waiting_room_members") == []


async def test_who_waits_waits_on_when_the_admin_goes(meeting):
    anna, ben, vera = await crowd(meeting)
    await anna.call("leave_room")
    assert await meeting.heard() == {"ben": [("member_leave_room", {"member": "anna", "by_admin": False})]}
    await vera.call("still_waiting")
    assert await meeting.heard() == {}
    await anna.join()
    await anna.call("allow_member", member="vera", auth_token=anna.token)
    assert [name for name, _ in (await meeting.heard())["vera"]] == ["member_allowed"]
    assert ben


async def test_the_end_of_the_room_is_told_to_everybody(meeting):
    anna, ben, vera = await crowd(meeting)
    await meeting.delete()
    assert await meeting.heard() == {
        "anna": [("member_leave_room", {"member": "anna", "by_admin": True})],
        "ben": [("member_leave_room", {"member": "ben", "by_admin": True})], "vera": [("member_rejected", {})]}
    assert (await anna.refusal("join_room", sdp="v=0", auth_token=anna.token)).code == 401
    assert (await vera.refusal("authenticate", **vera.introduction)).code == 404
    assert (await ben.refusal("get_room_members")).code == 400


async def test_a_member_that_was_lost_comes_back_within_ten_seconds(meeting):
    anna, ben, _ = await crowd(meeting)
    await ben.call("raise_hand")
    assert (await (await meeting.person("other")).refusal("watch_room", auth_token=ben.token)).code == 409
    await meeting.heard()
    ben.drop()
    back = await meeting.person("back")

    async def let_in():
        try:
            return await back.call("watch_room", auth_token=ben.token)
        except Exception:
            return None

    assert await eventually(let_in, "the server sees that the socket is gone", 5) == {"room_id": meeting.room}
    row = next(each for each in await back.call("get_room_members") if each["id"] == "ben")
    assert row["hand_raised"]
    assert await meeting.heard() == {}
    back.drop()
    await anna.hears("member_leave_room", within=14, member="ben", by_admin=False)
