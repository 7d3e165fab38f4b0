"""The form of `syncline.yaml`, version 1: which keys there are and what may stand behind them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from syncline.configuration.model import PublicComments
from syncline.configuration.quantities import size
from syncline.mapping.durations import duration, said
from syncline.mapping.rules import Conflict
from syncline.mapping.specification import listed, text_of
from syncline.mapping.validation import Entry

VERSION: Final = 1
ALL: Final = "all"
"""In `from` and `to` of a route: every instance."""


def _within(low: timedelta, high: timedelta) -> Callable[[Any], timedelta]:
    def check(raw: Any) -> timedelta:
        found = duration(raw)
        if not low <= found <= high:
            raise ValueError(f"must lie between {said(low)} and {said(high)}")
        return found

    return check


Text = Annotated[str, BeforeValidator(text_of)]
Texts = Annotated[list[Text], BeforeValidator(listed), Field(min_length=1)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class InstanceEntry(Entry):
    """One instance: two keys of ours, all others are the plugin's settings."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    platform: Name
    mapping: Name | None = None


class RouteEntry(Entry):
    """One route."""

    name: Name
    from_: Annotated[Texts, Field(alias="from")]
    to: Texts
    when: dict[str, Annotated[list[Any], BeforeValidator(listed), Field(min_length=1)]] = Field(
        default_factory=dict
    )
    backfill: Text = "none"


class ConflictEntry(Entry):
    """Who wins a field. A bare word is the rule."""

    conflict: Annotated[Conflict | None, Field(strict=False)] = None
    owner: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, raw: Any) -> Any:
        return raw if isinstance(raw, dict) else {"conflict": raw}


class CommentsEntry(Entry):
    """Copying of remarks."""

    copy_: Annotated[bool, Field(alias="copy")] = True
    public: Annotated[PublicComments, Field(strict=False)] = PublicComments.KEEP


class AttachmentsEntry(Entry):
    """Copying of files."""

    copy_: Annotated[bool, Field(alias="copy")] = True
    max_bytes: Annotated[int, BeforeValidator(size)] = 10_000_000


class ReopenEntry(Entry):
    """Which ended incidents may be opened again."""

    from_: Annotated[
        list[Literal["resolved", "closed", "canceled"]], BeforeValidator(listed), Field(alias="from")
    ]


class FreezeEntry(Entry):
    """When a field is frozen."""

    writes: Annotated[int, Field(ge=2, le=1000)] = 6
    minutes: Annotated[int, Field(ge=1, le=1440)] = 10
    returns: Annotated[int, Field(ge=2, le=100)] = 3


def _word(raw: Any) -> str | None:
    if raw is False:
        return None
    if not isinstance(raw, str) or not 1 <= len(raw) <= 100 or any(sign.isspace() for sign in raw):
        raise ValueError("must be one word without blanks, or false to do without")
    return raw


class EscalationEntry(Entry):
    """By which policies is escalated, and how people ask for help from any platform."""

    policy: Text | None = None
    label: Annotated[str | None, BeforeValidator(_word)] = "escalate"
    command: Annotated[str | None, BeforeValidator(_word)] = "/escalate"


class ChannelEntry(Entry):
    """A way to reach people. Its address is a secret, and stands elsewhere."""

    longest: Annotated[int, Field(ge=100, le=100_000)] = 4_000
    secrets_dir: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and "url" in raw:
            raise ValueError(
                "the url of a channel is a secret and must not stand in this file; take it out, have it replaced if"
                " the file was ever shared, and set the environment variable SYNCLINE_CHANNEL_<NAME>_URL"
            )
        return {} if raw is None else raw


class ConfigurationFile(Entry):
    """All of `syncline.yaml`."""

    syncline: int
    database: Name = "sqlite:///syncline.db"
    instances: Annotated[dict[str, InstanceEntry], Field(min_length=1)]
    routes: list[RouteEntry] = Field(default_factory=list)
    conflicts: dict[str, ConflictEntry] = Field(default_factory=dict)
    comments: CommentsEntry = CommentsEntry()
    attachments: AttachmentsEntry = AttachmentsEntry()
    reopen: ReopenEntry | None = None
    freeze: FreezeEntry = FreezeEntry()
    escalation: EscalationEntry = EscalationEntry()
    channels: dict[str, ChannelEntry] = Field(default_factory=dict)
    gone_after: Annotated[timedelta, BeforeValidator(_within(timedelta(seconds=1), timedelta(days=30)))] = (
        timedelta(minutes=10)
    )
