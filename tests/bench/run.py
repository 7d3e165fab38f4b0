"""Measure what Syncline promises: `python tests/bench/run.py [--quick] [--only NAME] [--json]`.

Each figure is counted or timed at the simulated platforms, in their own logs of requests, and not by Syncline. The
platforms run in a process of their own, the daemon in another. Where the machine matters, a forwarder that makes the
same requests with plain `requests` and nothing else is measured in the same run, round by round.
"""

import argparse
import json
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

import calls
import latency
import raw
import scale
import stability
import throughput
from figure import Figure, Scope
from rich.console import Console
from rich.table import Table

import escalation

PARTS: dict[str, Callable[[Scope], Iterable[Figure]]] = {
    "calls": calls.measure,
    "latency": latency.measure,
    "throughput": throughput.measure,
    "scale": scale.measure,
    "stability": stability.measure,
    "raw": raw.measure,
    "escalation": escalation.measure,
}


def main() -> int:
    """Measure, print, and say by the exit status whether every figure was reached."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds and 10,000 incidents instead of 100,000"
    )
    parser.add_argument(
        "--only", choices=PARTS, action="append", help="this part; may be given several times"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--profile", type=Path, help="write a profile of the daemon under load to this file")
    options = parser.parse_args()
    console = Console(stderr=True)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="syncline-bench-") as folder:
        for name in options.only or PARTS:
            scope = Scope(
                Path(folder) / name,
                options.quick,
                options.profile,
                lambda text: console.print(f"[dim]{text}"),
            )
            scope.say(f"{name} ...")
            figures += PARTS[name](scope)
    if options.json:
        print(json.dumps({"machine": _machine(), "figures": [asdict(f) for f in figures]}, indent=2))
    else:
        _print(figures)
    return 0 if all(f.reached is not False for f in figures) else 1


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.system()}"


def _print(figures: Iterable[Figure]) -> None:
    table = Table("figure", "target", "measured", "verdict", title=f"Syncline on {_machine()}")
    for figure in figures:
        verdict = {True: "[green]reached", False: "[red]missed", None: "[dim]for comparison"}[figure.reached]
        table.add_row(figure.name, figure.target, figure.measured, verdict)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


if __name__ == "__main__":
    sys.exit(main())
