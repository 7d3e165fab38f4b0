"""Setting the values of custom fields."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from syncline.sandbox.pagerduty.records import Incident
from syncline.sandbox.pagerduty.refusals import invalid
from syncline.sandbox.pagerduty.rendering import CustomField

LONGEST: Final = 200
"""Characters of a text value (api-schema, CustomFieldsFieldValue)."""

MOST: Final = 10
"""Values of a field that takes several (the same)."""


def set_values(
    fields: Mapping[str, CustomField], incident: Incident, content: Mapping[str, Any], at: int
) -> None:
    """`PUT /incidents/{id}/custom_fields/values`: all of the values, or none.

    Raises:
        RefusalError: a field that there is not, or a value that is not legal in it.
    """
    listed = content.get("custom_fields")
    if not isinstance(listed, list):
        raise invalid("Custom fields must be an array.")
    by_name = {field.name: field for field in fields.values()}
    changes: dict[str, Any] = {}
    for entry in listed:
        if not isinstance(entry, dict) or "value" not in entry:
            raise invalid("Each custom field must have a name or an id, and a value.")
        field = fields.get(str(entry.get("id"))) or by_name.get(str(entry.get("name")))
        if field is None:
            raise invalid(f"Custom field {entry.get('name') or entry.get('id')} not found.")
        changes[field.id] = _checked(field, entry["value"])
    if any(incident.fields.get(key) != value for key, value in changes.items()):
        incident.fields.update(changes)
        incident.touch(at)


def _checked(field: CustomField, value: Any) -> Any:
    if value is None:
        return None
    if not field.field_type.startswith("multi_value"):
        return _checked_one(field, value)
    if not isinstance(value, list) or len(value) > MOST:
        raise invalid(f"{field.display_name} must be an array of at most {MOST} values.")
    return [_checked_one(field, each) for each in value]


def _checked_one(field: CustomField, value: Any) -> Any:
    if not _legal(field.data_type, value):
        raise invalid(f"{field.display_name} is not a legal {field.data_type}.")
    if field.field_type.endswith("_fixed") and value not in field.options:
        raise invalid(f"{field.display_name} must be one of {', '.join(field.options)}.")
    return value


def _legal(data_type: str, value: Any) -> bool:
    match data_type:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "datetime":
            return isinstance(value, str) and _is_time(value)
        case _:
            return isinstance(value, str) and len(value) <= LONGEST


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
