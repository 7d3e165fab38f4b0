"""Plans without doing: the very code that would act, in a transaction that is undone, over calls that are not sent."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from syncline.application.explain import named
from syncline.application.mappings import NotFound
from syncline.connector import Create, Operation, Receipt, Record, Sighting
from syncline.delivery.actions import (
    Action,
    Done,
    Evidence,
    Explore,
    Failed,
    Fetch,
    Fetched,
    Meet,
    Released,
    Send,
    Sent,
)
from syncline.delivery.deliver import perform
from syncline.delivery.turn import Turn
from syncline.errors import Gone, SynclineError
from syncline.http.exchange import Call, Rehearsed
from syncline.intake.sightings import take_in
from syncline.ledger import Item, Kind, Lease
from syncline.reconcile import Outcome, reconcile, situations
from syncline.station import Endpoint, Station
from syncline.store import incidents
from syncline.store.database import Tx

MOST: Final = 25
"""Writes to one record after which a plan is cut off: no incident needs as many."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One write that would be made.

    Attributes:
        instance: Where.
        kind: create, update, transition, comment, attach, linkback.
        record: Which record; empty for one that is yet to be created.
        fields: The common fields that it brings in line.
        call: The exact request, secrets masked; None where it depends on a record that does not exist yet.
        note: What stands in its way.
    """

    instance: str
    kind: str
    record: str
    fields: tuple[str, ...]
    call: Call | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen to one incident now.

    Attributes:
        incident_id: Which; None where the record would not be taken up.
        title: Its title.
        changes: Common field to its new value, as sentences.
        calls: The writes, in order for each instance.
        reasons: Why the record is not taken up, or what is withheld and parked.
    """

    incident_id: str | None
    title: str
    changes: tuple[str, ...]
    calls: tuple[PlannedCall, ...]
    reasons: tuple[str, ...]


class _Undone(Exception):
    """Carries the result out of a transaction that must leave no trace."""

    def __init__(self, result: object) -> None:
        super().__init__("undone")
        self.result = result


class _Asked(Exception):
    """A platform must be asked first, and a transaction must not wait for it."""

    def __init__(self, endpoint: Endpoint, question: Explore | Meet) -> None:
        super().__init__(str(question))
        self.endpoint = endpoint
        self.question = question


def planned(station: Station, key: str) -> Plan:
    """What would be done to an incident or record now.

    Args:
        station: At hand, with the mappings that are meant.
        key: An incident's id, or the key of a record, as `instance/key` where several could be meant.

    Raises:
        NotFound: no instance has such a record.
    """
    for endpoint in station.endpoints.values():
        # One that does not answer is planned for by its mapping as it stands.
        with suppress(SynclineError):
            endpoint.fit()
    instance, _, bare = key.rpartition("/")
    found = station.database.transact(lambda tx: named(tx, bare))
    if found:
        links = station.database.transact(lambda tx: incidents.links_of(tx, found[:1]))[found[0]]
        sightings: dict[str, list[Sighting]] = {}
        missing: list[str] = []
        for link in links:
            if link.live and link.instance in station.endpoints:
                try:
                    sightings[link.instance] = [
                        station.endpoints[link.instance].connector.read(link.record_id)
                    ]
                except Gone as error:
                    missing.append(str(error))
        plan = rehearse(station, sightings, found[0])
        return replace(plan, reasons=(*missing, *plan.reasons))
    for name, endpoint in station.endpoints.items():
        record = endpoint.connector.lookup(bare) if instance in {"", name} else None
        if record is not None:
            return rehearse(station, {name: [Sighting(record.id, record)]}, None)
    raise NotFound(f"no instance has a record {key!r}, and no incident is called so")


def rehearse(station: Station, sightings: Mapping[str, Sequence[Sighting]], incident_id: str | None) -> Plan:
    """What would be done if those sightings had just been taken in.

    Args:
        station: At hand; nothing of it is changed.
        sightings: By instance, the records as they are now.
        incident_id: The incident, where one is known; else the sightings begin one.
    """
    answers: _Answers = {}
    while True:
        try:
            return _sent(station, *_undone(station, sightings, incident_id, answers))
        except _Asked as asked:
            endpoint, question = asked.endpoint, asked.question
            evidence = perform(station, endpoint, question)
            if isinstance(evidence, Failed):
                raise evidence.error from None
            answers[endpoint.name, question] = evidence
            if isinstance(question, Meet):
                for party in question.parties:  # the next run through asks again, and finds the answer here
                    endpoint.asked.pop(party, None)


_Answers = dict[tuple[str, Explore | Meet], Evidence]
_Intents = list[tuple[str, Send | str]]


def _undone(
    station: Station,
    sightings: Mapping[str, Sequence[Sighting]],
    incident_id: str | None,
    answers: _Answers,
) -> tuple[Plan, _Intents]:
    """The plan without its requests, and the intents that they would be made from."""

    def work(tx: Tx) -> None:
        raise _Undone(_rehearsed(tx, station, sightings, incident_id, answers))

    # The directories learn whom they meet; the people met in a rehearsal are forgotten with it.
    directories = {name: endpoint.directory for name, endpoint in station.endpoints.items()}
    try:
        station.database.transact(work)
    except _Undone as undone:
        return undone.result  # type: ignore[return-value]
    finally:
        for name, endpoint in station.endpoints.items():
            endpoint.directory = directories[name]
    raise AssertionError("a rehearsal always ends by being undone")


def _rehearsed(
    tx: Tx,
    station: Station,
    sightings: Mapping[str, Sequence[Sighting]],
    incident_id: str | None,
    answers: _Answers,
) -> tuple[Plan, _Intents]:
    reasons: list[str] = []
    for name, seen in sightings.items():
        taken = take_in(tx, station, station.endpoints[name], seen, backfill=True)
        for adoption in taken.adopted:
            incident_id = incident_id or adoption.incident_id
            reasons.append(f"{name}: {adoption.reason}")
    if incident_id is None:
        return Plan(None, "", (), (), tuple(reasons)), []
    before = situations(tx, [incident_id])[0]
    outcome = reconcile(tx, station, [incident_id]).get(incident_id, Outcome(before.kept.incident))
    changes = tuple(
        f"{name}: {c.value!r} by {c.origin.actor} on {c.origin.instance}"
        for name, c in (outcome.merged.changes.items() if outcome.merged else ())
    )
    intents: _Intents = []
    for name in outcome.deliveries:
        intents += [
            (name, intent) for intent in _turns(tx, station, station.endpoints[name], incident_id, answers)
        ]
    for situation in situations(tx, [incident_id]):
        reasons += [f"parked: {p.reason}" for p in situation.parked]
        reasons += [
            f"{li.instance}: {f} is not written: {why}"
            for li in situation.live
            for f, why in li.withheld.items()
        ]
    return Plan(incident_id, outcome.incident.title, changes, (), tuple(reasons)), intents


class _NoLease(Lease):
    """A rehearsal holds nothing that a peer could take."""

    def hold(self, tx: Tx) -> None:
        """Nothing to hold."""

    def done(self, tx: Tx, next_due: float | None = None) -> None:
        """Nothing to give back."""

    def retry(self, tx: Tx, error: str, after: float | None = None, *, ours: bool = False) -> bool:  # noqa: ARG002
        """Nothing to give back."""
        return False


def _turns(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    incident_id: str,
    answers: _Answers,
) -> list[Send | str]:
    lease = _NoLease(Item(Kind.DELIVERY, f"{incident_id}|{endpoint.name}", endpoint.name), 0, 3, 0, "", 0.0)
    turn = Turn(station, endpoint, lease)
    intents: list[Send | str] = []
    action: Action = turn.next(tx)
    while not isinstance(action, Done | Released) and len(intents) < MOST:
        match action:
            case Send():
                intents.append(action)
                action = turn.next(tx, Sent(action, _imagined(tx, endpoint, incident_id, action.operation)))
            case Explore("(new)", _):
                intents.append("what else its workflow asks for is known once the record exists")
                break
            case Explore() | Meet():
                if (endpoint.name, action) not in answers:
                    raise _Asked(endpoint, action)
                action = turn.next(tx, answers[endpoint.name, action])
            case Fetch(item):
                action = turn.next(tx, Fetched(action, b"\0" * int(item.content["size"])))
            case _:
                intents.append("an earlier write of unknown outcome is looked for first")
                break
    return intents


def _imagined(tx: Tx, endpoint: Endpoint, incident_id: str, operation: Operation) -> Receipt:
    """The receipt of a write that went exactly as asked."""
    if isinstance(operation, Create):
        now = tx.now
        record = Record(
            "(new)", "(new)", "", dict(operation.values), 1, now, now, own=True, marker=operation.marker
        )
        return Receipt("(new)", record)
    link = next(li for li in situations(tx, [incident_id])[0].links if li.instance == endpoint.name)
    changed = dict(getattr(operation, "values", {}))
    workflow = endpoint.capabilities.workflow
    to = getattr(operation, "to", None)
    if workflow is not None and to is not None:
        changed[workflow] = to
    record = Record(
        link.record_id,
        link.record_key,
        link.url,
        {**link.seen, **changed},
        link.revision + 1,
        link.seen_at,
        link.seen_at,
        own=True,
    )
    return Receipt(link.record_id, record)


def _sent(station: Station, plan: Plan, intents: _Intents) -> Plan:
    """The plan with the exact request of each intent, as its connector would send it."""
    calls: list[PlannedCall] = []
    for name, intent in intents:
        if isinstance(intent, str):
            calls.append(PlannedCall(name, "", "", (), None, intent))
            continue
        endpoint = station.endpoints[name]
        record = str(getattr(intent.operation, "record_id", ""))
        planned = PlannedCall(name, intent.logged.kind, record, tuple(sorted(intent.logged.fields)), None)
        calls.append(_request(endpoint, planned, intent.operation))
    return replace(plan, calls=tuple(calls))


def _request(endpoint: Endpoint, planned: PlannedCall, operation: Operation) -> PlannedCall:
    if planned.record == "(new)":
        return replace(planned, note="made once the record exists")
    twin = endpoint.plugin.connect(
        endpoint.settings, endpoint.http.rehearsal(), endpoint.mapping.native_fields
    )
    try:
        twin.write(operation)
    except Rehearsed as rehearsed:
        return replace(planned, call=rehearsed.call)
    except SynclineError as error:
        return replace(planned, note=str(error))
    return replace(planned, note="nothing would be sent")
