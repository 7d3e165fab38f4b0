"""People at Jira Cloud, through version 2 of its REST API, whose texts are plain."""

from collections.abc import Mapping
from typing import Any, Final

from syncline.demo.equivalence import JIRA, Remark, Ticket
from syncline.demo.people import EMAIL, PlatformRefusedError, Wire, basic

PROJECT: Final = "OPS"
MARKED: Final = "syncline-"
_ASKED: Final = ["summary", "description", "status", "priority", "assignee", "labels"]


class JiraSide:
    """Jira, as people use it."""

    name = JIRA

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._accounts: dict[str, str] = {}
        for person in self._api("bruno", "GET", "users/search?maxResults=200"):
            if person.get("emailAddress"):
                self._accounts[person["emailAddress"]] = person["accountId"]

    def _api(self, who: str, method: str, path: str, body: Any = None) -> Any:
        return self.wire.call(
            method, f"/rest/api/2/{path}", basic(EMAIL.get(who, who), f"token-{who}"), body=body
        )

    def create(self, who: str, title: str, description: str, **values: str) -> str:
        """Open an issue; its id."""
        fields: dict[str, Any] = {
            "project": {"key": PROJECT},
            "issuetype": {"name": "Incident"},
            "summary": title,
            "description": description,
        }
        for what, value in values.items():
            fields |= self._native(what, value)
        return str(self._api(who, "POST", "issue", {"fields": fields})["id"])

    def _native(self, what: str, value: str) -> dict[str, Any]:
        match what:
            case "title":
                return {"summary": value}
            case "priority":
                return {"priority": {"name": value}}
            case "assignee":
                return {"assignee": {"accountId": self._accounts[value]} if value else None}
            case _:
                return {what: value}

    def look(self, record: str) -> Ticket:
        """The issue as it stands."""
        return self._ticket(self._api("bruno", "GET", f"issue/{record}?fields={','.join(_ASKED)}"))

    def remarks(self, record: str) -> list[str]:
        """The texts of its comments."""
        return [c["body"] for c in self._api("bruno", "GET", f"issue/{record}/comment")["comments"]]

    def set(self, who: str, record: str, what: str, value: str, **more: str) -> None:
        """Edit a field; a status is reached by the transition that leads there in one step."""
        if what != "status":
            self._api(who, "PUT", f"issue/{record}", {"fields": self._native(what, value)})
            return
        steps = self._api(who, "GET", f"issue/{record}/transitions")["transitions"]
        step = next((s for s in steps if s["to"]["name"] == value), None)
        if step is None:
            raise PlatformRefusedError(f"no transition of issue {record} leads to {value}")
        fields = {name: {"name": given} for name, given in more.items()}
        self._api(
            who, "POST", f"issue/{record}/transitions", {"transition": {"id": step["id"]}, "fields": fields}
        )

    def label(self, who: str, record: str, label: str) -> None:
        """Add a label."""
        self._api(who, "PUT", f"issue/{record}", {"update": {"labels": [{"add": label}]}})

    def remark(self, who: str, record: str, text: str, *, public: bool) -> None:
        """A comment. This project is no service desk: no customer reads along, so there is no public one."""
        if public:
            raise PlatformRefusedError("an issue of this project has no public comments")
        self._api(who, "POST", f"issue/{record}/comment", {"body": text})

    def clone(self, who: str, record: str, title: str) -> str:
        """Open an issue as a clone of another, which has its labels too; its id."""
        fields = self._api(who, "GET", f"issue/{record}?fields={','.join(_ASKED)}")["fields"]
        values = {name: fields[name] for name in ("description", "labels")}
        values["priority"] = {"name": fields["priority"]["name"]}
        body = {"project": {"key": PROJECT}, "issuetype": {"name": "Incident"}, "summary": title, **values}
        return str(self._api(who, "POST", "issue", {"fields": body})["id"])

    def delete(self, record: str) -> None:
        """Delete the issue."""
        self._api("bruno", "DELETE", f"issue/{record}")

    def attach(self, who: str, record: str, name: str, content: bytes) -> None:
        """Attach a file."""
        headers = {**basic(EMAIL[who], f"token-{who}"), "X-Atlassian-Token": "no-check"}
        self.wire.call(
            "POST", f"/rest/api/2/issue/{record}/attachments", headers, files={"file": (name, content)}
        )

    def newest(self) -> list[Ticket]:
        """The newest issues, as far as the search knows them yet."""
        body = {"jql": f"project = {PROJECT} ORDER BY created DESC", "fields": ["summary"], "maxResults": 100}
        found = self._api("bruno", "POST", "search/jql", body)["issues"]
        return [Ticket(JIRA, i["id"], i["key"], i["fields"]["summary"]) for i in found]

    def census(self) -> list[Ticket]:
        """Every issue, whole."""
        return [self._held(issue) for issue in self.wire.sandbox("GET", "state")["issues"]]

    def directory(self) -> tuple[frozenset[str], frozenset[str]]:
        """Everybody with an account; no groups that anything is assigned to."""
        return frozenset(self._accounts), frozenset()

    def _ticket(self, issue: Mapping[str, Any]) -> Ticket:
        fields = issue["fields"]
        return Ticket(
            JIRA,
            issue["id"],
            issue["key"],
            fields["summary"] or "",
            fields.get("description") or "",
            fields["status"]["name"],
            (fields.get("priority") or {}).get("name", ""),
            (fields.get("assignee") or {}).get("emailAddress", ""),
            labels=tuple(fields.get("labels") or ()),
        )

    @staticmethod
    def _held(issue: Mapping[str, Any]) -> Ticket:
        fields = issue["fields"]
        labels = tuple(fields["labels"] or ())
        return Ticket(
            JIRA,
            issue["id"],
            issue["key"],
            fields["summary"] or "",
            fields["description"] or "",
            fields["status"],
            fields["priority"] or "",
            fields["assignee"] or "",
            "",
            labels,
            tuple(Remark(c["body"], False, c["author"]) for c in issue["comments"]),
            tuple((file["filename"], file["size"]) for file in issue["attachments"]),
            next((label for label in labels if label.startswith(MARKED)), ""),
        )
