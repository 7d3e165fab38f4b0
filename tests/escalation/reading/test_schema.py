"""The JSON Schema takes what the reader takes, as far as a schema can say it."""

from typing import Any

import jsonschema
import pytest

from syncline.configuration.defaults import defaults
from syncline.escalation.reading import examine, schema
from syncline.mapping.document import parse_document


@pytest.fixture(scope="module")
def checked() -> jsonschema.Draft202012Validator:
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


GOOD = (
    "people: {ada: , ben: {name: Ben}}",
    "people:\n",
    "people: {ada: {tz: UTC, skills: linux, away: 2026-01-01, reach: {sms: '+331'}, ids: {jira: x}}}",
    "tz: UTC\ncalendars: {c: {open: {mon-fri: 8:00-12:00, sat: [8:00-9:00, 10:00-24:00], daily: 0:00-1:00}}}",
    "tz: UTC\ncalendars: {c: {holidays: [FR, DE-BY], closed: [2026-12-24, 2026-12-27/2026-12-31]}}",
    "tz: UTC\npeople: {a: }\nschedules: {s: {layers: [{rotate: a, every: 12h, handoff: '09:00'}], overrides: }}",
    "priority: {matrix: [[1, 2, 3], [2, 3, 4], [3, 4, 5]], raise: [{when: vip}]}",
    "priority:",
    "slas: {a: {target: 1h 30m, start: created, when: true}}",
    "policies: [{id: p, steps: [{at: 33.3%, page: [next, manager]}], end: none}]",
    "policies: [{id: p, steps: [{at: 0m, do: assign}], end: {page: next, every: 30m}, guard: , ack: {}}]",
    "fields: {x: {values: [a, b]}, y: {values: [1, 2]}, category: {values: [a]}}",
)
BAD = (
    "peple: {}",
    "people: []",
    "people: {ada: 3}",
    "people: {ada: {name: 3}}",
    "people: {ada: {reach: {sms: 33}}}",
    "people: {ada: {away: soon}}",
    "people: {'a:b': {}}",
    "people: {' a': {}}",
    "people: {ada: {name: }}",
    "tz: 3",
    "calendars: {c: {tz: UTC, open: {mon-fry: 8:00-12:00}}}",
    "calendars: {c: {tz: UTC, open: {mon: 8-12}}}",
    "calendars: {c: {tz: UTC, open: {mon: []}}}",
    "schedules: {s: {layers: [{every: 1w}]}}",
    "schedules: {s: {layers: [{rotate: []}]}}",
    "schedules: {s: {overrides: [{who: x, from: 2026-01-01}]}}",
    "schedules: {s: {overrides: [{who: x, from: 2026-01-01T1:00:00, to: 2026-01-02}]}}",
    "tiers: {t: {}}",
    "tiers: {t: {who: x, to: {jira: {gruop: x}}}}",
    "priority: {matrix: [[0, 1, 2]]}",
    "priority: {raise: [{when: vip, by: 9}]}",
    "slas: {a: {}}",
    "slas: {a: {target: 4}}",
    "slas: {a: {target: 0m}}",
    "slas: {a: {target: 1h, kind: sla}}",
    "slas: {a: {target: 1h, when: 3}}",
    "policies: [{id: p}]",
    "policies: [{id: p, steps: []}]",
    "policies: [{id: p, steps: [{page: next}]}]",
    "policies: [{id: p, steps: [{at: 15, page: next}]}]",
    "policies: [{id: p, steps: [{at: 0%, page: next}]}]",
    "policies: [{id: p, steps: [{at: 0m, page: next, move: yes}]}]",
    "policies: [{id: p, steps: [{at: 0m, page: next, do: dance}]}]",
    "policies: [{id: p, steps: [{at: 0m, page: next, again: {every: 5m}}]}]",
    "policies: [{id: p, steps: [{at: 0m, page: next}], end: never}]",
    "policies: [{id: p, steps: [{at: 0m, page: next}], with: []}]",
    "policies: [{id: p, trigger: risk, steps: [{at: 0m, page: next}]}]",
    "says: {s: {}}",
    "says: {s: {to: x, every: 0m}}",
    "audiences: {a: []}",
)


def test_both_take_the_whole_language(checked: Any, whole: str) -> None:
    for text in (whole, defaults("config/escalation.yaml").read_text(encoding="utf-8")):
        assert list(checked.iter_errors(parse_document(text).data)) == []
        assert examine(text, "e.yaml")[0] is not None


@pytest.mark.parametrize("rest", GOOD)
def test_both_take_it(checked: Any, rest: str) -> None:
    text = f"escalation: 1\n{rest}\n"
    assert [error.message for error in checked.iter_errors(parse_document(text).data)] == []
    assert [str(p) for p in examine(text, "e.yaml")[1] if p.severity == "error"] == []


@pytest.mark.parametrize("rest", BAD)
def test_neither_takes_it(checked: Any, rest: str) -> None:
    text = f"escalation: 1\n{rest}\n"
    assert list(checked.iter_errors(parse_document(text).data))
    book, problems = examine(text, "e.yaml")
    assert book is None
    assert {problem.code for problem in problems} & {"E00", "E13"}


@pytest.mark.parametrize("text", ["escalation: 2", "escalation: '1'", "people: {}", "[]"])
def test_neither_takes_another_version_or_none(checked: Any, text: str) -> None:
    assert list(checked.iter_errors(parse_document(text).data))
    assert examine(text, "e.yaml")[0] is None


def test_every_key_says_what_it_is_for() -> None:
    made = schema()
    groups = {"the file": made, **made["$defs"]}
    silent = [
        f"{group}.{key}"
        for group, body in groups.items()
        for key, about in body.get("properties", {}).items()
        if not about.get("description")
    ]
    assert silent == []
    assert len(groups) > 15
