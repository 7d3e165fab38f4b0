"""A connector for Acme Desk, a platform that does not exist: the whole of a small plugin.

Acme Desk has tickets with a title and a state, and notes. Every update raises a ticket's version by one. It keeps a
`tag` of ours with each ticket, and gives changes by (updated, id).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import SecretStr
from requests.auth import AuthBase

from syncline.connector import (
    Capabilities,
    Comment,
    Connector,
    Create,
    Cursor,
    FieldSchema,
    Finding,
    Hint,
    HistoryKind,
    LinkBack,
    Operation,
    Page,
    Plugin,
    Receipt,
    Record,
    Schema,
    Sighting,
    Update,
    looks,
)
from syncline.errors import Gone, OutcomeUnknown, Refused, RetryLater
from syncline.http.auth import AuthContext, BearerAuth
from syncline.http.client import Http
from syncline.http.dialect import Dialect
from syncline.http.settings import InstanceSettings
from syncline.model import Remark, Visibility

STATES: Final = ("open", "working", "done")


class AcmeSettings(InstanceSettings):
    """One Acme Desk.

    Attributes:
        token: The integration's token.
        account: What Acme Desk calls our account.
    """

    requests_per_minute: int = 300
    token: SecretStr | None = None
    account: str = "syncline"

    def authentication(self, context: AuthContext) -> AuthBase:  # noqa: ARG002  a token is renewed by nobody
        """The token, as a bearer token."""
        return BearerAuth(self.secret("token"))


class AcmeDesk(Connector):
    """One instance. It keeps nothing, so any number of workers may use it at once."""

    def __init__(self, settings: AcmeSettings, http: Http, fields: frozenset[str]) -> None:  # noqa: ARG002  it has two
        self._http = http
        self._account = settings.account
        self._overlap = timedelta(seconds=settings.overlap)

    # ---- reading --------------------------------------------------------------------------------

    def start(self, since: datetime | None) -> Cursor:
        """From `since` on; None: from now on, by the platform's clock."""
        if since is None:
            if self._http.clock_skew() is None:
                self._tickets({"limit": 1})
            since = self._http.platform_now()
        return {"updated": since.isoformat(), "id": ""}

    def poll(self, cursor: Cursor, limit: int) -> Page:
        """One page by (updated, id). The last one goes back to where the overlap begins, so that a row that becomes
        visible late is found; what comes again because of that costs nothing."""
        found = self._tickets({"after": cursor["updated"], "id": cursor["id"], "limit": limit})
        more = len(found) == limit
        if more:
            after = {"updated": found[-1].updated_at.isoformat(), "id": found[-1].id}
        else:
            reach = (self._http.platform_now() - self._overlap).isoformat()
            after = {"updated": max(reach, str(cursor["updated"])) if not found else reach, "id": ""}
        return Page(tuple(Sighting(one.id, one, tuple(self.remarks(one.id))) for one in found), after, more)

    def read(self, record_id: str) -> Sighting:
        """One ticket. `Http` raises `Gone` for its 404."""
        if not record_id.isascii() or not record_id.isdigit():
            raise Gone(f"{self._http.instance}: {record_id!r} is no number of a ticket, so there is none")
        return Sighting(record_id, self._record(self._http.json("GET", f"/tickets/{record_id}")))

    def read_many(self, record_ids: Sequence[str]) -> Sequence[Sighting]:
        """Those that can be seen, with what was said on them."""
        found = self._tickets({"ids": ",".join(record_ids), "limit": len(record_ids)})
        return [Sighting(one.id, one, tuple(self.remarks(one.id))) for one in found]

    def find(self, marker: str) -> Sequence[Record]:
        """Tickets with our tag."""
        return self._tickets({"tag": marker, "limit": 10})

    def lookup(self, key: str) -> Record | None:
        """The ticket with that number, as `A-17` or `17`."""
        number = key.removeprefix("A-")
        if not number.isascii() or not number.isdigit():
            return None
        try:
            return self.read(number).record
        except Gone:
            return None

    def remarks(self, record_id: str) -> Sequence[Remark]:
        """All notes; Acme Desk shows them to those who work on the ticket only."""
        listed = self._http.json("GET", f"/tickets/{record_id}/notes")
        return [self._remark(record_id, note) for note in self._listed(listed, "notes")]

    # ---- writing --------------------------------------------------------------------------------

    def write(self, operation: Operation) -> Receipt:
        """One request. What may go wrong with it, `Http` raises."""
        match operation:
            case Create(marker, values):
                made = self._http.json("POST", "/tickets", json={**values, "tag": marker})
                return self._receipt(made)
            case Update(record_id, values):
                path = f"/tickets/{record_id}"
                return self._receipt(self._http.json("PATCH", path, json=dict(values), record=record_id))
            case Comment(record_id, _, body, Visibility.INTERNAL):
                return self._note(record_id, body)
            case LinkBack(record_id):
                return self._note(record_id, operation.text)
            case _:
                raise Refused(
                    f"{self._http.instance}: Acme Desk has no {type(operation).__name__} of that kind"
                )

    def _note(self, record_id: str, text: str) -> Receipt:
        note = self._http.json("POST", f"/tickets/{record_id}/notes", json={"text": text}, record=record_id)
        if not isinstance(note, Mapping) or "id" not in note:
            raise OutcomeUnknown(f"{self._http.instance}: {record_id}: the reply to a note does not name it")
        return Receipt(record_id, item_id=str(note["id"]))

    def schema(self) -> Schema:
        """Two fields."""
        fields = (
            FieldSchema("title", "Title", required=True, max_length=120),
            FieldSchema("state", "State", choices=STATES),
        )
        return Schema({field.name: field for field in fields}, STATES)

    def check(self) -> Iterator[Finding]:
        """Whether it answers and takes our token, and the clock."""
        fix = "Make a new token in Acme Desk."
        return looks(self._http, lambda: self._tickets({"limit": 1}), "our token is accepted", fix)

    def parse_hint(self, headers: Mapping[str, str], raw: bytes) -> Sequence[Hint]:  # noqa: ARG002
        """The body of its webhook is the ticket's number."""
        text = raw.decode("ascii", "replace").strip()
        if not text.isdigit():
            raise ValueError("the body is no ticket number")
        return [Hint(text)]

    # ---- from Acme Desk's words to the contract's -------------------------------------------------

    def _tickets(self, params: Mapping[str, Any]) -> list[Record]:
        reply = self._http.json("GET", "/tickets", params=dict(params))
        return [self._record(one) for one in self._listed(reply, "tickets")]

    def _listed(self, raw: Any, key: str) -> list[Any]:
        """A list of a reply. What is no list says nothing: an empty one would say that there is nothing."""
        listed = raw.get(key) if isinstance(raw, Mapping) else None
        if not isinstance(listed, list):
            raise RetryLater(
                f"{self._http.instance}: a reply without {key}; check that url leads to Acme Desk"
            )
        return listed

    def _remark(self, record_id: str, raw: Any) -> Remark:
        try:
            author = _text(raw["author"])
            return Remark(
                _text(raw["id"]),
                record_id,
                author,
                _text(raw["text"]),
                Visibility.INTERNAL,
                _moment(raw["at"]),
                own=author == self._account,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RetryLater(
                f"{self._http.instance}: Acme Desk sent a note that cannot be read: {error!r}"
            ) from error

    def _receipt(self, raw: Any) -> Receipt:
        """Of a write that was applied, whatever can be read of the reply: RetryLater would say that it was not."""
        try:
            record = self._record(raw)
        except RetryLater as error:
            raise OutcomeUnknown(str(error)) from error
        return Receipt(record.id, record)

    def _record(self, raw: Any) -> Record:
        """A ticket; everything from a platform is hostile, so whatever is missing is said, not stumbled over."""
        try:
            number = str(int(raw["number"]))
            return Record(
                id=number,
                key=f"A-{number}",
                url=f"{self._http.base_url}/open/{number}",
                values={"title": _text(raw["title"]).strip() or None, "state": _text(raw["state"])},
                revision=int(raw["version"]),
                created_at=_moment(raw["created"]),
                updated_at=_moment(raw["updated"]),
                updated_by=_text(raw["author"]),
                own=raw["author"] == self._account,
                marker=_text(raw["tag"]) or None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RetryLater(
                f"{self._http.instance}: Acme Desk sent a ticket that cannot be read: {error!r}"
            ) from error


def _text(raw: Any) -> str:
    """A text; of anything else, null too, `str` would make one that nobody wrote."""
    if not isinstance(raw, str):
        raise TypeError(f"{raw!r} is no text")
    return raw


def _moment(raw: Any) -> datetime:
    return datetime.fromisoformat(str(raw)).astimezone(UTC)


MAPPING: Final = """\
mapping: 1
platform: acmedesk
fields:
  title: {field: title, max: 120, transforms: [one_line]}
  status:
    field: state
    values:
      new: open
      acknowledged: working
      in_progress: working
      on_hold: working
      resolved: done
      closed: done
      canceled: done
    read: {working: in_progress, done: resolved}
"""


plugin: Final = Plugin(
    platform="acmedesk",
    title="Acme Desk",
    capabilities=Capabilities(
        counted_revisions=True,
        workflow=None,
        create_key=False,
        search_lag=0.0,
        settles_within=30.0,
        visibilities=frozenset({Visibility.INTERNAL}),
        attachments=False,
        max_attachment=0,
        history=HistoryKind.NONE,
        history_gaps="Acme Desk keeps no history",
        text_limits={"title": 120},
    ),
    settings=AcmeSettings,
    dialect=Dialect(),
    connect=AcmeDesk,
    mapping=MAPPING,
    contract="1.1",
)
