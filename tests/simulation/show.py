"""Read one world: `python tests/simulation/show.py SEED [--case 00] [--reads]`: what people did, what was written, what Syncline says.

Without a case: its findings alone.
"""

import argparse
import os
import sqlite3
import sys
import tempfile
from collections import deque
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ground import prepare
from network import Network
from run import add_options, options_of
from world import World


def _tell(self, name, request, response, fault):
    """With bodies, which the trace leaves out."""
    status = response.status if response is not None else 0
    body = request.body.decode("utf-8", "replace")[:240]
    said = "" if fault == "none" else f" ({fault})"
    self.trace.add(
        self.loop.passed,
        f"{name} {request.method} {request.path} {request.query[:60]} {body} -> {status}{said}",
    )


def show(seed, options, case, *, reads):
    """Play it and print it."""
    folder = Path(tempfile.mkdtemp())
    prepare(folder)
    (folder / "world").mkdir()
    Network._tell = _tell
    world = World(seed, options, folder / "world")
    world.trace.lines = deque()
    verdict = world.play()
    print(", ".join(verdict.weather))
    print(verdict.counts)
    for finding in verdict.findings:
        print(finding[:600])
    if case is None:
        return
    with closing(sqlite3.connect(world.database_file)) as connection:
        links = connection.execute("SELECT incident_id, record_id FROM links").fetchall()
        records = set(filter(None, world.people.records.get(case, {}).values()))
        incidents = sorted({incident for incident, record in links if record in records})
        records |= {record for incident, record in links if incident in incidents}
        for line in world.trace.lines:
            text = line[12:]
            about = any(record in text for record in records) and (reads or " GET " not in text)
            if f"#{case}" in text or about or text.startswith(("weather", "daemon", "the ", "log")):
                print(line[:300])
        marks = ",".join("?" * len(incidents))
        rows = connection.execute(
            f"SELECT at, instance, kind, actor, field, text FROM events WHERE incident_id IN ({marks}) ORDER BY id",
            incidents,
        )
        for at, *said in rows:
            print(f"{at / 1e6 - world.loop.begin.timestamp():9.2f}", *(str(part)[:260] for part in said))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed")
    parser.add_argument("--case")
    parser.add_argument("--reads", action="store_true")
    add_options(parser)
    arguments = parser.parse_args()
    show(arguments.seed, options_of(arguments), arguments.case, reads=arguments.reads)
    sys.stdout.flush()
    os._exit(0)
