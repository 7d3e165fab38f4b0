"""What is said in the end: one JSON object, or a table for people."""

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from syncline.demo.claims import Claim
from syncline.demo.ending import Ending
from syncline.demo.equivalence import TITLES
from syncline.demo.latency import Latency, percentile
from syncline.demo.pager import PageFindings
from syncline.demo.play import Play
from syncline.demo.script import Script
from syncline.demo.traffic import Traffic

SOURCE: Final = (
    "Amaral, Fantinato, Reijers, Peres (2018): Incident management process enriched event log."
    " UCI Machine Learning Repository. CC BY 4.0"
)
METHOD: Final = (
    "from the platform's acceptance of a person's edit until the record on another platform, read every 40 ms through"
    " the platform's own API, shows it; a sample of the edits, each counted once for each other platform"
)


def document(
    play: Play,
    traffic: Traffic,
    latency: Latency,
    ending: Ending,
    table: Sequence[Claim],
    seconds: float,
) -> dict[str, Any]:
    """The figures of one run, as JSON has them."""
    script, found = play.stage.script, ending.findings
    changes = len(script.edits)
    figures: dict[str, Any] = {
        "incidents": len(script.cases()),
        "changes": changes,
        "changes_by_kind": _by_kind(script),
        "converged": found.converged,
        "lost": len(found.lost) + len(found.lost_items) + len(found.missing),
        "duplicates": len(found.duplicates) + len(found.strays) + len(found.duplicate_items),
        "conflicts": ending.conflicts,
        "parked": len(ending.parked),
        "leaked": len(found.leaked),
        "http_calls": {
            name: {kind: seen.calls[kind] for kind in ("poll", "read", "write")}
            for name, seen in traffic.seen.items()
        },
        "http_methods": {name: dict(sorted(seen.methods.items())) for name, seen in traffic.seen.items()},
        "calls_per_change": round(traffic.calls / changes, 2) if changes else None,
        "writes_per_change": round(traffic.writes / changes, 2) if changes else None,
        "spoilt_calls": {name: dict(sorted(seen.faults.items())) for name, seen in traffic.seen.items()},
        "seconds": round(seconds, 1),
        "settled_seconds_after_last_edit": round(ending.settled_after, 1),
        "changes_per_second": round(changes / seconds, 2) if seconds else None,
        "latency_ms": {
            "p50": percentile(latency.samples, 0.5),
            "p95": percentile(latency.samples, 0.95),
            "samples": len(latency.samples),
            "method": METHOD,
        },
        "latency_while_broken_ms": {
            "p50": percentile(latency.disturbed, 0.5),
            "p95": percentile(latency.disturbed, 0.95),
            "samples": len(latency.disturbed),
        },
        "daemon_kills": play.stage.kills,
        "outages": len(script.kinds("outage")),
        "refused_to_people": len(script.refused),
        "claims": [{"claim": c.claim, "holds": c.holds, "evidence": c.evidence} for c in table],
        "problems": found.open_questions()[:50],
        "waiting": ending.parked[:50],
    }
    if ending.pages is not None:
        figures |= _escalations(ending.pages)
        figures["problems"] = [*figures["problems"], *ending.pages.open_questions()][:50]
    return figures


def _escalations(found: PageFindings) -> dict[str, Any]:
    return {
        "escalations": [{"incident": case, "paged": who} for case, who in found.paged.items()],
        "pages": [
            {"incident": page.case, "person": page.who, "by": page.by, "at": page.at.isoformat()}
            for page in found.pages
        ],
        "wrong_pages": len(found.open_questions()),
    }


def good(figures: dict[str, Any]) -> bool:
    """Whether the run is a success: it converged, nothing was lost, doubled or leaked, and nobody was paged wrongly."""
    wrong = ("lost", "duplicates", "leaked", "wrong_pages")
    return bool(figures["converged"]) and not any(figures.get(name) for name in wrong)


def show(console: Console, figures: dict[str, Any]) -> None:
    """The closing table, and the figures under it."""
    table = Table(title="What was claimed, and what an oracle found on the platforms", title_justify="left")
    table.add_column("")
    table.add_column("claim")
    table.add_column("found", overflow="fold")
    for claim in figures["claims"]:
        mark = Text("✓", style="green") if claim["holds"] else Text("✗", style="bold red")
        table.add_row(mark, Text(claim["claim"]), Text(claim["evidence"]))
    console.print()
    console.print(table)
    numbers = Table(box=None, show_header=False, padding=(0, 2))
    for name, value in _numbers(figures):
        numbers.add_row(Text(name, style="dim"), Text(value))
    console.print(numbers)
    for line in figures["problems"][:10]:
        console.print(Text(f"  problem: {line}", style="red"))
    for line in figures["waiting"][:10]:
        console.print(Text(f"  waits for a person: {line}", style="yellow"))
    if "source" in figures:
        console.print(Text(f"Source of the events: {figures['source']}", style="dim"))


def _numbers(figures: dict[str, Any]) -> list[tuple[str, str]]:
    quick, slow = figures["latency_ms"], figures["latency_while_broken_ms"]
    rows = [
        (
            "people",
            f"{figures['changes']} changes to {figures['incidents']} incidents in {figures['seconds']} s;"  # noqa: ISC004
            f" agreed {figures['settled_seconds_after_last_edit']} s after the last one",
        ),
        ("conflicts", f"{figures['conflicts']} on record, {figures['parked']} wait for a person"),
        (
            "calls",
            "; ".join(
                f"{TITLES[name]}: {kinds['write']} writes, {kinds['read']} reads, {kinds['poll']} polls"
                for name, kinds in figures["http_calls"].items()
            ),
        ),
        ("writes", f"{figures['writes_per_change']} for each change (four other platforms)"),
        ("seen elsewhere", f"{_span(quick)}; while something was broken: {_span(slow)}"),
    ]
    if figures.get("pages"):
        rows.append(
            ("escalation", f"{len(figures['pages'])} pages about {len(figures['escalations'])} incidents")
        )
    if figures.get("events"):
        events = figures["events"]
        rows.append(
            (
                "events",
                f"{events['rows']} rows of {events['incidents']} incidents; {_told(events['skipped'])}",
            )
        )
    return rows


def _span(latency: dict[str, Any]) -> str:
    if latency["p50"] is None:
        return "not measured"
    return f"half within {latency['p50'] / 1000:.2f} s, 95 % within {latency['p95'] / 1000:.2f} s ({latency['samples']} looks)"


def _told(skipped: dict[str, int]) -> str:
    return ", ".join(f"{n} {reason}" for reason, n in skipped.items()) or "none was skipped"


def _by_kind(script: Script) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for edit in script.edits:
        kinds[edit.what] = kinds.get(edit.what, 0) + 1
    return dict(sorted(kinds.items()))
