"""What is Roundup's own, on the real server."""

from importlib.util import find_spec

import pytest

from syncline.connector import Comment, Create, LinkBack, Reference, Severity, mark
from syncline.errors import Gone, RetryLater
from syncline.model import Visibility
from syncline.testing import connected
from syncline_roundup import plugin
from syncline_roundup.stand import RoundupStand

pytestmark = pytest.mark.skipif(
    find_spec("roundup") is None, reason="Roundup is not installed: pip install roundup"
)


@pytest.fixture
def stand():
    made = RoundupStand()
    yield made
    made.close()


@pytest.fixture
def roundup(stand):
    return connected(plugin, stand)


def comment(record_id, text):
    return Comment(record_id, "abcdefghijkl", f"{text}\n{mark('abcdefghijkl')}", Visibility.PUBLIC)


def findings(roundup):
    return {one.check: one for one in roundup.check()}


def test_our_message_does_not_open_a_resolved_issue_as_that_of_a_person_does(stand, roundup):
    number = stand.open({"title": "Mail is down", "status": "resolved"})
    roundup.write(comment(number, "It was the disk."))
    assert stand.issue(number)["status"]["name"] == "resolved"
    stand.say(number, "Is it?", Visibility.PUBLIC)
    assert stand.issue(number)["status"]["name"] == "chatting"


def test_what_somebody_changes_while_we_write_is_not_lost(stand, roundup, monkeypatch):
    number = stand.open({"title": "Mail is down"})
    asked = roundup._issue

    def late(record_id):
        known = asked(record_id)
        stand.say(record_id, "It is the disk.", Visibility.PUBLIC)
        return known

    monkeypatch.setattr(roundup, "_issue", late)
    with pytest.raises(RetryLater):
        roundup.write(comment(number, "It is urgent."))
    assert [one.body for one in roundup.remarks(number)] == ["It is the disk."]


def test_two_changes_of_one_second_are_told_apart(stand, roundup):
    number = stand.open({"title": "one"})
    first = roundup.read(number).record
    stand.edit(number, {"title": "two"})
    second = roundup.read(number).record
    assert second.revision > first.revision
    # What changes nothing is no change.
    stand.edit(number, {"title": "two"})
    assert roundup.read(number).record == second


def test_a_retired_issue_is_gone_though_roundup_still_shows_it(stand, roundup):
    number = stand.open({"title": "Mail is down"})
    stand.delete(number)
    assert stand.issue(number)["title"] == "Mail is down"
    with pytest.raises(Gone):
        roundup.read(number)
    with pytest.raises(Gone):
        roundup.write(comment(number, "It was the disk."))


def test_keywords_that_there_are_not_are_made(stand, roundup):
    made = roundup.write(Create("SL-7K2M9QXA", {"title": "Mail", "keyword": ("mail, old", "vip")}))
    assert roundup.read(made.record_id).record.values["keyword"] == ("mail, old", "vip")
    again = roundup.write(Create("SL-7K2M9QXB", {"title": "Mail", "keyword": ("vip",)}))
    assert roundup.read(again.record_id).record.values["keyword"] == ("vip",)


def test_links_stand_in_a_field_of_their_own(stand, roundup):
    number = stand.open({"title": "Mail is down"})
    snow = Reference("snow", "ServiceNow", "INC1", "https://snow.example/INC1", "Mail")
    jira = Reference("jira", "Jira", "OPS-1", "https://jira.example/OPS-1", "Mail")
    roundup.write(LinkBack(number, "abcdefghijkl", (snow,)))
    roundup.write(LinkBack(number, "bbbbbbbbbbbb", (snow,)))
    roundup.write(LinkBack(number, "abcdefghijkl", (snow, jira)))
    assert sorted(roundup.linked(number)) == [
        ("abcdefghijkl", "jira"),
        ("abcdefghijkl", "snow"),
        ("bbbbbbbbbbbb", "snow"),
    ]
    assert roundup.remarks(number) == []


def test_a_time_zone_that_hides_changes_is_found(stand, roundup):
    stand.open({"title": "Mail is down"})
    assert {one.severity for one in roundup.check()} == {Severity.OK}
    ours = stand.person("syncline")
    account = stand.call("GET", "user/syncline", ours)
    changed, known = {"timezone": "Asia/Tokyo"}, {"If-Match": account["@etag"]}
    stand.call("PUT", f"user/{account['id']}", ours, json=changed, headers=known)
    assert findings(roundup)["time zone"].severity is Severity.ERROR


def test_issues_that_are_not_counted_are_found(stand, roundup):
    """The detector is a file that an upgrade of the tracker may leave behind."""
    number = stand.open({"title": "Mail is down"})
    stand.unstamp(number)
    found = findings(roundup)["schema"]
    assert (found.severity, "detectors" in found.fix) == (Severity.ERROR, True)
    before = roundup.read(number).record.revision
    stand.edit(number, {"title": "Mail is down again"})
    assert roundup.read(number).record.revision > before
