"""A file that the linter has nothing to say about, and what is found when one thing in it is changed."""

from datetime import date

import pytest

from syncline.escalation.lint import check

TODAY = date(2026, 11, 23)

CLEAN = """\
escalation: 1
tz: Europe/Paris
people:
  ann: {reach: {sms: "+331", email: ann@example.com}}
  bob: {reach: {sms: "+332", email: bob@example.com}}
  cleo: {reach: {sms: "+333", email: cleo@example.com}}
  dan: {reach: {sms: "+334", email: dan@example.com}}
  eve: {reach: {sms: "+335", email: eve@example.com}}
  fay: {reach: {sms: "+336", email: fay@example.com}}
schedules:
  desk:
    layers:
      - {rotate: [ann, bob], every: 1w, handoff: mon 09:00, from: 2026-01-05}
  experts:
    layers:
      - {rotate: [cleo, dan], every: 1w, handoff: mon 09:00, from: 2026-01-05}
  heads:
    layers:
      - {rotate: [eve, fay], every: 1w, handoff: mon 09:00, from: 2026-01-05}
tiers:
  L1: {who: desk, next: L2, to: {servicenow: Desk, jira: desk}}
  L2: {who: experts, to: {servicenow: Experts, jira: experts}}
  MGMT: {who: heads, hierarchical: true}
slas:
  restore: {target: 4h, pause: status == "on_hold", max_pause: 2h}
policies:
  - id: all
    clock: restore
    steps:
      - {at: 0m, page: L1, until: ack, again: {every: 5m, times: 2}}
      - {at: 15m, page: L2, if: not ack, move: true}
      - {at: 75%, page: MGMT, if: not resolved, say: risk}
    ack: {holds: 30m}
    end: {page: MGMT, every: 30m}
says:
  risk: {to: [MGMT], via: [email], title: "{title} is in danger"}
"""


class Linted:
    """The clean file, changed."""

    clean = CLEAN
    today = TODAY

    @staticmethod
    def text(*changes):
        """The clean file with every first text of a pair replaced by the second."""
        text = CLEAN
        for before, after in changes:
            assert before in text, before
            text = text.replace(before, after)
        return text

    @staticmethod
    def check(text, today=TODAY, **options):
        return check(text, file="escalation.yaml", today=today, **options)

    def codes(self, text, **options):
        return [finding.code for finding in self.check(text, **options)]

    def only(self, text, code, **options):
        """The one finding there is, which must have that code."""
        found = self.check(text, **options)
        assert [one.code for one in found] == [code], found
        return found[0]


@pytest.fixture(scope="session")
def linted():
    return Linted()
