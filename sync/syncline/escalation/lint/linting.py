"""The linter: every check over one book, and over the text of a file."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from syncline.errors import Problem
from syncline.escalation.book import Book
from syncline.escalation.lint.allowing import allowed
from syncline.escalation.lint.axioms import with_axioms
from syncline.escalation.lint.clock_checks import check_clocks
from syncline.escalation.lint.codes import Severity
from syncline.escalation.lint.cover import Cover
from syncline.escalation.lint.finding import Finding, LiveNames
from syncline.escalation.lint.ladder_checks import check_ladders
from syncline.escalation.lint.names import check_names
from syncline.escalation.lint.priority_checks import check_priority
from syncline.escalation.lint.reach_checks import check_reach
from syncline.escalation.lint.rota_checks import check_rotas
from syncline.escalation.lint.sheet import Sheet
from syncline.escalation.lint.tier_checks import check_tiers
from syncline.escalation.lint.timers import check_timers
from syncline.escalation.lint.together import check_together
from syncline.escalation.lint.truths import check_truths
from syncline.escalation.reading import examine
from syncline.escalation.roster import Place, Span

YEAR: Final = timedelta(days=365)
_CHECKS: Final = (
    check_truths,
    check_clocks,
    check_names,
    check_tiers,
    check_rotas,
    check_timers,
    check_ladders,
    check_together,
    check_priority,
    check_reach,
)


def lint(
    book: Book,
    *,
    file: str,
    today: date,
    horizon: timedelta = YEAR,
    live: LiveNames | None = None,
    text: str = "",
) -> list[Finding]:
    """Everything that is wrong or doubtful in a book that can be read, in the order of the file.

    Args:
        book: Read from the file.
        file: What to call it.
        today: From when on rotas are looked at; an aware datetime for a moment of that day.
        horizon: For how long.
        live: What there is on the live platforms.
        text: Of the file, for comments that allow a finding; empty: there are none.

    Raises:
        ValueError: `today` is a datetime without a time zone.
    """
    return _in_order(allowed(_findings(book, file, today, horizon, live, text), text, file))


def _findings(
    book: Book, file: str, today: date, horizon: timedelta, live: LiveNames | None, text: str
) -> list[Finding]:
    start = _start(today)
    sheet = Sheet(with_axioms(book), Span(start, start + horizon), file, live, _key(text, "policies"))
    for check in _CHECKS:
        check(sheet)
    Cover(sheet, from_today=not isinstance(today, datetime)).check()
    sheet.doubts()
    return sheet.findings


def check(
    text: str, *, file: str, today: date, horizon: timedelta = YEAR, live: LiveNames | None = None
) -> list[Finding]:
    """Everything that is wrong or doubtful in a file, from its form to its rotas, in the order of the file.

    A file that cannot be read has only the faults of its form and names: the rest is looked at once those are mended.
    """
    book, problems = examine(text, file)
    found = [_finding(problem) for problem in problems]
    if book is not None:
        told = {finding.code for finding in found}
        more = _findings(book, file, today, horizon, live, text)
        # What reading has told already, it has told with the very place.
        found += [finding for finding in more if finding.code not in told or finding.code != "W06"]
        found = allowed(found, text, file)
    return _in_order(found)


def _start(today: date) -> datetime:
    if not isinstance(today, datetime):
        return datetime.combine(today, time(), UTC)
    if today.tzinfo is None:
        raise ValueError("today needs a time zone")
    return today.astimezone(UTC)


def _key(text: str, key: str) -> Place:
    """Where a key of the file's first level stands."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(f"{key}:"):
            return Place(number, 1)
    return Place()


def _finding(problem: Problem) -> Finding:
    sentence, _, shown = problem.message.partition("\n")
    witness = {"at": shown} if shown else {}
    return Finding(
        problem.code,
        Severity(problem.severity),
        problem.line,
        problem.column,
        sentence,
        witness,
        "",
        problem.file,
    )


def _in_order(findings: list[Finding]) -> list[Finding]:
    unique: dict[tuple[str, int, int, str], Finding] = {}
    for finding in findings:
        unique.setdefault((finding.code, finding.line, finding.column, finding.message), finding)
    return sorted((replace(one) for one in unique.values()), key=lambda one: (one.line, one.column, one.code))
