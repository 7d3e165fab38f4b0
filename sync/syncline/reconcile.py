"""Reconcile: look at one incident afresh and do what is needed. The only verb that changes anything.

Two halves. `intake.asking` asks the platforms what the store does not know, outside any transaction. `reconcile` then
merges, escalates and plans in one transaction, and marks the deliveries; it never waits for a write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncline import escalating, ledger
from syncline.connector import HistoryKind
from syncline.intake import hands
from syncline.intake.asking import Stranger
from syncline.merge import Candidate, Conflict, Look, Merged, Origin, hold, look, merge
from syncline.model import Incident, Value, json_value
from syncline.planning import Want, difference
from syncline.station import Endpoint, Station
from syncline.store import incidents, items, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Kept, Link
from syncline.store.operations import Logged, State
from syncline.store.timeline import Event, Parked


@dataclass(slots=True)
class Situation:
    """All that one transaction read about one incident.

    Attributes:
        kept: As it is stored.
        links: Its records.
        sent: By instance, writes that may yet show up there.
        parked: What waits for a person.
        unaudited: By instance, writes that were not held against the history, where a record is not as it was agreed.
    """

    kept: Kept
    links: list[Link]
    sent: Mapping[str, list[Logged]]
    parked: list[Parked]
    unaudited: Mapping[str, list[Logged]]

    @property
    def live(self) -> list[Link]:
        """The links whose records exist and are kept in agreement."""
        return [link for link in self.links if link.live]

    @property
    def source(self) -> str:
        """The instance on which it began."""
        return next(
            (link.instance for link in self.links if link.origin),
            self.links[0].instance if self.links else "",
        )

    def held(self) -> frozenset[str]:
        """Fields that wait for a person on all sides."""
        return frozenset(p.field for p in self.parked if p.instance is None and p.field is not None)

    def blocked(self, instance: str, incident: Incident) -> frozenset[str]:
        """Fields that must not be written to that side now: what was refused is refused only for the same value, and while the
        fields that it was refused for are as they were."""
        stuck = {
            p.field
            for p in self.parked
            if p.instance == instance
            and p.field is not None
            and (
                p.kind == "frozen"
                or (
                    "value" in p.data
                    and p.data["value"] == json_value(incident[p.field])
                    and all(json_value(incident[n]) == v for n, v in p.data.get("beside", {}).items())
                )
            )
        }
        return self.held() | stuck


def situations(tx: Tx, incident_ids: Sequence[str]) -> list[Situation]:
    """What the store knows about those incidents."""
    kept = incidents.load(tx, incident_ids)
    links = incidents.links_of(tx, incident_ids)
    sent = operations.unsettled(tx, incident_ids)
    parked = timeline.waiting(tx, incident_ids)
    news = [i for i in incident_ids if any(link.seen != link.shadow for link in links.get(i, ()))]
    unaudited = operations.unaudited(tx, news) if news else {}
    return [
        Situation(
            kept[i],
            links[i],
            {instance: logged for (of, instance), logged in sent.items() if of == i},
            parked.get(i, []),
            {instance: logged for (of, instance), logged in unaudited.items() if of == i},
        )
        for i in incident_ids
        if i in kept
    ]


# ---- merge, escalate, plan ----------------------------------------------------------------------


@dataclass(slots=True)
class Outcome:
    """What reconciling one incident came to.

    Attributes:
        incident: As it is now.
        deliveries: The instances that must be written to.
        look_again: When it must be looked at again whatever happens; seconds since 1970.
        merged: What the sides said.
        wants: By instance, what its record lacks.
        strangers: Whom the platforms must be asked about first.
    """

    incident: Incident
    deliveries: list[str] = field(default_factory=list)
    look_again: float | None = None
    merged: Merged | None = None
    wants: dict[str, Want] = field(default_factory=dict)
    strangers: list[Stranger] = field(default_factory=list)


def reconcile(tx: Tx, station: Station, incident_ids: Sequence[str]) -> dict[str, Outcome]:
    """Merge, escalate and plan those incidents, and mark the deliveries that follow: all or nothing."""
    outcomes = {}
    for situation in situations(tx, incident_ids):
        if situation.kept.unlinked_at is None and situation.links:
            outcomes[situation.kept.incident.id] = _reconcile(tx, station, situation)
    return outcomes


def _reconcile(tx: Tx, station: Station, s: Situation) -> Outcome:
    looks, merged = merged_views(station, s)
    outcome = Outcome(merged.incident, merged=merged)
    waiting = frozenset(conflict.field for conflict in merged.parked)
    for side, link in zip(looks, s.live, strict=True):
        _save_look(tx, station, s, side, link, outcome, waiting)
    origins = {**s.kept.origins, **merged.origins}
    _report(tx, s, merged)
    hands.by_label(tx, station, s.kept.incident, merged, looks, s.links)
    standing = None
    if s.live:
        standing = escalating.standing(tx, station, s.kept, merged.incident, s.links)
    else:
        escalating.end(tx, s.kept.incident.id, "none of its tickets exists any more")
    if standing is not None:
        decision = standing.decide()
        origins |= escalating.carry_out(tx, station, s.links, standing, decision)
        outcome.incident = decision.incident
        outcome.look_again = escalating.next_look(decision, tx.now)
    if outcome.incident.values != s.kept.incident.values:
        incidents.save(tx, outcome.incident, origins)
    elif merged.origins:
        incidents.credit(tx, outcome.incident.id, origins)
    _plan(tx, station, s, looks, outcome)
    urgency = outcome.incident.priority or ledger.ORDINARY
    station.ledger.mark_all(
        tx, [ledger.delivery(outcome.incident.id, name) for name in outcome.deliveries], urgency=urgency
    )
    return outcome


def merged_views(station: Station, s: Situation) -> tuple[list[Look], Merged]:
    """What each side says, and what they say together. Fields that wait for a person are left unsettled."""
    looks: list[Look] = []
    recovered: list[Candidate] = []
    for link in s.live:
        endpoint = station.endpoints.get(link.instance)
        if endpoint is None:  # no longer configured: it stays linked, and says nothing
            looks.append(Look(link.instance, (), link.shadow, link.settled, ()))
            continue
        facts = endpoint.capabilities
        # A create that was taken for lost may yet make a record. It never changes this one.
        writes = (logged for logged in s.sent.get(link.instance, ()) if logged.kind != "create")
        sent = [logged.sent(facts) for logged in writes]
        side = look(link.view(), endpoint.mapping, endpoint.directory, sent, facts.assigns)
        news = link.candidates()
        if link.stale:
            # What was seen may be older than our own write, and would pass for somebody's edit. But a field that is disputed
            # is not written by us, and its dispute does not end because a side cannot be asked.
            disputed = tuple(c for c in side.candidates if c.field in s.held())
            side = Look(link.instance, disputed, link.shadow, link.settled, ())
            news = [c for c in news if c.field in s.held()]
        mixed = _mixed(link, endpoint, news)
        halves = _halves(s, link, endpoint) - mixed
        # Where our account wrote last, they wait for the history. Else somebody has replaced what they saw, which may have been
        # neither what we wrote nor what they agreed on.
        untold = halves if link.own else frozenset()
        side = hold(side, link.view(), endpoint.mapping, untold)
        said = tuple(
            _timed(endpoint, replace(c, unsure=c.unsure or c.field in halves))
            for c in side.candidates
            if c.field not in mixed | untold
        )
        looks.append(replace(side, candidates=said))
        recovered += [_timed(endpoint, c) for c in news]
    origins = {name: _now(station, origin) for name, origin in s.kept.origins.items()}
    merged = merge(s.kept.incident, origins, looks, station.rules(), recovered, s.held())
    waiting = frozenset(conflict.field for conflict in merged.parked)
    if waiting:
        looks = [
            hold(side, link.view(), station.endpoints[link.instance].mapping, waiting)
            if link.instance in station.endpoints
            else side
            for side, link in zip(looks, s.live, strict=True)
        ]
    return looks, merged


def _halves(s: Situation, link: Link, endpoint: Endpoint) -> frozenset[str]:
    """Fields that may say what our write and somebody's edit made together, where it is not known yet whether that write
    happened, or the history that has the edit could not be read."""
    if endpoint.capabilities.history is not HistoryKind.READ:
        return frozenset()
    applied = (logged for logged in s.unaudited.get(link.instance, ()) if logged.state is State.APPLIED)
    doubtful = (logged for logged in s.sent.get(link.instance, ()) if logged.state in operations.OPEN)
    writes = [logged for logged in (*applied, *doubtful) if logged.kind in operations.AUDITED]
    return frozenset(
        name for logged in writes for name in logged.fields if _shares(link, endpoint, logged, name)
    )


def _shares(link: Link, endpoint: Endpoint, logged: Logged, name: str) -> bool:
    """Whether a value that stands in several native fields has one of them as our write gave it, and another one that is not
    as we knew it. What they say together need not differ from what was agreed."""
    natives = endpoint.mapping.natives_of(name)
    ours = natives & logged.payload.keys()
    landed = any(link.seen.get(n) == logged.payload[n] for n in ours)
    given = any(link.seen.get(n) not in (link.shadow.get(n), logged.payload.get(n)) for n in natives)
    return landed and given


def _mixed(link: Link, endpoint: Endpoint, news: Sequence[Candidate]) -> set[str]:
    """Fields that say what our write and an edit that it came upon made together. The edit itself came back from the history."""
    made = {entry["field"]: entry["made"] for entry in link.recovered if "made" in entry}
    return {
        c.field
        for c in news
        if c.recovered
        and (
            all(json_value(link.seen.get(n)) == v for n, v in made[c.field].items())
            if c.field in made
            else _half_ours(link, endpoint, c.field)
        )
    }


def _half_ours(link: Link, endpoint: Endpoint, name: str) -> bool:
    """Whether a value that stands in several native fields is by now half what we wrote and half an edit that our write
    came upon: nobody gave that value. The edit itself comes back from the history."""
    natives = endpoint.mapping.natives_of(name)
    return link.own and any(
        native in link.shadow and link.seen.get(native) == link.shadow[native] for native in natives
    )


def _timed(endpoint: Endpoint, candidate: Candidate) -> Candidate:
    """The candidate with its time by our own clock: platforms' clocks are not compared with one another."""
    at = candidate.origin.at
    return replace(candidate, origin=replace(candidate.origin, at=endpoint.by_our_clock(at), there=at))


def _now(station: Station, origin: Origin) -> Origin:
    """The origin with its time by our clock as it goes now: somebody may have set it since, and even while no daemon ran."""
    beside = tuple(_now(station, other) for other in origin.beside)
    endpoint = station.endpoints.get(origin.instance)
    if endpoint is None or origin.there is None or endpoint.http.clock_skew() is None:
        return replace(origin, there=None, beside=beside)
    return replace(origin, at=endpoint.by_our_clock(origin.there), beside=beside)


def _save_look(
    tx: Tx,
    station: Station,
    s: Situation,
    side: Look,
    link: Link,
    outcome: Outcome,
    waiting: frozenset[str],
) -> None:
    if link.stale or link.instance not in station.endpoints:
        return  # it was not asked: what waits to be merged goes on waiting
    if side.shadow != link.shadow or side.settled != link.settled or link.recovered:
        incidents.update_link(
            tx,
            link.incident_id,
            link.instance,
            shadow=side.shadow,
            settled=side.settled,
            recovered=[entry for entry in link.recovered if entry["field"] in waiting],
        )
    for entry in side.unmapped:
        if entry.party is not None and station.endpoints[link.instance].worth_asking(*entry.party, tx.now):
            outcome.strangers.append(Stranger(link.instance, *entry.party))
            continue
        timeline.park(
            tx,
            link.incident_id,
            "unmapped",
            f"{link.instance} {link.record_key}: {entry.reason}; add it to the mapping of {link.instance} "
            f"(`{entry.field}:`), publish it, and it is taken up",
            instance=link.instance,
            field=entry.field,
            data={"field": entry.field, "native": str(entry.value)},
            standing=s.parked,
        )
    unknown = {entry.field for entry in side.unmapped}
    for parked in s.parked:
        if parked.kind == "unmapped" and parked.instance == link.instance and parked.field not in unknown:
            timeline.unpark(tx, parked.id, timeline.SYNCLINE, "the value is known now, or is gone")


def _report(tx: Tx, s: Situation, merged: Merged) -> None:
    incident_id = s.kept.incident.id
    timeline.append(
        tx, incident_id, *(_changed(s.kept.incident, name, c) for name, c in merged.changes.items())
    )
    timeline.append(tx, incident_id, *(_confirmed(name, c) for name, c in merged.confirmed.items()))
    timeline.append(tx, incident_id, *(_decided(conflict) for conflict in merged.conflicts))
    for conflict in merged.parked:
        sides = " and ".join(_said(c) for c in conflict.losers)
        timeline.park(
            tx,
            incident_id,
            "reopen" if conflict.reopens else "conflict",
            f"{conflict.field}: {sides}; {conflict.reason}. Nothing is written for this field until then: "
            "`syncline park retry` takes the latest edit, `syncline park drop` keeps the present value",
            field=conflict.field,
            data={
                "values": sorted(
                    ([c.origin.instance, json_value(c.value)] for c in conflict.losers), key=repr
                )
            },
            standing=s.parked,
        )
    disputed = {conflict.field for conflict in merged.parked}
    for parked in s.parked:
        if parked.instance is None and parked.field is not None and parked.field not in disputed:
            how = "the sides agree again"
            s.parked = [entry for entry in s.parked if entry is not parked]
            timeline.unpark(tx, parked.id, timeline.SYNCLINE, how)
            timeline.append(
                tx,
                incident_id,
                Event("unparked", f"no. {parked.id}, {parked.field}: {how}", field=parked.field),
            )


def _said(candidate: Candidate) -> str:
    return f"{candidate.origin.actor} on {candidate.origin.instance or 'Syncline'} says {timeline.shown(candidate.value)}"


def _changed(before: Incident, name: str, winner: Candidate) -> Event:
    again = (
        " (our own write had overwritten it; the platform's history brought it back)"
        if winner.recovered
        else ""
    )
    return Event(
        "changed",
        f"{name}: {timeline.shown(before[name])} -> {timeline.shown(winner.value)}, by {winner.origin.actor} on {winner.origin.instance}{again}",
        winner.origin.instance,
        winner.origin.actor,
        name,
        {
            "before": json_value(before[name]),
            "after": json_value(winner.value),
            "at": winner.origin.at.isoformat(),
            **({"automatic": True} if winner.automatic else {}),
        },
    )


def _confirmed(name: str, winner: Candidate) -> Event:
    """A person gave a field its value anew, on a side that had fallen back: somebody has it again."""
    return Event(
        "changed",
        f"{name}: {timeline.shown(winner.value)} again on {winner.origin.instance}, by {winner.origin.actor}",
        winner.origin.instance,
        winner.origin.actor,
        name,
        {
            "before": json_value(winner.value),
            "after": json_value(winner.value),
            "at": winner.origin.at.isoformat(),
        },
    )


def _decided(conflict: Conflict) -> Event:
    assert conflict.winner is not None
    lost = " and ".join(_said(c) for c in conflict.losers)
    return Event(
        "conflict",
        f"{conflict.field}: {_said(conflict.winner)} and stands; {lost} and is kept here only ({conflict.reason})",
        conflict.winner.origin.instance,
        conflict.winner.origin.actor,
        conflict.field,
        {
            "winner": [conflict.winner.origin.instance, json_value(conflict.winner.value)],
            "losers": [
                [c.origin.instance, c.origin.actor, json_value(c.value), c.origin.at.isoformat()]
                for c in conflict.losers
            ],
        },
    )


def _plan(tx: Tx, station: Station, s: Situation, looks: Sequence[Look], outcome: Outcome) -> None:
    """Which instances must be written to. What is agreed without a write is settled here."""
    incident = outcome.incident
    due = items.due_instances(tx, incident.id)
    linked = {link.instance for link in s.links}
    doubtful = {name for (name, sent) in s.sent.items() if any(o.state in operations.OPEN for o in sent)}
    # A write in doubt to a record that is gone is looked for no more: its delivery says so.
    outcome.deliveries += [li.instance for li in s.links if not li.live and li.instance in doubtful]
    for side, link in zip(looks, s.live, strict=True):
        endpoint = station.endpoints.get(link.instance)
        if endpoint is None or link.stale:
            continue  # what could not be read now is not written to now either; it is looked at again later
        view = link.view()
        view = type(view)(
            view.instance, side.shadow, side.settled, view.seen, view.seen_at, view.seen_by, view.own
        )
        want = difference(
            incident,
            view,
            endpoint.mapping,
            endpoint.directory,
            capabilities=endpoint.capabilities,
            blocked=s.blocked(link.instance, incident),
        )
        strangers = [p for p in want.strangers if endpoint.worth_asking(*p, tx.now)]
        if strangers:
            outcome.deliveries.append(link.instance)  # it asks the platform who they are before it writes
            continue
        outcome.wants[link.instance] = want
        settle(tx, link, side.settled, want)
        if want.fields or link.instance in doubtful or link.instance in due or unreferenced(s.live, link):
            outcome.deliveries.append(link.instance)
    creating = {p.instance for p in s.parked if p.kind == "create"}
    for name in station.targets(s.source, incident):
        if name not in linked and name not in creating:
            outcome.deliveries.append(name)


def settle(tx: Tx, link: Link, settled: Mapping[str, Value], want: Want) -> None:
    """Common values that a record already stands for, or that cannot be said there: agreed without a write."""
    news = {name: reason for name, reason in want.withheld.items() if link.withheld.get(name) != reason}
    if not want.settled and not news:
        return
    withheld = {
        name: r
        for name, r in {**link.withheld, **want.withheld}.items()
        if name in want.withheld or name not in want.settled
    }
    incidents.update_link(
        tx, link.incident_id, link.instance, settled={**settled, **want.settled}, withheld=withheld
    )
    timeline.append(
        tx,
        link.incident_id,
        *(
            Event(
                "withheld",
                f"{name} is not written to {link.instance} {link.record_key}: {reason}",
                link.instance,
                field=name,
            )
            for name, reason in news.items()
        ),
    )


def references(live: Sequence[Link], link: Link) -> str:
    """What the links back on a record should lead to: its siblings' keys. Empty: it has none."""
    return " ".join(
        f"{other.instance}/{other.record_id}" for other in live if other.instance != link.instance
    )


def unreferenced(live: Sequence[Link], link: Link) -> bool:
    """Whether the links back on a record lack a sibling. One that has gone is no reason to write them again."""
    return not set(references(live, link).split()) <= set(link.referenced.split())
