"""People and support groups: CTM:People and CTM:Support Group."""

from collections.abc import Sequence
from typing import Final

from syncline.connector import Party, PartyKind, usable
from syncline.http.client import Http
from syncline_helix import records
from syncline_helix.client import GROUPS, PEOPLE, Client, Row
from syncline_helix.query import both, equals, one_of
from syncline_helix.records import GROUP_FIELDS, PERSON_FIELDS
from syncline_helix.values import said

_FORMS: Final = {PartyKind.PERSON: PEOPLE, PartyKind.GROUP: GROUPS}
_FIELDS: Final = {PartyKind.PERSON: PERSON_FIELDS, PartyKind.GROUP: GROUP_FIELDS}
_KEYS: Final = {PartyKind.PERSON: "Remedy Login ID", PartyKind.GROUP: "Support Group ID"}
_NAMES: Final = {PartyKind.PERSON: "Full Name", PartyKind.GROUP: "Support Group Name"}
_ACTIVE: Final = {
    # People without a login can do nothing here.
    PartyKind.PERSON: "'Profile Status' = \"Enabled\" AND 'Remedy Login ID' != $NULL$",
    PartyKind.GROUP: "'Status' = \"Enabled\"",
}
_PAGE: Final = 500
_IDS: Final = 40
_REMEMBERED: Final = 2_000


class Directory:
    """Who is who on one instance. Remembers people and groups that are written, as a cache."""

    def __init__(self, client: Client, http: Http) -> None:
        self._client = client
        self._http = http
        self._known: dict[tuple[PartyKind, str], Row] = {}

    def row(self, kind: PartyKind, party_id: str) -> Row | None:
        """The entry of that person or group, asked for once; None where there is none."""
        known = self._known.get((kind, party_id))
        if known is None:
            if not party_id.isprintable():
                return None
            found = [row for row in self._rows(kind, [party_id]) if said(row.get(_KEYS[kind])) == party_id]
            if not found:
                return None
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[kind, party_id] = found[0]
        return known

    def parties(self, kind: PartyKind, ids: Sequence[str]) -> Sequence[Party]:
        """Those people or groups; one request for forty."""
        wanted = sorted({party_id for party_id in ids if party_id and party_id.isprintable()})
        found = self._parties(kind, self._rows(kind, wanted))
        return tuple(party for party in found if party.id in set(wanted))

    def find(self, kind: PartyKind, name: str) -> Party | None:
        """The active person with that e-mail address, else with that exact name; the active group with that name; either
        also by its id.

        Where several have it, none is meant for sure: None.
        """
        name = name.strip()
        if not name or not name.isprintable():
            return None
        named = [equals(_KEYS[kind], name), equals(_NAMES[kind], name)]
        if kind is PartyKind.PERSON and "@" in name:
            # Addresses are kept as somebody typed them, and whether case counts is a matter of the database.
            named += [equals("Internet E-mail", spelling) for spelling in dict.fromkeys((name, name.lower()))]
        rows = self._client.all_entries(
            _FORMS[kind], both(" OR ".join(named), _ACTIVE[kind]), _FIELDS[kind], _KEYS[kind], _PAGE
        )
        found = {party.id: party for party in self._parties(kind, rows)}
        if name in found:
            return found[name]
        by_email = [p for p in found.values() if kind is PartyKind.PERSON and p.email == name.lower()]
        meant = by_email or [party for party in found.values() if party.name == name]
        return meant[0] if len(meant) == 1 else None

    def groups(self) -> tuple[Party, ...]:
        """All groups that are in use, by their names."""
        kind = PartyKind.GROUP
        rows = self._client.all_entries(GROUPS, _ACTIVE[kind], GROUP_FIELDS, _KEYS[kind], _PAGE)
        return tuple(sorted(self._parties(kind, rows), key=lambda group: (group.name, group.id)))

    def _rows(self, kind: PartyKind, ids: Sequence[str]) -> list[Row]:
        found: list[Row] = []
        for start in range(0, len(ids), _IDS):
            asked = one_of(_KEYS[kind], ids[start : start + _IDS])
            found += self._client.entries(_FORMS[kind], asked, _FIELDS[kind], (_KEYS[kind],), _IDS * 2)
        return found

    def _parties(self, kind: PartyKind, rows: Sequence[Row]) -> list[Party]:
        with usable(self._http.instance, f"an entry of {_FORMS[kind]}"):
            return [records.party(row, kind) for row in rows if said(row.get(_KEYS[kind]))]
