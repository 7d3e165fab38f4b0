"""One turn of a delivery: a transaction that takes in what the last action brought, and says what to do next.

Every write is committed as an intent before its request leaves, and its outcome is committed together with the new
shadow and with the next intent. So a crash at any moment leaves either no trace, or a write of unknown outcome that is
looked for before it is repeated.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from syncline import ledger
from syncline.connector import Create, Native, Operation, PartyKind, Step, Update
from syncline.delivery.actions import (
    Action,
    Done,
    Evidence,
    Explore,
    Explored,
    Failed,
    Fetch,
    Fetched,
    Look,
    Looked,
    Meet,
    Met,
    Recheck,
    Rechecked,
    Seen,
    Send,
    Sent,
)
from syncline.delivery.applied import applied, seen
from syncline.delivery.copies import attachment, comment, link_back
from syncline.delivery.failed import failed
from syncline.delivery.looked import looked
from syncline.delivery.moving import Arrived, Stuck, next_move
from syncline.fights import fight
from syncline.intake.sightings import take_in
from syncline.ledger import Lease
from syncline.model import ENDED, json_value
from syncline.planning import Explore as Unexplored
from syncline.planning import Want, difference
from syncline.reconcile import Situation, references, settle, situations, unreferenced
from syncline.station import Endpoint, Station
from syncline.store import incidents, items, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.items import Item
from syncline.store.operations import EFFECTIVE, OPEN, Logged, State
from syncline.store.timeline import Event

PATIENCE: Final = timedelta(minutes=10)
"""So long the links back wait for a sibling that does not exist yet."""


@dataclass(slots=True)
class Turn:
    """One delivery under one lease.

    Attributes:
        station: At hand.
        endpoint: The instance that is written to.
        lease: The right to do so.
        steps: Native status to the transitions out of it, as far as they were looked up.
        taken: Native status and id of the transitions that were taken.
        contents: Bytes of files that were fetched.
        doubtful: Writes of unknown outcome that nothing waits for, and when they are looked for again (seconds since 1970).
        begun: Whether the first transaction, in which the lease was just claimed, is over.
        rechecked: Whether the record was looked at once more, since no way leads from where we believed it to be.
        afresh: Whether the workflow was looked up anew because a person said that it was mended.
    """

    station: Station
    endpoint: Endpoint
    lease: Lease
    steps: dict[str, Sequence[Step]] = field(default_factory=dict)
    taken: set[tuple[str, str]] = field(default_factory=set)
    contents: dict[str, bytes] = field(default_factory=dict)
    doubtful: dict[int, float] = field(default_factory=dict)
    begun: bool = False
    rechecked: bool = False
    afresh: bool = False

    def next(self, tx: Tx, evidence: Evidence | None = None) -> Action:
        """Take in the evidence, and decide what to do next. The lease is checked in the same transaction."""
        if self.begun:
            self.lease.hold(tx)
        self.begun = True
        found = self._situation(tx)
        if found is None:
            self.lease.done(tx)
            return Done()
        if evidence is not None:
            after = self._take(tx, found, evidence)
            if after is not None:
                return self._finish(tx, after) if isinstance(after, Done) else after
            found = self._afterwards(tx, found, evidence)
        action = self._decide(tx, found)
        return self._finish(tx, action) if isinstance(action, Done) else action

    def _finish(self, tx: Tx, done: Done) -> Done:
        due = min((at for at in (done.next_due, *self.doubtful.values()) if at is not None), default=None)
        self.lease.done(tx, due)
        return Done(due)

    def _situation(self, tx: Tx) -> Situation | None:
        found = situations(tx, [self.lease.item.incident_id])
        return found[0] if found and found[0].kept.unlinked_at is None else None

    def _afterwards(self, tx: Tx, s: Situation, evidence: Evidence) -> Situation:
        """The situation once the evidence is taken in."""
        if isinstance(evidence, Sent) and evidence.action.logged.kind in operations.AUDITED:
            # All that a write of fields changes is the record's own link, and that it is under way no longer.
            name = self.endpoint.name
            link = incidents.link_of(tx, s.kept.incident.id, name)
            links = [link if link is not None and li.instance == name else li for li in s.links]
            left = [logged for logged in s.sent.get(name, ()) if logged.id != evidence.action.logged.id]
            return replace(s, links=links, sent={**s.sent, name: left})
        found = self._situation(tx)
        assert found is not None
        return found

    # ---- what the last action brought -----------------------------------------------------------

    def _take(self, tx: Tx, s: Situation, evidence: Evidence) -> Action | None:
        match evidence:
            case Sent(action, receipt):
                # From where it stands now the workflow may show steps that it hid before.
                self.steps = {status: steps for status, steps in self.steps.items() if steps}
                return applied(tx, self.station, self.endpoint, s, action, receipt)
            case Failed(action, error):
                return failed(tx, self.station, self.endpoint, s, self.lease, action, error, self.doubtful)
            case Looked():
                return looked(tx, self.station, self.endpoint, s, evidence, self.doubtful)
            case Seen(action, sighting):
                seen(tx, self.station, self.endpoint, s, action.logged, sighting)
            case Explored(action, steps):
                self.steps[action.status] = steps
            case Rechecked(_, sighting):
                take_in(tx, self.station, self.endpoint, [sighting])
            case Fetched(action, content):
                self.contents[action.item.id] = content
                items.fingerprint(tx, action.item, hashlib.sha256(content).hexdigest())
            case Met(asked, parties):
                # Together: who was asked for and is not known yet would pass for unknown to a reconcile in between.
                self.endpoint.meet(tx, parties)
                self.endpoint.asked.update(dict.fromkeys(asked.parties, tx.now))
        return None

    # ---- what to do next ------------------------------------------------------------------------

    def _decide(self, tx: Tx, s: Situation) -> Action:
        name = self.endpoint.name
        unfinished = [logged for logged in s.sent.get(name, ()) if logged.state in OPEN]
        link = next((li for li in s.links if li.instance == name), None)
        if link is not None and not link.live:
            for logged in unfinished:
                operations.finish(tx, logged.id, State.VOID, "the record is gone")
            return Done()
        due = [logged for logged in unfinished if logged.id not in self.doubtful]
        if due:
            return Look(due[0])
        if link is None:
            return self._create(tx, s)
        if link.stale:
            # What we know of it may be old: reconcile reads it, and marks this delivery again.
            self.station.ledger.mark(tx, ledger.incident(s.kept.incident.id))
            return Done()
        want = self._want(tx, s, link)
        strangers = self._strangers(tx, want.strangers)
        if strangers:
            return Meet(strangers)
        if want.fields:
            return self._change(tx, s, link, want)
        settle(tx, link, link.settled, want)
        if unfinished:
            return Done()  # copies keep their order: what is in doubt goes before what comes after it
        item = items.next_due(tx, s.kept.incident.id, name)
        if item is not None:
            return self._copy(tx, s, link, item)
        return self._refer(tx, s, link)

    def _strangers(
        self, tx: Tx, parties: Sequence[tuple[PartyKind, str]]
    ) -> tuple[tuple[PartyKind, str], ...]:
        """Those people and groups whom the platform was not asked about for a while."""
        return tuple(party for party in parties if self.endpoint.worth_asking(*party, tx.now))

    def _want(self, tx: Tx, s: Situation, link: Link) -> Want:
        """What the record lacks, less what must not be written now; a field that is fought over is frozen here."""
        incident = s.kept.incident
        blocked = s.blocked(link.instance, incident)
        origin = s.kept.origins.get("status")
        want = self._difference(s, link, blocked, origin.instance if origin else "")
        if not want.fields:
            return want
        breaker = self.station.breaker()
        written = operations.recent(tx, incident.id, link.instance, breaker.within)
        for name, value in want.fields.items():
            past = [
                (lo.created_at, lo.fields[name])
                for lo in written
                if name in lo.fields and lo.state in EFFECTIVE
            ]
            reason = fight(past, value, tx.now, breaker)
            if reason is not None:
                thawed = timeline.last_retry(tx, incident.id, "frozen", link.instance, name)
                past = [(at, v) for at, v in past if thawed is None or at > thawed]
                reason = fight(past, value, tx.now, breaker)
            if reason is None:
                continue
            blocked |= {name}
            timeline.park(
                tx,
                incident.id,
                "frozen",
                f"{name} on {link.instance} {link.record_key} is frozen: {reason}; something else keeps changing it. Find the "
                f"automation that does (the timeline shows the values), then `syncline park retry`",
                instance=link.instance,
                field=name,
                data={"value": json_value(value)},
                standing=s.parked,
            )
        singly = _refused_together(written)
        want = self._difference(s, link, blocked, origin.instance if origin else "")
        if singly and len(want.fields) > 1:
            others = frozenset(want.fields) - {next(iter(want.fields))}
            want = self._difference(s, link, blocked | others, origin.instance if origin else "")
        return want

    def _difference(self, s: Situation, link: Link, blocked: frozenset[str], origin: str) -> Want:
        return difference(
            s.kept.incident,
            link.view(),
            self.endpoint.mapping,
            self.endpoint.directory,
            capabilities=self.endpoint.capabilities,
            blocked=blocked,
            origin=origin,
        )

    def _log(
        self,
        tx: Tx,
        s: Situation,
        kind: str,
        operation: Operation,
        *,
        marker: str = "",
        item: Item | None = None,
        link: Link | None = None,
        fields: Mapping[str, object] | None = None,
        payload: Mapping[str, object] | None = None,
    ) -> Send:
        values = dict(payload or {})
        touched = {*values, *self.endpoint.capabilities.resets_of(values)}
        logged = operations.insert(
            tx,
            s.kept.incident.id,
            self.endpoint.name,
            kind,
            marker or s.kept.incident.id,
            tx.now + self.endpoint.quarantine(),
            payload=values,  # type: ignore[arg-type]
            base={n: link.seen.get(n) for n in sorted(touched)} if link else {},
            base_at=link.seen_at if link else None,
            fields=fields,  # type: ignore[arg-type]
            item_id=item.id if item else None,
        )
        return Send(logged, operation, link.revision if link else 0)

    def _create(self, tx: Tx, s: Situation) -> Action:
        incident, endpoint = s.kept.incident, self.endpoint
        wanted = endpoint.name in self.station.targets(s.source, incident)
        if not wanted or any(p.kind == "create" and p.instance == endpoint.name for p in s.parked):
            return Done()
        # Every platform begins a record in a status of its own: the incident's follows, as a change.
        known = type(incident)(incident.id, {n: v for n, v in incident.values.items() if n != "status"})
        fields = {n: v for n, v in known.values.items() if n in endpoint.mapping.rules}
        writing = endpoint.mapping.write(
            fields, known, {}, endpoint.directory, creating=True, origin=s.source
        )
        strangers = self._strangers(
            tx, [entry.party for entry in writing.withheld if entry.party is not None]
        )
        if strangers:
            return Meet(strangers)
        values = dict(writing.values)
        written = {
            n: v
            for n, v in fields.items()
            if any(native in values for native in endpoint.mapping.natives_of(n))
        }
        return self._log(tx, s, "create", Create(incident.id, values), fields=written, payload=values)

    def _change(self, tx: Tx, s: Situation, link: Link, want: Want) -> Action:
        workflow = self.endpoint.capabilities.workflow
        if workflow is None or workflow not in want.values:
            return self._update(tx, s, link, want.fields, want.values)
        moving = {n for n in want.fields if workflow in self.endpoint.mapping.natives_of(n)}
        with_step = set(want.supplied) | {workflow}
        rest = {n: v for n, v in want.values.items() if n not in with_step}
        # By what it says and not by what is agreed: of a step on the way nothing is.
        ended = self.endpoint.mapping.read(link.seen, self.endpoint.directory).values.get("status") in ENDED
        opening = ended and s.kept.incident.status not in ENDED
        if rest and not opening:
            # Fields first: an issue that has been closed may refuse them. One that is opened again is opened first.
            fields = {n: v for n, v in want.fields.items() if n not in moving}
            return self._update(tx, s, link, fields, rest)
        return self._move(tx, s, link, want, {n: want.fields[n] for n in moving})

    def _update(
        self,
        tx: Tx,
        s: Situation,
        link: Link,
        fields: Mapping[str, object],
        values: Mapping[str, Native],
    ) -> Action:
        operation = Update(link.record_id, values)
        return self._log(tx, s, "update", operation, link=link, fields=fields, payload=values)

    def _move(self, tx: Tx, s: Situation, link: Link, want: Want, fields: Mapping[str, object]) -> Action:
        incident = s.kept.incident
        move = next_move(self.endpoint, link, incident.status, want, self.steps, self.taken)
        if isinstance(move, Unexplored):
            return Explore(link.record_id, move.status)
        if isinstance(move, Arrived):
            settled = {**link.settled, **fields}
            incidents.update_link(tx, link.incident_id, link.instance, settled=settled)
            return self._decide(tx, self._again(tx))
        if isinstance(move, Stuck) and not self.rechecked:
            self.rechecked = True
            return Recheck(link.record_id)
        if isinstance(move, Stuck) and self._mended(tx, link, fields):
            self.afresh = True
            self.steps.clear()
            return self._decide(tx, s)
        if isinstance(move, Stuck):
            return self._park_move(tx, s, link, fields, move.reason)
        operation = move.operation
        self.taken.add((move.start, operation.transition_id))
        rest = "" if move.last else f", on the way to {move.target}"
        said = f"{link.instance} {link.record_key}: {move.start} -> {operation.to} by {move.name!r}{rest}"
        timeline.append(tx, incident.id, Event("step", said, link.instance, field="status"))
        payload = {str(self.endpoint.capabilities.workflow): operation.to, **operation.values}
        return self._log(
            tx,
            s,
            "transition",
            operation,
            link=link,
            fields=fields if move.last else {},
            payload=payload,
        )

    def _mended(self, tx: Tx, link: Link, fields: Mapping[str, object]) -> bool:
        """Whether a person said that the workflow was mended, and the steps that are known may be from before that."""
        if self.afresh:
            return False
        said = [timeline.last_retry(tx, link.incident_id, "unreachable", link.instance, n) for n in fields]
        mended = max((at for at in said if at is not None), default=None)
        if mended is not None and self.endpoint.connected_at <= mended:
            self.endpoint.reconnect(tx.now)
        return mended is not None

    def _park_move(
        self, tx: Tx, s: Situation, link: Link, fields: Mapping[str, object], reason: str
    ) -> Action:
        for name in fields:
            timeline.park(
                tx,
                s.kept.incident.id,
                "unreachable",
                f"{name} of {link.instance} {link.record_key} cannot become {timeline.shown(s.kept.incident[name])}: {reason}. Then `syncline park retry`",
                instance=link.instance,
                field=name,
                data={"value": json_value(s.kept.incident[name])},
                standing=s.parked,
            )
        return self._decide(tx, self._again(tx))

    def _again(self, tx: Tx) -> Situation:
        found = self._situation(tx)
        assert found is not None
        return found

    def _copy(self, tx: Tx, s: Situation, link: Link, item: Item) -> Action:
        if item.kind == items.REMARK:
            operation: Operation = comment(self.station, self.endpoint, s, link, item)
            return self._log(tx, s, "comment", operation, marker=item.id, item=item, link=link)
        content = self.contents.pop(item.id, None)
        if content is None:
            return Fetch(item)
        return self._log(
            tx, s, "attach", attachment(link, item, content), marker=item.id, item=item, link=link
        )

    def _refer(self, tx: Tx, s: Situation, link: Link) -> Action:
        """Write the links back, once all siblings exist: a note for each of them would be noise."""
        wanted = references(s.live, link)
        if not unreferenced(s.live, link):
            return Done()
        missing = [
            name
            for name in self.station.targets(s.source, s.kept.incident)
            if name not in {li.instance for li in s.links}
            and not any(p.kind == "create" and p.instance == name for p in s.parked)
        ]
        patience = s.kept.created_at + PATIENCE
        if missing and tx.now < patience:
            return Done(patience.timestamp())
        operation = link_back(self.station, s, link)
        return self._log(
            tx, s, "linkback", operation, marker=operation.marker, link=link, fields={"references": wanted}
        )


def _refused_together(written: Sequence[Logged]) -> bool:
    """Whether the platform refused several fields at once without saying which: then they are written one by one."""
    refused = [logged for logged in written if logged.kind == "update" and logged.state is State.REFUSED]
    return any(len(logged.fields) > 1 for logged in refused)
