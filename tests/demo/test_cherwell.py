"""People at a simulated Cherwell, without a server between."""

import json
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from syncline.demo.cherwell import CherwellSide
from syncline.demo.equivalence import CHERWELL, Ticket
from syncline.demo.people import PlatformRefusedError, accepted
from syncline.sandbox.cherwell import Cherwell
from syncline.sandbox.platform import Request

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Wire:
    """The way to it."""

    def __init__(self):
        self.platform, self.at, self.rng = Cherwell(), NOON, Random(1)

    def call(self, method, path, headers, *, body=None, raw=b""):
        path, _, query = path.partition("?")
        sent = {
            "content-type": "application/json",
            **{name.lower(): value for name, value in headers.items()},
        }
        content = raw if body is None else json.dumps(body).encode()
        reply = self.platform.handle(Request(method, path, query, sent, content), self.at, self.rng)
        return json.loads(accepted(path, reply.status, reply.body))

    def sandbox(self, method, what):
        assert (method, what) == ("GET", "state")
        return self.platform.snapshot()


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def side(wire):
    return CherwellSide(wire)


@pytest.fixture
def record(side):
    return side.create("amina", "Mail is down #c01", "Nobody can send.", priority="2")


def test_what_people_did_stands_there_and_is_seen_as_it_stands(side, record):
    side.set("diane", record, "assignee", "diane.novak@example.com")
    side.set("diane", record, "status", "In Progress")
    side.set("noah", record, "group", "Security")
    side.remark("noah", record, "Looking at it", public=False)
    side.remark("diane", record, "We call you back", public=True)
    seen = side.look(record)
    assert seen == Ticket(
        CHERWELL,
        record,
        "10001",
        "Mail is down #c01",
        "Nobody can send.",
        "In Progress",
        "2",
        "diane.novak@example.com",
        "Security",
    )
    assert sorted(side.remarks(record)) == ["Looking at it", "We call you back"]
    (whole,) = side.census()
    assert {(note.text, note.public, note.author) for note in whole.remarks} == {
        ("Looking at it", False, "Noah Brooks"),
        ("We call you back", True, "Diane Novak"),
    }
    assert [(ticket.id, ticket.case) for ticket in side.newest()] == [(record, "c01")]


def test_what_is_refused_is_no_edit_though_it_comes_with_200(side, record):
    with pytest.raises(PlatformRefusedError, match="Owned By is required"):
        side.set("diane", record, "status", "In Progress")
    assert side.look(record).status == "New"


def test_when_we_wrote_is_told_by_its_history(wire, side, record):
    wire.at = NOON + timedelta(seconds=10)
    side.set("amina", record, "title", "Mail is down in Lyon #c01")
    assert not side.wrote_between(record, NOON, NOON + timedelta(minutes=1))
    wire.at = NOON + timedelta(seconds=20.4)
    side.set("syncline", record, "priority", "1")
    for start, end, wrote in ((20.2, 20.6, True), (0, 19.9, False), (21.1, 30, False)):
        assert (
            side.wrote_between(record, NOON + timedelta(seconds=start), NOON + timedelta(seconds=end))
            is wrote
        )
