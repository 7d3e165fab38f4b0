"""No platform offers a conditional write: what people edit between our look and our write, and just after it."""

import pytest

from syncline.errors import Configuration, RetryLater
from syncline.intake.sightings import take_in

PUTS = {"snow": ("PATCH", r"table/incident/"), "jira": ("PUT", r"/issue/"), "pd": ("PUT", r"^/incidents/")}


def spread(trio, name, **both):
    """Change something elsewhere, so that it is written to that side."""
    if name == "snow":
        trio.world.people.jira_set(trio.key, **both["jira"])
    else:
        trio.world.people.snow_set(trio.sys_id, **both["snow"])


def edited_before_we_write(trio, name):
    """Somebody gives the record another title there, seconds before our next write to it."""
    world = trio.world

    def edit():
        world.clock.advance(3)
        if name == "snow":
            world.people.snow_set(trio.sys_id, short_description="by a person there")
        else:
            world.people.jira_set(trio.key, summary="by a person there")
        world.clock.advance(3)

    world.before(name, *PUTS[name], edit)


@pytest.mark.parametrize("name", ["snow", "jira"])
@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_an_edit_between_our_look_and_our_write_is_not_lost(request, name, flavour, folder, monkeypatch):
    trio = request.getfixturevalue("trio_of")(flavour)
    world = trio.world

    edited_before_we_write(trio, name)
    spread(trio, name, snow={"short_description": "from elsewhere"}, jira={"summary": "from elsewhere"})
    world.settle(6)
    # The edit came later than the one that we carried there: it wins, and the other is on record.
    assert trio.titles() == ("by a person there",) * 3
    assert any("from elsewhere" in text for text in trio.said("conflict"))


def test_an_overwritten_resolution_is_not_lost_in_pagerduty(trio):
    world = trio.world

    def edit():
        world.clock.advance(3)
        world.people.pd_set(trio.pd_id, status="resolved")
        world.clock.advance(3)

    world.before("pd", *PUTS["pd"], edit)
    world.people.snow_set(trio.sys_id, state="2")
    world.settle(6)
    resolved = (trio.snow["state"], trio.pd["status"]) == ("6", "resolved")
    assert resolved or trio.said("conflict") or trio.said("parked")
    assert (trio.snow["state"] == "6") == (trio.pd["status"] == "resolved")


def test_an_overwritten_edit_is_found_by_the_sweep_where_no_poll_brings_the_log(trio):
    """PagerDuty's history comes with polls. Where none comes, the sweep asks for that of what we wrote; once, and not where
    polls run."""
    world = trio.world

    def edit():
        world.clock.advance(3)
        world.people.pd_set(trio.pd_id, status="acknowledged")
        world.clock.advance(3)

    world.before("pd", *PUTS["pd"], edit)
    world.people.snow_set(trio.sys_id, state="6", close_code="Resolved by caller", close_notes="Done.")
    world.poll("snow")
    world.reconcile()
    world.deliver("pd")
    world.clock.advance(10)

    def histories():
        marks = world.marks()
        world.sweep("pd")
        world.reconcile()
        return [call for call in world.calls(marks)["pd"] if "log_entries" in call]

    assert histories() == []
    world.clock.advance(3_600)
    assert len(histories()) == 1
    (conflict,) = trio.said("conflict")
    assert "Noah" in conflict
    assert histories() == []


@pytest.mark.parametrize("same_second", [False, True])
def test_an_edit_that_a_list_shows_after_our_write_overwrote_it_is_not_lost(trio, same_second):
    """PagerDuty keeps no history of titles. The list was made before our write came, and is read after it was answered: too
    old to be believed, or not to be told from what is, and the one trace of the edit."""
    world = trio.world
    world.people.snow_set(trio.sys_id, short_description="from elsewhere")
    world.poll("snow")
    world.reconcile()
    world.clock.advance(61)

    def edit():
        world.people.pd_set(trio.pd_id, title="by a person there")
        world.clock.advance(0 if same_second else 5)

    def deliver():
        world.clock.advance(0 if same_second else 2)
        world.deliver("pd")
        assert trio.pd["title"] == "from elsewhere"

    if same_second:
        world.before("pd", "GET", r"^/incidents$", edit)
    else:
        world.after("pd", "GET", r"^/log_entries$", edit)
    world.after("pd", "GET", r"^/incidents$", deliver)
    world.poll("pd")
    world.settle(6)
    assert trio.titles() == ("by a person there",) * 3
    (conflict,) = trio.said("conflict")
    assert "from elsewhere" in conflict


@pytest.mark.parametrize("wait", [5, 300])
def test_an_edit_that_the_log_tells_of_just_before_our_write_overwrites_it_is_not_lost(trio, wait):
    """The page of the log was made before our write came, and is read after it was answered. A page that shows both comes only
    where the edit is young: the log is read on from where the page ended."""
    world = trio.world
    world.people.snow_set(trio.sys_id, state="6", close_code="Resolved by caller", close_notes="Done.")
    world.poll("snow")
    world.reconcile()
    world.clock.advance(3)
    world.people.pd_set(trio.pd_id, status="acknowledged")
    world.clock.advance(wait)

    def deliver():
        world.clock.advance(2)
        world.deliver("pd")
        assert trio.pd["status"] == "resolved"

    world.after("pd", "GET", r"^/log_entries$", deliver)
    world.poll("pd")
    world.settle(8)
    for _ in range(4):
        world.sync(60)
    (conflict,) = [text for text in trio.said("conflict") if text.startswith("status")]
    assert "Noah Brooks on pd says acknowledged" in conflict
    assert "amina on snow says resolved" in conflict


def test_an_edit_that_a_page_showed_is_not_lost_with_the_notes_that_could_not_be_read(trio):
    world = trio.world
    world.settle()
    world.people.pd_set(trio.pd_id, title="by a person there")
    world.people.pd("POST", f"incidents/{trio.pd_id}/notes", {"note": {"content": "Look here."}})
    world.fault("pd", "error_before", "GET", r"/notes$", count=9)
    world.people.snow_set(trio.sys_id, short_description="from elsewhere")
    world.poll("snow")
    with pytest.raises(RetryLater):
        world.poll("pd")
    world.work()
    world.sandbox["pd"].clear_faults()
    for _ in range(8):
        world.sync(30)
    assert (
        any("by a person there" in text for text in trio.said("conflict"))
        or "by a person there" in trio.titles()
    )
    assert len(set(trio.titles())) == 1
    assert any("Look here." in text for text in trio.comments())


def test_both_fields_of_an_overwritten_priority_come_back_as_one(trio):
    world = trio.world

    def edit():
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, impact="3")
        world.people.snow_set(trio.sys_id, urgency="3")
        world.clock.advance(3)

    world.before("snow", *PUTS["snow"], edit)
    world.people.jira_set(trio.key, priority={"name": "Highest"})
    world.settle(6)
    assert (trio.snow["impact"], trio.snow["urgency"]) == ("3", "3")
    assert trio.jira["priority"]["name"] == "Lowest"
    (conflict,) = [text for text in trio.said("conflict") if text.startswith("priority")]
    assert "Bruno Keller on jira says 1" in conflict


def test_an_overwritten_priority_comes_back_whole_though_it_shares_a_part_with_ours(trio):
    """Half of it stands there as ours does, and is somebody's all the same: the priority is read of both halves."""
    world = trio.world

    def edit():
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, impact="2", urgency="3")
        world.clock.advance(3)

    world.people.snow_set(trio.sys_id, impact="1", urgency="1")
    world.settle()
    world.before("snow", *PUTS["snow"], edit)
    world.people.jira_set(trio.key, priority={"name": "Lowest"})
    world.settle(6)
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("4", "Low")
    (conflict,) = [text for text in trio.said("conflict") if text.startswith("priority")]
    assert "amina on snow says 4 and stands" in conflict
    assert "Bruno Keller on jira says 5" in conflict


@pytest.mark.parametrize("name", ["snow", "jira"])
def test_an_edit_of_another_field_at_the_same_moment_is_carried_on(trio, name):
    world = trio.world

    def edit():
        if name == "snow":
            world.people.snow_set(trio.sys_id, description="Longer.")
        else:
            world.people.jira_set(trio.key, description="Longer.")

    world.before(name, *PUTS[name], edit)
    spread(trio, name, snow={"short_description": "New"}, jira={"summary": "New"})
    world.settle(6)
    assert trio.titles() == ("New",) * 3
    assert (trio.snow["description"], str(trio.jira["description"])) == ("Longer.", "Longer.")
    assert trio.said("conflict") == []


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_an_edit_just_after_our_write_is_an_edit(request, name, flavour):
    """The reply of a write does not always show the record; what is read instead may be somebody's already."""
    trio = request.getfixturevalue("trio_of")(flavour)
    world = trio.world

    def edit():
        if name == "snow":
            world.people.snow_set(trio.sys_id, short_description="corrected at once")
        elif name == "jira":
            world.people.jira_set(trio.key, summary="corrected at once")
        else:
            world.people.pd_set(trio.pd_id, title="corrected at once")

    world.after(name, *PUTS[name], edit)
    spread(trio, name, snow={"short_description": "from elsewhere"}, jira={"summary": "from elsewhere"})
    world.settle(3)
    for _ in range(4):
        world.sync(60)  # PagerDuty tells of no title: the list of open incidents does
    assert trio.titles() == ("corrected at once",) * 3


def test_a_status_that_is_changed_just_after_our_transition_is_an_edit(both):
    world = both.world
    world.after("jira", "POST", r"/transitions$", lambda: world.people.jira_move(both.key, "Waiting"))
    world.people.snow_set(both.sys_id, state="2")
    world.settle(6)
    assert both.jira["status"]["name"] == "Waiting"
    assert both.snow["state"] == "3"


def test_an_edit_that_a_poll_shows_while_our_write_is_under_way_is_not_lost(trio):
    """A poll may store what we are about to overwrite: it is not merged yet when our reply comes."""
    world = trio.world
    station = world.app.station

    def edit():
        world.clock.advance(3)
        world.people.pd_set(trio.pd_id, title="by a person there")
        record = station.endpoints["pd"].connector.read(trio.pd_id)
        station.database.transact(lambda tx: take_in(tx, station, station.endpoints["pd"], [record]))
        world.clock.advance(3)

    world.before("pd", *PUTS["pd"], edit)
    world.people.snow_set(trio.sys_id, short_description="from elsewhere")
    world.settle(6)
    assert trio.titles() == ("by a person there",) * 3
    assert any("from elsewhere" in text for text in trio.said("conflict"))


def test_a_reassignment_just_before_our_write_to_pagerduty_is_not_taken_for_its_consequence(trio):
    world = trio.world
    users = {u["email"]: u["id"] for u in world.people.pd("GET", "users")["users"]}
    olga = users["olga.petrova@example.com"]

    def edit():
        assignee = {"assignee": {"id": olga, "type": "user_reference"}}
        world.people.pd_set(trio.pd_id, assignments=[assignee])

    world.before("pd", *PUTS["pd"], edit)
    world.people.snow_set(trio.sys_id, short_description="New")
    world.settle(6)
    assert world.value(trio.number, "assignee") == "olga.petrova@example.com"


def test_an_overwritten_assignee_is_not_lost_though_we_had_never_met_them(trio):
    """The history names them by an id alone, and nothing else did: ServiceNow is asked who that is."""
    world = trio.world
    row = world.people.snow("GET", "sys_user?sysparm_fields=user_name,sys_id")
    diane = next(r["sys_id"] for r in row if r["user_name"].startswith("diane"))
    olga = world.people.jira("GET", "user/search?query=olga")[0]["accountId"]

    def edit():
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, assigned_to=diane)
        world.clock.advance(3)

    world.people.jira_set(trio.key, assignee={"accountId": olga})
    world.before("snow", *PUTS["snow"], edit)
    world.settle(6)
    assert world.value(trio.number, "assignee") == "diane.novak@example.com"
    assert (trio.snow["assigned_to"], trio.jira["assignee"]["displayName"]) == (diane, "Diane Novak")
    assert any("olga.petrova@example.com" in text for text in trio.said("conflict"))


def somebody_of(world, name):
    """Native ids of that person on ServiceNow and in Jira."""
    rows = world.people.snow("GET", "sys_user?sysparm_fields=user_name,sys_id")
    there = next(r["sys_id"] for r in rows if r["user_name"].startswith(name))
    return there, world.people.jira("GET", f"user/search?query={name}")[0]["accountId"]


def overwritten_assignee(trio):
    """In Jira somebody gave the issue to Diane, whom we never met there, seconds before we give it to Olga."""
    world = trio.world
    diane, olga = somebody_of(world, "diane"), somebody_of(world, "olga")

    def edit():
        world.clock.advance(3)
        world.people.jira_set(trio.key, assignee={"accountId": diane[1]})
        world.clock.advance(3)

    world.people.snow_set(trio.sys_id, assigned_to=olga[0])
    world.before("jira", *PUTS["jira"], edit)
    return diane


def is_dianes(trio, diane):
    assert trio.world.value(trio.number, "assignee") == "diane.novak@example.com"
    assert (trio.snow["assigned_to"], trio.jira["assignee"]["displayName"]) == (diane[0], "Diane Novak")
    assert any("olga.petrova@example.com" in text for text in trio.said("conflict"))


@pytest.mark.parametrize("outcome", ["known", "in doubt"])
def test_an_overwritten_assignee_of_jira_is_not_lost_though_we_had_never_met_them(trio, outcome):
    """A history that comes with each look names them by an id alone."""
    world = trio.world
    diane = overwritten_assignee(trio)
    if outcome == "in doubt":
        world.fault("jira", "reset_after", "PUT", "/issue/")
    for _ in range(8):
        world.sync(30)
    is_dianes(trio, diane)


def test_an_overwritten_assignee_is_not_lost_though_nobody_can_be_looked_up_at_first(trio):
    world = trio.world
    diane = overwritten_assignee(trio)
    world.fault("jira", "error_before", "GET", "user/bulk", count=20)
    world.sync(30)
    assert trio.said("conflict") == []
    for _ in range(12):
        world.sync(60)
    is_dianes(trio, diane)


def test_the_sweep_finds_an_overwritten_assignee_whom_we_had_never_met(trio):
    world = trio.world
    diane = overwritten_assignee(trio)
    world.poll("snow")
    world.work()
    world.clock.advance(30)
    world.sweep("jira")
    world.work()
    is_dianes(trio, diane)


def test_a_write_beside_a_foreign_one_that_the_history_does_not_show_is_reported(cloud):
    """Auditing is switched off: what was overwritten cannot be found, and that is said."""
    trio = cloud.trio()
    assert cloud.sandbox["snow"].platform.audit_readable
    cloud.sandbox["snow"].platform.audit_readable = False
    cloud.before(
        "snow", *PUTS["snow"], lambda: cloud.people.snow_set(trio.sys_id, short_description="unseen")
    )
    cloud.people.jira_set(trio.key, summary="from elsewhere")
    for _ in range(8):
        cloud.sync(30)
    assert trio.titles() == ("from elsewhere",) * 3
    (said,) = trio.said("unaudited")
    assert "short_description" in said


@pytest.mark.parametrize("name", ["snow", "jira"])
def test_an_overwritten_edit_is_found_after_hours_in_which_no_history_could_be_read(trio, name):
    world = trio.world

    edited_before_we_write(trio, name)
    world.after(name, *PUTS[name], lambda: world.sandbox[name].take_down("reset"))
    spread(trio, name, snow={"short_description": "from elsewhere"}, jira={"summary": "from elsewhere"})
    for _ in range(10):
        world.sync(600)
    assert trio.said("conflict") == []
    world.sandbox[name].take_down(None)
    for _ in range(6):
        world.sync(120)
    assert trio.titles() == ("by a person there",) * 3
    assert any("from elsewhere" in text for text in trio.said("conflict"))


@pytest.mark.parametrize("name", ["snow", "jira"])
def test_an_edit_by_a_person_who_uses_our_account_is_not_taken_for_our_write(trio, name):
    world = trio.world

    def edit():
        world.clock.advance(3)
        if name == "snow":
            world.people.snow_set(trio.sys_id, who="syncline", short_description="by a script there")
        else:
            world.people.jira_set(trio.key, who="syncline", summary="by a script there")
        world.clock.advance(3)

    world.before(name, *PUTS[name], edit)
    spread(trio, name, snow={"short_description": "from elsewhere"}, jira={"summary": "from elsewhere"})
    world.settle(6)
    assert trio.titles() == ("by a script there",) * 3
    assert any("from elsewhere" in text for text in trio.said("conflict"))


def test_a_write_that_changed_nothing_was_not_alone(cloud):
    """Somebody at ServiceNow gives the priority whose urgency we are about to write. Our write changes nothing, so the one
    revision more is theirs, and not a sign that nobody came between."""
    trio = cloud.trio(impact="2", urgency="2")
    cloud.settle()
    theirs = {"impact": "1", "urgency": "1"}
    cloud.before("snow", "PATCH", "table/incident/", lambda: cloud.people.snow_set(trio.sys_id, **theirs))
    cloud.people.jira_set(trio.key, priority={"name": "High"})
    cloud.settle(6)
    names = {"1": "Highest", "2": "High"}
    assert names[trio.snow["priority"]] == trio.jira["priority"]["name"]
    assert trio.pd["priority"]["summary"] == f"P{trio.snow['priority']}"
    assert trio.said("conflict")


def test_half_of_our_write_and_half_of_an_edit_make_no_value_that_nobody_gave(trio):
    world = trio.world
    world.people.snow_set(trio.sys_id, impact="2", urgency="3")
    world.settle(4)
    assert trio.jira["priority"]["name"] == "Low"

    def edit():
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, impact="1", urgency="2")
        world.clock.advance(3)

    world.before("snow", *PUTS["snow"], edit)
    world.people.jira_set(trio.key, priority={"name": "High"})
    world.settle(6)
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("2", "High")
    assert not [text for text in trio.said("changed") if text.startswith("priority: 2 -> 1")]


@pytest.mark.parametrize(
    ("urgency", "theirs", "ours", "said"),
    [
        ("3", {"impact": "3"}, "Medium", "amina on snow says 5"),  # our urgency, 2, makes a 4 of it
        (
            "2",
            {"impact": "1"},
            "Highest",
            "amina on snow says 2",
        ),  # our impact is theirs, and our urgency is not
        ("3", {"urgency": "2"}, "Medium", None),  # they gave what we write
    ],
)
def test_an_edit_of_the_half_of_a_priority_that_our_write_leaves_alone_is_not_lost(
    trio, urgency, theirs, ours, said
):
    """A priority of ServiceNow stands in two fields. No field that somebody gave a value is overwritten by our write, and yet
    the priority that they gave is gone with it."""
    world = trio.world
    world.people.snow_set(trio.sys_id, impact="2", urgency=urgency)
    world.settle(4)

    def edit():
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, **theirs)
        world.clock.advance(3)

    world.before("snow", *PUTS["snow"], edit)
    world.people.jira_set(trio.key, priority={"name": ours})
    world.settle(6)
    number = {"Highest": "1", "High": "2", "Medium": "3", "Low": "4", "Lowest": "5"}[
        trio.jira["priority"]["name"]
    ]
    assert trio.snow["priority"] == number
    changes = [text for text in trio.said("changed") if text.startswith("priority")]
    assert not [text for text in changes if "by syncline" in text]
    conflicts = [text for text in trio.said("conflict") if text.startswith("priority")]
    assert [said in text for text in conflicts] == ([True] if said else [])


def test_half_of_a_priority_that_is_written_beside_an_edit_that_was_merged_meanwhile_is_not_agreed(trio):
    """Our write gives one of two fields. A look shows and merges that somebody gave both, just before it lands: then the two
    of them say what neither did."""
    world = trio.world
    world.configure("conflicts:\n", "conflicts:\n  priority: highest\n")
    world.people.snow_set(trio.sys_id, impact="1", urgency="1")
    world.settle()

    def edit():
        station = world.app.station
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, impact="3", urgency="3")
        sighting = station.endpoints["snow"].connector.read(trio.sys_id)
        station.database.transact(lambda tx: take_in(tx, station, station.endpoints["snow"], [sighting]))
        world.reconcile()
        world.clock.advance(3)

    world.before("snow", *PUTS["snow"], edit)
    world.people.jira_set(trio.key, priority={"name": "High"})
    world.settle(6)
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("2", "High")
    assert any("amina on snow says 5" in text for text in trio.said("conflict"))


def test_half_of_a_priority_beside_an_edit_that_won_meanwhile_is_written_whole(trio):
    """Found by the simulation: what the incident says was merged from that record just before our write landed, and so was
    taken for what the record says."""
    world = trio.world
    world.configure("conflicts:\n", "conflicts:\n  priority: highest\n")
    world.people.snow_set(trio.sys_id, impact="1", urgency="3")
    world.settle()

    def edit():
        station = world.app.station
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, urgency="1")
        sighting = station.endpoints["snow"].connector.read(trio.sys_id)
        station.database.transact(lambda tx: take_in(tx, station, station.endpoints["snow"], [sighting]))
        world.reconcile()
        world.clock.advance(3)

    world.before("snow", *PUTS["snow"], edit)
    world.people.jira_set(trio.key, priority={"name": "Lowest"})
    world.settle(6)
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("1", "Highest")
    assert any("Bruno Keller on jira says 5" in text for text in trio.said("conflict"))


def test_half_of_our_write_and_half_of_an_edit_wait_for_the_history(trio):
    """Where it cannot be read at once, what both halves say together is no more anybody's value than it was before."""
    world = trio.world
    world.people.snow_set(trio.sys_id, impact="2", urgency="3")
    world.settle(4)

    def edit():
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, impact="3")
        world.clock.advance(3)

    world.before("snow", *PUTS["snow"], edit)
    world.after("snow", *PUTS["snow"], lambda: world.sandbox["snow"].take_down("reset"))
    world.people.jira_set(trio.key, priority={"name": "Medium"})
    world.sync(30)
    world.sync(30)
    world.sandbox["snow"].take_down(None)
    for _ in range(8):
        world.sync(30)
    changes = [text for text in trio.said("changed") if text.startswith("priority")]
    assert not [text for text in changes if "by syncline" in text]
    (conflict,) = [text for text in trio.said("conflict") if text.startswith("priority")]
    assert "amina on snow says 5 and stands; Bruno Keller on jira says 3" in conflict
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("5", "Lowest")


@pytest.mark.parametrize("ours", ["Low", "Medium", "High", "Highest"])
def test_an_edit_that_our_write_replaced_knowingly_does_not_come_back(trio, ours):
    """Its time is that of what we knew when we wrote, and half of it our write leaves alone."""
    world = trio.world
    world.people.snow_set(trio.sys_id, impact="3", urgency="3")
    world.settle(4)
    assert trio.jira["priority"]["name"] == "Lowest"
    world.before("snow", *PUTS["snow"], lambda: world.people.snow_set(trio.sys_id, description="Longer."))
    world.people.jira_set(trio.key, priority={"name": ours})
    world.settle(6)
    assert [text for text in trio.said("conflict") if text.startswith("priority")] == []
    assert trio.jira["priority"]["name"] == ours
    assert trio.jira["description"] is not None


@pytest.mark.parametrize("fault", ["error_after", "reset_after"])
def test_half_of_a_write_in_doubt_and_half_of_an_edit_make_no_value_that_nobody_gave(trio, fault):
    """It is not known yet that our write landed on theirs: what stands there may be both."""
    world = trio.world
    world.people.snow_set(trio.sys_id, impact="2", urgency="3")
    world.settle(4)

    def edit():
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, impact="3")
        world.clock.advance(3)

    world.before("snow", *PUTS["snow"], edit)
    world.fault("snow", fault, *PUTS["snow"])
    world.people.jira_set(trio.key, priority={"name": "Medium"})
    for _ in range(12):
        world.sync(30)
    changes = [text for text in trio.said("changed") if text.startswith("priority")]
    assert not [text for text in changes if "by syncline" in text]
    (conflict,) = [text for text in trio.said("conflict") if text.startswith("priority")]
    assert "amina on snow says 5 and stands; Bruno Keller on jira says 3" in conflict
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("5", "Lowest")


def test_a_priority_that_two_people_give_alike_by_different_halves_stays_what_they_gave(trio):
    """Our write gives one half, somebody there the other: either of them makes it 3, and both together 4."""
    world = trio.world
    world.people.snow_set(trio.sys_id, impact="1", urgency="2")
    world.settle(4)

    def edit():
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, impact="2")
        world.clock.advance(3)

    world.before("snow", *PUTS["snow"], edit)
    world.people.jira_set(trio.key, priority={"name": "Medium"})
    world.settle(6)
    assert (trio.snow["priority"], trio.jira["priority"]["name"], trio.pd["priority"]["summary"]) == (
        "3",
        "Medium",
        "P3",
    )
    assert not [text for text in trio.said("changed") if text.startswith("priority: 3 -> 4")]
    assert not [text for text in trio.said("conflict") if text.startswith("priority")]


def test_who_replaces_what_our_write_and_an_edit_made_together_has_seen_neither(trio):
    """The history cannot be read until they have done so."""
    world = trio.world
    world.people.snow_set(trio.sys_id, impact="2", urgency="2")
    world.settle(4)

    def edit():
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, impact="3", urgency="3")
        world.clock.advance(3)

    world.before("snow", *PUTS["snow"], edit)
    world.fault("snow", "error_before", "GET", r"sys_audit|sys_history_line", count=30)
    world.people.jira_set(trio.key, priority={"name": "High"})
    world.sync(3)
    assert trio.snow["priority"] == "3"
    world.people.snow_set(trio.sys_id, who="diane", impact="1")
    world.sync(20)
    world.sandbox["snow"].clear_faults()
    for _ in range(8):
        world.sync(30)
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("1", "Highest")
    conflicts = [text for text in trio.said("conflict") if text.startswith("priority")]
    assert all("diane on snow says 1 and stands" in text for text in conflicts)
    for loser in ("amina on snow says 5", "Bruno Keller on jira says 2"):
        assert [text for text in conflicts if loser in text]


def test_who_gave_what_our_write_gave_once_more_is_on_record_where_that_loses(trio):
    """Our write changed nothing, and left no line: somebody had given the same before it. They lose with whom it was for."""
    world = trio.world
    world.settle()
    world.people.snow_set(trio.sys_id, state="2")
    world.people.jira_move(trio.key, "In Progress")
    world.clock.advance(1)
    world.people.pd_set(trio.pd_id, "noah", status="resolved")
    world.poll("jira")
    world.reconcile()
    world.deliver("snow")
    for _ in range(12):
        world.sync(20)
    assert (trio.snow["state"], trio.pd["status"]) == ("6", "resolved")
    said = " ".join(trio.said("conflict"))
    assert "Bruno Keller on jira says in_progress" in said
    assert "amina on snow says in_progress" in said
    assert trio.said("unaudited") == []


def test_who_gave_what_our_write_gave_once_more_is_heard_when_the_incident_has_left_that(trio):
    """The write before is looked for when our next one is due already: neither of the two people had seen the other."""
    world = trio.world
    world.settle()
    world.people.jira_move(trio.key, "In Progress")
    world.poll("jira")
    world.reconcile()

    def edit():
        world.people.jira_move(trio.key, "Waiting")
        world.clock.advance(10)
        world.people.snow_set(trio.sys_id, state="2")
        world.clock.advance(1)

    world.before("snow", *PUTS["snow"], edit)
    world.fault("snow", "reset_after", *PUTS["snow"])
    world.deliver("snow")
    world.poll("jira")
    world.reconcile()
    for _ in range(12):
        world.sync(20)
    sides = (trio.snow["state"], trio.jira["status"]["name"], trio.pd["status"])
    assert sides == ("2", "In Progress", "acknowledged")
    assert any("Bruno Keller on jira says on_hold and is kept" in text for text in trio.said("conflict"))


def test_a_history_that_may_not_be_read_halts_no_instance(trio, monkeypatch):
    """The look for a write in doubt goes by the record alone then."""
    world = trio.world

    def forbidden(*_arguments):
        raise Configuration("snow: the account may not read sys_audit")

    monkeypatch.setattr(type(world.app.station.endpoints["snow"].connector), "history", forbidden)

    def edit():
        world.clock.advance(3)
        world.people.snow_set(trio.sys_id, impact="3", urgency="3")
        world.clock.advance(3)

    world.before("snow", *PUTS["snow"], edit)
    world.fault("snow", "error_after", *PUTS["snow"])
    world.people.jira_set(trio.key, priority={"name": "High"})
    for _ in range(12):
        world.sync(30)
    assert not [event for event in world.events() if event.kind == "halted"]
    names = {"1": "Highest", "2": "High", "3": "Medium", "4": "Low", "5": "Lowest"}
    assert trio.jira["priority"]["name"] == names[trio.snow["priority"]]
