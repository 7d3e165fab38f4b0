"""Scenario files: what they mean, and what is wrong with them, all at once and each with its place."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from syncline.errors import InvalidFile
from syncline.escalation.scenario import drafted

OPENED = datetime(2026, 8, 5, 7, 0, tzinfo=UTC)
BASE = "scenario: 1\nincident: {priority: 1}\n"


def test_what_people_do_is_put_in_order_of_time_on_the_clock_of_the_start(read):
    scenario = read(
        """
        people:
          - {at: "10:30", who: noah, answers: true}
          - {after: 20m, who: bruno, set: {status: in_progress, site: north, tags: [b, a]}, remarks: on it}
          - {at: "08:00", who: junior, raises: help}
          - {at: 2026-08-05T12:00+00:00, who: bruno, set: {assignee: ~}}
        """
    )
    assert scenario.opened_at == OPENED
    assert [deed.at - OPENED for deed in scenario.deeds] == [
        timedelta(minutes=20),
        timedelta(minutes=90),
        timedelta(hours=5),
        timedelta(hours=23),  # the first 08:00 after the opening is tomorrow's
    ]
    first, second, third, last = scenario.deeds
    assert first.values == {"status": "in_progress", "custom.site": "north", "labels": ("a", "b")}
    assert (first.remarks, scenario.remarks) == (True, {(first.at, "bruno"): "on it"})
    assert (second.answers, third.values, last.hand) == ("noah", {"assignee": None}, "help")
    assert scenario.until == last.at + timedelta(hours=1)


@pytest.mark.parametrize(
    ("at", "opened"),
    [
        ("2026-08-05T09:00 Europe/Paris", OPENED),
        ("2026-08-05 09:00 Europe/Paris", OPENED),
        ("2026-08-05T09:00+02:00", OPENED),
        ("2026-08-05T07:00Z", OPENED),
        # The clock is put forward over 02:30, and back over it: the first instant after, the first of two.
        ("2026-03-29T02:30 Europe/Paris", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("2026-10-25T02:30 Europe/Paris", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_the_start_names_its_clock(read, at, opened):
    scenario = read(base=f"{BASE}at: {at}\n")
    assert scenario.opened_at == opened
    assert scenario.until == opened + timedelta(hours=6)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-08-05T09:00", "on whose clock"),
        ('"09:00"', "must name the day"),
        ("2026-08-05T09:00 Europe/Pariss", 'Did you mean "Europe/Paris"'),
        ("2026-08-05T09:00+02:00 Europe/Paris", "not both"),
        ("2026-02-30T09:00 Europe/Paris", "is no time"),
        ("2026-08-05T25:00 Europe/Paris", "is no time"),
        ("1999-08-05T09:00 Europe/Paris", "between the years"),
        ("tomorrow", "must be a time"),
        ("7", "must be a time"),
        ("2026-08-05T09:00+99:99", "must be a time"),
    ],
)
def test_a_start_that_is_no_moment(read, at, said):
    with pytest.raises(InvalidFile) as caught:
        read(base=f"{BASE}at: {at}\n")
    (problem,) = caught.value.problems
    assert said in problem.message
    assert (problem.line, problem.column) == (3, 5)


FAULTS = [
    ("people: [{after: 5m, who: bruno}]", "nothing happens here", 5, 10),
    ("people: [{who: bruno, remarks: x}]", "say when", 5, 10),
    ('people: [{after: 5m, at: "10:00", who: bruno, remarks: x}]', "either after or at", 5, 22),
    ("people: [{after: 5, who: bruno, remarks: x}]", "5 of what? write 5s or 5m", 5, 18),
    ("people: [{at: 2026-08-05T08:00, who: bruno, remarks: x}]", "before the incident is opened", 5, 15),
    ("people: [{after: 5m, who: brno, answers: true}]", 'Did you mean "bruno"', 5, 27),
    ("people: [{after: 5m, who: bruno, set: {status: hold}}]", "must be a status", 5, 48),
    ("people: [{after: 5m, who: bruno, set: {priority: 7}}]", "from 1 (highest) to 5", 5, 50),
    ("people: [{after: 5m, who: bruno, set: {priority: true}}]", "from 1 (highest) to 5", 5, 50),
    ("people: [{after: 5m, who: bruno, set: {stat: new}}]", 'Did you mean "status"', 5, 40),
    ("people: [{after: 5m, who: bruno, set: {site: nort}}]", 'Did you mean "north"', 5, 46),
    ("people: [{after: 5m, who: bruno, set: {floors: many}}]", "must be a whole number", 5, 48),
    ("people: [{after: 5m, who: bruno, set: {title: 7}}]", "must be text", 5, 47),
    ("people: [{after: 5m, who: bruno, set: {labels: [1]}}]", "must be a list of labels", 5, 48),
    ("people: [{after: 5m, who: bruno, set: {tier: L9}}]", 'knows no "L9"', 5, 46),
    ("people: [{after: 5m, who: bruno, set: {title: {a: 1}}}]", "must be text", 5, 47),
    ("people: [{after: 5m, who: bruno, set: {opened_at: x}}]", "the scenario's at says", 5, 40),
    ("unreachable: [smss]", 'Did you mean "sms"', 5, 15),
    ("unreachable: [bruno]", "write person:bruno", 5, 15),
    ('unreachable: ["person:brno"]', 'Did you mean "bruno"', 5, 15),
    ("lost: [smss]", 'lost: nobody is reached by "smss"', 5, 8),
    ("earlier: [{before: 3d, ran: agin}]", 'Did you mean "again"', 5, 29),
    ("expect: [{after: 5m, paged: nobody}]", 'the policy has no person "nobody"', 5, 29),
    ("expect: [{after: 5m, paged: [bruno, nah]}]", 'Did you mean "noah"', 5, 37),
    ("expect: [{after: 5m, moved: L9}]", 'the policy has no tier "L9"', 5, 29),
    ("expect: [{after: 5m, told: statu}]", 'Did you mean "status"', 5, 28),
    ("expect: [{after: 5m}]", "expect one thing at a time", 5, 10),
    ("expect: [{paged: bruno, moved: L2}]", "expect one thing at a time", 5, 10),
    ("expect: [{moved: L2, by: sms}]", "by goes with paged, reached or told", 5, 26),
    ("expect: [{after: 5m, never_paged: bruno}]", "goes without after and at", 5, 10),
    ("until: 400d", "at most 370 days", 5, 8),
    ("unti: 4h", 'Did you mean "until"', 5, 1),
    ("until:", "must not be blank", 5, 7),
]


@pytest.mark.parametrize(("line", "said", "row", "column"), FAULTS, ids=[f[0][:60] for f in FAULTS])
def test_each_fault_has_its_place_and_says_what_is_right(read, line, said, row, column):
    with pytest.raises(InvalidFile) as caught:
        read(line)
    found = [p for p in caught.value.problems if said in p.message]
    assert found, caught.value
    assert (found[0].line, found[0].column, found[0].file) == (row, column, "shop.yaml")


def test_all_faults_come_at_once(read):
    with pytest.raises(InvalidFile) as caught:
        read(
            "people:\n  - {after: 5m, who: x}\n  - {after: x, who: y, remarks: z}\nunreachable: [fax]\nuntil: 0m\n"
        )
    assert [problem.line for problem in caught.value.problems] == [6, 7, 8, 9]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("[]", "keys and values"),
        ("scenario: 1\n", '"at" is missing'),
        (BASE.replace("1", "2", 1) + "at: 2026-08-05T09:00Z\n", "version 2"),
        (f"a: &x {{}}\nb: *x\n{BASE}", "aliases"),
        ("scenario: 1\nscenario: 1\n", "twice"),
        ("{" * 100, "nested"),
        ("incident: {priority: [[[[1]]]]}\nscenario: 1\nat: 2026-08-05T09:00Z\n", "from 1 (highest) to 5"),
    ],
)
def test_what_is_no_scenario(book, text, said):
    with pytest.raises(InvalidFile, match=said.replace("(", r"\(").replace(")", r"\)")):
        drafted(text, "shop.yaml").of(book)


def test_an_earlier_incident_is_like_this_one_but_for_what_is_set(read):
    scenario = read("earlier: [{before: 3d, set: {account: a1}, ran: again}, {before: 31d}]")
    near, far = scenario.earlier
    assert near.values == {**scenario.values, "custom.account": "a1"}
    assert (near.at, near.ran) == (OPENED - timedelta(days=3), ("again",))
    assert far.values == scenario.values


def test_the_policy_is_known_before_the_book(book):
    assert drafted(f"{BASE}at: 2026-08-05T09:00Z\npolicy: ../p.yaml\n", "s.yaml").policy == "../p.yaml"
    assert drafted(f"{BASE}at: 2026-08-05T09:00Z\n", "s.yaml").policy is None


def test_json_is_yaml_too(book):
    text = json.dumps({"scenario": 1, "at": "2026-08-05T07:00Z", "incident": {"priority": 1}})
    assert drafted(text, "s.json").of(book).opened_at == OPENED
