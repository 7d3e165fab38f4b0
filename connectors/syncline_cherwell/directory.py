"""People and teams: users by the business object UserInfo, teams by their names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from syncline.connector import Party, PartyKind, usable
from syncline.http.client import Http
from syncline_cherwell import records
from syncline_cherwell.client import Client, Filter, Row
from syncline_cherwell.discovery import Discovery
from syncline_cherwell.records import PERSON_FIELDS, is_id
from syncline_cherwell.schema import RECORD

_PAGE: Final = 200
_IDS: Final = 40


class Directory:
    """Who is who on one instance."""

    def __init__(self, client: Client, http: Http, discovery: Discovery) -> None:
        self._client = client
        self._http = http
        self._discovery = discovery

    def parties(self, kind: PartyKind, ids: Sequence[str]) -> Sequence[Party]:
        """Those people or teams; one request for forty people, and one for all teams."""
        wanted = sorted({party_id for party_id in ids if party_id})
        if kind is PartyKind.GROUP:
            return tuple(team for team in self.teams() if team.id in wanted) if wanted else ()
        found = self._people(RECORD, [party_id for party_id in wanted if is_id(party_id)])
        return tuple(person for person in found if person.id in wanted)

    def find(self, kind: PartyKind, name: str) -> Party | None:
        """The person with that e-mail address, else with that exact name; the team with that name; a person also by id.

        Where several have it, none is meant for sure: None.
        """
        name = name.strip()
        if not name or not name.isprintable():
            return None
        if kind is PartyKind.GROUP:
            return next((team for team in self.teams() if team.name == name), None)
        if is_id(name):
            return next((one for one in self._people(RECORD, [name]) if one.id == name), None)
        if "@" in name:
            meant = [one for one in self._people("Email", [name]) if one.email == name.lower()]
        else:
            meant = [one for one in self._people("FullName", [name]) if one.name == name]
        return meant[0] if len(meant) == 1 else None

    def named(self, names: Iterable[str]) -> Mapping[str, str]:
        """Full name to record id, of those names that one person has."""
        found: dict[str, list[str]] = {}
        for person in self._people("FullName", sorted(set(names))):
            found.setdefault(person.name, []).append(person.id)
        return {name: ids[0] for name, ids in found.items() if len(ids) == 1}

    def teams(self) -> tuple[Party, ...]:
        """All teams, by their names."""
        return tuple(Party(PartyKind.GROUP, name, name) for name in sorted(set(self._client.teams())) if name)

    def _people(self, field: str, values: Sequence[str]) -> list[Party]:
        rows: list[Row] = []
        for start in range(0, len(values), _IDS):
            filters = [Filter(field, "eq", value) for value in values[start : start + _IDS]]
            rows += self._client.all_of(self._discovery.people(), filters, PERSON_FIELDS, _PAGE)
        with usable(self._http.instance, "a user"):
            return [records.person(row) for row in rows]
