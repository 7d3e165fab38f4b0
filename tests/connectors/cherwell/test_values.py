"""Texts, times, lines of the history, and places of a walk."""

from datetime import UTC, datetime, timedelta

import pytest

from syncline.connector import Edit
from syncline_cherwell.hints import hints
from syncline_cherwell.history import in_order, parts
from syncline_cherwell.settings import CherwellSettings
from syncline_cherwell.values import CULTURES, Dates, canonical, separators, wire
from syncline_cherwell.walk import Track, misplaced

LINE = "{field} changed from '{before}' to '{after}'"
AT = datetime(2026, 11, 22, 13, 5, 9, tzinfo=UTC)
REC = "944b6c9333fea00cf4a25b40b08542bdcb4db64327"


@pytest.mark.parametrize(
    ("culture", "zone", "text"),
    [
        ("en-US", "UTC", "11/22/2026 1:05:09 PM"),
        ("en-US", "America/New_York", "11/22/2026 8:05:09 AM"),
        ("en-GB", "UTC", "22/11/2026 13:05:09"),
        ("de-DE", "Europe/Berlin", "22.11.2026 14:05:09"),
        ("sv-SE", "UTC", "2026-11-22 13:05:09"),
    ],
)
def test_times_of_a_culture(culture, zone, text):
    dates = Dates(CULTURES[culture], zone)
    assert dates.read(text) == AT
    assert dates.read(dates.write(AT)) == AT


def test_times_without_seconds_are_the_beginning_of_their_minute():
    # As public clients have recorded them.
    assert Dates(CULTURES["en-US"]).read("4/28/2019 1:57 PM") == datetime(2019, 4, 28, 13, 57, tzinfo=UTC)
    assert Dates(CULTURES["en-US"]).read("4/28/2019 12:07 AM") == datetime(2019, 4, 28, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "soon", "22/11/2026 1:05:09 PM", "11/22/2026 13:05", "11/22/2026", "1/2/3/4/5/6/7"]
)
def test_what_is_no_time_of_the_culture(text):
    with pytest.raises(ValueError, match="is no time"):
        Dates(CULTURES["en-US"]).read(text)


def test_around_the_hour_that_comes_twice_more_is_asked_for():
    berlin = Dates(CULTURES["de-DE"], "Europe/Berlin")
    twice = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert twice - berlin.asked_from(twice) > timedelta(hours=1)
    assert AT - berlin.asked_from(AT) == timedelta(seconds=1)


def test_texts_in_canonical_form_and_back():
    dates = Dates(CULTURES["en-US"])
    assert canonical("a\r\nb  \r\n", None) == "a\nb"
    assert canonical("", None) is None
    assert canonical("11/22/2026 1:05:09 PM", dates) == "2026-11-22T13:05:09Z"
    assert wire("2026-11-22T13:05:09Z", dates) == "11/22/2026 01:05:09 PM"
    assert wire("2026-11-22T13:05:09Z", None) == "2026-11-22T13:05:09Z"
    assert (wire(None, None), wire(3, None)) == ("", "3")
    with pytest.raises(ValueError, match="list"):
        wire(("a",), None)


@pytest.mark.parametrize("line", ["{field}", "{field}{before} to {after}", "{after} {before} {field}", ""])
def test_lines_that_cannot_be_taken_apart(line):
    with pytest.raises(ValueError, match="in this order"):
        separators(line)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Status changed from 'New' to 'In Progress'", ("Status", "New", "In Progress")),
        ("Owned By changed from '' to 'O'Neill'", ("Owned By", "", "O'Neill")),
        ("Somebody called", None),
        ("Status changed from 'New'", None),
    ],
)
def test_lines_of_the_history(line, told):
    assert parts(line, LINE) == told


def test_of_one_second_the_edit_that_replaced_the_other_comes_later():
    def edit(ident, before, after):
        return Edit(ident, "x", False, AT, "Status", before, after)

    first, second, third = edit("c", "a", "b"), edit("a", "b", "c"), edit("b", "c", "a")
    assert in_order([third, second, first]) in (
        [first, second, third],
        [second, third, first],
        [third, first, second],
    )
    earlier = Edit("d", "x", False, AT - timedelta(seconds=5), "Status", None, "a")
    assert in_order([third, second, first, earlier]) == [earlier, first, second, third]
    assert in_order([second, first]) == [first, second]


def test_a_walk_goes_to_its_end_and_the_mark_no_further_than_its_beginning():
    now = datetime(2026, 11, 22, 13, 0, 30, tzinfo=UTC)
    track = Track("2026-11-22T12:00:00Z", reached="2026-11-22T13:00:00Z").begun(now, 120, told=True)
    assert track.walk is not None
    assert (track.walk.since, track.walk.until) == ("2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z")
    track = track.turned([("2026-11-22T13:00:29Z", "a"), ("2026-11-22T12:30:00Z", "b")], more=True)
    assert track.walk is not None
    assert (track.walk.key, track.mark) == ("b", "2026-11-22T12:00:00Z")
    track = Track.from_json(track.as_json()).turned([], more=False)
    # What changed behind it in the minute under way is read again.
    assert (track.mark, track.running) == ("2026-11-22T13:00:00Z", False)


def test_a_walk_that_sees_nothing_new_leaves_the_mark():
    now = datetime(2026, 11, 22, 13, 0, 30, tzinfo=UTC)
    track = Track("2026-11-22T12:00:00Z").begun(now, 120, told=True)
    assert track.walk is not None
    assert track.walk.since < "2026-11-22T12:00:00Z"
    assert track.turned([], more=False).mark == "2026-11-22T12:00:00Z"
    # Until the platform has told its time, nothing counts as past.
    quiet = Track("2026-11-22T12:00:00Z").begun(now, 120, told=False)
    assert quiet.turned([("2026-11-22T12:30:00Z", "a")], more=False).mark == "2026-11-22T12:00:00Z"


@pytest.mark.parametrize(
    "raw", [None, {}, {"mark": 7}, {"mark": "soon"}, {"mark": "2026-11-22T12:00:00Z", "walk": ["x"]}, []]
)
def test_cursors_of_others(raw):
    with pytest.raises(ValueError, match=r".+"):
        Track.from_json(raw)


def test_rows_that_were_not_asked_for():
    now = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
    assert misplaced("2026-11-22T12:00:00Z", [("2026-11-22T12:59:00Z", "a")], now) is None
    assert "only later ones" in (
        misplaced("2026-11-22T12:00:00Z", [("2026-11-21T12:59:00Z", "a")], now) or ""
    )
    assert "and it is" in (misplaced("2026-11-22T12:00:00Z", [("2026-11-22T14:59:00Z", "a")], now) or "")


def test_hints_name_the_record_wherever_it_stands():
    body = f'{{"event": [{{"busObRecId": "{REC}"}}, {{"RecID": "no id"}}]}}'
    assert [hint.record_id for hint in hints(body.encode())] == [REC]
    with pytest.raises(ValueError, match="RecID"):
        hints(b'{"event": 1}')


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("date_format", "%d/%m/%Y"),
        ("date_format", "%S %H:%M"),
        ("time_zone", "Moon"),
        ("history_line", "{field}"),
    ],
)
def test_settings_that_cannot_be_meant(setting, value):
    with pytest.raises(Exception, match=setting):
        CherwellSettings.load(
            {
                "name": "c",
                "platform": "cherwell",
                "url": "https://c.example",
                "username": "u",
                "client_id": "i",
                setting: value,
            }
        )
