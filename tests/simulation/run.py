"""Play many worlds: `python tests/simulation/run.py --seeds 50 --first 1`. Each in a process of its own, so that nothing of one
reaches the next."""

import argparse
import gc
import json
import os
import resource
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from ground import prepare
from shrink import smallest
from world import Options, Verdict, play

from syncline.ports import SystemClock

MEMORY = Path("/dev/shm")


def played(seed: str, options: Options, folder: Path) -> tuple[Verdict, float]:
    """One world in a child of this process; and the seconds of processor time that it took."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 1
        # What a world leaves is gone with its process: nothing is gained by looking for it.
        gc.disable()
        try:
            verdict = play(seed, options, folder / f"world-{seed.replace('/', '-')}")
            with os.fdopen(writer, "wb") as out:
                out.write(json.dumps(asdict(verdict)).encode())
            code = 0
        except Exception:  # noqa: BLE001  whatever it is, whoever mends the world must see where
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # No destructor runs: greenlets that were killed must never be finished.
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as source:
        said = source.read()
    _, status, usage = os.wait4(child, 0)
    took = usage.ru_utime + usage.ru_stime
    if status or not said:
        return Verdict(seed, (f"harness: the world itself failed (status {status})",), "", {}, (), 0, 0), took
    return _verdict(json.loads(said)), took


def _verdict(fields: dict[str, Any]) -> Verdict:
    """A verdict that came through a pipe: JSON knows no tuples."""
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return Verdict(**{**fields, **lists})


def several(
    seeds: Sequence[str], options: Options, folder: Path, jobs: int
) -> Iterator[tuple[Verdict, float]]:
    """Many worlds, as many side by side as there are jobs; in no particular order."""
    if jobs == 1:
        for seed in seeds:
            yield played(seed, options, folder)
        return
    reader, writer = os.pipe()
    children = []
    for number in range(jobs):
        child = os.fork()
        if child == 0:
            os.close(reader)
            with os.fdopen(writer, "wb", buffering=0) as out:
                for seed in seeds[number::jobs]:
                    verdict, took = played(seed, options, folder)
                    line = json.dumps([asdict(verdict), took]).encode() + b"\n"
                    if len(line) > 4_000:
                        (folder / f"{seed.replace('/', '-')}.json").write_bytes(line)
                        line = json.dumps(seed).encode() + b"\n"
                    out.write(line)
            os._exit(0)
        children.append(child)
    os.close(writer)
    with os.fdopen(reader, "rb") as source:
        for line in source:
            content = json.loads(line)
            if isinstance(content, str):
                file = folder / f"{content.replace('/', '-')}.json"
                content = json.loads(file.read_bytes())
                file.unlink()
            fields, took = content
            yield _verdict(fields), took
    for child in children:
        os.waitpid(child, 0)


def shrunk(verdict: Verdict, options: Options, folder: Path) -> Options:
    """The smallest part of a failing world that still fails in the same way."""
    kinds = {finding.partition(":")[0] for finding in verdict.findings}

    def failing(less: Options) -> Verdict | None:
        again, _ = played(verdict.seed, less, folder)
        return again if kinds & {finding.partition(":")[0] for finding in again.findings} else None

    return smallest(options, verdict, failing)


def numbers(listed: str) -> frozenset[int]:
    """`0,3,4` as numbers."""
    return frozenset(int(number) for number in listed.split(",") if number)


def said(options: Options) -> str:
    """The options as the command line has them."""
    words = [] if options.nets == "all" else ["--nets", options.nets]
    for name in ("off", "always"):
        if getattr(options, name):
            words += [f"--{name}", ",".join(sorted(getattr(options, name)))]
    if options.only is not None:
        words += ["--only", f'"{",".join(sorted(options.only))}"']
    if options.incidents:
        words += ["--incidents", str(options.incidents)]
    if options.escalation is not None:
        words += ["--escalation", "yes" if options.escalation else "no"]
    if options.beside is not None:
        words += ["--beside", f'"{",".join(sorted(options.beside))}"']
    for name in ("deeds", "spells"):
        if getattr(options, name) is not None:
            words += [f"--{name}", f'"{",".join(map(str, sorted(getattr(options, name))))}"']
    return " ".join(words)


def options_of(arguments: argparse.Namespace) -> Options:
    """What the command line says of the worlds."""
    options = Options(nets=arguments.nets, off=frozenset(filter(None, arguments.off.split(","))))
    if arguments.only is not None:
        options = replace(options, only=frozenset(filter(None, arguments.only.split(","))))
    if arguments.incidents:
        options = replace(options, incidents=arguments.incidents)
    options = replace(options, always=frozenset(filter(None, arguments.always.split(","))))
    if arguments.deeds is not None:
        options = replace(options, deeds=numbers(arguments.deeds))
    if arguments.spells is not None:
        options = replace(options, spells=numbers(arguments.spells))
    if arguments.beside is not None:
        options = replace(options, beside=frozenset(filter(None, arguments.beside.split(","))))
    if arguments.escalation:
        options = replace(options, escalation=arguments.escalation == "yes")
    return options


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may be said of the worlds."""
    parser.add_argument("--nets", default="all", choices=("all", "poll", "sweep"))
    parser.add_argument("--off", default="", help="classes of weather that are off: late,kill")
    parser.add_argument("--only", help="classes that are on, and no others")
    parser.add_argument("--always", default="", help="classes that are on, beside those that the seed draws")
    parser.add_argument(
        "--beside",
        help="platforms that stand beside the three, and no others: helix,cherwell; else by the seed",
    )
    parser.add_argument("--incidents", type=int)
    parser.add_argument("--spells", help="numbers of the spells of weather that happen: 0,3,4")
    parser.add_argument("--deeds", help="numbers of the deeds that are done: 0,3,4")
    parser.add_argument(
        "--escalation", choices=("yes", "no"), help="in all worlds, or in none; else by the seed"
    )


def main() -> int:
    """Play the worlds, and report; 1 where one broke the promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=1)
    add_options(parser)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--trace", action="store_true", help="print the trace of each world")
    parser.add_argument("--digests", action="store_true", help="print the digest of each world")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each world, and nothing else")
    parser.add_argument("--first-finding", action="store_true", help="end with the first world that fails")
    parser.add_argument(
        "--shrink", action="store_true", help="find the smallest part of each world that still fails"
    )
    arguments = parser.parse_args()
    options = options_of(arguments)
    seeds = [str(arguments.first + n) for n in range(arguments.seeds)]
    clock = SystemClock()
    began = clock.monotonic()
    totals: Counter[str] = Counter()
    failed, processor = [], 0.0
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        prepare(folder)
        for verdict, took in several(seeds, options, folder, arguments.jobs):
            processor += took
            most = {name: max(totals[name], verdict.counts.get(name, 0.0)) for name in ("latest", "slowest")}
            totals.update(verdict.counts)
            for name, value in most.items():
                totals[name] = value  # type: ignore[assignment]  # of all worlds, not their sum
            if arguments.json:
                print(
                    json.dumps(
                        {
                            "seed": verdict.seed,
                            "findings": verdict.findings,
                            "digest": verdict.digest,
                            "took": took,
                        }
                    ),
                    flush=True,
                )
                failed += [verdict.seed] if verdict.findings else []
                continue
            if arguments.trace:
                print("\n".join(verdict.trace))
            if arguments.digests:
                print(f"{verdict.seed} {verdict.digest}")
            if verdict.findings:
                failed.append(verdict.seed)
                print(
                    f"seed {verdict.seed} ({took:.1f} s; {', '.join(verdict.weather) or 'fair weather'}{''.join(f'; with {name}' for name in verdict.beside)}):"
                )
                for finding in verdict.findings[:12]:
                    print(f"  {finding}")
                print(
                    f"  the same again: python tests/simulation/show.py {verdict.seed} {said(options)} --case ..."
                )
                if arguments.shrink:
                    least = shrunk(verdict, options, folder)
                    print(
                        f"  the least of it: python tests/simulation/show.py {verdict.seed} {said(least)} --case ..."
                    )
                sys.stdout.flush()
                if arguments.first_finding:
                    break
    if arguments.json:
        return 1 if failed else 0
    elapsed = clock.monotonic() - began
    print(
        f"{len(seeds)} worlds ({options.nets}), {len(failed)} failed{': ' + ' '.join(sorted(failed, key=int)) if failed else ''}\n"
        + ", ".join(f"{int(n)} {name}" for name, n in totals.items())
        + f"\n{processor:.0f} s of processor time, {elapsed:.0f} s; {totals['incidents'] / max(processor, 0.01):.2f} incidents a second of processor time"
        f"; {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB at most"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
