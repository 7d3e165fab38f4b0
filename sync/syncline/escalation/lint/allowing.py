"""Comments that allow a finding: `# lint: allow W11` at the end of its line."""

import re
from collections.abc import Iterable
from typing import Final

from syncline.escalation.lint.codes import CODES, severity
from syncline.escalation.lint.finding import Finding

_COMMENT: Final = re.compile(r"(?:^|\s)#\s*lint:\s*allow\b(.*)$")
_CODE: Final = re.compile(r"[A-Za-z]\d+")


def allowed(findings: Iterable[Finding], text: str, file: str) -> list[Finding]:
    """The findings that no comment allows; and one for each comment that allows nothing."""
    wanted: dict[tuple[int, str], int] = {}
    left: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        comment = _COMMENT.search(line)
        if comment is None:
            continue
        codes = [code.upper() for code in _CODE.findall(comment[1])]
        wanted.update({(number, code): comment.start() + 1 for code in codes})
        if not codes:
            left.append(
                _unused(
                    file, number, comment.start() + 1, "this comment names no code", "write # lint: allow W11"
                )
            )
    used: set[tuple[int, str]] = set()
    for finding in findings:
        key = (finding.line, finding.code)
        if key in wanted:
            used.add(key)
        else:
            left.append(finding)
    for (number, code), column in wanted.items():
        if (number, code) not in used:
            why = f"nothing here is found by {code}" if code in CODES else f"there is no check {code}"
            left.append(_unused(file, number, column, why, "delete the comment"))
    return left


def _unused(file: str, line: int, column: int, why: str, mend: str) -> Finding:
    return Finding("W70", severity("W70"), line, column, why, {}, mend, file)
