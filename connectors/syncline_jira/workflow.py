"""The workflow as it is lived: which transitions lead out of a status, and what each asks for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from syncline.connector import Step
from syncline.errors import Gone, RetryLater
from syncline_jira import shape
from syncline_jira.client import JiraClient
from syncline_jira.polling import quoted

FRESH: Final = 300.0
"""Seconds for which transitions are taken from memory. Admins change workflows by the month."""

_REMEMBERED: Final = 1000
_TRIES: Final = 3
"""So often the steps out of a status are read of issues that leave it at that moment."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What decides which workflow an issue follows."""

    project: str
    type_id: str


def steps_of(transitions: object) -> tuple[Step, ...]:
    """The steps in a list of transitions; those that are not available now are left out."""
    found = []
    for raw in shape.objects(transitions):
        step_id, to = shape.text(raw.get("id")), shape.text(shape.mapping(raw.get("to")).get("name"))
        if step_id and to and raw.get("isAvailable") is not False:
            found.append(Step(step_id, shape.text(raw.get("name")) or to, to, _required(raw.get("fields"))))
    return tuple(found)


def _required(listed: object) -> dict[str, tuple[str, ...]]:
    """Fields that must be given, as far as the workflow brings no value of its own, with the names they allow."""
    found = {}
    for name, raw in shape.mapping(listed).items():
        field = shape.mapping(raw)
        if field.get("required") is True and field.get("hasDefaultValue") is not True:
            found[str(name)] = names_of(field.get("allowedValues"))
    return found


def names_of(allowed: object) -> tuple[str, ...]:
    """What people read of allowed values: an option's value, else a name."""
    names = (shape.text(one.get("value")) or shape.text(one.get("name")) for one in shape.objects(allowed))
    return tuple(name for name in names if name)


def kind_of(issue: object) -> Kind:
    """Project and type of an issue."""
    found = shape.mapping(shape.mapping(issue).get("fields"))
    return Kind(
        shape.text(shape.mapping(found.get("project")).get("key")),
        shape.text(shape.mapping(found.get("issuetype")).get("id")),
    )


def status_of(issue: object) -> str:
    """The name of an issue's status."""
    return shape.text(
        shape.mapping(shape.mapping(shape.mapping(issue).get("fields")).get("status")).get("name")
    )


class Workflows:
    """Transitions by project, issue type and status; each remembered for some minutes.

    Args:
        client: The instance's client.
        now: The platform's clock.
    """

    def __init__(self, client: JiraClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._kinds: dict[str, Kind] = {}
        self._steps: dict[tuple[Kind, str], tuple[datetime, tuple[Step, ...]]] = {}

    def learn(self, record_id: str, issue: Mapping[str, Any]) -> None:
        """Take note of an issue's project and type."""
        if len(self._kinds) >= _REMEMBERED * 10:
            self._kinds = {}
        self._kinds[record_id] = kind_of(issue)

    def forget(self, record_id: str) -> None:
        """A transition was refused: what is remembered may be out of date."""
        kind = self._kinds.pop(record_id, None)
        remembered = dict(self._steps)  # another worker may add to it meanwhile
        self._steps = {key: steps for key, steps in remembered.items() if key[0] != kind}

    def steps(self, record_id: str, status: str) -> Sequence[Step]:
        """The transitions out of `status` for issues of this one's project and type.

        Raises:
            Gone: there is no such issue.
            RetryLater: whichever issue is looked at leaves that status meanwhile.
        """
        kind = self._kinds.get(record_id)
        known = self._steps.get((kind, status)) if kind else None
        if known and 0 <= (self._now() - known[0]).total_seconds() < FRESH:
            return known[1]
        for _ in range(_TRIES):
            issue = self._look(record_id)
            self.learn(record_id, issue)
            kind = self._kinds[record_id]
            example = record_id if status_of(issue) == status else self._example(kind, status)
            if example is None:
                return ()
            found = steps_of(self._client.transitions_of(example))
            # Somebody may have moved it meanwhile: then these lead out of another status.
            if status_of(self._look(example)) == status:
                if len(self._steps) >= _REMEMBERED:
                    self._steps = {}
                self._steps[kind, status] = (self._now(), found)
                return found
        raise RetryLater(
            f"the issue {record_id}, by which the steps out of {status!r} are known, moves all the time"
        )

    def _look(self, record_id: str) -> Mapping[str, Any]:
        return shape.mapping(self._client.issue_json(record_id, ("status", "issuetype", "project")))

    def _example(self, kind: Kind, status: str) -> str | None:
        """Another issue that stands in that status, looked at itself: the search index may lag behind."""
        if not kind.type_id.isdigit():
            return None
        jql = (
            f"project = {quoted(kind.project)} AND issuetype = {kind.type_id} AND status = {quoted(status)}"
            " ORDER BY updated DESC"
        )
        for found in self._client.matching(jql, ("status",), 1):
            try:
                issue = self._look(shape.text(found.get("id")))
            except Gone:
                return None
            if status_of(issue) == status and kind_of(issue) == kind:
                return shape.text(issue.get("id")) or None
        return None
