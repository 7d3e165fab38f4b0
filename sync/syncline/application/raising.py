"""A hand raised by hand: an incident is escalated at once, without approval."""

from dataclasses import dataclass
from typing import Final

from syncline import escalating, ledger
from syncline.application.explain import named
from syncline.application.mappings import NotFound
from syncline.errors import Configuration
from syncline.intake.hands import LONGEST, Via, raised
from syncline.reconcile import situations
from syncline.station import Station
from syncline.store import timeline
from syncline.store.database import Tx

URGENT: Final = 1


@dataclass(frozen=True, slots=True)
class Raised:
    """What a raised hand leads to.

    Attributes:
        incident_id: Of which incident.
        policies: Ids of the policies that answer; empty: none does.
        people: Ids of whom they page at once.
        texts: What the evaluator says of it, a sentence each.
    """

    incident_id: str
    policies: tuple[str, ...]
    people: tuple[str, ...]
    texts: tuple[str, ...]


def escalate_by_hand(tx: Tx, station: Station, key: str, actor: str, reason: str) -> Raised:
    """Raise a hand for an incident. The next reconcile answers it, which is marked as urgent.

    Args:
        tx: The transaction.
        station: At hand.
        key: An incident's id, or the key of one of its records.
        actor: Who asks.
        reason: In their words; may be empty.

    Raises:
        NotFound: no incident is called so.
        Configuration: several are, or its sync was ended.
    """
    ids = named(tx, key)
    if not ids:
        raise NotFound(f"no incident is called {key!r}, and none has a record of that key")
    if len(ids) > 1:
        raise Configuration(f"{key!r} may mean {', '.join(ids)}: name one of these")
    situation = situations(tx, ids)[0]
    if situation.kept.unlinked_at is not None:
        raise Configuration(f"the sync of incident {ids[0]} was ended, so nothing is escalated for it")
    event = raised(actor, Via.COMMAND, None, "", tx.now, reason=" ".join(reason.split())[:LONGEST])
    timeline.append(tx, ids[0], event)
    station.ledger.mark(tx, ledger.incident(ids[0]), urgency=URGENT)
    # What will follow is asked of the evaluator, and carried out by the reconcile alone.
    kept = situation.kept
    standing = escalating.standing(tx, station, kept, kept.incident, situation.links)
    if standing is None:
        return Raised(ids[0], (), (), ("no policy is in force, so nobody is paged",))
    decision = standing.decide()
    number = max(hand.id for hand in standing.case.hands)
    runs = {run.id: run.policy for run in decision.runs if run.signal == number and run not in standing.runs}
    told = [h for h in decision.happened if h.data.get("run") in runs or h.data.get("hand") == number]
    people = [message.recipient for message in decision.messages if message.run_id in runs and message.urgent]
    return Raised(
        ids[0],
        tuple(dict.fromkeys(runs.values())),
        tuple(dict.fromkeys(people)),
        tuple(h.text for h in told),
    )
