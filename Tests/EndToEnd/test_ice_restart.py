"""ICE restarts, with Chromium (aiortc has none), by REST from inside a page that is its own small backend."""

import pytest

from polling import eventually
from rest import unique

# Publishes the fake camera as `user` by fetch; `restart()` offers again with new ICE credentials.
PUBLISH = """
async ([room, user]) => {
  const post = async (path, body) => {
    const response = await fetch(`/rooms/${room}/users/${path}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  };
  const connection = new RTCPeerConnection();
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180, frameRate: 15 } });
  for (const track of stream.getTracks()) connection.addTrack(track, stream);
  globalThis.connection = connection;
  globalThis.offer = async (options) => {
    await connection.setLocalDescription(await connection.createOffer(options));
    const { type, sdp } = connection.localDescription;
    const response = await post(`${user}/produce`, { offer: { type, sdp } });
    await connection.setRemoteDescription(response.answer);
    return response;
  };
  await post(user, {});
  return offer();
}"""


def credentials(sdp):
    return next(line for line in sdp.splitlines() if line.startswith("a=ice-ufrag:"))


def fingerprint(sdp):
    return next(line for line in sdp.splitlines() if line.startswith("a=fingerprint:"))


@pytest.fixture
async def publisher(visit, chromium, room):
    visitor = await visit(chromium, "Publisher")
    await visitor.page.goto(visitor.server.url)
    return visitor


async def test_a_publisher_that_restarts_ice_keeps_dtls_and_the_picture(publisher, stage, rest, room):
    viewer = await stage.subscriber("viewer")
    page = publisher.page
    first = await page.evaluate(PUBLISH, [room, "camera"])
    await viewer.consume("camera", first["outbound"][0]["offer"])
    await eventually(lambda: viewer["camera"].picture and viewer["camera"].picture.frames > 5, "Chromium's picture at aiortc", 15)

    again = await page.evaluate("offer({ iceRestart: true })")
    assert credentials(again["answer"]["sdp"]) != credentials(first["answer"]["sdp"])
    assert fingerprint(again["answer"]["sdp"]) == fingerprint(first["answer"]["sdp"])
    before = viewer["camera"].picture.frames
    await eventually(lambda: viewer["camera"].picture.frames > before + 10, "the picture goes on after the restart", 10)
    assert await page.evaluate("connection.connectionState") == "connected"


async def test_a_subscriber_page_restarts_ice_by_a_fresh_offer(publisher, visit, chromium, rest):
    """`consume/:producer_id/offer` for a connection that lives is a re-offer with new credentials."""
    room = unique("room")
    anna, ben = await visit(chromium, "Anna"), await visit(chromium, "Ben")
    await anna.join(room)
    await ben.join(room)
    await ben.sees("Anna")
    look = "[...meeting.users.values()][0].subscriber.connection"
    old = await ben.evaluate(f"{look}.remoteDescription.sdp")
    await ben.evaluate(f"globalThis.before = {look}")
    await ben.evaluate("[...meeting.users.values()][0].subscriber.recover()")

    async def renewed():
        return credentials(await ben.evaluate(f"{look}.remoteDescription.sdp")) != credentials(old)

    await eventually(renewed, "a re-offer with new ICE credentials", 10)
    assert await ben.evaluate(f"{look} === before"), "the living connection is kept"
    await ben.sees("Anna")
