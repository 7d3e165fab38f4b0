"""Fifty worlds with every build. `make soak SEEDS=10000 FIRST=1` plays more of them; the proof stands in docs/proof.md."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from ground import prepare
from run import MEMORY, played, said
from world import Options

HERE = Path(__file__).parent
SEEDS = int(os.environ.get("SYNCLINE_SEEDS", "50"))
FIRST = int(os.environ.get("SYNCLINE_FIRST", "1"))
EACH = 5
"""Worlds in one test."""
CALM = Options(escalation=False)
FIRSTS = range(FIRST, FIRST + SEEDS, EACH)


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        prepare(Path(name))
        yield Path(name)


OPEN: dict[int, str] = {}
"""Worlds that break the promise, and are not mended yet: docs/proof.md says so. One that is mended is taken out here.
Where a full disk has its part, another SQLite may draw the world otherwise."""


def unsound(seed, options, folder):
    """What is wrong with a world, and how to play it again."""
    verdict, _ = played(str(seed), options, folder)
    again = f"python tests/simulation/show.py {seed} {said(options)} --case 00"
    return [f"seed {seed}: {finding}\nthe same again: {again}" for finding in verdict.findings]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", FIRSTS)
def test_the_promise_holds(folder, first):
    seeds = range(first, min(first + EACH, FIRST + SEEDS))
    found = {seed: unsound(seed, CALM, folder) for seed in seeds}
    assert not [f for seed in seeds if seed not in OPEN for f in found[seed]], "\n".join(
        f for each in found.values() for f in each
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("nets", ["poll", "sweep"])
def test_it_holds_with_each_net_alone(folder, nets):
    options = Options(nets=nets, off=frozenset({"restore"}), escalation=False)
    findings = [finding for seed in range(1, 4) for finding in unsound(seed, options, folder)]
    assert not findings, "\n".join(findings)


@pytest.mark.timeout(300)
def test_in_fair_weather_nothing_is_late(folder):
    """Most worlds know no minute in which nothing is wrong: there it is not told how long things take."""
    fair = Options(only=frozenset(), escalation=False)
    verdicts = [played(str(seed), fair, folder)[0] for seed in (5, 7)]
    assert not [finding for verdict in verdicts for finding in verdict.findings]
    assert sum(verdict.counts["timed"] for verdict in verdicts) > 10


@pytest.mark.timeout(300)
def test_the_same_seed_is_the_same_world_whatever_the_order_of_sets():
    digests = []
    for order in ("1", "2"):
        command = [
            sys.executable,
            str(HERE / "run.py"),
            "--seeds",
            "2",
            "--first",
            "7",
            "--jobs",
            "1",
            "--json",
        ]
        told = subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": order},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        ).stdout
        digests.append([line.partition('"digest": ')[2].partition(",")[0] for line in told.splitlines()])
    assert len(digests[0]) == 2
    assert digests[0] == digests[1]
