"""An edit that our own write had overwritten was made by somebody who could not see what we wrote: the two contradict."""

from datetime import UTC, datetime, timedelta

import pytest

from syncline.merge import Candidate, Origin, Rules, merge
from syncline.model import Incident

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("later", "stands", "lost"), [(-30, "Desk", "Ops"), (30, "Ops", "Desk")])
def test_what_loses_against_an_overwritten_edit_is_on_record(later, stands, lost):
    written = Origin("snow", "amina", NOON)
    overwritten = Candidate(
        "title", "Ops", "Desk", Origin("jira", "bruno", NOON + timedelta(seconds=later)), recovered=True
    )
    merged = merge(Incident("SL-1", {"title": "Desk"}), {"title": written}, [], Rules(), [overwritten])
    assert merged.incident["title"] == stands
    assert [[c.value for c in conflict.losers] for conflict in merged.conflicts] == [[lost]]


def test_an_overwritten_edit_that_says_the_same_is_no_conflict():
    overwritten = Candidate("title", "Desk", "Desk", Origin("jira", "bruno", NOON), recovered=True)
    merged = merge(Incident("SL-1", {"title": "Desk"}), {}, [], Rules(), [overwritten])
    assert (merged.changes, merged.conflicts) == ({}, ())
