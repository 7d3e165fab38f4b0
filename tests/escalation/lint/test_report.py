"""Findings for people, for programs and for code review."""

import json

import pytest

from syncline.escalation.lint import CODES, report


@pytest.fixture
def found(linted):
    text = linted.text(
        ("  ann: {", "  ann: {away: 2027-01-05/2027-01-06, "),
        ("    end: {page: MGMT, every: 30m}\n", ""),
        ("people:\n", "people:\n  zoe: {}\n"),
        ("to: [MGMT]", "to: [MGMT, customers]"),
    )
    return linted.check(text)


def test_plain_lines_can_be_jumped_to(found):
    lines = report.plain(found).splitlines()
    heads = [line for line in lines if line.startswith("escalation.yaml:")]
    assert [head.split(": ")[1] for head in heads] == ["info I31", "error E10", "error E21", "warning W06"]
    at = lines.index(heads[1])
    assert lines[at + 1].startswith("    from: Tue 2027-01-05 00:00 Europe/Paris (2027-01-04 23:00 UTC)")
    assert any(line.startswith("    mend: ") for line in lines[at:])
    assert lines[-1] == "2 errors, 1 warning, 1 note"
    assert report.plain([]) == "nothing found"


def test_json_holds_everything(found):
    content = json.loads(report.as_json(found))
    assert content["counts"] == {"error": 2, "warning": 1, "info": 1}
    hole = content["findings"][1]
    assert hole["code"] == "E10"
    assert (hole["file"], hole["line"], hole["severity"]) == ("escalation.yaml", found[1].line, "error")
    assert hole["witness"]["hours"] == 48
    assert hole["mend"]


def test_annotations_are_one_line_each(found):
    lines = report.annotations(found).splitlines()
    assert len(lines) == len(found)
    assert lines[0].startswith("::notice file=escalation.yaml,line=")
    assert lines[1].startswith(
        f"::error file=escalation.yaml,line={found[1].line},col=3,title=E10::nobody of"
    )
    assert "%0A" in lines[1]


def test_annotations_escape_what_would_end_them(found):
    strange = [type(found[0])("E10", found[0].severity, 0, 0, "50% of\nit", file="a,b:c.yaml")]
    assert report.annotations(strange) == (
        "::notice file=a%2Cb%3Ac.yaml,line=1,col=1,title=E10::50%25 of%0Ait"
    )


def test_sarif_names_every_rule_that_it_uses(found):
    run = json.loads(report.sarif(found))["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted({one.code for one in found})
    assert [result["ruleId"] for result in run["results"]] == [one.code for one in found]
    assert {result["level"] for result in run["results"]} == {"error", "warning", "note"}


def test_the_table_has_a_line_for_each_code():
    lines = report.table().splitlines()
    assert [line.split()[0] for line in lines] == list(CODES)
    assert all(len(line) < 140 for line in lines)
