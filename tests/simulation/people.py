"""What people do in a world: planned from a stream of its own before anything happens, and done on the platforms themselves.

Everything that a platform accepted goes into the script, with what truly stood there at that moment. So it is exact whom
an edit replaced knowingly, and whom not.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast
from urllib.parse import unquote

import requests
from loop import Loop
from places import PLACES
from tracing import Trace

from syncline.demo import people
from syncline.demo.cherwell import STAFFED as OWNED
from syncline.demo.cherwell import CherwellSide
from syncline.demo.equivalence import CHERWELL, HELIX, JIRA, PD, SNOW, case_of
from syncline.demo.helix import STAFFED, HelixSide
from syncline.demo.jira import JiraSide
from syncline.demo.people import PlatformRefusedError, Side, accepted
from syncline.demo.script import CREATE, FILE, INTERNAL, LABEL, PUBLIC, Script
from syncline.demo.servicenow import ServiceNowSide
from syncline.ports import Runtime
from syncline.sandbox.adapter import simulated_request
from syncline.sandbox.instance import Instance
from syncline.sandbox.platform import Request

OURSELVES = "syncline"
GONE = "deletion"
CLONE = "clone"
WHO: Mapping[str, Sequence[str]] = {
    SNOW: ("amina", "diane"),
    JIRA: ("bruno", "olga"),
    PD: ("noah", "olga", "amina"),
    HELIX: ("chloe", "bruno"),
    CHERWELL: ("diane", "olga"),
}
ASSIGNEES = ("amina.diallo", "bruno.keller", "chloe.martin", "diane.novak", "")
TAKER = "bruno.keller@example.com"
"""Whom people put in at Helix and Cherwell, where these ask for an assignee."""
PRIORITIES: Mapping[str, Sequence[str]] = {
    SNOW: ("1", "2", "3", "4", "5"),
    JIRA: ("Highest", "High", "Medium", "Low", "Lowest"),
    PD: ("P1", "P2", "P3", "P4", "P5"),
    HELIX: ("Critical", "High", "Medium", "Low"),
    CHERWELL: ("1", "2", "3", "4", "5"),
}
STATUSES: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]] = {
    SNOW: (
        ("2", {}),
        ("3", {"hold_reason": "4"}),
        ("6", {"close_code": "Solution provided", "close_notes": "Mended."}),
        ("8", {}),
    ),
    JIRA: (
        ("In Progress", {}),
        ("Waiting", {}),
        ("In Review", {}),
        ("Done", {"resolution": "Done"}),
        ("Canceled", {}),
    ),
    PD: (("acknowledged", {}), ("resolved", {}), ("acknowledged", {})),
    # Nobody closes there: what is closed can only be read from then on.
    HELIX: (
        ("In Progress", {}),
        ("Pending", {"Status_Reason": "Client Hold"}),
        ("Resolved", {"Status_Reason": "No Further Action Required", "Resolution": "Mended."}),
        ("Cancelled", {}),
    ),
    # Nobody closes there by hand either.
    CHERWELL: (
        ("In Progress", {}),
        ("Pending", {"PendingReason": "The vendor looks at it"}),
        ("Resolved", {"CloseDescription": "Mended."}),
        ("Reopened", {}),
    ),
}
ENDS = {"6", "7", "8", "Done", "Closed", "Canceled", "Resolved", "Cancelled"}
DELETING = ServiceNowSide | JiraSide | HelixSide | CherwellSide
"""Where people delete tickets, and make one of another. PagerDuty knows neither."""
_DELETING = (SNOW, JIRA, HELIX, CHERWELL)
_PUBLIC = (SNOW, HELIX, CHERWELL)
_WITHOUT_FILES = (PD, CHERWELL)
_PASTED = """

    at Mail.send(Mail.java:17)   [core]
1. restarted *node-2*, _still_ red
-- Bruno wrote: [syncline:abcdefghijkl] and more of it"""
SUBJECTS = (
    "Mail is down",
    "Checkout answers 502",
    "Züge fahren nicht – 東京",
    "VPN drops <b>often</b>",
    "Phones ring 📞 & stop",
)


class DirectWire(people.Wire):
    """The way of people to a platform: no fault stands in it."""

    def __init__(self, instance: Instance, runtime: Runtime) -> None:
        super().__init__(f"https://{instance.name}.example", runtime)
        self.instance = instance

    def _once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Any,
        raw: bytes | None,
        files: Mapping[str, tuple[str | None, bytes]] | None,
    ) -> bytes:
        where, _, query = path.partition("?")
        if files is not None:
            prepared = requests.Request(
                method, f"{self.url}{path}", headers=dict(headers), files=files
            ).prepare()
            request = simulated_request(prepared)
        else:
            content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
            said = {"accept": "application/json", "host": f"{self.instance.name}.example"}
            if body is not None:
                said["content-type"] = "application/json"
            said |= {name.lower(): value for name, value in headers.items()}
            request = Request(method, unquote(where), query, said, content)
        response = self.instance.apply(request)
        return accepted(f"{method} {path}", response.status, response.body)

    def sandbox(self, method: str, what: str, body: Any = None) -> Any:
        """What the platform holds."""
        assert (method, what) == ("GET", "state")
        return self.instance.state()


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody means to do.

    Attributes:
        n: Its number, by which a part of a story can be told.
        at: Seconds after the story began.
        case: The incident.
        side: Where.
        what: `create`, a field, a kind of remark, `file`, `label`.
        looks: Seconds before it at which the person looked; 0: at the same moment.
    """

    n: int
    at: float
    case: str
    side: str
    what: str
    looks: float = 0.0


_KINDS = (
    ("title", 5),
    ("priority", 5),
    ("status", 6),
    ("description", 2),
    ("assignee", 2),
    (INTERNAL, 4),
    (PUBLIC, 1),
    (FILE, 1),
    (LABEL, 1),
)


def plan(seed: str, length: float, incidents: int, edits: int, sides: Sequence[str]) -> list[Deed]:
    """What people mean to do, in the order of time: incidents that begin in the first third, and about so many edits of
    each; half of the edits in bursts, in which several people are at one incident within seconds."""
    rng = Random(f"{seed}/people")
    deeds: list[tuple[float, str, str, str, float]] = []
    kinds = [kind for kind, weight in _KINDS for _ in range(weight)]
    for number in range(incidents):
        case = f"{number:02d}"
        born = rng.uniform(0.0, length / 3)
        deeds.append((born, case, rng.choice(sides), CREATE, 0.0))
        left = rng.randint(1, edits * 2 - 1)
        while left > 0:
            at = rng.uniform(born + rng.choice((1.0, 90.0)), length)
            burst = 1 if rng.random() < 0.5 else min(left, rng.randint(2, 4))
            what = rng.choice(kinds)
            for _ in range(burst):
                looks = rng.uniform(2.0, 60.0) if rng.random() < 0.2 else 0.0
                deeds.append((at, case, rng.choice(sides), what, looks))
                at += rng.choice((0.0, rng.uniform(0.0, 3.0), rng.uniform(0.0, 30.0)))
                what = what if rng.random() < 0.7 else rng.choice(kinds)
            left -= burst
    deeds.sort()
    return [Deed(n, *deed) for n, deed in enumerate(deeds)]


def plan_deletions(seed: str, length: float, deeds: Sequence[Deed], sides: Sequence[str]) -> list[Deed]:
    """In a third of the worlds somebody deletes one ticket of an incident or two. PagerDuty knows no deletion."""
    rng = Random(f"{seed}/deletions")
    if rng.random() < 2 / 3:
        return []
    cases, where = sorted({deed.case for deed in deeds}), [side for side in _DELETING if side in sides]
    chosen = rng.sample(cases, min(len(cases), rng.randint(1, 2)))
    return [
        Deed(len(deeds) + n, rng.uniform(length / 4, length), case, rng.choice(where), GONE)
        for n, case in enumerate(chosen)
    ]


def plan_clones(seed: str, length: float, deeds: Sequence[Deed], sides: Sequence[str]) -> list[Deed]:
    """In a quarter of the worlds somebody copies a ticket, as a template for another incident: with all that we left on it."""
    rng = Random(f"{seed}/clones")
    if rng.random() < 3 / 4:
        return []
    cases, where = sorted({deed.case for deed in deeds}), [side for side in _DELETING if side in sides]
    return [
        Deed(len(deeds) + n, rng.uniform(length / 3, length), case, rng.choice(where), CLONE)
        for n, case in enumerate(rng.sample(cases, min(len(cases), rng.randint(1, 2))))
    ]


@dataclass(frozen=True, slots=True)
class Deleted:
    """A ticket that somebody deleted: of which case, where, and how many seconds after the world began."""

    case: str
    side: str
    at: float


@dataclass(slots=True)
class People:
    """Everybody.

    Attributes:
        seed: Of the world.
        loop: Time.
        sides: The platforms, as they use them.
        script: What platforms accepted of them.
        trace: Told of it.
        bots: The share of edits that they make with our own account.
        unswept: Whether there are polls alone. PagerDuty tells of a new title or priority by no entry of its log, and no list
            of open incidents shows what is resolved: only a sweep finds it there, so nobody makes such an edit then.
        records: Case to side to record; None where it was deleted.
        deleted: By record.
        done: How much was done, by kind.
        said: What they wrote, by its first line.
        files: What they attached, by name.
    """

    seed: str
    loop: Loop
    sides: Mapping[str, Side]
    script: Script
    trace: Trace
    bots: float = 0.0
    unswept: bool = False
    records: dict[str, dict[str, str | None]] = field(default_factory=dict)
    deleted: dict[str, Deleted] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def begin(self, deeds: Sequence[Deed]) -> None:
        """See to it that each deed is done in its time."""
        for deed in deeds:
            self.loop.after(deed.at, lambda deed=deed: self._do(deed))  # type: ignore[misc]

    def locate(self, case: str, side: str) -> str | None:
        """The record of an incident, as a person finds it on that platform."""
        known = self.records.setdefault(case, {})
        if side not in known:
            for ticket in self.sides[side].census():
                self.records.setdefault(case_of(ticket.title), {}).setdefault(side, ticket.id)
        return known.get(side)

    def _do(self, deed: Deed) -> None:
        rng = Random(f"{self.seed}/people/{deed.n}")
        try:
            if deed.what == CREATE:
                self._create(deed, rng)
                return
            side = deed.side
            record = self.locate(deed.case, side)
            if deed.what == GONE:
                self._delete(deed, record)
                return
            if deed.what == CLONE:
                self._clone(deed, record, rng)
                return
            if record is None:
                side = next((s for s in self.sides if self.locate(deed.case, s)), side)
                record = self.locate(deed.case, side)
            if record is not None:
                self._act(deed, side, record, rng)
        except PlatformRefusedError as refusal:
            self.script.refused.append(str(refusal))
            self.trace.add(
                self.loop.passed, f"refused #{deed.case} {deed.side} {deed.what}: {str(refusal)[:120]}"
            )

    def _create(self, deed: Deed, rng: Random) -> None:
        side, who = deed.side, rng.choice(WHO[deed.side])
        title = f"{rng.choice(SUBJECTS)} #{deed.case}"
        values = {"priority": rng.choice(PRIORITIES[side])}
        at = self.loop.now()
        record = self.sides[side].create(who, title, f"It began at {deed.at:.0f}.", **values)
        self.records.setdefault(deed.case, {})[side] = record
        self._accepted(deed, side, who, CREATE, title, "", record)
        before = self.sides[side].look(record)
        for what in ("title", "priority"):
            # What a record is opened with counts like an edit that replaced nobody's.
            value = before.field(what)
            if value:
                self.script.add(deed.case, side, who, what, value, "", at, at, record)

    def _clone(self, deed: Deed, record: str | None, rng: Random) -> None:
        """A new incident, whose ticket was made of another."""
        if record is None:
            return
        platform, who, case = self.sides[deed.side], rng.choice(WHO[deed.side]), f"c{deed.n}"
        assert isinstance(platform, DELETING)
        title = f"{rng.choice(SUBJECTS)} #{case}"
        at = self.loop.now()
        copy = platform.clone(who, record, title)
        self.records.setdefault(case, {})[deed.side] = copy
        self.script.add(case, deed.side, who, CREATE, title, "", at, at, copy)
        self.done[CLONE] = self.done.get(CLONE, 0) + 1
        self.trace.add(self.loop.passed, f"{who} on {deed.side} #{case} clones {record} of #{deed.case}")
        before = platform.look(copy)
        for what in ("title", "priority"):
            if before.field(what):
                self.script.add(case, deed.side, who, what, before.field(what), "", at, at, copy)

    def _delete(self, deed: Deed, record: str | None) -> None:
        if record is None:
            return
        platform = self.sides[deed.side]
        assert isinstance(platform, DELETING)
        platform.delete(record)
        self.deleted[record] = Deleted(deed.case, deed.side, self.loop.passed)
        self.records[deed.case][deed.side] = None
        self.done[GONE] = self.done.get(GONE, 0) + 1
        self.trace.add(self.loop.passed, f"somebody on {deed.side} #{deed.case} deletes {record}")

    def _act(self, deed: Deed, side: str, record: str, rng: Random) -> None:
        who = OURSELVES if rng.random() < self.bots else rng.choice(WHO[side])
        platform, text = (
            self.sides[side],
            f"{deed.what} no. {deed.n} {rng.choice(('seen', 'tried', 'naïve ☂'))}",
        )
        match deed.what:
            case "internal note" | "public comment":
                public = deed.what == PUBLIC and side in _PUBLIC
                writer, whole = rng.choice(WHO[side]), text + _further(deed.n)
                who = who if who == OURSELVES else writer
                platform.remark(who, record, whole, public=public)
                self.said[text] = whole
                self._accepted(deed, side, who, PUBLIC if public else INTERNAL, text, "", record)
            case "file" if side not in _WITHOUT_FILES:
                name, content = f"trace-{deed.n}.log", rng.randbytes(rng.choice((0, 10, 2_000)))
                writer = rng.choice(WHO[side])
                who = who if who == OURSELVES else writer
                platform.attach(who, record, name, content)
                self.files[name] = content
                self._accepted(deed, side, who, FILE, f"{name}|{len(content)}", "", record)
            case "label" if side == JIRA:
                assert isinstance(platform, JiraSide)
                platform.label("bruno", record, f"label-{deed.n}")
                self._accepted(deed, side, who, LABEL, f"label-{deed.n}", "", record)
            case "file" | "label":
                return
            case _:
                self._edit(deed, side, who, record, rng)

    def _edit(self, deed: Deed, side: str, who: str, record: str, rng: Random) -> None:
        more: Mapping[str, str] = {}
        match deed.what:
            case "priority":
                value = rng.choice(PRIORITIES[side])
            case "status":
                value, more = rng.choice(STATUSES[side])
            case "assignee":
                name = rng.choice(ASSIGNEES)
                value = f"{name}@example.com" if name else ""
            case "title":
                value = f"{rng.choice(SUBJECTS)}, edit {deed.n} #{deed.case}"
            case _:
                value = (
                    f"Text no. {deed.n}\nwith a second line, {rng.choice(('äöü', '<i>', '{code}', '* a'))}."
                )
        if (deed.what, side) in {("assignee", PD), ("description", PD)}:
            return
        before = self.sides[side].look(record).field(deed.what)
        if before == value or {before, value} <= ENDS:
            return  # No workflow leads from one end to another.

        def save() -> None:
            if record in self.deleted:
                return
            there = self.sides[side].look(record)
            stood = there.field(deed.what)
            if stood == value:
                return  # No platform keeps a trace of what changes nothing.
            if self.unswept and side == PD and there.status == "resolved" and deed.what != "status":
                return
            taken = self._asks_for_somebody(deed, side, value, there.assignee)
            try:
                self.sides[side].set(who, record, deed.what, value, **more, **taken)
            except PlatformRefusedError as refusal:
                self.script.refused.append(str(refusal))
                return
            self._accepted(deed, side, who, deed.what, value, stood, record)
            if taken:
                at = self.loop.now()
                self.script.add(deed.case, side, who, "assignee", TAKER, "", at, at, record)

        if deed.looks:
            self.loop.after(deed.looks, save)
        else:
            save()

    @staticmethod
    def _asks_for_somebody(deed: Deed, side: str, value: str, assignee: str) -> Mapping[str, str]:
        """Helix and Cherwell ask whoever sets such a status for an assignee, where there is none."""
        if (deed.what, side) == ("status", CHERWELL) and value in OWNED and not assignee:
            return {"OwnedBy": TAKER.partition("@")[0].replace(".", " ").title()}
        asked = (deed.what, side) == ("status", HELIX) and value in STAFFED and not assignee
        return {"Assignee Login ID": TAKER.partition(".")[0]} if asked else {}

    def _accepted(
        self, deed: Deed, side: str, who: str, what: str, value: str, before: str, record: str
    ) -> None:
        at = self.loop.now()
        self.script.add(deed.case, side, who, what, value, before, at, at, record)
        self.done[what] = self.done.get(what, 0) + 1
        self.trace.add(self.loop.passed, f"{who} on {side} #{deed.case} {what}: {before!r} -> {value!r}")


def _further(n: int) -> str:
    """What follows the first line of a remark: every third says more, as people paste what a machine said."""
    return "" if n % 3 else _PASTED


def settle_in(instances: Mapping[str, Instance], runtime: Runtime) -> dict[str, Side]:
    """The platforms, as people use them; one of them signs in as Syncline."""
    cast("dict[str, str]", people.EMAIL).setdefault(OURSELVES, f"{OURSELVES}@example.com")
    wires = {name: DirectWire(instance, runtime) for name, instance in instances.items()}
    return {name: PLACES[name].side(wire) for name, wire in wires.items()}
