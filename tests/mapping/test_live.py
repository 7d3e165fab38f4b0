"""Mappings against a live schema: what an admin is told after a platform was changed."""

from collections.abc import Callable

import pytest

from syncline.connector import FieldSchema, Party, PartyKind, Schema
from syncline.mapping import Mapping, against
from syncline.sandbox.jira.setup import PRIORITIES, RESOLUTIONS, WORKFLOW
from syncline.sandbox.servicenow.schema import CHOICES

FIELDS = """
title: {field: short_description, max: 200}
status:
  field: state
  values: {new: ["1", "9"], acknowledged: "2", in_progress: "2", on_hold: "3", resolved: "6", closed: "7", canceled: "8"}
  read: {"2": in_progress}
  with: {resolved: {close_code: Solution provided}}
priority: {fields: [impact, urgency], matrix: [[1, 2, 3], [2, 3, 4], [3, 4, 5]]}
group: {field: assignment_group, values: {Net: Netwrok}}
category: {field: u_categry, direction: read}
"""


def schema(**changes: FieldSchema | None) -> Schema:
    fields = {
        "short_description": FieldSchema(
            "short_description", "Short description", required=True, max_length=200
        ),
        "state": FieldSchema("state", "State", choices=("1", "2", "3", "6", "7", "8")),
        "impact": FieldSchema("impact", "Impact", choices=("1", "2", "3")),
        "urgency": FieldSchema("urgency", "Urgency", choices=("1", "2", "3")),
        "assignment_group": FieldSchema("assignment_group", "Assignment group"),
        "close_code": FieldSchema("close_code", "Resolution code", choices=("Solution provided",)),
        "u_category": FieldSchema("u_category", "Category"),
    }
    for name, change in changes.items():
        if change is None:
            del fields[name]
        else:
            fields[name] = change
    return Schema(fields, groups=(Party(PartyKind.GROUP, "g", "Network"),))


def said(mapping: Mapping, live: Schema) -> list[str]:
    return [str(problem) for problem in against(mapping, live)]


GROUP = 'test.yaml:11:50: error: test: there is no group "Netwrok". Did you mean "Network"?'
CATEGORY = 'test.yaml:12:21: error: test: there is no field "u_categry". Did you mean "u_category"?'


def test_names_that_are_nearly_right(mapping_with: Callable[..., Mapping]) -> None:
    assert said(mapping_with(FIELDS), schema()) == [GROUP, CATEGORY]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"short_description": None}, 'there is no field "short_description"'),
        (
            {"short_description": None, "u_title": FieldSchema("u_title", "Short description")},
            'there is no field "short_description". Did you mean "u_title" ("Short description")?',
        ),
        (
            {"short_description": FieldSchema("short_description", "x", max_length=80)},
            "test.yaml:4:42: error: test: short_description takes 80 characters, and max is 200",
        ),
        (
            {"short_description": FieldSchema("short_description", "x", writable=False)},
            "our account may not write short_description; make it `direction: read`, or grant the right",
        ),
        (
            {"state": FieldSchema("state", "State", choices=("1", "2", "3", "6", "7"))},
            'state has no value "8", which stands for canceled. There are: 1, 2, 3, 6, 7',
        ),
        (
            {"state": FieldSchema("state", "State", choices=("1", "2", "3", "6", "7", "8", "-5"))},
            'warning: test: state has the value "-5", which the mapping does not know',
        ),
        (
            {"urgency": FieldSchema("urgency", "Urgency", choices=("1", "2"))},
            'urgency has no value "3". There are: 1, 2',
        ),
        (
            {"close_code": FieldSchema("close_code", "Code", choices=("Solved (Permanently)",))},
            'test.yaml:9:35: error: test: close_code has no value "Solution provided". There are: Solved (Permanently)',
        ),
        (
            {"caller_id": FieldSchema("caller_id", "Caller", required=True)},
            "every new record needs caller_id (Caller), and the mapping does not write it; map a field to it, or give it a",
        ),
    ],
)
def test_what_was_changed_on_the_platform(
    mapping_with: Callable[..., Mapping], changes: dict[str, FieldSchema | None], message: str
) -> None:
    found = [line for line in said(mapping_with(FIELDS), schema(**changes)) if line not in (GROUP, CATEGORY)]
    assert message in "\n".join(found)
    assert len(found) == 1, found


def test_constants_are_held_against_the_schema_too(mapping_with: Callable[..., Mapping]) -> None:
    mapping = mapping_with("title: short_description", "create: {impact: '4', colour: red}\n")
    assert said(mapping, schema()) == [
        'test.yaml:5:18: error: test: impact has no value "4". There are: 1, 2, 3',
        'test.yaml:5:31: error: test: there is no field "colour"',
    ]


def test_the_shipped_mapping_fits_the_simulated_jira(shipped_for: Callable[[str], Mapping]) -> None:
    mapping = shipped_for("jira")
    fields = {name: FieldSchema(name, name.title()) for name in mapping.native_fields}
    fields["priority"] = FieldSchema("priority", "Priority", choices=tuple(PRIORITIES.values()))
    fields["resolution"] = FieldSchema(
        "resolution", "Resolution", writable=False, choices=tuple(RESOLUTIONS.values())
    )
    fields["status"] = FieldSchema("status", "Status", writable=False)
    live = Schema(fields, statuses=tuple(status.name for status in WORKFLOW.statuses))
    assert said(mapping, live) == []
    fields["status"] = FieldSchema("status", "Status")
    assert "our account may not write resolution" in "\n".join(said(mapping, live))


def test_the_shipped_mapping_fits_the_simulated_service_now(shipped_for: Callable[[str], Mapping]) -> None:
    mapping = shipped_for("servicenow")
    fields = {}
    for name in mapping.native_fields:
        choices = tuple(c.value for c in CHOICES if c.field == name and c.table in ("incident", "task"))
        fields[name] = FieldSchema(name, name, choices=choices or None)
    assert said(mapping, Schema(fields)) == []


def required(*names: str) -> Schema:
    return schema(**{name: FieldSchema(name, name.title(), required=True) for name in names})


def test_what_every_new_record_needs_must_not_hang_on_what_may_not_be_known(
    mapping_with: Callable[..., Mapping],
) -> None:
    found = said(mapping_with(FIELDS), required("impact", "assignment_group"))
    hanging = [text for text in found if "every new record needs" in text]
    assert len(hanging) == 2
    assert "warning: test: every new record needs impact (Impact)" in hanging[0]
    assert "while the priority of the incident is not known; give it a `default`" in hanging[0]


def test_a_default_is_enough(mapping_with: Callable[..., Mapping]) -> None:
    text = FIELDS.replace("priority: {", "priority: {default: 4, ")
    assert not [t for t in said(mapping_with(text), required("impact", "urgency")) if "needs" in t]


def test_title_and_status_are_always_known(mapping_with: Callable[..., Mapping]) -> None:
    assert not [t for t in said(mapping_with(FIELDS), required("short_description", "state")) if "needs" in t]
