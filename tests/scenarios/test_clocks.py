"""Platforms whose clocks are wrong: nothing is missed, and the later edit is the one that was made later."""

import pytest

WRONG = [-600.0, -7.0, 7.0, 600.0]


@pytest.mark.parametrize("skew", WRONG)
@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_nothing_is_missed_on_a_platform_whose_clock_is_wrong(trio_of, name, skew):
    trio = trio_of("cloud", **{name: skew})
    world = trio.world
    world.people.pd_set(trio.pd_id, status="acknowledged")
    world.settle()
    assert (trio.snow["state"], trio.jira["status"]["name"]) == ("2", "In Progress")
    world.people.jira_set(trio.key, summary="From Jira")
    world.settle()
    world.people.snow_set(trio.sys_id, description="From ServiceNow")
    world.settle()
    assert trio.titles() == ("From Jira",) * 3
    assert str(trio.jira["description"]) == "From ServiceNow"
    marks = world.marks()
    world.settle()
    assert world.writes(marks) == []


@pytest.mark.parametrize("skew", WRONG)
@pytest.mark.parametrize("name", ["snow", "jira"])
def test_the_later_edit_wins_whatever_the_clocks_say(trio_of, name, skew):
    trio = trio_of("cloud", **{name: skew})
    world = trio.world
    world.people.jira_set(trio.key, summary="earlier")
    world.clock.advance(10)
    world.people.snow_set(trio.sys_id, short_description="later")
    world.settle()
    assert trio.titles() == ("later",) * 3
    assert any("earlier" in text for text in trio.said("conflict"))


@pytest.mark.parametrize("skew", WRONG)
def test_what_was_made_before_the_first_start_is_known_by_the_platforms_clock(world_of, skew):
    world = world_of("cloud", snow=skew)
    world.people.snow_create(short_description="Before")
    world.clock.advance(60)
    world.sync()
    world.clock.advance(1)
    world.people.snow_create(short_description="After")
    world.settle()
    assert [issue["fields"]["summary"] for issue in world.people.jira_all()] == ["After"]
