"""The table, the picture and the verdict of docs/quality.md, from the results of all cells."""

import re
import statistics
from pathlib import Path

SERVERS = ("Switchyard", "Janus")

#: (heading, figure, factor, digits)
COLUMNS = (
    ("first frame, ms", "firstFrameMs", 1, 0),
    ("frozen, %", "frozen", 100, 1),
    ("longest gap, ms", "longestGapMs", 1, 0),
    ("frames/s", "fps", 1, 1),
    ("width", "width", 1, 0),
    ("video buffer, ms", "videoBufferMs", 1, 0),
    ("sound concealed, %", "concealed", 100, 1),
)
NARROWING = (
    ("smaller after, s", "lowerSeconds", 1, 1),
    ("longest gap after the drop, ms", "longestGapAfterDropMs", 1, 0),
    ("frozen while narrow, %", "frozen", 100, 1),
    ("frames/s while narrow", "fps", 1, 1),
    ("full size again after, s", "fullAgainSeconds", 1, 1),
)
SWITCHING = (
    ("changes of size", "switches", 1, 0),
    ("until it is there, ms", "switchMs", 1, 0),
    ("at most, ms", "longestSwitchMs", 1, 0),
    ("longest gap, ms", "longestGapMs", 1, 0),
    ("spoilt frames", "spoilt", 1, 0),
)

#: How much more of the time than at Janus a picture may stand still before a cell counts as worse: one freeze of 100 ms in 20 s.
TOLERANCE = 0.005


def figures_of(results, server, cell):
    return [each["figures"] for each in results if (each["server"], each["cell"]) == (server, cell) and "figures" in each]


def failures_of(results, server, cell):
    return [each["failed"] for each in results if (each["server"], each["cell"]) == (server, cell) and "failed" in each]


def median(results, server, cell, name):
    """None where nothing was measured, infinity where it did not happen in most repetitions."""
    found = [each[name] for each in figures_of(results, server, cell) if name in each]
    return statistics.median(float("inf") if each is None else each for each in found) if found else None


def value(number, factor, digits):
    if number is None:
        return "–"
    return "never" if number == float("inf") else f"{number * factor:.{digits}f}"


def columns_of(figures):
    return NARROWING if "fullAgainSeconds" in figures else SWITCHING if "switches" in figures else COLUMNS


def table(results, cells, columns):
    lines = ["| network | " + " | ".join(heading for heading, *_ in columns) + " |", "|---|" + "---|" * len(columns)]
    for cell in cells:
        fields = []
        for _, name, factor, digits in columns:
            fields.append(" / ".join(value(median(results, server, cell.name, name), factor, digits) for server in SERVERS))
        lines.append(f"| {cell.title} | " + " | ".join(fields) + " |")
    return "\n".join(lines)


def misses(results, cells):
    """Which promises were not kept, one line each; empty is good."""
    found = []

    def expect(cell, name, bound, what, server="Switchyard"):
        measured = median(results, server, cell, name)
        if measured is not None and not measured < bound:
            found.append(f"{cell}: {what} is {measured:g}, not under {bound:g}")

    expect("clean", "firstFrameMs", 500, "the time to the first frame (ms)")
    expect("loss-5", "frozen", 0.01, "the share of time that the picture stood still")
    expect("switches", "longestGapMs", 200, "the longest gap while sizes change (ms)")
    for cell in ("bandwidth", "bandwidth-tbf"):
        expect(cell, "longestGapAfterDropMs", 1000, "the longest gap after the drop (ms)")
        expect(cell, "lowerSeconds", 2, "the time to a smaller picture (s)")
        expect(cell, "fullAgainSeconds", 12, "the time to the full picture (s)")
    for cell in cells:
        for server in SERVERS:
            found += [f"{cell.name}: {server} failed: {each}" for each in failures_of(results, server, cell.name)]
        ours, theirs = (median(results, server, cell.name, "frozen") for server in SERVERS)
        if ours is not None and theirs is not None and ours > theirs + TOLERANCE:
            found.append(f"{cell.name}: the picture stood still for {ours:.1%} of the time, Janus's for {theirs:.1%}")
        spoilt = sum(each["spoilt"] for each in figures_of(results, "Switchyard", cell.name))
        if spoilt:
            found.append(f"{cell.name}: {spoilt} frames were spoilt")
    return found


def verdict(results, cells):
    """How many cells are better, the same, worse, by the time that the picture stood still."""
    counts = {"better": 0, "as good": 0, "worse": 0}
    for cell in cells:
        ours, theirs = (median(results, server, cell.name, "frozen") for server in SERVERS)
        if ours is None or theirs is None:
            continue
        counts["worse" if ours > theirs + TOLERANCE else "better" if ours < theirs - TOLERANCE else "as good"] += 1
    return counts


def chart(results, cells):
    """Share of time that the picture stood still, as an SVG."""
    style = ("text{fill:#1f2933}.j{fill:#b8c2cc}.s{fill:#0b7285}"
             "@media(prefers-color-scheme:dark){text{fill:#e4e7eb}.j{fill:#52606d}.s{fill:#22b8cf}}")
    title = "Share of the time that the picture stood still, % (less is better)"
    height = 62 + 46 * len(cells)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" font-family="system-ui, sans-serif" font-size="14" role="img" '
        f'aria-label="{title}">', f"<style>{style}</style>", f'<text x="16" y="26" font-weight="600">{title}</text>',
        '<rect class="j" x="16" y="38" width="12" height="12"/><text x="34" y="49">Janus</text>'
        '<rect class="s" x="96" y="38" width="12" height="12"/><text x="114" y="49">Switchyard</text>']
    largest = max([median(results, server, cell.name, "frozen") or 0 for server in SERVERS for cell in cells] + [0.01])
    for index, cell in enumerate(cells):
        top = 62 + 46 * index
        lines.append(f'<text x="16" y="{top + 24}">{cell.title.replace("→", "→")}</text>')
        for offset, kind, server in ((0, "j", "Janus"), (19, "s", "Switchyard")):
            share = median(results, server, cell.name, "frozen")
            width = 0 if share is None else 380 * share / largest
            label = "not measured" if share is None else f"{share * 100:.1f}"
            lines.append(f'<rect class="{kind}" x="300" y="{top + offset}" width="{max(width, 1):.1f}" height="17"/>'
                         f'<text x="{306 + max(width, 1):.1f}" y="{top + offset + 13}" font-size="12">{label}</text>')
    return "\n".join(lines) + "\n</svg>\n"


def text(document, cells):
    """What stands in docs/quality.md between its marks."""
    results = document["results"]
    counts = verdict(results, cells)
    missed = misses(results, cells)
    parts = [
        f"Measured on {document['date']} by `{document['command']}`: {document['machine']}; {', '.join(document['versions'])}. "
        f"Medians of {document['repetitions']} repetitions, {document['seconds']:g} s each. In each field stands Switchyard / Janus."]
    kinds = {each["cell"]: columns_of(each["figures"]) for each in results if "figures" in each}
    for columns in (COLUMNS, NARROWING, SWITCHING):
        alike = [each for each in cells if kinds.get(each.name) is columns]
        if alike:
            parts.append(table(results, alike, columns))
    parts.append(
        f"By the time that the picture stood still Switchyard is better in {counts['better']}, as good (within {TOLERANCE:.1%} of the time) in "
        f"{counts['as good']} and worse in {counts['worse']} of {sum(counts.values())} networks.")
    parts.append("All promises were kept." if not missed else "Promises that were not kept:\n\n" + "\n".join(f"- {each}" for each in missed))
    return "\n\n".join(parts)


def write_document(path, svg, document, cells):
    """Puts the results into the Markdown file, between the marks, and the chart beside it."""
    path = Path(path)
    old = path.read_text()
    new = re.sub(
        r"(<!-- results -->\n).*(<!-- end of results -->)", lambda match: f"{match[1]}{text(document, cells)}\n{match[2]}", old, flags=re.DOTALL)
    assert "<!-- results -->" in old, f"{path} has no marks for results"
    path.write_text(new)
    Path(svg).write_text(chart(document["results"], cells))
