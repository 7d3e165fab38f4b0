"""Messages say to whom, when, and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    for column in (
        sa.Column(
            "address",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="of the recipient, at the channel",
        ),
        sa.Column(
            "urgent",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="a page; else a message to stakeholders",
        ),
        sa.Column(
            "not_before", sa.BigInteger(), nullable=True, comment="the end of the recipient's quiet hours"
        ),
        sa.Column(
            "confirm_by",
            sa.BigInteger(),
            nullable=True,
            comment="by then a sign is wanted that a page arrived",
        ),
        sa.Column("tried", sa.Integer(), nullable=False, server_default="0", comment="times that it set out"),
        sa.Column(
            "repeated",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="sent once more, since no verdict came back",
        ),
        sa.Column(
            "begun_at",
            sa.BigInteger(),
            nullable=True,
            comment="when it set out for the first time; again for a repeat",
        ),
        sa.Column(
            "at",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="since when it is in that state",
        ),
    ):
        op.add_column("messages", column)
    messages = sa.table(
        "messages",
        sa.column("at", sa.BigInteger),
        sa.column("created_at", sa.BigInteger),
        sa.column("finished_at", sa.BigInteger),
    )
    op.execute(sa.update(messages).values(at=sa.func.coalesce(messages.c.finished_at, messages.c.created_at)))
    op.create_index(op.f("ix_messages_incident_id"), "messages", ["incident_id"], unique=False)
