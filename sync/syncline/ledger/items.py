"""What is to be done, and to what: the keys of the ledger."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ORDINARY: Final = 3
"""The urgency of what names none."""


class Kind(StrEnum):
    """What is to be done."""

    INCIDENT = "incident"
    DELIVERY = "delivery"
    POLL = "poll"
    SWEEP = "sweep"
    MESSAGE = "message"


MESSAGES: Final = "messages"
"""The lane of all messages: what waits for a mail server that is down holds up no incident."""


@dataclass(frozen=True, slots=True)
class Item:
    """The key of a row.

    Attributes:
        kind: What is to be done.
        key: To what: an incident's id, `incident|instance`, an instance, or a message's id.
        lane: Whose workers do it: an instance, `messages`, or empty for the incident workers.
    """

    kind: Kind
    key: str
    lane: str = ""

    @property
    def incident_id(self) -> str:
        """The incident of an incident or delivery item."""
        return self.key.partition("|")[0]


def incident(incident_id: str) -> Item:
    """Reconcile that incident."""
    return Item(Kind.INCIDENT, incident_id)


def delivery(incident_id: str, instance: str) -> Item:
    """Bring that instance's record in line with the incident."""
    return Item(Kind.DELIVERY, f"{incident_id}|{instance}", instance)


def poll(instance: str) -> Item:
    """Ask that instance what changed."""
    return Item(Kind.POLL, instance, instance)


def sweep(instance: str) -> Item:
    """Read the next linked records of that instance again."""
    return Item(Kind.SWEEP, instance, instance)


def message(message_id: str) -> Item:
    """Send that message, or see what became of it."""
    return Item(Kind.MESSAGE, message_id, MESSAGES)
