"""One Jira as the core sees it: every method of `syncline.connector.Connector`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from syncline.connector import (
    Cursor,
    Edit,
    Finding,
    Hint,
    Linking,
    Operation,
    Page,
    Party,
    PartyKind,
    Receipt,
    Record,
    Schema,
    Sighting,
    Step,
)
from syncline.errors import Configuration, Gone
from syncline.http.client import Http
from syncline.model import Attachment, Remark
from syncline_jira import directory, hints, history, polling, records, shape
from syncline_jira.checking import Check
from syncline_jira.client import JiraClient, issue_path
from syncline_jira.perspective import Perspective
from syncline_jira.records import Lens
from syncline_jira.schema import schema
from syncline_jira.settings import JiraSettings
from syncline_jira.workflow import Workflows
from syncline_jira.writing import Writer

_COMMENTS: Final = 100
_HISTORIES: Final = 100
_MOST_PAGES: Final = 60
_FOUND: Final = 50


class Jira(Linking):
    """One Jira Cloud site or Data Center installation.

    Args:
        settings: The instance's settings.
        http: The instance's transport.
        fields: Native fields that the mapping names.
    """

    def __init__(self, settings: JiraSettings, http: Http, fields: frozenset[str]) -> None:
        self._settings = settings
        self._http = http
        self._cloud = settings.is_cloud
        self._client = JiraClient(http, cloud=self._cloud)
        self._view = Perspective(self._client, settings, fields)
        self._workflows = Workflows(self._client, http.platform_now)
        self._writer = Writer(self._client, settings, self._view, self._workflows)
        self._comments: dict[tuple[str, int], tuple[Remark, ...]] = {}
        self._row = tuple(sorted({*records.ALWAYS, *fields}))
        self._whole = tuple(sorted({*self._row, "comment", "attachment"}))

    # --- intake -------------------------------------------------------------------------------------------

    def start(self, since: datetime | None) -> Cursor:
        """The cursor that sees every change from `since` on; None: from the platform's now on (one request)."""
        if since is None:
            server = self._client.server()
            since = shape.instant(server.get("serverTime")) or self._http.platform_now()
        return polling.beginning(shape.millis(since)).cursor()

    def poll(self, cursor: Cursor, limit: int) -> Page:
        """One page: one request, and one more for each issue whose comments did not all fit into its row."""
        at = polling.opened(polling.place(cursor, self._http.instance), self._now(), self._settings.overlap)
        try:
            answer = self._ask(at, limit)
        except Configuration:
            if not at.token:
                raise
            # A page token lives seven days at the most: after a longer stop the pass begins anew.
            at = polling.opened(polling.forgotten(at), self._now(), self._settings.overlap)
            answer = self._ask(at, limit)
        issues = shape.listed(answer.get("issues"), "issues", self._http.instance)
        rows = polling.rows_of(issues)
        at = polling.seen(at, rows)
        if self._cloud:
            token = None if answer.get("isLast") is True else answer.get("nextPageToken")
            following = polling.after_token(at, token)
        else:
            total = shape.whole(answer.get("total"), at.offset + len(rows))
            following = polling.after_offset(at, rows, total)
        sightings = tuple(self._sighting(issue) for issue in issues)
        end = following or polling.ended(at, self._now())
        return Page(sightings, end.cursor(), more=following is not None)

    def _ask(self, at: polling.Place, limit: int) -> Mapping[str, Any]:
        jql = polling.query(self._settings.projects, self._settings.jql, at.since)
        size = max(1 if self._cloud else 2, min(limit, polling.PAGE))
        if self._cloud:
            return shape.mapping(self._client.page(jql, self._whole, size, at.token or None, "changelog"))
        return shape.mapping(self._client.offset_page(jql, self._whole, size, at.offset, "changelog"))

    def _now(self) -> int | None:
        """The platform's time in milliseconds; None as long as no reply told it."""
        return None if self._http.clock_skew() is None else shape.millis(self._http.platform_now())

    def parse_hint(self, headers: Mapping[str, str], raw: bytes) -> Sequence[Hint]:
        """The issue of an issue or comment event. Raises ValueError where the body is not one of Jira's."""
        return hints.hints(headers, raw, frozenset(self._settings.projects))

    # --- reading ------------------------------------------------------------------------------------------

    def read(self, record_id: str) -> Sighting:
        """One issue by id, from the database, with comments, files and history. Raises `Gone`."""
        return self._sighting(shape.mapping(self._client.issue_json(record_id, self._whole, "changelog")))

    def read_many(self, record_ids: Sequence[str]) -> Sequence[Sighting]:
        """Those issues that can be seen; Cloud by bulk fetch, Data Center by a search for their ids."""
        ids = [one for one in dict.fromkeys(record_ids) if one.isascii() and one.isdigit()]
        found: list[Sighting] = []
        for begin in range(0, len(ids), _FOUND):
            found += [self._sighting(issue) for issue in self._bulk(ids[begin : begin + _FOUND])]
        return found

    def _bulk(self, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        if self._cloud:
            body = {"issueIdsOrKeys": list(ids), "fields": list(self._whole), "expand": ["changelog"]}
            answer = self._client.query("issue/bulkfetch", body)
            return shape.listed(shape.mapping(answer).get("issues"), "issues", self._http.instance)
        params = {
            "jql": f"id in ({', '.join(ids)})",
            "fields": ",".join(self._whole),
            "expand": "changelog",
            "maxResults": len(ids),
            "validateQuery": "false",
        }
        try:
            answer = self._client.get("search", params)
            return shape.listed(shape.mapping(answer).get("issues"), "issues", self._http.instance)
        except Configuration:
            # An id that is gone can make the query fail as a whole, whatever validateQuery says.
            return [issue for one in ids if (issue := self._if_there(one))]

    def _if_there(self, record_id: str) -> Mapping[str, Any]:
        try:
            return shape.mapping(self._client.issue_json(record_id, self._whole, "changelog"))
        except Gone:
            return {}

    def find(self, marker: str) -> Sequence[Record]:
        """Issues with our label for that marker that our account created, oldest first. The index may lag."""
        label = records.label_of(marker)
        if label is None:
            return ()
        jql = f"labels = {polling.quoted(label)} ORDER BY created ASC, key ASC"
        found = [self._record(issue) for issue in self._client.matching(jql, self._row, _FOUND)]
        return [replace(one, marker=marker) for one in found if one.marker == marker.upper()]

    def lookup(self, key: str) -> Record | None:
        """The issue of that key or id; a key from before a move leads to the issue where it is now."""
        if not records.is_reference(key):
            return None
        try:
            return self._record(shape.mapping(self._client.issue_json(key, self._row)))
        except Gone:
            return None

    def remarks(self, record_id: str) -> Sequence[Remark]:
        """All comments, oldest first."""
        issue = shape.mapping(self._client.issue_json(record_id, ("comment", "project")))
        block = shape.mapping(shape.mapping(issue.get("fields")).get("comment"))
        listed = shape.objects(block.get("comments"))
        if shape.whole(block.get("total"), len(listed)) > len(listed):
            listed = self._all_comments(record_id)
        return records.remarks(
            listed, record_id, self._view.lens(), service=records.is_service_project(issue)
        )

    def _all_comments(self, record_id: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for _ in range(_MOST_PAGES):
            params = {"startAt": len(found), "maxResults": _COMMENTS, "orderBy": "created"}
            page = shape.mapping(self._client.get(issue_path(record_id, "comment"), params))
            items = shape.listed(page.get("comments"), "comments", self._http.instance)
            found += items
            if not items or len(found) >= shape.whole(page.get("total")):
                break
        return found

    def linked(self, record_id: str) -> Sequence[tuple[str, str]]:
        """Our links back among the issue's remote links: marker, and the instance to which it leads."""
        answer = self._client.get(issue_path(record_id, "remotelink"))
        ids = (
            shape.text(link.get("globalId")) for link in shape.listed(answer, "links", self._http.instance)
        )
        told = (parts for i in ids if len(parts := i.split(":")) == 3 and parts[0] == "syncline")
        return sorted({(marker, instance) for _, marker, instance in told})

    def attachments(self, record_id: str) -> Sequence[Attachment]:
        """All files, oldest first."""
        issue = shape.mapping(self._client.issue_json(record_id, ("attachment",)))
        return records.attachments(
            shape.mapping(issue.get("fields")).get("attachment"), record_id, self._view.lens()
        )

    def content(self, attachment: Attachment) -> bytes:
        """The bytes of a file."""
        return self._client.download(attachment)

    def history(self, record_id: str, since: datetime) -> Sequence[Edit]:
        """The edits from `since` on, oldest first: one request, on Cloud more where the issue brings not all."""
        issue = shape.mapping(self._client.issue_json(record_id, self._row, "changelog"))
        block = shape.mapping(issue.get("changelog"))
        listed = shape.objects(block.get("histories"))
        oldest = min((at for one in listed if (at := shape.instant(one.get("created")))), default=None)
        short = shape.whole(block.get("total"), len(listed)) > len(listed)
        if (
            self._cloud
            and short
            and (not history.reaches_the_end(block) or oldest is None or oldest >= since)
        ):
            listed = self._histories(record_id, since)
        return [edit for edit in self._edits(issue, listed) if edit.at >= since]

    def _histories(self, record_id: str, since: datetime) -> list[Mapping[str, Any]]:
        """Cloud: pages of the history, which begins with the oldest: the first tells how many, then from the end."""
        path = issue_path(record_id, "changelog")
        first = shape.mapping(self._client.get(path, {"startAt": 0, "maxResults": _HISTORIES}))
        found = shape.objects(first.get("values"))
        end = shape.whole(first.get("total"))
        while end > _HISTORIES:
            start = max(end - _HISTORIES, _HISTORIES)
            page = shape.mapping(self._client.get(path, {"startAt": start, "maxResults": end - start}))
            items = shape.objects(page.get("values"))
            found += items
            times = [at for one in items if (at := shape.instant(one.get("created")))]
            if not items or (times and min(times) < since):
                break
            end = start
        return found

    def steps(self, record_id: str, status: str) -> Sequence[Step]:
        """The transitions out of `status`; from memory for five minutes, else three to five requests."""
        return self._workflows.steps(record_id, status)

    # --- people, schema -----------------------------------------------------------------------------------

    def parties(self, kind: PartyKind, ids: Sequence[str]) -> Sequence[Party]:
        """Those people, by accountId or user name; groups are what the group field's options say, and teams go by their ids
        until an issue names them."""
        if kind is PartyKind.GROUP:
            return [Party(kind, one, one) for one in ids] if self._settings.group_field else []
        return directory.people(self._client, self._view.lens(), ids)

    def find_party(self, kind: PartyKind, name: str) -> Party | None:
        """The person with that e-mail address or exact name, or the group with that exact name. Jira tells nobody which
        teams there are, so of a team its id is taken at its word."""
        if kind is PartyKind.PERSON:
            return directory.find_person(self._client, self._view.lens(), name)
        if not self._settings.group_field:
            return None
        field = self._view.type_of(self._settings.group_field)
        if field.team:
            return Party(kind, name, name) if directory.is_team_id(name) else None
        if field.type == "group":
            return directory.find_group(self._client, name)
        return next((one for one in self.schema().groups if one.name == name), None)

    def schema(self) -> Schema:
        """Fields, choices, required fields, statuses and groups, as they are now."""
        return schema(self._client, self._settings)

    def check(self) -> Iterator[Finding]:
        """Look whether this instance can be worked with: one finding for each thing looked at."""
        return Check(self._client, self._http, self._settings).findings()

    # --- writing ------------------------------------------------------------------------------------------

    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation: one request that changes something; a link back is one for each reference.

        Each remote link is an upsert by its globalId, so that a link back cut short is safely sent again.
        """
        return self._writer.write(operation)

    # --- looking ------------------------------------------------------------------------------------------

    def _record(self, issue: Mapping[str, Any], last: Mapping[str, Any] | None = None) -> Record:
        found = records.record(issue, self._view.lens(), last)
        self._workflows.learn(found.id, issue)
        self._view.learn(found.id, issue)
        return found

    def _edits(self, issue: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]) -> tuple[Edit, ...]:
        lens = self._view.lens_for(issue, list(listed))
        values = shape.mapping(issue.get("fields"))
        current = {name: records.value_of(name, values[name], lens) for name in lens.fields if name in values}
        return history.edits(list(listed), current, lens)

    def _sighting(self, issue: Mapping[str, Any]) -> Sighting:
        """All that one reply says of an issue."""
        lens = self._view.lens()
        block = shape.mapping(issue.get("changelog"))
        listed = shape.objects(block.get("histories"))
        updated = shape.instant(shape.mapping(issue.get("fields")).get("updated"))
        record = self._record(issue, history.last_author(listed, updated) if updated else None)
        edits = self._edits(issue, listed) if block and history.reaches_the_end(block) else None
        fields = shape.mapping(issue.get("fields"))
        files = records.attachments(fields.get("attachment"), record.id, lens)
        return Sighting(record.id, record, self._remarks_in(issue, record, lens), files, edits)

    def _remarks_in(self, issue: Mapping[str, Any], record: Record, lens: Lens) -> tuple[Remark, ...]:
        """The comments of a row. Cloud shortens long lists, and not to the newest: then the newest are fetched."""
        block = shape.mapping(shape.mapping(issue.get("fields")).get("comment"))
        listed = shape.objects(block.get("comments"))
        service = records.is_service_project(issue)
        if shape.whole(block.get("total"), len(listed)) <= len(listed):
            return records.remarks(listed, record.id, lens, service=service)
        known = self._comments.get((record.id, record.revision))
        if known is None:
            params = {"orderBy": "-created", "maxResults": _COMMENTS}
            page = shape.mapping(self._client.get(issue_path(record.id, "comment"), params))
            known = records.remarks(page.get("comments"), record.id, lens, service=service)
            if len(self._comments) >= _COMMENTS:
                self._comments = {}
            self._comments[record.id, record.revision] = known
        return known
