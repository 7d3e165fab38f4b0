"""What `syncline.yaml` says, once it has been read: frozen and free of secrets but those inside `settings`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from syncline.http.settings import InstanceSettings
from syncline.mapping.rules import Conflict
from syncline.model import Incident, Status, Value


@dataclass(frozen=True, slots=True)
class Instance:
    """One configured connection to a platform.

    Attributes:
        name: `snow-prod`.
        platform: `servicenow`.
        settings: The plugin's own settings, validated; secrets in it are `SecretStr`.
        mapping: The mapping file that overrides the platform's default, absolute; None: the default.
    """

    name: str
    platform: str
    settings: InstanceSettings
    mapping: Path | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a route's `when`: a common field has one of these values.

    Attributes:
        field: Common field.
        values: Any of them will do; text is compared without regard to case.
    """

    field: str
    values: tuple[Value, ...]

    def holds(self, incident: Incident) -> bool:
        """Whether the incident has one of the values; of labels, whether it has one of these labels."""
        value = incident[self.field]
        present = value if isinstance(value, tuple) else (value,)
        return any(_same(one, other) for one in present for other in self.values)


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return one == other


class BackfillKind(StrEnum):
    """Which records that existed before the first start a route takes up."""

    NONE = "none"
    OPEN = "open"
    SINCE = "since"


@dataclass(frozen=True, slots=True)
class Backfill:
    """Which records that existed before the first start a route takes up.

    Attributes:
        kind: None of them, those still open, or those changed since a date.
        since: Aware, UTC; only with `BackfillKind.SINCE`.
    """

    kind: BackfillKind = BackfillKind.NONE
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Incidents that began on one of `sources` and meet every condition must exist on all of `targets`.

    Attributes:
        name: For the timeline and for `explain`.
        sources: Instance names.
        targets: Instance names.
        when: All must hold; none: every incident.
        backfill: Which earlier records it takes up.
    """

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    when: tuple[Condition, ...] = ()
    backfill: Backfill = Backfill()

    def takes(self, source: str, incident: Incident) -> bool:
        """Whether an incident that began on `source` goes this way."""
        return source in self.sources and all(condition.holds(incident) for condition in self.when)


@dataclass(frozen=True, slots=True)
class ConflictRule:
    """Who wins a field.

    Attributes:
        conflict: How it is decided.
        owner: The instance that wins with `Conflict.OWNER`.
    """

    conflict: Conflict = Conflict.LATEST
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Who wins where both sides changed a field and the mapping does not say.

    Attributes:
        default: For every field that is not named.
        fields: Common field to its own rule.
    """

    default: ConflictRule = ConflictRule()
    fields: Mapping[str, ConflictRule] = field(default_factory=dict)

    def rule(self, name: str) -> ConflictRule:
        """The rule of a common field."""
        return self.fields.get(name, self.default)


class PublicComments(StrEnum):
    """What becomes of a public comment on its way to another platform."""

    KEEP = "keep"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Comments:
    """Copying of comments and work notes.

    Attributes:
        copy: Whether they are copied.
        public: Whether a public comment stays public. An internal note never becomes public.
    """

    copy: bool = True
    public: PublicComments = PublicComments.KEEP


@dataclass(frozen=True, slots=True)
class Attachments:
    """Copying of files.

    Attributes:
        copy: Whether they are copied.
        max_bytes: Larger ones are named in a note instead.
    """

    copy: bool = True
    max_bytes: int = 10_000_000


@dataclass(frozen=True, slots=True)
class Reopen:
    """Which ended incidents a change on one platform may open again on all.

    Attributes:
        statuses: From these; a change out of any other ended status is put on the timeline, not spread.
    """

    statuses: frozenset[Status] = frozenset({Status.RESOLVED})


@dataclass(frozen=True, slots=True)
class Freeze:
    """When a field that two automations fight over is frozen.

    Attributes:
        writes: More writes of one field than this within `within` freeze it.
        within: The time that `writes` is counted over.
        returns: So many returns to an earlier value freeze it too.
    """

    writes: int = 6
    within: timedelta = timedelta(minutes=10)
    returns: int = 3


@dataclass(frozen=True, slots=True)
class Escalation:
    """By which policies is escalated, and how people ask for help from any platform.

    Attributes:
        label: The label that raises a hand; None: none does.
        command: The word with which a remark begins that raises one; None: none does.
        policy: The file of the policies; None: there is none, and nothing is escalated.
    """

    label: str | None = "escalate"
    command: str | None = "/escalate"
    policy: Path | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to reach people: e-mail, SMS, a chat. Its address is a secret, and is looked for when it is needed.

    Attributes:
        name: `email`, `sms`: what policies and people call it.
        longest: Characters of a message, title and all; what is longer is cut.
        secrets_dir: Where the file with its address lies; None: where `SYNCLINE_SECRETS_DIR` says.
    """

    name: str
    longest: int = 4_000
    secrets_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """All of `syncline.yaml`.

    Attributes:
        file: The file it was read from, absolute.
        database: SQLAlchemy URL; a relative SQLite path is taken from the file's folder. From the environment
            variable `SYNCLINE_DATABASE_URL` where that is set.
        instances: By name, in the order of the file.
        routes: In the order of the file.
        conflicts: Who wins.
        comments: Copying of remarks.
        attachments: Copying of files.
        reopen: Which ended incidents may be opened again.
        freeze: When a field is frozen.
        gone_after: A record that two direct reads this far apart do not find is gone.
        channels: By name: the ways to reach people beside the platforms' own.
        escalation: How people ask for help.
    """

    file: Path
    database: str = field(repr=False)
    instances: Mapping[str, Instance]
    routes: tuple[Route, ...] = ()
    conflicts: Conflicts = Conflicts()
    comments: Comments = Comments()
    attachments: Attachments = Attachments()
    reopen: Reopen = Reopen()
    freeze: Freeze = Freeze()
    gone_after: timedelta = timedelta(minutes=10)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    escalation: Escalation = Escalation()
