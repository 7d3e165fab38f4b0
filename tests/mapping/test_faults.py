"""What the linter says about a mapping, word for word where an admin reads it, and where."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.errors import InvalidFile, Problem
from syncline.mapping import Mapping, contradictions, examine, load_mapping, unknown_owners
from syncline.mapping.document import parse_document

HEAD = "mapping: 1\nplatform: test\nfields:\n"
STATUS = '  status: {field: s, values: {new: "1", acknowledged: "2", in_progress: "3", on_hold: "4", resolved: "6", closed: "7", canceled: "8"}}\n'


def found(text: str) -> list[Problem]:
    return examine(parse_document(text, "m.yaml"))[1]


TEN = """\
mapping: 1
platform: test
colour: red
fields:
  titel: {field: short_description}
  description: {feild: description}
  status:
    field: state
    values: {new: 1, Wating: 2}
    with: {resolved: {close_code: {from: resolution_cod}}}
  priority: {fields: [impact, urgency], matrix: [[1, 2, 3], [2, 3], [3, 4, 5]]}
  assignee: {field: assigned_to, direction: bothh}
  labels: {field: tags, transforms: [stripp]}
  group: {field: assignment_group, conflict: owner}
  impact: {field: impact, default: 7}
"""


def test_ten_errors_are_ten_messages_with_their_places() -> None:
    with pytest.raises(InvalidFile) as caught:
        load_mapping(TEN, "mappings/mine.yaml")
    assert [str(problem).removeprefix("mappings/mine.yaml:") for problem in caught.value.problems] == [
        '3:1: error: there is no key "colour" here. There are: mapping, platform, fields, create, people, groups',
        '5:3: error: there is no common field "titel". Did you mean "title"?',
        '6:17: error: there is no key "feild" here. Did you mean "field"?',
        '9:22: error: "Wating" is no status. There are: new, acknowledged, in_progress, on_hold, resolved, closed, canceled',
        '10:42: error: there is no common field "resolution_cod". Did you mean "resolution_code"?',
        "11:61: error: row 2 of the matrix has 2 cells; it must have 3, one for each value of urgency",
        '12:45: error: direction: "bothh" is not possible here. Did you mean "both"?',
        '13:38: error: there is no transform "stripp". Did you mean "strip"?',
        '14:46: error: group: conflict is "owner", but no instance is named: add `owner: <instance>`',
        '15:36: error: "7" is not possible for impact; it goes from 1 (most) to 3',
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            "  status: state\n",
            '4:3: error: status: "values" is missing: which native value stands for which status?',
        ),
        (
            "  status: {field: s, values: {new: a, resolved: b}}\n",
            "4:22: error: status: no native value for acknowledged, in_progress, on_hold, closed, canceled, which other",
        ),
        (
            STATUS.replace('"2"', '"3"'),
            'acknowledged and in_progress; say which one it is read as, such as `read: {"3": in_progress}`',
        ),
        (
            STATUS.replace("values", "read: {1: closed}, values"),
            '4:32: error: status: "1" is written for new, so it cannot be read as closed',
        ),
        (
            STATUS.replace("values", "ignore: ['1'], values"),
            'status: "1" is written for new, so it cannot be ignored',
        ),
        (STATUS.replace("}}", "}, max: 40}"), 'status: "max" is for text only'),
        ("  title: {field: t, fallback: none}\n", 'title: "fallback" is for people and groups only'),
        ("  title: {field: t, with: {a: {b: c}}}\n", 'title: "with" needs a table under "values"'),
        ("  labels: {field: l, values: {a: b}}\n", 'labels: "values" is not possible for tags'),
        (
            "  group: {field: g, names: [x]}\n",
            '4:29: error: group: "x" must hold one *, which stands for the common name',
        ),
        ("  title: {field: t, names: ['*']}\n", 'title: "names" is for people and groups only'),
        ("  title: {field: t, rows: [a]}\n", 'title: "rows" belongs to a matrix; there is none here'),
        ("  title: {field: t, max: 3}\n", "4:26: error: max must be 8 or more"),
        ("  title: {max: 30}\n", '4:3: error: title: "field" is missing: which native field is it?'),
        ("  title: {field: 3}\n", "4:18: error: field must be text; put 3 in quotes"),
        ("  title: [a]\n", "4:10: error: title must consist of keys and values"),
        ("  title: {field: t}\n  description: {field: t}\n", 'description: t is already written by "title"'),
        (
            "  title: {field: t, owner: a, conflict: latest}\n",
            '"owner" and conflict "latest" contradict each other',
        ),
        (
            "  title: {field: t, conflict: highest}\n",
            'only status, priority, impact and urgency have a "highest"',
        ),
        (
            "  title: {field: t, template: '{titel}'}\n",
            'there is no common field "titel". Did you mean "title"?',
        ),
        (
            "  title: {field: t, template: '{title.__class__}'}\n",
            'there is no common field "title.__class__"',
        ),
        ("  title: {field: t, template: '{title!r}'}\n", "the brace at character 1 must hold one name"),
        ("  title: {field: t, template: '{title}', direction: read}\n", "a template is only written"),
        (
            "  title: {field: t, template: '{title}', values: {a: b}}\n",
            '"values" and a template exclude each other',
        ),
        (
            "  title: {field: t, transforms: [truncate]}\n",
            'there is no transform "truncate"; to shorten text give `max`',
        ),
        (
            "  title: {field: t, transforms: [replace: a]}\n",
            'replace is written like this: `replace: ["&", "and"]`',
        ),
        ("  title: {field: t, transforms: [{a: 1, b: 2}]}\n", "a transform is one name"),
        ("  labels: {field: t, transforms: [number]}\n", 'there is no transform "number"'),
        ("  title: {fields: [a, b], matrix: [[1]]}\n", "only the priority can be made of a matrix"),
        ("  priority: {fields: [a, b]}\n", '"fields" and "matrix" go together; "matrix" is missing'),
        (
            "  priority: {fields: [a, b], matrix: [[0]]}\n",
            "4:40: error: 0 is no priority; they go from 1 to 5",
        ),
        (
            "  priority: {fields: [a, b], matrix: [[1, x]]}\n",
            "4:43: error: entry 2 of entry 1 of matrix must be a whole",
        ),
        (
            "  priority: {fields: [a, b], matrix: [[1]], rows: [x, y]}\n",
            "the matrix has 1 rows, but rows names 2",
        ),
        (
            "  priority: {field: p, values: {1: a, 9: b}}\n",
            '4:39: error: "9" is no priority; they go from 1 (highest) to 5',
        ),
        (
            "  urgency: {field: u, values: {1: high}}\n",
            "urgency: no native value for 2, 3, which other platforms can send",
        ),
        ("  custom.: x\n", 'there is no common field "custom."'),
        (
            STATUS.replace("}}", "}, with: {new: {a: {}}}}"),
            'a: say where its value comes from: "from", "default", or "always"',
        ),
        (STATUS.replace("}}", "}, with: {newer: {a: b}}}"), '"newer" is no status. Did you mean "new"?'),
    ],
)
def test_says_what_is_wrong(fields: str, message: str) -> None:
    problems = found(HEAD + fields)
    assert message in "\n".join(map(str, problems))
    assert len([p for p in problems if p.severity == "error"]) == 1, problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "m.yaml:1:1: error: the file is empty"),
        ("- a\n", "the file must consist of keys and values"),
        (
            "mapping: 2\nplatform: x\nfields: {}\n",
            "1:10: error: this is a mapping of version 2; this Syncline reads version 1",
        ),
        ("platform: x\nfields: {}\n", '1:1: error: the key "mapping" is missing'),
        (HEAD + "  title: t\ncreate: {t: x}\n", '5:10: error: t is written by the field "title" already'),
        (HEAD + "  title: t\ncreate: {u: {a: b}}\n", "u: must be one value, or a list of texts"),
        (HEAD + "  title: t\npeople: {a: 1.5}\n", "a: put 1.5 in quotes"),
    ],
)
def test_says_what_is_wrong_with_the_file(text: str, message: str) -> None:
    assert message in "\n".join(map(str, found(text)))


def test_doubts_are_warnings_and_do_not_stop_it() -> None:
    mapping, problems = examine(
        parse_document(
            HEAD
            + "  priority: {fields: [a, b], matrix: [[1, 3], [2, 2]]}\n  title: {field: t, direction: read, default: x}\n"
        )
    )
    assert mapping is not None
    assert [problem.severity for problem in problems] == ["warning"] * len(problems)
    said = "\n".join(problem.message for problem in problems)
    assert "2 stands below 3: a lower a gives a higher priority" in said
    assert "no cell gives 4; it is written as 3" in said
    assert "its default is never used" in said


def test_a_mapping_of_another_platform() -> None:
    with pytest.raises(InvalidFile, match='this mapping is for "test", not for "jira"'):
        load_mapping(HEAD + "  title: t\n", "m.yaml", "jira")


def test_owners_that_are_no_instance() -> None:
    mapping = load_mapping(HEAD + "  title: {field: t, owner: snow-prd}\n", "m.yaml")
    assert [str(problem) for problem in unknown_owners(mapping, ["snow-prod", "jira"])] == [
        'm.yaml:4:28: error: title: there is no instance "snow-prd". Did you mean "snow-prod"?'
    ]
    assert unknown_owners(mapping, ["snow-prd"]) == []


def one_field(rule: str, file: str) -> Mapping:
    return load_mapping(HEAD + f"  title: {{field: t{rule}}}\n", file)


def test_mappings_that_say_otherwise_who_wins() -> None:
    advice = "it holds for all instances, so name it in one mapping only"
    latest, manual = one_field(", conflict: latest", "a.yaml"), one_field(", conflict: manual", "b.yaml")
    owned, other = one_field(", owner: snow-prod", "c.yaml"), one_field(", owner: jira", "d.yaml")
    assert [str(problem) for problem in contradictions(manual, [latest, owned])] == [
        f'b.yaml:4:31: error: title: conflict is "manual" here, but conflict is "latest" in a.yaml:4:31; {advice}',
        f'b.yaml:4:31: error: title: conflict is "manual" here, but the owner is "snow-prod" in c.yaml:4:28; {advice}',
    ]
    assert [str(problem) for problem in contradictions(other, iter([owned]))] == [
        f'd.yaml:4:28: error: title: the owner is "jira" here, but the owner is "snow-prod" in c.yaml:4:28; {advice}',
    ]


def test_mappings_that_agree_who_wins() -> None:
    silent = one_field("", "s.yaml")
    owned = one_field(", owner: snow-prod", "c.yaml")
    explicit = one_field(", conflict: owner, owner: snow-prod", "e.yaml")
    assert contradictions(silent, [owned]) == contradictions(owned, [silent]) == []
    assert contradictions(owned, [explicit, silent]) == []
    elsewhere = load_mapping(HEAD + "  title: t\n  category: {field: c, conflict: manual}\n", "x.yaml")
    assert contradictions(elsewhere, [owned]) == []


KEYS = st.sampled_from(
    [
        "mapping",
        "platform",
        "fields",
        "create",
        "people",
        "status",
        "title",
        "priority",
        "group",
        "labels",
        "custom.x",
        "field",
        "matrix",
        "values",
        "read",
        "with",
        "transforms",
        "max",
        "default",
        "template",
        "owner",
        "conflict",
        "direction",
        "fallback",
        "from",
        "new",
        "1",
        "x",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.floats(-1, 5)
    | KEYS
    | st.sampled_from(["{title}", "{", "read", "owner"])
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["title", "status", "priority", "group", "labels", "custom.x", "y"]), TREES
    ),
    TREES,
)
def test_any_yaml_is_a_mapping_or_a_list_of_faults(fields: object, create: object) -> None:
    text = json.dumps({"mapping": 1, "platform": "test", "fields": fields, "create": create})
    mapping, problems = examine(parse_document(text, "m.yaml"))
    assert (mapping is None) == any(problem.severity == "error" for problem in problems)
    assert all(problem.line == 1 and problem.column >= 1 for problem in problems)
