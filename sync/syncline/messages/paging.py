"""Pages that a platform sends by itself: asked for on the record, and read back."""

from datetime import timedelta
from typing import Final

from syncline.connector import Paged, PagePerson
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.escalation.templates import clean, cut, one_line
from syncline.messages.carrier import Fate, Verdict
from syncline.messages.wording import REPEAT
from syncline.station import Endpoint
from syncline.store.messages import Outgoing

LOOKS: Final = (10.0, 25.0, 40.0, 55.0)
"""Seconds after it was sent at which a page is read back; then every `LOOK_AGAIN` until a sign is there, or wanted no more."""
LOOK_AGAIN: Final = 60.0
LONGEST_TEXT: Final = 4_000
"""Characters of a page, as by a channel: what is longer is cut, since a platform may refuse it."""
LONGEST_LOOK: Final = timedelta(minutes=30)
_MARGIN: Final = timedelta(seconds=5)
"""What the platform did because of our request may bear a time just before ours."""


def send(endpoint: Endpoint, message: Outgoing, record_id: str | None) -> Verdict:
    """Ask the platform to page the person."""
    if endpoint.pager is None:
        return Verdict(Fate.REFUSED, f"{endpoint.title} pages nobody")
    if record_id is None:
        return Verdict(Fate.LATER, f"there is no ticket of the incident on {endpoint.name} yet")
    first = f"{REPEAT}\n" if message.repeated else ""
    text = cut(f"{first}{one_line(message.title)}\n{clean(message.text)}".strip(), LONGEST_TEXT)
    try:
        with endpoint.http.urgent():
            endpoint.connector.write(PagePerson(record_id, message.id, message.address, text))
    except OutcomeUnknown as error:
        return Verdict(Fate.UNKNOWN, str(error))
    except RetryLater as error:
        return Verdict(Fate.LATER, str(error), error.after)
    except (Refused, Gone, Configuration) as error:
        return Verdict(Fate.REFUSED, str(error))
    return Verdict(Fate.TAKEN)


def look(endpoint: Endpoint, message: Outgoing, record_id: str | None) -> Paged:
    """What the platform says became of a page.

    Raises:
        RetryLater: it could not be asked now.
        Configuration: it does not let us ask.
    """
    pager = endpoint.pager
    if pager is None or record_id is None or message.begun_at is None:
        return Paged.PENDING
    skew = timedelta(seconds=endpoint.http.clock_skew() or 0.0)
    try:
        with endpoint.http.urgent():
            return pager.paged(record_id, message.address, message.begun_at + skew - _MARGIN)
    except (Gone, Refused):
        return Paged.PENDING
