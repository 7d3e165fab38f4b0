"""The operations that copy remarks and files, and that lead back to the siblings of a record."""

from syncline.configuration import PublicComments
from syncline.connector import Attach, Comment, LinkBack, Reference
from syncline.model import Visibility
from syncline.reconcile import Situation
from syncline.remarks import copy_of, link_mark
from syncline.station import Endpoint, Station
from syncline.store.incidents import Link
from syncline.store.items import Item

_ROOM = 30_000


def visibility(station: Station, target: Endpoint, item: Item) -> Visibility:
    """How visible a copy is: never more than its original."""
    keep = station.configuration.comments.public is PublicComments.KEEP
    offered = target.capabilities.visibilities
    if item.visibility is Visibility.PUBLIC and keep and Visibility.PUBLIC in offered:
        return Visibility.PUBLIC
    return Visibility.INTERNAL if Visibility.INTERNAL in offered else item.visibility


def comment(station: Station, target: Endpoint, s: Situation, link: Link, item: Item) -> Comment:
    """The copy of a remark."""
    source = station.endpoints.get(item.instance)
    key = next((li.record_key for li in s.links if li.instance == item.instance), "")
    body = copy_of(
        item.author,
        source.title if source else "",
        key,
        item.created_at,
        item.content["body"],
        item.id,
        target.capabilities.text_limits.get("comment", _ROOM),
    )
    return Comment(link.record_id, item.id, body, visibility(station, target, item))


def attachment(link: Link, item: Item, content: bytes) -> Attach:
    """The copy of a file."""
    return Attach(link.record_id, item.id, item.content["name"], item.content["content_type"], content)


def link_back(station: Station, s: Situation, link: Link) -> LinkBack:
    """The links to a record's siblings."""
    siblings = tuple(
        Reference(
            li.instance,
            station.endpoints[li.instance].title if li.instance in station.endpoints else li.instance,
            li.record_key,
            li.url,
            s.kept.incident.title,
        )
        for li in s.live
        if li.instance != link.instance
    )
    return LinkBack(link.record_id, link_mark(s.kept.incident.id), siblings)
