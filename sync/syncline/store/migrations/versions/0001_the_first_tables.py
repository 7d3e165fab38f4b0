"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "copies",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="due, done, withheld"),
        sa.Column("native_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("item_id", "instance"),
    )
    op.create_index(
        op.f("ix_copies_incident_id_instance_state"),
        "copies",
        ["incident_id", "instance", "state"],
        unique=False,
    )
    op.create_table(
        "events",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("incident_id", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False, comment="the sentence that people read"),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="The timeline: append-only.",
    )
    op.create_index(op.f("ix_events_incident_id_id"), "events", ["incident_id", "id"], unique=False)
    op.create_index(op.f("ix_events_kind_id"), "events", ["kind", "id"], unique=False)
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column(
            "origins", sa.JSON(), nullable=False, comment="field -> [instance, actor, time]: who last set it"
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "unlinked_at", sa.BigInteger(), nullable=True, comment="when a person ended the sync of it"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_incidents_changed_at"), "incidents", ["changed_at"], unique=False)
    op.create_table(
        "items",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="remark or attachment"),
        sa.Column(
            "instance", sa.Text(), nullable=False, comment="where it was written; empty: by Syncline itself"
        ),
        sa.Column("native_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "content", sa.JSON(), nullable=False, comment="body and visibility, or name, type, size and hash"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("instance", "native_id", "kind", name=op.f("uq_items_instance_native_id_kind")),
    )
    op.create_index(
        op.f("ix_items_incident_id_created_at"), "items", ["incident_id", "created_at"], unique=False
    )
    op.create_table(
        "links",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column(
            "shadow", sa.JSON(), nullable=False, comment="native values on which both sides last agreed"
        ),
        sa.Column(
            "settled", sa.JSON(), nullable=False, comment="the common values that the shadow stands for"
        ),
        sa.Column("seen", sa.JSON(), nullable=False, comment="native values as last seen"),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="of what was last seen"),
        sa.Column(
            "seen_at", sa.BigInteger(), nullable=False, comment="the record's own time of that revision"
        ),
        sa.Column("seen_by", sa.Text(), nullable=True),
        sa.Column("stale", sa.Boolean(), nullable=False, comment="must be read before it is used"),
        sa.Column(
            "unread", sa.Boolean(), nullable=False, comment="remarks and files were never read in full"
        ),
        sa.Column(
            "recovered", sa.JSON(), nullable=False, comment="edits that our own write overwrote, to be merged"
        ),
        sa.Column("withheld", sa.JSON(), nullable=False, comment="field -> why it is not written here"),
        sa.Column(
            "referenced",
            sa.Text(),
            nullable=False,
            comment="digest of the links back that stand on the record",
        ),
        sa.Column("missing_since", sa.BigInteger(), nullable=True),
        sa.Column("gone_at", sa.BigInteger(), nullable=True, comment="tombstone"),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Boolean(), nullable=False, comment="the incident began with this record"),
        sa.Column("own", sa.Boolean(), nullable=False, comment="our own account wrote that revision"),
        sa.Column(
            "unlinked_at",
            sa.BigInteger(),
            nullable=True,
            comment="a person ended the sync of this record; it is known, and left alone",
        ),
        sa.PrimaryKeyConstraint("incident_id", "instance"),
        sa.UniqueConstraint("instance", "record_id", name=op.f("uq_links_instance_record_id")),
    )
    op.create_index(op.f("ix_links_instance_record_key"), "links", ["instance", "record_key"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column(
            "occasion", sa.Text(), nullable=False, comment="run, step and repetition: each is sent once"
        ),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "run_id",
            "occasion",
            "recipient",
            "channel",
            name=op.f("uq_messages_run_id_occasion_recipient_channel"),
        ),
        comment="What is to be said to people.",
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        comment="The store's own identity and generation.",
    )
    op.create_table(
        "operations",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="create, update, transition, comment, attach, linkback"
        ),
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=True, comment="the remark or attachment that is copied"),
        sa.Column(
            "made",
            sa.Text(),
            nullable=True,
            comment="of a create: the id that the platform gave to the record",
        ),
        sa.Column("payload", sa.JSON(), nullable=False, comment="native values as sent"),
        sa.Column("base", sa.JSON(), nullable=False, comment="native values as we knew them then"),
        sa.Column("fields", sa.JSON(), nullable=False, comment="the common values that they stand for"),
        sa.Column("state", sa.Text(), nullable=False, comment="sent, applied, void, unknown, refused"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "base_at",
            sa.BigInteger(),
            nullable=True,
            comment="the record's own time of the revision that the base is of",
        ),
        sa.Column(
            "settle_after", sa.BigInteger(), nullable=False, comment="before that, absence proves nothing"
        ),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("audited", sa.Boolean(), nullable=False, comment="looked for edits that it overwrote"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_operations_incident_id_instance_created_at"),
        "operations",
        ["incident_id", "instance", "created_at"],
        unique=False,
    )
    op.create_table(
        "parked",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("incident_id", sa.Text(), nullable=True),
        sa.Column("instance", sa.Text(), nullable=True),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="conflict, frozen, refused, unreachable, reopen, create, item, work",
        ),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("item_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_how", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_parked_ended_at"), "parked", ["ended_at"], unique=False)
    op.create_index(
        op.f("ix_parked_incident_id_ended_at"), "parked", ["incident_id", "ended_at"], unique=False
    )
    op.create_table(
        "parties",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("instance", "kind", "native_id"),
    )
    op.create_index(
        op.f("ix_parties_instance_kind_email"), "parties", ["instance", "kind", "email"], unique=False
    )
    op.create_index(
        op.f("ix_parties_instance_kind_name"), "parties", ["instance", "kind", "name"], unique=False
    )
    op.create_table(
        "polls",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=False),
        sa.Column(
            "started_at",
            sa.BigInteger(),
            nullable=False,
            comment="records made before are not taken up by themselves",
        ),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("swept_at", sa.BigInteger(), nullable=True),
        sa.Column("sweep_position", sa.Text(), nullable=False),
        sa.Column(
            "halted", sa.Text(), nullable=True, comment="why this instance stands still until a person acts"
        ),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("instance"),
    )
    op.create_table(
        "published",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="mapping:<instance>"),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_published_name_id"), "published", ["name", "id"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("policy_digest", sa.Text(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="Escalations in progress.",
    )
    op.create_index(op.f("ix_runs_incident_id"), "runs", ["incident_id"], unique=False)
    op.create_table(
        "work",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "lane",
            sa.Text(),
            nullable=False,
            comment="the instance whose workers do it; empty: the incident workers",
        ),
        sa.Column("due", sa.Float(), nullable=True, comment="seconds since 1970; NULL: clean, or parked"),
        sa.Column("again", sa.Float(), nullable=True, comment="marked while it runs: due then"),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column(
            "faults",
            sa.Integer(),
            nullable=False,
            comment="of the tries, those that failed by our own fault",
        ),
        sa.Column("token", sa.Text(), nullable=True, comment="of the lease; NULL: nobody works on it"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("parked_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "key"),
        comment="The ledger: dirty keys, not jobs.",
    )
    op.create_index(
        op.f("ix_work_kind_lane_urgency_due"), "work", ["kind", "lane", "urgency", "due"], unique=False
    )
