"""What Syncline has learnt, by the replies that it truly heard and whose worker lived to store them; and the trouble that its
requests ran into. Nothing of it is asked of Syncline."""

import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from greenlet import greenlet

_PAIRS: Final = {(str(i), str(u)): str(i + u - 1) for i in (1, 2, 3) for u in (1, 2, 3)}
"""ServiceNow's priority, of impact and urgency."""
_OF_HELIX: Final = {
    f"{impact}{urgency}": name
    for impact, names in {
        "1-Extensive/Widespread": ("Critical", "Critical", "High", "Low"),
        "2-Significant/Large": ("Critical", "High", "Medium", "Low"),
        "3-Moderate/Limited": ("High", "High", "Medium", "Low"),
        "4-Minor/Localized": ("High", "High", "Medium", "Low"),
    }.items()
    for urgency, name in zip(("1-Critical", "2-High", "3-Medium", "4-Low"), names, strict=True)
}
"""That of Helix, of the same two."""
_TAKES_IN: Final = re.compile(r"^incidents|-poll$|-sweep$|-delivery-\d+$")
"""The workers that take in what they hear of records; those of messages look at pages alone."""
_STATUS: Final = frozenset({"state", "status", "Status"})
SLOW: Final = 2.0
"""Seconds from which on a reply that came is trouble all the same."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One reply that was taken in.

    Attributes:
        said: When the platform gave it.
        at: When what came of it was stored.
        body: As it was.
    """

    said: float
    at: float
    body: bytes


@dataclass(slots=True)
class Lessons:
    """All of them.

    Attributes:
        of: Platform to what was learnt from it, in the order of being stored.
        trouble: Platform to when a request had no good reply, or waited long for one.
    """

    of: dict[str, list[Lesson]] = field(default_factory=lambda: defaultdict(list))
    trouble: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _asked: dict[greenlet, dict[str, tuple[str, float, bytes] | None]] = field(default_factory=dict)

    def asked(
        self, who: greenlet, name: str, what: str, reply: tuple[float, bytes] | None, now: float, took: float
    ) -> None:
        """A request came back; without a `reply` that can be used where there is None. What is asked again counts as it
        came back last."""
        if reply is None or took > SLOW:
            self.trouble[name].append(now)
        self._asked.setdefault(who, {})[what] = None if reply is None else (name, *reply)

    def warned(self, who: greenlet) -> None:
        """It says that it gives something up, and drops what it heard."""
        if who in self._asked:
            self._asked[who]["given up"] = None

    def stored(self, who: greenlet, now: float) -> None:
        """It committed. Where one of its requests failed, it may have been that failure which it stored, and nothing else."""
        batch = self._asked.pop(who, {})
        if None not in batch.values() and _TAKES_IN.search(getattr(who, "called", "")):
            for heard in batch.values():
                assert heard is not None
                name, said, body = heard
                self.of[name].append(Lesson(said, now, body))

    def troubled(self, name: str, start: float, end: float) -> bool:
        """Whether a request to that platform had no good reply in this time."""
        times = self.trouble[name]
        index = bisect_left(times, start)
        return index < len(times) and times[index] <= end


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reply said of a record.

    Attributes:
        said: When the platform said it.
        at: When it was stored.
        status: Native; None: it does not say.
        priority: Native; None: it does not say.
        labels: Of Jira.
    """

    said: float
    at: float
    status: str | None
    priority: str | None
    labels: frozenset[str]


def shown(lessons: Mapping[str, Sequence[Lesson]]) -> dict[tuple[str, str], list[Shown]]:
    """Platform and record to what replies said of it, in the order of being stored."""
    found: dict[tuple[str, str], list[Shown]] = defaultdict(list)
    for side, heard in lessons.items():
        for lesson in heard:
            try:
                reply = json.loads(lesson.body)
            except ValueError:
                continue
            for record, fields in _records(reply):
                labels = fields.get("labels")
                found[side, record].append(
                    Shown(
                        lesson.said,
                        lesson.at,
                        named(
                            fields.get(
                                {"snow": "state", "helix": "Status", "cherwell": "Status"}.get(side, "status")
                            )
                        ),
                        priority_of(side, fields),
                        frozenset(labels if isinstance(labels, list) else ()),
                    )
                )
    return found


def _records(reply: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(reply, list):
        for one in reply:
            yield from _records(one)
    if isinstance(reply, dict):
        record = record_of(reply)
        fields = fields_of(reply)
        if isinstance(record, str) and isinstance(fields, dict) and not _STATUS.isdisjoint(fields):
            yield record, fields
        for one in reply.values():
            yield from _records(one)


def record_of(reply: Mapping[str, Any]) -> Any:
    """The record that a part of a reply shows, if it shows one. At Helix an entry of the work log names the incident too, and
    so does what a write looks up before it: neither is taken in as what stands there."""
    if "Incident Number" in reply:
        return reply["Incident Number"] if "Impact" in reply else None
    return reply.get("sys_id", reply.get("id", reply.get("busObRecId")))


def fields_of(reply: Mapping[str, Any]) -> Any:
    """The fields that a part of a reply shows; Cherwell lists them."""
    fields = reply.get("fields", reply)
    if isinstance(fields, list):
        return {one.get("name"): one.get("value") for one in fields if isinstance(one, dict)}
    return fields


def named(native: Any) -> str | None:
    """What a platform calls a value; None: it says none."""
    if isinstance(native, dict):
        native = native.get("name") or native.get("summary")
    return native if isinstance(native, str) else None


def priority_of(side: str, fields: Mapping[str, Any]) -> str | None:
    """The priority that a record shows, in its platform's words; None: it does not say."""
    if side == "snow":
        return _PAIRS.get((str(fields.get("impact")), str(fields.get("urgency"))))
    if side == "helix":
        return _OF_HELIX.get(f"{fields.get('Impact')}{fields.get('Urgency')}")
    return named(fields.get("Priority" if side == "cherwell" else "priority"))
