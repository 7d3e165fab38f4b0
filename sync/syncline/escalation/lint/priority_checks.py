"""The priority matrix, and raises that do nothing."""

from itertools import product

from syncline.escalation.conditions import Condition, compiled
from syncline.escalation.lint.sheet import Sheet

_LEVELS = (1, 2, 3)


def check_priority(sheet: Sheet) -> None:
    """E26, W26 and E54."""
    _matrix(sheet)
    _raises(sheet)


def _matrix(sheet: Sheet) -> None:
    rules = sheet.book.priority
    if not rules.matrix:
        return
    missing = [cell for cell in product(_LEVELS, _LEVELS) if cell not in rules.matrix]
    if missing:
        impact, urgency = missing[0]
        sheet.add(
            "W26",
            rules.place,
            f"the priority matrix has no cell for impact {impact} and urgency {urgency}"
            + (f", nor {len(missing) - 1} others" if len(missing) > 1 else "")
            + "; such an incident gets no priority",
            "give the matrix all three levels of both, unless no platform uses them",
            {"incident": {"impact": impact, "urgency": urgency, "priority": None}},
        )
    for (impact, urgency), priority in sorted(rules.matrix.items()):
        for worse in ((impact - 1, urgency), (impact, urgency - 1)):
            other = rules.matrix.get(worse)
            if other is not None and other > priority:
                sheet.add(
                    "E26",
                    rules.place,
                    f"impact {worse[0]} with urgency {worse[1]} has priority {other}, but impact {impact} with urgency"
                    f" {urgency}, which is less bad, has priority {priority}",
                    "numbers in the matrix must not get smaller from left to right, or from top to bottom",
                    {"incident": {"impact": worse[0], "urgency": worse[1], "priority": other}},
                )
                return


def _raises(sheet: Sheet) -> None:
    seen: dict[str, int] = {}
    can_rise = compiled("priority > 1", sheet.book.vocabulary)
    for number, rule in enumerate(sheet.book.priority.raises, 1):
        about = f"whether raise {number} ever changes a priority"
        before = seen.setdefault(rule.when.text, number)
        if before != number:
            sheet.add(
                "E54",
                rule.place,
                f"raise {number} never changes anything: raise {before} has the same condition, and each condition"
                " raises an incident once",
                "write the sum under `by` of the first one",
                {"condition": rule.when.text},
            )
        elif sheet.never(rule.place, about, rule.when, can_rise):
            _tell(sheet, number, rule.when)


def _tell(sheet: Sheet, number: int, when: Condition) -> None:
    place = sheet.book.priority.raises[number - 1].place
    found, incident = sheet.example(place, f"raise {number}", when)
    if found:
        sheet.add(
            "E54",
            place,
            f"raise {number} never changes anything: `{when.text}` holds only where the priority is 1 or unknown",
            "correct the condition",
            {"incident": incident},
        )
