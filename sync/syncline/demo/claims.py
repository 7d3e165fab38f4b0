"""The closing table: what was claimed, whether it holds, and by what that was found."""

from dataclasses import dataclass

from syncline.demo.ending import QUIET, Ending, first_of
from syncline.demo.equivalence import PD, SIDES, TITLES
from syncline.demo.pager import HOOK, PageFindings
from syncline.demo.play import Play
from syncline.demo.script import CREATE, FILE, INTERNAL, REMARKS
from syncline.demo.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of the closing table.

    Attributes:
        claim: What was promised.
        holds: Whether it does.
        evidence: By what that was found.
    """

    claim: str
    holds: bool
    evidence: str


def claims(
    play: Play, traffic: Traffic, ending: Ending, reached: tuple[int, int] | None = None
) -> list[Claim]:
    """The claims, each with what was found."""
    script, found = play.stage.script, ending.findings
    opened = len(script.cases())
    by_side = {side: sum(1 for e in script.edits if e.what == CREATE and e.side == side) for side in SIDES}
    remarks = sum(1 for e in script.edits if e.what in REMARKS)
    internal = sum(1 for e in script.edits if e.what == INTERNAL)
    files = sum(1 for e in script.edits if e.what == FILE)
    fields = found.final + found.replaced + found.recorded + len(found.lost)
    began = ", ".join(f"{n} began on {TITLES[side]}" for side, n in by_side.items() if n)
    table = [
        _none(
            "Every incident stands on every platform",
            found.missing,
            f"{opened} incidents ({began}), {opened * len(SIDES)} records; the first one is {ending.places}",
        ),
        _none(
            "Nothing was created twice",
            [*found.duplicates, *found.strays],
            "counted by our markers and by the titles that people gave",
        ),
        _none(
            "All records of an incident agree, field by field",
            found.differences,
            f"{found.compared} fields compared",
        ),
        _none(
            "No edit was lost",
            found.lost,
            f"{fields} edits of fields: {found.final} stand, {found.replaced} were replaced by people who saw them,"
            f" {found.recorded} lost a conflict that is on record",
        ),
    ]
    if remarks or files:
        table += [
            _none(
                "Every comment, note and file is everywhere once",
                [*found.lost_items, *found.duplicate_items],
                f"{remarks} comments and notes and {files} files, looked for in {found.copies} places",
            ),
            _none(
                "Internal notes stay internal",
                found.leaked,
                f"{internal} internal notes, none of which a customer can read",
            ),
        ]
    if ending.pages is not None:
        table += paging(ending.pages, opened)
    return table + _running(play, traffic, ending, reached)


def paging(found: PageFindings, opened: int) -> list[Claim]:
    """The claims about who was paged.

    Args:
        found: What the oracle says.
        opened: How many incidents people opened.
    """
    asked, told = (sum(1 for page in found.pages if page.by == by) for by in (PD, HOOK))
    called = {case: who for case, who in found.paged.items() if who}
    names = "; ".join(f"#{case}: {', '.join(who)}" for case, who in called.items())
    places = ", ".join(f"#{case} is with {group}" for case, group in found.places.items())
    repeats = f"; {found.repeats} said to be a repeat" if found.repeats else ""
    return [
        _none(
            "Whom the rota names is paged, and nobody else",
            [*found.strangers, *found.missing],
            f"{names}; nobody on vacation, and nobody for the other {opened - len(called)} incidents",
        ),
        _none(
            "Every page comes once",
            found.doubled,
            f"{asked} asked of PagerDuty, {told} taken by the web hook, through a kill -9 and a restart{repeats}",
        ),
        _none(
            "No page comes before its time",
            found.early,
            f"{asked + told} pages, at most {found.latest:.0f} s after their time",
        ),
        _none(
            "An incident moves where the rules say; managers are only told",
            found.misplaced,
            f"{places}; {found.placed} groups, escalation policies and priorities compared",
        ),
        _none(
            "Nobody is paged after somebody took it",
            found.late,
            f"{found.spared} more pages would have come by now",
        ),
        _none(
            "Every ticket says who was paged and why, in internal notes",
            [*found.undocumented, *found.public],
            f"{found.notes} notes, none of which a customer can read",
        ),
    ]


def _none(claim: str, faults: list[str], evidence: str) -> Claim:
    """Holds if there is no fault; then the evidence says what was looked at, and else what was found."""
    return Claim(claim, not faults, first_of(faults) or evidence)


def _running(play: Play, traffic: Traffic, ending: Ending, reached: tuple[int, int] | None) -> list[Claim]:
    script = play.stage.script
    table: list[Claim] = []
    if reached is not None and script.kinds("outage"):
        table.append(
            Claim(
                "A platform that is down holds up no other",
                reached[0] == reached[1],
                f"while PagerDuty was down, {reached[0]} of {reached[1]} edits at ServiceNow were seen in Jira",
            )
        )
    if script.kinds("faults"):
        kinds = sum(
            (seen.faults for seen in traffic.seen.values()), start=type(traffic.seen["snow"].faults)()
        )
        told = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in kinds.most_common())
        table.append(
            Claim(
                "Faults of the platforms neither lose nor double anything",
                ending.findings.sound,
                f"{kinds.total()} of our calls were spoilt: {told}",
            )
        )
    if play.stage.kills:
        times = "once" if play.stage.kills == 1 else f"{play.stage.kills} times"
        table.append(
            Claim(
                "kill -9 loses and doubles nothing",
                ending.findings.sound
                and (ending.pages is None or not (ending.pages.missing or ending.pages.doubled)),
                f"killed {times} in the middle of its writing and started again; everything above was looked at after that",
            )
        )
    read, wrote = ending.second_look
    table += [
        Claim(
            "Where nothing changes, nothing is written",
            ending.quiet >= QUIET and wrote == 0 and read > 0,
            f"no write in the last {ending.quiet:.1f} s; a second look at {read} records wrote {wrote} times",
        ),
        Claim(
            "It stops promptly when it is told to",
            ending.stopped[0] == 0 and ending.stopped[1] < 10,
            f"SIGTERM: exit code {ending.stopped[0]} after {ending.stopped[1]:.1f} s",
        ),
    ]
    return table
