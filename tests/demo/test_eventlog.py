"""Reading event logs: the published format read rightly, and hostile files answered with a sentence or a count."""

import gzip

import pytest

from syncline.demo.eventlog import EventLogError, read_log
from syncline.demo.report import SOURCE


def test_an_incident_goes_its_way_step_by_step(log, log_row):
    path = log(
        log_row(),
        log_row(state="Active", count=1, at="29/2/2016 05:30", assigned_to="Resolver 31"),
        log_row(state="Awaiting User Info", count=2, at="1/3/2016 09:14"),
        log_row(state="Resolved", count=3, at="1/3/2016 09:52"),
        log_row(state="Closed", count=4, at="6/3/2016 10:00"),
    )
    (case,) = read_log(path, 10).cases
    assert case.number == "INC0000001"
    assert case.title == "Category 55, Subcategory 170 #INC0000001"
    assert [(s.state, s.hold_reason) for s in case.steps] == [
        ("1", ""),
        ("2", ""),
        ("3", "1"),
        ("6", ""),
        ("7", ""),
    ]
    assert [s.assigned_to for s in case.steps][:3] == ["", "Resolver 31", ""]


def test_dates_are_day_first(log, log_row):
    (case,) = read_log(log(log_row(at="3/4/2016 07:05")), 1).cases
    assert (case.steps[0].at.day, case.steps[0].at.month) == (3, 4)


def test_closing_values_count_only_once_the_state_has_got_there(log, log_row):
    (case,) = read_log(log(log_row(), log_row(state="Closed", count=1, at="5/3/2016 12:00")), 1).cases
    assert [bool(step.close_code) for step in case.steps] == [False, True]


def test_an_unknown_state_keeps_the_one_before_and_is_counted(log, log_row):
    found = read_log(
        log(
            log_row(),
            log_row(state="Active", count=1),
            log_row(state="-100", count=2),
            log_row(state="Exploded", count=3),
        ),
        1,
    )
    assert [step.state for step in found.cases[0].steps] == ["1", "2", "2", "2"]
    assert found.skipped == {"states that are not known (the one before is kept)": 2}


def test_rows_out_of_order_are_put_in_order(log, log_row):
    found = read_log(
        log(
            log_row(state="Closed", count=4, at="6/3/2016 10:00"),
            log_row(),
            log_row(state="Active", count=2, at="1/3/2016 10:00"),
        ),
        1,
    )
    assert [step.state for step in found.cases[0].steps] == ["1", "2", "7"]
    assert found.skipped["incidents whose rows were put in order"] == 1


def test_time_never_runs_backwards_within_an_incident(log, log_row):
    (case,) = read_log(
        log(
            log_row(at="2/3/2016 10:00"),
            log_row(count=1, at="1/3/2016 10:00"),
            log_row(count=2, at="nonsense"),
        ),
        1,
    ).cases
    assert len({step.at for step in case.steps}) == 1


def test_the_limit_takes_incidents_by_the_time_at_which_they_begin(log, log_row):
    path = log(
        log_row("INC3", at="3/3/2016 10:00"),
        log_row("INC1", at="1/3/2016 10:00"),
        log_row("INC2", at="2/3/2016 10:00"),
    )
    found = read_log(path, 2)
    assert [case.number for case in found.cases] == ["INC1", "INC2"]
    assert (found.rows, found.total) == (2, 3)


@pytest.mark.parametrize(
    "date", ["", "?", "31/2/2016 10:00", "2016-02-29T01:16", "99/99/9999 99:99", "x" * 200]
)
def test_a_date_that_is_none_is_counted_and_the_one_before_taken(log, log_row, date):
    found = read_log(log(log_row(), log_row(state="Active", count=1, at=date)), 1)
    assert found.cases[0].steps[1].at == found.cases[0].steps[0].at
    assert found.skipped["dates that are none (the time of the row before is taken)"] == 1


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"number": "?"}, "rows without a usable incident number"),
        ({"number": "INC 1; DROP"}, "rows without a usable incident number"),
        ({"count": "many"}, "rows without a usable sys_mod_count"),
    ],
)
def test_rows_that_cannot_be_used_are_counted(log, log_row, values, reason):
    found = read_log(log(log_row(), log_row(**values)), 5)
    assert (len(found.cases), found.skipped[reason]) == (1, 1)


def test_rows_with_too_many_or_too_few_fields_are_counted(log, log_row):
    found = read_log(log(log_row(), "INC7,New", log_row(count=1) + ",more"), 5)
    assert found.skipped["rows with too many or too few fields"] == 2
    assert found.total == 3


@pytest.mark.parametrize("impact", ["?", "", "9 - Enormous", "high"])
def test_a_level_that_is_none_is_empty(log, log_row, impact):
    (case,) = read_log(log(log_row(impact=impact)), 1).cases
    assert case.steps[0].impact == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read(log, log_row, encoding):
    (case,) = read_log(log(log_row(category="Zürich"), encoding=encoding), 1).cases
    assert case.steps[0].category == "Zürich"


def test_a_semicolon_may_separate(log, log_row):
    path = log(log_row())
    path.write_text(path.read_text().replace(",", ";"))
    assert len(read_log(path, 1).cases) == 1


def test_packed_and_plain_are_told_apart_by_content(log, log_row, tmp_path):
    plain = log(log_row())
    packed = tmp_path / "packed.csv"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    misnamed = tmp_path / "plain.csv.gz"
    misnamed.write_bytes(plain.read_bytes())
    assert read_log(packed, 1).cases == read_log(misnamed, 1).cases == read_log(plain, 1).cases


def test_the_published_log_is_known_by_its_columns_and_names_its_authors(log, log_row):
    assert read_log(log(log_row()), 1).is_published
    assert "Amaral, Fantinato, Reijers, Peres" in SOURCE
    bare = log(
        "INC1,New,0,1/3/2016 10:00,2,2",
        head="number,incident_state,sys_mod_count,sys_updated_at,impact,urgency",
    )
    assert not read_log(bare, 1).is_published


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b,c\n1,2,3\n", "has no column number"),
        (b"\x00\x01\x02" * 400, "has no column"),
        (b"\x1f\x8b\x08\x00garbage", "cannot be read"),
        (gzip.compress(b"number," * 1000, mtime=0)[:-20], "cannot be read"),
        (
            b"number,incident_state,sys_mod_count,sys_updated_at,impact,urgency\n",
            "no incident that can be replayed",
        ),
        (
            b'number,incident_state,sys_mod_count,sys_updated_at,impact,urgency\n"'
            + b"x" * 200_000
            + b'",,,,,\n',
            "no CSV that can be read",
        ),
    ],
)
def test_files_that_cannot_be_used_are_answered_with_a_sentence(tmp_path, content, said):
    path = tmp_path / "hostile.csv.gz"
    path.write_bytes(content)
    with pytest.raises(EventLogError, match=said):
        read_log(path, 10)


def test_a_file_that_is_not_there_and_a_folder(tmp_path):
    with pytest.raises(EventLogError, match="cannot be read"):
        read_log(tmp_path / "nothing.csv", 1)
    with pytest.raises(EventLogError, match="is a folder"):
        read_log(tmp_path, 1)
