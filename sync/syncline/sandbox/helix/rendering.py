"""Entries and fields as the REST API shows them. Pure."""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from syncline.sandbox.helix.bodies import File
from syncline.sandbox.helix.forms import CHAR, DISPLAY, HISTORY, TIME, FieldSpec

FIRST_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When the server was set up."""


def moment(at: int) -> str:
    """A time as the REST API gives it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def rendered(spec: FieldSpec, value: Any, href: str) -> Any:
    """One value as the REST API gives it; `href` is the address of its entry."""
    if value is None or spec.name in DISPLAY:
        return None
    if spec.type == TIME:
        return moment(int(value))
    if spec.type == HISTORY:
        return {status: {"user": user, "timestamp": moment(at)} for status, (user, at) in value.items()}
    if isinstance(value, File):
        return {
            "name": value.name,
            "sizeBytes": len(value.content),
            "href": f"{href}/attach/{quote(spec.name)}",
        }
    return value


def metadata(name: str, spec: FieldSpec) -> dict[str, Any]:
    """One field as the fields resource describes it (BMC, "Retrieving field metadata")."""
    option = (
        "SYSTEM"
        if spec.system
        else "DISPLAY"
        if spec.name in DISPLAY
        else "REQUIRED"
        if spec.required
        else "OPTIONAL"
    )
    limit: dict[str, Any] = (
        {"max_length": spec.length, "length_unit": "AR_LENGTH_UNIT_BYTE"} if spec.type == CHAR else {}
    )
    return {
        "id": spec.id,
        "name": name,
        "help_text": "",
        "last_update_time": moment(int(FIRST_DAY.timestamp())),
        "owner": "Demo",
        "last_changed_by": "Demo",
        "field_option": option,
        "audit": "AUDIT" if spec.audited else "NONE",
        "create_mode": "PROTECTED_AT_CREATE" if spec.system else "OPEN_AT_CREATE",
        "datatype": spec.type,
        "limit": limit,
    }
