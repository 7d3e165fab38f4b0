"""One message, from the decision to what became of it: never twice, unless it says so."""

from datetime import timedelta

import pytest

from syncline import ledger
from syncline.connector import Paged
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.ledger import MESSAGES, Kind, LeaseLost
from syncline.messages import sending
from syncline.messages.wording import REPEAT
from syncline.store import messages
from syncline.store.messages import State


def crash(monkeypatch, outbox):
    """The process dies after the message left, and before that could be stored."""

    class Died(BaseException):
        pass

    lease = outbox.claim()
    attempt = outbox.transact(lambda tx: sending.begin(tx, outbox.station, lease))
    with monkeypatch.context() as patched:

        def die(*_args, **_kwargs):
            raise Died

        patched.setattr(sending, "_finish", die)
        with pytest.raises(Died):
            sending.work(outbox.station, lease, attempt)
    outbox.restart()


# ---- by a channel ----------------------------------------------------------------------------------


def test_a_page_is_sent_once_and_its_policy_goes_on(outboxes, hook, page):
    outbox = outboxes({"hook": f"{hook.url}/{{address}}"})
    outbox.post(page())
    assert (Kind.MESSAGE, MESSAGES) in outbox.woken
    assert outbox.run(3600) == 1
    assert hook.texts == ["Nobody can pay."]
    assert (outbox.one.state, outbox.one.tried, outbox.one.error) == (State.SENT, 1, None)
    assert outbox.one.finished_at is not None
    assert [e.text for e in outbox.events("paged")] == ["page to amina by hook (step 1): the service took it"]
    assert outbox.dirty()


def test_a_message_to_stakeholders_is_sent_once_and_marks_nothing(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page(urgent=False))
    outbox.run(3600)
    assert len(hook.got) == 1
    assert [e.kind for e in outbox.events()] == ["messaged"]
    assert not outbox.dirty()


def test_the_same_decision_again_is_not_sent_again(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    assert len(outbox.post(page(), page())) == 1
    outbox.work()
    assert outbox.post(page(), page(text="other words")) == []
    assert outbox.work() == 0
    assert len(hook.got) == 1


@pytest.mark.parametrize(
    "other", [{"occasion": "step 1 again 1"}, {"recipient": "bruno"}, {"run_id": "r2"}, {"channel": "second"}]
)
def test_what_differs_in_occasion_recipient_run_or_channel_is_another_message(outboxes, hook, page, other):
    outbox = outboxes({"hook": hook.url, "second": hook.url})
    outbox.post(page(), page(**other))
    outbox.run(60)
    assert len(hook.got) == 2


def test_quiet_hours_are_kept(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page(urgent=False, not_before=outbox.clock.at + timedelta(hours=7)))
    outbox.run(7 * 3600 - 1)
    assert hook.got == []
    outbox.run(2)
    assert len(hook.got) == 1


def test_a_mark_before_the_end_of_quiet_hours_sends_nothing(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    (made,) = outbox.post(page(urgent=False, not_before=outbox.clock.at + timedelta(hours=7)))
    outbox.transact(lambda tx: outbox.station.ledger.mark(tx, ledger.message(made)))
    assert outbox.work() == 1
    assert hook.got == []
    outbox.run(7 * 3600 + 1)
    assert len(hook.got) == 1


def test_pages_go_before_messages(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page(urgent=False, text="later"), page(occasion="step 2", text="first"))
    outbox.work()
    assert hook.texts == ["first", "later"]


def test_what_surely_did_not_arrive_is_tried_again(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    hook.answers += [503, 429]
    outbox.post(page())
    outbox.run(300)
    assert hook.texts == ["Nobody can pay."] * 3, "the text is the same: nothing was received twice"
    assert (outbox.one.state, outbox.one.tried) == (State.SENT, 3)
    assert [e.kind for e in outbox.events()] == ["delayed", "paged"]


def test_a_page_fails_after_eight_tries_and_its_policy_goes_on(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    hook.answers += [503] * 50
    outbox.post(page())
    outbox.run(3600)
    assert len(hook.got) == sending.PAGE_TRIES
    assert outbox.one.state is State.FAILED
    assert outbox.one.finished_at is not None
    assert outbox.clock.at - outbox.one.finished_at > timedelta(minutes=40)
    (said,) = outbox.events("undelivered")
    assert "could not be delivered: the service answered 503; given up after 8 tries" in said.text
    assert outbox.dirty()


def test_a_page_whose_service_is_down_fails_within_a_quarter_of_an_hour(outboxes, page):
    outbox = outboxes({"hook": "json://127.0.0.1:9/x"})
    outbox.post(page())
    begun = outbox.clock.at
    outbox.run(7200)
    assert outbox.one.state is State.FAILED
    assert outbox.one.finished_at - begun <= sending.PAGE_PATIENCE + timedelta(seconds=61)


def test_a_message_outlives_an_outage_of_an_hour(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    hook.answers += [503] * 13
    outbox.post(page(urgent=False))
    outbox.run(2 * 3600)
    assert outbox.one.state is State.SENT
    assert outbox.one.finished_at - outbox.one.created_at > timedelta(minutes=20)


def test_a_message_that_is_news_no_more_is_given_up(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    hook.answers += [503] * 500
    outbox.post(page(urgent=False))
    outbox.run(24 * 3600)
    assert outbox.one.state is State.FAILED
    assert outbox.one.finished_at - outbox.one.created_at < timedelta(hours=2, minutes=6)


def test_a_refusal_is_final_at_once(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    hook.answers += [404]
    outbox.post(page())
    outbox.run(3600)
    assert len(hook.got) == 1
    assert (outbox.one.state, outbox.one.error) == (State.FAILED, "the service answered 404")
    assert outbox.dirty()


def test_a_channel_that_is_not_configured_fails_with_its_name(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page(channel="smss"))
    outbox.work()
    assert outbox.one.state is State.FAILED
    assert 'there is no channel "smss"' in outbox.events("undelivered")[0].text


# ---- no verdict ------------------------------------------------------------------------------------


def test_a_page_without_a_verdict_is_sent_once_more_and_says_so(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    hook.answers += ["break"]
    outbox.post(page())
    outbox.work()
    assert outbox.one.state is State.UNKNOWN
    assert outbox.dirty()
    outbox.run(3600)
    assert hook.texts == ["Nobody can pay.", f"{REPEAT}\n\nNobody can pay."]
    assert (outbox.one.state, outbox.one.repeated) == (State.SENT, True)
    assert [e.kind for e in outbox.events()] == ["unknown", "paged"]
    assert "it is sent once more, and says that it may be a repeat" in outbox.events("unknown")[0].text


def test_a_repeat_without_a_verdict_is_the_last(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    hook.answers += ["break"] * 10
    outbox.post(page())
    outbox.run(3600)
    assert len(hook.got) == 2
    assert outbox.one.state is State.UNKNOWN
    assert outbox.one.finished_at is not None


def test_a_repeat_that_surely_did_not_leave_is_tried_again_and_still_says_so(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    hook.answers += ["break", 503]
    outbox.post(page())
    outbox.run(3600)
    assert [text.startswith(REPEAT) for text in hook.texts] == [False, True, True]
    assert outbox.one.state is State.SENT


def test_a_repeat_that_is_refused_leaves_it_open_whether_the_first_arrived(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    hook.answers += ["break", 404]
    outbox.post(page())
    outbox.run(3600)
    assert outbox.one.state is State.UNKNOWN
    assert outbox.one.finished_at is not None


def test_a_message_without_a_verdict_is_not_sent_again(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    hook.answers += [500]
    outbox.post(page(urgent=False))
    outbox.run(24 * 3600)
    assert len(hook.got) == 1
    assert outbox.one.state is State.UNKNOWN
    assert "it is not sent again" in outbox.events("unknown")[0].text


# ---- kill -9 ---------------------------------------------------------------------------------------


def test_the_intent_is_stored_before_the_message_leaves(outboxes, hook, page, monkeypatch):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page())
    seen = []
    real = type(outbox.station.channels).send

    def watched(self, *args, **kwargs):
        seen.append((outbox.one.state, outbox.one.tried))
        return real(self, *args, **kwargs)

    monkeypatch.setattr(type(outbox.station.channels), "send", watched)
    outbox.work()
    assert seen == [(State.SENDING, 1)]


def test_a_page_that_was_on_its_way_at_the_crash_is_sent_once_more_and_says_so(
    outboxes, hook, page, monkeypatch
):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page())
    crash(monkeypatch, outbox)
    assert outbox.one.state is State.SENDING
    outbox.run(60)
    assert [text.startswith(REPEAT) for text in hook.texts] == [False, True]
    assert outbox.one.state is State.SENT
    assert "interrupted" in outbox.events("unknown")[0].text


def test_a_second_crash_ends_it(outboxes, hook, page, monkeypatch):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page())
    crash(monkeypatch, outbox)
    outbox.work()
    outbox.clock.advance(sending.REPEAT_AFTER + 1)
    crash(monkeypatch, outbox)
    outbox.run(3600)
    assert len(hook.got) == 2
    assert outbox.one.state is State.UNKNOWN


def test_a_message_that_was_on_its_way_at_the_crash_is_not_sent_again(outboxes, hook, page, monkeypatch):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page(urgent=False))
    crash(monkeypatch, outbox)
    outbox.run(3600)
    assert len(hook.got) == 1
    assert outbox.one.state is State.UNKNOWN


def test_a_restart_sends_nothing_that_had_finished(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    hook.answers += [200, 404, 200]
    ids = outbox.post(page(), page(occasion="2"), page(occasion="3", urgent=False))
    outbox.run(60)
    assert len(hook.got) == 3
    for one in ids:  # even a mark that nobody should have made
        outbox.transact(lambda tx, one=one: outbox.station.ledger.mark(tx, ledger.message(one)))
    outbox.restart()
    assert outbox.run(3600) == 3
    assert len(hook.got) == 3


@pytest.mark.parametrize("times", [1, sending.STORE_TRIES])
def test_a_database_that_is_busy_for_a_while_makes_no_repeat(outboxes, hook, page, monkeypatch, times):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page())
    lease = outbox.claim()
    attempt = outbox.transact(lambda tx: sending.begin(tx, outbox.station, lease))
    real, busy = sending._finish, [RetryLater("busy")] * times

    def finish(*args):
        if busy:
            raise busy.pop()
        real(*args)

    monkeypatch.setattr(sending, "_finish", finish)
    monkeypatch.setattr(outbox.station.runtime, "sleep", outbox.clock.advance)
    sending.work(outbox.station, lease, attempt)
    assert outbox.one.state is State.SENT
    outbox.run(3600)
    assert len(hook.got) == 1


def test_a_database_that_is_busy_for_too_long_leaves_it_open(outboxes, hook, page, monkeypatch):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page())

    def finish(*_args):
        raise RetryLater("busy")

    with monkeypatch.context() as patched:
        patched.setattr(sending, "_finish", finish)
        patched.setattr(outbox.station.runtime, "sleep", outbox.clock.advance)
        with pytest.raises(RetryLater):
            sending.work(outbox.station, outbox.claim())
    outbox.restart()
    outbox.run(60)
    assert [text.startswith(REPEAT) for text in hook.texts] == [False, True]


def test_a_lease_that_was_lost_while_it_was_sent_stores_nothing(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page())
    lease = outbox.claim()
    attempt = outbox.transact(lambda tx: sending.begin(tx, outbox.station, lease))
    outbox.restart()
    peer = outbox.claim()
    with pytest.raises(LeaseLost):
        sending.work(outbox.station, lease, attempt)
    assert outbox.one.state is State.SENDING
    sending.work(outbox.station, peer)
    assert outbox.one.state is State.UNKNOWN


# ---- by a platform ---------------------------------------------------------------------------------


def test_a_platform_pages_and_is_asked_within_a_minute_what_came_of_it(linked, platform, page):
    outbox = linked(platform)
    platform.signs += [Paged.PENDING, Paged.REACHED, Paged.ANSWERED]
    outbox.post(page(channel="pd", address="PAMINA"))
    begun = outbox.clock.at
    outbox.work()
    (asked,) = platform.pages
    assert (asked.record_id, asked.person) == ("Q1", "PAMINA")
    assert asked.text == "P1: the shop is down\nNobody can pay."
    assert asked.marker == outbox.one.id
    assert outbox.one.state is State.SENT
    outbox.run(60)
    assert outbox.one.state is State.ANSWERED
    assert len(platform.asked) == 3
    assert {since for _, _, since in platform.asked} == {begun - timedelta(seconds=5)}
    assert [e.text for e in outbox.events("paged")] == [
        "page to amina by pd (step 1): the service took it",
        "page to amina by pd (step 1): amina was reached",
        "page to amina by pd (step 1): amina answered",
    ]
    assert outbox.dirty()
    assert outbox.run(3600) == 0


def test_the_platforms_clock_is_taken_into_account(linked, platform, page):
    outbox = linked(platform)
    platform.skew = 90.0
    outbox.post(page(channel="pd"))
    begun = outbox.clock.at
    outbox.run(15)
    assert platform.asked[0][2] == begun + timedelta(seconds=85)


def test_a_page_without_a_sign_is_said_to_be_so_and_is_asked_after_until_one_is_wanted(
    linked, platform, page
):
    outbox = linked(platform)
    outbox.post(page(channel="pd", confirm_by=outbox.clock.at + timedelta(minutes=5)))
    outbox.run(3600)
    assert 6 <= len(platform.asked) <= 10
    assert outbox.one.state is State.SENT
    assert timedelta(minutes=5) <= outbox.one.finished_at - outbox.one.created_at < timedelta(minutes=6)
    assert "there is no sign that amina was reached" in outbox.events("undelivered")[0].text
    assert len(platform.pages) == 1


def test_a_person_who_declines_has_not_been_reached(linked, platform, page):
    outbox = linked(platform)
    platform.signs += [Paged.FAILED]
    outbox.post(page(channel="pd"))
    outbox.run(60)
    assert outbox.one.state is State.FAILED
    assert outbox.dirty()
    assert "declined, or could be told by no way" in outbox.events("undelivered")[0].text


def test_a_platform_that_cannot_be_asked_is_asked_again(linked, platform, page):
    outbox = linked(platform)
    platform.signs += [RetryLater("down"), Configuration("no right"), Paged.REACHED]
    outbox.post(page(channel="pd"))
    outbox.run(60)
    assert outbox.one.state is State.REACHED
    assert len(platform.pages) == 1


@pytest.mark.parametrize(
    ("outcome", "state", "pages"),
    [
        (Refused("nobody of that name"), State.FAILED, 1),
        (Gone("no such record"), State.FAILED, 1),
        (Configuration("no right"), State.FAILED, 1),
        (RetryLater("busy", 7.0), State.SENT, 2),
    ],
)
def test_what_the_platform_says_to_a_page(linked, platform, page, outcome, state, pages):
    outbox = linked(platform)
    platform.outcomes += [outcome]
    outbox.post(page(channel="pd"))
    outbox.run(9)
    assert (outbox.one.state, len(platform.pages)) == (state, pages)


def test_a_page_without_a_verdict_is_looked_for_first(linked, platform, page):
    outbox = linked(platform)
    platform.outcomes += [OutcomeUnknown("no answer")]
    platform.signs += [Paged.PENDING, Paged.REACHED]
    outbox.post(page(channel="pd"))
    outbox.work()
    assert outbox.one.state is State.UNKNOWN
    outbox.run(120)
    assert len(platform.pages) == 1, "it had arrived"
    assert outbox.one.state is State.REACHED


def test_a_page_that_is_not_found_is_sent_once_more_and_says_so(linked, platform, page):
    outbox = linked(platform)
    platform.outcomes += [OutcomeUnknown("no answer")]
    outbox.post(page(channel="pd"))
    outbox.run(60)
    assert len(platform.asked) >= 2
    first, second = platform.pages
    assert not first.text.startswith(REPEAT)
    assert second.text.startswith(REPEAT)
    assert outbox.one.repeated


def test_a_crash_while_a_platform_is_asked_to_page_is_looked_for_too(linked, platform, page, monkeypatch):
    outbox = linked(platform)
    outbox.post(page(channel="pd"))
    crash(monkeypatch, outbox)
    platform.signs += [Paged.ANSWERED]
    outbox.clock.advance(3600)
    outbox.run(60)
    assert len(platform.pages) == 1
    assert outbox.one.state is State.ANSWERED


def test_a_page_waits_for_the_ticket_that_it_is_about(outboxes, platform, page):
    outbox = outboxes({}, {"pd": platform})
    outbox.post(page(channel="pd"))
    outbox.run(3600)
    assert platform.pages == []
    assert outbox.one.state is State.FAILED
    assert "there is no ticket of the incident on pd yet" in outbox.events("undelivered")[0].text


def test_the_store_says_what_the_evaluator_wants_to_know(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    outbox.post(page(), page(occasion="told", urgent=False), page(run_id="r2"), incident_id="SL-1")
    outbox.post(page(run_id="r3"), incident_id="SL-2")
    outbox.work()
    found = outbox.transact(lambda tx: messages.states(tx, ["SL-1", "SL-2", "SL-3"]))
    assert {i: sorted((s.run_id, s.state) for s in states) for i, states in found.items()} == {
        "SL-1": [("r1", "sent"), ("r2", "sent")],
        "SL-2": [("r3", "sent")],
    }


def test_what_a_platform_is_asked_to_say_is_clean_and_not_without_end(linked, platform, page):
    outbox = linked(platform)
    text = "{x} \x1b[31m\u202e" + "A" * 200_000
    outbox.post(page(channel="pd", address="PAMINA", title=f"[P1] {text}", text=text))
    outbox.work()
    (asked,) = platform.pages
    assert len(asked.text) <= 4_000
    assert asked.text.startswith("[P1] {x} [31mAAA")
    assert "\x1b" not in asked.text
    assert "\u202e" not in asked.text
    assert asked.text.endswith("...")


def test_a_page_in_doubt_is_asked_for_before_it_leaves_again_however_long_we_were_away(
    linked, platform, page, monkeypatch
):
    outbox = linked(platform)
    outbox.post(page(channel="pd", address="PAMINA"))
    crash(monkeypatch, outbox)
    outbox.work()
    assert outbox.one.state is State.UNKNOWN
    outbox.clock.advance(3_600)
    outbox.restart()
    platform.signs += [Paged.REACHED]
    outbox.run(60)
    assert outbox.one.state is State.REACHED
    assert len(platform.pages) == 1
