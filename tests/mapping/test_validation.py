"""Positions and words when plain data meets a pydantic model, whatever the file is about."""

from pydantic import Field

from syncline.mapping.document import parse_document
from syncline.mapping.validation import Entry, nearest, suggestion, validate


class Step(Entry):
    name: str
    after: int = Field(default=0, ge=0)
    tags: list[str] = Field(default_factory=list)


class Plan(Entry):
    steps: list[Step]
    title: str | None = None
    options: dict[str, Step] = Field(default_factory=dict)


def test_what_is_sound_is_kept_and_places_stay_those_of_the_file() -> None:
    outcome = validate(
        parse_document(
            "steps:\n- {name: a}\n- {nam: b}\n- 3\n- {name: d, after: -1, tags: [x, 1, y, 2]}\n- {name: e}\n",
            "p.yaml",
        ),
        Plan,
    )
    assert [str(problem) for problem in sorted(outcome.problems, key=lambda p: (p.line, p.column))] == [
        'p.yaml:3:3: error: the key "name" is missing in entry 2 of steps',
        'p.yaml:3:4: error: there is no key "nam" here. Did you mean "name"?',
        "p.yaml:4:3: error: entry 3 of steps must consist of keys and values",
        "p.yaml:5:20: error: after must be 0 or more",
        "p.yaml:5:34: error: entry 2 of tags must be text; put 1 in quotes",
        "p.yaml:5:40: error: entry 4 of tags must be text; put 2 in quotes",
    ]
    assert outcome.model is not None
    assert [(step.name, step.tags) for step in outcome.model.steps] == [
        ("a", []),
        ("d", ["x", "y"]),
        ("e", []),
    ]
    assert outcome.original(("steps", 1)) == ("steps", 3)
    assert outcome.original(("steps", 2, "name")) == ("steps", 4, "name")
    assert outcome.original(("steps", 1, "tags", 1)) == ("steps", 3, "tags", 2)
    assert outcome.sound(("steps", 4))
    assert not outcome.sound(("steps", 3))


def test_without_a_key_that_must_be_there_nothing_is_left() -> None:
    outcome = validate(parse_document("title: 3\noptions: {x: {name: 1, y: 2}}\n", "p.yaml"), Plan)
    assert outcome.model is None
    assert {problem.message for problem in outcome.problems} == {
        'the key "steps" is missing',
        "title must be text; put 3 in quotes",
        "name must be text; put 1 in quotes",
        'there is no key "y" here. There are: name, after, tags',
    }


def test_the_nearest_name() -> None:
    assert nearest("Wating", ["Waiting", "Done"]) == "Waiting"
    assert nearest("STATUS", ["status", "state"]) == "status"
    assert nearest("xyz", ["status"]) is None
    assert suggestion("xyz", []) == ""
    assert suggestion("xyz", [str(number) for number in range(99)]) == ""
