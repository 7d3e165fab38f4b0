"""Hunts for planted bugs: `python tests/simulation/hunt.py [NAME ...]`. Each is patched into a copy of the code, and worlds are
played until one shows it. A world counts only if it is clean without the bug."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mutants import ALL, Mutant
from weather import CLASSES

HOUSE = Path(__file__).resolve().parents[2]
MEMORY = Path("/dev/shm")
PARTS = ("sync", "connectors", "mappings", "config", "tests/simulation")


@dataclass(frozen=True, slots=True)
class Hunt:
    """What became of one hunt.

    Attributes:
        name: Of the planted bug.
        first: The first seed.
        seeds: How many worlds were played until it showed; None: it did not show.
        seed: The one that showed it.
        said: What the oracle said of it.
    """

    name: str
    first: int
    seeds: int | None
    seed: str = ""
    said: str = ""


def copied(folder: Path) -> Path:
    """The code, in a place of its own."""
    house = Path(tempfile.mkdtemp(dir=folder))
    for part in PARTS:
        shutil.copytree(HOUSE / part, house / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOUSE / "pyproject.toml", house)
    return house


def planted(mutant: Mutant, folder: Path) -> Path:
    """A copy of the code with the bug in it."""
    house = copied(folder)
    for file, before, after in mutant.places():
        text = (house / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{mutant.name}: {file} has it {text.count(before)} times: {before!r}"
        (house / file).write_text(text.replace(before, after), encoding="utf-8")
    return house


def worlds(house: Path, mutant: Mutant, first: int, seeds: int, classes: str) -> Iterator[tuple[str, str]]:
    """Seed and first finding of the worlds that fail, one after the other, until nobody asks any more."""
    command = [sys.executable, str(house / "tests/simulation/run.py"), "--jobs", "1", "--json"]
    command += ["--seeds", str(seeds), "--first", str(first), "--nets", str(mutant.needs.get("nets", "all"))]
    command += ["--only", ""] if mutant.needs.get("fair") else ["--always", classes]
    command += ["--escalation", "yes" if mutant.needs.get("escalation") else "no"]
    command += ["--beside", str(mutant.needs["beside"])] if "beside" in mutant.needs else []
    path = f"{house / 'sync'}{os.pathsep}{house / 'connectors'}"
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                told = json.loads(line)
                yield told["seed"], told["findings"][0] if told["findings"] else ""
        finally:
            process.kill()


def hunt(mutant: Mutant, first: int, seeds: int, clean: Path, folder: Path) -> Hunt:
    """Play worlds until one shows the bug."""
    needed = mutant.needs.get("faults", [])
    assert isinstance(needed, list)
    classes = ",".join(name for name in needed if name in CLASSES)
    house = planted(mutant, folder)
    played = 0
    try:
        for seed, finding in worlds(house, mutant, first, seeds, classes):
            played += 1
            # A world that broke down was not judged.
            if not finding or finding.startswith("harness:"):
                continue
            control = next(worlds(clean, mutant, int(seed), 1, classes))[1]
            if not control:
                return Hunt(mutant.name, first, played, seed, finding)
    finally:
        shutil.rmtree(house, ignore_errors=True)
    return Hunt(mutant.name, first, None)


def chosen(names: Sequence[str]) -> list[Mutant]:
    """Those planted bugs, or all."""
    known = {mutant.name: mutant for mutant in ALL}
    unknown = [name for name in names if name not in known]
    assert not unknown, f"there are no planted bugs {unknown}"
    return [known[name] for name in names] or list(ALL)


def table(file: Path) -> Iterator[str]:
    """What several runs wrote to a file, as the table of docs/proof.md."""
    told: dict[str, list[Hunt]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        hunted = Hunt(**json.loads(line))
        told.setdefault(hunted.name, []).append(hunted)
    yield "| planted bug | hunts | found | seeds, median | seeds, most | said as |"
    yield "|---|---|---|---|---|---|"
    for name, hunts in told.items():
        took = [one.seeds for one in hunts if one.seeds is not None]
        said = sorted({one.said.partition(":")[0] for one in hunts if one.said})
        middle, most = (f"{statistics.median(took):g}", str(max(took))) if took else ("-", "-")
        yield f"| {name} | {len(hunts)} | {len(took)} | {middle} | {most} | {', '.join(said) or '-'} |"


def main() -> int:
    """Hunt for them; 1 where one was not found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=100, help="worlds after which a hunt is given up")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--hunts", type=int, default=1, help="hunts for each, from another first seed")
    parser.add_argument("--part", default="0/1", help="every n-th of them: 0/2 and 1/2 share the work")
    parser.add_argument("--out", type=Path, help="a file that gets a line of JSON for each hunt")
    parser.add_argument("--table", type=Path, help="print such a file as a table, and hunt for nothing")
    arguments = parser.parse_args()
    if arguments.table:
        print("\n".join(table(arguments.table)))
        return 0
    part, of = map(int, arguments.part.split("/"))
    lost = []
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        clean = copied(folder)
        for mutant in chosen(arguments.names)[part::of]:
            hunts = [
                hunt(mutant, arguments.first + 1_000 * n, arguments.seeds, clean, folder)
                for n in range(arguments.hunts)
            ]
            found = [one.seeds for one in hunts if one.seeds is not None]
            if len(found) < len(hunts):
                lost.append(mutant.name)
            said = next((one.said for one in hunts if one.said), "not found")
            middle = f"{statistics.median(found):g} / {max(found)}" if found else "-"
            print(f"{mutant.name:48} {middle:>9}  {said[:110]}", flush=True)
            if arguments.out:
                with arguments.out.open("a") as out:
                    out.writelines(json.dumps(asdict(one)) + "\n" for one in hunts)
    print(f"{len(lost)} not found in every hunt: {', '.join(lost)}" if lost else "all found")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
