"""A poll leaves nothing out, whatever moves, lags or breaks meanwhile, and asks once when there is nothing new."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncline.errors import Configuration
from syncline_jira import polling

T0 = 1_795_341_600_000
"""2026-11-22T10:00:00Z."""


def date(millis: int) -> dict[str, str]:
    at = datetime.fromtimestamp(millis / 1000, UTC)
    return {"Date": at.strftime("%a, %d %b %Y %H:%M:%S GMT")}


def page(
    site: Any, *rows: dict[str, Any], token: str | None = None, total: int | None = None
) -> dict[str, Any]:
    if site.cloud:
        return {"issues": list(rows), "isLast": token is None} | ({"nextPageToken": token} if token else {})
    return {
        "issues": list(rows),
        "startAt": 0,
        "maxResults": 100,
        "total": len(rows) if total is None else total,
    }


def search(site: Any) -> str:
    return "search/jql" if site.cloud else "search"


def test_a_poll_that_finds_nothing_new_is_one_request(site: Any) -> None:
    site.on("GET", search(site), page(site), headers=date(T0))
    jira = site.connect(jql="component = Web")
    found = jira.poll(jira.start(datetime.fromtimestamp(T0 / 1000, UTC)), 50)
    assert (found.sightings, found.more) == ((), False)
    assert site.paths() == [f"GET {search(site)}"]
    query = site.query()
    assert (
        query["jql"]
        == f'project in ("OPS") AND (component = Web) AND updated >= {T0} ORDER BY updated ASC, key ASC'
    )
    assert query["maxResults"] == "50"
    assert query["expand"] == "changelog"
    assert "validateQuery" not in query


def test_a_row_of_a_poll_brings_all_that_a_read_would(site: Any) -> None:
    body = {"type": "doc", "version": 1, "content": [{"type": "text", "text": "Hi"}]} if site.cloud else "Hi"
    note = {"id": "9", "author": site.amina, "body": body, "created": "2026-11-22T10:00:00.000+0000"}
    entry = {"id": "5", "author": site.amina, "created": "2026-11-22T10:00:00.000+0000", "items": [
        {"field": "summary", "fieldId": "summary", "from": None, "fromString": "Old", "to": None, "toString": "Disk full"}]}  # fmt: skip
    file = {
        "id": "7",
        "filename": "a.txt",
        "author": site.amina,
        "created": "2026-11-22T10:00:00.000+0000",
        "size": 1,
    }
    row = site.issue(
        comment={"comments": [note], "total": 1},
        attachment=[file],
        changelog={"histories": [entry], "total": 1},
    )
    site.on("GET", search(site), page(site, row), headers=date(T0))
    site.know_me()
    jira = site.connect()
    (found,) = jira.poll(jira.start(datetime(2026, 11, 22, tzinfo=UTC)), 50).sightings
    assert found.record.key == "OPS-12"
    assert [one.body for one in found.remarks] == ["Hi"]
    assert [one.name for one in found.attachments] == ["a.txt"]
    assert [(one.before, one.after) for one in found.edits] == [("Old", "Disk full")]


def test_comments_that_a_row_cuts_short_are_fetched_once_for_each_revision(site: Any) -> None:
    def note(number: int) -> dict[str, Any]:
        return {
            "id": str(number),
            "author": site.amina,
            "body": "Hi",
            "created": f"2026-11-22T10:00:0{number}.000+0000",
        }

    row = site.issue(comment={"comments": [note(1)], "total": 3, "maxResults": 1})
    site.on("GET", search(site), page(site, row), headers=date(T0))
    site.know_me()
    site.on("GET", "issue/10012/comment", {"comments": [note(3), note(2), note(1)], "total": 3})
    site.on("GET", search(site), page(site, row), headers=date(T0))
    jira = site.connect()
    cursor = jira.start(datetime(2026, 11, 22, tzinfo=UTC))
    first = jira.poll(cursor, 50).sightings
    assert [one.id for one in first[0].remarks] == ["1", "2", "3"]
    assert jira.poll(cursor, 50).sightings == first
    assert site.paths().count("GET issue/10012/comment") == 1


def test_cloud_pages_by_token_and_keeps_the_query(cloud: Any) -> None:
    cloud.on("GET", "search/jql", page(cloud, cloud.issue(1), token="t1"), headers=date(T0))
    cloud.know_me()
    cloud.on("GET", "search/jql", page(cloud, cloud.issue(2), token="t2"), headers=date(T0))
    cloud.on("GET", "search/jql", page(cloud, cloud.issue(3)), headers=date(T0))
    jira = cloud.connect()
    cursor, seen = jira.start(datetime(2026, 11, 22, tzinfo=UTC)), []
    for number in range(3):
        found = jira.poll(cursor, 1)
        seen += [one.record_id for one in found.sightings]
        assert found.more is (number < 2)
        cursor = found.cursor
    assert seen == ["10001", "10002", "10003"]
    asked = [cloud.query(at) for at in (0, 2, 3)]
    assert [one.get("nextPageToken") for one in asked] == [None, "t1", "t2"]
    assert len({one["jql"] for one in asked}) == 1


def test_a_page_token_that_is_no_longer_good_begins_the_pass_anew(cloud: Any) -> None:
    cloud.on("GET", "search/jql", page(cloud, token="t1"), headers=date(T0))
    cloud.on("GET", "search/jql", {"errorMessages": ["The provided token is invalid."]}, 400)
    cloud.on("GET", "search/jql", page(cloud), headers=date(T0))
    jira = cloud.connect()
    cursor = jira.poll(jira.start(datetime(2026, 11, 22, tzinfo=UTC)), 10).cursor
    assert jira.poll(cursor, 10).more is False
    assert [cloud.query(at).get("nextPageToken") for at in range(3)] == [None, "t1", None]


def test_a_query_that_jira_does_not_take_is_a_fault_of_the_settings(site: Any) -> None:
    site.on(
        "GET",
        search(site),
        {"errorMessages": ["The value 'OPS' does not exist for the field 'project'."]},
        400,
    )
    jira = site.connect()
    with pytest.raises(Configuration, match=r"does not exist.*check projects and jql"):
        jira.poll(jira.start(datetime(2026, 11, 22, tzinfo=UTC)), 10)


def test_a_cursor_of_somebody_else_is_refused(cloud: Any) -> None:
    jira = cloud.connect()
    for cursor in ({}, {"sys_updated_on": "x"}, {"mark": "x", "floor": 1, "deep": 1}):
        with pytest.raises(Configuration, match="cursor"):
            jira.poll(cursor, 10)


def test_from_now_on_means_the_platforms_now(site: Any) -> None:
    site.on("GET", "serverInfo", {"serverTime": "2026-11-22T11:00:00.000+0100"})
    assert site.connect().start(None)["mark"] == T0


def bounds(site: Any) -> list[int]:
    return [int(site.query(at)["jql"].split(">= ")[1].split(" ")[0]) for at in range(len(site.paths()))]


def test_quick_polls_reach_back_seconds_and_every_quarter_of_the_overlap_one_reaches_back_the_whole(
    site: Any,
) -> None:
    for at in (0, 10, 20, 30, 40):
        site.on("GET", search(site), page(site), headers=date(T0 + at * 1000))
    jira = site.connect(overlap=100)
    cursor = {"mark": T0, "floor": 0, "deep": T0}
    for _ in range(5):
        cursor = dict(jira.poll(cursor, 10).cursor)
    # Before the first reply the platform's clock is not known: that poll reaches back the whole overlap.
    first, *rest = bounds(site)
    assert first == T0 - 100_000
    # Replies lag one behind the clock that they tell.
    marks = [T0, T0, T0 + 10_000, T0 + 20_000]
    reach = [mark - bound for mark, bound in zip(marks, rest, strict=True)]
    assert all(abs(one - 5_000) < 1_000 or abs(one - 100_000) < 1_000 for one in reach)
    assert sum(one > 50_000 for one in reach) == 1


def test_a_record_dated_into_the_future_does_not_carry_the_watermark_along(site: Any) -> None:
    site.on(
        "GET", search(site), page(site, site.issue(updated="2036-11-22T10:00:00.000+0000")), headers=date(T0)
    )
    site.know_me()
    jira = site.connect()
    cursor = jira.poll({"mark": T0, "floor": 0, "deep": T0}, 10).cursor
    assert cursor["mark"] <= T0 + 1000


@dataclass
class Index:
    """A search index: issues become visible late, and move while they are being paged through. On Data Center it
    orders by whole seconds."""

    visible: dict[int, tuple[int, int]] = field(default_factory=dict)

    def rows(self, since: int, start: int, size: int) -> tuple[list[tuple[str, int]], int]:
        found = sorted(
            (updated // 1000, issue, updated)
            for issue, (updated, _) in self.visible.items()
            if updated // 1000 >= since // 1000
        )
        return [(str(issue), updated) for _, issue, updated in found[start : start + size]], len(found)


def full_pass(
    index: Index, at: polling.Place, now: int, size: int, moves: Iterator[list[int]]
) -> tuple[set[tuple[str, int]], polling.Place]:
    """One pass on Data Center, during which issues move to its end."""
    seen: set[tuple[str, int]] = set()
    at = polling.opened(at, now, 120)
    for _ in range(2000):
        rows, total = index.rows(at.since, at.offset, size)
        seen |= set(rows)
        at = polling.seen(at, rows)
        following = polling.after_offset(at, rows, total)
        if following is None:
            return seen, polling.ended(at, now)
        at = following
        for issue in next(moves, []):
            if issue in index.visible:
                index.visible[issue] = (now + 500, 0)
    raise AssertionError("the pass does not end")


@given(
    updated=st.lists(st.integers(T0, T0 + 2_000), min_size=1, max_size=40),
    moved=st.lists(st.lists(st.integers(0, 20), max_size=6), max_size=8),
    size=st.integers(2, 6),
)
@settings(max_examples=300, deadline=None)
def test_no_issue_slips_through_pages_however_many_share_a_second_and_move(
    updated: list[int], moved: list[list[int]], size: int
) -> None:
    index = Index({number: (at, 0) for number, at in enumerate(updated)})
    now = T0 + 10_000
    seen, at = full_pass(index, polling.beginning(T0), now, size, iter(moved))
    again, _ = full_pass(index, at, now + 1_000, size, iter(()))
    final = {(str(issue), at) for issue, (at, _) in index.visible.items()}
    assert final <= seen | again


@given(lag=st.integers(0, 85_000), start=st.integers(0, 40_000))
@example(lag=80_001, start=40_000)
@settings(max_examples=200, deadline=None)
def test_what_becomes_visible_within_three_quarters_of_the_overlap_is_seen(lag: int, start: int) -> None:
    at = polling.beginning(T0)
    changed = T0 + 60_000 + start
    found = False
    # The latest is visible after 185 s, and a pass that reaches far comes every 30 s: there is one more to come.
    for step in range(45):
        now = T0 + step * 5_000
        at = polling.opened(at, now, 120)
        found = found or (now >= changed + lag and at.since <= changed)
        at = polling.ended(at, now)
    assert found


@pytest.mark.parametrize("text", ['say "hi"', "back\\slash", "new\nline", "x' OR project = Y"])
def test_text_in_a_query_stays_text(text: str) -> None:
    found = polling.quoted(text)
    assert found[0] == found[-1] == '"'
    assert "\n" not in found
    inner = found[1:-1].replace("\\\\", "").replace('\\"', "")
    assert '"' not in inner


def test_a_backfill_that_begins_long_ago_asks_from_its_very_beginning(cloud: Any) -> None:
    cloud.on("GET", "search/jql", page(cloud), headers=date(T0))
    jira = cloud.connect()
    since = datetime.fromtimestamp(T0 / 1000, UTC) - timedelta(days=400)
    jira.poll(jira.start(since), 10)
    assert bounds(cloud) == [int(since.timestamp() * 1000)]
