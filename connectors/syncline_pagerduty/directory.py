"""People, escalation policies, priorities and services of an account, kept for a quarter of an hour."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from syncline.connector import Party, PartyKind
from syncline.errors import Gone
from syncline_pagerduty.client import Client
from syncline_pagerduty.records import group, identity, mapping, name, person, text

KEPT: Final = timedelta(minutes=15)
MISSED: Final = timedelta(minutes=1)
"""How long something that was looked for in vain is not looked for again."""

MOST_MISSED: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Listing:
    taken_at: datetime
    parties: Mapping[str, Party]


class Directory:
    """What changes rarely. Two workers may fetch a list at the same time; the later one stays.

    Args:
        client: The account.
        from_email: Address of our own user.
    """

    def __init__(self, client: Client, from_email: str) -> None:
        self._client = client
        self._from_email = from_email.lower()
        self._listings: dict[PartyKind, _Listing] = {}
        self._priorities: dict[str, str] = {}
        self._missed: dict[tuple[PartyKind, str], datetime] = {}
        self._own: str | None = None

    def own_id(self) -> str | None:
        """The id of the user in whose name we write; None where the account has no such user."""
        if self._own is None:
            found = self.find(PartyKind.PERSON, self._from_email)
            self._own = found.id if found is not None else None
        return self._own

    def parties(self, kind: PartyKind, ids: Sequence[str]) -> list[Party]:
        """Those of the ids that there are, in their order. One list, and one read for each that is not on it."""
        known = self._listing(kind)
        found = []
        for party_id in dict.fromkeys(ids):
            party = known.get(party_id) or self._read(kind, party_id)
            if party is not None:
                found.append(party)
        return found

    def find(self, kind: PartyKind, wanted: str) -> Party | None:
        """By address or exact name a person, by exact name an escalation policy; either also by its id."""
        sought = wanted.strip()
        if not sought:
            return None
        found = _pick(self._listing(kind).values(), kind, sought)
        if found is not None or self._was_missed(kind, sought):
            return found
        # Someone may have joined since the list was taken.
        path, key, make = _where(kind)
        reply = self._client.get(path, {"query": sought, "limit": 100, "offset": 0})
        found = _pick((party for party in map(make, self._client.listed(reply, key)) if party), kind, sought)
        if found is None:
            self._miss(kind, sought)
        else:
            self._add(kind, found)
        return found

    def groups(self) -> tuple[Party, ...]:
        """All escalation policies, as they are now."""
        self._listings.pop(PartyKind.GROUP, None)
        return tuple(sorted(self._listing(PartyKind.GROUP).values(), key=lambda party: party.name))

    def priority_id(self, wanted: str) -> str | None:
        """The id of the priority of that name; None where there is none."""
        if wanted not in self._priorities:
            self.priorities()
        return self._priorities.get(wanted)

    def priorities(self) -> tuple[str, ...]:
        """The names of all priorities, the highest first, as they are now."""
        found: dict[str, str] = {}
        for row in self._client.rows("/priorities", "priorities"):
            row_id, row_name = identity(row), name(row)
            if row_id is not None and row_name is not None:
                found.setdefault(row_name, row_id)
        self._priorities = found
        return tuple(found)

    def services(self) -> list[Mapping[str, Any]]:
        """All services, as they are now."""
        return [row for row in self._client.rows("/services", "services") if identity(row)]

    def user(self, email: str) -> Mapping[str, Any] | None:
        """The user of that address, as PagerDuty describes them now; None where there is none."""
        reply = self._client.get("/users", {"query": email, "limit": 100, "offset": 0})
        for row in self._client.listed(reply, "users"):
            if (text(row.get("email")) or "").lower() == email.lower():
                return row
        return None

    def _listing(self, kind: PartyKind) -> Mapping[str, Party]:
        listing = self._listings.get(kind)
        if listing is None or self._now() - listing.taken_at > KEPT:
            path, key, make = _where(kind)
            made = (make(row) for row in self._client.rows(path, key))
            listing = _Listing(self._now(), {party.id: party for party in made if party is not None})
            self._listings[kind] = listing
        return listing.parties

    def _read(self, kind: PartyKind, party_id: str) -> Party | None:
        if self._was_missed(kind, party_id):
            return None
        path, _, make = _where(kind)
        try:
            reply = self._client.get(f"{path}/{quote(party_id, safe='')}")
        except Gone:
            self._miss(kind, party_id)
            return None
        found = make(mapping(reply.get(_one(kind))))
        if found is not None:
            self._add(kind, found)
        return found

    def _add(self, kind: PartyKind, party: Party) -> None:
        listing = self._listings.get(kind)
        if listing is not None:
            self._listings[kind] = _Listing(listing.taken_at, {**listing.parties, party.id: party})

    def _miss(self, kind: PartyKind, sought: str) -> None:
        if len(self._missed) >= MOST_MISSED:
            self._missed.clear()
        self._missed[kind, sought.lower()] = self._now()

    def _was_missed(self, kind: PartyKind, sought: str) -> bool:
        missed_at = self._missed.get((kind, sought.lower()))
        if missed_at is None:
            return False
        if self._now() - missed_at <= MISSED:
            return True
        self._missed.pop((kind, sought.lower()), None)
        return False

    def _now(self) -> datetime:
        return self._client.http.platform_now()


def _where(kind: PartyKind) -> tuple[str, str, Callable[[Mapping[str, Any]], Party | None]]:
    if kind is PartyKind.PERSON:
        return "/users", "users", person
    return "/escalation_policies", "escalation_policies", group


def _one(kind: PartyKind) -> str:
    return "user" if kind is PartyKind.PERSON else "escalation_policy"


def _pick(parties: Iterable[Party], kind: PartyKind, sought: str) -> Party | None:
    if kind is PartyKind.PERSON and "@" in sought:
        return next((party for party in parties if party.email == sought.lower()), None)
    return next((party for party in parties if sought in (party.id, party.name)), None)
