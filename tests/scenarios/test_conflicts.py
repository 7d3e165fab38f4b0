"""Who wins, what waits for a person, what is frozen, and what opens again."""

import pytest

from syncline.errors import SynclineError

MANUAL = ("conflicts:\n  default: latest", "conflicts:\n  default: latest\n  title: manual")


@pytest.fixture
def manual(cloud):
    """A title on which a person decides conflicts."""
    cloud.configure(*MANUAL)
    trio = cloud.trio()
    cloud.people.snow_set(trio.sys_id, short_description="by the desk")
    cloud.clock.advance(5)
    cloud.people.jira_set(trio.key, summary="by operations")
    cloud.settle()
    return trio


def waiting(world, kind):
    (one,) = [parked for parked in world.parked() if parked.kind == kind]
    return one


def test_a_note_of_ours_makes_an_edit_that_is_yet_to_be_merged_no_younger(trio):
    """Its reply shows the record as of now, last written by us; the title in it was given a while ago, by amina."""
    world = trio.world
    world.settle()
    world.people.pd("POST", f"incidents/{trio.pd_id}/notes", {"note": {"content": "Look here."}})
    world.poll("pd")
    world.reconcile()
    world.people.snow_set(trio.sys_id, short_description="older")
    world.clock.advance(20)
    world.people.jira_set(trio.key, summary="younger")
    world.clock.advance(20)
    world.poll("snow")
    world.deliver("snow")
    assert any("Look here." in text for text in trio.journal())
    world.settle(8)
    assert trio.titles() == ("younger",) * 3
    (conflict,) = trio.said("conflict")
    assert "amina on snow says older and is kept here only" in conflict


def test_a_manual_conflict_holds_that_field_and_nothing_else(manual):
    world = manual.world
    assert manual.titles() == ("by the desk", "by operations", "Mail is down")
    world.people.snow_set(manual.sys_id, description="Nobody can send or receive.")
    world.settle()
    assert str(manual.jira["description"]) == "Nobody can send or receive."
    assert waiting(world, "conflict").field == "title"


@pytest.mark.parametrize(
    ("take", "title"), [("snow", "by the desk"), ("jira", "by operations"), (None, "by operations")]
)
def test_a_person_takes_one_side(manual, take, title):
    world = manual.world
    world.app.park_retry(waiting(world, "conflict").id, take)
    world.settle()
    assert manual.titles() == (title,) * 3
    assert world.parked() == []
    loser = "by operations" if take == "snow" else "by the desk"
    assert any(loser in text for text in manual.said("conflict") + manual.said("parked"))


def test_a_person_keeps_the_present_value(manual):
    world = manual.world
    world.app.park_drop(waiting(world, "conflict").id)
    world.settle()
    assert manual.titles() == ("Mail is down",) * 3
    assert world.parked() == []


def test_a_side_that_has_nothing_to_take_is_named(manual):
    world = manual.world
    with pytest.raises(SynclineError, match="jira, snow"):
        world.app.park_retry(waiting(world, "conflict").id, "pd")
    assert waiting(world, "conflict")


def test_an_edit_during_the_dispute_is_part_of_it(manual):
    world = manual.world
    world.people.pd_set(manual.pd_id, title="by those on call")
    for _ in range(3):
        world.sync(60)
    assert ["pd", "by those on call"] in waiting(world, "conflict").data["values"]
    world.app.park_drop(waiting(world, "conflict").id)
    for _ in range(3):
        world.sync(60)
    assert manual.titles() == ("Mail is down",) * 3
    told = " ".join(manual.said("parked"))
    assert all(text in told for text in ("by the desk", "by operations", "by those on call"))


def test_sides_that_agree_again_end_the_dispute_by_themselves(manual):
    world = manual.world
    world.people.snow_set(manual.sys_id, short_description="by operations")
    world.settle()
    assert manual.titles() == ("by operations",) * 3
    assert world.parked() == []
    assert any("agree" in text for text in manual.said("unparked"))


def test_a_disputed_edit_that_our_write_had_overwritten_waits_too(cloud):
    cloud.configure(*MANUAL)
    trio = cloud.trio()
    cloud.before("jira", "PUT", "/issue/", lambda: cloud.people.jira_set(trio.key, summary="by operations"))
    cloud.people.snow_set(trio.sys_id, short_description="by the desk")
    cloud.settle(6)
    one = waiting(cloud, "conflict")
    assert ["jira", "by operations"] in one.data["values"]
    cloud.settle()
    assert waiting(cloud, "conflict").id == one.id
    cloud.app.park_retry(one.id, "jira")
    cloud.settle()
    assert trio.titles() == ("by operations",) * 3


def test_the_owner_wins(cloud):
    cloud.configure("default: latest", "default: {owner: snow}")
    trio = cloud.trio()
    cloud.people.snow_set(trio.sys_id, short_description="by the owner")
    cloud.clock.advance(60)
    cloud.people.jira_set(trio.key, summary="later, elsewhere")
    cloud.settle()
    assert trio.titles() == ("by the owner",) * 3
    assert any("later, elsewhere" in text for text in trio.said("conflict"))


def test_the_highest_priority_wins(cloud):
    cloud.configure("default: latest", "default: latest\n  priority: highest")
    trio = cloud.trio()
    cloud.people.snow_set(trio.sys_id, impact="1", urgency="1")
    cloud.clock.advance(60)
    cloud.people.jira_set(trio.key, priority={"name": "Low"})
    cloud.settle()
    assert (trio.snow["priority"], trio.jira["priority"]["name"], trio.pd["priority"]["summary"]) == (
        "1",
        "Highest",
        "P1",
    )


def test_edits_on_all_sides_in_a_burst_come_to_rest(trio):
    """Several quick edits on every side: what two-way tools fall into endless loops over."""
    world = trio.world
    world.settle()
    marks = world.marks()
    for n in range(3):
        world.people.snow_set(trio.sys_id, short_description=f"desk {n}")
        world.clock.advance(0.4)
        world.people.jira_set(trio.key, summary=f"operations {n}")
        world.clock.advance(0.4)
        world.people.pd_set(trio.pd_id, title=f"on call {n}")
        world.sync(0.4)
    for _ in range(4):
        world.sync(60)
    assert len(set(trio.titles())) == 1
    assert len(world.writes(marks)) <= 4 * 9
    assert world.parked() == []
    before = world.marks()
    world.settle()
    assert world.writes(before) == []


# ---- fights -------------------------------------------------------------------------------------


def fight(trio, rounds=12):
    """Two automations that each want their own priority."""
    world = trio.world
    for _ in range(rounds):
        world.people.snow_set(trio.sys_id, impact="1", urgency="1")
        world.sync(5)
        world.people.jira_set(trio.key, priority={"name": "Low"})
        world.sync(5)


def test_a_fight_is_frozen_and_nothing_else_is(trio):
    world = trio.world
    world.settle()
    marks = world.marks()
    fight(trio)
    frozen = [parked for parked in world.parked() if parked.kind == "frozen"]
    assert {parked.field for parked in frozen} == {"priority"}
    writes = [w for w in world.writes(marks) if w.startswith(("snow PATCH", "jira PUT"))]
    assert len(writes) <= 2 * 6
    world.people.snow_set(trio.sys_id, short_description="Still in agreement")
    world.settle()
    assert trio.titles() == ("Still in agreement",) * 3


def test_a_frozen_field_flows_again_when_a_person_says_so(trio):
    world = trio.world
    fight(trio)
    for parked in world.parked():
        world.app.park_retry(parked.id)
    world.settle()
    assert world.parked() == []
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) in (("4", "Low"), ("1", "Highest"))
    assert trio.snow["priority"] == trio.pd["priority"]["summary"][1]


def test_an_outage_is_no_fight(trio):
    world = trio.world
    world.sandbox["jira"].take_down("unavailable", 503)
    for n in range(10):
        world.people.snow_set(trio.sys_id, short_description=f"During the outage {n}")
        world.sync(150)
    world.sandbox["jira"].take_down(None)
    for _ in range(6):
        world.sync(60)
    assert trio.titles() == ("During the outage 9",) * 3
    assert world.parked() == []


def test_an_outage_of_hours_leaves_one_write_for_each_field(trio):
    world = trio.world
    world.sandbox["jira"].take_down("reset")
    for n in range(24):
        world.people.snow_set(trio.sys_id, short_description=f"Hour {n}")
        world.sync(1200)
    world.sandbox["jira"].take_down(None)
    marks = world.marks()
    for _ in range(8):
        world.sync(60)
    assert trio.titles() == ("Hour 23",) * 3
    assert [w for w in world.writes(marks) if w.startswith("jira")] == ["jira PUT /rest/api/3/issue/*"]
    assert world.parked() == []


# ---- echo and provenance ------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["snow", "jira", "pd"])
def test_a_change_is_not_written_back_to_where_it_came_from(both, side):
    world = both.world
    world.settle()
    marks = world.marks()
    if side == "snow":
        world.people.snow_set(both.sys_id, short_description="New")
    elif side == "jira":
        world.people.jira_set(both.key, summary="New")
    else:
        world.people.pd_set(both.pd_id, title="New")
    for _ in range(4):
        world.sync(60)
    assert both.titles() == ("New",) * 3
    assert len(world.writes(marks)) == 2
    assert not any(write.startswith(side) for write in world.writes(marks))


@pytest.mark.parametrize("side", ["snow", "jira"])
def test_an_edit_with_our_own_account_is_an_edit(trio, side):
    """Somebody's script uses the integration account: what it changes is a change all the same."""
    world = trio.world
    world.people.snow_set(trio.sys_id, short_description="Carried by us")
    world.settle()
    if side == "snow":
        world.people.snow(
            "PATCH", f"incident/{trio.sys_id}", {"short_description": "By a script"}, "syncline"
        )
    else:
        world.people.jira("PUT", f"issue/{trio.key}", {"fields": {"summary": "By a script"}}, "syncline")
    world.settle()
    assert trio.titles() == ("By a script",) * 3


def test_a_script_that_takes_our_write_back_is_an_edit_too(trio):
    world = trio.world
    world.people.snow_set(trio.sys_id, short_description="Carried by us")
    world.settle()
    world.people.jira("PUT", f"issue/{trio.key}", {"fields": {"summary": "Mail is down"}}, "syncline")
    world.settle()
    assert trio.titles() == ("Mail is down",) * 3


# ---- the end, and after it ----------------------------------------------------------------------


def resolve(trio):
    close = {"close_code": "Solution provided", "close_notes": "Restarted."}
    trio.world.people.snow_set(trio.sys_id, state="6", **close)
    trio.world.settle()


def test_a_resolved_incident_opens_again_on_all_sides(both):
    world = both.world
    resolve(both)
    assert both.jira["status"]["statusCategory"]["key"] == "done"
    world.people.jira_move(both.key, "In Progress")
    world.settle(6)
    assert both.snow["state"] == "2"
    assert both.pd["status"] in ("triggered", "acknowledged")
    assert world.parked() == []
    marks = world.marks()
    world.settle()
    assert world.writes(marks) == []


def test_a_reopened_incident_can_be_resolved_with_the_same_words(both):
    world = both.world
    resolve(both)
    world.people.jira_move(both.key, "In Progress")
    world.settle(6)
    resolve(both)
    world.settle()
    assert both.jira["status"]["statusCategory"]["key"] == "done"
    assert both.pd["status"] == "resolved"
    assert world.parked() == []


def test_a_closed_incident_is_not_opened_again_without_a_person(trio):
    world = trio.world
    resolve(trio)
    world.people.snow_set(trio.sys_id, state="7")
    world.settle()
    world.people.jira_move(trio.key, "In Progress")
    world.settle()
    assert trio.snow["state"] == "7"
    assert trio.pd["status"] == "resolved"
    one = waiting(world, "reopen")
    assert "only from resolved" in one.reason
    world.app.park_drop(one.id)
    world.settle(6)
    assert trio.jira["status"]["statusCategory"]["key"] == "done"
    assert world.parked() == []


def test_opening_a_closed_incident_by_a_persons_word_says_what_servicenow_refuses(trio):
    world = trio.world
    resolve(trio)
    world.people.snow_set(trio.sys_id, state="7")
    world.settle()
    world.people.jira_move(trio.key, "In Progress")
    world.settle()
    world.app.park_retry(waiting(world, "reopen").id)
    world.settle()
    assert trio.jira["status"]["name"] == "In Progress"
    # ServiceNow lets nobody but an admin change what is closed.
    assert trio.snow["state"] == "7"
    refused = [parked for parked in world.parked() if parked.kind == "refused" and parked.field == "status"]
    assert [parked.instance for parked in refused] == ["snow"]


def test_a_word_that_says_the_same_elsewhere_is_an_edit_too(trio):
    """In Review is in progress to all others. It came after the end that somebody gave the incident elsewhere, unseen."""
    world = trio.world
    world.people.jira_move(trio.key, "In Progress")
    world.settle()
    world.people.snow_set(trio.sys_id, state="6", close_code="Resolved by caller", close_notes="Done.")
    world.clock.advance(30)
    world.people.jira_move(trio.key, "In Review")
    world.poll("jira")
    world.reconcile()
    assert not trio.said("conflict")
    world.settle(6)
    (conflict,) = [text for text in trio.said("conflict") if text.startswith("status")]
    assert "Bruno Keller on jira says in_progress and stands; amina on snow says resolved" in conflict
    assert (trio.jira["status"]["name"], trio.snow["state"]) == ("In Review", "2")


def test_a_word_that_says_the_same_elsewhere_gives_way_without_a_word(trio):
    """To whoever ends the incident afterwards."""
    world = trio.world
    world.people.jira_move(trio.key, "In Progress")
    world.settle()
    world.people.jira_move(trio.key, "In Review")
    world.settle()
    assert trio.snow["state"] == "2"
    world.clock.advance(30)
    world.people.snow_set(trio.sys_id, state="6", close_code="Resolved by caller", close_notes="Done.")
    world.settle(6)
    assert (trio.jira["status"]["name"], trio.snow["state"]) == ("Done", "6")
    assert not [text for text in trio.said("conflict") if text.startswith("status")]


def test_a_status_that_pagerduty_says_like_the_one_before_is_not_lost(trio):
    """Waiting is acknowledged there, as in progress is. Who resolved it just before had seen the latter."""
    world = trio.world
    world.people.jira_move(trio.key, "In Progress")
    world.settle()
    world.people.pd_set(trio.pd_id, status="resolved")
    world.clock.advance(30)
    world.people.jira_move(trio.key, "Waiting")
    world.poll("jira")
    world.reconcile()
    world.settle(6)
    (conflict,) = [text for text in trio.said("conflict") if text.startswith("status")]
    assert "Bruno Keller on jira says on_hold and stands; Noah Brooks on pd says resolved" in conflict
    assert (trio.jira["status"]["name"], trio.snow["state"], trio.pd["status"]) == (
        "Waiting",
        "3",
        "acknowledged",
    )


def test_each_of_two_who_gave_a_status_alike_is_on_record_where_it_loses(trio):
    world = trio.world
    world.people.jira_move(trio.key, "In Progress")
    world.clock.advance(3)
    world.people.snow_set(trio.sys_id, state="2")
    world.clock.advance(30)
    world.people.pd_set(trio.pd_id, status="resolved")
    for name in ("jira", "snow"):
        world.poll(name)
        world.reconcile()
    world.settle(6)
    (conflict,) = [text for text in trio.said("conflict") if text.startswith("status")]
    assert "resolved and stands" in conflict
    assert "amina on snow says in_progress" in conflict
    assert "Bruno Keller on jira says in_progress" in conflict
