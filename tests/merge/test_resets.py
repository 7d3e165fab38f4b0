"""What a platform makes of other fields with our own write, and what it sets by itself, is no person's edit."""

from datetime import UTC, datetime

import pytest

from syncline.mapping import Parties, load_mapping
from syncline.merge import PLATFORM, Candidate, Origin, Rules, Sent, View, look, merge
from syncline.model import Incident

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MAPPING = load_mapping("""\
mapping: 1
platform: test
fields:
  status:
    field: status
    values: {new: triggered, acknowledged: acknowledged, in_progress: acknowledged, on_hold: acknowledged, resolved: resolved, closed: resolved, canceled: resolved}
    read: {acknowledged: acknowledged, resolved: resolved}
  category: team
""")
NOBODY = Parties.of()
RESETS = {"status": "triggered"}


def view(shadow, seen, settled, **who):
    return View("pd", shadow, settled, seen, NOON, **who)


def statuses(shadow, seen, settled="in_progress", sent=(), **who):
    found = look(
        view({"status": shadow}, {"status": seen}, {"status": settled}, **who), MAPPING, NOBODY, sent
    )
    return found.candidates, found.shadow["status"], found.settled["status"]


@pytest.mark.parametrize(
    ("open_", "who", "ours"),
    [
        (True, {}, True),
        (True, {"seen_by": "Noah"}, True),
        (False, {"own": True, "seen_by": "Syncline"}, True),
        (False, {"seen_by": "Noah"}, False),
    ],
)
def test_a_status_that_fell_with_our_write_is_nobodys(open_, who, ours):
    sent = [Sent({"policy": "P2"}, {"group": "DBA"}, open_, RESETS)]
    candidates, shadow, settled = statuses("acknowledged", "triggered", sent=sent, **who)
    assert [c.value for c in candidates] == ([] if ours else ["new"])
    assert shadow == "triggered"
    assert settled == ("in_progress" if ours else "new")


def test_what_a_person_made_of_it_meanwhile_is_theirs():
    sent = [Sent({"policy": "P2"}, {"group": "DBA"}, True, RESETS)]
    candidates, _, settled = statuses("acknowledged", "resolved", sent=sent, seen_by="Noah")
    assert [c.value for c in candidates] == ["resolved"]
    assert settled == "resolved"


@pytest.mark.parametrize("settled", ["acknowledged", "in_progress", "on_hold"])
def test_a_side_that_had_fallen_and_is_acknowledged_again_says_so(settled):
    (again,), shadow, kept = statuses("triggered", "acknowledged", settled, seen_by="Noah")
    assert (again.again, again.value, again.origin.actor) == (True, settled, "Noah")
    assert (shadow, kept) == ("acknowledged", settled)
    side = look(
        view({"status": "triggered"}, {"status": "acknowledged"}, {"status": settled}, seen_by="Noah"),
        MAPPING,
        NOBODY,
    )
    merged = merge(Incident("SL-1", {"status": settled}), {}, [side], Rules())
    assert (merged.changes, merged.conflicts) == ({}, ())
    assert merged.confirmed["status"].origin.actor == "Noah"
    # Where another side says something new, that is what counts.
    other = Candidate("status", "resolved", settled, Origin("snow", "amina", NOON))
    merged = merge(Incident("SL-1", {"status": settled}), {}, [side], Rules(), [other])
    assert merged.incident.status == "resolved"
    assert merged.confirmed == {}


def test_a_side_that_had_not_fallen_says_nothing_again():
    candidates, _, _ = statuses("triggered", "acknowledged", "new", seen_by="Noah")
    assert [(c.value, c.again) for c in candidates] == [("acknowledged", False)]
    # Nor does one of which no shadow was kept.
    side = look(view({}, {"status": "acknowledged"}, {"status": "in_progress"}), MAPPING, NOBODY)
    assert side.candidates == ()


@pytest.mark.parametrize(
    ("who", "automatic"),
    [({}, True), ({"own": True, "seen_by": "Syncline"}, True), ({"seen_by": "Noah"}, False)],
)
def test_what_the_platform_sets_by_itself_is_by_the_platform(who, automatic):
    seen = view({"team": "a"}, {"team": "b"}, {"category": "a"}, **who)
    (found,) = look(seen, MAPPING, NOBODY, (), frozenset({"team"})).candidates
    assert (found.value, found.automatic) == ("b", automatic)
    assert found.origin.actor == (PLATFORM if automatic else "Noah")
    # A field that only people set is somebody's.
    (found,) = look(seen, MAPPING, NOBODY).candidates
    assert not found.automatic
