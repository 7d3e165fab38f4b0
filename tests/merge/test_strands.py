"""What histories tell of records whose store was lost."""

from datetime import UTC, datetime, timedelta

import pytest

from syncline.assembly import compiled
from syncline.configuration.defaults import default_mapping
from syncline.connector import Edit, Record
from syncline.mapping.directory import Parties
from syncline.plugins import discover
from syncline.restoring.strands import Side, side, unlogged

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def side_of(platform: str, record: Record, edits: list[Edit]) -> Side:
    path = default_mapping(platform)
    assert path is not None
    plugin = discover().found[platform]
    mapping = compiled(path.read_text(), str(path), plugin)
    return side(platform, record, edits, mapping, Parties(), plugin.capabilities, timedelta(), ())


def edit(actor: str, minutes: float, before: str | None, after: str) -> Edit:
    at = NOON + timedelta(minutes=minutes)
    return Edit(f"{minutes}", actor, actor == "syncline", at, "Description", before, after)


@pytest.mark.parametrize(("marker", "told"), [("SL-1", []), (None, ["Mail is down"])])
def test_what_we_created_a_record_with_is_no_edit(marker, told):
    """BMC Helix logs it; to PagerDuty, which logs no titles, it looked as if somebody had given that title there since."""
    edits = [edit("syncline", 0, None, "Mail is down"), edit("bruno", 5, "Mail is down", "Mail is slow")]
    later = NOON + timedelta(minutes=5)
    ours = Record("2", "INC2", "", {"Description": "Mail is slow"}, 2, NOON, later, marker=marker)
    helix = side_of("helix", ours, edits)
    assert [said.value for said in helix.of("title")] == [*told, "Mail is slow"]
    first = Record("1", "#1", "", {"title": "Mail is down"}, 1, NOON, later)
    assert not unlogged("title", side_of("pagerduty", first, []), [helix])
