"""Jira, Cloud and Data Center, and a person in a project."""

import base64
import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from pydantic import SecretStr

from syncline.connector import Native
from syncline.model import Visibility
from syncline.sandbox.jira import Jira, Project
from syncline.testing.simulated import SimulatedStand

_BY_NAME: Final = frozenset({"priority", "resolution", "issuetype"})


class _JiraStand(SimulatedStand):
    """Version 2 of the REST API, whose texts are plain, as Bruno uses it."""

    flavour: ClassVar[Literal["cloud", "dc"]]
    platform: Jira

    def __init__(self) -> None:
        # Cloud's is a service project: only there do customers read along.
        cloud = self.flavour == "cloud"
        super().__init__(Jira(self.flavour, projects=[Project("OPS", "Operations", "10000", service=cloud)]))

    @property
    def settings(self) -> Mapping[str, object]:
        """Of the integration account."""
        ours = {"projects": ["OPS"], "default_issue_type": "Incident", "token": SecretStr("token-syncline")}
        account = (
            {"flavour": "cloud", "user": "syncline@example.com"}
            if self.flavour == "cloud"
            else {"flavour": "dc"}
        )
        return {**super().settings, **ours, **account}

    @property
    def assignable(self) -> str:
        """Amina."""
        return "amina.diallo@example.com"

    def lag(self, seconds: float) -> None:
        """The search index lags."""
        self.platform.index_lag = seconds

    def open(self, values: Mapping[str, Native]) -> str:
        """An issue; its id."""
        fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Incident"}, **_fields(values)}
        return str(self._api("POST", "issue", {"fields": fields})["id"])

    def edit(self, record_id: str, values: Mapping[str, Native]) -> None:
        """Fields of it; a status by the step that leads there."""
        given = dict(values)
        status = given.pop("status", None)
        if status is not None:
            steps = self._api("GET", f"issue/{record_id}/transitions")["transitions"]
            step = next(one for one in steps if one["to"]["name"] == status)
            body = {"transition": {"id": step["id"]}, "fields": _fields(given)}
            self._api("POST", f"issue/{record_id}/transitions", body)
        elif given:
            self._api("PUT", f"issue/{record_id}", {"fields": _fields(given)})

    def say(self, record_id: str, text: str, visibility: Visibility) -> bool:
        """A comment; in a service project one that customers read, unless it says otherwise."""
        body: dict[str, Any] = {"body": text}
        if self.flavour == "cloud" and visibility is Visibility.INTERNAL:
            body["properties"] = [{"key": "sd.public.comment", "value": {"internal": True}}]
        elif visibility is Visibility.PUBLIC and self.flavour == "dc":
            return False
        self._api("POST", f"issue/{record_id}/comment", body)
        return True

    def attach(self, record_id: str, name: str, content: bytes) -> None:
        """A file."""
        headers = {**self._person(), "x-atlassian-token": "no-check"}
        self.call(
            "POST",
            f"/rest/api/2/issue/{record_id}/attachments",
            headers=headers,
            files={"file": (name, content)},
        )

    def delete(self, record_id: str) -> bool:
        """The issue."""
        self._api("DELETE", f"issue/{record_id}")
        return True

    def copy(self, record_id: str) -> str:
        """As "Clone" does, labels and all."""
        fields = self._api("GET", f"issue/{record_id}")["fields"]
        return self.open({"summary": f"CLONE - {fields['summary']}", "labels": fields["labels"]})

    def delivery(self, record_id: str) -> tuple[Mapping[str, str], bytes]:
        """The webhook of an edit."""
        issue = self._api("GET", f"issue/{record_id}")
        body = {"timestamp": 1, "webhookEvent": "jira:issue_updated", "issue": issue}
        return {"x-atlassian-webhook-identifier": f"hook-{record_id}"}, json.dumps(body).encode()

    def _person(self) -> dict[str, str]:
        if self.flavour == "dc":
            return {"authorization": "Bearer token-bruno"}
        user = base64.b64encode(b"bruno.keller@example.com:token-bruno").decode()
        return {"authorization": f"Basic {user}"}

    def _api(self, method: str, path: str, body: Any = None) -> Any:
        return self.call(method, f"/rest/api/2/{path}", body, self._person())


class JiraCloudStand(_JiraStand):
    """Jira Cloud."""

    flavour = "cloud"


class JiraDataCenterStand(_JiraStand):
    """Jira Data Center."""

    flavour = "dc"


def _fields(values: Mapping[str, Native]) -> dict[str, Any]:
    return {
        name: {"name": value} if name in _BY_NAME and value is not None else value
        for name, value in values.items()
    }
