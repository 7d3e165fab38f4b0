"""Which record the message of our business rule is about. Pure; what it says of its state is not believed."""

from syncline.connector import Hint, hook_body
from syncline_servicenow.values import is_sys_id


def hints(raw: bytes, table: str) -> tuple[Hint, ...]:
    """The record of a message `{event_id, table, sys_id, ...}`; none where it is of another table.

    Raises:
        ValueError: the body is not that of our business rule.
    """
    body = hook_body(raw)
    if not isinstance(body, dict) or not is_sys_id(body.get("sys_id")):
        raise ValueError("the body is not that of Syncline's business rule: it lacks a sys_id")
    if body.get("table", table) != table:
        return ()
    event = body.get("event_id")
    return (Hint(body["sys_id"], event[:200] if isinstance(event, str) and event else None),)
