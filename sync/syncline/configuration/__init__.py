"""`syncline.yaml`: which instances there are, what goes where, and by which rules."""

from syncline.configuration.model import (
    Attachments,
    Backfill,
    BackfillKind,
    Comments,
    Condition,
    Configuration,
    ConflictRule,
    Conflicts,
    Freeze,
    Instance,
    PublicComments,
    Reopen,
    Route,
)

__all__ = [
    "Attachments",
    "Backfill",
    "BackfillKind",
    "Comments",
    "Condition",
    "Configuration",
    "ConflictRule",
    "Conflicts",
    "Freeze",
    "Instance",
    "PublicComments",
    "Reopen",
    "Route",
]
