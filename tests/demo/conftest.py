"""A script of edits and tickets that agree with it, to be bent by each test; and small event logs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncline.demo.equivalence import JIRA, PD, SNOW, Directory, Remark, Ticket
from syncline.demo.oracle import Oracle
from syncline.demo.script import CREATE, Script
from syncline.ports import ThreadRuntime

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PEOPLE = frozenset({"amina.diallo@example.com", "bruno.keller@example.com"})


class Stand:
    """One incident on three platforms, and who did what to it."""

    def __init__(self) -> None:
        self.script = Script(ThreadRuntime())
        self.tickets = {
            SNOW: Ticket(
                SNOW, "s1", "INC1", "Mail is down #c01", "Nobody can send.", "1", "3", "", "", (), (), (), ""
            ),
            JIRA: Ticket(
                JIRA,
                "j1",
                "OPS-1",
                "Mail is down #c01",
                "Nobody can send.",
                "To Do",
                "Medium",
                marker="syncline-sl-1",
            ),
            PD: Ticket(
                PD,
                "p1",
                "1",
                "Mail is down #c01",
                "",
                "triggered",
                "P3",
                group="Service Desk",
                marker="syncline-sl-1",
            ),
        }
        self.extra: list[Ticket] = []
        self.on_record = []
        self.asked: list[str] = []
        self.writes: list[tuple[str, str, datetime]] = []
        self.directory = Directory(
            {SNOW: PEOPLE | {"only@snow.example.com"}, JIRA: PEOPLE, PD: PEOPLE},
            {
                SNOW: frozenset({"Network", "Service Desk", "Group 7"}),
                JIRA: frozenset(),
                PD: frozenset({"Network", "Service Desk"}),
            },
        )
        self.edit(SNOW, CREATE, "Mail is down #c01")

    def edit(self, side, what, value, before="", *, at=None, looked=None, who="amina", case="c01"):
        seconds = len(self.script.edits) * 10 if at is None else at
        moment = NOON + timedelta(seconds=seconds)
        looked_at = moment - timedelta(seconds=0.01) if looked is None else NOON + timedelta(seconds=looked)
        return self.script.add(case, side, who, what, value, before, looked_at, moment, self.tickets[side].id)

    def now(self, side, **values) -> None:
        self.tickets[side] = replace(self.tickets[side], **values)

    def all_say(self, **by_side) -> None:
        for side, values in by_side.items():
            self.now(side, **values)

    def remark(self, side, text, *, public=False) -> None:
        ticket = self.tickets[side]
        self.now(side, remarks=(*ticket.remarks, Remark(text, public, "somebody")))

    def judge(self):
        world = {
            side: [t for t in (*self.tickets.values(), *self.extra) if t.side == side]
            for side in (SNOW, JIRA, PD)
        }

        def records(key):
            self.asked.append(key)
            return self.on_record

        def wrote(side, record, start, end):
            return any(s == side and r == record and start <= at <= end for s, r, at in self.writes)

        return Oracle(self.script, self.directory, wrote).judge(world, records)


@pytest.fixture
def stand() -> Stand:
    return Stand()


HEAD = (
    "number,incident_state,active,reassignment_count,reopen_count,sys_mod_count,made_sla,caller_id,opened_at,"
    "sys_updated_at,category,subcategory,u_symptom,impact,urgency,priority,assignment_group,assigned_to,"
    "u_priority_confirmation,caused_by,closed_code,resolved_at,closed_at"
)


def row(number="INC0000001", state="New", count=0, at="29/2/2016 01:16", **values) -> str:
    """One row of a log; every row carries the final values of the closing columns, as the published log does."""
    cells = {
        "number": number,
        "incident_state": state,
        "active": "true",
        "reassignment_count": "0",
        "reopen_count": "0",
        "sys_mod_count": str(count),
        "made_sla": "true",
        "caller_id": "Caller 1",
        "opened_at": "29/2/2016 01:16",
        "sys_updated_at": at,
        "category": "Category 55",
        "subcategory": "Subcategory 170",
        "u_symptom": "?",
        "impact": "2 - Medium",
        "urgency": "2 - Medium",
        "priority": "3 - Moderate",
        "assignment_group": "Group 56",
        "assigned_to": "?",
        "u_priority_confirmation": "false",
        "caused_by": "?",
        "closed_code": "code 5",
        "resolved_at": "29/2/2016 11:29",
        "closed_at": "5/3/2016 12:00",
        **values,
    }
    return ",".join(cells[name] for name in HEAD.split(","))


@pytest.fixture
def log_row():
    """Makes one row of a log."""
    return row


@pytest.fixture
def log(tmp_path):
    """Writes a log of those rows; its path."""

    def write(*rows, head=HEAD, encoding="utf-8", name="log.csv"):
        path = tmp_path / name
        path.write_bytes("\n".join([head, *rows, ""]).encode(encoding))
        return path

    return write
