"""Whatever becomes of a file, the reader gives a book, or faults with places that are in the file."""

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncline.escalation.reading import examine
from syncline.mapping.document import parse_document

STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 10**17, 1.5, "", " ", "x", "next", "person:", "person:x", "1m", "0s", "99999d", "100%",
    "24:00-24:00", "mon 25:00", "2026-02-29", "2026-01-01/2025-01-01", "\u202e", "none", "resolved", "priority ==",
    "(" * 50, [], {}, [[]], [None], {"": ""}, {"x": None}, ["a", "a"], "Europe/Paris", "{title", "é" * 300,
)  # fmt: skip


def spots(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all that stands in the data."""
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(spot for key, value in entries for spot in spots(value, (*path, key)))]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_something_strange_in_its_place(whole: str, data: st.DataObject) -> None:
    content = copy.deepcopy(parse_document(whole).data)
    places = spots(content)[1:]
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(places))
        here: Any = content
        for key in path:
            # An earlier change may have taken the place away.
            if isinstance(here, dict):
                here = here.get(key)
            else:
                here = (
                    here[key] if isinstance(here, list) and isinstance(key, int) and key < len(here) else None
                )
        if isinstance(here, dict):
            if data.draw(st.booleans()):
                here.pop(last, None)
            else:
                here[last] = copy.deepcopy(data.draw(st.sampled_from(STRANGE)))
        elif isinstance(here, list) and isinstance(last, int) and last < len(here):
            here[last] = copy.deepcopy(data.draw(st.sampled_from(STRANGE)))
    text = json.dumps(content, indent=1, ensure_ascii=False)
    book, problems = examine(text, "e.yaml")
    assert (book is None) == any(problem.severity == "error" for problem in problems)
    lines = text.split("\n")
    for problem in problems:
        assert problem.code
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_cut_or_changed_anywhere(whole: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, 40))
    put = data.draw(st.text("abc:{}[]'\"#-|>&*!%@ \n\t0", max_size=6))
    text = whole[:start] + put + whole[start + length :]
    book, problems = examine(text, "e.yaml")
    assert (book is None) == any(problem.severity == "error" for problem in problems)
