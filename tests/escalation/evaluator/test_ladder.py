"""A ladder on its clock: what is due when, what stops it, and what brings it back. Worked out by hand."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from company import LADDER, T0, WORLD, after, company, did, paged, told

from syncline.escalation import escalate
from syncline.escalation.playing import Deed


def test_nobody_takes_it(ladder):
    assert paged(ladder.play(hours=4.1)) == [
        (0, "amina"),
        (5, "amina"),
        (10, "amina"),
        (15, "bruno"),
        (30, "chloe"),
        (180, "chloe"),
        (210, "chloe"),
        (240, "chloe"),
    ]


def test_an_acknowledgement_on_any_platform_stops_what_waits_for_it(ladder):
    played = ladder.play(did(7, status="acknowledged"), hours=1)
    assert paged(played) == [(0, "amina"), (5, "amina"), (30, "chloe")]
    assert any("left out: `not ack` does not hold" in line for line in told(played))


def test_an_acknowledgement_without_progress_lapses_and_the_next_step_comes_at_once(ladder):
    played = ladder.play(did(7, status="acknowledged"), hours=1.5)
    # 7 + 60 minutes: the step that was left out because somebody had it comes first.
    assert paged(played) == [(0, "amina"), (5, "amina"), (30, "chloe"), (67, "bruno")]
    assert played.case.incident["group"] == "Database"


def test_progress_keeps_an_acknowledgement_alive(ladder):
    played = ladder.play(did(7, status="acknowledged"), Deed(after(60), "amina", remarks=True), hours=1.8)
    assert paged(played) == [(0, "amina"), (5, "amina"), (30, "chloe")]


def test_taken_again_after_a_lapse(ladder):
    played = ladder.play(
        did(7, status="acknowledged"), Deed(after(70), "bruno", {"assignee": "bruno"}), hours=2
    )
    assert paged(played) == [(0, "amina"), (5, "amina"), (30, "chloe"), (67, "bruno")]


def test_given_back_is_not_acknowledged(ladder):
    played = ladder.play(did(2, status="acknowledged"), did(12, status="new"), hours=0.3)
    # The repetition of the fifth minute was not needed; that of the tenth neither; L2 is.
    assert paged(played) == [(0, "amina"), (15, "bruno")]


def test_a_pause_moves_what_comes_after_it(ladder):
    played = ladder.play(did(20, status="on_hold"), did(80, status="new"), hours=2)
    assert paged(played) == [(0, "amina"), (5, "amina"), (10, "amina"), (15, "bruno"), (90, "chloe")]


def test_a_pause_that_is_used_up_counts_as_time_again(ladder):
    patient = company(LADDER.replace("holds: 60m", "holds: 1d"))
    # Two hours of pause may be, from 20 to 140; ten minutes are left to the step of the thirtieth.
    assert paged(patient.play(did(20, status="on_hold"), hours=3))[-1] == (150, "chloe")
    # An acknowledgement does not lapse in a pause, but when it is used up: the next step comes at once.
    assert paged(ladder.play(did(20, status="on_hold"), hours=3))[-1] == (140, "chloe")


def test_a_share_is_of_the_target(ladder):
    assert (180, "chloe") in paged(ladder.play(hours=3.1))


def test_resolved_it_ends_and_opened_again_it_goes_on(ladder):
    played = ladder.play(did(20, status="resolved"), did(120, status="new"), hours=2.3)
    # The clock stood still at 20 minutes of its time for 100 minutes: the step of the thirtieth comes at 130.
    assert paged(played) == [(0, "amina"), (5, "amina"), (10, "amina"), (15, "bruno"), (130, "chloe")]


def test_restart_begins_anew():
    restart = company(
        LADDER.replace("reopen: resume", "reopen: restart")
        .replace("clock: restore", "clock: raised")
        .replace("75%", "180m")
    )
    played = restart.play(did(20, status="resolved"), did(120, status="new"), hours=2.1)
    assert paged(played)[4:] == [(120, "amina"), (125, "amina")]
    assert [run.number for run in played.runs] == [1, 2]


def test_closed_is_the_end(ladder):
    played = ladder.play(did(20, status="closed"), hours=8)
    assert paged(played)[-1] == (15, "bruno")
    assert played.runs[0].ended_why == "the incident is closed"


def test_a_lower_priority_ends_it(ladder):
    played = ladder.play(did(12, priority=3), hours=8)
    assert paged(played)[-1] == (10, "amina")
    assert "does not hold any more" in played.runs[0].ended_why


def test_our_own_move_does_not_end_it():
    own = company(LADDER.replace("when: priority == 1", 'when: priority == 1 and tier == "L1"'))
    assert (30, "chloe") in paged(own.play(hours=1))


def test_a_priority_raised_later_counts_from_the_opening(ladder):
    played = ladder.play(did(20, priority=1), hours=0.6, priority=3)
    # What was due in the first 20 minutes comes at once, each once, and says how late it is.
    assert paged(played) == [(20, "amina"), (20, "bruno"), (30, "chloe")]
    assert any("20m late" in line for line in told(played))


def test_what_an_outage_held_up_comes_once_and_says_how_late(ladder):
    case = ladder.case()
    first = escalate(ladder.policies, case, (), T0)
    late = escalate(ladder.policies, case, first.runs, T0 + timedelta(minutes=50), first.memory)
    assert [(m.occasion, m.recipient) for m in late.messages if m.urgent] == [
        ("step 1 again 2", "amina"),
        ("step 2", "bruno"),
        ("step 3", "chloe"),
    ]
    assert any("35m late" in h.text for h in late.happened)
    again = escalate(ladder.policies, case, late.runs, T0 + timedelta(minutes=50), late.memory)
    assert not again.messages
    assert not again.happened


def test_a_look_that_comes_for_nothing_decides_nothing(ladder):
    case = ladder.case()
    first = escalate(ladder.policies, case, (), T0)
    case = replace(case, incident=first.incident)
    for seconds in range(1, 299, 13):
        look = escalate(ladder.policies, case, first.runs, T0 + timedelta(seconds=seconds), first.memory)
        assert not look.messages
        assert look.runs == first.runs
        assert look.look_again == T0 + timedelta(minutes=5)


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_ladder_that_is_climbed_again(rounds):
    again = company(
        f"""
  - id: again
    when: priority == 1
    steps:
      - {{at: 0m, page: L1}}
      - {{at: 10m, page: L2}}
    repeat: {{times: {rounds}, from: 1}}
    end: {{page: MGMT, every: 1h}}
"""
    )
    expected = [(0, "amina"), (10, "bruno"), (20, "amina"), (30, "bruno"), (40, "amina"), (50, "bruno")]
    assert paged(again.play(hours=1.4)) == expected[: 2 + 2 * rounds]


def test_a_calendar_that_never_opens_again_lets_nothing_come_due():
    closed = ", ".join(f"{year}-01-01/{year}-12-31" for year in range(2020, 2060))
    world = WORLD.replace("08:00-18:00}}", f"08:00-18:00}}, closed: [{closed}]}}", 1)
    world = world.replace("target: 4h,", "target: 4h, calendar: office,")
    assert world.count("closed:") == 1
    shut = company(LADDER, world)
    assert paged(shut.play(hours=24)) == []
    # Nor does a pause on it ever use up what it may take.
    assert paged(shut.play(did(0, status="on_hold"), did(60, status="new"), hours=24)) == []


def test_a_persons_move_ends_a_run_that_is_for_the_tier_they_took_it_from():
    own = company(LADDER.replace("when: priority == 1", 'when: priority == 1 and tier == "L1"'))
    played = own.play(did(10, group="Security"), hours=8)
    assert paged(played)[-1] == (5, "amina")
    assert "does not hold any more" in played.runs[0].ended_why


def test_an_acknowledgement_on_a_clock_of_office_hours_lapses_within_them():
    office = LADDER.replace("clock: restore", "clock: slow").replace("75%", "6h")
    world = WORLD + "  slow: {when: priority == 1, target: 8h, calendar: office, stop: resolved}\n"
    here = company(office, world)
    late = T0.replace(hour=15, minute=45)  # 17:45 in Paris; the office closes at 18:00
    played = here.play(
        Deed(late + timedelta(minutes=5), "amina", {"status": "acknowledged"}), at=late, hours=17
    )
    assert [(at, m.recipient) for at, m in played.messages if m.recipient != "amina"] == [
        (T0.replace(day=4, hour=6), "bruno"),
        (T0.replace(day=4, hour=6, minute=15), "chloe"),
    ]


def test_steps_out_of_order_and_a_ladder_that_is_climbed_again_are_no_accident():
    odd = company(
        """
  - id: odd
    when: priority == 1
    steps: [{at: 30m, page: L1}, {at: 0m, page: L2}]
    repeat: {times: 2}
    end: {page: MGMT, every: 1h}
"""
    )
    played = paged(odd.play(hours=3))
    assert Counter(who for _, who in played) == {"amina": 3, "bruno": 3, "chloe": 1}
    assert played == sorted(played, key=lambda entry: entry[0])
