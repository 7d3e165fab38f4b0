"""What the linter says."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncline.escalation.lint.codes import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful in a book.

    Attributes:
        code: Of the check: a key of `CODES`.
        severity: How bad it is.
        line: In the file, from 1; 0 where the place is not known.
        column: From 1.
        message: One plain sentence that names the thing.
        witness: What shows it: `incident` (field to value), `from` and `until` (local time and UTC), `person` ...
        mend: What to do about it; empty for what the message says already.
        file: As the person named it.
    """

    code: str
    severity: Severity
    line: int
    column: int
    message: str
    witness: Mapping[str, object] = field(default_factory=dict)
    mend: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class LiveNames:
    """What there is on the live platforms and in the configuration, as far as it is known.

    Attributes:
        instances: Instance to its platform; None: not known.
        targets: Instance to the names and ids of its groups, teams, roles or escalation policies; absent: not known.
        people: Instance to the ids and e-mail addresses of its people; absent: not known.
        channels: Channels of the configuration; None: not known.
    """

    instances: Mapping[str, str] | None = None
    targets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    people: Mapping[str, frozenset[str]] = field(default_factory=dict)
    channels: frozenset[str] | None = None
