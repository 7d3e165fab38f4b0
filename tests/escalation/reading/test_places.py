"""Where a character of a YAML value stands in the file, however the value is written."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.escalation.reading import examine
from syncline.escalation.reading.places import inside, line_starts
from syncline.mapping.document import parse_document


def places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The value of `x`, and the place of each of its characters."""
    document = parse_document(text, "p.yaml")
    value = document.data["x"]
    start = document.position(("x",), value=True)
    lines = line_starts(text)
    return value, [inside(text, lines, start, value, offset) for offset in range(len(value))]


@pytest.mark.parametrize(
    "text",
    [
        "x: priority == 1",
        "x:   'it''s == \"a\" and b'",
        'x: "it\'s == \\"a\\" and b"',
        "x: priority == 1\n   and b\n",
        "x: >-\n  priority == 1\n  and b\n",
        "x: |\n  priority == 1\n\n  and b\ny: 1\n",
        "x:\n  'one\n  two'\n",
        "y: 1\r\nx: >\r\n    one\r\n    two\r\n",
        "{y: [a, b], x: 'one two', z: 3}",
    ],
)
def test_each_character_is_found(text: str) -> None:
    value, found = places(text)
    lines = re.split(r"\r\n|\n", text)
    for char, (line, column) in zip(value, found, strict=True):
        if not char.isspace():
            assert lines[line - 1][column - 1] in {char, "\\"}
    shown = [place for char, place in zip(value, found, strict=True) if not char.isspace()]
    assert shown == sorted(set(shown))


def test_an_escape_is_one_character() -> None:
    value, found = places('x: "\\u0061 \\x62\\tc"')
    assert value == "a b\tc"
    assert found == [(1, 5), (1, 11), (1, 12), (1, 16), (1, 18)]


def test_what_cannot_be_followed_is_the_start_of_the_value() -> None:
    text = 'x: "one \\\n  two"'
    value, found = places(text)
    assert value == "one two"
    assert found[0] == (1, 5)
    assert found[-1] == (1, 4)
    assert inside("x: one", [0], (1, 4), "two", 2) == (1, 4)
    assert inside("x: one", [0], (9, 9), "one", 1) == (9, 9)


@given(
    st.text("ab '\"\\\n:#", min_size=1, max_size=30),
    st.sampled_from(["'", '"']),
)
def test_a_place_never_lies_before_the_value_nor_after_the_file(value: str, quote: str) -> None:
    escaped = value.replace("'", "''") if quote == "'" else value.replace("\\", "\\\\").replace('"', '\\"')
    text = f"y: 1\nx: {quote}" + escaped.replace("\n", "\n\n  ") + f"{quote}\n"
    document = parse_document(text, "p.yaml")
    start = document.position(("x",), value=True)
    starts = line_starts(text)
    for offset in range(len(document.data["x"]) + 1):
        line, column = inside(text, starts, start, document.data["x"], offset)
        assert (line, column) >= start
        assert starts[line - 1] + column - 1 <= len(text)


@pytest.mark.parametrize(
    ("when", "line", "column"),
    [
        ("when: priority == 9", 3, 23),
        ("when: 'priority == 9'", 3, 24),
        ('when: "title == \\"a\\" and priority == 9"', 3, 43),
        ("when: >-\n      vip and\n      priority == 9", 5, 19),
        ("when: |\n      vip and\n      priority == 9", 5, 19),
        ("when: vip and\n      priority == 9", 4, 19),
    ],
)
def test_a_fault_of_a_condition_points_into_the_text(when: str, line: int, column: int) -> None:
    _, problems = examine(
        f"escalation: 1\npolicies:\n  - {when}\n    id: p\n    steps: [{{at: 0m, page: next}}]\n", "e.yaml"
    )
    (problem,) = problems
    assert (problem.line, problem.column, problem.code) == (line, column, "E01")
    _, text, caret = problem.message.split("\n")
    assert text[caret.index("^")] == "9"
