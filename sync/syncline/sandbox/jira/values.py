"""Values of fields as clients send them, read into the form that `fields.py` describes."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from syncline.sandbox.jira import adf
from syncline.sandbox.jira.fields import Field
from syncline.sandbox.jira.refusals import FieldError
from syncline.sandbox.jira.site import Site

_LINE: Final = 255
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def _named(value: Any, *names: str) -> tuple[str, str]:
    """The first of these properties that an object brings, and its text."""
    if not isinstance(value, dict):
        raise FieldError("data was not an object")
    for name in names:
        if isinstance(value.get(name), str):
            return name, value[name]
    wanted = "' or '".join(names)
    raise FieldError(f"Could not find valid '{wanted}' in the object.")


def _choice(offered: Mapping[str, str], value: Any, title: str, label: str = "name") -> str:
    name, text = _named(value, "id", label)
    if name == "id":
        if text not in offered:
            raise FieldError(f"{title} id '{text}' is not valid")
        return text
    found = next((key for key, shown in offered.items() if shown.lower() == text.lower()), None)
    if found is None:
        raise FieldError(f"{title} {label} '{text}' is not valid")
    return found


def _summary(_site: Site, _project: str, _field: Field, value: Any) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise FieldError("You must specify a summary of the issue.")
    if not isinstance(value, str):
        raise FieldError("Operation value must be a string")
    if "\n" in value or "\r" in value:
        raise FieldError("The summary is invalid because it contains newline characters.")
    if len(value) > _LINE:
        raise FieldError("Summary must be less than 255 characters.")
    return value.strip()


def _textfield(_site: Site, _project: str, _field: Field, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise FieldError("Operation value must be a string")
    if len(value) > _LINE:
        raise FieldError("The entered text is too long. It exceeds the allowed limit of 255 characters.")
    return value or None


def _priority(site: Site, _project: str, _field: Field, value: Any) -> str:
    if value is None:
        raise FieldError("The priority selected is invalid.")
    return _choice(site.priorities, value, "Priority")


def _resolution(site: Site, _project: str, _field: Field, value: Any) -> str | None:
    return None if value is None else _choice(site.resolutions, value, "Resolution")


def _issuetype(site: Site, _project: str, _field: Field, value: Any) -> str:
    try:
        return _choice(site.issue_types, value, "Issue type")
    except FieldError as error:
        raise FieldError("Specify a valid issue type") from error


def _project_key(site: Site, _project: str, _field: Field, value: Any) -> str:
    name, text = _named(value, "key", "id") if isinstance(value, dict) else ("", "")
    found = site.projects.get(text) if name == "key" else site.project_by_id(text)
    if found is None:
        raise FieldError("valid project is required")
    return found.key


def _components(site: Site, project: str, _field: Field, value: Any) -> tuple[str, ...]:
    offered = site.components.get(project, {})
    return tuple(dict.fromkeys(_choice(offered, item, "Component") for item in _array(value)))


def _labels(_site: Site, _project: str, _field: Field, value: Any) -> tuple[str, ...]:
    labels: list[str] = []
    for label in _array(value):
        if not isinstance(label, str):
            raise FieldError("string expected at index " + str(len(labels)))
        if not label or re.search(r"\s", label):
            raise FieldError(f"The label '{label}' contains spaces which is invalid.")
        if len(label) > _LINE:
            raise FieldError(
                f"The label '{label}' exceeds the maximum length for a single label of 255 characters."
            )
        labels.append(label)
    return tuple(dict.fromkeys(labels))


def _array(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise FieldError("data was not an array")
    return value


def person(site: Site, value: Any) -> str | None:
    """The login of a person as a field or the assignee resource names one; None is nobody.

    Raises:
        FieldError: the object is of the other kind of Jira, or names nobody.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise FieldError("data was not an object")
    # Cloud dropped usernames in 2019 (GDPR migration guide): accountId only. Data Center knows no accountId.
    names = ("accountId", "id") if site.cloud else ("name", "key")
    name = next((name for name in names if name in value), None)
    if name is None:
        raise FieldError(f"expected Object containing {'an' if site.cloud else 'a'} '{names[0]}' property")
    text = value[name]
    if text is None or text == "-1":
        # -1 is the project's default assignee, which is nobody here.
        return None
    if not isinstance(text, str):
        raise FieldError(f"'{name}' must be a string")
    found = site.find_person(text)
    if found is None:
        raise FieldError(f"User '{text}' does not exist.")
    return found.login


def _user(site: Site, project: str, field: Field, value: Any) -> str | None:
    login = person(site, value)
    if field.id == "reporter" and login is None:
        raise FieldError("Reporter is required.")
    if field.id == "assignee" and login is not None and not site.assignable(login, project):
        raise FieldError(f"User '{site.identity(login)}' cannot be assigned issues.")
    return login


def _day(_site: Site, _project: str, _field: Field, value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _DATE.match(value):
        raise FieldError("Operation value must be a date in the format yyyy-MM-dd")
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise FieldError("Operation value must be a date in the format yyyy-MM-dd") from error


def _number(_site: Site, _project: str, _field: Field, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldError("Operation value must be a number")
    return float(value)


def _select(_site: Site, _project: str, field: Field, value: Any) -> str | None:
    return None if value is None else _choice(field.options, value, "Option", "value")


def _group(site: Site, _project: str, _field: Field, value: Any) -> str | None:
    if value is None:
        return None
    name, text = _named(value, "name", "groupId")
    found = site.find_group(text) if name == "groupId" or text in site.groups else None
    if found is None:
        raise FieldError(f"Could not find group with name '{text}'")
    return found


def _team(_site: Site, _project: str, field: Field, value: Any) -> str | None:
    if value is None:
        return None
    # Written by its id alone; what is read is an object.
    if not isinstance(value, str) or value not in field.options:
        raise FieldError("Team id is not valid")
    return value


_READ: Final[Mapping[str, Callable[[Site, str, Field, Any], Any]]] = {
    "summary": _summary,
    "textfield": _textfield,
    "priority": _priority,
    "resolution": _resolution,
    "issuetype": _issuetype,
    "project": _project_key,
    "components": _components,
    "labels": _labels,
    "user": _user,
    "date": _day,
    "number": _number,
    "select": _select,
    "group": _group,
    "team": _team,
}


def read(site: Site, version: int, project: str, field: Field, value: Any) -> Any:
    """A field's value as a client sent it, in the form that it is kept in.

    Args:
        site: Where.
        version: Of the API: 3 takes documents where 2 takes text.
        project: Key of the issue's project.
        field: Which.
        value: As sent.

    Raises:
        FieldError: the field does not take it.
        ContentError: a document that the site rejects as a whole.
    """
    if field.kind == "text":
        return adf.parse_document(value) if version == 3 else adf.parse_text(value)
    return _READ[field.kind](site, project, field, value)
