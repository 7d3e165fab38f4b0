"""Who changed what, as far as the server keeps it. Pure.

Two sources. The audit of incidents (`HPD:HelpDesk_AuditLogSystem`, a form in the log style): each entry has the user, the
names of the fields that changed, with semicolons between, and a text with their new values (names of its fields: Remedy::Form::Audit by
Stanford University; what is audited: BMC, "Specifying fields to be audited"). How that text is laid out is not
documented: a line `name: value` for each field is what is understood, and of what is laid out otherwise nothing is told. And the field
Status-History, which has the last visit of each status only.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from syncline.connector import Edit, canonical_text
from syncline_helix.client import Row
from syncline_helix.records import NUMBER, Shape, is_own, moment, needed
from syncline_helix.values import canonical, instant, plain, said

AUDIT_FIELDS: Final = ("Request ID", "Original Request ID", "Create Date", "User", "Fields Changed", "Log")
STATUS: Final = "Status"


def changed(row: Row) -> tuple[str, ...]:
    """The fields that an entry of the audit says have changed."""
    return tuple(name.strip() for name in said(row.get("Fields Changed")).split(";") if name.strip())


def told(log: str, names: Iterable[str]) -> dict[str, str]:
    """The new value of each of those fields, as far as the text of an entry tells it."""
    alternatives = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if not alternatives:
        return {}
    # A value may have several lines: it ends where the line of another changed field begins.
    parts = re.split(rf"^({alternatives})[ \t]*:[ \t]?", canonical_text(log), flags=re.MULTILINE)
    return {name: value.rstrip("\n") for name, value in zip(parts[1::2], parts[2::2], strict=True)}


def edits(rows: Iterable[Row], shape: Shape, own: str) -> tuple[Edit, ...]:
    """What those entries of one record's audit tell of the fields that are asked for, oldest first.

    Raises:
        ValueError: an entry lacks what it must have.
    """
    found: list[Edit] = []
    for row in sorted(rows, key=lambda row: (plain(row.get("Create Date")), plain(row.get("Request ID")))):
        names, actor = changed(row), plain(row.get("User"))
        for name, value in told(plain(row.get("Log")), names).items():
            if name in shape.values:
                found.append(
                    Edit(
                        id=f"{needed(row, 'Request ID')}/{name}",
                        actor=actor,
                        own=is_own(actor, own),
                        at=moment(row, "Create Date"),
                        field=name,
                        before=None,
                        after=canonical(name, value, shape.times),
                    )
                )
    return tuple(found)


def visits(row: Row, own: str) -> tuple[Edit, ...]:
    """The last visit of each status, oldest first.

    Raises:
        ValueError: a visit has no proper time.
    """
    history = row.get("Status-History")
    found: list[Edit] = []
    for status, visit in history.items() if isinstance(history, Mapping) else ():
        told_of: Mapping[str, Any] = visit if isinstance(visit, Mapping) else {}
        if not told_of.get("timestamp"):
            continue
        at, actor = instant(plain(told_of["timestamp"])), plain(told_of.get("user"))
        ident = f"{needed(row, NUMBER)}/{status}/{int(at.timestamp())}"
        found.append(Edit(ident, actor, is_own(actor, own), at, STATUS, None, status))
    return tuple(sorted(found, key=lambda edit: (edit.at, edit.id)))


def together(audited: Iterable[Edit], visited: Iterable[Edit]) -> tuple[Edit, ...]:
    """One history of both: visits count where the audit says nothing of any status."""
    audited = tuple(audited)
    if any(edit.field == STATUS for edit in audited):
        return audited
    return tuple(sorted((*audited, *visited), key=lambda edit: edit.at))
