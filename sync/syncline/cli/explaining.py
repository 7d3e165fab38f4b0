"""An incident's whole story: as JSON, and for people."""

from collections.abc import Container, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from syncline.cli.escalations import escalation_document, say_escalation
from syncline.cli.output import NONE, counted, moment, plain, say, shortened, table, value
from syncline.cli.park import parked_row

if TYPE_CHECKING:
    from syncline.application import Explanation, Unsynced
    from syncline.store.incidents import Link
    from syncline.store.items import Item


def narrowed(key: str, instances: Container[str]) -> tuple[str | None, str]:
    """The instance that a key names, if any, and the key by itself."""
    name, slash, bare = key.partition("/")
    return (name, bare) if slash and bare and name in instances else (None, key)


def unsynced_row(unsynced: "Unsynced") -> dict[str, Any]:
    """Why a record belongs to no incident, as JSON has it."""
    return {
        "instance": unsynced.instance,
        "key": unsynced.key,
        "url": unsynced.url,
        "reason": unsynced.reason,
    }


def explanation_document(explained: "Explanation") -> dict[str, Any]:
    """All that is known of one incident, as JSON has it."""
    situation = explained.situation
    kept = situation.kept
    return {
        "id": kept.incident.id,
        "title": kept.incident.title,
        "values": kept.incident.values,
        "origins": {
            name: {"instance": origin.instance, "actor": origin.actor, "at": origin.at}
            for name, origin in kept.origins.items()
        },
        "created_at": kept.created_at,
        "changed_at": kept.changed_at,
        "unlinked_at": kept.unlinked_at,
        "source": situation.source,
        "targets": list(explained.targets),
        "missing": _missing(explained),
        "records": [_record(explained, link) for link in situation.links],
        "under_way": [
            {
                "id": logged.id,
                "instance": logged.instance,
                "kind": logged.kind,
                "state": logged.state,
                "fields": sorted(logged.fields),
                "created_at": logged.created_at,
                "error": logged.error,
            }
            for sent in situation.sent.values()
            for logged in sent
            if logged.state in {"sent", "unknown"}
        ],
        "parked": [parked_row(parked) for parked in situation.parked],
        "escalation": escalation_document(explained.escalation),
        "items": [_item(item) for item in explained.items],
        "timeline": [
            {
                "id": event.id,
                "at": event.at,
                "kind": event.kind,
                "instance": event.instance,
                "actor": event.actor,
                "field": event.field,
                "text": event.text,
                "data": event.data or {},
            }
            for event in explained.events
        ],
    }


def _missing(explained: "Explanation") -> list[str]:
    """Instances on which the incident should stand and does not yet."""
    present = {link.instance for link in explained.situation.links}
    return [name for name in explained.targets if name not in present]


def _record(explained: "Explanation", link: "Link") -> dict[str, Any]:
    return {
        "instance": link.instance,
        "key": link.record_key,
        "record_id": link.record_id,
        "url": link.url,
        "state": _state(link),
        "origin": link.origin,
        "behind": list(explained.agreement.get(link.instance, ())),
        "withheld": link.withheld,
        "linked_at": link.linked_at,
        "changed_at": link.seen_at,
        "changed_by": link.seen_by,
        "missing_since": link.missing_since,
        "gone_at": link.gone_at,
        "unlinked_at": link.unlinked_at,
    }


def _state(link: "Link") -> str:
    if link.unlinked_at is not None:
        return "unlinked"
    if link.gone_at is not None:
        return "gone"
    return "missing" if link.missing_since is not None else "linked"


def _item(item: "Item") -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "instance": item.instance or None,
        "author": item.author,
        "at": item.created_at,
        "visibility": item.content.get("visibility"),
        "name": item.content.get("name"),
        "size": item.content.get("size"),
    }


def say_explanations(found: "Sequence[Explanation]") -> None:
    """The stories, on standard output."""
    for number, explained in enumerate(found):
        if number:
            say()
        _say(explained)


def _say(explained: "Explanation") -> None:
    situation = explained.situation
    kept = situation.kept
    say(f"{kept.incident.id}  {plain(kept.incident.title)}", "bold")
    if kept.unlinked_at is not None:
        say(f"its sync was ended at {moment(kept.unlinked_at)} UTC; the tickets themselves stay")
    say()
    table(
        ("field", "value", "by", "on", "since (UTC)"),
        [
            (
                name,
                value(kept.incident[name]),
                kept.origins[name].actor if name in kept.origins else NONE,
                kept.origins[name].instance if name in kept.origins else NONE,
                moment(kept.origins[name].at) if name in kept.origins else NONE,
            )
            for name in kept.incident.values
            if kept.incident[name] not in (None, "", ())
        ],
    )
    say()
    table(
        ("instance", "record", "state", "address"),
        [(link.instance, link.record_key, _agreement(explained, link), link.url) for link in situation.links]
        + [(name, NONE, "is yet to be created", NONE) for name in _missing(explained)],
    )
    for line in _remarks(explained):
        say(line)
    if situation.parked:
        say()
        table(
            ("no.", "waits for a person"),
            [(parked.id, parked.reason) for parked in situation.parked],
        )
    if explained.escalation is not None:
        say_escalation(explained.escalation)
    say()
    table(
        ("at (UTC)", "who", "where", "what"),
        [
            (
                moment(event.at),
                shortened(event.actor, 40),
                event.instance or NONE,
                f"{event.kind}: {event.text}",
            )
            for event in explained.events
        ],
    )


def _agreement(explained: "Explanation", link: "Link") -> str:
    match _state(link):
        case "unlinked":
            return f"unlinked since {moment(link.unlinked_at)}"
        case "gone":
            return f"gone since {moment(link.gone_at)}"
        case "missing":
            return f"not found since {moment(link.missing_since)}; looked for again"
    behind = explained.agreement.get(link.instance, ())
    return f"behind: {', '.join(behind)}" if behind else "in agreement"


def _remarks(explained: "Explanation") -> Iterator[str]:
    """What else is to be known, a line each."""
    situation = explained.situation
    for link in situation.live:
        for name, why in link.withheld.items():
            yield f"{link.instance}: {name} is not written: {plain(why)}"
    for sent in situation.sent.values():
        for logged in sent:
            if logged.state in {"sent", "unknown"}:
                yield f"{logged.instance}: a {logged.kind} of {moment(logged.created_at)} has no verdict yet; it is looked up"
    if explained.items:
        remarks = sum(item.kind == "remark" for item in explained.items)
        files = len(explained.items) - remarks
        yield f"{counted(remarks, 'comment')} and {counted(files, 'file')} are copied"
