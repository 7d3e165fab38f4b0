"""How one field is said on a platform: to and from common values, and which native values mean the same.

A codec is one half of a lens. `holds` is what keeps lossy tables from drifting: native values fall into
classes, all of which say the same common value, and a record whose value already lies in the right class is left alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final, Protocol, Self

from syncline.connector import Native, PartyKind
from syncline.mapping.directory import Directory
from syncline.mapping.template import Template
from syncline.mapping.transforms import CUT_MARK, Transform, cut, plain
from syncline.model import Incident, Value, tags

Natives = Mapping[str, Native]


NO_INCIDENT: Final = Incident("")
"""Where reading needs none."""


class Silence(Enum):
    """What a codec reads where the record says nothing about the field."""

    SILENT = "silent"


SILENT: Final = Silence.SILENT


@dataclass(frozen=True, slots=True)
class Side:
    """The platform's side of one reading or writing.

    Attributes:
        present: Native values of the record as it stands; those that a codec reads are all among them.
        directory: Who is who here.
        after: The incident as it will be.
        origin: The instance that the change came from.
    """

    present: Natives
    directory: Directory
    after: Incident = NO_INCIDENT
    origin: str = ""


class NoWordError(Exception):
    """The other side has no word for a value.

    Attributes:
        reason: A sentence for the operator.
        parties: Whom the directory does not know, where that is why: any of them would do.
        stand_in: What is written in its place; None: nothing.
    """

    def __init__(
        self, reason: str, parties: tuple[tuple[PartyKind, str], ...] = (), stand_in: Natives | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.parties = parties
        self.stand_in = stand_in


class Codec(Protocol):
    """How one field is said on a platform."""

    @property
    def natives(self) -> tuple[str, ...]:
        """The native fields that it reads and writes."""
        ...

    def read(self, side: Side) -> Value | Silence:
        """What the record says. Raises `NoWordError`."""
        ...

    def write(self, value: Value, side: Side) -> Natives:
        """The native values that say it, near to those at present. Raises `NoWordError`."""
        ...

    def holds(self, value: Value, side: Side) -> bool:
        """Whether the record already says it."""
        ...

    def shortened(self, limits: Mapping[str, int]) -> "Codec":
        """The same under limits of length, by native field."""
        ...


@dataclass(frozen=True, slots=True)
class TextCodec:
    """Text in one native field.

    Attributes:
        native: The field.
        transforms: In the order in which they are written; read in the opposite order.
        limit: Most characters; what is longer is cut with a visible mark.
        numeric: Whether the native value is a number.
    """

    native: str
    transforms: tuple[Transform, ...] = ()
    limit: int | None = None
    numeric: bool = False

    @property
    def natives(self) -> tuple[str, ...]:
        """The one field."""
        return (self.native,)

    def read(self, side: Side) -> Value | Silence:
        """The text; empty is None."""
        text = plain(side.present.get(self.native))
        for transform in reversed(self.transforms):
            text = transform.read(text)
        return plain(text) or None

    def write(self, value: Value, side: Side) -> Natives:  # noqa: ARG002  one shape for all codecs
        """The text, cut to the limit."""
        text = self.written(value)
        if self.numeric and text:
            try:
                return {self.native: float(text) if "." in text or "e" in text.lower() else int(text)}
            except ValueError:
                raise NoWordError(
                    f"{text[:40]!r} is no number, and {self.native} takes only numbers"
                ) from None
        return {self.native: text or None}

    def holds(self, value: Value, side: Side) -> bool:
        """Whether the record holds the text, or a visible cut of it where it is too long for the platform."""
        there = plain(side.present.get(self.native))
        text = self._whole(value)
        if there == cut(text, self.limit) or self.read(side) == (plain(value) or None):
            return True
        return self._is_cut(text, there)

    def restored(self, side: Side, known: str) -> str | None:
        """What a person who edited a cut text meant: the edited beginning, then the end that was cut off here.
        None where the record holds no cut of `known`."""
        there = plain(side.present.get(self.native))
        if self.limit is None or not there.endswith(CUT_MARK) or len(self._whole(known)) <= self.limit:
            return None
        sent = cut(self._whole(known), self.limit).removesuffix(CUT_MARK)
        text = there.removesuffix(CUT_MARK) + self._whole(known)[len(sent) :]
        for transform in reversed(self.transforms):
            text = transform.read(text)
        return plain(text) or None

    def written(self, value: Value) -> str:
        """The value as it is written, cut to the limit."""
        return cut(self._whole(value), self.limit)

    def shortened(self, limits: Mapping[str, int]) -> Self:
        """The same with the smaller of both limits."""
        limit = limits.get(self.native)
        return self if limit is None or (self.limit or limit + 1) <= limit else replace(self, limit=limit)

    def _whole(self, value: Value) -> str:
        text = plain(value)
        if text:
            for transform in self.transforms:
                text = transform.write(text)
        return plain(text)

    def _is_cut(self, text: str, there: str) -> bool:
        """A cut at any length counts: the platform may have allowed less, or a person shortened the beginning."""
        head = there.removesuffix(CUT_MARK)
        return self.limit is not None and len(text) > self.limit and head != there and text.startswith(head)


@dataclass(frozen=True, slots=True)
class TimeCodec:
    """A moment in one native field."""

    native: str

    @property
    def natives(self) -> tuple[str, ...]:
        """The one field."""
        return (self.native,)

    def read(self, side: Side) -> Value | Silence:
        """ISO 8601 text in UTC."""
        text = plain(side.present.get(self.native))
        if not text:
            return None
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise NoWordError(f"{text[:40]!r} in {self.native} is not a time") from None
        return text

    def write(self, value: Value, side: Side) -> Natives:  # noqa: ARG002  one shape for all codecs
        """The same text."""
        return {self.native: plain(value) or None}

    def holds(self, value: Value, side: Side) -> bool:
        """Whether it is the same moment, however it is written."""
        there = plain(side.present.get(self.native))
        return there == plain(value) or _moment(there) == _moment(plain(value)) is not None

    def shortened(self, limits: Mapping[str, int]) -> Self:  # noqa: ARG002
        """Times are never cut."""
        return self


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class TagsCodec:
    """Labels: a native list, or one text with a separator.

    Attributes:
        native: The field.
        transforms: For each label.
        separator: Between the labels of one text; None: the native value is a list.
    """

    native: str
    transforms: tuple[Transform, ...] = ()
    separator: str | None = None

    @property
    def natives(self) -> tuple[str, ...]:
        """The one field."""
        return (self.native,)

    def read(self, side: Side) -> Value | Silence:
        """The labels, sorted; none is an empty tuple."""
        found = []
        for label in self._listed(side.present.get(self.native)):
            text = label
            for transform in reversed(self.transforms):
                text = transform.read(text)
            found.append(_label(text))
        return tags(found)

    def write(self, value: Value, side: Side) -> Natives:  # noqa: ARG002  one shape for all codecs
        """The labels as the platform has them."""
        labels = self._written(value)
        if self.separator is None:
            return {self.native: labels or None}
        return {self.native: self.separator.join(labels) or None}

    def holds(self, value: Value, side: Side) -> bool:
        """Whether they are the same labels, whatever their order."""
        there = tags(_label(label) for label in self._listed(side.present.get(self.native)))
        return there == self._written(value) or self.read(side) == _tuple(value)

    def shortened(self, limits: Mapping[str, int]) -> Self:  # noqa: ARG002
        """Labels are never cut: half a label is another label."""
        return self

    def _written(self, value: Value) -> tuple[str, ...]:
        found = []
        for label in _tuple(value):
            text = label
            for transform in self.transforms:
                text = transform.write(text)
            found.extend(text.split(self.separator.strip() or self.separator) if self.separator else [text])
        return tags(_label(text) for text in found)

    def _listed(self, raw: Native) -> tuple[str, ...]:
        if isinstance(raw, tuple):
            return raw
        text = plain(raw)
        if self.separator is None:
            return (text,) if text else ()
        # People do not type the blank after the comma; it does not make two lists different.
        return tuple(text.split(self.separator.strip() or self.separator))


def _label(text: str) -> str:
    return plain(text).strip()


def _tuple(value: Value) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return tags(_label(label) for label in value)
    return (plain(value),) if value is not None and plain(value) else ()


@dataclass(frozen=True, slots=True)
class TemplateCodec:
    """Text made of several common fields; written only.

    Attributes:
        native: The field.
        template: What is written.
        limit: Most characters.
    """

    native: str
    template: Template
    limit: int | None = None

    @property
    def natives(self) -> tuple[str, ...]:
        """The one field."""
        return (self.native,)

    def read(self, side: Side) -> Value | Silence:  # noqa: ARG002  one shape for all codecs
        """Nothing: what was put together is not taken apart."""
        return SILENT

    def write(self, value: Value, side: Side) -> Natives:  # noqa: ARG002  one shape for all codecs
        """The template, filled in."""
        return {self.native: cut(plain(self.template.filled(side.after, side.origin)), self.limit) or None}

    def holds(self, value: Value, side: Side) -> bool:  # noqa: ARG002  one shape for all codecs
        """Never by itself: it depends on more than one value; the lens compares what would be written."""
        return False

    def shortened(self, limits: Mapping[str, int]) -> Self:
        """The same with the smaller of both limits."""
        limit = limits.get(self.native)
        return self if limit is None or (self.limit or limit + 1) <= limit else replace(self, limit=limit)
