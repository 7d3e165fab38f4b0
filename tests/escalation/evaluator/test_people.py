"""Whom a step reaches: nobody on call, pages that nobody got, quiet hours, raised hands, and what happens again and again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from company import LADDER, T0, WORLD, after, company, did, paged, pages, told

from syncline.escalation import Policies, escalate
from syncline.escalation.case import Change, Hand
from syncline.escalation.playing import Deed, play

NIGHT = T0.replace(hour=20)


def steps(nobody: str) -> str:
    return f"""
  - id: security
    when: priority == 1
    steps:
      - {{at: 0m, page: L3}}
      - {{at: 60m, page: MGMT}}
    nobody: {nobody}
    end: {{page: MGMT, every: 12h}}
"""


def test_nobody_on_call_goes_on_at_once():
    played = company(steps("next")).play(at=NIGHT, hours=2)
    assert [(at - NIGHT, m.recipient) for at, m in played.messages] == [(timedelta(0), "chloe")]
    assert any("nobody is on call for L3" in line for line in told(played))


def test_nobody_on_call_waits_for_somebody():
    played = company(steps("wait")).play(at=NIGHT, hours=12)
    # 20:00 UTC is 22:00 in Paris; the day shift of security begins at 08:00 there, 06:00 UTC.
    assert [(at - NIGHT, m.recipient) for at, m in played.messages] == [
        (timedelta(hours=1), "chloe"),
        (timedelta(hours=10), "olga"),
    ]
    assert sum("waits" in line for line in told(played)) == 1


def test_nobody_on_call_and_somebody_stands_in():
    played = company(steps("person:bruno")).play(at=NIGHT, hours=2)
    assert [m.recipient for _, m in played.messages] == ["bruno", "chloe"]


def test_the_last_step_that_reaches_nobody_is_the_end_at_once():
    policy = """
  - id: security
    when: priority == 1
    steps: [{at: 0m, page: L3}]
    end: {page: MGMT, every: 30m}
"""
    played = company(policy).play(at=NIGHT, hours=1.1)
    assert [(at - NIGHT) for at, _ in played.messages] == [
        timedelta(0),
        timedelta(minutes=30),
        timedelta(minutes=60),
    ]


def test_a_platform_that_pages_goes_first_and_its_silence_is_noticed():
    here = company(LADDER, pagers={"pagerduty": "pd", "pd": "pd"})
    assert pages(here.play(hours=0.2))[0] == (0, "amina", "pd")
    silent = here.play(hours=0.3, becomes=lambda m: "sent")
    # A page by PagerDuty of which no sign comes within five minutes is tried by mail, which gives none.
    assert pages(silent)[:3] == [(0, "amina", "pd"), (5, "amina", "email"), (5, "amina", "pd")]


def test_a_page_that_fails_is_tried_by_every_way_and_then_by_others():
    here = company(LADDER.replace("nobody: next", "undelivered: {after: 2m, page: MGMT}"))
    played = here.play(hours=0.1, becomes=lambda m: "failed" if m.recipient == "amina" else "sent")
    assert pages(played)[:3] == [(0, "amina", "email"), (0, "amina", "sms"), (0, "chloe", "email")]
    assert any("no other way is left; paged instead: MGMT: chloe" in line for line in told(played))


def test_who_gets_a_page_by_another_way_or_for_somebody_else_gets_its_runbook_too():
    policy = LADDER.replace("nobody: next", "undelivered: {after: 2m, page: MGMT}")
    here = company(policy.replace("page: L1", "runbook: https://wiki/db, page: L1"))
    played = here.play(hours=0.1, becomes=lambda m: "failed" if m.recipient == "amina" else "sent")
    first, second, stand_in = [m for _, m in played.messages][:3]
    assert [first.channel, second.channel, stand_in.recipient] == ["email", "sms", "chloe"]
    for message in (first, second, stand_in):
        assert "\nRunbook: https://wiki/db\n" in message.text


def test_the_ways_of_the_policy_go_before_the_persons_own():
    here = company(
        LADDER.replace("nobody: next", "undelivered: {after: 2m, via: [sms]}"),
        pagers={"pagerduty": "pd", "pd": "pd"},
    )
    played = here.play(hours=0.05, becomes=lambda m: "failed" if m.channel == "pd" else "sent")
    assert pages(played) == [(0, "amina", "pd"), (0, "amina", "sms")]


def test_quiet_hours_hold_messages_back_and_never_pages():
    world = WORLD + 'says:\n  news: {to: [MGMT], via: [email], title: "{priority} {title}", text: "{why}"}\n'
    here = company(
        "  - {id: tell, when: priority == 1, steps: [{at: 0m, page: MGMT, say: news}], end: none}\n", world
    )
    played = here.play(at=T0.replace(hour=23), hours=1)
    page, news = [m for _, m in played.messages]
    assert page.urgent
    assert page.not_before is None
    assert not news.urgent
    assert news.not_before == (T0 + timedelta(days=1)).replace(hour=5)
    assert news.title == "P1 The database is down"


HAND = """
  - id: hand
    trigger: manual
    when: 'tier in ["L1", "L2"]'
    steps:
      - {at: 0m, page: next, until: ack, keep: raiser}
      - {at: 10m, page: MGMT, if: not ack}
    guard: {cooldown: 10m, blame: never}
    end: {page: MGMT, every: 30m}
"""


def raises(minutes: float, reason: str = "") -> Deed:
    return Deed(after(minutes), "junior", hand=reason)


def test_a_raised_hand_escalates_at_once_though_somebody_has_it():
    played = company(HAND).play(
        did(1, status="in_progress"), raises(5, "looks like an attack"), hours=0.5, priority=4
    )
    assert paged(played) == [(5, "bruno"), (15, "chloe")]
    assert any("junior raised it: looks like an attack" in line for line in told(played))
    assert all(h.data.get("blame") is not True for m in played.moments for h in m.happened)


def test_the_one_who_was_called_takes_it():
    here = company(HAND, pagers={"pagerduty": "pd"})
    played = here.play(raises(5), Deed(after(8), "bruno", answers="bruno"), hours=0.5, priority=4)
    assert paged(played) == [(5, "bruno")]


def test_a_hand_that_is_raised_twice_in_a_moment_is_one_call_and_later_another():
    played = company(HAND).play(raises(5), raises(6), raises(40), hours=0.8, priority=4)
    assert [minutes for minutes, who in paged(played) if who == "bruno"] == [5, 40]
    assert any("answered it already" in line for line in told(played))


def test_a_raised_hand_that_nobody_answers_says_so_once():
    played = company(LADDER).play(raises(5), hours=1, priority=4)
    assert paged(played) == []
    assert sum("nobody was paged" in line for line in told(played)) == 1


AGAIN = """
  - id: compromised
    trigger: recur
    count: {of: 'category == "account-compromise"', same: account, within: 30d, at_least: 3}
    when: 'category == "account-compromise" and priority != 1'
    steps:
      - {at: 0m, page: L3, move: true, do: [link_incidents, open_problem, raise_priority]}
    guard: {once_per: 7d}
    end: none
"""


def compromised(here, number, last=None):
    values = {"category": "account-compromise", "custom.account": "carol", "priority": 3}
    case = replace(
        here.case(**values),
        recurrences={"compromised": number},
        related={"compromised": ("SL-7", "SL-8")},
        last_runs={} if last is None else {"compromised": last},
    )
    return play(here.policies, case, (), T0 + timedelta(hours=2))


def test_what_happens_for_the_third_time_is_no_small_matter():
    here = company(AGAIN)
    assert compromised(here, 2).runs == ()
    played = compromised(here, 3)
    assert paged(played) == [(0, "olga")]
    assert played.case.incident["group"] == "Security"
    assert played.case.incident["priority"] == 2
    assert played.case.incident["labels"] == ("open-problem",)
    assert any("belongs to SL-7, SL-8" in line for line in told(played))
    assert played.runs[0].subject == "carol"


def test_an_open_escalation_absorbs_what_comes_after_it():
    here = company(AGAIN)
    assert compromised(here, 4, T0 - timedelta(days=6)).runs == ()
    assert len(compromised(here, 4, T0 - timedelta(days=7)).runs) == 1


def test_a_priority_is_raised_once():
    here = company(LADDER, WORLD + "priority: {raise: [{when: vip, by: 1}]}\n")
    played = here.play(
        Deed(after(30), "amina", {"priority": 4}), hours=1, priority=3, **{"custom.vip": "true"}
    )
    assert played.case.incident["priority"] == 4
    assert sum("Priority 3 -> 2" in line for line in told(played)) == 1


def test_a_priority_that_no_platform_names_comes_from_the_matrix():
    here = company(LADDER, WORLD + "priority: {matrix: [[1, 2, 3], [2, 3, 4], [3, 4, 5]]}\n")
    played = here.play(hours=0.1, priority=None, impact=1, urgency=1)
    assert played.case.incident["priority"] == 1
    assert paged(played)[0] == (0, "amina")


TWO = """
  - {id: one, when: priority == 1, steps: [{at: 1m, page: L1}], end: none%s}
  - {id: two, when: priority <= 2, steps: [{at: 2m, page: L2}], end: none}
"""


@pytest.mark.parametrize(("beside", "expected"), [("", ["one"]), (", with: [two]", ["one", "two"])])
def test_two_policies_run_beside_each_other_only_if_one_says_so(beside, expected):
    played = company(TWO % beside).play(hours=1)
    assert [run.policy for run in played.runs] == expected


def test_a_condition_on_time_turns_by_itself():
    here = company(
        "  - {id: slow, trigger: time, when: age > 2h and not ack, steps: [{at: 0m, page: L1}], end: none}\n"
    )
    played = here.play(hours=3)
    assert [round(minutes, 3) for minutes, _ in paged(played)] == [120.0]
    assert paged(here.play(did(30, status="acknowledged"), hours=3)) == []


def test_a_run_keeps_to_the_policy_that_it_began_with(ladder):
    first = escalate(ladder.policies, ladder.case(), (), T0)
    changed = company(LADDER.replace("at: 15m", "at: 40m"))
    policies = Policies(changed.book, {ladder.book.digest: ladder.book})
    later = escalate(policies, ladder.case(), first.runs, after(15), first.memory)
    assert "bruno" in [m.recipient for m in later.messages]


def test_who_is_on_call_is_always_of_today(ladder):
    first = escalate(ladder.policies, ladder.case(), (), T0)
    sick = WORLD.replace(
        "  db:   {tz: Europe/Paris,",
        "  db:   {tz: Europe/Paris, overrides: [{who: olga, from: 2026-06-03T00:00, to: 2026-06-04T00:00, why: bruno is ill}],",
    )
    policies = Policies(company(LADDER, sick).book, {ladder.book.digest: ladder.book})
    later = escalate(policies, ladder.case(), first.runs, after(15), first.memory)
    assert [m.recipient for m in later.messages if m.occasion == "step 2"] == ["olga"]


def test_a_number_in_a_field_of_ones_own_is_a_number():
    world = WORLD + "fields: {users: {from: custom.users, type: number}}\n"
    here = company("  - {id: many, when: users > 90, steps: [{at: 0m, page: L1}], end: none}\n", world)
    assert paged(here.play(hours=1, **{"custom.users": "100"})) == [(0, "amina")]
    assert paged(here.play(hours=1, **{"custom.users": "9"})) == []
    assert paged(here.play(hours=1, **{"custom.users": "many"})) == []


def test_deliberately_nothing_after_the_last_step():
    here = company("  - {id: night, when: priority == 1, steps: [{at: 0m, page: L3}], end: none}\n")
    played = here.play(at=NIGHT, hours=48)
    assert not played.messages
    assert not any("after the last step" in line for line in told(played))


def test_who_is_informed_of_what_somebody_has_is_informed_all_the_same():
    here = company(LADDER.replace("nobody: next", "undelivered: {after: 2m}"))
    played = here.play(
        did(7, status="acknowledged"),
        hours=0.6,
        becomes=lambda m: "failed" if m.channel == "email" else "sent",
    )
    assert pages(played)[-2:] == [(30, "chloe", "email"), (30, "chloe", "sms")]


def test_a_page_that_failed_before_somebody_took_it_is_not_sent_on():
    here = company(LADDER.replace("nobody: next", "undelivered: {after: 10m}"))
    played = here.play(did(3, status="acknowledged"), hours=0.4, becomes=lambda m: "unknown")
    assert pages(played) == [(0, "amina", "email")]


@pytest.mark.parametrize(
    ("decided", "step", "goes_on"),
    [(5, "step 1 again 1", False), (15, "step 2", False), (30, "step 3", True), (60, "end 1", False)],
)
def test_a_page_that_was_decided_before_we_saw_that_somebody_has_it_is_not_sent_on(decided, step, goes_on):
    """Somebody takes it just before a page is decided, and we see that just after it: what calls for somebody has no use any
    more; what tells somebody has."""
    last = "      - {at: 75%, page: MGMT, if: not resolved}\n"
    here = company(LADDER.replace(last, "").replace("nobody: next", "undelivered: {after: 2m}"))
    played = here.play(hours=decided / 60, becomes=lambda m: "sent")
    (lost,) = [page for page in played.case.pages if page.occasion == step]
    assert lost.created_at == after(decided)
    case = replace(
        played.case,
        incident=played.case.incident.changed({"status": "acknowledged"}),
        history=[*played.case.history, Change(after(decided - 0.1), "status", "acknowledged")],
        pages=[replace(p, state="failed") if p == lost else p for p in played.case.pages],
    )
    sent = escalate(here.policies, case, played.runs, after(decided + 0.1)).messages
    assert [m.occasion for m in sent] == ([step] if goes_on else [])


def test_a_page_that_nobody_got_never_goes_to_the_same_person_again():
    both = WORLD.replace("rotate: [bruno]", "rotate: [amina]")
    here = company(LADDER.replace("nobody: next", "undelivered: {after: 2m}"), both)
    played = here.play(hours=0.05, becomes=lambda m: "failed" if m.recipient == "amina" else "sent")
    assert paged(played) == [(0, "amina"), (0, "amina"), (0, "chloe")]


def test_nobody_at_all_is_said_and_not_hidden():
    here = company(LADDER.replace("nobody: next", "undelivered: {after: 2m}"))
    played = here.play(hours=0.05, becomes=lambda m: "failed")
    assert [who for _, who in paged(played)] == ["amina", "amina", "bruno", "chloe", "chloe"]
    assert any("nobody else to page" in line for line in told(played))


def test_one_who_got_it_is_enough():
    two = WORLD.replace("L1: {who: desk,", "L1: {who: [desk, db],")
    here = company(LADDER.replace("nobody: next", "undelivered: {after: 2m}"), two)
    played = here.play(hours=0.05, becomes=lambda m: "failed" if m.recipient == "amina" else "sent")
    assert paged(played) == [(0, "amina"), (0, "bruno"), (0, "amina")]
    assert any("others got it" in line for line in told(played))


def test_pagerduty_that_pages_by_itself_is_not_paged_when_a_page_is_lost():
    own = LADDER.replace("nobody: next", "pagerduty: own")
    here = company(own, pagers={"pagerduty": "pd", "pd": "pd"})
    played = here.play(hours=0.05, becomes=lambda m: "failed" if m.recipient == "amina" else "sent")
    assert {channel for _, _, channel in pages(played)} == {"email", "sms"}


def test_news_that_is_said_again_in_quiet_hours_comes_once_when_they_end():
    world = WORLD + "says:\n  news: {to: [MGMT], via: [email], every: 30m}\n"
    here = company(
        "  - {id: tell, when: priority == 1, steps: [{at: 0m, page: L1, say: news}], end: none}\n", world
    )
    played = here.play(at=T0.replace(hour=22), hours=9)
    news = [(at, m.not_before) for at, m in played.messages if not m.urgent]
    morning = T0.replace(day=4, hour=5)
    assert news[0] == (T0.replace(hour=22), morning)
    assert [at for at, _ in news[1:]] == [morning + timedelta(minutes=30 * n) for n in range(5)]


def test_a_template_names_who_gets_it_and_who_raised_it():
    world = WORLD + 'says:\n  help: {to: [MGMT], title: "{person}: {raised_by} asks", text: "{{ {why} }}"}\n'
    here = company(HAND.replace("if: not ack}", "if: not ack, say: help}"), world)
    played = here.play(raises(0, "{title}"), hours=0.3, priority=4)
    (said,) = [m for _, m in played.messages if not m.urgent]
    assert (said.title, said.text) == ("chloe: junior asks", "{ junior raised it: {title} }")


def test_who_takes_it_between_the_call_and_our_look_has_heard_it():
    """A hand is raised in the fifth minute and somebody takes it in the sixth; both are seen in the seventh."""
    here = company(HAND)
    case = here.case(priority=4, status="in_progress")
    case = replace(
        case,
        hands=[Hand(1, after(5), "junior")],
        history=[*case.history, Change(after(6), "assignee", "bruno")],
        activity=[after(6)],
    )
    decision = escalate(here.policies, case, (), after(7))
    assert not decision.messages
    early = replace(case, history=[*case.history[:-1], Change(after(4), "assignee", "bruno")])
    assert [m.recipient for m in escalate(here.policies, early, (), after(7)).messages] == ["bruno"]


def test_a_policy_that_is_added_later_does_not_call_everybody_about_every_old_ticket(ladder):
    added = Policies(ladder.book, began={"ladder": after(120)})
    first = escalate(added, ladder.case(), (), after(121))
    assert [m.recipient for m in first.messages] == ["amina"]
    later = escalate(
        added, replace(ladder.case(), incident=first.incident), first.runs, after(135), first.memory
    )
    assert [m.recipient for m in later.messages] == ["amina", "bruno"]


def test_the_repetitions_of_a_page_to_the_tier_above_go_where_the_first_one_went():
    call = HAND.replace(
        "page: next, until: ack,", "page: next, move: true, until: ack, again: {every: 3m, times: 2},"
    )
    played = company(call).play(raises(0), hours=0.15, priority=4)
    assert paged(played) == [(0, "bruno"), (3, "bruno"), (6, "bruno")]
    assert played.case.incident["tier"] == "L2"
