"""One turn of a delivery: a transaction that takes in what the last action brought, and says what to do next.

Every write is committed as an intent before its request leaves, and its outcome is committed together with the new
shadow and with the next intent. So a crash at any moment leaves either no trace, or a write of unknown outcome that is
looked for before it is repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncline import ledger
from syncline.connector import (
    Attach,
    Comment,
    Create,
    LinkBack,
    Operation,
    PartyKind,
    Reference,
    Step,
    Transition,
    Update,
)
from syncline.delivery import outcomes
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
    Seen,
    Send,
    Sent,
)
from syncline.fights import fight
from syncline.ledger import Lease
from syncline.mapping.choices import ChoiceCodec
from syncline.model import ENDED, Status, json_value
from syncline.planning import Explore as Unexplored
from syncline.planning import Want, difference, onward, path
from syncline.reconcile import Situation, references, settle, shown, situations
from syncline.remarks import copy_of
from syncline.station import Endpoint, Station
from syncline.store import items, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.items import Item
from syncline.store.operations import OPEN, Logged, State
from syncline.store.timeline import Event


@dataclass(slots=True)
class Turn:
    """One delivery under one lease.

    Attributes:
        station: At hand.
        endpoint: The instance that is written to.
        lease: The right to do so.
        steps: Native status to the transitions out of it, as far as they were looked up.
        contents: Bytes of files that were fetched.
        begun: Whether the first transaction, in which the lease was just claimed, is over.
    """

    station: Station
    endpoint: Endpoint
    lease: Lease
    steps: dict[str, Sequence[Step]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    begun: bool = False

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
            found = self._situation(tx)
            assert found is not None
        action = self._decide(tx, found)
        return self._finish(tx, action) if isinstance(action, Done) else action

    def _finish(self, tx: Tx, done: Done) -> Done:
        self.lease.done(tx, done.next_due)
        return done

    def _situation(self, tx: Tx) -> Situation | None:
        found = situations(tx, [self.lease.item.incident_id])
        return found[0] if found and found[0].kept.unlinked_at is None else None

    # ---- what the last action brought -----------------------------------------------------------

    def _take(self, tx: Tx, s: Situation, evidence: Evidence) -> Action | None:
        match evidence:
            case Sent(action, receipt):
                # From where it stands now the workflow may show steps that it hid before.
                self.steps = {status: steps for status, steps in self.steps.items() if steps}
                return outcomes.applied(tx, self.station, self.endpoint, s, action, receipt)
            case Failed(action, error):
                return outcomes.failed(tx, self.station, self.endpoint, s, self.lease, action, error)
            case Looked():
                return outcomes.looked(tx, self.station, self.endpoint, s, evidence)
            case Seen(action, sighting):
                outcomes.seen(tx, self.station, self.endpoint, s, action.logged, sighting)
            case Explored(action, steps):
                self.steps[action.status] = steps
            case Fetched(action, content):
                self.contents[action.item.id] = content
            case Met(_, parties):
                self.endpoint.meet(tx, parties)
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
        if unfinished:
            return Look(unfinished[0])
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
        incident, endpoint = s.kept.incident, self.endpoint
        blocked = s.blocked(link.instance, incident)
        origin = s.kept.origins.get("status")
        want = self._difference(s, link, blocked, origin.instance if origin else "")
        if not want.fields:
            return want
        breaker = self.station.breaker()
        written = operations.recent(tx, incident.id, link.instance, breaker.within)
        for name, value in want.fields.items():
            past = [(logged.created_at, logged.fields[name]) for logged in written if name in logged.fields]
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
            want = difference(
                incident,
                link.view(),
                endpoint.mapping,
                endpoint.directory,
                blocked=blocked | others,
                origin=origin.instance if origin else "",
            )
        return want

    def _difference(self, s: Situation, link: Link, blocked: frozenset[str], origin: str) -> Want:
        return difference(
            s.kept.incident,
            link.view(),
            self.endpoint.mapping,
            self.endpoint.directory,
            blocked=blocked,
            origin=origin,
        )

    def _log(
        self, tx: Tx, s: Situation, kind: str, operation: Operation, *, marker: str, item: Item | None = None, link: Link | None = None,
        fields: Mapping[str, object] | None = None, payload: Mapping[str, object] | None = None,
    ) -> Send:  # fmt: skip
        values = dict(payload or {})
        logged = operations.insert(
            tx,
            s.kept.incident.id,
            self.endpoint.name,
            kind,
            marker,
            tx.now + self.endpoint.quarantine(),
            payload=values,  # type: ignore[arg-type]
            base={n: link.seen.get(n) for n in values} if link else {},
            base_at=link.seen_at if link else None,
            fields=fields,  # type: ignore[arg-type]
            item_id=item.id if item else None,
        )
        return Send(logged, operation)

    def _create(self, tx: Tx, s: Situation) -> Action:
        incident, endpoint = s.kept.incident, self.endpoint
        wanted = endpoint.name in self.station.targets(s.source, incident)
        if not wanted or any(p.kind == "create" and p.instance == endpoint.name for p in s.parked):
            return Done()
        workflow = endpoint.capabilities.workflow
        later = {
            n
            for n in endpoint.mapping.rules
            if workflow is not None and workflow in endpoint.mapping.natives_of(n)
        }
        fields = {n: v for n, v in incident.values.items() if n not in later and n in endpoint.mapping.rules}
        writing = endpoint.mapping.write(
            fields,
            type(incident)(incident.id, {n: v for n, v in incident.values.items() if n not in later}),
            {},
            endpoint.directory,
            creating=True,
            origin=s.source,
        )
        strangers = self._strangers(
            tx, [entry.party for entry in writing.withheld if entry.party is not None]
        )
        if strangers:
            return Meet(strangers)
        values = {n: v for n, v in writing.values.items() if n != workflow}
        written = {
            n: v
            for n, v in fields.items()
            if any(native in values for native in endpoint.mapping.natives_of(n))
        }
        return self._log(
            tx, s, "create", Create(incident.id, values), marker=incident.id, fields=written, payload=values
        )

    def _change(self, tx: Tx, s: Situation, link: Link, want: Want) -> Action:
        workflow = self.endpoint.capabilities.workflow
        marker = s.kept.incident.id
        if workflow is None or workflow not in want.values:
            return self._log(
                tx,
                s,
                "update",
                Update(link.record_id, want.values),
                marker=marker,
                link=link,
                fields=want.fields,
                payload=want.values,
            )
        moving = {n for n in want.fields if workflow in self.endpoint.mapping.natives_of(n)}
        with_step = set(want.supplied) | {workflow}
        rest = {n: v for n, v in want.values.items() if n not in with_step}
        ended = s.kept.incident.status not in ENDED and str(link.settled.get("status")) in ENDED
        if rest and not ended:
            # Fields first: an issue that has been closed may refuse them. One that is opened again is opened first.
            fields = {n: v for n, v in want.fields.items() if n not in moving}
            return self._log(
                tx,
                s,
                "update",
                Update(link.record_id, rest),
                marker=marker,
                link=link,
                fields=fields,
                payload=rest,
            )
        return self._move(tx, s, link, want, workflow, {n: want.fields[n] for n in moving})

    def _move(
        self, tx: Tx, s: Situation, link: Link, want: Want, workflow: str, fields: Mapping[str, object]
    ) -> Action:
        """The next transition on the shortest way to the wanted status."""
        start, target = str(link.seen.get(workflow)), str(want.values[workflow])
        way = self._way(s, start, target)
        if isinstance(way, Unexplored):
            return Explore(link.record_id, way.status)
        incident_id = s.kept.incident.id
        if not way:
            known = (
                ", ".join(sorted({step.to for steps in self.steps.values() for step in steps})) or "nowhere"
            )
            return self._park_move(
                tx, s, link, fields, f"its workflow leads from {start!r} to {known}, and not to {target!r}; "
                "add a transition there, or map the status to one that can be reached",
            )  # fmt: skip
        step = way[0]
        available = {**want.supplied, **want.values}
        values = {n: available[n] for n in step.required if available.get(n) is not None}
        missing = [n for n in step.required if n not in values]
        if missing:
            return self._park_move(
                tx, s, link, fields, f"the transition {step.name!r} asks for {', '.join(missing)}; give it in the mapping under `status: with:`"
            )  # fmt: skip
        last = len(way) == 1 and self.endpoint.mapping.holds(
            "status", s.kept.incident.status, {**link.seen, workflow: step.to}, self.endpoint.directory
        )
        operation = Transition(link.record_id, step.id, step.to, values)
        payload = {workflow: step.to, **values}
        timeline.append(
            tx,
            incident_id,
            Event(
                "step",
                f"{link.instance} {link.record_key}: {start} -> {step.to} by {step.name!r}"
                + ("" if last else f", on the way to {target}"),
                link.instance,
                field="status",
            ),
        )
        return self._log(
            tx,
            s,
            "transition",
            operation,
            marker=incident_id,
            link=link,
            fields=fields if last else {},
            payload=payload,
        )

    def _way(self, s: Situation, start: str, target: str) -> Sequence[Step] | Unexplored | None:
        """The steps to a native status that says what the incident's status is."""
        codec = self.endpoint.mapping.codecs.get("status")
        if not isinstance(codec, ChoiceCodec):
            return path(self.steps, start, [target])
        wanted = s.kept.incident.status
        words = dict.fromkeys([target, *codec.written.get(wanted, ())])
        exact = [native for native in words if native == target or codec.read_as.get(native) == wanted]
        # A word that is read as another status is the last resort.
        for targets in (exact, [native for native in words if native not in exact]):
            way = path(self.steps, start, targets)
            if way is not None:
                return way
        present = codec.read_as.get(start)
        if not isinstance(present, str):
            return None
        return onward(self.steps.get(start, ()), codec.read_as, Status(present), wanted)

    def _park_move(
        self, tx: Tx, s: Situation, link: Link, fields: Mapping[str, object], reason: str
    ) -> Action:
        for name in fields:
            timeline.park(
                tx,
                s.kept.incident.id,
                "unreachable",
                f"{name} of {link.instance} {link.record_key} cannot become {shown(s.kept.incident[name])}: {reason}. Then `syncline park retry`",
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
        if item.kind == items.ATTACHMENT:
            content = self.contents.get(item.id)
            if content is None:
                return Fetch(item)
            attach = Attach(
                link.record_id, item.id, item.content["name"], item.content["content_type"], content
            )
            return self._log(tx, s, "attach", attach, marker=item.id, item=item, link=link)
        source = self.station.endpoints.get(item.instance)
        key = next((li.record_key for li in s.links if li.instance == item.instance), "")
        body = copy_of(
            item.author,
            source.title if source else "",
            key,
            item.created_at,
            item.content["body"],
            item.id,
            self.endpoint.capabilities.text_limits.get("comment", 30_000),
        )
        comment = Comment(
            link.record_id, item.id, body, outcomes.visibility(self.station, self.endpoint, item)
        )
        return self._log(tx, s, "comment", comment, marker=item.id, item=item, link=link)

    def _refer(self, tx: Tx, s: Situation, link: Link) -> Action:
        """Write the links back, once all siblings exist: a note for each of them would be noise."""
        wanted = references(s.live, link)
        missing = [
            name
            for name in self.station.targets(s.source, s.kept.incident)
            if name not in {li.instance for li in s.links}
            and not any(p.kind == "create" and p.instance == name for p in s.parked)
        ]
        if missing or wanted == link.referenced or not wanted:
            return Done()
        siblings = tuple(
            Reference(
                li.instance,
                self.station.endpoints[li.instance].title
                if li.instance in self.station.endpoints
                else li.instance,
                li.record_key,
                li.url,
                s.kept.incident.title,
            )
            for li in s.live
            if li.instance != link.instance
        )
        # The same for all of an incident's links back: written again, they replace what stands there.
        marker = s.kept.incident.id.replace("-", "").lower()
        return self._log(
            tx,
            s,
            "linkback",
            LinkBack(link.record_id, marker, siblings),
            marker=marker,
            link=link,
            fields={"references": wanted},
        )


def _refused_together(written: Sequence[Logged]) -> bool:
    """Whether the platform refused several fields at once without saying which: then they are written one by one."""
    refused = [logged for logged in written if logged.kind == "update" and logged.state is State.REFUSED]
    return any(len(logged.fields) > 1 for logged in refused)
