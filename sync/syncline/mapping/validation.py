"""From plain data to a pydantic model: every fault at once, each in a plain sentence with its place.

Nothing here knows what the file is about: mappings, `syncline.yaml` and the escalation policy all come through.
"""

import copy
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, Any, Final, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from syncline.errors import Problem
from syncline.mapping.document import Document, Loc

Model = TypeVar("Model", bound=BaseModel)

_MOST_NAMED: Final = 24
_PASSES: Final = 8


class Entry(BaseModel):
    """What stands in a file that people edit: unknown keys are faults, and nothing is converted in silence."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant; None where none is near."""
    names = {other.casefold(): other for other in known}
    found = get_close_matches(name.casefold(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """` Did you mean "title"?`, else the names there are, else nothing."""
    names = list(known)
    near = nearest(name, names)
    if near is not None:
        return f'. Did you mean "{near}"?'
    return f". There are: {', '.join(names)}" if 0 < len(names) <= _MOST_NAMED else ""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Model]):
    """What came of a file.

    Attributes:
        model: The model, made of what is sound in the file; None where too little is.
        problems: Every fault of its form.
        damaged: Where the faults stand, by their place in the file. What is missing there is no fault of its own.
        removed: List in the file to the places in it that were left out of the model.
    """

    model: Model | None
    problems: list[Problem]
    damaged: frozenset[Loc]
    removed: Mapping[Loc, frozenset[int]] = field(default_factory=dict)

    def sound(self, loc: Loc) -> bool:
        """Whether nothing at or below `loc` was at fault."""
        return not any(damaged[: len(loc)] == loc for damaged in self.damaged)

    def original(self, loc: Loc) -> Loc:
        """Where in the file that stands which is at `loc` in the model."""
        return _original(loc, self.removed)


def _original(loc: Loc, removed: Mapping[Loc, Iterable[int]]) -> Loc:
    found: list[str | int] = []
    for part in loc:
        place = part
        if isinstance(place, int):
            for gone in sorted(removed.get(tuple(found), ())):
                place += gone <= place
        found.append(place)
    return tuple(found)


def validate(document: Document, model: type[Model]) -> Outcome[Model]:
    """Hold the data against the model. What is at fault is reported and left out, and the rest is looked at all
    the same, so that a person sees every fault at once."""
    data = document.data
    if not isinstance(data, Mapping):
        if data is None:
            problem = document.problem((), "the file is empty")
        else:
            problem = document.problem((), "the file must consist of keys and values, such as `name: value`")
        return Outcome(None, [problem], frozenset({()}))
    problems: dict[tuple[Loc, str], Problem] = {}
    damaged: set[Loc] = set()
    removed: dict[Loc, set[int]] = {}
    rest = copy.deepcopy(data)
    for _ in range(_PASSES):
        try:
            found = model.model_validate(rest)
        except ValidationError as error:
            details = error.errors(include_url=False)
        else:
            gone = {loc: frozenset(places) for loc, places in removed.items()}
            return Outcome(found, list(problems.values()), frozenset(damaged), gone)
        cuts: dict[Loc, Loc] = {}
        for detail in details:
            at, key = _resolved(detail["loc"], rest)
            loc = _original(at, removed)
            # After the first pass something may only be missing because it was taken out.
            if detail["type"] != "missing" or not any(place[:-1] == loc for place in damaged):
                message = _sentence(detail, loc, key, model)
                problems.setdefault((loc, message), _problem(document, detail, loc, message))
            cuts[at] = loc
        damaged.update(cuts.values())
        if () in cuts:
            break
        for at, loc in sorted(cuts.items(), key=lambda cut: (len(cut[0]), _last(cut[0])), reverse=True):
            _cut(rest, at)
            if isinstance(loc[-1], int):
                removed.setdefault(loc[:-1], set()).add(loc[-1])
    return Outcome(None, list(problems.values()), frozenset(damaged))


def _last(loc: Loc) -> int:
    """Of several entries of one list the last goes first, so that the others keep their places."""
    return loc[-1] if isinstance(loc[-1], int) else -1


def _problem(document: Document, detail: ErrorDetails, loc: Loc, message: str) -> Problem:
    of_key = detail["type"] in {"extra_forbidden", "missing"} or detail["loc"][-1:] == ("[key]",)
    value = bool(loc) and not of_key
    # A validator may name its check on the error that it raises.
    code = getattr(detail.get("ctx", {}).get("error"), "code", "")
    return document.problem(loc, message, value=value, code=code)


def _resolved(loc: Iterable[str | int], data: Any) -> tuple[Loc, str | None]:
    """The loc as far as it leads in the data, and the last name that is not there. pydantic puts names of union
    branches and `[key]` into its locs; those lead nowhere."""
    found: list[str | int] = []
    missing: str | None = None
    here = data
    for part in loc:
        if isinstance(here, Mapping):
            key = part if part in here else next((key for key in here if str(key) == str(part)), None)
            if key is not None:
                here = here[key]
                found.append(str(key))
                continue
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
            found.append(part)
            continue
        missing = str(part)
    return tuple(found), missing


def _cut(data: Any, loc: Loc) -> None:
    here = data
    for part in loc[:-1]:
        if isinstance(here, list):
            here = here[int(part)] if int(part) < len(here) else None
        elif isinstance(here, Mapping):
            here = next((value for key, value in here.items() if str(key) == part), None)
    last = loc[-1]
    if isinstance(here, list) and isinstance(last, int) and last < len(here):
        del here[last]
    elif isinstance(here, dict):
        # A file may have thousands of keys that are not known: the text is looked up before it is looked for.
        for key in [last] if last in here else [key for key in here if str(key) == last]:
            del here[key]


def _sentence(detail: ErrorDetails, loc: Loc, missing: str | None, model: type[BaseModel]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    name = _called(loc)
    if kind == "extra_forbidden":
        parent = _annotation(model, loc[:-1])
        return f'there is no key "{loc[-1]}" here{suggestion(str(loc[-1]), _keys(parent))}'
    if kind == "missing":
        return f'the key "{missing}" is missing{f" in {name}" if loc else ""}'
    if kind == "value_error":
        return f"{name}: {context['error']}" if loc else str(context["error"])
    if kind in {"literal_error", "enum"}:
        choices = [part.strip(" '") for part in str(context["expected"]).replace(" or ", ", ").split(",")]
        given = detail["input"]
        return f"{name}: {_shown(given)} is not possible here{suggestion(str(given), choices)}"
    wording = _WORDINGS.get(kind)
    said = wording(context) if wording else detail["msg"].lower()
    hint = ""
    if kind == "string_type" and isinstance(detail["input"], bool | int | float):
        hint = f"; put {_shown(detail['input'])} in quotes"
        if detail["input"] > _TELEPHONE:
            hint = "; put it in quotes as it is written, with its + if it has one"
    return f"{name} {said}{hint}"


_TELEPHONE: Final = 9_999_999
_WORDINGS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "string_type": lambda _: "must be text",
    "int_type": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "bool_type": lambda _: "must be true or false",
    "list_type": lambda _: "must be a list, such as [one, two]",
    "tuple_type": lambda _: "must be a list, such as [one, two]",
    "dict_type": lambda _: "must consist of keys and values",
    "model_type": lambda _: "must consist of keys and values",
    "greater_than_equal": lambda context: f"must be {context['ge']} or more",
    "greater_than": lambda context: f"must be more than {context['gt']}",
    "less_than_equal": lambda context: f"must be {context['le']} or less",
    "too_short": lambda context: (
        "must not be empty"
        if context["min_length"] == 1
        else f"must have at least {context['min_length']} entries"
    ),
    "too_long": lambda context: f"must have at most {context['max_length']} entries",
    "string_too_short": lambda _: "must not be empty",
    "string_too_long": lambda context: f"must be at most {context['max_length']} characters long",
}


def _called(loc: Loc) -> str:
    """What a person calls that place: its key, with the list that it stands in."""
    if not loc:
        return "the file"
    if isinstance(loc[-1], int):
        return f"entry {loc[-1] + 1} of {_called(loc[:-1])}"
    return str(loc[-1])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f'"{str(value)[:60]}"' if isinstance(value, str) else str(value)


def _keys(annotation: Any) -> list[str]:
    """The keys that a model takes, as they stand in the file."""
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return []
    return [field.alias or name for name, field in annotation.model_fields.items()]


def _annotation(annotation: Any, loc: Loc) -> Any:
    """The type of what stands at `loc` below a type; None where that is not known."""
    annotation = _bare(annotation)
    for part in loc:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found = next((f for n, f in annotation.model_fields.items() if (f.alias or n) == part), None)
            annotation = _bare(found.annotation) if found is not None else None
        else:
            arguments = get_args(annotation)
            annotation = (
                _bare(arguments[-1] if get_origin(annotation) is dict else arguments[0])
                if arguments
                else None
            )
    return annotation


def _bare(annotation: Any) -> Any:
    """The type without `Annotated` and without `| None`."""
    while get_origin(annotation) in {Annotated, Union, types.UnionType}:
        options = [option for option in get_args(annotation) if option is not type(None)]
        models = [o for o in options if isinstance(_bare(o), type) and issubclass(_bare(o), BaseModel)]
        annotation = options[0] if get_origin(annotation) is Annotated else (models or options)[0]
    return annotation
