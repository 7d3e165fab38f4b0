"""The policy of the demo, as its admins would write it: in seconds, so that an evening on call fits into the story."""

from datetime import date, timedelta
from typing import Final

HOOK: Final = "hook"
"""The channel that leads to the demo's own web hook."""
CHANNEL_URL: Final = f"SYNCLINE_CHANNEL_{HOOK.upper()}_URL"
CHANNELS: Final = f"channels:\n  {HOOK}:\n"
"""What `syncline.yaml` needs for it."""

_POLICY: Final = """\
# Written by `syncline demo`. Times are short, so that they pass while one looks on.
escalation: 1
tz: UTC

fields:
  account: {{from: requester}}            # a compromised account is the one that the incident was reported for

people:
  amina: {{name: Amina Diallo, manager: olga, ids: {{pagerduty: amina.diallo@example.com}}, reach: {{hook: amina}}}}
  bruno: {{name: Bruno Keller, manager: olga, ids: {{pagerduty: bruno.keller@example.com}}, reach: {{hook: bruno}}}}
  chloe: {{name: Chloe Martin, manager: olga, ids: {{pagerduty: chloe.martin@example.com}}, reach: {{hook: chloe}},
          away: [{first}/{last}]}}  # on vacation
  diane: {{name: Diane Novak, manager: olga, ids: {{pagerduty: diane.novak@example.com}}, reach: {{hook: diane}}}}
  noah:  {{name: Noah Brooks, manager: olga, ids: {{pagerduty: noah.brooks@example.com}}, reach: {{hook: noah}}}}
  olga:  {{name: Olga Petrova, reach: {{hook: olga}}}}  # managers are told by the web hook alone

schedules:
  desk:                                 # it is Chloe's week, then Noah's
    layers: [{{rotate: [chloe, noah], every: 7d, handoff: "00:00", from: {first}}}]
    backfill: stand-in
  stand-in: {{layers: [{{rotate: [amina], every: 7d, handoff: "00:00", from: {first}}}]}}
  network:  {{layers: [{{rotate: [bruno], every: 7d, handoff: "00:00", from: {first}}}]}}
  security: {{layers: [{{rotate: [diane], every: 7d, handoff: "00:00", from: {first}}}]}}
  managers: {{layers: [{{rotate: [olga], every: 7d, handoff: "00:00", from: {first}}}]}}

tiers:
  L1:       {{who: desk, next: L2, to: {{servicenow: Service Desk, helix: Service Desk, cherwell: Service Desk, pagerduty: Service Desk escalation}}}}
  L2:       {{who: network, next: MGMT, to: {{servicenow: Network, helix: Network, cherwell: Network, pagerduty: Network escalation}}}}
  SECURITY: {{who: security, next: MGMT, to: {{servicenow: Security, helix: Security, cherwell: Security, pagerduty: Security escalation}}}}
  MGMT:     {{who: managers, hierarchical: true}}

slas:
  p1-restore: {{when: priority == 1, target: 4h, start: created, stop: resolved}}

policies:
  - id: p1-ladder
    when: 'priority == 1 and category == "network"'
    clock: p1-restore
    steps:
      - {{at: 0s, page: L1, until: ack}}
      - {{at: 15s, page: L2, if: not ack, move: true}}
      - {{at: 25s, page: MGMT, if: not resolved}}
    undelivered: {{after: 10m, page: MGMT}}
    end: {{page: MGMT, every: 15s}}
    with: [hand-raise]
  - id: hand-raise
    trigger: manual
    steps:
      - {{at: 0s, page: next, until: ack, keep: raiser}}
      - {{at: 40s, page: MGMT, if: not ack}}
    guard: {{cooldown: 10m, approve: none, blame: never}}
    undelivered: {{after: 10m, page: MGMT}}
    end: {{page: MGMT, every: 10m}}
  - id: repeat-compromise
    trigger: recur
    count: {{of: 'category == "account-compromise"', same: account, within: 30d, at_least: 3}}
    steps:
      - {{at: 0s, page: SECURITY, move: true, until: ack, do: [link_incidents, open_problem, raise_priority]}}
      - {{at: 15m, page: MGMT, if: not ack}}
    guard: {{once_per: 7d}}
    undelivered: {{after: 10m, page: MGMT}}
    end: {{page: MGMT, every: 15m}}
"""


def policy(today: date) -> str:
    """The text of the policy file. Nobody's turn, and no vacation, begins or ends on a day near `today`."""
    first, last = today - timedelta(days=3), today + timedelta(days=3)
    return _POLICY.format(first=first.isoformat(), last=last.isoformat())
