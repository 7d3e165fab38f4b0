"""Qualifications, values and the history: all that is pure."""

from datetime import UTC, datetime

import pytest

from syncline_helix import hints, history, query, values
from syncline_helix.query import Dates

AT = datetime(2026, 11, 23, 9, 30, 5, 999_999, tzinfo=UTC)


class TestQualifications:
    @pytest.mark.parametrize(
        ("value", "written"),
        [
            ("INC1", '"INC1"'),
            ('Robert "Bobby" Smith', '"Robert ""Bobby"" Smith"'),
            ('" OR 1=1 OR "', '""" OR 1=1 OR """'),
            ("it's $NULL$ 100%", '"it\'s $NULL$ 100%"'),
        ],
    )
    def test_quotation_marks_in_a_value_are_doubled(self, value, written):
        assert query.literal(value) == written

    def test_those_in_the_name_of_a_field_too(self):
        assert query.equals("Doug's Requests", "x") == "'Doug''s Requests' = \"x\""

    @pytest.mark.parametrize("value", ["a\nb", "\x00", "\x7f", "a\tb"])
    def test_control_characters_cannot_be_asked_for(self, value):
        with pytest.raises(ValueError, match="control characters"):
            query.literal(value)

    @pytest.mark.parametrize(
        ("dates", "literal"),
        [
            (Dates(), "1795426205"),
            (Dates("%m/%d/%Y %I:%M:%S %p", "UTC"), '"11/23/2026 09:30:05 AM"'),
            (Dates("%d.%m.%Y %H:%M:%S", "Europe/Berlin"), '"23.11.2026 10:30:05"'),
        ],
    )
    def test_times_are_written_as_the_server_reads_them(self, dates, literal):
        assert dates.literal(AT) == literal

    def test_what_comes_behind_a_position(self):
        asked = query.after(
            "Last Modified Date", "Incident Number", AT, "INC1", Dates(), "'Impact' = 1 OR 'Impact' = 2"
        )
        assert asked == (
            "(('Last Modified Date' > 1795426205) OR (('Last Modified Date' = 1795426205) AND ('Incident Number' > \"INC1\")))"
            " AND ('Impact' = 1 OR 'Impact' = 2)"
        )
        assert query.after("T", "K", AT, "", Dates()) == "'T' >= 1795426205"

    @pytest.mark.parametrize(
        "own", ["'Impact' = 1)", "('Impact' = 1", "'Impact", "'a' = \"b", "a\nb", ") OR ("]
    )
    def test_a_condition_that_would_break_ours_is_refused(self, own):
        with pytest.raises(ValueError, match=r"must not|do not close"):
            query.own_condition(own)

    def test_one_that_would_not_is_kept(self):
        assert query.own_condition(" 'Company' = \"a ) b\" ") == "'Company' = \"a ) b\""


class TestValues:
    @pytest.mark.parametrize(
        ("raw", "value"),
        [
            ("a\r\nb  \r\n", "a\nb"),
            ("", None),
            (None, None),
            (25, 25),
            ("2026-11-23T09:00:00.000+0000", "2026-11-23T09:00:00Z"),
            ("2026-11-23T10:00:00.000+0100", "2026-11-23T09:00:00Z"),
            ("soon", "soon"),
        ],
    )
    def test_the_canonical_form(self, raw, value):
        assert values.canonical("Submit Date", raw, values.TIMES) == value

    def test_what_is_no_single_value(self):
        with pytest.raises(ValueError, match="dict"):
            values.canonical("Status", {"a": 1}, values.TIMES)
        with pytest.raises(ValueError, match="list"):
            values.wire("Status", ("a",), values.TIMES)

    def test_times_travel_in_the_servers_form(self):
        assert (
            values.wire("Reported Date", "2026-11-23T09:00:00Z", values.TIMES)
            == "2026-11-23T09:00:00.000+0000"
        )
        assert values.wire("Description", "2026-11-23T09:00:00Z", values.TIMES) == "2026-11-23T09:00:00Z"

    @pytest.mark.parametrize("raw", ["", "2026-11-23", "1795426205", "2026-11-23T09:00:00"])
    def test_times_that_are_none(self, raw):
        with pytest.raises(ValueError, match="no time"):
            values.instant(raw)


class TestHistory:
    def test_new_values_are_read_line_by_line_and_may_have_several(self):
        log = "Description: Mail: down\nDetailed Decription: One\nStatus of it: two\nStatus : Pending"
        assert history.told(log, ["Description", "Detailed Decription", "Status"]) == {
            "Description": "Mail: down",
            "Detailed Decription": "One\nStatus of it: two",
            "Status": "Pending",
        }

    @pytest.mark.parametrize("log", ["", "Status went from New to Pending", "<b>Status</b>: Pending"])
    def test_what_is_laid_out_otherwise_tells_nothing(self, log):
        assert history.told(log, ["Status"]) == {}

    def test_names_stand_between_semicolons(self):
        assert history.changed({"Fields Changed": ";Status;Assigned Group ID;"}) == (
            "Status",
            "Assigned Group ID",
        )
        assert history.changed({}) == ()


class TestHints:
    @pytest.mark.parametrize(
        "body",
        [
            b'{"Incident Number": "INC1"}',
            b'{"values": {"Incident Number": "INC1"}, "formName": "HPD:Help Desk"}',
            b'[{"entry": {"values": {"Incident Number": "INC1"}}}, {"Incident Number": "INC1"}]',
        ],
    )
    def test_the_number_is_found_wherever_it_stands(self, body):
        assert [hint.record_id for hint in hints.hints(body)] == ["INC1"]

    @pytest.mark.parametrize(
        "body",
        [b"", b"{}", b"<html>", b'{"Incident Number": 7}', b'{"Incident Number": "a\\nb"}', b"[" * 100_000],
    )
    def test_bodies_without_one(self, body):
        with pytest.raises(ValueError, match="body"):
            hints.hints(body)
