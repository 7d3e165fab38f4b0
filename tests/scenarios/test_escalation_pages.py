"""Pages that nobody gets, people who come and go, and what a crash between deciding and telling does."""

from datetime import timedelta
from random import Random

import pytest
from desk import BOOK

from syncline.ledger import MESSAGES, Kind
from syncline.messages import sending
from syncline.store import messages

AMINA = "amina.diallo@example.com"


def paging(desk):
    """How the simulated PagerDuty tells people."""
    return desk.world.sandbox["pd"].platform.paging


class Cut(BaseException):
    """The power goes."""


def cut():
    raise Cut


def crash(world, what):
    """Do that until the power goes, and start again."""
    with pytest.raises(Cut):
        what()
    world.reopen()


# ---- undelivered ---------------------------------------------------------------------------------


def test_of_whom_pagerduty_does_not_reach_another_way_is_tried(desk):
    paging(desk).unreachable.add(AMINA)
    trio = desk.urgent()
    desk.at(trio, 1, 2)
    assert desk.outbox(trio) == [("step 1", "amina", "pd", "sent")]
    assert desk.hook.got == []
    desk.at(trio, 3)
    assert desk.outbox(trio) == [("step 1", "amina", "pd", "sent"), ("step 1", "amina", "hook", "sent")]
    assert desk.hook.told("amina") == ["[P1] Mail is down"]
    assert [e.text for e in desk.events(trio, "page")] == [
        "The page to Amina by pd is not known to have arrived; it is tried by hook"
    ]
    assert any("it is tried by hook" in note for note in trio.comments())
    desk.at(trio, 4, 4.5)
    assert len(desk.outbox(trio)) == 2


def test_where_no_way_is_left_somebody_else_is_paged(desk):
    paging(desk).unreachable.add(AMINA)
    trio = desk.urgent()
    desk.at(trio, 1)
    desk.hook.answers[:] = [404]
    desk.at(trio, 3)
    assert desk.outbox(trio)[:2] == [("step 1", "amina", "pd", "sent"), ("step 1", "amina", "hook", "failed")]
    desk.at(trio, 3.5)
    assert desk.outbox(trio)[2:] == [("step 1 undelivered", "diane", "hook", "sent")]
    assert desk.hook.told("diane") == ["[P1] Mail is down"]
    assert desk.events(trio, "page")[-1].text == (
        "The page to Amina by hook failed, and no other way is left; paged instead: MGMT: diane (turn)"
    )
    desk.at(trio, 4.5)
    assert len(desk.outbox(trio)) == 3


def test_who_declines_a_page_is_not_waited_for(desk):
    trio = desk.urgent()
    platform = desk.world.sandbox["pd"].platform
    platform.respond(trio.pd_id, AMINA, desk.world.clock.now(), Random(1), joins=False)
    desk.at(trio, 1)
    assert ("step 1", "amina", "hook", "sent") in desk.outbox(trio)


def test_who_answers_a_page_has_it(desk):
    trio = desk.urgent()
    platform = desk.world.sandbox["pd"].platform
    platform.respond(trio.pd_id, AMINA, desk.world.clock.now(), Random(1), joins=True)
    desk.at(trio, 1, 5, 15)
    assert desk.outbox(trio) == [("step 1", "amina", "pd", "answered")]


def test_who_is_reached_by_pagerduty_alone_is_paged_for_an_incident_that_has_yet_to_reach_it(desk):
    """It began on ServiceNow: its record on PagerDuty comes with the next deliveries."""
    desk.publish(BOOK.replace(f"pagerduty: {AMINA}}}, reach: {{hook: amina}}", f"pagerduty: {AMINA}}}"))
    trio = desk.urgent()
    assert desk.asked(trio) == ["amina"]
    assert desk.events(trio, "page") == []


def test_a_page_that_waits_for_a_record_leaves_as_soon_as_it_is_there(desk):
    """The workers of messages may be faster than those of PagerDuty."""
    world, station = desk.world, desk.world.app.station
    world.sync()
    world.people.snow_create(short_description="Mail is down", impact="1", urgency="1")
    world.poll("snow")
    world.reconcile()

    def claim():
        return station.database.transact(lambda tx: station.ledger.claim(tx, (Kind.MESSAGE,), MESSAGES))

    (lease,) = claim()
    sending.work(station, lease)
    assert claim() == []
    world.deliver("pd")
    (lease,) = claim()
    sending.work(station, lease)
    (incident,) = world.people.pd_all()
    account = world.sandbox["pd"].platform._account
    assert [len(one.responders) for one in account.records.incidents if one.id == incident["id"]] == [1]


def test_while_pagerduty_takes_no_incident_another_way_is_tried(desk):
    world = desk.world
    world.sync()
    world.sandbox["pd"].take_down()
    sys_id = world.people.snow_create(short_description="Mail is down", impact="1", urgency="1")
    world.settle()
    number = world.people.snow_get(sys_id)["number"]
    for _ in range(4):
        world.sync(60)
    assert desk.hook.told("amina") == ["[P1] Mail is down"]
    world.sandbox["pd"].take_down(None)
    world.clock.advance(120)
    world.settle()
    assert world.people.pd_all()
    assert len([t for t in world.timeline(number) if t.startswith("linked: pd")]) == 1


def test_while_a_platform_is_down_the_others_go_on_and_it_follows(desk):
    world, trio = desk.world, desk.urgent()
    desk.at(trio, 1, 5, 6, 10, 11)
    world.sandbox["pd"].take_down("hang")
    desk.at(trio, 15, 16, 17, 18.5, 19)
    assert desk.hook.told("bruno") == ["[P1] Mail is down"]
    assert trio.snow["assignment_group"]
    world.sandbox["pd"].take_down(None)
    for _ in range(5):
        world.sync(60)
    assert trio.pd["escalation_policy"]["summary"] == "Network escalation"
    assert desk.hook.told("bruno") == ["[P1] Mail is down"]
    snow, jira, pd = desk.notes(trio)
    assert snow == jira == pd
    assert world.parked() == []


# ---- not needed any more -------------------------------------------------------------------------


def waiting_for_hook(desk, answer):
    """Amina is not reached by PagerDuty, and the web hook answers that; her page waits for its next try by it."""
    paging(desk).unreachable.add(AMINA)
    trio = desk.urgent()
    desk.at(trio, 1)
    desk.hook.answers[:] = [answer]
    desk.at(trio, 3)
    return trio


def test_a_page_that_waits_for_its_next_try_does_not_leave_once_somebody_has_it(desk):
    trio = waiting_for_hook(desk, 503)
    assert desk.outbox(trio)[1:] == [("step 1", "amina", "hook", "due")]
    desk.hook.answers[:] = [503]
    desk.acknowledge(trio, "snow")
    desk.world.sync(1)
    desk.hook.answers.clear()
    desk.at(trio, 4, 4.5)
    assert desk.outbox(trio)[1:] == [("step 1", "amina", "hook", "withdrawn")]
    assert desk.hook.told("amina") == []
    assert [e.text for e in desk.events(trio, "page")][1:] == [
        "The page to Amina by hook (step 1) is not sent any more: somebody has the incident"
    ]
    # Given back, the ladder goes on by its times, as after a step that was left out.
    desk.world.people.snow_set(trio.sys_id, state="1")
    desk.at(trio, 4.7)
    assert desk.hook.told("amina") == desk.hook.told("diane") == []
    desk.at(trio, 5)
    assert desk.asked(trio) == ["amina"] * 2


def test_a_page_in_doubt_is_not_sent_once_more_when_somebody_has_it(desk):
    trio = waiting_for_hook(desk, 500)
    assert desk.outbox(trio)[1:] == [("step 1", "amina", "hook", "unknown")]
    desk.acknowledge(trio, "snow")
    desk.world.sync(1)
    desk.at(trio, 4, 4.5)
    assert desk.outbox(trio)[1:] == [("step 1", "amina", "hook", "unknown")]
    assert desk.hook.told("amina") == []
    assert [e.text for e in desk.events(trio, "page")][1:] == [
        "The page to Amina by hook (step 1) is not sent once more: somebody has the incident"
    ]


def test_what_is_to_be_said_although_somebody_has_it_leaves_all_the_same(desk):
    trio = desk.urgent()
    desk.acknowledge(trio, "snow")
    desk.at(trio, 15, 29)
    desk.hook.answers[:] = [503] * 2
    desk.at(trio, 30)
    assert ("step 3", "diane", "hook", "due") in desk.outbox(trio)
    desk.at(trio, 31, 32)
    assert ("step 3", "diane", "hook", "sent") in desk.outbox(trio)


def test_a_page_that_waits_does_not_leave_when_the_incident_is_resolved(desk):
    trio = waiting_for_hook(desk, 503)
    desk.hook.answers[:] = [503]
    desk.world.people.snow_set(trio.sys_id, state="6", close_code="Solution provided", close_notes="Mended.")
    desk.world.sync(1)
    desk.hook.answers.clear()
    desk.at(trio, 4, 4.5)
    assert desk.hook.told("amina") == []
    assert [e.text for e in desk.events(trio, "page")][1:] == [
        "The page to Amina by hook (step 1) is not sent any more: the incident is resolved"
    ]


def test_who_got_a_page_by_another_way_does_not_get_it_by_the_first_one_too(desk):
    """PagerDuty is down when it is due, and comes back later."""
    world = desk.world
    world.sync()
    world.sandbox["pd"].take_down()
    sys_id = world.people.snow_create(short_description="Mail is down", impact="1", urgency="1")
    world.settle()
    for _ in range(4):
        world.sync(60)
    assert desk.hook.told("amina") == ["[P1] Mail is down"]
    world.sandbox["pd"].take_down(None)
    world.clock.advance(120)
    world.settle()
    incident_id = world.incident_id(world.people.snow_get(sys_id)["number"])
    rows = world.app.database.transact(lambda tx: messages.of_incident(tx, incident_id))
    became = {(row.occasion, row.channel): row.state.value for row in rows}
    assert became["step 1", "pd"] == "withdrawn"
    assert became["step 1", "hook"] == "sent"
    account = world.sandbox["pd"].platform._account
    asked = [one.responders for one in account.records.incidents]
    assert [len(each) for each in asked] == [1]  # the first repetition, which was due meanwhile


# ---- crashes -------------------------------------------------------------------------------------


def told_once(desk, trio):
    """Nothing is lost and nothing is there twice, wherever we look."""
    assert desk.asked(trio) == ["amina"]
    assert desk.outbox(trio) == [("step 1", "amina", "pd", "reached")]
    assert len(desk.steps(trio)) == 1
    snow, jira, pd = desk.notes(trio)
    assert snow == jira == pd
    assert len(snow) == 1


def test_a_crash_before_anything_is_delivered(desk):
    world = desk.world
    trio = world.trio()
    world.people.snow_set(trio.sys_id, impact="1", urgency="1")
    world.poll("snow")
    world.reopen()
    world.reconcile()
    world.reopen()
    world.reconcile()
    world.settle(2)
    world.sync(60)
    told_once(desk, trio)


SEAMS = [
    ("pd", "POST", "responder_requests"),
    ("pd", "POST", "/notes"),
    ("jira", "POST", "/comment"),
    ("snow", "PATCH", "/incident/"),
    ("pd", "PUT", "/incidents"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("name", "method", "path"), SEAMS)
def test_a_crash_at_a_write(desk, name, method, path, when):
    """The power goes as a request is about to leave, or has taken effect and nobody knows yet."""
    world, trio = desk.world, desk.world.trio()
    world.people.snow_set(trio.sys_id, impact="1", urgency="1")
    getattr(world, when)(name, method, path, cut)
    crash(world, world.sync)
    world.settle(2)
    for _ in range(4):
        world.sync(45)  # longer than the quarantine of a write of which no verdict came
    told_once(desk, trio)
    assert world.parked() == []


def test_a_crash_in_the_middle_of_a_move(desk):
    """ServiceNow has the new group, PagerDuty has not, and the page to the new group has not left."""
    world, trio = desk.world, desk.urgent()
    desk.at(trio, 1, 5, 6, 10, 11)
    world.before("pd", "PUT", "/incidents", cut)
    crash(world, lambda: desk.at(trio, 15))
    assert desk.asked(trio) == ["amina"] * 3
    for _ in range(5):
        world.sync(40)  # longer than the quarantine of a write of which no verdict came
    assert desk.asked(trio) == ["amina"] * 3 + ["bruno"]
    assert trio.pd["escalation_policy"]["summary"] == "Network escalation"
    assert len([step for step in desk.steps(trio) if "step 2" in step]) == 1


def test_what_came_due_while_nobody_was_there_fires_once_and_says_how_late(desk):
    world, trio = desk.world, desk.urgent()
    desk.at(trio, 1)
    world.app.close()
    world.clock.advance(timedelta(hours=2).total_seconds())
    world.reopen()
    world.settle(2)
    steps = desk.steps(trio)
    assert len([s for s in steps if s.startswith("urgent, step 1")]) == 2  # its repetitions are one
    assert len([s for s in steps if s.startswith("urgent, step 2")]) == 1
    assert any("1h46m late" in s or "1h45m late" in s for s in steps)
    assert desk.asked(trio) == ["amina", "amina", "bruno"]


# ---- a book that changes -------------------------------------------------------------------------


def test_a_run_keeps_to_its_own_policy_and_goes_by_who_is_on_call_now(desk):
    world, trio = desk.world, desk.urgent()
    desk.at(trio, 1)
    book = BOOK.replace("at: 15m, page: L2", "at: 20m, page: L3").replace(
        "lines: {layers: [{rotate: [bruno]", "lines: {layers: [{rotate: [chloe]"
    )
    assert "at: 20m" in book
    assert "lines: {layers: [{rotate: [chloe]" in book
    desk.publish(book)
    desk.at(trio, 5, 6, 10, 11, 15, 16)
    # Step 2 is due when it was when this began; who serves the tier is Chloe by now.
    assert desk.asked(trio) == ["amina"] * 3 + ["chloe"]
    other = _another(world)
    world.reopen()
    desk.at(trio, 17)
    account = world.sandbox["pd"].platform._account
    newest = account.records.incidents[-1]
    assert newest.id != trio.pd_id
    digests = [run.digest for _, run in desk.in_progress()]
    assert len(set(digests)) == 2
    assert other in {i for i, _ in desk.in_progress()}


def _another(world):
    sys_id = world.people.snow_create(short_description="Web is down", impact="1", urgency="1")
    world.settle(2)
    return world.incident_id(world.people.snow_get(sys_id)["number"])
