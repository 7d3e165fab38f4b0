"""Ties the evaluator to the store: makes the case of an incident, and carries out what was decided, in one transaction."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from syncline import ledger
from syncline.escalation.book import Book, Policy, Recurrence
from syncline.escalation.case import Case, Change, Hand, instant_of
from syncline.escalation.decision import Decision, Happened, Message, PageState
from syncline.escalation.evaluate import Policies, escalate
from syncline.escalation.recurrence import counted, told_by_value
from syncline.escalation.runs import Memory, Run
from syncline.escalation.wording import over
from syncline.intake.copying import spread
from syncline.merge import Origin
from syncline.model import ENDED, Incident, Remark, Value, Visibility, value_from_json
from syncline.station import Station
from syncline.store import incidents, instances, items, messages, runs, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Kept, Link
from syncline.store.timeline import Event

SOONEST: Final = 1.0
"""Seconds to the next look that a decision of its own asks for."""
OLDEST: Final = timedelta(days=20 * 365)
"""An incident that was opened longer ago than that before we saw it was not: somebody's clock was wrong."""
FRESH: Final = timedelta(minutes=1)
"""An incident that we saw so soon after its opening was not there before us."""
NEVER: Final = datetime.max.replace(tzinfo=UTC)
SHOWN: Final = frozenset({"group"})
"""What a move changes for the people on every platform: where it does not show, that is told."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the timeline of an incident says of its past.

    Attributes:
        changes: Field by field, with what each was before: oldest first.
        activity: When people did something.
        hands: Raised hands.
        memory: What the evaluator asked to remember.
    """

    changes: Sequence[tuple[Change, Value]]
    activity: Sequence[datetime]
    hands: Sequence[Hand]
    memory: Memory


def past(events: Iterable[Event], now: datetime = NEVER) -> Past:
    """The past of an incident, from its timeline. Nothing of it is yet to come, although the clock was set back since."""
    changes: list[tuple[Change, Value]] = []
    activity: list[datetime] = []
    hands: list[Hand] = []
    signal, raised = 0, set[str]()
    for event in events:
        data: Mapping[str, Any] = event.data or {}
        assert event.at is not None
        # Nothing happened after we saw it, whatever a platform's clock says.
        at = min(instant_of(data.get("at")) or event.at, event.at, now)
        if event.kind == "changed" and event.field is not None:
            # Whom a platform assigned by itself has not taken it.
            human = event.instance is not None and not data.get("automatic", False)
            value, before = value_from_json(data["after"]), value_from_json(data["before"])
            changes.append((Change(at, event.field, value, human), before))
            if human:
                activity.append(at)
        elif event.kind == "remark" and event.instance:
            activity.append(at)
        elif event.kind == "raised":
            hands.append(
                Hand(
                    event.id, at, str(data["by"]), str(data["reason"]), str(data["via"]), event.instance or ""
                )
            )
        elif event.kind == "escalation":
            signal = max(signal, int(data.get("hand", 0)))
            raised |= {str(data["rule"])} if "rule" in data else set()
    changes.sort(key=lambda entry: entry[0].at)
    return Past(changes, sorted(activity), hands, Memory(signal, frozenset(raised)))


def history(incident: Incident, opened_at: datetime, changes: Sequence[tuple[Change, Value]]) -> list[Change]:
    """All changes since the opening: first the values that it was opened with."""
    first: dict[str, Value] = dict(incident.values)
    for change, before in reversed(changes):
        first[change.field] = before
    began = [Change(opened_at, name, value) for name, value in first.items() if value is not None]
    return [*began, *(change for change, _ in changes)]


def case_of(
    tx: Tx,
    station: Station,
    policies: Policies,
    kept: Kept,
    incident: Incident,
    links: Sequence[Link],
    known: Past,
    *,
    escalated: bool = True,
) -> Case:
    """The case of an incident; `escalated`: whether it ever was, so that there may be pages."""
    source = next((link.instance for link in links if link.origin), links[0].instance if links else "")
    opened_at = _opened_at(tx, station, policies, kept, incident, source)
    live = [link for link in links if link.live]
    case = Case(
        incident,
        source,
        opened_at,
        history(incident, opened_at, known.changes),
        known.activity,
        known.hands,
        _pages_of(tx, station, incident) if escalated else (),
        {link.instance: f"{link.record_key} {link.url}".strip() for link in live},
        _pagers(tx, station, incident, source, links),
    )
    return _with_recurrences(tx, policies.book, case)


def _opened_at(
    tx: Tx, station: Station, policies: Policies, kept: Kept, incident: Incident, source: str
) -> datetime:
    """From when the incident counts, by our clock: from its opening. Nothing was opened after we saw it.

    What was there before anything was escalated counts from when that began: from when it was taken up, where it is
    older than the first start of its instance, and from the first book. Else all its steps would be due at once.
    """
    said, origin = instant_of(incident["opened_at"]), kept.origins.get("opened_at")
    if said is None or said < kept.created_at - OLDEST:
        at = told = kept.created_at
    else:
        told, endpoint = said, station.endpoints.get(origin.instance) if origin is not None else None
        if endpoint is not None and endpoint.http.clock_skew() is not None:
            said = endpoint.by_our_clock(said)
        elif origin is not None:
            said = origin.at  # how wrong the platform's clock is shows in its first reply after our start
        at = min(said, kept.created_at)
    if kept.created_at - at > FRESH:
        progress = instances.progress(tx, source)
        # Both by the platform's own clock: ours may have been set since.
        by_its_clock = told if origin is not None and origin.instance == source else at
        if progress is not None and by_its_clock < progress.started_at:
            at = kept.created_at
    return at if policies.since is None else max(at, policies.since)


def _pagers(
    tx: Tx, station: Station, incident: Incident, source: str, links: Sequence[Link]
) -> dict[str, str]:
    """Platform and name of each instance that can page somebody about the incident: by the record that it has there, or
    that is about to be made."""
    names = [link.instance for link in links if link.live]
    linked = {link.instance for link in links}
    coming = [
        name for name in station.targets(source, incident) if name not in linked and _pages(station, name)
    ]
    if coming:
        parked = timeline.waiting(tx, [incident.id]).get(incident.id, [])
        given_up = {entry.instance for entry in parked if entry.kind == "create"}
        names += [name for name in coming if name not in given_up]
    found: dict[str, str] = {}
    for name in names:
        if _pages(station, name):
            found.setdefault(station.endpoints[name].plugin.platform, name)
            found[name] = name
    return found


def _pages_of(tx: Tx, station: Station, incident: Incident) -> Sequence[PageState]:
    """What became of its pages. While a database is adopted, what waits in it may have left since."""
    found = messages.states(tx, [incident.id]).get(incident.id, [])
    return [replace(page, waits=False) for page in found] if station.adopting else found


def _pages(station: Station, name: str) -> bool:
    return name in station.endpoints and station.endpoints[name].capabilities.pages


def _with_recurrences(tx: Tx, book: Book, case: Case) -> Case:
    def earlier(count: Recurrence, value: object) -> list[Incident]:
        naming = str(value) if told_by_value(book, count) else None
        return incidents.known_since(tx, case.opened_at - count.within, naming)

    def last_run(policy: Policy, value: object, _found: Sequence[str]) -> datetime | None:
        assert policy.guard.once_per is not None
        return runs.last_for(tx, policy.id, str(value), tx.now - policy.guard.once_per)

    return counted(book, case, earlier, last_run)


@dataclass(frozen=True, slots=True)
class Standing:
    """How escalation stands for an incident: all that the evaluator is asked with.

    Attributes:
        policies: In force, and those that runs keep to.
        case: The incident and its past.
        runs: Oldest first, ended ones too.
        memory: What the evaluator asked to remember.
        now: The moment.
    """

    policies: Policies
    case: Case
    runs: Sequence[Run]
    memory: Memory
    now: datetime

    def decide(self) -> Decision:
        """What the policies say about it."""
        return escalate(self.policies, self.case, self.runs, self.now, self.memory)


def standing(
    tx: Tx, station: Station, kept: Kept, incident: Incident, links: Sequence[Link]
) -> Standing | None:
    """How escalation stands for an incident now; None: there are no policies."""
    policies = station.policies
    if policies is None:
        return None
    before = runs.of_incidents(tx, [incident.id]).get(incident.id, [])
    known = past(timeline.past_of(tx, incident.id), tx.now)
    case = case_of(tx, station, policies, kept, incident, links, known, escalated=bool(before))
    return Standing(policies, case, before, known.memory, tx.now)


def carry_out(
    tx: Tx,
    station: Station,
    links: Sequence[Link],
    before: Standing,
    decision: Decision,
) -> dict[str, Origin]:
    """Store what was decided: runs, messages, notes and the timeline. The origins of the fields it changed.

    Args:
        tx: The transaction of the reconcile.
        station: At hand.
        links: Of the incident.
        before: How it stood before the decision.
        decision: What was decided.
    """
    incident_id = decision.incident.id
    known, values = {run.id: run for run in before.runs}, before.case.incident.values
    runs.save(tx, incident_id, [run for run in decision.runs if known.get(run.id) != run])
    doubt = doubts(station, before, decision, _said_before(tx, station, incident_id))
    fresh = messages.insert(tx, station.ids, incident_id, doubt.sure)
    fresh += messages.insert(tx, station.ids, incident_id, doubt.again, repeated=True)
    messages.withdraw(tx, incident_id, decision.withdrawn)
    timeline.append(tx, incident_id, *(_not_again(message) for message in doubt.left_out))
    for message in fresh:
        station.ledger.mark(tx, ledger.message(message.id), message.due, message.urgency)
    timeline.append(tx, incident_id, *(_event(h) for h in decision.happened))
    timeline.append(
        tx, incident_id, *(_changed(n, values.get(n), v, tx.now) for n, v in decision.changes.items())
    )
    timeline.append(tx, incident_id, *_not_said(station, links, decision.changes.keys() & SHOWN))
    notes = [h.text for h in decision.happened if h.note and _head(h.text) not in doubt.said]
    if notes:
        _note(tx, station, incident_id, links, "\n\n".join(notes))
    return dict.fromkeys(decision.changes, Origin("", timeline.SYNCLINE, tx.now))


@dataclass(frozen=True, slots=True)
class Doubts:
    """What may have been said before the database was adopted, by a state of it that is lost.

    Attributes:
        sure: Messages that were due since.
        again: Those that may be repeats, and are wanted all the same.
        left_out: Those that are not sent: somebody has the incident, or they were told for all that is known.
        said: How the notes begin that stand on the tickets already.
    """

    sure: Sequence[Message]
    again: Sequence[Message] = ()
    left_out: Sequence[Message] = ()
    said: frozenset[str] = frozenset()


def doubts(station: Station, before: Standing, decision: Decision, said: frozenset[str]) -> Doubts:
    """Which of the decided messages may have been sent before. A page is sent again where nobody has the incident."""
    adopted_at = station.adopted_at
    if adopted_at is None:
        return Doubts(decision.messages)
    old = [m for m in decision.messages if m.due is not None and m.due <= adopted_at]
    wanted = before.case.taken_at is None and decision.incident.status not in ENDED
    # Who is to be called is called once more; who is only to be told was told, where the ticket says so.
    again = [m for m in old if wanted and (m.urgent or not said)]
    return Doubts(
        [m for m in decision.messages if m not in old], again, [m for m in old if m not in again], said
    )


def _said_before(tx: Tx, station: Station, incident_id: str) -> frozenset[str]:
    """How the notes of escalation begin that stand on the tickets already; asked only while a database is adopted."""
    if not station.adopting:
        return frozenset()
    own = [item for item in items.of_incident(tx, incident_id) if not item.instance]
    lines = [line for item in own for line in str(item.content.get("body", "")).splitlines()]
    return frozenset(_head(line) for line in lines if line.startswith("Escalation "))


def _head(text: str) -> str:
    """What a line of escalation is about, without how late it was."""
    return re.sub(r"(, [^,]* late| at once)$", "", text.partition(":")[0])


def _not_again(message: Message) -> Event:
    text = (
        f"{message.recipient} is not told again by {message.channel} ({message.occasion}): it was due before the database was "
        "adopted, and somebody has the incident or was told"
    )
    data = {"run": message.run_id, "occasion": message.occasion, "recipient": message.recipient}
    return Event("withheld", text, data=data)


def end(tx: Tx, incident_id: str, why: str) -> None:
    """End all escalations of an incident that nobody looks at any more."""
    active = [
        run for run in runs.of_incidents(tx, [incident_id]).get(incident_id, ()) if run.ended_at is None
    ]
    runs.save(tx, incident_id, [run.ended(tx.now, why) for run in active])
    told = [
        Event("escalation", over(run.policy, why), data={"policy": run.policy, "run": run.id})
        for run in active
    ]
    timeline.append(tx, incident_id, *told)


def _event(happened: Happened) -> Event:
    return Event(happened.kind, happened.text, data=dict(happened.data))


def _changed(name: str, before: Value, after: Value, now: datetime) -> Event:
    from_to = {"before": before, "after": after, "at": now.isoformat()}
    said = f"{name}: {timeline.shown(before)} -> {timeline.shown(after)}, by the escalation"
    return Event("changed", said, None, field=name, data=from_to)


def _note(tx: Tx, station: Station, incident_id: str, links: Sequence[Link], text: str) -> None:
    """An internal note of our own on every record, and on those that are yet to come."""
    own_id = station.ids.token()
    said = Remark(own_id, "", timeline.SYNCLINE, text, Visibility.INTERNAL, tx.now, own=True)
    note = items.insert_remark(tx, own_id, incident_id, "", said, everywhere=True)
    spread(tx, station, note, [link.instance for link in links if link.live])


def _not_said(station: Station, links: Sequence[Link], names: Iterable[str]) -> Iterator[Event]:
    """Where a move does not show, since the platform has no field for it: the note is all that stands there."""
    for link in links:
        endpoint = station.endpoints.get(link.instance)
        if not link.live or endpoint is None:
            continue
        rules = endpoint.mapping.rules
        for name in names:
            if name not in rules or not rules[name].direction.writes(creating=False):
                text = f"{name} is not written to {link.instance} {link.record_key}: its mapping has no field for it; a note says it"
                yield Event("withheld", text, link.instance, field=name)


def next_look(decision: Decision, now: datetime) -> float | None:
    """When the incident is to be looked at again; seconds since 1970."""
    if decision.look_again is None:
        return None
    return max(decision.look_again, now + timedelta(seconds=SOONEST if decision.changes else 0)).timestamp()
