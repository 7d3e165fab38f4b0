"""Which incident a webhook's body is about. Pure; what it says of its state is not believed."""

from collections.abc import Callable, Mapping
from typing import Any

from syncline.connector import Hint, hook_body
from syncline_pagerduty.records import identity, mapping


def hints(raw: bytes, ours: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]) -> tuple[Hint, ...]:
    """The incident that a webhook (version 3) is about; none for a ping or an event of a service.

    Args:
        raw: The body.
        ours: Whether an incident, as the event has it, is of a service of ours.

    Raises:
        ValueError: it is no webhook of PagerDuty's.
    """
    event = mapping(mapping(hook_body(raw)).get("event"))
    if not isinstance(event.get("event_type"), str):
        raise ValueError(  # noqa: TRY004  one error for bad bodies
            "the body has no event with an event_type, so it is no webhook of PagerDuty's (version 3)"
        )
    data = mapping(event.get("data"))
    about = data if data.get("type") in ("incident", "incident_reference") else mapping(data.get("incident"))
    record_id, event_id = identity(about), event.get("id")
    if record_id is None or not ours(about, data):
        return ()
    return (Hint(record_id, event_id if isinstance(event_id, str) and event_id else None),)
