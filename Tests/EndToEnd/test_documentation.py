"""What the documentation shows can be run as it is."""

import re

from polling import eventually
from server import REPOSITORY


def first_block(language):
    text = (REPOSITORY / "docs" / "mediaserver.md").read_text()
    return re.search(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1]


async def test_the_call_that_is_shown_in_code_ends_in_a_picture(visit, chromium):
    visitor = await visit(chromium, "Reader")
    await visitor.page.goto(visitor.server.url)
    # As the console does it: everything in one async function, the names kept for the look afterwards.
    await visitor.page.evaluate(f"(async () => {{ {first_block('js')}\nObject.assign(globalThis, {{ ann, bob }}); }})()")

    async def frames():
        return await visitor.page.evaluate("""(async () => {
            const all = [...(await bob.getStats()).values()];
            return all.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video')?.framesDecoded ?? 0; })()""")

    async def moving():
        return await frames() > 5

    await eventually(moving, "Bob sees Ann", 15)
