"""The kit asks a platform for what it has, and a server for what it has not answered yet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests

from syncline.connector import Connector, Edit, HistoryKind, Sighting, Update
from syncline.errors import RetryLater
from syncline.testing.checks import ALL
from syncline.testing.examination import Verdict, carried_out
from syncline.testing.example.acme_desk import AcmeDesk, plugin
from syncline.testing.example.acme_stand import AcmeStand
from syncline.testing.trial import Trial
from syncline.testing.wiretap import alters, once, reply


class Unhooked(AcmeDesk):
    """It does not write `parse_hint`, as where there are no webhooks."""

    parse_hint = Connector.parse_hint


class Silent(AcmeStand):
    """It sends no webhooks."""

    delivery = None


def of_hints(connect, stand):
    (check,) = [one for one in ALL if one.name == "hint-names-its-ticket"]
    return carried_out(check, replace(plugin, connect=connect), stand).verdict


def test_where_nobody_knows_of_webhooks_none_are_asked_for():
    assert of_hints(Unhooked, Silent) is Verdict.EXEMPT


def test_webhooks_that_one_of_the_two_knows_are_asked_for():
    assert of_hints(AcmeDesk, Silent) is Verdict.NOT_MADE
    assert of_hints(Unhooked, AcmeStand) is Verdict.BROKEN


class OfOneAddress(AcmeDesk):
    """It looks at a ticket before it writes to it, and both go to one address in one way, as in JSON-RPC."""

    def write(self, operation):
        if isinstance(operation, Update):
            self._http.json("PATCH", f"/tickets/{operation.record_id}", json={}, safe=True)
        return super().write(operation)


@pytest.mark.parametrize(
    "name", ["refusal-is-a-refusal", "lost-reply-to-an-update-is-unknown", "half-an-answer-is-none"]
)
def test_what_is_to_go_wrong_with_a_write_does_not_with_the_read_before_it(name):
    (check,) = [one for one in ALL if one.name == name]
    outcome = carried_out(check, replace(plugin, connect=OfOneAddress), AcmeStand)
    assert outcome.verdict is Verdict.HOLDS, outcome


def test_an_edit_of_this_second_counts_though_the_history_tells_whole_seconds():
    at = datetime(2026, 11, 24, 8, 0, 12, tzinfo=UTC)

    class BySeconds(AcmeDesk):
        def read(self, record_id):
            return Sighting(record_id, None, edits=(Edit("1", "dana", False, at, "title", "A", "B"),))

    inline = replace(plugin.capabilities, history=HistoryKind.INLINE)
    trial = Trial(replace(plugin, connect=BySeconds, capabilities=inline), AcmeStand())
    assert [edit.id for edit in trial.history("1", at + timedelta(seconds=0.7))] == ["1"]
    assert trial.history("1", at + timedelta(seconds=1)) == []


def test_a_read_that_is_spoiled_in_many_ways_reaches_the_platform_once():
    asked = []

    def told(method, accept, mark, known):
        request = requests.Request(method, "https://stand.example/x", headers={"Accept": accept}).prepare()

        def counted():
            asked.append(method)
            return reply(request, 200, b"[%d]" % len(asked))

        return once(alters(lambda body: body + mark), known)(request, counted).content

    known = {}
    assert told("GET", "a", b"1", known) == b"[1]1"
    assert told("GET", "a", b"2", known) == b"[1]2"
    assert told("GET", "b", b"3", known) == b"[2]3"
    assert told("POST", "a", b"4", known) == b"[3]4"
    assert told("POST", "a", b"5", known) == b"[4]5"


class Remembering(AcmeStand):
    """It keeps the ids of all that was opened."""

    def __init__(self, *given, **named):
        self.opened = []
        ReadsEach.stand = self
        super().__init__(*given, **named)

    def open(self, *given, **named):
        record_id = super().open(*given, **named)
        self.opened.append(record_id)
        return record_id


class ReadsEach(AcmeDesk):
    """Its platform's list names tickets by id alone, so that it reads each, and waits for one that it cannot read yet."""

    stand = None
    shown = frozenset()

    def poll(self, cursor, limit):
        page = super().poll(cursor, limit)
        self.shown |= {one.record_id for one in page.sightings}
        if not self.shown.issuperset(self.stand.opened):
            raise RetryLater("stand: a ticket that its list names cannot be read yet")
        return page


def test_who_waits_for_what_it_cannot_read_yet_passes_nothing_over():
    (check,) = [one for one in ALL if one.name == "poll-brings-what-shows-behind-younger-ones"]
    outcome = carried_out(check, replace(plugin, connect=ReadsEach), Remembering)
    assert outcome.verdict is Verdict.EXEMPT, outcome
