"""What the documentation shows can be run as it is."""

import re

from polling import eventually
from server import REPOSITORY


def blocks(language):
    text = (REPOSITORY / "docs" / "mediaserver.md").read_text()
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
