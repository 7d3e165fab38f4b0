"""What was said on the records of an incident comes back into the ledger of copies: which comment and file is the copy of
which, so that none is copied a second time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from syncline.connector import Sighting, marker_of
from syncline.intake import hands
from syncline.intake.copying import spread, take_items
from syncline.model import Attachment, Remark, Visibility
from syncline.reconcile import references
from syncline.remarks import OURS, is_link_back, link_mark, own_words
from syncline.restoring.survey import Sheet
from syncline.restoring.talk import Copied, Voice, copied_files, copied_remarks
from syncline.station import Station
from syncline.store import incidents, items, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.items import Item
from syncline.store.timeline import Event

_ROOM = 30_000


@dataclass(slots=True)
class Hearing:
    """What is said on the records of one incident.

    Attributes:
        tx: The transaction.
        station: At hand.
        incident_id: Which incident.
        sheets: Its records of which all was read, by instance.
        by_hand: Whether a person linked tickets that existed already: what was said before stays where it was said.
    """

    tx: Tx
    station: Station
    incident_id: str
    sheets: Mapping[str, Sheet]
    by_hand: bool = False
    found: int = 0
    _links: list[Link] = field(init=False)

    def __post_init__(self) -> None:
        links = incidents.links_of(self.tx, [self.incident_id])[self.incident_id]
        self._links = [
            link
            for link in links
            if link.live and link.instance in self.sheets and self._sheet(link).record.id == link.record_id
        ]

    def _sheet(self, link: Link) -> Sheet:
        return self.sheets[link.instance]

    def take(self) -> int:
        """Take in all of it; how many copies were found that the database did not know."""
        self._known_copies()
        voices = self._voices()
        known = frozenset(item.id for item in items.of_incident(self.tx, self.incident_id))
        for one in copied_remarks(voices, known | {link_mark(self.incident_id)}):
            if one.body is not None and not is_link_back(one.body.body):
                self._remark(one)
        self._owed_files()
        for one in copied_files(self._strange_files()):
            self._file(one)
        self._rest()
        self._complete()
        self._referenced()
        return self.found

    def _voices(self) -> list[Voice]:
        found = []
        for link in self._links:
            sheet, endpoint = self._sheet(link), self.station.endpoints[link.instance]
            limit = endpoint.capabilities.text_limits.get("comment", _ROOM)
            found.append(
                Voice(link.instance, endpoint.title, link.record_key, sheet.remarks, sheet.files, limit)
            )
        return found

    # ---- copies of what is known ----------------------------------------------------------------

    def _known_copies(self) -> None:
        known = {item.id: item for item in items.of_incident(self.tx, self.incident_id)}
        for link in self._links:
            for remark in self._sheet(link).remarks:
                item = known.get(marker_of(remark.body) or "")
                if item is not None and remark.own and item.instance != link.instance:
                    self._stands(item, {link.instance: remark.id})

    def _stands(self, item: Item, copies: Mapping[str, str]) -> None:
        """Copies of an item that stand on the platforms."""
        settled = items.targets(self.tx, item.id)
        for instance, native_id in copies.items():
            if settled.get(instance) == "done":
                continue
            if instance not in settled:
                items.copy_to(self.tx, item, instance)
            items.copied(self.tx, item.id, instance, native_id)
            self.found += 1

    def _owed_files(self) -> None:
        """A file that the backup shows as still to be copied, and that our account has attached there since."""
        for item in items.of_incident(self.tx, self.incident_id):
            if item.kind != items.ATTACHMENT:
                continue
            wanted = (item.content["name"], item.content["size"])
            for instance, state in items.targets(self.tx, item.id).items():
                files = self._strange(instance) if state == "due" else ()
                copy = next((f for f in files if f.own and (f.name, f.size) == wanted), None)
                if copy is not None:
                    self._stands(item, {instance: copy.id})

    # ---- what is not known ----------------------------------------------------------------------

    def _remark(self, one: Copied) -> None:
        if isinstance(one.original, Remark):
            known = items.known(self.tx, one.origin, items.REMARK, [one.original.id])
            if known:
                return  # its copies were made twice before: the ledger has the others
            item = items.insert_remark(self.tx, one.marker, self.incident_id, one.origin, one.original)
            self._said(one.origin, item, one.original)
            self._stands(item, one.copies)
            return
        words = own_words(one.body.body) if one.body is not None else None
        if words is None or one.body is None:
            return  # its original is gone: nobody copies a copy
        said = Remark(one.marker, "", OURS, words, Visibility.INTERNAL, one.body.created_at, own=True)
        everywhere = len(one.copies) > 1
        item = items.insert_remark(self.tx, one.marker, self.incident_id, "", said, everywhere=everywhere)
        self._stands(item, one.copies)

    def _said(self, instance: str, item: Item, remark: Remark) -> None:
        link = next(link for link in self._links if link.instance == instance)
        what = "comment" if item.visibility is Visibility.PUBLIC else "work note"
        text = f"{what} by {remark.author} on {instance} {link.record_key}: found again with its copies"
        timeline.append(
            self.tx, self.incident_id, Event("remark", text, instance, remark.author, data={"item": item.id})
        )
        hands.by_remark(self.tx, self.station, self.station.endpoints[instance], link, remark)

    def _strange(self, instance: str) -> Sequence[Attachment]:
        """Files that no ledger knows."""
        sheet = self.sheets.get(instance)
        if sheet is None or all(link.instance != instance for link in self._links):
            return ()
        known = items.known(self.tx, instance, items.ATTACHMENT, [file.id for file in sheet.files])
        return [file for file in sheet.files if file.id not in known]

    def _strange_files(self) -> list[Voice]:
        return [
            Voice(voice.instance, voice.title, voice.key, (), self._strange(voice.instance))
            for voice in self._voices()
        ]

    def _file(self, one: Copied) -> None:
        file = one.original
        assert isinstance(file, Attachment)
        instance = one.origin or next(iter(one.copies))
        item = items.insert_attachment(self.tx, self.station.ids.token(), self.incident_id, instance, file)
        if not one.origin:
            self._leave(item, "our account attached it, and its original is not there any more")
            return
        self._stands(item, one.copies)
        self._withhold_where_named(item, file)

    def _withhold_where_named(self, item: Item, file: Attachment) -> None:
        """Where a note stands in place of the file, it is not written once more."""
        named = f"attached {file.name} ({file.size:,} bytes)"
        for link in self._links:
            if any(r.own and named in r.body for r in self._sheet(link).remarks):
                items.leave(self.tx, item, link.instance, "a note names it there")

    def _leave(self, item: Item, reason: str) -> None:
        for link in self._links:
            if link.instance != item.instance:
                items.leave(self.tx, item, link.instance, reason)

    def _rest(self) -> None:
        """What stands on one record only: it is copied now, as anything that is new."""
        for link in self._links:
            sheet, endpoint = self._sheet(link), self.station.endpoints[link.instance]
            for file in self._strange(link.instance):
                if self._is_named(file):
                    item = items.insert_attachment(
                        self.tx, self.station.ids.token(), self.incident_id, link.instance, file
                    )
                    self._withhold_where_named(item, file)
            if self.by_hand:
                self._leave_where_it_is(link, sheet)
            seen = Sighting(link.record_id, None, tuple(sheet.remarks), tuple(sheet.files))
            take_items(self.tx, self.station, endpoint, {link.record_id: link}, [seen])

    def _is_named(self, file: Attachment) -> bool:
        named = f"attached {file.name} ({file.size:,} bytes)"
        return any(r.own and named in r.body for link in self._links for r in self._sheet(link).remarks)

    def _leave_where_it_is(self, link: Link, sheet: Sheet) -> None:
        known = items.known(self.tx, link.instance, items.REMARK, [remark.id for remark in sheet.remarks])
        for remark in sheet.remarks:
            if remark.id not in known and marker_of(remark.body) is None:
                token = self.station.ids.token()
                item = items.insert_remark(self.tx, token, self.incident_id, link.instance, remark)
                self._leave(item, "it may be older than the link")

    def _complete(self) -> None:
        """A record that the database did not know gets what it lacks."""
        live = _live(self.tx, self.incident_id)
        for item in items.of_incident(self.tx, self.incident_id):
            settled = items.targets(self.tx, item.id)
            missing = [name for name in live if name not in settled and name != item.instance]
            if item.everywhere:
                spread(self.tx, self.station, item, missing)

    # ---- links back -----------------------------------------------------------------------------

    def _referenced(self) -> None:
        """Links back that stand there and lead to all siblings are not written once more."""
        live = [
            link for link in incidents.links_of(self.tx, [self.incident_id])[self.incident_id] if link.live
        ]
        marker = link_mark(self.incident_id)
        for link in self._links:
            siblings = [other for other in live if other.instance != link.instance]
            sheet = self._sheet(link)
            notes = [r.body for r in sheet.remarks if r.own and marker_of(r.body) == marker]
            whole = any(all(other.record_key in note for other in siblings) for note in notes)
            # Jira has a link for each sibling: that one stands does not say that all do.
            whole = whole or all((marker, other.instance) in sheet.linked for other in siblings)
            if siblings and whole:
                wanted = references(live, link)
                incidents.update_link(self.tx, link.incident_id, link.instance, referenced=wanted)


def _live(tx: Tx, incident_id: str) -> Iterable[str]:
    return [link.instance for link in incidents.links_of(tx, [incident_id])[incident_id] if link.live]
