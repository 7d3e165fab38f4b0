"""Whatever a server sends, nothing but an error of ours comes out."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from syncline.connector import Create, PartyKind, Update
from syncline.errors import SynclineError
from syncline_helix.client import Client

NUMBER = "INC000000000430"
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.just(NUMBER),
    st.just("INC\n1"),
    st.just("2026-11-23T09:00:00.000+0000"),
    st.just("9999-12-31T23:59:59.000-1200"),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(
        st.sampled_from(["name", "sizeBytes", "New", "max_length"]), st.integers() | st.none(), max_size=2
    ),
)
NAMES = (
    "Incident Number",
    "Request ID",
    "Entry ID",
    "Last Modified Date",
    "Submit Date",
    "Submitter",
    "Status-History",
    "Status",
    "Vendor Ticket Number",
    "Work Log ID",
    "Detailed Description",
    "z2AF Work Log01",
    "Remedy Login ID",
    "Full Name",
    "Support Group ID",
    "Support Group Name",
    "Original Request ID",
    "Fields Changed",
    "Log",
    "User",
    "Create Date",
    "name",
    "limit",
    "audit",
)
ROWS = st.lists(st.dictionaries(st.sampled_from(NAMES), JUNK, max_size=len(NAMES)), max_size=3)

CALLS: dict[str, Any] = {
    "read": lambda helix: helix.read(NUMBER),
    "read_many": lambda helix: helix.read_many([NUMBER]),
    "find": lambda helix: helix.find("SL-7K2M9QXA"),
    "lookup": lambda helix: helix.lookup(NUMBER),
    "remarks": lambda helix: helix.remarks(NUMBER),
    "attachments": lambda helix: helix.attachments(NUMBER),
    "history": lambda helix: helix.history(NUMBER, AT),
    "parties": lambda helix: helix.parties(PartyKind.PERSON, [NUMBER]),
    "find_party": lambda helix: helix.find_party(PartyKind.GROUP, NUMBER),
    "schema": lambda helix: helix.schema(),
    "check": lambda helix: list(helix.check()),
    "poll": lambda helix: helix.poll(helix._feeds.start(AT), 10),
    "start": lambda helix: helix.start(AT),
    "create": lambda helix: helix.write(
        Create("SL-7K2M9QXA", {"Description": "x", "Assigned Group ID": NUMBER})
    ),
    "update": lambda helix: helix.write(
        Update(NUMBER, {"Assignee Login ID": NUMBER, "Status": "In Progress"})
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_nothing_else_comes_out(connect, monkeypatch, name):
    given_rows: list[list[dict[str, Any]]] = [[]]
    monkeypatch.setattr(Client, "entries", lambda *_, **__: given_rows[0])
    monkeypatch.setattr(Client, "fields", lambda *_, **__: given_rows[0])
    monkeypatch.setattr(Client, "create", lambda *_, **__: (given_rows[0] or [{}])[0])
    monkeypatch.setattr(Client, "update", lambda *_, **__: None)

    @limits(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ROWS)
    def hold(rows):
        given_rows[0] = rows
        helix = connect(audit_form="HPD:HelpDesk_AuditLogSystem", stand_in="desk")
        with suppress(SynclineError):
            CALLS[name](helix)

    hold()
