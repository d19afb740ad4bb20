"""What the page says and how it is delivered; no media needed."""

from rest import unique


async def test_the_page_and_everything_it_needs_come_from_this_server(visit, chromium):
    visitor = await visit(chromium, "Anna")
    requests = []
    visitor.page.on("request", lambda request: requests.append(request.url))
    await visitor.page.goto(visitor.server.url)
    await visitor.page.wait_for_selector("#join-button")
    assert len(requests) >= 5
    assert [url for url in requests if not url.startswith(visitor.server.url)] == []
    assert visitor.complaints == []


async def test_the_page_is_served_with_a_content_security_policy_and_types(rest):
    page = await rest.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert policy.startswith(("default-src 'self'", "default-src 'none'")) and "unsafe" not in policy
    for path, kind in [("/app.js", "javascript"), ("/style.css", "text/css"), ("/icon.svg", "image/svg+xml")]:
        response = await rest.get(path)
        assert response.status_code == 200 and kind in response.headers["content-type"], path


async def test_the_room_and_the_name_are_remembered(visit, chromium):
    visitor = await visit(chromium, "Anna")
    room = unique("room")
    await visitor.join(room)
    await visitor.click("leave")
    await visitor.page.goto(visitor.server.url)
    assert await visitor.page.input_value("#room") == room
    assert await visitor.page.input_value("#name") == "Anna"


async def test_the_form_names_what_is_missing_and_joins_nothing(visit, chromium):
    visitor = await visit(chromium, "Anna")
    await visitor.page.goto(f"{visitor.server.url}/?room={unique('room')}&join=1")
    await visitor.page.click("#join-button")
    assert await visitor.page.evaluate("document.body.dataset.view") == "join"
    assert await visitor.page.evaluate("document.getElementById('name').matches(':invalid')")


async def test_devices_that_do_not_exist_are_named_and_watching_goes_on(visit, chromium):
    visitor = await visit(chromium, "Anna")
    await visitor.page.add_init_script("""
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'));""")
    await visitor.join(unique("room"))
    assert "No microphone and no camera was found" in await visitor.page.inner_text("#notices")


async def test_a_denied_camera_is_explained_and_the_microphone_still_works(visit, chromium):
    visitor = await visit(chromium, "Anna")
    await visitor.page.add_init_script("""
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = (wish) => wish.video
          ? Promise.reject(new DOMException('no', 'NotAllowedError')) : real(wish);""")
    await visitor.join(unique("room"))
    words = await visitor.page.inner_text("#notices")
    assert "The camera is blocked" in words and "microphone" not in words
    await visitor.tile("Anna (you)", "a microphone without camera", audio="on", video="off")


async def test_a_lost_server_is_told_in_words(visit, chromium):
    visitor = await visit(chromium, "Anna")
    await visitor.page.route_web_socket("**/demo/ws", lambda socket: socket.close(code=1001))
    await visitor.page.goto(f"{visitor.server.url}/?room={unique('room')}&name=Anna&join=1")
    await visitor.page.wait_for_selector("#connection[data-state=lost]")
    assert "No connection to the server" in await visitor.page.inner_text("#connection")


async def test_the_details_show_what_is_sent(visit, chromium):
    visitor = await visit(chromium, "Anna")
    await visitor.join(unique("room"))
    await visitor.click("details-button")
    await visitor.page.wait_for_selector("#details-rows tr:nth-child(2)")
    text = await visitor.page.inner_text("#details-rows")
    assert "You, sent" in text and "picture" in text and "sound" in text


async def test_nothing_overflows_on_a_phone(visit, chromium):
    visitor = await visit(chromium, "A name that is rather long for a small tile", viewport=(360, 640))
    await visitor.join(unique("room-with-a-long-name-for-a-narrow-bar"))
    width = await visitor.page.evaluate("Math.max(...[...document.querySelectorAll('body *')].map((each) => each.getBoundingClientRect().right))")
    assert width <= 360
    sizes = await visitor.page.evaluate("[...document.querySelectorAll('.controls button')].map((each) => each.getBoundingClientRect().height)")
    assert min(sizes) >= 44
