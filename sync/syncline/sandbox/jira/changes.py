"""How a change of a field reads in the history of an issue."""

from collections.abc import Iterable
from typing import Any

from syncline.sandbox.jira import adf
from syncline.sandbox.jira.directory import Directory
from syncline.sandbox.jira.fields import Field
from syncline.sandbox.jira.model import Change


def changes(site: Directory, field: Field, before: Any, after: Any) -> Iterable[Change]:
    """The lines that this change adds to the history."""
    if field.kind == "components":
        # One line for each component, as Jira writes it; all other fields give one line.
        names = site.component_names
        for gone in [item for item in before if item not in after]:
            yield Change("Component", field.id, gone, names[gone], None, None)
        for new in [item for item in after if item not in before]:
            yield Change("Component", field.id, None, None, new, names[new])
        return
    title = field.name if field.custom else field.id
    yield Change(
        title, field.id, *_told(site, field, before), *_told(site, field, after), custom=field.custom
    )


def _told(site: Directory, field: Field, value: Any) -> tuple[str | None, str | None]:
    """Raw value and text."""
    if field.kind == "labels":
        return "", " ".join(value)
    if value is None:
        return None, None
    if field.kind == "text":
        return None, adf.wiki(value)
    if field.kind == "user":
        return site.identity(value), site.people[value].name
    names = site.names_of(field)
    if names is not None:
        return value, names.get(value, value)
    if field.kind == "date":
        return value, f"{value} 00:00:00.0"
    if field.kind == "number":
        return None, str(value)
    return None, str(value)
