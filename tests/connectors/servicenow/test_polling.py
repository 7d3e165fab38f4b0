"""Polling: the calls it makes, and that no change is left out however late it shows."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from syncline.connector import Position, Sighting, Track
from syncline.errors import Configuration, RetryLater
from syncline_servicenow.client import Rows
from syncline_servicenow.polling import Feeds
from syncline_servicenow.records import Shape
from syncline_servicenow.settings import ServiceNowSettings
from syncline_servicenow.values import Kinds, stamp

YEARS = (datetime(2020, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001  hypothesis wants them naive
START = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
JOURNAL = "name=incident^elementINcomments,work_notes"
CANCELLED = {
    "result": [],
    "error": {"message": "Transaction cancelled: maximum execution time exceeded", "detail": "..."},
    "status": "failure",
}


def sid(number: int) -> str:
    return f"{number:032x}"


def queries(wire: Any) -> list[tuple[str, str, str]]:
    """Table, query and limit of each request."""
    found = []
    for request in wire.requests:
        parts = urlsplit(request.url)
        parameters = parse_qs(parts.query)
        if "sysparm_query" in parameters:
            table = parts.path.rpartition("/")[2]
            found.append((table, parameters["sysparm_query"][0], parameters["sysparm_limit"][0]))
    return found


def told_time(snow, wire, incident):
    """A connector that has heard the platform's clock."""
    wire.answers("GET", f"/table/incident/{sid(99)}", incident(99))
    snow.read(sid(99))
    return snow


class TestCalls:
    def test_nothing_new_is_exactly_two_calls(self, snow, wire, incident):
        told_time(snow, wire, incident)
        wire.answers("GET", "/table/incident", [], total=0)
        wire.answers("GET", "/table/sys_journal_field", [], total=0)
        page = snow.poll(snow.start(START), 100)
        assert queries(wire) == [
            (
                "sys_journal_field",
                f"sys_created_on>=2026-11-23 10:00:00^{JOURNAL}^ORDERBYsys_created_on^ORDERBYsys_id",
                "20",
            ),
            ("incident", "sys_updated_on>=2026-11-23 10:00:00^ORDERBYsys_updated_on^ORDERBYsys_id", "20"),
        ]
        assert (page.sightings, page.more) == ((), False)

    def test_each_fourth_poll_asks_for_files_instead_of_journal_entries(self, snow, wire, incident):
        told_time(snow, wire, incident)
        cursor = snow.start(START)
        file = {
            "sys_id": sid(0xF1),
            "table_name": "incident",
            "table_sys_id": sid(1),
            "file_name": "trace.log",
            "content_type": "text/plain",
            "size_bytes": "12",
            "sys_created_on": "2026-11-23 10:00:05",
            "sys_created_by": "noah",
        }
        wire.answers("GET", "/table/incident", [], total=0)
        wire.answers("GET", "/table/sys_journal_field", [], total=0)
        wire.answers("GET", "/attachment", [file], total=1)
        pages = []
        for _ in range(4):
            pages.append(snow.poll(cursor, 100))
            cursor = pages[-1].cursor
        assert [len(page.sightings) for page in pages] == [0, 0, 0, 1]
        assert pages[3].sightings[0].attachments[0].name == "trace.log"
        assert len(queries(wire)) == 8

    def test_the_next_page_begins_strictly_behind_the_last_row(self, connect, wire, incident, clock):
        snow = told_time(connect(filter="active=true"), wire, incident)
        row = incident(5, sys_updated_on="2026-11-23 09:45:00")
        wire.answers("GET", "/table/incident", [row], total=21)
        wire.answers("GET", "/table/sys_journal_field", [], total=0)
        wire.answers("GET", "/table/incident", [], total=0)
        first = snow.poll(snow.start(datetime(2026, 11, 23, 9, tzinfo=UTC)), 100)
        assert (first.more, [s.record_id for s in first.sightings]) == (True, [sid(5)])
        second = snow.poll(json.loads(json.dumps(first.cursor)), 100)
        assert (second.more, second.sightings) == (False, ())
        # While a run is under way only the list that has more is asked.
        assert queries(wire)[-1] == (
            "incident",
            "^".join(
                (
                    "sys_updated_on>2026-11-23 09:45:00^active=true",
                    f"NQsys_updated_on=2026-11-23 09:45:00^sys_id>{sid(5)}^active=true",
                    "ORDERBYsys_updated_on^ORDERBYsys_id",
                )
            ),
            "20",
        )
        assert len(queries(wire)) == 3

    def test_an_entry_comes_with_its_record(self, snow, wire, incident):
        entry = {
            "sys_id": sid(0xE1),
            "element": "comments",
            "element_id": sid(1),
            "name": "incident",
            "value": "Still down",
            "sys_created_on": "2026-11-23 10:00:10",
            "sys_created_by": "noah.brooks",
        }
        row = incident(1, sys_updated_on="2026-11-23 10:00:10")
        wire.answers("GET", "/table/incident", [row], total=1)
        wire.answers(
            "GET",
            "/table/sys_journal_field",
            [entry, {**entry, "sys_id": sid(0xE2), "element_id": sid(2)}],
            total=2,
        )
        page = snow.poll(snow.start(START), 100)
        first, second = page.sightings
        assert (first.record_id, first.record.key, [r.body for r in first.remarks]) == (
            sid(1),
            "INC0000001",
            ["Still down"],
        )
        assert (second.record_id, second.record, [r.id for r in second.remarks]) == (
            sid(2),
            None,
            [sid(0xE2)],
        )

    def test_a_second_that_has_not_ended_is_read_again_and_brings_nothing_twice(
        self, snow, wire, incident, clock
    ):
        told_time(snow, wire, incident)
        wire.answers("GET", "/table/sys_journal_field", [], total=0)
        first = incident(1, sys_updated_on="2026-11-23 10:00:30")
        second = incident(2, sys_updated_on="2026-11-23 10:00:30")
        wire.answers("GET", "/table/incident", [second], total=1)
        wire.answers("GET", "/table/incident", [first, second], total=2)
        one = snow.poll(snow.start(START), 100)
        clock.advance(10)
        two = snow.poll(one.cursor, 100)
        assert [s.record_id for s in one.sightings] == [sid(2)]
        # It has the smaller sys_id of the same second, and showed only later.
        assert [s.record_id for s in two.sightings] == [sid(1)]

    def test_a_page_that_was_not_stored_is_brought_again(self, snow, wire, incident):
        row = incident(1, sys_updated_on="2026-11-23 10:00:10")
        wire.answers("GET", "/table/sys_journal_field", [], total=0)
        wire.answers("GET", "/table/incident", [row], total=1)
        cursor = snow.start(START)
        assert len(snow.poll(cursor, 100).sightings) == 1
        assert len(snow.poll(cursor, 100).sightings) == 1

    def test_a_poll_looks_back_every_quarter_of_the_overlap(self, snow, wire, incident, clock):
        told_time(snow, wire, incident)
        cursor = snow.start(clock.now())
        for turn in range(7):
            wire.answers("GET", "/attachment" if turn == 3 else "/table/sys_journal_field", [], total=0)
            wire.answers("GET", "/table/incident", [], total=0)
            cursor = snow.poll(cursor, 100).cursor
            clock.advance(10)
        assert len(queries(wire)) == 14
        begins = [q.partition("^")[0] for table, q, _ in queries(wire) if table == "incident"]
        back, now = "sys_updated_on>=2026-11-23 09:57:58", "sys_updated_on>=2026-11-23 10:00:30"
        assert begins == [now, now, now, back, now, now, back]

    def test_a_cancelled_query_is_asked_again_with_a_smaller_page(self, connect, wire, clock):
        snow = connect(page_size=40)
        wire.answers("GET", "/table/incident", json=CANCELLED)
        wire.answers("GET", "/table/sys_journal_field", [], total=0)
        page = snow.poll(snow.start(START), 100)
        assert (page.sightings, page.more, page.cursor["records"]["size"]) == ((), True, 20)
        page = snow.poll(page.cursor, 100)
        assert (page.more, page.cursor["records"]["size"]) == (True, 10)
        with pytest.raises(RetryLater, match="Transaction cancelled"):
            snow.poll(page.cursor, 100)

    def test_hidden_rows_are_skipped_by_offset(self, snow, wire, incident):
        told_time(snow, wire, incident)
        wire.answers("GET", "/table/sys_journal_field", [], total=0)
        wire.answers("GET", "/table/incident", [], total=21)
        wire.answers("GET", "/table/incident", [incident(3, sys_updated_on="2026-11-23 10:00:05")], total=21)
        page = snow.poll(snow.start(START), 100)
        assert page.more
        page = snow.poll(page.cursor, 100)
        assert [s.record_id for s in page.sightings] == [sid(3)]
        assert not page.more
        assert parse_qs(urlsplit(wire.requests[-1].url).query)["sysparm_offset"] == ["20"]

    def test_a_record_of_the_future_does_not_carry_the_cursor_away(self, snow, wire, incident):
        told_time(snow, wire, incident)
        wire.answers("GET", "/table/sys_journal_field", [], total=0)
        wire.answers("GET", "/table/incident", [incident(1, sys_updated_on="2036-01-01 00:00:00")], total=1)
        page = snow.poll(snow.start(START), 100)
        assert page.cursor["records"]["mark"] == ["2026-11-23T10:00:29Z", ""]

    def test_a_clock_that_was_put_back_takes_the_cursor_along(self, snow, wire, incident, clock):
        told_time(snow, wire, incident)
        cursor = snow.start(clock.now())
        for date in ("Mon, 23 Nov 2026 09:00:00 GMT", "Mon, 23 Nov 2026 09:00:10 GMT"):
            for table in ("incident", "sys_journal_field"):
                wire.answers("GET", f"/table/{table}", [], total=0, headers={"Date": date})
            cursor = snow.poll(cursor, 100).cursor
        asked = [q.partition("^")[0] for table, q, _ in queries(wire) if table == "incident"]
        assert asked == ["sys_updated_on>=2026-11-23 08:57:28", "sys_updated_on>=2026-11-23 09:00:00"]
        assert cursor["records"]["mark"] == ["2026-11-23T09:00:00Z", ""]

    @pytest.mark.parametrize(
        "rows",
        [
            [{"sys_updated_on": "2026-11-23 09:59:59"}],
            [{"sys_updated_on": "2026-11-23 10:00:12"}, {"sys_updated_on": "2026-11-23 10:00:11"}],
            [{"sys_updated_on": ""}],
            [{"sys_updated_on": "yesterday"}],
            [{"sys_id": ""}],
        ],
    )
    def test_rows_that_were_not_asked_for_stop_the_poll(self, snow, wire, incident, rows):
        told_time(snow, wire, incident)
        result = [
            incident(i, **{"sys_updated_on": "2026-11-23 10:00:10", **row}) for i, row in enumerate(rows)
        ]
        wire.answers("GET", "/table/sys_journal_field", [], total=0)
        wire.answers("GET", "/table/incident", result, total=len(result))
        with pytest.raises(Configuration, match=r"snow-test: .*sys_(updated_on|id)"):
            snow.poll(snow.start(START), 100)

    def test_entries_of_other_tables_stop_the_poll(self, snow, wire):
        entry = {
            "sys_id": sid(1),
            "name": "problem",
            "element": "comments",
            "sys_created_on": "2026-11-23 10:00:10",
        }
        wire.answers("GET", "/table/sys_journal_field", [entry], total=1)
        with pytest.raises(Configuration, match="ignored part of the query of sys_journal_field"):
            snow.poll(snow.start(START), 100)

    def test_one_spoilt_record_does_not_hold_up_the_others(self, snow, wire, incident):
        spoilt = incident(1, sys_updated_on="2026-11-23 10:00:10", short_description=[1])
        whole = incident(2, sys_updated_on="2026-11-23 10:00:10")
        wire.answers("GET", "/table/sys_journal_field", [], total=0)
        wire.answers("GET", "/table/incident", [spoilt, whole], total=2)
        first, second = snow.poll(snow.start(START), 100).sightings
        assert (first.record_id, first.record) == (sid(1), None)
        assert second.record.id == sid(2)

    @pytest.mark.parametrize(
        "cursor",
        [
            {},
            {"records": 1, "journal": 2},
            {"records": {"mark": ["x", ""]}, "journal": {"mark": ["2026-11-23 10:00:00", ""]}},
            {"records": {"mark": ["2026-11-23 10:00:00", "^ORactive=true"]}, "journal": {}},
        ],
    )
    def test_a_cursor_that_is_none_of_ours_says_so(self, snow, cursor):
        with pytest.raises(Configuration, match="cursor"):
            snow.poll(cursor, 100)

    def test_from_now_on_means_the_platforms_now(self, snow, wire):
        wire.answers("GET", "/table/incident", [], total=0, headers={"Date": "Mon, 23 Nov 2026 09:00:00 GMT"})
        cursor = snow.start(None)
        assert cursor["records"]["mark"] == ["2026-11-23T08:59:59Z", ""]
        assert queries(wire) == [("incident", "ORDERBYsys_id", "1")]


AT = re.compile(
    r"(?:sys_updated_on|sys_created_on)(?:>=(?P<from>[^^]+)|>(?P<after>[^^]+)\^NQ\w+=[^^]+\^sys_id>(?P<id>[0-9a-f]{32}))"
    r"\^ORDERBY"
)


@dataclass
class Change:
    """One update: executed at `at`, shown `delay` seconds later."""

    at: float
    delay: float
    row: int


@dataclass
class World:
    """A table with rows that show late, some that we may not see, and the client that asks it."""

    changes: Sequence[Change]
    hidden: frozenset[int]
    counted: bool
    time: float = 0.0
    instance: str = "snow-test"
    asked: int = 0
    stamps: dict[int, list[tuple[float, str, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for count, change in enumerate(sorted(self.changes, key=lambda change: change.at), 1):
            at = stamp(START + timedelta(seconds=change.at))
            self.stamps.setdefault(change.row, []).append((change.at + change.delay, at, count))

    def visible(self) -> list[tuple[str, str, int, int]]:
        found = []
        for row, versions in self.stamps.items():
            shown = [version for version in versions if version[0] <= self.time]
            if shown:
                _, at, count = max(shown, key=lambda version: version[2])
                found.append((at, sid(row), count, row))
        return sorted(found)

    def rows(self, table: str, query: str, columns: Any, limit: int, offset: int = 0) -> Rows:
        self.asked += 1
        if table != "incident":
            return Rows((), 0)
        match = AT.match(query)
        assert match, query
        if match["from"]:
            fit = [row for row in self.visible() if row[0] >= match["from"]]
        else:
            fit = [row for row in self.visible() if (row[0], row[1]) > (match["after"], match["id"])]
        page = [row for row in fit[offset : offset + limit] if row[3] not in self.hidden]
        found = tuple(
            {
                "sys_id": row_id,
                "number": row_id,
                "sys_updated_on": at,
                "sys_created_on": at,
                "sys_mod_count": str(count),
            }
            for at, row_id, count, _ in page
        )
        return Rows(found, len(fit) if self.counted else None)

    def sys_id(self, row: Any, table: str) -> str:
        return row["sys_id"]

    def clock_skew(self) -> float | None:
        return 0.0 if self.asked else None

    def platform_now(self) -> datetime:
        return START + timedelta(seconds=self.time)


changes = st.builds(
    Change,
    at=st.floats(0, 60, allow_nan=False).map(lambda t: round(t, 1)),
    delay=st.sampled_from([0.0, 0.0, 0.0, 0.5, 2.0, 11.0, 19.0]),
    row=st.integers(1, 12),
)


def settings(overlap: float = 20.0) -> ServiceNowSettings:
    return ServiceNowSettings.model_construct(
        table="incident", filter="", page_size=10, overlap=overlap, username="u"
    )


@limits(deadline=None, max_examples=150)
@example([Change(0.5, 0.0, 1)], frozenset(), [(0.5, True), (0.5, False)], 1)
@given(
    st.lists(changes, max_size=40),
    st.frozensets(st.integers(1, 12), max_size=3),
    st.lists(st.tuples(st.floats(0.5, 9), st.booleans()), min_size=1, max_size=20),
    st.integers(1, 4),
)
def test_every_change_that_we_may_see_is_brought(changes, hidden, gaps, limit):
    """Rows that show up to `overlap` late, ties, hidden rows, pages that are not stored: none is left out."""
    world = World(changes, hidden, counted=True)
    shape = Shape.of("https://snow.example", "incident", frozenset(), Kinds())
    feeds = Feeds(world, world, settings(), shape)
    cursor = feeds.start(START)
    seen: dict[str, int] = {}
    step = 0
    while world.time < 120:
        gap, stored = gaps[step % len(gaps)]
        step += 1
        for _ in range(100):
            page = feeds.poll(cursor, limit)
            if stored or world.time > 85:
                cursor = json.loads(json.dumps(page.cursor))
                for sighting in page.sightings:
                    assert isinstance(sighting, Sighting)
                    seen[sighting.record_id] = max(seen.get(sighting.record_id, 0), sighting.record.revision)
            if not page.more or not (stored or world.time > 85):
                break
        else:
            pytest.fail("a run of a dozen rows did not end")
        world.time += gap
    expected = {row_id: count for _, row_id, count, row in world.visible() if row not in hidden}
    assert seen == expected


@limits(deadline=None)
@given(st.lists(changes, max_size=40), st.integers(1, 4))
def test_without_a_count_an_empty_page_ends_a_run(changes, limit):
    world = World(changes, frozenset(), counted=False)
    feeds = Feeds(
        world, world, settings(), Shape.of("https://snow.example", "incident", frozenset(), Kinds())
    )
    cursor, seen = feeds.start(START), {}
    while world.time < 120:
        page = feeds.poll(cursor, limit)
        cursor = page.cursor
        seen |= {s.record_id: s.record.revision for s in page.sightings}
        world.time += 0.0 if page.more else 4.0
    assert seen == {row_id: count for _, row_id, count, _ in world.visible()}


ties = st.builds(
    Change, at=st.sampled_from([10.1, 10.4, 10.6, 10.9]), delay=st.just(0.0), row=st.integers(1, 12)
)


@limits(deadline=None)
@given(st.lists(ties, min_size=1, max_size=20), st.integers(1, 4), st.sampled_from([0.2, 0.3, 0.7]))
def test_ties_of_one_second_need_no_look_back(changes, limit, gap):
    """Polls in the middle of a busy second, and no overlap that could mend what they miss."""
    world = World(changes, frozenset(), counted=True)
    feeds = Feeds(
        world, world, settings(0.0), Shape.of("https://snow.example", "incident", frozenset(), Kinds())
    )
    cursor, seen = feeds.start(START), {}
    while world.time < 14:
        page = feeds.poll(cursor, limit)
        cursor = page.cursor
        seen |= {s.record_id: s.record.revision for s in page.sightings}
        world.time += 0.0 if page.more else gap
    assert seen == {row_id: count for _, row_id, count, _ in world.visible()}


@limits(deadline=None)
@given(st.lists(changes, min_size=1, max_size=40))
def test_looking_back_brings_nothing_twice(changes):
    world = World(changes, frozenset(), counted=True, time=90.0)
    feeds = Feeds(
        world, world, settings(), Shape.of("https://snow.example", "incident", frozenset(), Kinds())
    )
    cursor, brought = feeds.start(START), []
    for _ in range(60):
        page = feeds.poll(cursor, 5)
        cursor = page.cursor
        brought += [sighting.record_id for sighting in page.sightings]
        world.time += 0.0 if page.more else 3.0
    assert len(brought) == len(set(brought)) == len(world.visible())


@given(
    st.builds(
        Position,
        st.datetimes(*YEARS).map(lambda t: t.replace(tzinfo=UTC, microsecond=0)),
        st.integers(0, 9).map(sid),
    ),
    st.integers(0, 100),
    st.integers(0, 200),
)
def test_a_track_survives_its_json(mark, offset, size):
    track = Track(mark, mark, offset, mark, mark.at, size)
    assert Track.from_json(json.loads(json.dumps(track.as_json()))) == track
