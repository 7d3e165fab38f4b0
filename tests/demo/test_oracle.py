"""The oracle must find everything that can go wrong, and must not cry wolf."""

import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import syncline.demo
from syncline.demo.equivalence import JIRA, PD, SIDES, SNOW, Directory, Ticket, agree
from syncline.demo.oracle import OnRecord
from syncline.demo.script import FILE, INTERNAL, LABEL, PUBLIC


def test_a_world_that_agrees_is_sound(stand):
    found = stand.judge()
    assert found.sound
    assert found.open_questions() == []


@pytest.mark.parametrize("name", ["oracle", "equivalence", "script"])
def test_it_knows_nothing_of_what_it_judges(name):
    """Neither store nor mapping nor merge: a fault in them must not be repeated here."""
    text = (Path(syncline.demo.__file__).parent / f"{name}.py").read_text()
    imported = {
        node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.module
    }
    ours = {module for module in imported if module.startswith("syncline")}
    assert ours <= {"syncline.demo.equivalence", "syncline.demo.script", "syncline.ports"}


# ---- existence ----------------------------------------------------------------------------------


def test_an_incident_that_is_not_on_a_platform_is_missing(stand):
    del stand.tickets[PD]
    found = stand.judge()
    assert found.missing == ["#c01 does not stand on PagerDuty"]
    assert not found.converged


def test_an_incident_that_stands_twice_is_found_by_its_title(stand):
    stand.extra = [replace(stand.tickets[JIRA], id="j2", key="OPS-2", marker="")]
    assert stand.judge().duplicates == ["#c01 stands twice on Jira: OPS-1 and OPS-2"]


def test_records_with_the_same_marker_are_found_whatever_they_are_called(stand):
    stand.extra = [replace(stand.tickets[PD], id="p2", key="2", title="Renamed")]
    found = stand.judge()
    assert found.duplicates == ["2 records on PagerDuty carry the marker sl-1"]
    assert len(found.strays) == 1


# ---- agreement ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("snow", "jira", "pd", "agree"),
    [
        ("2", "In Progress", "acknowledged", True),
        ("3", "Waiting", "acknowledged", True),
        ("6", "Done", "resolved", True),
        ("7", "Closed", "resolved", True),
        ("7", "Done", "resolved", True),
        ("8", "Canceled", "resolved", True),
        ("6", "Closed", "resolved", False),
        ("2", "Waiting", "acknowledged", False),
        ("2", "In Progress", "triggered", False),
        ("6", "Done", "acknowledged", False),
        ("1", "A status that nobody knows", "triggered", False),
    ],
)
def test_statuses_agree_where_they_can_mean_the_same(stand, snow, jira, pd, agree):
    stand.all_say(snow={"status": snow}, jira={"status": jira}, pd={"status": pd})
    assert stand.judge().converged is agree


@pytest.mark.parametrize(
    ("field", "values", "agree"),
    [
        ("priority", {"snow": "1", "jira": "Highest", "pd": "P1"}, True),
        ("priority", {"snow": "1", "jira": "High", "pd": "P1"}, False),
        ("priority", {"snow": "3", "jira": "Medium", "pd": ""}, False),
        ("title", {"snow": "A #c01", "jira": "A  #c01 ", "pd": "A #c01"}, True),
        ("title", {"snow": "A #c01", "jira": "B #c01", "pd": "A #c01"}, False),
        ("description", {"snow": "A", "jira": "A", "pd": "something else"}, True),
        ("description", {"snow": "A", "jira": "B", "pd": "A"}, False),
        ("assignee", {"snow": "amina.diallo@example.com", "jira": "", "pd": ""}, False),
        ("assignee", {"snow": "only@snow.example.com", "jira": "bruno.keller@example.com", "pd": ""}, True),
        ("assignee", {"snow": "", "jira": "", "pd": "bruno.keller@example.com"}, True),
        ("group", {"snow": "Network", "jira": "", "pd": "Service Desk"}, False),
        ("group", {"snow": "Group 7", "jira": "", "pd": "Service Desk"}, True),
        ("group", {"snow": "", "jira": "", "pd": "Service Desk"}, True),
    ],
)
def test_other_fields_agree_as_far_as_a_platform_can_say_them(stand, field, values, agree):
    stand.all_say(**{side: {field: value} for side, value in values.items()})
    assert stand.judge().converged is agree


# ---- edits --------------------------------------------------------------------------------------


def _priority(stand, snow, jira, pd):
    stand.all_say(snow={"priority": snow}, jira={"priority": jira}, pd={"priority": pd})


def test_an_edit_that_stands_is_final(stand):
    stand.edit(JIRA, "priority", "High", "Medium")
    _priority(stand, "2", "High", "P2")
    assert (stand.judge().final, stand.asked) == (1, [])


def test_an_edit_that_is_nowhere_is_lost(stand):
    stand.edit(JIRA, "priority", "High", "Medium")
    found = stand.judge()
    assert len(found.lost) == 1
    assert "priority 'High' by amina on Jira" in found.lost[0]
    assert stand.asked == ["OPS-1"]
    assert not found.sound


def test_an_edit_is_replaced_by_who_saw_it_elsewhere(stand):
    stand.edit(JIRA, "priority", "High", "Medium")
    stand.edit(PD, "priority", "P1", "P2")
    _priority(stand, "1", "Highest", "P1")
    found = stand.judge()
    assert (found.final, found.replaced, found.lost) == (1, 1, [])


def test_an_edit_that_its_successor_had_not_seen_is_lost_unless_it_is_on_record(stand):
    stand.edit(JIRA, "priority", "High", "Medium")
    stand.edit(PD, "priority", "P1", "P3")
    _priority(stand, "1", "Highest", "P1")
    assert len(stand.judge().lost) == 1
    stand.on_record = [OnRecord("jira", "priority", 2)]
    found = stand.judge()
    assert (found.recorded, found.lost) == (1, [])


@pytest.mark.parametrize(
    "entry",
    [OnRecord("snow", "priority", 2), OnRecord("jira", "status", 2), OnRecord("jira", "priority", 4)],
)
def test_a_record_of_another_conflict_does_not_excuse_it(stand, entry):
    stand.edit(JIRA, "priority", "High", "Medium")
    stand.edit(PD, "priority", "P1", "P3")
    _priority(stand, "1", "Highest", "P1")
    stand.on_record = [entry]
    assert len(stand.judge().lost) == 1


def test_a_lost_status_is_known_in_the_words_of_the_record(stand):
    stand.edit(JIRA, "status", "Waiting", "In Progress")
    stand.edit(SNOW, "status", "6", "2")
    stand.all_say(snow={"status": "6"}, jira={"status": "Done"}, pd={"status": "resolved"})
    stand.on_record = [OnRecord("jira", "status", "on_hold")]
    assert stand.judge().recorded == 1


def test_what_syncline_overwrote_on_the_same_side_does_not_count_as_replaced(stand):
    stand.edit(JIRA, "priority", "High", "Medium")
    # Somebody looked at Jira afterwards, and what stood there was no longer what the first one had set.
    stand.edit(JIRA, "priority", "Highest", "Low")
    _priority(stand, "1", "Highest", "P1")
    assert len(stand.judge().lost) == 1


def test_what_arrives_between_look_and_edit_was_on_the_record_that_was_edited(stand):
    first = stand.edit(JIRA, "priority", "High", "Medium", at=10)
    stand.edit(PD, "priority", "P1", "P3", at=12, looked=11.9)
    _priority(stand, "1", "Highest", "P1")
    stand.writes = [("pd", "p1", first.at + timedelta(seconds=1.95))]
    assert stand.judge().lost == []
    stand.writes = [("pd", "p1", first.at + timedelta(seconds=2.5))]
    assert len(stand.judge().lost) == 1


def test_two_people_at_one_record_are_put_one_upon_the_other_by_their_platform(stand):
    stand.edit(JIRA, "title", "One #c01", "Mail is down #c01", at=10)
    stand.edit(JIRA, "title", "Two #c01", "Mail is down #c01", at=11, looked=9.9)
    stand.all_say(**{side: {"title": "Two #c01"} for side in ("snow", "jira", "pd")})
    assert stand.judge().sound


# ---- what is added ------------------------------------------------------------------------------


def _everywhere(stand, text):
    for side in (SNOW, JIRA, PD):
        stand.remark(side, f"amina on ServiceNow INC1:\n{text}\n[syncline:abc]")


def test_a_note_that_is_everywhere_once_is_fine(stand):
    stand.edit(PD, INTERNAL, "Called the vendor (note 1)")
    _everywhere(stand, "Called the vendor (note 1)")
    assert stand.judge().sound


def test_a_note_that_did_not_arrive_is_lost(stand):
    stand.edit(PD, INTERNAL, "Called the vendor (note 1)")
    stand.remark(PD, "Called the vendor (note 1)")
    assert len(stand.judge().lost_items) == 2


def test_a_note_that_arrived_twice_is_found(stand):
    stand.edit(PD, INTERNAL, "Called the vendor (note 1)")
    _everywhere(stand, "Called the vendor (note 1)")
    stand.remark(JIRA, "Called the vendor (note 1)")
    found = stand.judge()
    assert len(found.duplicate_items) == 1
    assert not found.sound


def test_an_internal_note_that_the_customer_reads_has_leaked(stand):
    stand.edit(JIRA, INTERNAL, "The customer is wrong (note 1)")
    stand.remark(JIRA, "The customer is wrong (note 1)")
    stand.remark(PD, "The customer is wrong (note 1)")
    stand.remark(SNOW, "The customer is wrong (note 1)", public=True)
    found = stand.judge()
    assert len(found.leaked) == 1
    assert not found.sound


def test_a_public_comment_may_become_internal_elsewhere_and_not_at_home(stand):
    stand.edit(SNOW, PUBLIC, "We will call you (note 1)")
    stand.remark(SNOW, "We will call you (note 1)", public=True)
    stand.remark(JIRA, "We will call you (note 1)")
    stand.remark(PD, "We will call you (note 1)")
    assert stand.judge().sound
    stand.now(SNOW, remarks=tuple(replace(r, public=False) for r in stand.tickets[SNOW].remarks))
    assert len(stand.judge().lost_items) == 1


@pytest.mark.parametrize(
    ("files", "lost", "twice"),
    [
        ((("a.log", 5),), 0, 0),
        ((), 1, 0),
        ((("a.log", 4),), 1, 0),
        ((("a.log", 5), ("a.log", 5)), 0, 1),
    ],
)
def test_files_are_counted_by_name_and_size_where_files_can_be(stand, files, lost, twice):
    stand.edit(SNOW, FILE, "a.log|5")
    stand.now(SNOW, files=(("a.log", 5),))
    stand.now(JIRA, files=files)
    found = stand.judge()
    assert (len(found.lost_items), len(found.duplicate_items)) == (lost, twice)


def test_a_label_that_somebody_added_must_stay(stand):
    stand.edit(JIRA, LABEL, "mail")
    assert len(stand.judge().lost_items) == 1
    stand.now(JIRA, labels=("mail", "syncline-sl-1"))
    assert stand.judge().sound


# ---- a fourth and a fifth platform ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "snow", "helix", "agreed"),
    [
        ("status", "1", "Assigned", True),
        ("status", "2", "In Progress", True),
        ("status", "3", "Pending", True),
        ("status", "8", "Cancelled", True),
        ("status", "6", "Closed", False),
        ("priority", "4", "Low", True),
        ("priority", "5", "Low", True),
        ("priority", "3", "Low", False),
        ("assignee", "", "syncline@example.com", True),
        ("assignee", "amina.diallo@example.com", "syncline@example.com", False),
        ("group", "Network", "Network", True),
        ("group", "Network", "Service Desk", False),
    ],
)
def test_what_agrees_with_helix(field, snow, helix, agreed):
    everybody = frozenset({"amina.diallo@example.com", "syncline@example.com"})
    groups = frozenset({"Network", "Service Desk"})
    directory = Directory(
        dict.fromkeys(SIDES, everybody), {**dict.fromkeys(SIDES, groups), "pd": frozenset()}
    )
    tickets = [
        Ticket("snow", "s1", "INC1", **{field: snow}),
        Ticket("helix", "h1", "INC401", **{field: helix}),
        Ticket("pd", "p1", "1", **({field: "Network escalation"} if field == "group" else {})),
    ]
    among = tickets if field in {"assignee", "group"} else tickets[:2]
    assert agree(field, among, directory) is agreed


@pytest.mark.parametrize(
    ("field", "snow", "cherwell", "agreed"),
    [
        ("status", "1", "New", True),
        ("status", "1", "Reopened", True),
        ("status", "2", "Reopened", True),
        ("status", "3", "Pending", True),
        ("status", "7", "Closed", True),
        ("status", "8", "Closed", True),
        ("status", "6", "Closed", False),
        ("status", "2", "Assigned", False),
        ("priority", "4", "4", True),
        ("priority", "4", "3", False),
        ("assignee", "", "syncline@example.com", True),
        ("assignee", "amina.diallo@example.com", "", False),
        ("description", "", "Mail is down #c01", True),
        ("description", "Mail is down #c01", "Mail is down #c01", True),
        ("description", "Nobody can send.", "Mail is down #c01", False),
        ("description", "", "Nobody can send.", False),
        ("group", "Network", "Network", True),
        ("group", "Network", "Service Desk", False),
    ],
)
def test_what_agrees_with_cherwell(field, snow, cherwell, agreed):
    everybody = frozenset({"amina.diallo@example.com", "syncline@example.com"})
    groups = frozenset({"Network", "Service Desk"})
    directory = Directory(dict.fromkeys(SIDES, everybody), dict.fromkeys(SIDES, groups))
    tickets = [
        Ticket("snow", "s1", "INC1", **{field: snow}),
        Ticket("cherwell", "c1", "10001", **{field: cherwell}),
    ]
    assert agree(field, tickets, directory) is agreed
