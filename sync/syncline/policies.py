"""The book of escalation that is in force: published in the store, as mappings are; the file is a draft."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

from syncline.configuration import Configuration, defaults
from syncline.errors import InvalidFile
from syncline.escalation import Policies
from syncline.escalation.book import Book
from syncline.escalation.reading import read_book
from syncline.ledger import Ledger, incident
from syncline.mapping.document import parse_document, read_document
from syncline.store import incidents, published, runs
from syncline.store.database import Tx
from syncline.store.published import Version

log = logging.getLogger(__name__)

NAME: Final = "escalation"
"""Under what name the book is published."""
HISTORY: Final = 20
"""Versions that are looked at for when a policy was added; what is older was always there."""


def draft(configuration: Configuration) -> Path | None:
    """The file that admins edit; None: there is none, and nothing is escalated."""
    return configuration.escalation.policy


def publish_missing(tx: Tx, configuration: Configuration) -> Version | None:
    """The published book; the file is published where there is none yet. None: there is neither.

    The example that is shipped is not put in force by itself: its people are nobody.

    Raises:
        InvalidFile: the file has faults.
        Configuration: it cannot be read.
    """
    version = published.current(tx, NAME)
    path = draft(configuration)
    if version is not None or path is None:
        return version
    text = read_document(path).text
    if text == defaults("config/escalation.yaml").read_text(encoding="utf-8"):
        log.info(
            "%s is the example as it is shipped: nothing is escalated until it is edited or published", path
        )
        return None
    read_book(text, str(path))
    return published.publish(tx, NAME, text, "first start", f"from {path}")


def in_force(tx: Tx, known: Policies | None = None) -> Policies | None:
    """The book in force, and the earlier ones to which escalations in progress keep; None: nothing is published.

    Args:
        tx: The transaction.
        known: What was in force before: its books are not read again.

    Raises:
        InvalidFile: this version of Syncline cannot use a published book.
    """
    version = published.current(tx, NAME)
    if version is None:
        return None
    books: dict[str, Book] = {} if known is None else {**known.earlier, known.book.digest: known.book}
    book = books.get(version.digest) or book_of(version)
    since = known.since if known is not None else published.first_at(tx, NAME)
    return Policies(book, _kept_to(tx, books, book), since, _began(tx, book))


def look_again(tx: Tx, ledger: Ledger, instances: Iterable[str]) -> int:
    """Have all incidents of those instances looked at again, and their groups read by the names that the tiers have there.
    How many there are."""
    marked = set[str]()
    for name in instances:
        incidents.remap(tx, name, reread=False)
        marked |= set(incidents.incident_ids(tx, name))
    ledger.mark_all(tx, [incident(i) for i in sorted(marked)], urgency=5)
    return len(marked)


def _began(tx: Tx, book: Book) -> dict[str, datetime]:
    """When each policy came into force that was not there from the first book on."""
    versions = published.history(tx, NAME, HISTORY)
    began: dict[str, datetime] = {}
    there = {policy.id for policy in book.policies}
    for newer, older in pairwise(versions):
        if not there:
            break
        left = there & _named(older)
        began |= dict.fromkeys(there - left, newer.at)
        there = left
    return began


def _named(version: Version) -> set[str]:
    """The ids of a version's policies, also of one that this Syncline cannot use any more."""
    try:
        data = parse_document(version.text).data
    except InvalidFile:
        return set()
    entries = data.get("policies") if isinstance(data, dict) else None
    return {str(entry["id"]) for entry in entries or () if isinstance(entry, dict) and "id" in entry}


def _kept_to(tx: Tx, books: Mapping[str, Book], current: Book) -> dict[str, Book]:
    """The earlier books that are still needed."""
    found: dict[str, Book] = {}
    needed = runs.digests(tx) - {current.digest}
    for digest in needed & books.keys():
        found[digest] = books[digest]
    for version in published.of_digests(tx, NAME, needed - books.keys()):
        try:
            found[version.digest] = book_of(version)
        except InvalidFile as error:
            # An older version of Syncline could read it. Its runs go on by the policy of that name in today's book.
            log.warning("escalations in progress cannot keep to policy %s: %s", version.digest, error)
    return found


def book_of(version: Version) -> Book:
    """The book of a published version.

    Raises:
        InvalidFile: this version of Syncline cannot use it.
    """
    return read_book(version.text, f"published policy {version.digest}")
