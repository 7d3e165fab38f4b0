"""Whether the platforms know the groups and people that a policy names."""

from collections.abc import Iterable
from typing import Final

from syncline.connector import PartyKind
from syncline.errors import Gone, Refused
from syncline.escalation.book import Book
from syncline.escalation.lint import LiveNames
from syncline.station import Endpoint, Station

_GROUP: Final = "group"


def live_names(station: Station, book: Book) -> LiveNames:
    """What there is on the platforms of what a policy names: one look-up for each name.

    Raises:
        SynclineError: an instance could not be asked.
    """
    targets: dict[str, frozenset[str]] = {}
    people: dict[str, frozenset[str]] = {}
    for name, endpoint in station.endpoints.items():
        groups = _named((tier.to for tier in book.tiers.values()), endpoint)
        if groups and _GROUP in endpoint.mapping.rules:  # else no record there has a group at all
            targets[name] = _known(endpoint, PartyKind.GROUP, groups)
        addresses = _named((person.ids for person in book.people.values()), endpoint)
        if addresses:
            people[name] = _known(endpoint, PartyKind.PERSON, addresses)
    instances = {name: endpoint.plugin.platform for name, endpoint in station.endpoints.items()}
    return LiveNames(instances, targets, people, frozenset(station.configuration.channels))


def _named(entries: Iterable[object], endpoint: Endpoint) -> list[str]:
    """What is said of that instance, or else of its platform."""
    found = (
        entry.get(endpoint.name, entry.get(endpoint.plugin.platform))
        for entry in entries
        if isinstance(entry, dict)
    )
    return list(dict.fromkeys(name for name in found if name))


def _known(endpoint: Endpoint, kind: PartyKind, names: Iterable[str]) -> frozenset[str]:
    """Those of the names that the platform knows, and all that we met there, for suggestions."""
    met = {
        word
        for (of, _), party in endpoint.directory.parties.items()
        if of is kind
        for word in (party.name, party.email)
        if word
    }
    return frozenset(met | {name for name in names if _is_there(endpoint, kind, name)})


def _is_there(endpoint: Endpoint, kind: PartyKind, name: str) -> bool:
    try:
        return endpoint.connector.find_party(kind, name) is not None or bool(
            endpoint.connector.parties(kind, [name])
        )
    except (Gone, Refused):  # a name that cannot be an id there
        return False
