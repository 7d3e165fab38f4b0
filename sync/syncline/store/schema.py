"""The tables, as the newest migration leaves them. A test holds the two against each other."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC, kept as whole microseconds since 1970: the same on every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002
        """To microseconds."""
        # Whole numbers all the way: a float loses microseconds in the far future.
        return None if value is None else (value - _EPOCH) // _TICK

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """From microseconds."""
        return None if value is None else _EPOCH + value * _TICK


class Values(TypeDecorator[Mapping[str, Any]]):
    """Field names to values. JSON knows no tuples: they come back as what they were."""

    impl = sa.JSON
    cache_ok = True

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Mapping[str, Any]:  # noqa: ARG002
        """Lists back to tuples."""
        return {k: tuple(v) if isinstance(v, list) else v for k, v in (value or {}).items()}


class Words(TypeDecorator[str]):
    """Text. What no database holds in it (NUL, halves of surrogate pairs) becomes U+FFFD: a platform's words must never
    keep the page that they stand on from being stored."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        """To what every database holds."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


SERIAL: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""SQLite numbers rows by itself only in a column of exactly the type INTEGER."""

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("value", Words, nullable=False),
    comment="The store's own identity and generation.",
)

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("values", Values, nullable=False),
    # A fourth entry is the time by the platform's own clock, where that is known.
    sa.Column(
        "origins", sa.JSON, nullable=False, comment="field -> [instance, actor, time]: who last set it"
    ),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("unlinked_at", Instant, comment="when a person ended the sync of it"),
    sa.Index(None, "changed_at"),
)

links = sa.Table(
    "links",
    metadata,
    sa.Column("incident_id", Words, primary_key=True),
    sa.Column("instance", Words, primary_key=True),
    sa.Column("record_id", Words, nullable=False),
    sa.Column("record_key", Words, nullable=False),
    sa.Column("url", Words, nullable=False),
    sa.Column("shadow", Values, nullable=False, comment="native values on which both sides last agreed"),
    sa.Column("settled", Values, nullable=False, comment="the common values that the shadow stands for"),
    sa.Column("seen", Values, nullable=False, comment="native values as last seen"),
    sa.Column("revision", sa.BigInteger, nullable=False, comment="of what was last seen"),
    sa.Column("seen_at", Instant, nullable=False, comment="the record's own time of that revision"),
    sa.Column("seen_by", Words),
    sa.Column("stale", sa.Boolean, nullable=False, comment="must be read before it is used"),
    sa.Column("unread", sa.Boolean, nullable=False, comment="remarks and files were never read in full"),
    sa.Column(
        "recovered", sa.JSON, nullable=False, comment="edits that our own write overwrote, to be merged"
    ),
    sa.Column("withheld", sa.JSON, nullable=False, comment="field -> why it is not written here"),
    sa.Column(
        "referenced", Words, nullable=False, comment="digest of the links back that stand on the record"
    ),
    sa.Column("missing_since", Instant),
    sa.Column("gone_at", Instant, comment="tombstone"),
    sa.Column("linked_at", Instant, nullable=False),
    sa.Column("origin", sa.Boolean, nullable=False, comment="the incident began with this record"),
    sa.Column("own", sa.Boolean, nullable=False, comment="our own account wrote that revision"),
    sa.Column(
        "unlinked_at", Instant, comment="a person ended the sync of this record; it is known, and left alone"
    ),
    sa.UniqueConstraint("instance", "record_id"),
    sa.Index(None, "instance", "record_key"),
)

parties = sa.Table(
    "parties",
    metadata,
    sa.Column("instance", Words, primary_key=True),
    sa.Column("kind", Words, primary_key=True),
    sa.Column("native_id", Words, primary_key=True),
    sa.Column("name", Words, nullable=False),
    sa.Column("email", Words),
    sa.Index(None, "instance", "kind", "email"),
    sa.Index(None, "instance", "kind", "name"),
)

operations = sa.Table(
    "operations",
    metadata,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("incident_id", Words, nullable=False),
    sa.Column("instance", Words, nullable=False),
    sa.Column("kind", Words, nullable=False, comment="create, update, transition, comment, attach, linkback"),
    sa.Column("marker", Words, nullable=False),
    sa.Column("item_id", Words, comment="the remark or attachment that is copied"),
    sa.Column("made", Words, comment="of a create: the id that the platform gave to the record"),
    sa.Column("payload", Values, nullable=False, comment="native values as sent"),
    sa.Column("base", Values, nullable=False, comment="native values as we knew them then"),
    sa.Column("fields", Values, nullable=False, comment="the common values that they stand for"),
    sa.Column("state", Words, nullable=False, comment="sent, applied, void, unknown, refused"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("base_at", Instant, comment="the record's own time of the revision that the base is of"),
    sa.Column("settle_after", Instant, nullable=False, comment="before that, absence proves nothing"),
    sa.Column("finished_at", Instant),
    sa.Column("audited", sa.Boolean, nullable=False, comment="looked for edits that it overwrote"),
    sa.Column("error", Words),
    sa.Index(None, "incident_id", "instance", "created_at"),
)

items = sa.Table(
    "items",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("incident_id", Words, nullable=False),
    sa.Column("kind", Words, nullable=False, comment="remark or attachment"),
    sa.Column("instance", Words, nullable=False, comment="where it was written; empty: by Syncline itself"),
    sa.Column("native_id", Words, nullable=False),
    sa.Column("author", Words, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column(
        "content", sa.JSON, nullable=False, comment="body and visibility, or name, type, size and hash"
    ),
    sa.UniqueConstraint("instance", "native_id", "kind"),
    sa.Index(None, "incident_id", "created_at"),
)

copies = sa.Table(
    "copies",
    metadata,
    sa.Column("item_id", Words, primary_key=True),
    sa.Column("instance", Words, primary_key=True),
    sa.Column("incident_id", Words, nullable=False),
    sa.Column("state", Words, nullable=False, comment="due, done, withheld"),
    sa.Column("native_id", Words),
    sa.Column("reason", Words),
    sa.Index(None, "incident_id", "instance", "state"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("incident_id", Words),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", Words, nullable=False),
    sa.Column("instance", Words),
    sa.Column("actor", Words, nullable=False),
    sa.Column("field", Words),
    sa.Column("text", Words, nullable=False, comment="the sentence that people read"),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Index(None, "incident_id", "id"),
    sa.Index(None, "kind", "id"),
    comment="The timeline: append-only.",
)

parked = sa.Table(
    "parked",
    metadata,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("incident_id", Words),
    sa.Column("instance", Words),
    sa.Column(
        "kind",
        Words,
        nullable=False,
        comment="conflict, frozen, refused, unreachable, reopen, create, item, work",
    ),
    sa.Column("field", Words),
    sa.Column("item_id", Words),
    sa.Column("reason", Words, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("ended_by", Words),
    sa.Column("ended_how", Words),
    sa.Index(None, "incident_id", "ended_at"),
    sa.Index(None, "ended_at"),
)

published = sa.Table(
    "published",
    metadata,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("name", Words, nullable=False, comment="mapping:<instance>"),
    sa.Column("digest", Words, nullable=False),
    sa.Column("text", Words, nullable=False),
    sa.Column("author", Words, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("note", Words, nullable=False),
    sa.Index(None, "name", "id"),
)

polls = sa.Table(
    "polls",
    metadata,
    sa.Column("instance", Words, primary_key=True),
    sa.Column("cursor", sa.JSON, nullable=False),
    sa.Column(
        "started_at", Instant, nullable=False, comment="records made before are not taken up by themselves"
    ),
    sa.Column("polled_at", Instant),
    sa.Column("swept_at", Instant),
    sa.Column("sweep_position", Words, nullable=False),
    sa.Column("halted", Words, comment="why this instance stands still until a person acts"),
    sa.Column("failing_since", Instant),
    sa.Column("error", Words),
)

work = sa.Table(
    "work",
    metadata,
    sa.Column("kind", Words, primary_key=True),
    sa.Column("key", Words, primary_key=True),
    sa.Column(
        "lane",
        Words,
        nullable=False,
        comment="the instance whose workers do it; empty: the incident workers",
    ),
    sa.Column("due", sa.Float, comment="seconds since 1970; NULL: clean, or parked"),
    sa.Column("again", sa.Float, comment="marked while it runs: due then"),
    sa.Column("urgency", sa.Integer, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column(
        "faults", sa.Integer, nullable=False, comment="of the tries, those that failed by our own fault"
    ),
    sa.Column("token", Words, comment="of the lease; NULL: nobody works on it"),
    sa.Column("error", Words),
    sa.Column("parked_at", sa.Float),
    sa.Index(None, "kind", "lane", "urgency", "due"),
    comment="The ledger: dirty keys, not jobs.",
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("incident_id", Words, nullable=False),
    sa.Column("policy", Words, nullable=False),
    sa.Column("policy_digest", Words, nullable=False),
    sa.Column("state", sa.JSON, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Index(None, "incident_id"),
    comment="Escalations in progress.",
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("incident_id", Words, nullable=False),
    sa.Column("run_id", Words),
    sa.Column("occasion", Words, nullable=False, comment="run, step and repetition: each is sent once"),
    sa.Column("recipient", Words, nullable=False),
    sa.Column("channel", Words, nullable=False),
    sa.Column(
        "address", Words, nullable=False, server_default="", comment="of the recipient, at the channel"
    ),
    sa.Column(
        "urgent",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="a page; else a message to stakeholders",
    ),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("not_before", Instant, comment="the end of the recipient's quiet hours"),
    sa.Column("confirm_by", Instant, comment="by then a sign is wanted that a page arrived"),
    sa.Column("state", Words, nullable=False),
    sa.Column("tried", sa.Integer, nullable=False, server_default="0", comment="times that it set out"),
    sa.Column(
        "repeated",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="sent once more, since no verdict came back",
    ),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("begun_at", Instant, comment="when it set out for the first time; again for a repeat"),
    sa.Column("at", Instant, nullable=False, server_default="0", comment="since when it is in that state"),
    sa.Column("finished_at", Instant),
    sa.Column("error", Words),
    sa.UniqueConstraint("run_id", "occasion", "recipient", "channel"),
    sa.Index(None, "incident_id"),
    comment="What is to be said to people.",
)
