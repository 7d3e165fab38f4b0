"""Pages: who is asked, in which words, and what PagerDuty says of it afterwards."""

from datetime import timedelta
from random import Random

import pytest

from syncline.connector import Paged, PagePerson, Pager, marker_of
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused

MARKER = "7k2m9qxa3b4c"
NOAH = "noah.brooks@example.com"


def page(world, record_id, person=NOAH, text="Step 2 of p1-ladder: nobody has it for 15 minutes"):
    return world.connector.write(PagePerson(record_id, MARKER, person, text))


def paged(world, record_id, since, person=NOAH):
    return world.connector.paged(record_id, person, since)


def answer(world, record_id, email=NOAH, *, joins=True):
    world.platform.respond(record_id, email, world.clock.now(), Random(3), joins=joins)


@pytest.fixture
def burning(world):
    """An incident whose on-call is Amina."""
    return world.raise_incident()["id"]


def test_a_page_is_one_request_in_our_name_and_is_known_as_ours(world, burning):
    page(world, burning)  # fetches the people
    receipts = []
    requests = world.sent(lambda: receipts.append(page(world, burning)))
    assert requests == [f"POST /incidents/{burning}/responder_requests"]
    assert receipts[0].record_id == burning
    asked = world.call("amina", "GET", f"/incidents/{burning}")["incident"]["responder_requests"][-1]
    assert asked["requester"]["id"] == world.SYNCLINE
    assert marker_of(asked["message"]) == MARKER
    assert asked["message"].startswith("Step 2 of p1-ladder")


@pytest.mark.parametrize("given", [NOAH, "NOAH.Brooks@example.com", "id"])
def test_people_go_by_their_id_or_address(world, burning, given):
    page(world, burning, world.NOAH if given == "id" else given)
    asked = world.call("amina", "GET", f"/incidents/{burning}")["incident"]["incidents_responders"]
    assert [a["user"]["id"] for a in asked] == [world.NOAH]


def test_a_person_told_is_reached_and_one_who_joins_has_answered(world, burning):
    since = world.clock.now()
    page(world, burning)
    assert paged(world, burning, since) is Paged.PENDING
    world.clock.move(6)
    assert paged(world, burning, since) is Paged.REACHED
    assert paged(world, burning, since, world.NOAH) is Paged.REACHED
    answer(world, burning)
    assert paged(world, burning, since) is Paged.ANSWERED


def test_who_declines_has_failed_even_though_told(world, burning):
    since = world.clock.now()
    page(world, burning)
    world.clock.move(6)
    answer(world, burning, joins=False)
    assert paged(world, burning, since) is Paged.FAILED


def test_who_declines_and_then_acknowledges_has_answered(world, burning):
    since = world.clock.now()
    page(world, burning)
    answer(world, burning, joins=False)
    world.clock.move(6)
    world.edit(burning, "noah", status="acknowledged")
    assert paged(world, burning, since) is Paged.ANSWERED
    # Also after somebody resolved it, when the incident shows acknowledgements no more.
    world.edit(burning, "bruno", status="resolved")
    assert paged(world, burning, since) is Paged.ANSWERED


def test_an_acknowledgement_by_somebody_else_is_no_answer(world, burning):
    since = world.clock.now()
    page(world, burning)
    world.edit(burning, "bruno", status="acknowledged")
    assert paged(world, burning, since) is Paged.PENDING


def test_an_answer_to_an_earlier_page_is_none_to_this_one(world, burning):
    page(world, burning)
    world.clock.move(6)
    answer(world, burning)
    world.clock.move(60)
    since = world.clock.now()
    page(world, burning)
    assert paged(world, burning, since) is Paged.PENDING
    world.clock.move(6)
    assert paged(world, burning, since) is Paged.REACHED


def test_nobody_is_notified(world, burning):
    since = world.clock.now()
    world.platform.paging.after = None
    page(world, burning)
    world.clock.move(3600)
    assert paged(world, burning, since) is Paged.PENDING


def test_a_notification_that_did_not_arrive_reaches_nobody(world, burning):
    since = world.clock.now()
    world.platform.paging.status = "failed"
    page(world, burning)
    world.clock.move(60)
    assert paged(world, burning, since) is Paged.PENDING


def test_somebody_unknown_is_refused_with_what_to_do(world, burning):
    with pytest.raises(Refused, match=r"knows no user 'nobody@example\.com', so nobody was paged") as caught:
        page(world, burning, "nobody@example.com")
    assert "escalation book" in str(caught.value)
    assert paged(world, burning, world.clock.now(), "PNOBODY") is Paged.FAILED


def test_a_resolved_incident_takes_no_page(world, burning):
    world.edit(burning, status="resolved")
    with pytest.raises(Refused, match="Already Resolved"):
        page(world, burning)


def test_an_incident_that_is_not_there(world):
    with pytest.raises(Gone):
        page(world, "QNOWHERE")
    with pytest.raises(Gone):
        paged(world, "QNOWHERE", world.clock.now())


def test_without_a_user_of_ours_nobody_can_be_paged(make_world):
    world = make_world({"from_email": "gone@example.com"})
    burning = world.raise_incident()["id"]
    with pytest.raises(Configuration, match="set from_email"):
        page(world, burning)


def test_a_reply_that_is_lost_may_have_paged(world, burning):
    page(world, burning)
    since = world.clock.now() + timedelta(seconds=1)
    world.clock.move(10)
    world.instance.set_faults(next={"fault": "reset_after", "method": "POST"})
    with pytest.raises(OutcomeUnknown):
        page(world, burning)
    world.clock.move(6)
    assert paged(world, burning, since) is Paged.REACHED


def test_it_is_a_pager(world):
    assert isinstance(world.connector, Pager)
