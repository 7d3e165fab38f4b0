"""Which platforms a world has, and that the oracle reads each of them."""

import pytest
from copied import held
from learnt import fields_of, priority_of, record_of
from loop import Loop, Machine
from people import PRIORITIES, settle_in
from places import BESIDE, PLACES, standing
from world import BEGIN

from syncline.demo.cherwell import CLOSED
from syncline.demo.equivalence import CHERWELL
from syncline.demo.people import PlatformRefusedError
from syncline.sandbox.catalogue import build
from syncline.sandbox.instance import Instance

ALWAYS = ("snow", "jira", "pd")


@pytest.mark.parametrize("name", sorted(BESIDE))
def test_others_stand_beside_the_three_in_their_share_of_the_worlds(name):
    worlds = [standing(str(seed), None) for seed in range(400)]
    assert all(world[:3] == ALWAYS for world in worlds)
    assert sum(name in world for world in worlds) / 400 == pytest.approx(PLACES[name].share, abs=0.08)
    assert standing("7", frozenset({name})) == (*ALWAYS, name)
    assert standing("7", frozenset()) == ALWAYS


@pytest.fixture
def sides():
    """All platforms, as people use them."""
    loop = Loop("a seed", BEGIN)
    platforms = Machine(loop, "platforms")
    built = {name: build(name, place.kind, **place.knobs) for name, place in PLACES.items()}
    instances = {name: Instance(name, one, clock=platforms, runtime=platforms) for name, one in built.items()}
    return settle_in(instances, platforms)


@pytest.mark.parametrize("name", sorted(BESIDE))
def test_what_people_do_there_is_what_the_oracle_sees(sides, name):
    side = sides[name]
    high = PRIORITIES[name][1]
    record = side.create("bruno", "Mail is down #00", "It began at 9.", priority=high)
    side.set("chloe", record, "title", "Mail is back #00")
    side.set("chloe", record, "assignee", "chloe.martin@example.com")
    side.set("chloe", record, "group", "Network")
    side.remark("syncline", record, "For us alone", public=False)
    side.remark("chloe", record, "For everybody", public=True)
    (ticket,) = side.census()
    assert side.look(record).title == ticket.title == "Mail is back #00"
    assert (ticket.case, ticket.assignee, ticket.group) == ("00", "chloe.martin@example.com", "Network")
    assert ticket.priority == high
    assert [(one.text, one.public) for one in ticket.remarks] == [
        ("For us alone", False),
        ("For everybody", True),
    ]
    assert side.remarks(record) == ["For us alone", "For everybody"]
    assert [one.text for one in held({name: side})[record].said] == side.remarks(record)


def test_at_helix_files_clones_and_deletions(sides):
    helix = sides["helix"]
    record = helix.create("bruno", "Mail is down #00", "It began at 9.", priority="Low")
    helix.attach("chloe", record, "trace.log", b"red\n")
    assert helix.census()[0].files == (("trace.log", 4),)
    (digest,) = held({"helix": helix})[record].files["trace.log"]
    assert digest.startswith("6ace3317")
    copy = helix.clone("chloe", record, "Another #01")
    assert helix.look(copy).priority == "Low"
    helix.delete(record)
    assert [ticket.id for ticket in helix.census()] == [copy]
    assert {ticket.id for ticket in helix.newest()} == {copy}


def test_helix_says_no_by_its_own_rules_as_others_do_with_400(sides):
    helix = sides["helix"]
    record = helix.create("bruno", "Mail is down #00", "", priority="High")
    with pytest.raises(PlatformRefusedError, match="requires an Assignee"):
        helix.set("chloe", record, "status", "In Progress")
    helix.set("chloe", record, "status", "In Progress", **{"Assignee Login ID": "bruno"})
    assert (helix.look(record).status, helix.look(record).assignee) == (
        "In Progress",
        "bruno.keller@example.com",
    )


def test_cherwell_says_no_with_a_status_that_says_yes(sides):
    cherwell = sides[CHERWELL]
    record = cherwell.create("diane", "Mail is down #00", "It began at 9.", priority="2")
    with pytest.raises(PlatformRefusedError, match="Owned By is required"):
        cherwell.set("olga", record, "status", "In Progress")
    cherwell.set("olga", record, "status", "In Progress", OwnedBy="Bruno Keller")
    there = cherwell.look(record)
    assert (there.status, there.assignee) == ("In Progress", "bruno.keller@example.com")
    cherwell.set("syncline", record, "status", "Resolved", CloseDescription="Mended.")
    assert cherwell.closed() == frozenset()
    cherwell.set("olga", record, "status", CLOSED)
    assert cherwell.closed() == {"00"}
    with pytest.raises(PlatformRefusedError, match="closed and cannot be changed"):
        cherwell.set("olga", record, "title", "Mail is up #00")
    copy = cherwell.clone("olga", record, "Another #01")
    assert cherwell.look(copy).priority == "2"
    cherwell.delete(record)
    assert [ticket.id for ticket in cherwell.census()] == [copy]


@pytest.mark.parametrize(
    ("reply", "record"),
    [
        ({"Incident Number": "INC7", "Impact": "1-Extensive/Widespread"}, "INC7"),
        ({"Incident Number": "INC7", "Detailed Description": "A note"}, None),
        ({"busObRecId": "c", "fields": [{"name": "Status", "value": "New"}]}, "c"),
        ({"sys_id": "a"}, "a"),
        ({"id": "b"}, "b"),
    ],
)
def test_what_a_reply_shows(reply, record):
    assert record_of(reply) == record


def test_cherwell_lists_its_fields():
    reply = {"busObRecId": "c", "fields": [{"name": "Priority", "value": "2"}]}
    assert fields_of(reply) == {"Priority": "2"}
    assert priority_of(CHERWELL, fields_of(reply)) == "2"
