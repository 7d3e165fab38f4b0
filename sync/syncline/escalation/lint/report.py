"""Findings for people, for programs, and for code review."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from syncline.escalation.lint.codes import CODES, Severity, severity
from syncline.escalation.lint.finding import Finding

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_SARIF_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SARIF: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_MOST_SHOWN: Final = 8


def plain(findings: Sequence[Finding]) -> str:
    """One finding a paragraph: `file:line:column: severity CODE: message`, then what shows it, then what to do."""
    lines: list[str] = []
    for one in findings:
        lines.append(f"{one.file}:{one.line}:{one.column}: {one.severity} {one.code}: {one.message}")
        if one.witness:
            lines += [f"    {line}" for line in _shown(one.witness)]
        if one.mend:
            lines.append(f"    mend: {one.mend}")
    return "\n".join([*lines, summary(findings)])


def summary(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning`."""
    counts = Counter(one.severity for one in findings)
    words = [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note")]
    said = [
        f"{counts[level]} {word}{'s' if counts[level] != 1 else ''}" for level, word in words if counts[level]
    ]
    return ", ".join(said) or "nothing found"


def as_json(findings: Sequence[Finding]) -> str:
    """An object with `findings` and `counts`."""
    counts = Counter(one.severity.value for one in findings)
    listed = [
        {
            "code": one.code,
            "severity": one.severity.value,
            "file": one.file,
            "line": one.line,
            "column": one.column,
            "message": one.message,
            "witness": one.witness,
            "mend": one.mend,
        }
        for one in findings
    ]
    content = {"findings": listed, "counts": {level.value: counts[level.value] for level in Severity}}
    return json.dumps(content, indent=2, ensure_ascii=False, default=str)


def annotations(findings: Sequence[Finding]) -> str:
    """Workflow commands of GitHub, which show each finding at its line of the change."""
    return "\n".join(
        f"::{_LEVELS[one.severity]} file={_property(one.file)},line={max(one.line, 1)},col={max(one.column, 1)},"
        f"title={one.code}::{_data(_text(one))}"
        for one in findings
    )


def sarif(findings: Sequence[Finding]) -> str:
    """SARIF 2.1.0, as code scanners exchange findings."""
    codes = sorted({one.code for one in findings})
    rules = [{"id": code, "shortDescription": {"text": CODES.get(code, code)}} for code in codes]
    results: list[dict[str, Any]] = [
        {
            "ruleId": one.code,
            "level": _SARIF_LEVELS[one.severity],
            "message": {"text": _text(one)},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": one.file},
                        "region": {"startLine": max(one.line, 1), "startColumn": max(one.column, 1)},
                    }
                }
            ],
        }
        for one in findings
    ]
    tool = {"driver": {"name": "syncline policy check", "rules": rules}}
    content = {"$schema": _SARIF, "version": "2.1.0", "runs": [{"tool": tool, "results": results}]}
    return json.dumps(content, indent=2, ensure_ascii=False)


def table() -> str:
    """All codes, a line each."""
    return "\n".join(f"{code}  {severity(code).value:<7}  {about}" for code, about in CODES.items())


def _text(finding: Finding) -> str:
    shown = _shown(finding.witness)
    parts = [finding.message, *shown, f"mend: {finding.mend}" if finding.mend else ""]
    return "\n".join(part for part in parts if part)


def _shown(witness: Mapping[str, object]) -> list[str]:
    """What shows it, a line for each part that says something by itself."""
    found: list[str] = []
    for key, value in witness.items():
        if key == "at" and isinstance(value, str) and "^" in value:
            found += value.split("\n")
        elif key != "first stretches":
            found.append(f"{key}: {_value(value)}")
    return found


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(one)}" for name, one in value.items()) or "any"
    if isinstance(value, list | tuple):
        shown = [_value(one) for one in value[:_MOST_SHOWN]]
        return f"[{', '.join(shown)}{', ...' if len(value) > _MOST_SHOWN else ''}]"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
