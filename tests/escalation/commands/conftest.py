"""A policy that rehearsals are played by, small enough to work out by hand."""

import textwrap
from pathlib import Path

import pytest

from syncline.application.rehearsing import rehearse_scenario
from syncline.escalation.reading import read_book
from syncline.escalation.scenario import drafted

POLICY = """\
escalation: 1
tz: Europe/Paris
fields:
  site: {values: [north, south]}
  floors: {type: number}
people:
  amina: {reach: {sms: "+33100000001"}, away: [2026-08-03/2026-08-17]}
  bruno: {reach: {sms: "+33100000002", email: bruno@example.com}, manager: chloe}
  chloe: {reach: {email: chloe@example.com}, quiet: "22:00-07:00"}
  noah: {reach: {sms: "+33100000004"}, ids: {pagerduty: noah@example.com}}
schedules:
  desk: {layers: [{rotate: [amina, bruno], every: 1w, handoff: mon 09:00, from: 2026-01-05}], backfill: db}
  db: {layers: [{rotate: [noah], handoff: mon 09:00, from: 2026-01-05}]}
  duty: {layers: [{rotate: [chloe], handoff: mon 09:00, from: 2026-01-05}]}
tiers:
  L1: {who: desk, next: L2, group: Service Desk}
  L2: {who: db, group: DBA}
  MGMT: {who: duty, hierarchical: true}
slas:
  restore: {when: priority == 1, target: 4h, pause: 'status == "on_hold"', max_pause: 2h}
policies:
  - id: ladder
    when: priority == 1
    clock: restore
    steps:
      - {at: 0m, page: L1, until: ack}
      - {at: 15m, page: L2, if: not ack, move: true}
      - {at: 30m, page: MGMT, if: not resolved, say: status}
    end: {page: MGMT, every: 2h}
  - id: hands
    trigger: manual
    when: 'tier != "L2"'
    clock: raised
    steps:
      - {at: 0m, page: next, until: ack, keep: raiser}
    guard: {cooldown: 10m, blame: never}
    end: none
  - id: again
    trigger: recur
    count: {of: 'category == "theft"', same: account, within: 30d, at_least: 3}
    when: 'category == "theft"'
    clock: raised
    steps:
      - {at: 0m, page: MGMT}
    guard: {once_per: 7d}
    end: none
says:
  status: {to: "person:bruno", via: email, title: "{title}: {status}"}
"""

SCENARIO = """\
scenario: 1
title: The shop is down
at: 2026-08-05T09:00 Europe/Paris
incident: {priority: 1, group: Service Desk}
"""


@pytest.fixture
def policy_text():
    return POLICY


@pytest.fixture
def book():
    return read_book(POLICY, "escalation.yaml")


@pytest.fixture
def read(book):
    """Read a scenario; `more` follows what every one begins with."""

    def scenario(more="", base=SCENARIO):
        return drafted(base + textwrap.dedent(more), "shop.yaml").of(book)

    return scenario


@pytest.fixture
def rehearse(book, read):
    """Play a scenario."""

    def rehearsal(more="", base=SCENARIO):
        return rehearse_scenario(book, read(more, base), "escalation.yaml")

    return rehearsal


@pytest.fixture
def folder(tmp_path):
    """A folder with the policy and a scenario."""
    (tmp_path / "escalation.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "shop.yaml").write_text(SCENARIO, encoding="utf-8")
    return Path(tmp_path)
