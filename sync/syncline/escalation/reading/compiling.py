"""From the YAML text to a `Book`, or to every fault in it at once."""

import hashlib
from dataclasses import replace
from typing import Any

from syncline.errors import InvalidFile, Problem
from syncline.escalation.book import Book
from syncline.escalation.reading.calendars import calendars, people
from syncline.escalation.reading.clocks import clocks, priority, vocabulary
from syncline.escalation.reading.faults import FORM, TWICE, Faults
from syncline.escalation.reading.ladders import VERSION, EscalationFile
from syncline.escalation.reading.policies import audiences, policies, says
from syncline.escalation.reading.schedules import schedules, tiers
from syncline.mapping.document import Document, in_order, parse_document
from syncline.mapping.validation import validate


def read_book(text: str, source: str) -> Book:
    """The book that the YAML text describes.

    Args:
        text: The file's content.
        source: What to call it in messages.

    Raises:
        InvalidFile: with every fault in it.
    """
    book, problems = examine(text, source)
    if book is None:
        raise InvalidFile([problem for problem in problems if problem.severity == "error"])
    return book


def examine(text: str, source: str) -> tuple[Book | None, list[Problem]]:
    """The book, and everything that is wrong or doubtful in the form of the file and in its names, in the order of
    the file. None where it has errors."""
    try:
        document = parse_document(text, source, twice=TWICE)
    except InvalidFile as error:
        return None, [problem if problem.code else replace(problem, code=FORM) for problem in error.problems]
    outcome = validate(document, EscalationFile)
    faults = Faults(document, outcome)
    if outcome.model is None:
        return None, in_order(faults.problems)
    book = _book(outcome.model, document, faults)
    broken = any(problem.severity == "error" for problem in faults.problems)
    return None if broken else book, in_order(faults.problems)


def _book(file: EscalationFile, document: Document, faults: Faults) -> Book:
    if file.escalation != VERSION:
        faults.note(
            ("escalation",),
            f"this file is of version {file.escalation}; this Syncline reads version {VERSION}",
        )
    faults.missing(file)
    names, sources = vocabulary(file, faults)
    return Book(
        digest=hashlib.sha256(document.text.encode()).hexdigest()[:12],
        vocabulary=names,
        calendars=calendars(file, faults),
        people=people(file, faults),
        schedules=schedules(file, faults),
        tiers=tiers(file, faults),
        priority=priority(file, names, faults),
        clocks=clocks(file, names, faults),
        policies=policies(file, names, faults, _policy_ids(document.data)),
        says=says(file, faults),
        audiences=audiences(file, faults),
        sources=sources,
    )


def _policy_ids(data: Any) -> list[str]:
    """Ids of the policies as they stand in the file: a fault inside one does not make its name unknown."""
    entries = data.get("policies")
    return [
        entry["id"]
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    ]
