"""Several sizes of one camera: who gets which, by REST and by the page's own controls, in real browsers."""

import pytest

from polling import eventually, steadily
from rest import unique

SMALL, LARGE = (320, 180), (640, 360)


@pytest.fixture
async def pair(visit, chromium):
    """Anna sends two sizes; Ben's window is so large that he gets the larger one. `path` is his subscription to her."""
    room = unique("room")
    anna, ben = await visit(chromium, "Anna"), await visit(chromium, "Ben", viewport=(1300, 900))
    await anna.join(room, camera="360")
    await ben.join(room, camera="360")
    await ben.sees("Anna")
    anna.id, ben.id = (await ben.tiles())["Anna"]["user"], (await anna.tiles())["Ben"]["user"]
    await gets(ben, LARGE, within=20)
    return anna, ben


async def size(person, other="Anna"):
    return next(((each["width"], each["height"]) for each in await person.received(other, "video")), None)


async def gets(person, wanted, within):
    seen = {}

    async def fits():
        seen["size"] = await size(person)
        return seen["size"] == wanted

    await eventually(fits, lambda: f"{person.name} gets {wanted}; it is {seen}", within)


async def packets(person):
    return sum(each["packets"] for each in await person.received("Anna", "video"))


async def prefer(rest, anna, ben, **wanted):
    response = await rest.patch(f"/rooms/{ben.room}/users/{ben.id}/consume/{anna.id}", wanted)
    assert response.status_code == 200, response.text
    return response.json()


async def video(rest, room, user, way):
    """The first video that a user sends or receives, as the relay reports it."""
    row = (await rest.get(f"/rooms/{room}/users/{user}")).json().get(way)
    row = row[0] if isinstance(row, list) else row
    return next((track for track in (row or {}).get("tracks", []) if track["kind"] == "video"), None)


async def test_a_smaller_picture_is_there_within_two_seconds_and_the_large_one_comes_back(pair, rest):
    anna, ben = pair
    for _ in range(2):
        held = await prefer(rest, anna, ben, width=320, height=180)
        assert (held["width"], held["height"], held["layer"], held["paused"]) == (320, 180, None, False)
        await gets(ben, SMALL, within=2)
        await prefer(rest, anna, ben, width=None, height=None)
        await gets(ben, LARGE, within=5)
    await ben.sees("Anna", within=5)


async def test_a_layer_is_asked_for_by_its_name_and_shown(pair, rest):
    anna, ben = pair
    await prefer(rest, anna, ben, layer="q")
    await gets(ben, SMALL, within=2)

    async def shown():
        track = await video(rest, ben.room, ben.id, "consume")
        return track and track["layer"] and track["layer"]["rid"] == "q" and track["layer"]["height"] == 180 and track["layer_changes"] >= 1

    await eventually(shown, "the layer is shown", 5)

    async def counted():
        lines = (await rest.get("/metrics")).text.splitlines()
        return any(line.startswith("switchyard_layer_changes_total ") and int(line.split()[1]) >= 1 for line in lines)

    await eventually(counted, "the change is counted", 5)


async def test_paused_stops_the_picture_but_not_the_sound(pair, rest):
    anna, ben = pair
    await prefer(rest, anna, ben, paused=True)
    last = {}

    async def stopped():
        now = await packets(ben)
        before, last["packets"] = last.get("packets"), now
        return now == before

    await eventually(stopped, "the picture stops", 3, every=0.3)

    async def unchanged():
        return await packets(ben) == last["packets"]

    await steadily(unchanged, "the picture stands still", during=1, every=0.25)
    await ben.hears("Anna")
    track = await video(rest, ben.room, ben.id, "consume")
    assert track["paused"] and track["layer"] is None, track
    await prefer(rest, anna, ben, paused=False)
    await ben.sees("Anna", within=5)


async def test_what_is_sent_and_received_is_shown_layer_by_layer(pair, rest):
    anna, ben = pair

    async def sent():
        track = await video(rest, anna.room, anna.id, "produce")
        sizes = [(layer["rid"], layer["width"], layer["height"]) for layer in track["layers"]] if track else []
        return sizes == [("q", *SMALL), ("h", *LARGE)] and all(layer["bitrate"] > 10_000 and layer["fps"] for layer in track["layers"])

    await eventually(sent, "both layers with their sizes, rates and speeds", 10)
    track = await video(rest, ben.room, ben.id, "consume")
    assert (track["layer"]["rid"], track["layer"]["height"], track["held_back"]) == ("h", 360, False), track
    row = (await rest.get(f"/rooms/{ben.room}/users/{ben.id}")).json()["consume"][0]
    assert row["estimate"] > 100_000, row


async def test_the_list_on_a_tile_chooses_the_size(pair):
    anna, ben = pair
    chooser = ben.page.locator(f'.tile[data-user="{anna.id}"] select')
    await chooser.select_option("small")
    await gets(ben, SMALL, within=3)
    await chooser.select_option("paused")
    await ben.tile("Anna", "that Anna is paused", wanted="paused")
    await chooser.select_option("large")
    await gets(ben, LARGE, within=5)
    assert ben.complaints == []


async def test_a_small_window_gets_a_small_picture(pair):
    anna, ben = pair
    await ben.page.set_viewport_size({"width": 360, "height": 600})
    await gets(ben, SMALL, within=5)
    await ben.page.set_viewport_size({"width": 1300, "height": 900})
    await gets(ben, LARGE, within=8)


async def test_the_details_draw_a_minute_of_each_connection(pair):
    anna, ben = pair
    await ben.click("details-button")
    card = ben.page.locator('.person[aria-label="Anna"]')

    async def drawn():
        values = await card.locator(".chart output").all_inner_texts()
        lines = await card.locator(".chart .line").evaluate_all("lines => lines.map((line) => line.getAttribute('d'))")
        return len(values) == 6 and values[0] != "–" and values[2] == "360p" and values[3].endswith("fps") and all("L" in lines[i] or "H" in lines[i] for i in (0, 2, 3))

    await eventually(drawn, "charts with values", 10)
    assert "640×360" in await card.locator(".facts").inner_text()
    await card.locator("select").select_option("small")

    async def stepped():
        return (await card.locator('[data-chart="layer"] output').inner_text()) == "180p"

    await eventually(stepped, "the layer's chart steps down", 5)
    await ben.click("details-close")
    await eventually(lambda: ben.evaluate("document.querySelectorAll('.person').length === 0"), "nothing is measured any more", 3)
    assert ben.complaints == []
