"""Deciding, on policies as people write them."""

from itertools import pairwise
from random import Random

import pytest

from syncline.escalation.conditions import (
    ALWAYS,
    MAX_CELLS,
    STANDARD,
    Name,
    Type,
    always_true,
    compiled,
    implies,
    overlap,
    satisfiable,
)

REFERENCE = 'priority <= 2 and status != "resolved" and ((tier == "L1" and age > 30m) or hops >= 3) and "security" in labels'


@pytest.fixture
def read(book):
    return lambda text: compiled(text, book)


def test_the_witness_of_an_overlap_is_an_incident_that_a_person_can_imagine(book, read):
    verdict = overlap(
        read("priority == 1"), read('"security" in labels and age > 30m and not resolved'), book
    )
    assert verdict.decided
    assert verdict.holds
    assert verdict.witness == {
        "age": 1860.0,
        "labels": ("security",),
        "priority": 1,
        "resolved": False,
        "status": "new",
    }


@pytest.mark.parametrize(
    "text",
    [
        "priority < 1",
        "priority <= 2 and priority > 3",
        'status == "new" and state == "on_hold"',
        'tier == "L1" and tier is none',
        "status is none",
        "age < 30m and age > 30m",
        "hops > 2 and hops < 3",
        'labels is none and "security" in labels',
        'assignee == requester and assignee == "a" and requester != "a"',
        "since_ack < since_update and since_update < since_ack",
        "hops < reopens and reopens < hops",
        "assignee == requester and requester is none",
        'resolved and status == "in_progress"',
        'not resolved and status == "closed"',
        "not reopened and reopens >= 1",
        "not ack and since_ack > 30m",
        "false",
    ],
)
def test_what_no_incident_can_be_is_found_impossible(book, read, text):
    verdict = satisfiable(read(text), vocabulary=book)
    assert (verdict.decided, verdict.holds, verdict.witness) == (True, False, None)


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "priority <= 2 or not priority <= 2",
        "priority <= 2 or priority > 2 or priority is none",
        'tier in ["L1", "L2", "L3", "MGMT"] or tier is none',
        'status != "new" or state == "new"',
        "hops >= 0",
        "age >= 0s",
        "status is not none",
        "resolved or status not in ['resolved', 'closed', 'canceled']",
        "since_ack != since_update or since_ack == since_update",
    ],
)
def test_what_every_incident_is_is_found_always_true(book, read, text):
    verdict = always_true(read(text), book)
    assert (verdict.decided, verdict.holds, verdict.witness) == (True, True, None)


def test_an_unknown_fact_is_neither_below_nor_above(book, read):
    verdict = always_true(read("priority <= 2 or priority > 2"), book)
    assert not verdict.holds
    assert verdict.witness == {"priority": None}


def test_implication_says_where_it_fails(book, read):
    assert implies(read("priority == 1"), read("priority <= 2"), book).holds
    verdict = implies(read("age > 30m"), read("age > 1h"), book)
    assert verdict.decided
    assert not verdict.holds
    assert verdict.witness == {"age": 1860.0}


def test_between_two_thresholds_there_is_always_a_moment(book, read):
    verdict = satisfiable(read("age > 30m and age < 1801s"), vocabulary=book)
    assert verdict.holds
    assert verdict.witness == {"age": 1800.5}


def test_whole_numbers_between_two_others_are_counted(book, read):
    assert satisfiable(read("1 < hops and hops < reopens and reopens < 4"), vocabulary=book).witness == {
        "hops": 2,
        "reopened": True,
        "reopens": 3,
    }
    assert not satisfiable(read("1 < hops and hops < reopens and reopens < 3"), vocabulary=book).holds


def test_an_open_text_may_be_what_nobody_wrote(book, read):
    verdict = satisfiable(
        read('category not in ["network", "other"] and category is not none'), vocabulary=book
    )
    assert verdict.holds
    assert verdict.witness is not None
    assert verdict.witness["category"] not in {"network", "other", None}


def test_a_closed_text_may_not(book, read):
    closed = book.extended([Name("category", Type.TEXT, ("network", "other"))])
    condition = compiled('category not in ["network", "other"] and category is not none', closed)
    assert not satisfiable(condition, vocabulary=closed).holds


def test_what_no_policy_matches_is_found(book, read):
    policies = [read("priority == 1"), read("priority in [2, 3] and not vip"), read("vip")]
    verdict = satisfiable(vocabulary=book, without=policies)
    assert verdict.holds
    assert verdict.witness == {"priority": 4, "vip": False}
    assert not satisfiable(
        vocabulary=book, without=[*policies, read("priority >= 4 or priority is none")]
    ).holds


def test_axioms_are_of_no_concern_where_their_names_are_not(book, read):
    assert satisfiable(read("priority == 1"), vocabulary=book).witness == {"priority": 1}


def test_nothing_asked_is_possible():
    assert satisfiable(vocabulary=STANDARD).holds
    assert satisfiable(ALWAYS, vocabulary=STANDARD).witness == {}


def test_many_labels_are_no_burden(book, read):
    chain = " and ".join(f'("t{n}" in labels or "t{n + 1}" not in labels)' for n in range(40))
    verdict = satisfiable(read(f'{chain} and "t40" in labels and "t0" not in labels'), vocabulary=book)
    assert verdict.decided
    assert not verdict.holds
    assert verdict.cells < 1_000


def test_twenty_usual_policies_stay_far_below_the_limit(book, read):
    policies = [
        read(f'priority == {1 + n % 5} and category == "c{n}" and (tier == "L{1 + n % 3}" or age > {n + 1}h)')
        for n in range(20)
    ]
    verdict = satisfiable(vocabulary=book, without=policies)
    assert verdict.decided
    assert verdict.holds
    assert verdict.cells < MAX_CELLS / 100
    assert overlap(read(REFERENCE), policies[0], book).cells < MAX_CELLS / 1_000


def test_beyond_the_limit_it_is_undecided_and_never_a_guess(book, read):
    names = ["age", "since_ack", "since_update", "since_tier", "in_status"]
    text = " and ".join(
        f"{one} <= {other} and {one} != {n}h" for n, (one, other) in enumerate(pairwise(names))
    )
    for verdict in (
        satisfiable(read(text), vocabulary=book),
        always_true(read(text), book),
        implies(read(text), read("false"), book),
    ):
        assert not verdict.decided
        assert not verdict.holds
        assert verdict.witness is None
        assert verdict.cells > MAX_CELLS


def test_a_name_that_the_vocabulary_lacks_is_an_error_of_the_caller(book):
    more = book.extended([Name("region", Type.TEXT)])
    with pytest.raises(ValueError, match='no name "region"'):
        satisfiable(compiled('region == "eu"', more), vocabulary=book)


def puzzle(read, labels):
    """Conditions that are hard to hold together: three labels in each clause, with and without, no order in them."""
    chance = Random(labels)
    for _ in range(labels * 4):
        chosen = chance.sample(range(labels), 3)
        yield read(" or ".join(f'"{label}" {chance.choice(["in", "not in"])} labels' for label in chosen))


def test_a_puzzle_is_solved_or_given_up_in_good_time(book, read):
    small, large = (satisfiable(*puzzle(read, labels), vocabulary=book) for labels in (15, 150))
    assert small.decided
    assert small.cells < MAX_CELLS
    assert large.decided or (not large.holds and large.witness is None and large.cells > MAX_CELLS)


def test_many_decisions_do_not_fill_the_stack(book, read):
    ring = [
        read(
            f'"{n}" in labels and "{n + 1}" not in labels or "{n}" not in labels and "{n + 1}" in labels or vip'
        )
        for n in range(120)
    ]
    verdict = satisfiable(*ring, read("not vip"), vocabulary=book)
    assert verdict.holds
    assert verdict.witness is not None
    assert all(condition.holds(verdict.witness) for condition in ring)
