"""A small company, its book, and incidents that are played through it in virtual time."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from syncline.escalation import Policies
from syncline.escalation.playing import Deed, Played, opened_case, play
from syncline.escalation.reading import read_book

T0 = datetime(2026, 6, 3, 8, 0, tzinfo=UTC)
"""A Wednesday, 10:00 in Paris."""

WORLD = """
escalation: 1
calendars:
  office: {tz: Europe/Paris, open: {mon-fri: 08:00-18:00}}
people:
  amina: {tz: Europe/Paris, manager: chloe, ids: {pagerduty: PAMINA}, reach: {email: amina@example.com, sms: "+33100000001"}}
  bruno: {tz: Europe/Paris, manager: chloe, reach: {email: bruno@example.com}}
  chloe: {tz: Europe/Paris, reach: {email: chloe@example.com, sms: "+33100000003"}, quiet: "22:00-07:00"}
  olga:  {tz: Europe/Paris, reach: {sms: "+33100000004"}}
schedules:
  desk: {tz: Europe/Paris, layers: [{rotate: [amina], every: 1w, handoff: mon 09:00, from: 2026-01-05}]}
  db:   {tz: Europe/Paris, layers: [{rotate: [bruno], every: 1w, handoff: mon 09:00, from: 2026-01-05}]}
  sec:  {tz: Europe/Paris, layers: [{rotate: [olga], every: 1d, handoff: 08:00, from: 2026-01-05, only: {mon-fri: 08:00-18:00}}]}
  duty: {tz: Europe/Paris, layers: [{rotate: [chloe], every: 1w, handoff: mon 09:00, from: 2026-01-05}]}
tiers:
  L1: {who: desk, next: L2, to: {servicenow: {group: Service Desk}, jira: {group: Service Desk}, pagerduty: {policy: Desk}}}
  L2: {who: db, next: L3, to: {servicenow: {group: Database}, jira: {group: Database}, pagerduty: {policy: Database}}}
  L3: {who: sec, to: {servicenow: {group: Security}, jira: {group: Security}, pagerduty: {policy: Security}}}
  MGMT: {who: duty, hierarchical: true}
slas:
  restore: {when: priority == 1, target: 4h, start: created, stop: resolved, pause: 'status == "on_hold"', max_pause: 2h}
"""


@dataclass
class Company:
    """A book and what is played through it."""

    book: Any
    pagers: dict[str, str] = field(default_factory=dict)

    @property
    def policies(self) -> Policies:
        return Policies(self.book)

    def case(self, at: datetime = T0, **values: Any) -> Any:
        first = {"title": "The database is down", "status": "new", "priority": 1, "group": "Service Desk"}
        return opened_case("SL-1", {**first, **values}, at, source="snow", pagers=self.pagers)

    def play(
        self, *deeds: Deed, hours: float = 8, at: datetime = T0, becomes: Any = None, **values: Any
    ) -> Played:
        extra = {} if becomes is None else {"becomes": becomes}
        return play(self.policies, self.case(at, **values), deeds, at + timedelta(hours=hours), **extra)

    def reopened(self, **changes: Any) -> "Company":
        return replace(self, **changes)


def company(policies: str, world: str = WORLD, **extra: Any) -> Company:
    """A company with those policies (YAML, as under `policies:`)."""
    return Company(read_book(f"{world}policies:\n{policies}", "escalation.yaml"), **extra)


def after(minutes: float) -> datetime:
    """So many minutes after the opening."""
    return T0 + timedelta(minutes=minutes)


def did(minutes: float, **values: Any) -> Deed:
    """Somebody sets fields."""
    return Deed(after(minutes), "somebody", values)


def pages(played: Played) -> list[tuple[float, str, str]]:
    """Minutes since the opening, person and channel of each page."""
    return [((at - T0).total_seconds() / 60, m.recipient, m.channel) for at, m in played.messages if m.urgent]


def paged(played: Played) -> list[tuple[float, str]]:
    """Minutes since the opening, and who was paged."""
    return [(minutes, who) for minutes, who, _ in pages(played)]


def told(played: Played) -> list[str]:
    """What the timeline says."""
    return [h.text for moment in played.moments for h in moment.happened]


LADDER = """
  - id: ladder
    when: priority == 1
    clock: restore
    steps:
      - {at: 0m, page: L1, until: ack, again: {every: 5m, times: 2}}
      - {at: 15m, page: L2, if: not ack, move: true}
      - {at: 30m, page: MGMT, if: not resolved}
      - {at: 75%, page: MGMT, if: not resolved}
    ack: {holds: 60m}
    nobody: next
    reopen: resume
    end: {page: MGMT, every: 30m}
"""
