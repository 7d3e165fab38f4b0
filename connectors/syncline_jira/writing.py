"""The operations of the core as requests to Jira: each exactly one that changes something."""

from collections.abc import Mapping
from typing import Any, Final

from syncline.connector import (
    Attach,
    Comment,
    Create,
    LinkBack,
    Operation,
    PagePerson,
    Receipt,
    Transition,
    Update,
)
from syncline.errors import OutcomeUnknown, Refused, SynclineError
from syncline.model import Visibility
from syncline_jira import records, shape
from syncline_jira.client import JiraClient, issue_path
from syncline_jira.perspective import Perspective
from syncline_jira.settings import JiraSettings
from syncline_jira.text import canonical, document
from syncline_jira.values import WORKFLOW, fields, needs_catalogue
from syncline_jira.workflow import Workflows

PROPERTY: Final = "syncline"
"""Entity property in which issues and comments that we create carry their marker, too."""

INTERNAL: Final = {"key": "sd.public.comment", "value": {"internal": True}}
"""Keeps a comment from the customers of a service project (JSM docs: "Comments"); elsewhere it means nothing."""


class Writer:
    """Carries out operations on one instance.

    Args:
        client: The instance's client.
        settings: Its settings.
        view: What it knows of itself.
        workflows: What it remembers of transitions.
    """

    def __init__(
        self, client: JiraClient, settings: JiraSettings, view: Perspective, workflows: Workflows
    ) -> None:
        self._client = client
        self._settings = settings
        self._cloud = settings.is_cloud
        self._view = view
        self._workflows = workflows

    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation; a link back is one request for each reference.

        Raises:
            Refused: Jira will not do it, or cannot be asked for it.
            OutcomeUnknown: whether it was done is not known.
        """
        match operation:
            case Create():
                return self._create(operation)
            case Update():
                return self._update(operation)
            case Transition():
                return self._transition(operation)
            case Comment():
                return self._comment(operation)
            case Attach():
                return self._attach(operation)
            case LinkBack():
                return self._link_back(operation)
            case PagePerson(record_id):
                raise Refused(
                    f"{self._settings.name}: issue {record_id}: Jira calls nobody; page by another way"
                )

    def _fields(self, values: Mapping[str, Any], target: str) -> dict[str, Any]:
        catalogue = self._view.catalogue() if needs_catalogue(values) else self._view.known_catalogue()
        return fields(values, catalogue, cloud=self._cloud, instance=self._settings.name, target=target)

    def _create(self, operation: Create) -> Receipt:
        label = records.label_of(operation.marker)
        if label is None:
            raise Refused(f"{self._settings.name}: the marker {operation.marker!r} makes no Jira label")
        # A new issue gets the first status of its workflow; the way to another one leads over transitions.
        values = {name: value for name, value in operation.values.items() if name != WORKFLOW}
        fields = self._fields(
            {"project": self._settings.projects[0], "issuetype": self._settings.default_issue_type, **values},
            "the new issue",
        )
        fields["labels"] = [*(fields.get("labels") or []), label]
        body = {"fields": fields, "properties": [{"key": PROPERTY, "value": {"marker": operation.marker}}]}
        answer = shape.mapping(self._client.send("POST", "issue", body))
        record_id = shape.text(answer.get("id"))
        if not record_id:
            raise OutcomeUnknown(
                f"{self._settings.name}: the reply to a create names no issue; it will be looked for by its marker"
            )
        return Receipt(record_id)

    def _update(self, operation: Update) -> Receipt:
        fields = self._fields(operation.values, f"issue {operation.record_id}")
        if "labels" in fields:
            fields["labels"] += self._view.marker_labels(operation.record_id)
        lens = self._view.lens()  # before the write: nothing after it may fail but the write itself
        params = {"returnIssue": "true"} if self._cloud else {}
        answer = self._client.send("PUT", issue_path(operation.record_id), {"fields": fields}, params)
        try:
            record = records.record(answer, lens) if answer else None
        except SynclineError:
            record = None  # done all the same; the core reads it once
        return Receipt(operation.record_id, record)

    def _transition(self, operation: Transition) -> Receipt:
        body: dict[str, Any] = {"transition": {"id": operation.transition_id}}
        if operation.values:
            body["fields"] = self._fields(operation.values, f"issue {operation.record_id}")
        try:
            self._client.send("POST", issue_path(operation.record_id, "transitions"), body)
        except SynclineError:
            self._workflows.forget(operation.record_id)
            raise
        return Receipt(operation.record_id)

    def _comment(self, operation: Comment) -> Receipt:
        text = canonical(operation.body)
        body: dict[str, Any] = {"body": document(text) if self._cloud else text}
        properties: list[dict[str, Any]] = []
        if operation.visibility is Visibility.INTERNAL:
            properties.append(INTERNAL)
            if self._settings.internal_comments:
                body["visibility"] = self._settings.internal_comments.restriction()
        if self._cloud:
            properties.append({"key": PROPERTY, "value": {"marker": operation.marker}})
        if properties:
            body["properties"] = properties
        answer = shape.mapping(self._client.send("POST", issue_path(operation.record_id, "comment"), body))
        return Receipt(operation.record_id, item_id=shape.text(answer.get("id")) or None)

    def _attach(self, operation: Attach) -> Receipt:
        path = issue_path(operation.record_id, "attachments")
        answer = self._client.upload(path, operation.name, operation.content_type, operation.content)
        items = shape.objects(answer)
        return Receipt(operation.record_id, item_id=shape.text(items[0].get("id")) or None if items else None)

    def _link_back(self, operation: LinkBack) -> Receipt:
        # Jira takes one link in a request. Each is an upsert by its globalId: cut short, all are safely sent again.
        item_id = None
        for reference in operation.references:
            body = {
                "globalId": f"syncline:{operation.marker}:{reference.instance}"[:255],
                "application": {
                    "type": "syncline",
                    "name": f"{reference.platform} {reference.instance}"[:255],
                },
                "relationship": "is the same incident as",
                "object": {"url": reference.url, "title": f"{reference.key}: {reference.title}"[:255]},
            }
            answer = shape.mapping(
                self._client.send("POST", issue_path(operation.record_id, "remotelink"), body)
            )
            item_id = shape.text(answer.get("id")) or item_id
        return Receipt(operation.record_id, item_id=item_id)
