"""Scenarios whose right answer was worked out by hand."""

import re
from datetime import timedelta

import pytest

from syncline.application import rehearsing
from syncline.application.rehearsing import rehearse_scenario
from syncline.escalation import playing
from syncline.escalation.reading import read_book
from syncline.escalation.scenario import drafted

THEFT = """\
scenario: 1
title: The account is taken over again
at: 2026-08-05T09:00 Europe/Paris
incident: {priority: 3, category: theft, account: a1}
"""


def pages(rehearsal):
    """(minutes, who, by) of all pages."""
    return [
        (row.after / timedelta(minutes=1), who, by)
        for row in rehearsal.rows
        if row.kind in {"step", "page"}
        for who, by in zip(row.who, row.by, strict=True)
    ]


def told(rehearsal, kind):
    return [(row.after / timedelta(minutes=1), row.text) for row in rehearsal.rows if row.kind == kind]


def test_nobody_acts_and_the_one_on_turn_is_on_vacation(rehearse):
    went = rehearse("until: 5h")
    assert pages(went) == [
        (0, "noah", "pagerduty"),  # amina's turn; she is away, and db fills in
        (15, "noah", "pagerduty"),
        (30, "chloe", "email"),
        (150, "chloe", "email"),
        (270, "chloe", "email"),
    ]
    first = next(row for row in went.rows if row.kind == "step")
    assert "backfill of desk: amina is away" in first.text
    assert first.policy == "ladder"
    (message,) = [row for row in went.rows if row.kind == "message"]
    assert (message.after, message.who, message.by) == (timedelta(minutes=30), ("bruno",), ("email",))
    assert message.text == "message: The shop is down: new"
    assert message.data["say"] == "status"
    moved = [row for row in went.rows if "moved to L2" in row.text]
    assert [row.after for row in moved] == [timedelta(minutes=15)]
    assert told(went, "clock") == [
        (0, "SLA restore starts: 4h"),
        (240, "SLA restore is BREACHED: its 4h are used up"),
    ]
    assert str(went.tz) == "Europe/Paris"
    assert (went.cut_off, went.assumed, went.as_expected) == (False, False, True)


def test_rows_are_in_order_and_end_with_the_scenario(rehearse):
    rows = rehearse("until: 20m").rows
    assert rows[0].kind == "opened"
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert rows[-1].after == timedelta(minutes=15)


def test_an_acknowledgement_leaves_the_next_step_out(rehearse):
    went = rehearse("people: [{after: 10m, who: noah, set: {status: in_progress}}]\nuntil: 2h")
    assert pages(went) == [(0, "noah", "pagerduty"), (30, "chloe", "email")]
    (left_out,) = [row for row in went.rows if "left out" in row.text]
    assert (left_out.after, left_out.who) == (timedelta(minutes=15), ())
    assert (10, "sets status: in_progress") in told(went, "person")


def test_who_answers_the_page_has_it(rehearse):
    went = rehearse("people: [{after: 5m, who: noah, answers: true}]\nuntil: 25m")
    assert pages(went) == [(0, "noah", "pagerduty")]
    assert told(went, "person") == [(5, "answers the page")]


def test_an_answer_without_a_page_says_so_and_changes_nothing(rehearse):
    went = rehearse("people: [{after: 5m, who: bruno, answers: true}]\nuntil: 25m")
    assert told(went, "person") == [(5, "would answer, and no page has come")]
    assert (15, "noah", "pagerduty") in pages(went)


def test_a_page_that_fails_is_tried_by_the_next_way_at_once(rehearse):
    went = rehearse("unreachable: [pagerduty]\nuntil: 10m")
    assert pages(went) == [(0, "noah", "pagerduty (fails)"), (0, "noah", "sms")]


def test_a_person_who_cannot_be_reached_is_passed_over(rehearse):
    went = rehearse('unreachable: ["person:noah"]\nuntil: 10m')
    assert [by for _, who, by in pages(went) if who == "noah"][:2] == ["pagerduty (fails)", "sms (fails)"]
    assert any("no other way is left" in row.text for row in went.rows)


def test_a_pause_stops_the_clock_and_with_it_the_steps(rehearse):
    went = rehearse(
        """
        people:
          - {after: 5m, who: noah, set: {status: on_hold}}
          - {after: 65m, who: noah, set: {status: new}}
        until: 6h
        """
    )
    assert told(went, "clock") == [
        (0, "SLA restore starts: 4h"),
        (5, "SLA restore is paused, at 5m of 4h"),
        (65, "SLA restore runs again, at 5m of 4h"),
        (300, "SLA restore is BREACHED: its 4h are used up"),
    ]
    # 15 and 30 minutes on the clock are 75 and 90 on the wall.
    assert [minutes for minutes, _, _ in pages(went)][:3] == [0, 75, 90]


def test_the_longest_pause_is_said(rehearse):
    went = rehearse("people: [{after: 5m, who: noah, set: {status: on_hold}}]\nuntil: 3h")
    assert (125, "SLA restore runs on, at 5m of 4h: its longest pause is used up") in told(went, "clock")


def test_a_clock_that_applies_only_later_counts_from_its_start(rehearse):
    went = rehearse(
        "people: [{after: 3h, who: noah, set: {priority: 1}}]\nuntil: 5h",
        base=THEFT.replace("category: theft, account: a1", "group: DBA"),
    )
    assert told(went, "clock") == [
        (180, "SLA restore starts: 4h, counted from its start 3h ago"),
        (240, "SLA restore is BREACHED: its 4h are used up"),
    ]


def test_a_junior_raises_a_hand(rehearse):
    went = rehearse(
        'people: [{after: 5m, who: junior, raises: "an attack"}]\nuntil: 8m',
        base=THEFT.replace("category: theft, account: a1", "group: Service Desk"),
    )
    assert told(went, "person") == [(5, "raises a hand: an attack")]
    assert pages(went) == [(5, "noah", "pagerduty")]  # `next` above L1
    texts = [row.text for row in went.rows]
    assert any("junior raised it: an attack" in text for text in texts)
    assert any("junior, who raised it, stays on it" in text for text in texts)


@pytest.mark.parametrize(
    ("earlier", "paged"),
    [
        ("[{before: 3d}, {before: 29d}]", True),
        ("[{before: 3d}, {before: 31d}]", False),  # too long ago
        ("[{before: 3d}, {before: 9d, set: {account: a2}}]", False),  # another account
        ("[{before: 3d}, {before: 9d, set: {category: spam}}]", False),  # another matter
        ("[{before: 8d, ran: again}, {before: 9d}]", True),  # the guard's week is over
        ("[{before: 6d, ran: again}, {before: 9d}]", False),  # the guard absorbs it
        ("[{before: 6d, ran: ladder}, {before: 9d}]", True),
        ("[]", False),
    ],
)
def test_the_same_account_again_and_again(rehearse, earlier, paged):
    went = rehearse(f"earlier: {earlier}\nuntil: 1h", base=THEFT)
    assert pages(went) == ([(0, "chloe", "email")] if paged else [])


def test_an_incident_that_turns_out_to_be_one_of_them_after_its_opening_is_counted(rehearse):
    earlier = "[{before: 3d, set: {category: theft}}, {before: 9d, set: {category: theft}}]"
    went = rehearse(
        f"earlier: {earlier}\npeople: [{{after: 20m, who: noah, set: {{category: theft}}}}]\nuntil: 1h",
        base=THEFT.replace("category: theft", "category: spam"),
    )
    assert pages(went) == [(20, "chloe", "email")]


def test_a_policy_that_says_of_nobody_how_to_reach_them_can_be_rehearsed(policy_text):
    bare = re.sub(r"(reach|ids): \{[^}]*\},? ?", "", policy_text)
    book = read_book(bare.replace("via: email, ", ""), "bare.yaml")
    scenario = drafted(THEFT.replace("priority: 3", "priority: 1") + "until: 1h\n", "s.yaml").of(book)
    went = rehearse_scenario(book, scenario, "bare.yaml")
    assert went.assumed
    assert {by for _, _, by in pages(went)} == {rehearsing.ANY_WAY}
    assert [who for _, who, _ in pages(went)] == ["noah", "noah", "chloe"]


def test_what_would_go_on_for_ever_is_cut_off(rehearse, monkeypatch):
    monkeypatch.setattr(playing, "MOST_LOOKS", 2)
    assert rehearse("until: 5h").cut_off


# ---- expectations -------------------------------------------------------------------------------


def checked(rehearse, expect):
    went = rehearse(f"until: 3h\nexpect:\n  - {expect}\n")
    (one,) = went.checked
    assert went.as_expected == one.holds
    return one


@pytest.mark.parametrize(
    "expect",
    [
        "{after: 0m, paged: noah}",
        "{after: 0m, paged: noah, by: pagerduty}",
        '{at: "09:15", paged: [noah]}',
        "{paged: [noah, chloe]}",
        "{after: 15m, moved: L2}",
        "{moved: L2}",
        "{after: 30m, told: bruno}",
        "{after: 30m, told: status, by: email}",
        "{never_paged: [amina, bruno]}",
        "{nobody_paged_after: 150m}",
    ],
)
def test_what_comes_as_expected(rehearse, expect):
    one = checked(rehearse, expect)
    assert (one.holds, one.came) == (True, "")


@pytest.mark.parametrize(
    ("expect", "wanted", "came"),
    [
        (
            "{after: 0m, paged: amina}",
            "at 0m: amina paged",
            "then noah by pagerduty was paged; amina was not paged at all",
        ),
        (
            "{after: 20m, paged: chloe}",
            "at 20m: chloe paged",
            "then nobody was paged; chloe was paged at 30m, 2h30m",
        ),
        (
            "{after: 0m, paged: noah, by: sms}",
            "at 0m: noah paged by sms",
            "then noah by pagerduty was paged; noah was paged at 0m, 15m",
        ),
        ("{paged: [noah, amina]}", "noah and amina paged", "amina was not paged at all"),
        ("{after: 30m, moved: L2}", "at 30m: moved to L2", "it moved to L1 at 0m, to L2 at 15m"),
        ("{told: chloe}", "chloe told", "chloe was not told at all"),
        ("{never_paged: chloe}", "chloe never paged", "chloe was paged at 30m, 2h30m"),
        (
            "{nobody_paged_after: 10m}",
            "nobody paged after 10m",
            "noah was paged at 15m, and 2 more pages followed",
        ),
    ],
)
def test_what_does_not_come_is_said_with_what_came_instead(rehearse, expect, wanted, came):
    one = checked(rehearse, expect)
    assert (one.holds, one.wanted, one.came) == (False, wanted, came)
    assert one.expectation.place.line == 7


def test_reached_is_who_gets_the_page(rehearse):
    went = rehearse(
        """
        unreachable: [pagerduty, "person:chloe"]
        until: 2h
        expect:
          - {after: 0m, reached: noah, by: sms}
          - {after: 0m, paged: noah, by: pagerduty}
          - {after: 0m, reached: noah, by: pagerduty}
          - {after: 30m, paged: chloe}
          - {after: 30m, reached: chloe}
        """
    )
    assert [one.holds for one in went.checked] == [True, True, False, True, False]
    assert went.checked[2].came == "then noah by sms was reached; noah was reached at 0m, 15m"
    assert went.checked[4].came.endswith("chloe was not reached at all")


def test_a_page_of_which_no_sign_comes_is_gone_on_with_after_a_while(rehearse):
    went = rehearse(
        """
        lost: [pagerduty]
        people: [{after: 3m, who: noah, answers: true}]
        until: 14m
        """
    )
    # `undelivered: {after: 5m}` is what a policy has that says nothing of it.
    assert pages(went) == [(0, "noah", "pagerduty (no sign)"), (5, "noah", "sms")]
    assert told(went, "person") == [(3, "would answer, and no page has come")]
