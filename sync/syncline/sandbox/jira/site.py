"""The issues of a simulated Jira, and everything that changes them. It knows no HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from syncline.sandbox.jira import fields
from syncline.sandbox.jira.changes import changes
from syncline.sandbox.jira.directory import FIRST_ID, Directory, Settings
from syncline.sandbox.jira.index import Index, words
from syncline.sandbox.jira.model import (
    Attachment,
    Change,
    Comment,
    History,
    Issue,
    RemoteLink,
    State,
    number_of,
)
from syncline.sandbox.jira.setup import Transition


class Site(Directory):
    """The issues of one Jira.

    Attributes:
        issues: By id.
        attachments: By id.
        index: What searches see.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.issues: dict[int, Issue] = {}
        self.attachments: dict[int, Attachment] = {}
        self._ids_by_key: dict[str, int] = {}
        self._comment_issues: dict[int, int] = {}
        self._numbers = dict.fromkeys(self.projects, 0)
        self._sequences = dict.fromkeys(("issue", "comment", "history", "attachment", "link"), FIRST_ID)
        self._ranks = {key: place for place, key in enumerate(sorted(self.projects))}
        self._termed = [f.id for f in self.fields.values() if f.kind == "textfield"]
        self.index = Index(self._ranks.__getitem__, self._terms)

    def find_issue(self, reference: str) -> Issue | None:
        """The issue by id or key; the keys of moved issues lead to them."""
        issue_id = number_of(reference)
        if issue_id is None:
            issue_id = self._ids_by_key.get(reference.upper())
        return None if issue_id is None else self.issues.get(issue_id)

    def next_id(self, kind: str) -> int:
        """The next id of a kind of thing."""
        self._sequences[kind] += 1
        return self._sequences[kind] - 1

    def create(self, project: str, values: Mapping[str, Any], author: str, now: int) -> Issue:
        """A new issue in its workflow's first status. `values` are kept values, already read."""
        issue = Issue(self.next_id("issue"), now, author)
        self._numbers[project] += 1
        held: dict[str, Any] = {f.id: fields.empty(f) for f in self.fields.values() if f.kind != "computed"}
        del held["project"]
        held |= {"priority": self._default_priority(), "reporter": author, "resolutiondate": None, **values}
        held["status"] = self.workflows[project].statuses[0].id
        held["statuschanged"] = now
        issue.state = State(issue, project, self._numbers[project], held, now)
        self.issues[issue.id] = issue
        self._ids_by_key[issue.state.key] = issue.id
        self._publish(issue, now)
        return issue

    def _default_priority(self) -> str:
        return "3" if "3" in self.priorities else next(iter(self.priorities))

    def edit(
        self,
        issue: Issue,
        values: Mapping[str, Any],
        author: str,
        now: int,
        *,
        added: Sequence[Change] = (),
        aside: Mapping[str, Any] = MappingProxyType({}),
    ) -> bool:
        """Set kept values; what does not differ is no change, and no change leaves `updated` alone.

        Args:
            issue: Which.
            values: Field id to kept value.
            author: Login.
            now: Epoch milliseconds.
            added: Lines for the history beside those of the values.
            aside: Values that no history tells of.

        Returns:
            Whether anything changed.
        """
        state = issue.state
        lines = list(added)
        for name, value in values.items():
            field = self.fields[name]
            if not fields.same(field, state.values[name], value):
                lines += changes(self, field, state.values[name], value)
        if not lines:
            return False
        held = {**state.values, **values, **aside}
        if held["resolution"] != state.values["resolution"]:
            held["resolutiondate"] = None if held["resolution"] is None else now
        self._record(issue, author, now, lines)
        self._replace(issue, now, values=held)
        return True

    def transition(
        self, issue: Issue, step: Transition, values: Mapping[str, Any], author: str, now: int
    ) -> None:
        """Take a step: status, the screen's values, then the post-function's resolution."""
        status = self.status_named(issue.state.project, step.to)
        before = issue.state.values["status"]
        changes = {**values, "status": status.id}
        if step.resolution is not None:
            named = {name: key for key, name in self._names["resolution"].items()}
            changes["resolution"] = named[step.resolution] if step.resolution else None
        added: list[Change] = []
        aside: dict[str, Any] = {}
        if before == status.id:
            # A step that leads back to its own status still counts as an update.
            added.append(Change("status", "status", before, status.name, before, status.name))
        if self.statuses[before].category != status.category:
            aside["statuschanged"] = now
        self.edit(issue, changes, author, now, added=added, aside=aside)

    def comment_issue(self, comment_id: str) -> Issue | None:
        """The issue on which a comment stands."""
        issue_id = self._comment_issues.get(number_of(comment_id) or -1)
        return None if issue_id is None else self.issues.get(issue_id)

    def put_comment_properties(self, issue: Issue, comment: Comment) -> None:
        """Replace a comment for its properties' sake; that is no update of the issue."""
        self._replace(issue, issue.state.updated, comments=_with(issue.state.comments, comment))

    def put_comment(self, issue: Issue, comment: Comment, now: int) -> None:
        """Add a comment, or replace the one with its id. Comments bump `updated`."""
        self._comment_issues[comment.id] = issue.id
        self._replace(issue, now, comments=_with(issue.state.comments, comment))

    def drop_comment(self, issue: Issue, comment_id: int, now: int) -> None:
        """Delete a comment."""
        self._replace(issue, now, comments=tuple(c for c in issue.state.comments if c.id != comment_id))

    def attach(self, issue: Issue, attachment: Attachment, now: int) -> None:
        """Hang a file on an issue."""
        self.attachments[attachment.id] = attachment
        line = Change("Attachment", "attachment", None, None, str(attachment.id), attachment.filename)
        self._record(issue, attachment.author, now, [line])
        self._replace(issue, now, attachments=(*issue.state.attachments, attachment))

    def drop_attachment(self, attachment: Attachment, author: str, now: int) -> None:
        """Delete a file."""
        issue = self.issues[attachment.issue_id]
        del self.attachments[attachment.id]
        line = Change("Attachment", "attachment", str(attachment.id), attachment.filename, None, None)
        self._record(issue, author, now, [line])
        self._replace(
            issue, now, attachments=tuple(a for a in issue.state.attachments if a.id != attachment.id)
        )

    def put_link(self, issue: Issue, link: RemoteLink, author: str, now: int) -> None:
        """Add a remote link, or replace the one with its id. Only a new one goes into the history."""
        new = link.id not in issue.links
        issue.links[link.id] = link
        if new:
            title = f'This issue links to "{link.content["object"]["title"]}"'
            self._record(
                issue, author, now, [Change("RemoteIssueLink", "remotelink", None, None, str(link.id), title)]
            )
            self._replace(issue, now)

    def drop_link(self, issue: Issue, link_id: int, author: str, now: int) -> None:
        """Delete a remote link."""
        link = issue.links.pop(link_id)
        title = f'This issue links to "{link.content["object"]["title"]}"'
        self._record(
            issue, author, now, [Change("RemoteIssueLink", "remotelink", str(link_id), title, None, None)]
        )
        self._replace(issue, now)

    def delete(self, issue: Issue, now: int) -> None:
        """Delete an issue with all that hangs on it; its key is never given again."""
        for attachment in issue.state.attachments:
            self.attachments.pop(attachment.id, None)
        del self.issues[issue.id]
        self.index.write(issue.id, None, self._visible(now))

    def move(self, issue: Issue, project: str, author: str, now: int) -> None:
        """Move an issue to another project: a new key, the same id; the old key goes on leading to it."""
        old, state = issue.state.key, issue.state
        source, target = self.projects[state.project], self.projects[project]
        self._numbers[project] += 1
        lines = [Change("project", "project", source.id, source.name, target.id, target.name)]
        held = {**state.values, "components": ()}
        flow = {status.id for status in self.workflows[project].statuses}
        if held["status"] not in flow:
            held["status"] = self.workflows[project].statuses[0].id
        issue.state = State(
            issue,
            project,
            self._numbers[project],
            held,
            now,
            state.comments,
            state.attachments,
            len(issue.history),
        )
        lines.append(Change("Key", "Key", None, old, None, issue.state.key))
        self._ids_by_key[issue.state.key] = issue.id
        self._record(issue, author, now, lines)
        self._replace(issue, now)

    def _record(self, issue: Issue, author: str, now: int, lines: Sequence[Change]) -> None:
        issue.history.append(History(self.next_id("history"), author, now, tuple(lines)))

    def _replace(
        self,
        issue: Issue,
        now: int,
        *,
        values: Mapping[str, Any] | None = None,
        comments: tuple[Comment, ...] | None = None,
        attachments: tuple[Attachment, ...] | None = None,
    ) -> None:
        state = issue.state
        issue.state = State(
            issue,
            state.project,
            state.number,
            state.values if values is None else values,
            now,
            state.comments if comments is None else comments,
            state.attachments if attachments is None else attachments,
            len(issue.history),
        )
        self._publish(issue, now)

    def _publish(self, issue: Issue, now: int) -> None:
        self.index.write(issue.id, issue.state, self._visible(now))

    def _visible(self, now: int) -> int:
        return now + round(self.index_lag * 1000)

    def _terms(self, state: State) -> Iterator[tuple[str, str]]:
        for label in state.values["labels"]:
            yield "labels", label.lower()
        for name in self._termed:
            text = state.values.get(name)
            if text:
                for word in words(text):
                    yield name, word


def _with(comments: tuple[Comment, ...], comment: Comment) -> tuple[Comment, ...]:
    if any(old.id == comment.id for old in comments):
        return tuple(comment if old.id == comment.id else old for old in comments)
    return (*comments, comment)
