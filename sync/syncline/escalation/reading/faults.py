"""What is wrong with the file, put down with its place while its parts are read."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from syncline.errors import Problem
from syncline.escalation import templates
from syncline.escalation.conditions import ALWAYS, Condition, ConditionFaults, Fault, Vocabulary, compiled
from syncline.escalation.reading.form import Part
from syncline.escalation.reading.ladders import EscalationFile
from syncline.escalation.reading.places import inside, line_starts
from syncline.escalation.reading.values import PERSON
from syncline.escalation.roster import Place
from syncline.mapping.document import Document, Loc
from syncline.mapping.validation import Outcome, suggestion

FORM: Final = "E00"
"""The file is not of the form of the language."""
CONDITION: Final = "E01"
UNKNOWN: Final = "E06"
TWICE: Final = "E12"
DURATION: Final = "E13"
MATRIX: Final = "E26"
AUDIENCE: Final = "W06"
"""Nobody stands behind a word that a message is addressed to."""
PROJECT: Final = "W07"
"""A target names a project, which has no effect."""

_MOST_SUGGESTIONS: Final = 50


class Faults:
    """The faults of one file. `problems` are those of its form to begin with.

    Attributes:
        problems: All, in the order in which they were found.
    """

    def __init__(self, document: Document, outcome: Outcome[EscalationFile]) -> None:
        self.problems: list[Problem] = [
            problem if problem.code else replace(problem, code=FORM) for problem in outcome.problems
        ]
        self._document = document
        self._lines = line_starts(document.text)
        self._outcome = outcome
        self._compiled: dict[tuple[int, str], Condition | ConditionFaults] = {}
        self._unknown = 0

    def note(
        self, loc: Loc, message: str, *, value: bool = True, code: str = FORM, severity: str = "error"
    ) -> None:
        """Put down a fault of what stands at `loc` in the model; of the key there without `value`."""
        place = self._outcome.original(loc)
        self.problems.append(
            self._document.problem(place, message, value=value, severity=severity, code=code)
        )

    def missing(self, part: object, loc: Loc = ()) -> None:
        """Put down every key that must be there and is not, in this entry and in all below it."""
        if isinstance(part, Part):
            for key in part.missing():
                if self.sound((*loc, key)):
                    self.note(loc, f'the key "{key}" is missing in {_called(loc)}', value=False)
            fields = type(part).model_fields.items()
            self.missing({field.alias or name: getattr(part, name) for name, field in fields}, loc)
        elif isinstance(part, Mapping | list):
            entries = part.items() if isinstance(part, Mapping) else enumerate(part)
            for place, below in entries:
                self.missing(below, (*loc, place))

    def sound(self, loc: Loc) -> bool:
        """Whether the form of the file is in order at `loc`."""
        return self._outcome.sound(self._outcome.original(loc))

    def place(self, loc: Loc) -> Place:
        """Where that stands: its key, else its first character."""
        return Place(*self._document.position(self._outcome.original(loc)))

    def ids(self, section: str) -> frozenset[str]:
        """The names that a section of the file defines, those with faults too."""
        entries = self._document.data.get(section)
        return frozenset(map(str, entries)) if isinstance(entries, dict) else frozenset()

    def known(self, loc: Loc, name: str, known: Collection[str], what: str) -> bool:
        """Whether there is such a name; else a fault: `there is no schedule "dsek"`."""
        if name in known:
            return True
        self._unknown += 1
        # Looking for the nearest name of thousands takes its time, and a file with so many faults needs other help.
        near = suggestion(name, sorted(known)) if self._unknown <= _MOST_SUGGESTIONS else ""
        self.note(loc, f'there is no {what} "{name}"{near}', code=UNKNOWN)
        return False

    def party(self, loc: Loc, name: str, words: Collection[str], what: str, people: Collection[str]) -> bool:
        """Whether `person:<id>` or one of the words is known."""
        if not name.startswith(PERSON):
            if name in people and name not in words:
                self.note(loc, f'"{name}" is a person; write {PERSON}{name}', code=UNKNOWN)
                return False
            return self.known(loc, name, words, what)
        return self.known(loc, name.removeprefix(PERSON), people, "person")

    def condition(self, loc: Loc, text: str, vocabulary: Vocabulary) -> Condition:
        """The condition that stands there; `ALWAYS` and its faults where it cannot be used."""
        found = self._compiled.get((id(vocabulary), text))
        if found is None:
            try:
                found = compiled(text, vocabulary)
            except ConditionFaults as error:
                found = error
            self._compiled[id(vocabulary), text] = found
        if isinstance(found, Condition):
            return found
        self._report(loc, text, found)
        return ALWAYS

    def at_word(self, loc: Loc, text: str, word: str, message: str) -> None:
        """Put down that a word of a condition is out of place."""
        match = re.search(rf"\b{re.escape(word)}\b", text)
        fault = Fault(message, match.start() if match else 0, len(word))
        self._report(loc, text, ConditionFaults(text, (fault,)))

    def template(self, loc: Loc, text: str) -> None:
        """Put down what is wrong with the template of a message."""
        for fault in templates.faults(text):
            self._inside(loc, text, fault.offset, f"{loc[-1]}: {fault.message}", FORM)

    def _report(self, loc: Loc, text: str, error: ConditionFaults) -> None:
        for fault in error.faults:
            shown = "".join(f"\n    {row}" for row in fault.caret(text).split("\n"))
            self._inside(loc, text, fault.offset, fault.message + shown, CONDITION)

    def _inside(self, loc: Loc, text: str, offset: int, message: str, code: str) -> None:
        start = self._document.position(self._outcome.original(loc), value=True)
        line, column = inside(self._document.text, self._lines, start, text, offset)
        self.problems.append(Problem(message, self._document.file, line, column, code=code))


def _called(loc: Loc) -> str:
    last = loc[-1]
    return f"entry {last + 1} of {loc[-2]}" if isinstance(last, int) else last
