"""Canonical values, revisions and cursors, for whatever comes."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syncline.model import Visibility
from syncline_pagerduty import cursor as cursors
from syncline_pagerduty import records

WHEN = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    datetime(2037, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=0))
IDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=14)
TEXTS = st.text(max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)

INCIDENT = st.fixed_dictionaries(
    {
        "id": IDS,
        "incident_number": st.integers(1, 10**6),
        "title": TEXTS,
        "status": st.sampled_from(["triggered", "acknowledged", "resolved"]),
        "urgency": st.sampled_from(["high", "low"]),
        "created_at": WHEN.map(records.stamp),
        "updated_at": WHEN.map(records.stamp),
        "service": IDS.map(lambda found: {"id": found}),
        "escalation_policy": IDS.map(lambda found: {"id": found, "summary": "Policy"}),
        "priority": st.none()
        | st.sampled_from(["P1", "P2"]).map(lambda found: {"id": found, "summary": found}),
        "assignments": st.lists(IDS.map(lambda found: {"assignee": {"id": found}}), max_size=3),
        "teams": st.lists(IDS.map(lambda found: {"id": found}), max_size=3),
        "incident_key": st.none() | TEXTS,
    }
)


@given(TEXTS)
def test_text_has_one_form(raw):
    once = records.text(raw)
    assert records.text(once) == once
    assert records.text((once or "").replace("\n", "\r\n") + " \n") == once
    if once is not None:
        assert once == once.rstrip()
        assert "\r" not in once
        assert "\0" not in once
        once.encode()


def test_text_is_something_that_a_database_can_store():
    assert records.text("a\ud800b\0c") == "a\ufffdb\ufffdc"
    assert records.text("😀 e\u0301") == "😀 e\u0301"
    assert records.text("  \r\n ") is None
    assert records.text({"b": 1, "a": "x"}) == '{"a": "x", "b": 1}'


@given(INCIDENT)
def test_the_same_state_gives_equal_records(incident):
    again = json.loads(json.dumps(incident))
    again["teams"] = list(reversed(again["teams"]))
    if again["priority"]:
        again["priority"] = {
            "id": "X",
            "type": "priority",
            "name": again["priority"]["summary"],
            "color": "red",
        }
    assert records.record(again) == records.record(incident)


@given(INCIDENT, WHEN, WHEN)
def test_a_later_stamp_has_the_greater_revision_whenever_it_was_read(incident, at, asof):
    changed = incident | {"updated_at": records.stamp(at), "title": "Another"}
    before, after = records.moment(incident["updated_at"]), at
    assume(before != after)
    first = records.record(incident, asof=before).revision
    second = records.record(changed, asof=asof).revision
    assert (first < second) == (before < after)


@given(INCIDENT, st.integers(-5, 5), st.integers(-5, 5))
def test_the_last_state_of_a_second_is_final_and_never_behind_another(incident, first, second):
    at = records.moment(incident["updated_at"])
    reads = [records.record(incident, asof=at + timedelta(seconds=after)) for after in (first, second)]
    for after, read in zip((first, second), reads, strict=True):
        assert records.is_final(read.revision) == (after >= 1)
    if first <= second:
        assert reads[0].revision <= reads[1].revision
    assert records.record(incident).revision <= min(read.revision for read in reads)


@given(INCIDENT)
def test_a_resolved_incident_tells_of_no_assignee(incident):
    values = records.record(incident | {"status": "resolved"}).values
    assert "assignee" not in values
    assert "assignees" not in values


@given(INCIDENT)
def test_an_open_incident_tells_who_has_it(incident):
    assume(incident["status"] != "resolved")
    values = records.record(incident).values
    people = [entry["assignee"]["id"] for entry in incident["assignments"]]
    assert values["assignee"] == (people[0] if people else None)
    assert values["assignees"] == (tuple(sorted(set(people))) or None)


@given(
    st.dictionaries(
        st.sampled_from([*records._COMPLETE, "teams", "priority", "resolve_reason", "body"]), JSON
    )
)
def test_whatever_comes_gives_a_record_or_a_sentence(incident):
    try:
        record = records.record(incident)
    except records.MalformedError:
        pass
    else:
        for value in record.values.values():
            assert value is None or isinstance(value, str | int | tuple)
        assert record.updated_at.tzinfo is UTC


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["id", "type", "created_at", "agent", "channel", "assignees"]), JSON)
    )
)
def test_whatever_the_log_holds_gives_edits(entries):
    for edit in records.edits(entries, "P1"):
        assert edit.id
        assert edit.field


@given(st.lists(st.dictionaries(st.sampled_from(["id", "content", "user", "created_at"]), JSON)))
def test_whatever_the_notes_hold_gives_remarks(notes):
    for remark in records.remarks("P1", notes, None):
        assert remark.id
        assert remark.body
        assert remark.visibility is Visibility.INTERNAL


@given(st.text("ABCDEFGHJKMNPQRSTVWXYZ0123456789-", min_size=1, max_size=20))
def test_the_marker_comes_back_from_the_key(marker):
    assert records.marker(records.incident_key(marker)) == marker


@pytest.mark.parametrize("key", [None, "", "syncline-", "srv/disk", "x-syncline-sl-1", 5])
def test_a_strange_key_holds_no_marker(key):
    assert records.marker(key) is None


def test_only_the_fields_of_the_mapping_are_told():
    incident = {"id": "P1", "status": "triggered", "created_at": "2026-11-23T09:00:00Z", "title": "x"}
    assert records.record(incident, frozenset({"title"})).values == {"title": "x"}


def test_times_are_utc_whatever_their_offset():
    assert records.stamp(records.moment("2026-11-23T12:30:00+02:30")) == "2026-11-23T10:00:00Z"
    assert records.moment("2026-11-23T10:00:00").tzinfo is UTC
    for raw in (None, 5, "", "yesterday", "2026-13-45T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        assert records.moment(raw) is None


@given(st.lists(WHEN, max_size=30), st.booleans())
def test_the_log_is_read_in_either_order(times, falling):
    entries = [{"id": str(n), "created_at": records.stamp(at)} for n, at in enumerate(sorted(times))]
    shown = entries[::-1] if falling else entries
    assert records.newest_first(shown) == (falling if len(set(times)) > 1 else None)
    assert records.ordered(shown, falling=falling) == entries


def position(at="2026-11-23T10:00:00Z", **more):
    return cursors.replace(cursors.Position.at_start(records.moment(at)), **more)


@given(WHEN, st.lists(st.tuples(IDS, st.integers(0, 300)), max_size=50), st.integers(0, 400), st.booleans())
def test_a_cursor_survives_its_storage(at, entries, passed, thorough):
    start = position(records.stamp(at))
    look = cursors.begin(start, at + timedelta(seconds=passed), 120.0)
    stamped = [(made, at + timedelta(seconds=ago)) for made, ago in entries]
    full = cursors.remember(cursors.replace(start, look=look if thorough else None), stamped, 120.0)
    stored = json.loads(json.dumps(full.dump()))
    assert cursors.Position.load(stored, "pd") == full


@given(st.lists(st.tuples(IDS, st.integers(0, 86_400)), max_size=100))
def test_what_is_remembered_is_bounded_and_reaches_as_far_as_a_look(entries):
    start = position()
    stamped = [(made, start.at - timedelta(seconds=ago)) for made, ago in entries]
    full = cursors.remember(start, stamped, 120.0)
    assert sum(map(len, full.seen.values())) <= cursors.REMEMBERED
    for made, at in stamped:
        reached = at >= start.at - timedelta(seconds=120)
        assert full.known(made, at) == reached or (not reached and not full.known(made, at))


@given(st.integers(0, 3600), st.integers(0, 3600), st.floats(0, 300))
def test_every_moment_lies_in_a_thorough_look(lag, elapsed, overlap):
    """Whatever became visible within the overlap is looked at: no look begins behind what the one before it left."""
    start = position()
    now = start.at + timedelta(seconds=elapsed)
    look = cursors.begin(start, now, overlap)
    assert look.since <= start.at
    assert look.since >= start.born
    after = cursors.advance(start, look, [], 100, False, "pd")
    assert after.at == max(start.at, min(now, look.until).replace(microsecond=0))
    following = cursors.begin(after, after.at + timedelta(seconds=61), overlap)
    assert following.since <= max(after.thorough_at - timedelta(seconds=int(overlap)), start.born)


@pytest.mark.parametrize(
    "stored", [{}, {"at": 5}, {"at": "x", "born": "x"}, {"seen": []}, {"seen": {"x": []}}, {"look": {}}]
)
def test_a_broken_cursor_is_a_sentence(stored):
    good = position().dump()
    with pytest.raises(cursors.RetryLater, match="pd: the stored poll cursor cannot be read"):
        cursors.Position.load({} if not stored else good | stored, "pd")


USER = {"id": "PNOAH", "type": "user_reference", "summary": "Noah Brooks"}
SERVICE = {"id": "PSERV", "type": "service_reference", "summary": "Mail"}


@pytest.mark.parametrize(
    ("entries", "who"),
    [
        ([], None),
        ([("acknowledge", USER)], "PNOAH"),
        ([("acknowledge", USER), ("notify", SERVICE)], "PNOAH"),
        ([("responder_request", USER), ("notify", SERVICE)], None),
        ([("unacknowledge", SERVICE)], "PSERV"),  # a timeout: nobody's, but it has a name
        ([("acknowledge", USER), ("escalate", SERVICE)], None),
        ([("assign", USER)], "PNOAH"),
        ([("assign", "odd"), ("annotate", USER), ("brand_new", SERVICE)], "PSERV"),
    ],
)
def test_who_wrote_last_is_who_changed_something(entries, who):
    log = [{"type": f"{kind}_log_entry", "agent": agent} for kind, agent in entries]
    assert records.author(log).get("id") == who
