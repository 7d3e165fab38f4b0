"""Webhooks: hints from strangers."""

from typing import Final

from syncline.connector import Connector
from syncline.testing.check import Broken, Tier, check
from syncline.testing.stand import SendsHooks
from syncline.testing.trial import Trial, shown

NONSENSE: Final = (
    b"",
    b"\xff\xfe\x00",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b"7",
    b'"text"',
    b'{"event": null}',
    b'{"event": {"data": []}}',
    b'{"issue": "x", "messages": 7, "result": [], "id": {}}',
    b"[" * 2000,
)


@check(Tier.SILVER, "Raise ValueError for whatever is not the platform's.")
def nonsense_is_no_hint(t: Trial) -> None:
    """Whoever finds the address can send anything to it; an exception that nobody foresaw is a way to stop us."""
    for raw in NONSENSE:
        try:
            hints = t.connector.parse_hint({"content-type": "application/json"}, raw)
        except ValueError:
            continue
        except Exception as error:
            raise Broken(f"{shown(raw)} raises {type(error).__name__}: {error}") from error
        t.claim(
            all(isinstance(one.record_id, str) and one.record_id for one in hints),
            f"{shown(raw)} gives {shown(hints)}",
        )


@check(
    Tier.GOLD,
    "Take the ticket's id (as in Record.id) out of the body, and the delivery's id out of body or headers.",
)
def hint_names_its_ticket(t: Trial) -> None:
    """A hint makes a change seen in a second that the next poll would bring in ten."""
    if not isinstance(t.stand, SendsHooks):
        if type(t.connector).parse_hint is Connector.parse_hint:
            t.exempt("the platform sends no webhooks (parse_hint)")
        t.cannot("the stand sends no webhooks (SendsHooks)")
    record_id = t.open()
    headers, raw = t.stand.delivery(record_id)
    try:
        hints = t.connector.parse_hint(headers, raw)
    except ValueError as error:
        raise Broken(f"the platform's own delivery is refused: {error}") from error
    t.claim(
        [one.record_id for one in hints] == [record_id],
        f"of ticket {record_id!r} the hints are {shown(hints)}",
    )
    again = t.connector.parse_hint(headers, raw)
    t.claim(hints == again, f"the same delivery gives {shown(hints)}, then {shown(again)}")


@check(Tier.SILVER, "Read the body only; ask nothing.")
def hint_asks_nothing(t: Trial) -> None:
    """Hints come by the thousand; each that makes us ask the platform is a way to use up our budget."""
    before = len(t.tap.seen)
    bodies = list(NONSENSE)
    if isinstance(t.stand, SendsHooks):
        bodies.append(t.stand.delivery(t.open())[1])
        before = len(t.tap.seen)
    for raw in bodies:
        try:
            t.connector.parse_hint({}, raw)
        except ValueError:
            continue
    t.claim(len(t.tap.seen) == before, f"it asked {', '.join(t.tap.paths(before))}")
