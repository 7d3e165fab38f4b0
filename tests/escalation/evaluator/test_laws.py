"""Laws of the evaluator: whatever happens in between, each step fires once, and never early."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from company import LADDER, T0, WORLD, Company, after, company, did, paged
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.escalation import Policies, escalate
from syncline.escalation.calendars import after as open_time_after
from syncline.escalation.case import Change
from syncline.escalation.decision import PageState
from syncline.escalation.local_time import changes
from syncline.escalation.playing import Deed
from syncline.escalation.roster import Span
from syncline.escalation.runs import Memory, run_from_json, run_to_json

ZONES = [
    "America/New_York",
    "Europe/Paris",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Asia/Tehran",
    "Pacific/Chatham",
    "Europe/London",
    "Asia/Singapore",
    "America/St_Johns",
]
STEPS = 12


def through_the_night(zone: str, calendar: str) -> Company:
    world = WORLD.replace("office: {tz: Europe/Paris,", f"office: {{tz: {zone},").replace(
        "08:00-18:00}}\npeople", "00:30-23:30, sat: 00:00-04:00, sun: 00:00-24:00}}\npeople"
    )
    world = world.replace("2026-01-05", "2023-01-02")
    clocks = f"slas:\n  night: {{target: 12h, calendar: {calendar}, stop: resolved}}\n"
    steps = "\n".join(f"      - {{at: {n}h30m, page: L1}}" for n in range(STEPS))
    policy = f"  - id: night\n    when: priority == 1\n    clock: night\n    end: none\n    steps:\n{steps}\n"
    return company(policy, world[: world.index("slas:")] + clocks)


@pytest.mark.parametrize("calendar", ["always", "office"])
@pytest.mark.parametrize("zone", ZONES)
def test_through_every_change_of_the_clocks_each_step_fires_once_and_in_its_time(zone, calendar):
    here = through_the_night(zone, calendar)
    rules = here.book.calendars[calendar]
    begin, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
    turns = [change.at for change in changes(ZoneInfo(zone), Span(begin, end))]
    for turn in turns or [datetime(2026, 3, 29, 1, tzinfo=UTC)]:
        opened = turn - timedelta(hours=6)
        played = here.play(at=opened, hours=60)
        fired = [at for at, message in played.messages if message.urgent]
        assert fired == [open_time_after(rules, opened, timedelta(hours=n, minutes=30)) for n in range(STEPS)]
        occasions = Counter(message.occasion for _, message in played.messages)
        assert set(occasions.values()) == {1}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 15_000), max_size=60), st.integers(0, 200))
def test_looks_at_any_time_change_nothing_about_what_is_paged_when(looks, taken):
    """The daemon looks at an incident whenever anything happens to it, dies, and comes back."""
    here = company(LADDER)
    undisturbed = here.play(did(taken, status="acknowledged"), hours=4)
    idle = [Deed(T0 + timedelta(seconds=seconds), "nobody") for seconds in looks]
    assert paged(here.play(did(taken, status="acknowledged"), *idle, hours=4)) == paged(undisturbed)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 4_000), min_size=1, max_size=40), st.randoms())
def test_a_daemon_that_dies_between_deciding_and_storing_decides_the_same_again(gaps, rng):
    """What was not stored is decided anew; what was stored is read back from JSON. Nothing is paged twice, or early."""
    here = company(LADDER)
    case, runs, memory, now = here.case(), (), Memory(), T0
    sent: Counter[tuple[str, ...]] = Counter()
    for gap in gaps:
        decision = escalate(here.policies, case, runs, now, memory)
        if rng.random() < 0.6:  # else it died before the commit
            for message in decision.messages:
                sent[message.run_id, message.occasion, message.recipient, message.channel] += 1
            runs = tuple(
                run_from_json(r.id, r.policy, r.digest, r.started_at, r.ended_at, run_to_json(r))
                for r in decision.runs
            )
            assert runs == decision.runs
            memory = decision.memory
            changed = [Change(now, name, value, human=False) for name, value in decision.changes.items()]
            pages = [
                PageState(m.run_id, m.occasion, m.recipient, m.channel, "sent", now, now)
                for m in decision.messages
            ]
            case = replace(
                case,
                incident=decision.incident,
                history=[*case.history, *changed],
                pages=[*case.pages, *pages],
            )
        now += timedelta(seconds=gap)
    assert all(times == 1 for times in sent.values())


def test_the_same_in_is_the_same_out(ladder):
    first = escalate(ladder.policies, ladder.case(), (), after(16))
    assert escalate(Policies(ladder.book), ladder.case(), (), after(16)) == first
