"""Remarks and files: which are news, and to which sides each is copied. Visibility never widens on the way."""

from collections.abc import Iterable, Mapping, Sequence

from syncline.connector import Sighting, marker_of
from syncline.intake import hands
from syncline.model import Attachment, Remark, Visibility
from syncline.station import Endpoint, Station
from syncline.store import incidents, items, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.timeline import Event


def take_items(
    tx: Tx, station: Station, endpoint: Endpoint, links: Mapping[str, Link], sightings: Sequence[Sighting]
) -> list[str]:
    """Put the remarks and files that nobody has seen before into the ledger; the incidents they belong to."""
    news: list[str] = []
    remarks = [
        (links[s.record_id], r)
        for s in sightings
        if s.record_id in links and links[s.record_id].live
        for r in s.remarks
    ]
    files = [
        (links[s.record_id], a)
        for s in sightings
        if s.record_id in links and links[s.record_id].live
        for a in s.attachments
    ]
    seen: Sequence[tuple[Link, Remark | Attachment]]
    for kind, seen in ((items.REMARK, remarks), (items.ATTACHMENT, files)):
        known = items.known(tx, endpoint.name, kind, [thing.id for _, thing in seen])
        for link, thing in seen:
            if thing.id in known:
                continue
            known.add(thing.id)
            if _take_item(tx, station, endpoint, link, thing):
                news.append(link.incident_id)
    return news


def _take_item(tx: Tx, station: Station, endpoint: Endpoint, link: Link, thing: Remark | Attachment) -> bool:
    """Put a remark or file into the ledger of copies; False where it is a copy of our own making."""
    if isinstance(thing, Remark):
        marker = marker_of(thing.body)
        if marker is not None and not _pasted(tx, endpoint, marker, thing):
            items.copied(tx, marker, endpoint.name, thing.id)
            return False
        item = items.insert_remark(tx, station.ids.token(), link.incident_id, endpoint.name, thing)
        what = f"{'comment' if item.visibility is Visibility.PUBLIC else 'work note'} by {thing.author}"
    else:
        if thing.own and items.is_copy(tx, link.incident_id, endpoint.name, thing):
            return False
        item = items.insert_attachment(tx, station.ids.token(), link.incident_id, endpoint.name, thing)
        what = f"file {thing.name} ({thing.size:,} bytes) by {thing.author}"
    timeline.append(
        tx,
        link.incident_id,
        Event(
            "remark",
            f"{what} on {endpoint.name} {link.record_key}",
            endpoint.name,
            thing.author,
            data={"item": item.id},
        ),
    )
    if isinstance(thing, Remark):
        hands.by_remark(tx, station, endpoint, link, thing)
    others = [
        other
        for other in incidents.links_of(tx, [link.incident_id])[link.incident_id]
        if other.instance != endpoint.name and other.live
    ]
    spread(tx, station, item, [other.instance for other in others])
    return True


def _pasted(tx: Tx, endpoint: Endpoint, marker: str, remark: Remark) -> bool:
    """Whether a person pasted a copy of ours into a remark: the copy itself is known already, and is another."""
    genuine = items.native_of_copy(tx, marker, endpoint.name)
    return not remark.own and genuine is not None and genuine != remark.id


def spread(tx: Tx, station: Station, item: items.Item, names: Iterable[str]) -> None:
    """Have the item copied to those instances, or say why it is not."""
    for name in names:
        target = station.endpoints.get(name)
        if target is None or name == item.instance or not item.everywhere:
            continue
        reason = _not_copied(station, target, item)
        items.copy_to(tx, item, name, state="withheld" if reason else "due", reason=reason)
        if reason:
            timeline.append(
                tx,
                item.incident_id,
                Event("withheld", f"not copied to {name}: {reason}", name, data={"item": item.id}),
            )
            if item.kind == items.ATTACHMENT and station.configuration.attachments.copy:
                _name_file(tx, station, target, item, reason)


def _name_file(tx: Tx, station: Station, target: Endpoint, item: items.Item, reason: str) -> None:
    """A note in place of a file: that it is there, and where."""
    if _leaks(target, Visibility.INTERNAL) or not station.configuration.comments.copy:
        return
    links = incidents.links_of(tx, [item.incident_id])[item.incident_id]
    where = next((f"{li.record_key}: {li.url}" for li in links if li.instance == item.instance), "")
    title = station.endpoints[item.instance].title if item.instance in station.endpoints else item.instance
    name, size = item.content["name"], int(item.content["size"])
    body = f"{item.author} attached {name} ({size:,} bytes) to {title} {where}\nThe file is not copied: {reason}."
    said = Remark(
        f"{item.id}/{target.name}", "", "Syncline", body, Visibility.INTERNAL, item.created_at, own=True
    )
    note = items.insert_remark(tx, station.ids.token(), item.incident_id, "", said)
    items.copy_to(tx, note, target.name)


def _not_copied(station: Station, target: Endpoint, item: items.Item) -> str | None:
    if item.kind == items.REMARK:
        if item.instance and not station.configuration.comments.copy:
            return "copying of comments is switched off (comments: copy)"
        if not target.capabilities.visibilities:
            return f"{target.title} has no comments"
        leaks = _leaks(target, item.visibility)
        return f"{target.title} would show this internal note to everybody" if leaks else None
    limit = min(
        station.configuration.attachments.max_bytes,
        target.settings.max_attachment,
        target.capabilities.max_attachment or 0,
    )
    if not station.configuration.attachments.copy:
        return "copying of files is switched off (attachments: copy)"
    if not target.capabilities.attachments:
        return f"{target.title} takes no files"
    size = int(item.content["size"])
    return f"{item.content['name']} has {size:,} bytes, the limit is {limit:,}" if size > limit else None


def _leaks(target: Endpoint, visibility: Visibility) -> bool:
    """Whether a copy there would be seen by more people than its original."""
    return visibility is Visibility.INTERNAL and Visibility.INTERNAL not in target.capabilities.visibilities
