"""What the lens reads and writes, field by field."""

from collections.abc import Callable

import pytest

from syncline.connector import FieldSchema, Native, Party, PartyKind, Schema
from syncline.mapping import Mapping, Parties
from syncline.mapping.transforms import CUT_MARK
from syncline.model import Incident, Value

With = Callable[..., Mapping]
Shipped = Callable[[str], Mapping]
NEW = Incident("SL-0000000001")

STATUS = """
status:
  field: state
  values: {new: [Open, To Do], acknowledged: Busy, in_progress: [Busy, Review], on_hold: Wait, resolved: Done,
           closed: [Shut, Done], canceled: [Dropped, Done]}
  read: {Busy: in_progress, Done: resolved, Cancelled by customer: canceled}
  ignore: [merged]
"""


def native(
    mapping: Mapping, changes: dict[str, Value], present: dict[str, Native], people: Parties
) -> dict[str, Native]:
    return dict(mapping.write(changes, NEW, present, people).values)


@pytest.mark.parametrize(
    ("there", "value"),
    [
        ("Open", "new"),
        ("To Do", "new"),
        ("Busy", "in_progress"),
        ("Done", "resolved"),
        ("Cancelled by customer", "canceled"),
    ],
)
def test_choices_are_read(mapping_with: With, people: Parties, there: str, value: str) -> None:
    reading = mapping_with(STATUS).read({"state": there}, people)
    assert reading.values == {"status": value}
    assert reading.unmapped == ()


@pytest.mark.parametrize("there", [None, "", "merged"])
def test_what_says_nothing_is_absent_and_not_reported(
    mapping_with: With, people: Parties, there: Native
) -> None:
    reading = mapping_with(STATUS).read({"state": there}, people)
    assert (reading.values, reading.unmapped) == ({}, ())


def test_an_unknown_choice_is_reported_and_never_defaulted(mapping_with: With, people: Parties) -> None:
    reading = mapping_with(STATUS).read({"state": "-100"}, people)
    assert reading.values == {}
    [unmapped] = reading.unmapped
    assert (unmapped.field, unmapped.value, unmapped.party) == ("status", "-100", None)
    assert unmapped.reason == "state is '-100', which the mapping does not know"


@pytest.mark.parametrize(
    ("value", "there", "written"),
    [
        ("new", "Busy", {"state": "Open"}),
        ("new", "To Do", {}),
        ("acknowledged", "Busy", {}),
        ("acknowledged", "Review", {"state": "Busy"}),
        ("in_progress", "Review", {}),
        ("closed", "Done", {"state": "Shut"}),
        ("closed", "Shut", {}),
        ("canceled", "Cancelled by customer", {}),
        ("resolved", "merged", {}),
    ],
)
def test_a_choice_is_written_only_where_the_record_says_something_else(
    mapping_with: With, people: Parties, value: str, there: str, written: dict[str, Native]
) -> None:
    assert native(mapping_with(STATUS), {"status": value}, {"state": there}, people) == written


def test_a_lossy_value_reads_back_whole_where_the_incident_is_known(
    mapping_with: With, people: Parties
) -> None:
    mapping = mapping_with(STATUS)
    known = Incident("SL-1", {"status": "acknowledged"})
    assert mapping.read({"state": "Busy"}, people, known).values == {"status": "acknowledged"}
    assert mapping.read({"state": "Busy"}, people).values == {"status": "in_progress"}
    assert mapping.read({"state": "Review"}, people, known).values == {"status": "in_progress"}


def test_the_first_alternative_that_the_platform_has_is_written(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with(STATUS).fitted(Schema({}, statuses=("To Do", "Busy", "Wait", "Done")))
    assert native(mapping, {"status": "new"}, {"state": "Busy"}, people) == {"state": "To Do"}
    assert native(mapping, {"status": "closed"}, {"state": "Busy"}, people) == {"state": "Done"}
    assert native(mapping, {"status": "closed"}, {"state": "Done"}, people) == {}
    assert mapping.read({"state": "Open"}, people).values == {"status": "new"}


MATRIX = "priority: {fields: [impact, urgency], matrix: [[1, 2, 3], [2, 3, 4], [3, 4, 5]]}"


@pytest.mark.parametrize(
    ("priority", "present", "written"),
    [
        (1, ("3", "3"), {"impact": "1", "urgency": "1"}),
        (2, ("1", "1"), {"urgency": "2"}),
        (2, ("2", "2"), {"urgency": "1"}),
        (3, ("3", "1"), {}),
        (3, ("1", "1"), {"urgency": "3"}),
        (4, ("1", "1"), {"impact": "2", "urgency": "3"}),
        (5, ("3", "2"), {"urgency": "3"}),
        (3, (None, None), {"impact": "2", "urgency": "2"}),
        (2, ("weird", "1"), {"impact": "2"}),
    ],
)
def test_the_matrix_writes_the_nearest_cell(
    mapping_with: With,
    people: Parties,
    priority: int,
    present: tuple[Native, Native],
    written: dict[str, Native],
) -> None:
    there = dict(zip(("impact", "urgency"), present, strict=True))
    assert native(mapping_with(MATRIX), {"priority": priority}, there, people) == written


def test_a_new_record_starts_from_the_incidents_impact_and_urgency(
    mapping_with: With, people: Parties
) -> None:
    incident = Incident("SL-1", {"priority": 3, "impact": 3, "urgency": 1})
    writing = mapping_with(MATRIX).write({}, incident, {}, people, creating=True)
    assert writing.values == {"impact": "3", "urgency": "1"}


def test_half_a_pair_says_nothing_and_a_strange_one_is_reported(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with(MATRIX)
    assert mapping.read({"impact": "1", "urgency": None}, people).values == {}
    assert mapping.read({"impact": "1"}, people) == mapping.read({}, people)
    reading = mapping.read({"impact": "1", "urgency": "9"}, people)
    assert [u.value for u in reading.unmapped] == ["impact='1', urgency='9'"]


def test_a_priority_that_the_matrix_lacks_goes_to_the_next(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with("priority: {fields: [i, u], matrix: [[1, 2], [2, 3]]}")
    assert native(mapping, {"priority": 5}, {"i": "1", "u": "1"}, people) == {"i": "2", "u": "2"}
    assert native(mapping, {"priority": 5}, {"i": "2", "u": "2"}, people) == {}
    known = Incident("SL-1", {"priority": 5})
    assert mapping.read({"i": "2", "u": "2"}, people, known).values == {"priority": 5}


PARTIES = """
assignee: {field: who, fallback: keep}
group: {field: team, values: {Net EMEA: Network}}
requester: {field: caller, fallback: none}
"""


def test_people_and_groups_are_read_as_handles(mapping_with: With, people: Parties) -> None:
    reading = mapping_with(PARTIES).read({"who": "u-amina", "team": "g-net", "caller": "u-nomail"}, people)
    assert reading.values == {
        "assignee": "amina.diallo@example.com",
        "group": "Net EMEA",
        "requester": "Olga Petrova",
    }


def test_an_unknown_id_is_reported_with_whom_to_look_up(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with(PARTIES)
    reading = mapping.read({"who": "u-new", "team": None, "caller": None}, people)
    assert reading.values == {"group": None, "requester": None}
    assert [u.party for u in reading.unmapped] == [(PartyKind.PERSON, "u-new")]
    met = people.including([Party(PartyKind.PERSON, "u-new", "New", "New@example.com")])
    assert mapping.read({"who": "u-new"}, met).values == {"assignee": "new@example.com"}


def test_people_and_groups_are_written_as_ids(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with(PARTIES)
    changes: dict[str, Value] = {
        "assignee": "Bruno.Keller@EXAMPLE.com",
        "group": "net emea",
        "requester": "Olga Petrova",
    }
    written = native(mapping, changes, {"who": None, "team": None, "caller": None}, people)
    assert written == {"who": "u-bruno", "team": "g-net", "caller": "u-nomail"}
    assert native(mapping, {"assignee": None}, {"who": "u-bruno"}, people) == {"who": None}


def test_somebody_without_an_account_keeps_the_field_and_is_reported(
    mapping_with: With, people: Parties
) -> None:
    writing = mapping_with(PARTIES).write({"assignee": "x@example.com"}, NEW, {"who": "u-amina"}, people)
    assert writing.values == {}
    [withheld] = writing.withheld
    assert (withheld.field, withheld.value) == ("assignee", "x@example.com")
    assert withheld.party == (PartyKind.PERSON, "x@example.com")
    assert withheld.reason == "there is no person 'x@example.com' here; who stays as it is"


def test_a_stand_in_is_written_and_reported_and_then_left_alone(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with(
        "assignee: {field: who, fallback: amina.diallo@example.com}\nrequester: {field: caller, fallback: none}"
    )
    changes: dict[str, Value] = {"assignee": "x@example.com", "requester": "x@example.com"}
    writing = mapping.write(changes, NEW, {"who": "u-bruno", "caller": "u-bruno"}, people)
    assert writing.values == {"who": "u-amina", "caller": None}
    assert [w.field for w in writing.withheld] == ["assignee", "requester"]
    present: dict[str, Native] = {"who": "u-amina", "caller": None}
    assert mapping.write(changes, NEW, present, people) == mapping.write({}, NEW, present, people)
    assert mapping.read(present, people, Incident("SL-1", changes)).values == changes


NAMED = "group: {field: team, names: ['*', '* escalation', 'Team *'], values: {Core: Backbone}}"


def policies(*names: str) -> Parties:
    return Parties.of(Party(PartyKind.GROUP, f"p-{name}", name) for name in names)


@pytest.mark.parametrize(
    ("called", "handle"),
    [
        ("Network escalation", "Network"),
        ("NETWORK Escalation", "NETWORK"),
        ("Team Database", "Database"),
        ("Security", "Security"),
        ("Backbone", "Core"),
        ("Escalation", "Escalation"),
    ],
)
def test_groups_that_are_called_by_a_rule(mapping_with: With, called: str, handle: str) -> None:
    mapping, directory = mapping_with(NAMED), policies(called)
    present: dict[str, Native] = {"team": f"p-{called}"}
    assert mapping.read(present, directory).values == {"group": handle}
    assert native(mapping, {"group": handle}, present, directory) == {}
    assert native(mapping, {"group": handle}, {"team": None}, directory) == present


def test_the_first_name_that_the_platform_knows_is_written(mapping_with: With) -> None:
    mapping, directory = mapping_with(NAMED), policies("Team Network", "Network escalation")
    assert native(mapping, {"group": "Network"}, {"team": None}, directory) == {
        "team": "p-Network escalation"
    }
    writing = mapping.write({"group": "Other"}, NEW, {"team": None}, directory)
    assert [w.party for w in writing.withheld] == [
        (PartyKind.GROUP, "Other"),
        (PartyKind.GROUP, "Other escalation"),
        (PartyKind.GROUP, "Team Other"),
    ]
    assert writing.withheld[0].reason == (
        "there is no group 'Other' or 'Other escalation' or 'Team Other' here; team stays as it is"
    )


def test_aliases_of_the_mapping(mapping_with: With) -> None:
    mapping = mapping_with(
        "assignee: {field: who}\ngroup: {field: team}",
        "people: {amina@a.example: u-1, bruno@a.example: BRUNO@b.example}\ngroups: {Network: Net Ops}\n",
    )
    directory = mapping.directory(
        [
            Party(PartyKind.PERSON, "u-1", "Amina"),
            Party(PartyKind.PERSON, "u-2", "Bruno", "bruno@b.example"),
            Party(PartyKind.GROUP, "g-1", "Net Ops"),
        ]
    )
    changes: dict[str, Value] = {"assignee": "amina@a.example", "group": "network"}
    assert native(mapping, changes, {"who": None, "team": None}, directory) == {"who": "u-1", "team": "g-1"}
    assert mapping.read({"who": "u-1", "team": "g-1"}, directory).values == {
        "assignee": "amina@a.example",
        "group": "Network",
    }
    assert mapping.read({"who": "u-2"}, directory).values == {"assignee": "bruno@a.example"}
    writing = mapping.write({"assignee": "bruno@a.example"}, NEW, {"who": None}, mapping.directory())
    assert [w.party for w in writing.withheld] == [(PartyKind.PERSON, "BRUNO@b.example")]


def test_long_text_is_cut_visibly_and_the_cut_is_no_change(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with("title: {field: t, max: 20}")
    full = "The payment service answers slowly since noon"
    cut = native(mapping, {"title": full}, {"t": None}, people)
    assert cut == {"t": "The payment serv" + CUT_MARK}
    known = Incident("SL-1", {"title": full})
    assert mapping.read(cut, people, known).values == {"title": full}
    assert native(mapping, {"title": full}, dict(cut), people) == {}


def test_an_edit_of_cut_text_keeps_the_end_that_the_person_never_saw(
    mapping_with: With, people: Parties
) -> None:
    mapping = mapping_with("title: {field: t, max: 20}")
    known = Incident("SL-1", {"title": "The payment service answers slowly"})
    edited: dict[str, Native] = {"t": "A payment serv" + CUT_MARK}
    value = mapping.read(edited, people, known).values["title"]
    assert value == "A payment service answers slowly"
    assert native(mapping, {"title": value}, edited, people) == {}
    assert mapping.read({"t": "Something else"}, people, known).values == {"title": "Something else"}


def test_limits_of_the_platform_shorten_too(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with("title: {field: t, max: 100}").fitted(
        Schema({"t": FieldSchema("t", "T", max_length=30)}), {"t": 12}
    )
    assert native(mapping, {"title": "x" * 50}, {"t": None}, people) == {"t": "x" * 8 + CUT_MARK}


def test_a_cut_never_parts_what_belongs_together(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with("title: {field: t, max: 10}")
    written = native(mapping, {"title": "abcde\U0001f469\u200d\U0001f4bb and more"}, {"t": None}, people)["t"]
    assert written == "abcde" + CUT_MARK


def test_directions(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with(
        "title: {field: a, direction: read}\ndescription: {field: b, direction: write}\ncategory: {field: c, direction: once}"
    )
    assert mapping.read({"a": "1", "b": "2", "c": "3"}, people).values == {"title": "1", "category": "3"}
    changes: dict[str, Value] = {"title": "x", "description": "y", "category": "z"}
    assert mapping.write(changes, NEW, {"a": "", "b": "", "c": ""}, people).values == {"b": "y"}
    assert mapping.write(changes, NEW, {}, people, creating=True).values == {"b": "y", "c": "z"}
    assert mapping.fields_of("a") == {"title"}
    assert mapping.fields_of("b") == frozenset()
    assert mapping.natives_of("description") == {"b"}
    assert mapping.native_fields == {"a", "b", "c"}


def test_a_new_record_gets_constants_and_defaults_and_no_blanks(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with(
        "title: t\ncategory: {field: c, default: other}\ndescription: d\nlabels: l\nassignee: {field: a, default: Amina Diallo}",
        "create: {kind: Incident, parts: [b, a], urgent: true}\n",
    )
    incident = Incident("SL-1", {"title": "Down", "description": None, "labels": ()})
    assert mapping.write({}, incident, {}, people, creating=True).values == {
        "kind": "Incident",
        "parts": ("a", "b"),
        "urgent": True,
        "t": "Down",
        "c": "other",
        "a": "u-amina",
    }


def test_templates_follow_every_field_that_they_name(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with('title: {field: t, template: "{title} ({service}) {{{id}}} {origin}", max: 60}')
    incident = Incident("SL-1", {"title": "Down", "service": None})
    writing = mapping.write({"service": "pay"}, incident, {"t": "old"}, people, origin="snow")
    assert writing.values == {"t": "Down (pay) {SL-1} snow"}
    assert (
        mapping.write({"service": "pay"}, incident, dict(writing.values), people, origin="snow").values == {}
    )
    assert mapping.write({"priority": 1}, incident, {"t": "old"}, people).values == {}
    assert mapping.read({"t": "whatever"}, people).values == {}


def test_labels(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with("labels: {field: l, transforms: [no_spaces]}\ncustom.tags: t")
    assert mapping.read({"l": ("b", "a")}, people).values == {"labels": ("a", "b")}
    assert mapping.read({"l": None}, people).values == {"labels": ()}
    assert native(mapping, {"labels": ("two words", "a")}, {"l": None}, people) == {"l": ("a", "two_words")}
    assert native(mapping, {"labels": ("two words",)}, {"l": ("two_words",)}, people) == {}
    assert native(mapping, {"labels": ()}, {"l": ("a",)}, people) == {"l": None}
    split = mapping_with("labels: {field: l, transforms: [split: ', ']}")
    assert split.read({"l": "b,a, c"}, people).values == {"labels": ("a", "b", "c")}
    assert native(split, {"labels": ("a", "b")}, {"l": "b,a"}, people) == {}
    assert native(split, {"labels": ("a", "c")}, {"l": "b,a"}, people) == {"l": "a, c"}


def test_numbers_and_flags_as_text(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with(
        "custom.users: {field: n, transforms: [number]}\ncustom.flag: {field: f, values: {ja: true, nein: false}}"
    )
    assert mapping.read({"n": 5.0, "f": True}, people).values == {"custom.users": "5", "custom.flag": "ja"}
    assert native(mapping, {"custom.users": "7"}, {"n": 5.0}, people) == {"n": 7}
    assert native(mapping, {"custom.users": "5"}, {"n": 5.0}, people) == {}
    writing = mapping.write({"custom.users": "many"}, NEW, {"n": 5}, people)
    assert (writing.values, [w.reason for w in writing.withheld]) == (
        {},
        ["'many' is no number, and n takes only numbers"],
    )


def test_a_time_is_the_same_however_it_is_written(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with("opened_at: o")
    assert (
        native(mapping, {"opened_at": "2026-11-22T10:00:00Z"}, {"o": "2026-11-22T11:00:00+01:00"}, people)
        == {}
    )
    assert [u.value for u in mapping.read({"o": "soon"}, people).unmapped] == ["soon"]


RESOLVE = (
    STATUS
    + """  with:
    resolved: {code: {from: resolution_code, default: Fixed}, notes: {from: resolution_notes, default: "By {origin}."}}
    on_hold: {reason: 4}
resolution_code: {field: code, values: {fixed: Fixed, declined: [Nope]}}
"""
)


def test_a_status_brings_the_fields_that_it_needs(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with(RESOLVE)
    present: dict[str, Native] = {"state": "Busy", "code": None, "notes": None, "reason": None}
    writing = mapping.write({"status": "resolved"}, NEW, present, people, origin="jira")
    assert writing.values == {"state": "Done", "code": "Fixed", "notes": "By jira."}
    incident = Incident("SL-1", {"resolution_code": "declined", "resolution_notes": "No."})
    writing = mapping.write({"status": "resolved"}, incident, present, people)
    assert writing.values == {"state": "Done", "code": "Nope", "notes": "No."}
    assert writing.supplied == {"code": "Nope", "notes": "No."}
    assert mapping.write({"status": "on_hold"}, NEW, present, people).values == {
        "state": "Wait",
        "reason": "4",
    }
    assert mapping.required_with("resolved") == {"code", "notes"}
    assert mapping.required_with("new") == frozenset()


def test_what_a_person_filled_in_is_kept_and_supplied_again(mapping_with: With, people: Parties) -> None:
    present: dict[str, Native] = {"state": "Busy", "code": "Nope", "notes": "As agreed.", "reason": None}
    writing = mapping_with(RESOLVE).write({"status": "resolved"}, NEW, present, people)
    assert writing.values == {"state": "Done"}
    assert writing.supplied == {"code": "Nope", "notes": "As agreed."}


def test_what_always_goes_with_a_value_overrides_all_else(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with(
        "urgency: {field: u, values: {1: high, 2: high, 3: low}, read: {high: 1}}\n"
        "priority: {field: p, with: {1: {u: {always: high}}}}"
    )
    changes: dict[str, Value] = {"priority": 1, "urgency": 3}
    assert native(mapping, changes, {"p": "3", "u": "low"}, people) == {"p": "1", "u": "high"}
    assert native(mapping, {"priority": 2}, {"p": "3", "u": "low"}, people) == {"p": "2"}
    assert native(mapping, {"priority": 1}, {"p": "1", "u": "low"}, people) == {}


def test_a_source_without_a_word_here_gives_the_default_and_a_report(
    mapping_with: With, people: Parties
) -> None:
    incident = Incident("SL-1", {"resolution_code": "abducted"})
    present: dict[str, Native] = {"state": "Busy", "code": None, "notes": None, "reason": None}
    writing = mapping_with(RESOLVE).write({"status": "resolved"}, incident, present, people)
    assert writing.values["code"] == "Fixed"
    assert [w.field for w in writing.withheld] == ["resolution_code"]


def test_nothing_is_supplied_to_a_status_that_stands_already(mapping_with: With, people: Parties) -> None:
    present: dict[str, Native] = {"state": "Done", "code": None, "notes": None, "reason": None}
    assert mapping_with(RESOLVE).write({"status": "resolved"}, NEW, present, people).values == {}


def test_holds_asks_for_all_natives_of_a_field(mapping_with: With, people: Parties) -> None:
    mapping = mapping_with(MATRIX)
    assert mapping.holds("priority", 2, {"impact": "1", "urgency": "2"}, people)
    assert not mapping.holds("priority", 2, {"impact": "1"}, people)
    assert not mapping.holds("title", "x", {"title": "x"}, people)


def test_service_now_resolves_with_its_close_fields(shipped_for: Shipped, people: Parties) -> None:
    mapping = shipped_for("servicenow")
    present: dict[str, Native] = dict.fromkeys(mapping.native_fields) | {
        "state": "2",
        "impact": "2",
        "urgency": "2",
    }
    writing = mapping.write({"status": "resolved", "priority": 1}, NEW, present, people, origin="jira-ops")
    assert writing.values == {
        "state": "6",
        "close_code": "Solution provided",
        "close_notes": "Resolved in jira-ops.",
        "impact": "1",
        "urgency": "1",
    }
    assert mapping.write({"status": "acknowledged"}, NEW, present, people).values == {}


def test_a_merge_in_pager_duty_says_nothing(shipped_for: Shipped, people: Parties) -> None:
    mapping = shipped_for("pagerduty")
    reading = mapping.read({"status": "merged"}, people, Incident("SL-1", {"status": "in_progress"}))
    assert reading.values.get("status") in (None, "in_progress")
    assert (
        mapping.write({"status": "closed"}, NEW, {"status": "merged", "resolution": None}, people).values
        == {}
    )


def test_what_is_raised_rings(shipped_for: Shipped, people: Parties) -> None:
    mapping = shipped_for("pagerduty")
    raised = mapping.write({"priority": 1}, NEW, {"priority": "P4", "urgency": "low"}, people)
    assert raised.values == {"priority": "P1", "urgency": "high"}
    lowered = mapping.write({"priority": 4}, NEW, {"priority": "P1", "urgency": "high"}, people)
    assert lowered.values == {"priority": "P4"}
    new = mapping.write({}, Incident("SL-1", {"priority": 2, "urgency": 3}), {}, people, creating=True)
    assert new.values == {"priority": "P2", "urgency": "high"}


def test_pager_duty_keeps_what_it_cannot_tell_apart(shipped_for: Shipped, people: Parties) -> None:
    mapping = shipped_for("pagerduty")
    for status in ("acknowledged", "in_progress", "on_hold"):
        assert mapping.write({"status": status}, NEW, {"status": "acknowledged"}, people).values == {}
        known = Incident("SL-1", {"status": status})
        assert mapping.read({"status": "acknowledged"}, people, known).values["status"] == status
