"""What PagerDuty keeps about incidents, and the indexes that find it without looking at everything."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, Final

from syncline.sandbox.pagerduty.directory import Json, Policy, Service

TRIGGERED: Final = "triggered"
ACKNOWLEDGED: Final = "acknowledged"
RESOLVED: Final = "resolved"
STATUSES: Final = (TRIGGERED, ACKNOWLEDGED, RESOLVED)

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@lru_cache(maxsize=65_536)
def stamp(at: int) -> str:
    """Epoch seconds as PagerDuty writes times: UTC, whole seconds, `Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Note:
    """A note on an incident.

    Attributes:
        id: PagerDuty id.
        user: Who wrote it, a reference.
        content: Plain text.
        at: Epoch seconds.
    """

    id: str
    user: Json
    content: str
    at: int


@dataclass(slots=True)
class Alert:
    """What an event made; it belongs to one incident.

    Attributes:
        id: PagerDuty id.
        key: The event's dedup_key.
        summary: One line.
        severity: `critical`, `error`, `warning` or `info`.
        details: The event's custom details.
        source: What the event is about.
        service: Where the event came in.
        at: Epoch seconds.
        status: `triggered` or `resolved`.
    """

    id: str
    key: str
    summary: str
    severity: str
    details: Any
    source: str
    service: Service
    at: int
    status: str = TRIGGERED


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the log. Never changed and never removed.

    Attributes:
        id: PagerDuty id.
        type: `acknowledge_log_entry`.
        summary: For people.
        at: Epoch seconds; all that PagerDuty tells.
        seen_from: The exact moment, epoch seconds with a fraction.
        agent: Who did it, a reference.
        channel: By which means; `type` and, for who asks for it, more.
        incident: What happened to.
        extra: More properties, by the entry's type.
    """

    id: str
    type: str
    summary: str
    at: int
    seen_from: float
    agent: Json
    channel: Json
    incident: "Incident"
    extra: Json = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Incident:
    """One incident. Times are epoch seconds.

    Attributes:
        id: PagerDuty id: `Q1QGYB805SG874`.
        number: Counts up over the account.
        key: Its de-duplication key; None where it came from events: then its alerts have keys.
        level: Of the escalation policy, from 1 on.
        assignments: When, and the user's id.
        acknowledgements: When, and a reference of the user or service.
        due: When an acknowledgement or a snooze ends; None where it does not.
        fields: Custom field id to value.
        responders: Responder requests, as they are shown.
        status_updates: Likewise.
        revision: Counts its changes.
    """

    id: str
    number: int
    title: str
    service: Service
    policy: Policy
    created: int
    updated: int
    key: str | None
    urgency: str = "high"
    status: str = TRIGGERED
    changed_at: int = 0
    changed_by: Json = field(default_factory=dict)
    level: int = 1
    assigned_via: str = "escalation_policy"
    assignments: list[tuple[int, str]] = field(default_factory=list)
    acknowledgements: list[tuple[int, Json]] = field(default_factory=list)
    priority: str | None = None
    resolved_at: int | None = None
    resolve_reason: Json | None = None
    details: Any = None
    bridge: Json | None = None
    kind: str = "incident_default"
    due: int | None = None
    notes: list[Note] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    entries: list[LogEntry] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    responders: list[Json] = field(default_factory=list)
    status_updates: list[Json] = field(default_factory=list)
    revision: int = 0

    def touch(self, at: int) -> None:
        """Something about it changed."""
        self.updated = at
        self.revision += 1

    @property
    def open(self) -> bool:
        """Whether somebody still has to work on it."""
        return self.status != RESOLVED


class Records:
    """All incidents and their log, with indexes. Incidents and entries come in the order of time."""

    def __init__(self) -> None:
        self.incidents: list[Incident] = []
        self.by_id: dict[str, Incident] = {}
        self.by_key: defaultdict[str, list[Incident]] = defaultdict(list)
        self.alerts: dict[tuple[str, str], tuple[Alert, Incident]] = {}
        self.entries: list[LogEntry] = []
        self.entry_by_id: dict[str, LogEntry] = {}
        self.last_created: dict[str, int] = {}
        self._created: list[int] = []
        self._entry_ats: list[int] = []
        self._entry_seen: list[float] = []
        self._numbers: dict[str, list[int]] = {status: [] for status in STATUSES}
        self._open_numbers: list[int] = []
        self._service_counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._timers: list[tuple[int, int, Incident, str | None]] = []
        self._timer_order = count()

    def new_id(self, rng: Random, first: str, length: int) -> str:
        """An id that nothing has yet."""
        while True:
            made = first + "".join(rng.choices(_ALPHABET, k=length - 1))
            if made not in self.by_id and made not in self.entry_by_id:
                return made

    def add(self, incident: Incident) -> None:
        """A new incident; its number is the next one."""
        self.incidents.append(incident)
        self._created.append(incident.created)
        self.by_id[incident.id] = incident
        self.last_created[incident.service.id] = incident.created
        if incident.key is not None:
            self.by_key[incident.key].append(incident)
        self._count(incident, 1)

    def move(self, incident: Incident, status: str) -> None:
        """Give an incident another status."""
        self._count(incident, -1)
        incident.status = status
        self._count(incident, 1)

    def rehome(self, incident: Incident, service: Service) -> None:
        """Give an incident another service."""
        self._count(incident, -1)
        incident.service = service
        self._count(incident, 1)

    def _count(self, incident: Incident, by: int) -> None:
        self._service_counts[incident.service.id, incident.status] += by
        lists = [self._numbers[incident.status]]
        if incident.open:
            lists.append(self._open_numbers)
        for numbers in lists:
            if by > 0:
                insort(numbers, incident.number)
            else:
                del numbers[bisect_left(numbers, incident.number)]

    def service_status(self, service: str) -> str:
        """`critical` with triggered incidents, `warning` with acknowledged ones, else `active`."""
        if self._service_counts[service, TRIGGERED]:
            return "critical"
        return "warning" if self._service_counts[service, ACKNOWLEDGED] else "active"

    def holder(self, key: str, service: str) -> Incident | None:
        """The open incident of a service that has this incident_key."""
        for incident in self.by_key.get(key, ()):
            if incident.open and incident.service.id == service:
                return incident
        return None

    def matching_key(self, key: str) -> list[Incident]:
        """Incidents with this incident_key, or with an alert of this key, in the order of their numbers."""
        found = {incident.number: incident for incident in self.by_key.get(key, ())}
        return [found[number] for number in sorted(found)]

    def index_alert(self, alert: Alert, incident: Incident) -> None:
        """Make an alert's incident findable by the alert's key."""
        self.alerts[alert.service.id, alert.key] = (alert, incident)
        if incident not in self.by_key[alert.key]:
            self.by_key[alert.key].append(incident)

    def numbers(
        self, statuses: frozenset[str], since: int | None, until: int | None
    ) -> tuple[Sequence[int], range, bool]:
        """Numbers of the incidents with one of these statuses (none: any) created in `[since, until)`.

        Gives ascending numbers, the positions in it that count, and whether these are exact: where no index
        fits they hold incidents of other statuses too.
        """
        low = 1 if since is None else bisect_left(self._created, since) + 1
        high = len(self._created) + 1 if until is None else bisect_left(self._created, until) + 1
        if len(statuses) == 1:
            listed = self._numbers[next(iter(statuses))]
        elif statuses == {TRIGGERED, ACKNOWLEDGED}:
            listed = self._open_numbers
        else:
            every = range(1, len(self._created) + 1)
            return every, range(low - 1, max(low, high) - 1), len(statuses) in {0, len(STATUSES)}
        first = bisect_left(listed, low)
        return listed, range(first, max(first, bisect_left(listed, high))), True

    def log(self, entry: LogEntry) -> None:
        """Append to the log."""
        self.entries.append(entry)
        self._entry_ats.append(entry.at)
        self._entry_seen.append(entry.seen_from)
        self.entry_by_id[entry.id] = entry
        entry.incident.entries.append(entry)

    def entry_range(self, since: int | None, until: int | None, visible: float) -> range:
        """Positions of the entries stamped in `[since, until]` that happened at `visible` or before."""
        low = 0 if since is None else bisect_left(self._entry_ats, since)
        high = len(self._entry_ats) if until is None else bisect_right(self._entry_ats, until)
        return range(low, max(low, min(high, bisect_right(self._entry_seen, visible))))

    def set_timer(self, incident: Incident, due: int | None) -> None:
        """End the incident's acknowledgement at `due`, or never."""
        incident.due = due
        if due is not None:
            heappush(self._timers, (due, next(self._timer_order), incident, None))

    def set_notification(self, incident: Incident, user: str, due: int) -> None:
        """Have a user told of the incident at `due`."""
        heappush(self._timers, (due, next(self._timer_order), incident, user))

    def expired(self, now: int) -> tuple[int, Incident, str | None] | None:
        """What has come due by `now`, in the order of time: when, of which incident, and the user who is to be told, or
        None where it is the incident's acknowledgement that ends. Each is given once."""
        while self._timers and self._timers[0][0] <= now:
            due, _, incident, user = heappop(self._timers)
            if user is not None or (incident.due == due and incident.status == ACKNOWLEDGED):
                return due, incident, user
        return None
