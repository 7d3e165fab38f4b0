"""Files of escalation that the tests of the reader share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from syncline.escalation.book import Book
from syncline.escalation.reading import examine, read_book

SMALL = """\
escalation: 1
tz: Europe/Paris
people: {ada: {manager: cy}, ben: {}, cy: {}}
schedules:
  desk: {layers: [{rotate: [ada, ben], every: 1w, handoff: mon 09:00, from: 2026-01-05}]}
tiers:
  L1: {who: desk, next: L2}
  L2: {who: person:cy}
"""


@pytest.fixture
def small() -> str:
    """A file that others add sections to."""
    return SMALL


@pytest.fixture
def book() -> Callable[[str], Book]:
    """The book of the small file with more sections."""

    def read(rest: str) -> Book:
        return read_book(SMALL + rest, "e.yaml")

    return read


@pytest.fixture
def faults() -> Callable[[str], list[str]]:
    """What is wrong with the small file with more sections; lines are counted from the first added one."""

    def read(rest: str) -> list[str]:
        lines = SMALL.count("\n")
        _, problems = examine(SMALL + rest, "e.yaml")
        return [f"{p.line - lines}:{p.column} {p.code} {p.message}" for p in problems]

    return read


@pytest.fixture
def whole() -> str:
    """A file with every form that the language has."""
    return (Path(__file__).parent / "whole.yaml").read_text(encoding="utf-8")
