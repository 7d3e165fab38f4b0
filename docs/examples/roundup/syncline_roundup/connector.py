"""Roundup, a tracker of issues, messages and files, by the REST API that each of its trackers has."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from requests.auth import AuthBase

from syncline.connector import (
    LINKS,
    Attach,
    Capabilities,
    Comment,
    Create,
    Cursor,
    Edit,
    FieldSchema,
    Finding,
    HistoryKind,
    LinkBack,
    Linking,
    Look,
    Native,
    Operation,
    Page,
    Party,
    PartyKind,
    Plugin,
    Receipt,
    Record,
    Schema,
    Severity,
    Sighting,
    Update,
    looks,
    mark,
    marker_of,
)
from syncline.errors import Gone, OutcomeUnknown, Refused, RetryLater
from syncline.http.auth import AuthContext, BasicAuth
from syncline.http.client import Http
from syncline.http.settings import InstanceSettings
from syncline.model import Attachment, Remark, Visibility
from syncline_roundup import journal, words
from syncline_roundup.dialect import DIALECT

ALWAYS: Final = frozenset(
    {"activity", "actor", "creation", "files", "links", "messages", "stamp", "status", "syncline"}
)
"""What is asked of each issue, beside what the mapping names."""
_LINK: Final = re.compile(r"\((\S+)\) \[syncline:[0-9a-z]{12}\]$")
NAMED: Final = frozenset({"status", "priority", "keyword"})
"""Fields that link what has a name."""
MANY: Final = 200
"""Ids that one address has room for."""


class RoundupSettings(InstanceSettings):
    """One tracker.

    Attributes:
        username: The integration account; by it our own edits are told from those of people.
        password: Its password.
    """

    requests_per_minute: int = 300
    username: str
    password: SecretStr | None = None

    def authentication(self, context: AuthContext) -> AuthBase:  # noqa: ARG002  a password is renewed by nobody
        """Name and password, with each request."""
        return BasicAuth(self.username, self.secret("password"))


class Roundup(Linking):
    """One tracker.

    Args:
        settings: Of the instance.
        http: The way to it.
        fields: That the mapping names.
    """

    def __init__(self, settings: InstanceSettings, http: Http, fields: frozenset[str]) -> None:
        assert isinstance(settings, RoundupSettings)
        self._http = http
        self._account = settings.username
        self._overlap = timedelta(seconds=settings.overlap)
        self._fields = fields | {"title", "status"}
        at = urlsplit(http.base_url)
        # Its guard against forged requests asks for both.
        self._said = {"X-Requested-With": "rest", "Origin": f"{at.scheme}://{at.netloc}"}
        self._names: dict[str, dict[str, str]] = {}
        self._sizes: dict[str, int] = {}

    # ---- reading --------------------------------------------------------------------------------

    def start(self, since: datetime | None) -> Cursor:
        """From `since` on; None: from now on, by the platform's clock."""
        if since is None:
            if self._http.clock_skew() is None:
                self._list("issue", {"@page_size": 1})
            since = self._http.platform_now()
        return {"at": words.asked(since), "seen": {}}

    def poll(self, cursor: Cursor, limit: int) -> Page:
        """Issues by the second of their last change.

        The cursor is the second from which on issues are asked for, and what those were that were brought since: it stays
        behind by the overlap, and what it brings again is known by its stamp.
        """
        at, seen = str(cursor["at"]), dict(cursor["seen"])
        wanted = {"activity": f"{at};", "@sort": "activity,id", "@page_size": len(seen) + limit}
        found = self._issues(wanted)
        more = len(found) == len(seen) + limit
        new = [one for one in found if seen.get(one["id"]) != one["stamp"]]
        seen.update({one["id"]: one["stamp"] for one in new})
        reach = words.asked(self._http.platform_now() - self._overlap)
        if found and more:
            reach = min(reach, found[-1]["activity"])
        reach = max(reach, at)
        times = {one["id"]: one["activity"] for one in found}
        kept = {number: stamp for number, stamp in seen.items() if times.get(number, "") >= reach}
        return Page(tuple(self._sightings(new)), {"at": reach, "seen": kept}, more)

    def read(self, record_id: str) -> Sighting:
        """One issue. Asked for as a list of one: by its own address Roundup shows a retired issue as if it were there."""
        return Sighting(record_id, self._record(self._one(record_id)))

    def read_many(self, record_ids: Sequence[str]) -> Sequence[Sighting]:
        """Those that can be seen, with their messages and files."""
        wanted = [one for one in record_ids if _number(one)]
        return self._sightings(self._issues({"id": wanted})) if wanted else []

    def find(self, marker: str) -> Sequence[Record]:
        """Issues with our marker, which nothing else is equal to."""
        return [self._record(one) for one in self._issues({"syncline:": marker, "@sort": "id"})]

    def lookup(self, key: str) -> Record | None:
        """The issue called `issue12`, or `12`."""
        try:
            return self.read(key.strip().lower().removeprefix("issue")).record
        except Gone:
            return None

    def remarks(self, record_id: str) -> Sequence[Remark]:
        """All messages."""
        issue = self._one(record_id)
        return self._remarks(issue, self._messages([issue]))

    def attachments(self, record_id: str) -> Sequence[Attachment]:
        """All files."""
        issue = self._one(record_id)
        return self._attachments(issue, self._files([issue]))

    def content(self, attachment: Attachment) -> bytes:
        """The bytes of a file."""
        path = f"/rest/data/file/{attachment.id}/binary_content"
        wanted = {"Accept": "application/octet-stream"}
        return self._http.request("GET", path, headers=wanted, raw=True, record=attachment.record_id).content

    def history(self, record_id: str, since: datetime) -> Sequence[Edit]:
        """The journal, by the endpoint that the tracker was given."""
        raw = self._get(f"/rest/data/issue/{record_id}/@journal", {}, record_id)
        told = words.heeded(
            self._http.instance,
            "a journal",
            lambda: journal.edits(raw, record_id, self._fields, self._account, self._named),
        )
        return [edit for edit in told if edit.at >= since]

    # ---- writing --------------------------------------------------------------------------------

    def write(self, operation: Operation) -> Receipt:
        """One request that changes the issue. What it is to link is made before, and shows nowhere until it is linked."""
        match operation:
            case Create(marker, values):
                body = {**self._natives(values), "syncline": marker}
                return Receipt(self._send("/rest/data/issue", body))
            case Update(record_id, values):
                _, etag = self._issue(record_id)
                return self._put(record_id, etag, self._natives(values))
            case Comment(record_id, _, text, Visibility.PUBLIC):
                return self._comment(record_id, text)
            case Attach():
                return self._attach(operation)
            case LinkBack(record_id):
                issue, etag = self._issue(record_id)
                return self._put(record_id, etag, {"links": _relinked(issue["links"], operation)})
            case _:
                what = type(operation).__name__
                raise Refused(
                    f"{self._http.instance}: issue {operation.record_id}: Roundup has no such {what}"
                )

    def _comment(self, record_id: str, text: str) -> Receipt:
        made = self._message(text)
        issue, etag = self._issue(record_id)
        # The status too: without it the classic tracker takes a message for a chat, and opens a resolved issue again.
        body = {"messages": [*issue["messages"], made], "status": issue["status"]}
        return self._put(record_id, etag, body, made)

    def _attach(self, file: Attach) -> Receipt:
        headers = {**self._said, "Accept": "application/json"}
        made = self._http.json(
            "POST",
            "/rest/data/file",
            data={"name": file.name, "type": file.content_type},
            files={"content": (file.name, file.content, file.content_type)},
            headers=headers,
            record=file.record_id,
            safe=True,  # a file that nothing links shows nowhere: one more of them does no harm
        )
        number = self._id(made)
        issue, etag = self._issue(file.record_id)
        return self._put(file.record_id, etag, {"files": [*issue["files"], number]}, number)

    def _message(self, text: str) -> str:
        """A message that is not yet linked; its id. It shows nowhere: one more of them does no harm."""
        body = {"content": text, "author": self._account, "date": "."}
        return self._send("/rest/data/msg", body, safe=True)

    def _put(self, record_id: str, etag: str, body: Mapping[str, Any], item: str | None = None) -> Receipt:
        headers = {**self._said, "If-Match": etag}
        self._http.json(
            "PUT", f"/rest/data/issue/{record_id}", json=dict(body), headers=headers, record=record_id
        )
        return Receipt(record_id, item_id=item)

    def _send(self, path: str, body: Mapping[str, Any], *, safe: bool | None = None) -> str:
        reply = self._http.json("POST", path, json=dict(body), headers=self._said, safe=safe)
        try:
            return self._id(reply)
        except RetryLater as error:
            if safe:
                raise
            # It was applied, whatever can be read of the reply.
            raise OutcomeUnknown(str(error)) from error

    def _id(self, reply: Any) -> str:
        return words.heeded(self._http.instance, "a reply", lambda: str(int(reply["data"]["id"])))

    def _issue(self, record_id: str) -> tuple[Mapping[str, Any], str]:
        """What a change must know: it holds only for the issue as it is here."""
        if not _number(record_id):
            raise Gone(f"{self._http.instance}: there is no issue {record_id}")
        wanted = {"@fields": "files,links,messages,status", "@verbose": 0}
        reply = self._get(f"/rest/data/issue/{record_id}", wanted, record_id)

        def issue() -> tuple[dict[str, Any], str]:
            told = reply["attributes"]
            hung = {field: [str(int(one)) for one in told[field]] for field in ("files", "messages")}
            return {**hung, "links": told["links"] or "", "status": told["status"] or ""}, str(reply["@etag"])

        return words.heeded(self._http.instance, "an issue", issue)

    def _natives(self, values: Mapping[str, Native]) -> dict[str, Any]:
        """Values as Roundup takes them: it drops a null, and empties by an empty text."""
        return {
            name: self._keywords(name, value)
            if isinstance(value, tuple)
            else ("" if value is None else value)
            for name, value in values.items()
        }

    def _keywords(self, field: str, names: Sequence[str]) -> list[str]:
        """The ids of keywords; one that there is not yet is made."""
        if field != "keyword":
            return list(names)
        known = {name: number for number, name in self._all("keyword").items()}
        missing = [name for name in names if name not in known]
        for name in missing:
            known[name] = self._send("/rest/data/keyword", {"name": name})
        return [known[name] for name in names]

    # ---- links back -----------------------------------------------------------------------------

    def linked(self, record_id: str) -> Sequence[tuple[str, str]]:
        """What our field of links says."""
        lines = (self._one(record_id)["links"] or "").splitlines()
        said = [(marker_of(line), _LINK.search(line)) for line in lines]
        return [(marker, found[1]) for marker, found in said if marker and found]

    # ---- who and what there is ------------------------------------------------------------------

    def parties(self, kind: PartyKind, ids: Sequence[str]) -> Sequence[Party]:
        """Users; Roundup has no groups."""
        numbers = [one for one in ids if _number(one)]
        return self._users({"id": numbers}) if kind is PartyKind.PERSON and numbers else []

    def find_party(self, kind: PartyKind, name: str) -> Party | None:
        """The user with that address, login or name, or of that id."""
        if kind is not PartyKind.PERSON:
            return None
        ways: list[dict[str, Any]] = [{"address": name}, {"username:": name}, {"realname:": name}]
        if _number(name):
            ways.append({"id": name})
        for way in ways:
            for user in self._users(way):
                if "address" not in way or user.email == name.lower():
                    return user
        return None

    def schema(self) -> Schema:
        """The classic fields, and those that the mapping names, which the tracker has if this succeeds."""
        self._issues({"@page_size": 1})
        statuses = tuple(self._all("status").values())
        choices = {"status": statuses, "priority": tuple(self._all("priority").values())}
        names = self._fields | {"title", "status", "priority", "assignedto", "keyword"}
        fields = {name: FieldSchema(name, name, choices=choices.get(name)) for name in names}
        fields["title"] = FieldSchema("title", "title", required=True)
        return Schema(fields, statuses)

    def check(self) -> Iterator[Finding]:
        """Whether the tracker lets us work, and was set up for us."""
        return looks(
            self._http,
            lambda: self._list("issue", {"@page_size": 1}),
            f"{self._account} may read issues",
            "Check name and password, and give the account the right 'Rest Access'.",
            Look(
                "schema",
                self._fields_found,
                "Add the fields of the README to the tracker's schema.py.",
                Severity.ERROR,
            ),
            Look("permissions", self._people_found, "Give the account the role Syncline of the README."),
            Look("time zone", self._zone_found),
            Look("history", self._journal_found, "Add interfaces.py of the README to the tracker."),
        )

    def _fields_found(self) -> Iterator[Finding]:
        found = self._list(
            "issue", {"@page_size": 1, "@sort": "-activity", "@fields": "description,links,stamp,syncline"}
        )
        if found and found[0].get("stamp") is None:
            yield Finding(
                "schema",
                Severity.ERROR,
                "the newest change of an issue has no stamp",
                "Add syncline.py of the README to the tracker's detectors.",
            )
        else:
            yield Finding("schema", Severity.OK, "issues have our fields")

    def _people_found(self) -> Iterator[Finding]:
        self._users({"address": "@"})
        yield Finding("permissions", Severity.OK, "people are found by their address")

    def _zone_found(self) -> Iterator[Finding]:
        for issue in self._issues({"@page_size": 1, "@sort": "-activity"}):
            changed = words.moment(issue["activity"])
            around = f"{words.asked(changed)};{words.asked(changed + timedelta(seconds=1))}"
            if not self._issues({"id": issue["id"], "activity": around}):
                said = "searches are in another time zone than UTC: changes are found late, or never"
                fix = f"Set the time zone of {self._account} to UTC."
                yield Finding("time zone", Severity.ERROR, said, fix)
                return
        yield Finding("time zone", Severity.OK, "times are searched in UTC")

    def _journal_found(self) -> Iterator[Finding]:
        for issue in self._issues({"@page_size": 1}):
            self._get(f"/rest/data/issue/{issue['id']}/@journal", {}, issue["id"])
        yield Finding("history", Severity.OK, "the journal of issues can be read")

    # ---- what Roundup sends ---------------------------------------------------------------------

    def _get(self, path: str, params: Any, record: str | None) -> Any:
        reply = self._http.json("GET", path, params=params, record=record)
        return words.heeded(self._http.instance, "a reply", lambda: reply["data"])

    def _list(self, kind: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        data = self._get(f"/rest/data/{kind}", dict(params), None)

        def collection() -> list[dict[str, Any]]:
            listed = data["collection"]
            if not isinstance(listed, list):
                raise TypeError("collection is no list")
            return [{**one, "id": str(int(one["id"]))} for one in listed]

        return words.heeded(self._http.instance, f"a list of {kind}", collection)

    def _issues(self, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        wanted = ",".join(sorted(self._fields | ALWAYS))
        found = self._list("issue", {**params, "@fields": wanted, "@verbose": 2})
        return words.heeded(self._http.instance, "an issue", lambda: [self._plain(one) for one in found])

    def _plain(self, raw: dict[str, Any]) -> dict[str, Any]:
        """An issue of which all that is asked for can be read."""
        self._record(raw)
        links = None if raw["links"] is None else str(raw["links"])
        hung = {field: words.linked(raw[field]) for field in ("messages", "files")}
        return {**raw, **hung, "links": links, "stamp": words.revision(raw)}

    def _record(self, raw: Mapping[str, Any]) -> Record:
        return words.record(raw, self._fields, self._http.base_url, self._account)

    def _one(self, record_id: str) -> dict[str, Any]:
        """Asked for as a list of one: by its own address Roundup shows a retired issue as if it were there."""
        found = self._issues({"id": record_id}) if _number(record_id) else []
        if not found:
            raise Gone(f"{self._http.instance}: issue {record_id} is retired, or not ours to see")
        return found[0]

    def _sightings(self, issues: Sequence[dict[str, Any]]) -> list[Sighting]:
        messages, files = self._messages(issues), self._files(issues)
        return [
            Sighting(
                one["id"],
                self._record(one),
                tuple(self._remarks(one, messages)),
                tuple(self._attachments(one, files)),
            )
            for one in issues
        ]

    def _messages(self, issues: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return self._hung("msg", "messages", "author,content,creation,creator", issues)

    def _files(self, issues: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return self._hung("file", "files", "creation,creator,name,type", issues)

    def _hung(
        self, kind: str, field: str, wanted: str, issues: Sequence[dict[str, Any]]
    ) -> dict[str, dict[str, Any]]:
        """What those issues link, by id."""
        ids = [number for one in issues for number in one[field]]
        found: dict[str, dict[str, Any]] = {}
        for place in range(0, len(ids), MANY):
            # Without the third level of words there is no content.
            params = {"id": ids[place : place + MANY], "@fields": wanted, "@verbose": 3}
            found.update({one["id"]: one for one in self._list(kind, params)})
        return found

    def _remarks(self, issue: dict[str, Any], messages: Mapping[str, dict[str, Any]]) -> list[Remark]:
        hung = sorted(issue["messages"], key=int)
        return words.heeded(
            self._http.instance,
            "a message",
            lambda: [
                words.remark(messages[one], issue["id"], self._account) for one in hung if one in messages
            ],
        )

    def _attachments(self, issue: dict[str, Any], files: Mapping[str, dict[str, Any]]) -> list[Attachment]:
        hung = [one for one in sorted(issue["files"], key=int) if one in files]
        sizes = {one: self._size(one, issue["id"]) for one in hung}
        return words.heeded(
            self._http.instance,
            "a file",
            lambda: [words.attachment(files[one], issue["id"], sizes[one], self._account) for one in hung],
        )

    def _size(self, file: str, record: str) -> int:
        """Of a file, which only its first byte tells. Its content never changes, so it is asked for once."""
        if file not in self._sizes:
            wanted = {"Accept": "*/*", "Accept-Encoding": "identity", "Range": "bytes=0-0"}
            begin = self._http.request("GET", f"/file{file}/", headers=wanted, raw=True, record=record)
            self._sizes[file] = words.heeded(self._http.instance, "a file", lambda: words.size(begin.headers))
        return self._sizes[file]

    def _users(self, params: Mapping[str, Any]) -> list[Party]:
        found = self._list("user", {**params, "@fields": "address,realname,username"})
        return words.heeded(self._http.instance, "a user", lambda: [words.party(one) for one in found])

    def _all(self, kind: str) -> dict[str, str]:
        """Id to name of all statuses, priorities or keywords, as they are now."""
        listed = self._list(kind, {"@fields": "name"})
        self._names[kind] = words.heeded(
            self._http.instance, f"a {kind}", lambda: {one["id"]: str(one["name"]) for one in listed}
        )
        return self._names[kind]

    def _named(self, field: str, raw: Any) -> Native:
        """A value of the journal, which has ids where the issue has names."""
        if field not in NAMED or not raw:
            return words.native(raw)
        ids = [str(one) for one in (raw if isinstance(raw, list) else [raw])]
        names = self._names.get(field, {})
        if not all(one in names for one in ids):
            names = self._all(field)
        told = [names.get(one, one) for one in ids]
        return tuple(sorted(told)) if isinstance(raw, list) else told[0]


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _relinked(stands: str, operation: LinkBack) -> str:
    """Our field of links, once these are in it: a line for each record elsewhere."""
    lines = [line for line in stands.splitlines() if line != LINKS and marker_of(line) != operation.marker]
    new = [
        f"{one.platform} {one.key}: {one.url} ({one.instance}) {mark(operation.marker)}"
        for one in operation.references
    ]
    return "\n".join([LINKS, *lines, *new])


MAPPING: Final = """\
mapping: 1
platform: roundup
fields:
  title: {field: title, transforms: [one_line]}
  description: description
  status:
    field: status
    values:
      new: unread
      acknowledged: chatting
      in_progress: [in-progress, testing]
      on_hold: [deferred, need-eg]
      resolved: [resolved, done-cbb]
      closed: resolved
      canceled: resolved
    read: {resolved: resolved}
  priority:
    field: priority
    values: {1: critical, 2: urgent, 3: bug, 4: feature, 5: wish}
  assignee: assignedto
  labels: keyword
"""

plugin: Final = Plugin(
    platform="roundup",
    title="Roundup",
    capabilities=Capabilities(
        counted_revisions=False,
        workflow=None,
        create_key=False,
        search_lag=0.0,
        settles_within=60.0,
        # Whoever may see an issue sees all its messages, and whoever is on its nosy list gets them by mail.
        visibilities=frozenset({Visibility.PUBLIC}),
        attachments=True,
        max_attachment=20_000_000,
        history=HistoryKind.READ,
    ),
    settings=RoundupSettings,
    dialect=DIALECT,
    connect=Roundup,
    mapping=MAPPING,
    contract="1.1",
)
