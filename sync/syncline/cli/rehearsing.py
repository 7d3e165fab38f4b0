"""How a scenario went: as JSON, and for people."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from syncline.cli.output import NONE, plain, say, table

if TYPE_CHECKING:
    from syncline.application import Rehearsal

PREFIX: Final = "Escalation "
"""Begins the sentences of the timeline; a table that is all about escalation goes without."""


def rehearsal_document(rehearsal: "Rehearsal") -> dict[str, Any]:
    """How it went, as JSON has it."""
    scenario = rehearsal.scenario
    return {
        "ok": rehearsal.as_expected and not rehearsal.cut_off,
        "title": scenario.title,
        "scenario": scenario.file,
        "policy": rehearsal.policy,
        "version": rehearsal.digest,
        "tz": str(rehearsal.tz),
        "from": scenario.opened_at,
        "until": scenario.until,
        "rows": [
            {
                "after_seconds": row.after.total_seconds(),
                "at": row.at,
                "local": row.at.astimezone(rehearsal.tz),
                "kind": row.kind,
                "who": list(row.who),
                "by": list(row.by),
                "policy": row.policy or None,
                "text": row.text,
                "data": dict(row.data),
            }
            for row in rehearsal.rows
        ],
        "expected": [
            {
                "line": one.expectation.place.line,
                "holds": one.holds,
                "wanted": one.wanted,
                "came": one.came or None,
            }
            for one in rehearsal.checked
        ],
        "assumed_reachable": rehearsal.assumed,
        "cut_off": rehearsal.cut_off,
    }


def say_rehearsal(rehearsal: "Rehearsal") -> None:
    """How it went, on standard output."""
    from syncline.escalation.wording import length

    scenario, tz = rehearsal.scenario, rehearsal.tz
    say(plain(scenario.title or scenario.file), "bold")
    say(f"by {plain(rehearsal.policy)}, version {rehearsal.digest}")
    say()
    table(
        ("after", str(tz), "who", "by", "what and why"),
        [
            (
                length(row.after),
                local(row.at, tz),
                ", ".join(row.who) or NONE,
                ", ".join(dict.fromkeys(row.by)) or NONE,
                row.text.removeprefix(PREFIX),
            )
            for row in rehearsal.rows
        ],
    )
    say()
    if rehearsal.assumed:
        say("The policy file says of nobody how to reach them: everybody is taken to be reachable.", "yellow")
    if rehearsal.cut_off:
        say("There was more to come than can be played, and it was cut off: shorten `until`.", "red")
    _say_expectations(rehearsal)


def _say_expectations(rehearsal: "Rehearsal") -> None:
    for one in rehearsal.checked:
        if one.holds:
            say(f"as expected: {plain(one.wanted)}", "green")
        else:
            say(
                f"NOT AS EXPECTED (line {one.expectation.place.line}): {plain(one.wanted)}; but {plain(one.came)}",
                "bold red",
            )


def local(at: datetime, tz: ZoneInfo) -> str:
    """`Wed 05 Aug 09:00`; with seconds where there are any."""
    there = at.astimezone(tz)
    return f"{there:%a %d %b %H:%M:%S}" if there.second else f"{there:%a %d %b %H:%M}"
