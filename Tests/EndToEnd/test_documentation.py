"""What the documentation shows can be run as it is."""

import asyncio
import os
import re
import sys

from polling import eventually
from server import REPOSITORY


def blocks(language, page="mediaserver.md"):
    text = (REPOSITORY / "docs" / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


async def paste(visitor, code, *names):
    """As the console does it: everything in one async function, the names kept for the look afterwards."""
    await visitor.page.evaluate(f"(async () => {{ {code}\nObject.assign(globalThis, {{ {', '.join(names)} }}); }})()")


async def test_the_call_that_is_shown_in_code_ends_in_a_picture(visit, chromium):
    visitor = await visit(chromium, "Reader")
    await visitor.page.goto(visitor.server.url)
    call, thumbnail, _ = blocks("js")
    await paste(visitor, call, "call", "ann", "bob")

    async def frames():
        return await visitor.page.evaluate("""(async () => {
            const all = [...(await bob.getStats()).values()];
            return all.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video')?.framesDecoded ?? 0; })()""")

    async def moving():
        return await frames() > 5

    await eventually(moving, "Bob sees Ann", 15)

    await paste(visitor, thumbnail, "held", "fromAnn")
    held, row = await visitor.page.evaluate("[held, fromAnn]")
    assert held == {"id": "ann", "mid": None, "width": 320, "height": 180, "layer": None, "paused": False, "priority": 5}
    assert row["id"] == "ann" and row["state"] == "connected" and "estimate" in row
    video = next(track for track in row["tracks"] if track["kind"] == "video")
    assert video["codec"] == "VP8" and video["layer"] and not video["paused"], video


async def test_a_camera_is_sent_in_several_sizes_as_it_is_shown(visit, chromium):
    visitor = await visit(chromium, "Reader")
    await visitor.page.goto(visitor.server.url)
    call, _, several = blocks("js")
    single = "for (const track of stream.getTracks()) ann.addTransceiver(track, { direction: 'sendonly', streams: [stream] });"
    assert single in call
    await paste(visitor, call.replace(single, f"const [track] = stream.getVideoTracks();\n{several}").replace("console", "sizes"), "call", "ann", "bob")

    async def rids():
        user = await visitor.page.evaluate("call('GET', '/rooms/sizes/users/ann')")
        tracks = [track for track in user["produce"]["tracks"] if track["kind"] == "video"]
        return len(tracks) == 1 and [layer["rid"] for layer in tracks[0]["layers"]][:2] == ["q", "h"]

    await eventually(rids, "the relay sees the sizes", 15)


async def run(*command, **variables):
    """What a command prints; it has to succeed."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, "no_proxy": "*", **variables})
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0, output.decode()
    return output.decode()


async def test_auras_room_is_made_and_its_guest_is_let_in(server, tmp_path):
    _, room, *_ = blocks("sh", "aura.md")
    [guest] = blocks("python", "aura.md")
    output = await run("bash", "-ec", room.replace("http://127.0.0.1:8080", server.url) + "\necho; echo $ROOM")
    shown, uuid = output.strip().splitlines()[-2:]
    assert f'"uuid":"{uuid}"' in shown and '"name":"Monday"' in shown
    (tmp_path / "guest.py").write_text(guest)
    refused, waiting, allowed = (await run(sys.executable, str(tmp_path / "guest.py"), server.address, uuid)).splitlines()
    [shows] = blocks("text", "aura.md")
    assert (refused, waiting) == tuple(shows.splitlines()[1:3])
    assert allowed.startswith('{"method":"member_allowed","params":{"auth_token":"')


async def test_auras_meeting_that_is_shown_in_code_ends_in_a_picture(visit, chromium, rest):
    room = (await rest.post("/v1/rooms", {"room": {"name": "shown", "open": True}})).json()["room"]["uuid"]
    visitor = await visit(chromium, "Reader")
    await visitor.page.goto(f"{visitor.server.url}/aura?room={room}")
    joining, seeing = blocks("js", "aura.md")
    address = "ws://127.0.0.1:8080"
    assert address in joining
    await paste(visitor, joining.replace(address, visitor.server.url.replace("http", "ws", 1)), "ask", "auth_token", "connection", "joined")
    assert [each["name"] for each in await visitor.page.evaluate("joined.members")] == ["Console"]
    await paste(visitor, seeing, "viewer")

    async def frames():
        return await visitor.page.evaluate("""(async () => {
            const all = [...(await viewer.getStats()).values()];
            return all.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video')?.framesDecoded ?? 0; })()""")

    async def moving():
        return await frames() > 5

    await eventually(moving, "the reader sees themself", 15)
