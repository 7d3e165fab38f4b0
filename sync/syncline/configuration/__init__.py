"""`syncline.yaml`: which instances there are, what goes where, and by which rules."""

from syncline.configuration.defaults import default_mapping, defaults
from syncline.configuration.loading import (
    DATABASE_VARIABLE,
    POLICY,
    load_configuration,
    policy_beside,
    read_configuration,
)
from syncline.configuration.model import (
    Attachments,
    Backfill,
    BackfillKind,
    Channel,
    Comments,
    Condition,
    Configuration,
    ConflictRule,
    Conflicts,
    Escalation,
    Freeze,
    Instance,
    PublicComments,
    Reopen,
    Route,
)

__all__ = [
    "DATABASE_VARIABLE",
    "POLICY",
    "Attachments",
    "Backfill",
    "BackfillKind",
    "Channel",
    "Comments",
    "Condition",
    "Configuration",
    "ConflictRule",
    "Conflicts",
    "Escalation",
    "Freeze",
    "Instance",
    "PublicComments",
    "Reopen",
    "Route",
    "default_mapping",
    "defaults",
    "load_configuration",
    "policy_beside",
    "read_configuration",
]
