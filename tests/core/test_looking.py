"""What connectors find alike when they look at an instance: `syncline.connector.looks`."""

import pytest

from syncline.connector import Finding, Look, Severity, clock, looks
from syncline.errors import Configuration, Gone, Refused, RetryLater


class Line:
    """Of an `Http`, what looking asks of it."""

    base_url = "https://desk.example"

    def __init__(self, skew=0.0):
        self.skew = skew

    def clock_skew(self):
        return self.skew


def fails(error):
    def ask():
        raise error

    return ask


def found(first=lambda: None, *then, skew=0.0):
    return [
        (f.check, f.severity.value, f.message) for f in looks(Line(skew), first, "may read", "look", *then)
    ]


def test_where_all_is_well_it_says_so():
    assert [(check, severity) for check, severity, _ in found()] == [
        ("reachable", "ok"),
        ("authorised", "ok"),
        ("clock", "ok"),
    ]


@pytest.mark.parametrize(
    ("error", "check"),
    [(RetryLater, "reachable"), (Configuration, "authorised"), (Gone, "authorised"), (Refused, "authorised")],
)
def test_the_first_failure_is_all_that_is_said(error, check):
    assert found(fails(error("oh")), Look("schema", fails(error("no")))) == [(check, "error", "oh")]


def test_one_look_that_fails_keeps_no_other_back():
    def half():
        yield Finding("permissions", Severity.OK, "first")
        raise Configuration("no right")

    well = [Finding("schema", Severity.OK, "fields")]
    assert found(
        lambda: None, Look("permissions", half, severity=Severity.ERROR), Look("schema", lambda: well)
    )[3:] == [
        ("permissions", "ok", "first"),
        ("permissions", "error", "could not be looked at: no right"),
        ("schema", "ok", "fields"),
    ]


@pytest.mark.parametrize(
    ("skew", "severity", "said"),
    [
        (None, "warning", "does not tell"),
        (60.4, "warning", "+60 s"),
        (-61.0, "warning", "-61 s"),
        (59.0, "ok", "+59 s"),
    ],
)
def test_the_clock(skew, severity, said):
    finding = clock(Line(skew))
    assert (finding.check, finding.severity.value, said in finding.message) == ("clock", severity, True)
    assert bool(finding.fix) is (severity != "ok")
