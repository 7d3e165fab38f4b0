"""What PagerDuty says, in canonical form: pure functions from its JSON to the values of the contract.

Native fields: `title`, `status`, `urgency`, `priority` (its name), `assignee`, `assignees`, `escalation_policy`,
`service`, `teams` (ids), `incident_key`, `resolve_reason`, `merged_into`, `description`, `created_at`,
`resolved_at`, `incident_number`. To be written only: `resolution`.

A value that a reply leaves open is absent, never None: assignments of a resolved incident, which PagerDuty
always empties (its OpenAPI document), so that resolving does not read as unassigning; and the description,
which only some replies bring.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from syncline.connector import Edit, Native, Party, PartyKind, Record, canonical_text
from syncline.model import Remark, Visibility

KEY_PREFIX: Final = "syncline-"
"""How the `incident_key` of every incident begins that we create."""

MERGED: Final = "merged"
"""The status that we give to what PagerDuty calls resolved when the incident was merged into another. Nobody
resolved it: work goes on over there, and a mapping must be able to tell the two apart."""

STATUSES: Final = ("triggered", "acknowledged", "resolved", MERGED)
URGENCIES: Final = ("high", "low")

_COMPLETE: Final = (
    "id",
    "incident_number",
    "title",
    "status",
    "created_at",
    "updated_at",
    "service",
    "assignments",
    "escalation_policy",
    "urgency",
)

_STATUS_ENTRIES: Final[Mapping[str, str]] = {
    "trigger_log_entry": "triggered",
    "acknowledge_log_entry": "acknowledged",
    "unacknowledge_log_entry": "triggered",
    "reopen_log_entry": "triggered",
    "resolve_log_entry": "resolved",
}

_ASSIGN_ENTRIES: Final = frozenset(
    {"assign_log_entry", "reassign_log_entry", "escalate_log_entry", "delegate_log_entry"}
)

ANNOTATE: Final = "annotate_log_entry"

_TOLD: Final = frozenset({"notify_log_entry", "responder_request_log_entry"})
"""Entries of what was said to people: nothing was written with them."""

log = logging.getLogger(__name__)


class MalformedError(ValueError):
    """PagerDuty sent something that is not what its API promises; the message says what."""


def text(raw: Any) -> str | None:
    """Text in canonical form: `\\n` line ends, no trailing white space, nothing that
    a database cannot store; nothing is None."""
    if raw is None:
        return None
    if not isinstance(raw, str):
        raw = (
            json.dumps(raw, ensure_ascii=False, sort_keys=True) if isinstance(raw, dict | list) else str(raw)
        )
    clean = raw.replace("\0", "\ufffd")
    if not clean.isascii():
        clean = clean.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return canonical_text(clean) or None


def moment(raw: Any) -> datetime | None:
    """A time of PagerDuty's, aware, in UTC; None where there is none or it is none."""
    if not isinstance(raw, str):
        return None
    try:
        parsed = datetime.fromisoformat(raw)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def stamp(at: datetime) -> str:
    """A time as we send and store it: ISO 8601 with `Z`, to the second. Without an offset PagerDuty would read it in
    the account's time zone (REST API docs)."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def mapping(raw: Any) -> Mapping[str, Any]:
    """The object that should stand there, or an empty one."""
    return raw if isinstance(raw, dict) else {}


def items(raw: Any) -> list[Mapping[str, Any]]:
    """The objects of the list that should stand there."""
    return [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []


def identity(raw: Any) -> str | None:
    """The id of a reference."""
    found = mapping(raw).get("id")
    return found if isinstance(found, str) and found else None


def name(raw: Any) -> str | None:
    """What people call what is referred to."""
    reference = mapping(raw)
    return text(reference.get("name")) or text(reference.get("summary"))


def incident_key(marker: str) -> str:
    """The `incident_key` of the incident that carries our marker."""
    return KEY_PREFIX + marker.lower()


def marker(key: Native) -> str | None:
    """The marker in an `incident_key`, None where it is not one of ours."""
    if isinstance(key, str) and key.startswith(KEY_PREFIX) and len(key) > len(KEY_PREFIX):
        return key[len(KEY_PREFIX) :].upper()
    return None


def complete(incident: Mapping[str, Any]) -> bool:
    """Whether an incident inside another reply says all that a read of its own would say; a reference does not."""
    return all(field in incident for field in _COMPLETE)


def values(incident: Mapping[str, Any]) -> dict[str, Native]:
    """Native field to canonical value, for all that the reply tells."""
    reason = mapping(incident.get("resolve_reason"))
    kind = text(reason.get("type"))
    merged = kind is not None and kind.startswith("merge")
    status = text(incident.get("status"))
    if status == "resolved" and merged:
        status = MERGED
    number = incident.get("incident_number")
    found: dict[str, Native] = {
        "title": text(incident.get("title")),
        "status": status,
        "urgency": text(incident.get("urgency")),
        "priority": name(incident.get("priority")),
        "escalation_policy": identity(incident.get("escalation_policy")),
        "service": identity(incident.get("service")),
        "teams": _ids(items(incident.get("teams"))) or None,
        "incident_key": text(incident.get("incident_key")),
        "resolve_reason": "merge" if merged else kind,
        "merged_into": identity(reason.get("incident")) if merged else None,
        "created_at": _time(incident.get("created_at")),
        "incident_number": number if isinstance(number, int) and not isinstance(number, bool) else None,
    }
    if status not in ("resolved", MERGED):
        assignees = [identity(entry.get("assignee")) for entry in items(incident.get("assignments"))]
        people = [person for person in assignees if person]
        found["assignee"] = people[0] if people else None
        found["assignees"] = tuple(sorted(set(people))) or None
    if "resolved_at" in incident or "assignee" in found:
        found["resolved_at"] = _time(incident.get("resolved_at"))
    if "body" in incident:
        found["description"] = text(mapping(incident.get("body")).get("details"))
    return found


def revision(updated_at: datetime, asof: datetime | None) -> int:
    """Twice the second of `updated_at`, and one more if that second was over when the read began.

    PagerDuty has no version and stamps whole seconds, so several updates may share a stamp, and nothing in an incident
    tells their order. What a read brings that began after the second was over is the last state of that second:
    an odd revision stands for one state, and is never behind a newer one. An even one stands for a state that may
    have been followed by others in its second: of two such states with equal revisions the later seen counts, and
    the values must be compared.

    Args:
        updated_at: PagerDuty's stamp.
        asof: PagerDuty's clock when the read began, or before; None where it is not known.
    """
    second = int(updated_at.timestamp())
    over = asof is not None and int(asof.timestamp()) > second
    return second * 2 + over


def is_final(revision: int) -> bool:
    """Whether no other state can have the same stamp and be newer."""
    return revision % 2 == 1


def record(
    incident: Mapping[str, Any],
    fields: frozenset[str] | None = None,
    asof: datetime | None = None,
    last: Mapping[str, Any] | None = None,
    own: str | None = None,
) -> Record:
    """An incident of a reply as a record.

    Args:
        incident: The incident.
        fields: Limits the values; None takes all.
        asof: PagerDuty's clock when the read began, or before; None where it is not known.
        last: Who wrote last, as a reference.
        own: The id of our own user.

    Raises:
        MalformedError: it has no id, no status or no creation time.
    """
    record_id = identity(incident)
    if record_id is None:
        raise MalformedError("an incident without an id")
    found = values(incident)
    created_at = moment(incident.get("created_at"))
    if found["status"] is None or created_at is None:
        raise MalformedError(f"incident {record_id} without status or creation time")
    updated_at = moment(incident.get("updated_at")) or _last_known(incident, created_at)
    number = found["incident_number"]
    policy, policy_name = found["escalation_policy"], name(incident.get("escalation_policy"))
    return Record(
        id=record_id,
        key=f"#{number}" if number is not None else record_id,
        url=text(incident.get("html_url")) or "",
        values=found
        if fields is None
        else {field: value for field, value in found.items() if field in fields},
        revision=revision(updated_at, asof),
        created_at=created_at,
        updated_at=updated_at,
        updated_by=name(last) or identity(last),
        own=own is not None and identity(last) == own,
        marker=marker(found["incident_key"]),
        # People come with their name alone, and who has no address there would pass for one whose is hidden.
        parties=(Party(PartyKind.GROUP, policy, policy_name),)
        if isinstance(policy, str) and policy_name
        else (),
    )


def edits(entries: Iterable[Mapping[str, Any]], own: str | None, status: Native = None) -> tuple[Edit, ...]:
    """The changes of fields that log entries tell of, in their order. Kinds that we do not know tell of none.

    Args:
        entries: Log entries of one incident, oldest first.
        own: The id of our own user.
        status: The incident's native status now: a merge is logged as a resolve.
    """
    found = []
    for entry in entries:
        entry_id, at = identity(entry), moment(entry.get("created_at"))
        change = _change(entry, status)
        if entry_id is None or at is None or change is None:
            continue
        agent = mapping(entry.get("agent"))
        field, before, after = change
        found.append(
            Edit(
                id=f"{entry_id}:{field}",
                actor=name(agent) or identity(agent) or "PagerDuty",
                own=own is not None and identity(agent) == own,
                at=at,
                field=field,
                before=before,
                after=after,
            )
        )
    return tuple(found)


def author(entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Who wrote last, as log entries tell, oldest first; empty where nobody did: a policy assigns by itself."""
    for entry in reversed(entries):
        if text(entry.get("type")) not in _TOLD:
            agent = mapping(entry.get("agent"))
            by_person = agent.get("type") in ("user_reference", "user")
            return {} if text(entry.get("type")) in _ASSIGN_ENTRIES and not by_person else agent
    return {}


def newest_first(entries: Sequence[Mapping[str, Any]]) -> bool | None:
    """Whether log entries came newest first; None where they do not show it, being all of one second."""
    if not entries or _instant(entries[0]) == _instant(entries[-1]):
        return None
    return _instant(entries[0]) > _instant(entries[-1])


def ordered(entries: Sequence[Mapping[str, Any]], *, falling: bool) -> list[Mapping[str, Any]]:
    """Log entries, oldest first; within a second by the order in which they came, `falling` if newest first."""
    return sorted(reversed(entries) if falling else entries, key=_instant)


def remark(record_id: str, note: Mapping[str, Any], own: str | None) -> Remark | None:
    """A note as a remark; None where it has no id or no text. PagerDuty's notes are for those who work on the
    incident: internal."""
    note_id, body = identity(note), text(note.get("content"))
    if note_id is None or body is None:
        return None
    user = note.get("user")
    return Remark(
        id=note_id,
        record_id=record_id,
        author=name(user) or identity(user) or "PagerDuty",
        body=body,
        visibility=Visibility.INTERNAL,
        created_at=moment(note.get("created_at")) or datetime.fromtimestamp(0, UTC),
        own=own is not None and identity(user) == own,
    )


def remarks(record_id: str, notes: Any, own: str | None) -> tuple[Remark, ...]:
    """The notes of an incident as remarks, oldest first; those of one second in the order in which they were written."""
    listed = items(notes)
    rows = ordered(listed, falling=newest_first(listed) is not False)
    found = [remark(record_id, note, own) for note in rows]
    return tuple(r for r in found if r is not None)


def person(user: Mapping[str, Any]) -> Party | None:
    """A user as a party; None where it has no id."""
    user_id, email = identity(user), text(user.get("email"))
    if user_id is None:
        return None
    return Party(PartyKind.PERSON, user_id, name(user) or user_id, email.lower() if email else None)


def group(policy: Mapping[str, Any]) -> Party | None:
    """An escalation policy as a party; None where it has no id."""
    policy_id = identity(policy)
    return None if policy_id is None else Party(PartyKind.GROUP, policy_id, name(policy) or policy_id)


def _change(entry: Mapping[str, Any], status: Native) -> tuple[str, Native, Native] | None:
    kind, channel = entry.get("type"), mapping(entry.get("channel"))
    if not isinstance(kind, str):
        return None
    if kind in _STATUS_ENTRIES:
        after = _STATUS_ENTRIES[kind]
        return "status", None, MERGED if after == "resolved" and status == MERGED else after
    if kind in _ASSIGN_ENTRIES:
        people = [identity(user) for user in items(entry.get("assignees"))] + [
            identity(entry.get("assigned_user"))
        ]
        assigned = next((user for user in people if user), None)
        return ("assignee", None, assigned) if assigned else None
    # The OpenAPI document lists neither of the two; what stands in their channel is as others have met it.
    if kind == "priority_change_log_entry" and ("new_priority" in channel or "old_priority" in channel):
        return "priority", name(channel.get("old_priority")), name(channel.get("new_priority"))
    if kind == "urgency_change_log_entry":
        before, after_urgency = text(channel.get("old_urgency")), text(channel.get("new_urgency"))
        return ("urgency", before, after_urgency) if after_urgency in URGENCIES else None
    return None


def _instant(entry: Mapping[str, Any]) -> datetime:
    return moment(entry.get("created_at")) or datetime.fromtimestamp(0, UTC)


def _last_known(incident: Mapping[str, Any], created_at: datetime) -> datetime:
    """The latest of the times that an incident without `updated_at` still tells."""
    times = [moment(incident.get("last_status_change_at")), moment(incident.get("resolved_at"))]
    times += [moment(entry.get("at")) for entry in items(incident.get("assignments"))]
    times += [moment(entry.get("at")) for entry in items(incident.get("acknowledgements"))]
    return max([created_at, *(at for at in times if at is not None)])


def _ids(references: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({found for found in map(identity, references) if found}))


def _time(raw: Any) -> str | None:
    at = moment(raw)
    return stamp(at) if at is not None else None
