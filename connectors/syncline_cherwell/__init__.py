"""Cherwell Service Management (CSM) for Syncline: incidents through its REST API."""

from syncline.connector import Capabilities, HistoryKind, Plugin
from syncline.model import Visibility
from syncline_cherwell.connector import Cherwell
from syncline_cherwell.dialect import own_dialect
from syncline_cherwell.records import ASSIGNEE, GROUP
from syncline_cherwell.settings import CherwellSettings
from syncline_cherwell.writing import FIXED, STATUS

__all__ = ["Cherwell", "CherwellSettings", "plugin"]

plugin = Plugin(
    platform="cherwell",
    title="Cherwell",
    capabilities=Capabilities(
        # The revision is the second of the last change: the server shows no count.
        counted_revisions=False,
        # The status is a field, and the lifecycle of the business object says from where to where it may be changed.
        workflow=STATUS,
        create_key=False,
        # Searches are asked of the database itself; that no replica stands between is not documented.
        search_lag=30.0,
        # How long the server goes on with a request that nobody waits for is not documented.
        settles_within=120.0,
        visibilities=frozenset({Visibility.PUBLIC, Visibility.INTERNAL}),
        # Cherwell has files; this connector leaves them where they are, since its support ends with 2026.
        attachments=False,
        max_attachment=0,
        history=HistoryKind.READ,
        history_gaps="fields that the business object does not track, what a ticket was created with, values that are longer than 255"
        " characters, and all of it where nothing is tracked",
        # Of an owner the history has the name, which several people may have.
        unlogged=frozenset(
            {"Description", "CloseDescription", "PendingReason", "Impact", "Urgency", ASSIGNEE}
        ),
        text_limits={"ShortDescription": 255},
        read_many=40,
        # Of the stock incident; what else a blueprint demands is refused when it is emptied, and parked.
        never_empty=frozenset({"Description", "Priority"}),
        fixed_in={"Closed": FIXED},
        # One-Steps and queues assign by themselves.
        assigns=frozenset({ASSIGNEE, GROUP}),
    ),
    settings=CherwellSettings,
    dialect=own_dialect(),
    connect=Cherwell,
    contract="1.1",
)
