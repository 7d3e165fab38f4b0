"""Pages by a platform, from the outbox to the person: whatever becomes of the request, nobody is paged twice unsaid."""

import random

import pytest

from syncline import ledger
from syncline.escalation.decision import Message
from syncline.messages.wording import REPEAT
from syncline.store import messages


class Pages:
    """A page to Noah about an incident that stands on PagerDuty."""

    def __init__(self, world):
        self.world = world
        world.sync()
        self.sys_id = world.people.snow_create(short_description="Mail is down")
        world.settle()
        self.incident_id = world.incident_id(self.sys_id)
        (incident,) = world.people.pd_all()
        self.pd_id = incident["id"]

    def post(self, address="noah.brooks@example.com"):
        station = self.world.app.station
        page = Message("r1", "step 1", "noah", "pd", address, True, "P1: Mail is down", "Please look.")

        def store(tx):
            for one in messages.insert(tx, station.ids, self.incident_id, [page]):
                station.ledger.mark(tx, ledger.message(one.id), one.due, one.urgency)

        station.database.transact(store)

    def run(self, seconds):
        for _ in range(int(seconds / 2)):
            self.world.sync(2)

    def answer(self, *, joins):
        """Noah says whether he comes."""
        told = {"incident": self.pd_id, "email": "noah.brooks@example.com", "joins": joins}
        self.world.sandbox["pd"].platform.control("respond", told, self.world.clock.now(), random.Random(1))

    @property
    def one(self):
        (found,) = self.world.app.database.transact(lambda tx: messages.of_incident(tx, self.incident_id))
        return found

    @property
    def requests(self):
        """What PagerDuty was asked to tell people, in order."""
        incident = self.world.people.pd("GET", f"incidents/{self.pd_id}")["incident"]
        return [request["message"] for request in incident.get("responder_requests") or []]

    @property
    def sent(self):
        return sum("responder_requests" in r.path for r in self.world.requests("pd") if r.method == "POST")


@pytest.fixture
def pages(cloud):
    return Pages(cloud)


def told(pages):
    return pages.world.said(pages.sys_id, "paged")


def test_a_page_reaches_the_person_and_their_answer_is_seen_within_a_minute(pages):
    pages.post()
    pages.run(20)
    assert pages.one.state == "reached"
    (request,) = pages.requests
    assert request.startswith("P1: Mail is down\nPlease look.")
    pages.answer(joins=True)
    pages.run(60)
    assert pages.one.state == "answered"
    assert [line.rpartition(": ")[2] for line in told(pages)] == [
        "the service took it",
        "noah was reached",
        "noah answered",
    ]
    assert pages.sent == 1


def test_a_person_who_declines_was_not_reached(pages):
    pages.world.sandbox["pd"].platform.paging.after = None
    pages.post()
    pages.run(4)
    pages.answer(joins=False)
    pages.run(60)
    assert pages.one.state == "failed"


def test_nobody_of_that_name_is_said_at_once(pages):
    pages.post("nobody@example.com")
    pages.run(4)
    assert pages.one.state == "failed"
    (said,) = pages.world.said(pages.sys_id, "undelivered")
    assert "knows no user 'nobody@example.com'" in said


def test_a_page_of_which_nobody_is_told_is_said_to_be_so(pages):
    pages.world.sandbox["pd"].platform.paging.after = None
    pages.post()
    pages.run(120)
    assert pages.one.state == "sent"
    assert pages.one.finished_at is not None
    (said,) = pages.world.said(pages.sys_id, "undelivered")
    assert "no sign that noah was reached" in said
    assert pages.sent == 1


@pytest.mark.parametrize("fault", ["error_after", "reset_after", "late"])
def test_a_page_that_took_effect_without_a_verdict_is_not_sent_again(pages, fault):
    pages.world.fault("pd", fault, "POST", "responder_requests", seconds=3.0)
    pages.post()
    pages.run(120)
    assert pages.one.state == "reached"
    assert (pages.sent, len(pages.requests)) == (1, 1)


@pytest.mark.parametrize("fault", ["error_before", "reset_before"])
def test_a_page_that_was_lost_is_sent_once_more_and_says_so(pages, fault):
    pages.world.fault("pd", fault, "POST", "responder_requests")
    pages.post()
    pages.run(120)
    assert pages.one.state == "reached"
    (request,) = pages.requests
    assert request.startswith(REPEAT)
    assert pages.sent == 2


def test_a_restart_in_the_middle_sends_nothing_again(pages):
    pages.post()
    pages.run(2)
    assert pages.sent == 1
    pages.world.reopen()
    pages.run(60)
    assert pages.one.state == "reached"
    assert pages.sent == 1
