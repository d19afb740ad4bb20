"""`./yard quality`: every network, every server, repeated; a JSON file, a table, and the verdict as the exit status."""

import argparse
import asyncio
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import traceback
from pathlib import Path

import janus
from chromium import executable
from quality import report, shaped_namespace
from quality.cells import all_cells, measure
from quality.servers import JanusRoom, SwitchyardRoom
from quality.stage import Stage
from server import REPOSITORY, binary

ROOMS = {"switchyard": SwitchyardRoom, "janus": JanusRoom}

#: Longer than any cell; a browser that hangs must not hold up the rest.
CELL_TIMEOUT = 150

#: Frames a second of 30: where the publisher makes fewer, it is the machine that was measured.
BUSY = 27


def arguments():
    parser = argparse.ArgumentParser(
        prog="./yard quality", description="Measures what a subscriber in Chromium sees and hears across bad networks, beside Janus. See docs/quality.md.",
        epilog="Exit status: 0 when all promises were kept, 1 when one was not (the line says MISS), 2 when nothing could be measured.")
    parser.add_argument("--cells", "--only", metavar="NAME,…", help="only these networks; --list has the names")
    parser.add_argument("--servers", metavar="NAME,…", default="switchyard,janus", help="switchyard, janus, or both (the default)")
    parser.add_argument("--repetitions", metavar="N", type=int, default=3)
    parser.add_argument("--seconds", metavar="S", type=float, default=20, help="how long a viewer stays in each network (default: 20)")
    parser.add_argument("--json", metavar="FILE", default=str(REPOSITORY / ".build" / "quality.json"), help="written after each cell (default: .build/quality.json)")
    parser.add_argument("--resume", action="store_true", help="keep what the JSON file has, and measure only what it lacks or what failed")
    parser.add_argument("--document", action="store_true", help="put the table into docs/quality.md and the chart into docs/quality.svg")
    parser.add_argument("--report", action="store_true", help="measure nothing, only tell what the JSON file has (and write --document)")
    parser.add_argument("--list", action="store_true", help="print the names of all networks")
    return parser.parse_args()


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return None


def versions(servers):
    found = [first_line(str(binary()), "version") or "switchyard", first_line(executable(), "--version") or "Chromium"]
    revision = first_line("git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD")
    if revision:
        found[0] += f" ({revision})"
    if "janus" in servers:
        package = first_line("dpkg-query", "-W", "-f=${Version}", "janus")
        found.append(f"Janus {package or 'of unknown version'} (Debian)")
    return [re.sub(r"\s+", " ", each).strip() for each in found]


def machine():
    name = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} processors ({name}), Linux {platform.release()}"


def say(line):
    print(line, flush=True)


class Run:
    def __init__(self, options, cells, servers):
        self.options, self.cells, self.servers = options, cells, servers
        self.path = Path(options.json)
        self.document = {
            "date": datetime.date.today().isoformat(), "command": " ".join(["./yard quality", *sys.argv[1:]]), "machine": machine(), "versions": versions(servers),
            "repetitions": options.repetitions, "seconds": options.seconds, "results": []}
        if (options.resume or options.report) and self.path.exists():
            old = json.loads(self.path.read_text())
            self.document["results"] = [each for each in old["results"] if "figures" in each]
            if options.report:
                self.document = old

    def lacks(self, server, cell, repetition):
        if server != SwitchyardRoom.name and not cell.compares:
            return False
        key = (server, cell.name, repetition)
        return all((each["server"], each["cell"], each["repetition"]) != key for each in self.document["results"])

    async def everything(self):
        for repetition in range(1, self.options.repetitions + 1):
            # In turn, so that neither always has the machine at its best.
            for kind in self.servers if repetition % 2 else self.servers[::-1]:
                name = ROOMS[kind].name
                missing = [each for each in self.cells if self.lacks(name, each, repetition)]
                # A stage that failed is not used again; each time at least one cell is done with.
                while missing:
                    missing = await self.stage(kind, missing, repetition)

    async def stage(self, kind, cells, repetition):
        """Measures cells until one fails; those that are left."""
        name = ROOMS[kind].name
        left = list(cells)
        try:
            async with Stage(ROOMS[kind]()) as stage:
                while left:
                    found = await asyncio.wait_for(
                        measure(left[0], stage, self.options.seconds, seed=repetition), CELL_TIMEOUT)
                    self.keep(name, left.pop(0), repetition, figures=found)
        except Exception as error:
            print(traceback.format_exc(), file=sys.stderr, flush=True)
            if left:
                self.keep(name, left.pop(0), repetition, failed=(str(error) or type(error).__name__).splitlines()[0][:300])
        return left

    def keep(self, server, cell, repetition, **result):
        self.document["results"].append({"server": server, "cell": cell.name, "repetition": repetition, **result})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.document, indent=1))
        shown = result.get("figures")
        told = f"FAILED: {result['failed']}" if shown is None else ", ".join(
            f"{heading} {report.value(float('inf') if shown[key] is None else shown[key], factor, digits)}" for heading, key, factor, digits in report.columns_of(shown))
        if shown is not None and shown["publishedFps"] < BUSY:
            told += f"; mind: the machine was busy, the publisher itself made {shown['publishedFps']:.0f} frames/s"
        say(f"{datetime.datetime.now():%H:%M:%S} {repetition} {server:10} {cell.name:15} {told}")


def main():
    options = arguments()
    cells = all_cells()
    if options.list:
        for each in cells:
            say(f"{each.name:16} {each.title}")
        return 0
    wanted = options.cells.split(",") if options.cells else [each.name for each in cells]
    servers = options.servers.split(",")
    unknown = [each for each in wanted if each not in {cell.name for cell in cells}] + [each for each in servers if each not in ROOMS]
    if unknown:
        print(f"quality: not known or not possible here: {', '.join(unknown)} (--list has the networks)", file=sys.stderr)
        return 2
    cells = [each for each in cells if each.name in wanted]
    if shaped_namespace.missing():
        say(f"without the kernel's bottleneck: {shaped_namespace.missing()}")
    if "janus" in servers and janus.missing():
        say(f"without Janus: {janus.missing()}")
        servers.remove("janus")
    run = Run(options, cells, servers)
    if not options.report:
        asyncio.run(run.everything())
    if not any("figures" in each for each in run.document["results"]):
        return 2
    say("\n" + report.text(run.document, cells) + "\n")
    if options.document:
        report.write_document(REPOSITORY / "docs" / "quality.md", REPOSITORY / "docs" / "quality.svg", run.document, cells)
    missed = report.misses(run.document["results"], cells)
    for each in missed:
        say(f"MISS {each}")
    return 1 if missed else 0


sys.exit(main())
