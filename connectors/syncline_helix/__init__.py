"""BMC Helix ITSM for Syncline: incidents through the AR System REST API."""

from syncline.connector import Capabilities, HistoryKind, Plugin
from syncline.model import Visibility
from syncline_helix.connector import Helix
from syncline_helix.dialect import own_dialect
from syncline_helix.settings import HelixSettings
from syncline_helix.writing import FIXED

__all__ = ["Helix", "HelixSettings", "plugin"]

plugin = Plugin(
    platform="helix",
    title="BMC Helix ITSM",
    capabilities=Capabilities(
        # The revision is the second of the last change: the server keeps no count.
        counted_revisions=False,
        workflow=None,
        create_key=False,
        # Qualifications are asked of the database itself; that no replica stands between is not documented.
        search_lag=30.0,
        # BMC, "Examples of using the REST API": X-AR-Timeout ends a request on the server, by default after 120 seconds.
        settles_within=120.0,
        visibilities=frozenset({Visibility.PUBLIC, Visibility.INTERNAL}),
        attachments=True,
        max_attachment=10_000_000,
        history=HistoryKind.INLINE,
        history_gaps="fields that are not marked for the audit, the value that there was before, and all of it where"
        " the audit is off or the account may not read it, but for the last visit of each status; work log entries are no part of it",
        text_limits={"Description": 254, "Detailed Decription": 32_000, "Resolution": 32_000},
        read_many=40,
        never_empty=frozenset({"Assigned Group ID"}),
        fixed_in={"Closed": FIXED},
        # Routing rules and round robin assign by themselves.
        assigns=frozenset({"Assignee Login ID", "Assigned Group ID"}),
    ),
    settings=HelixSettings,
    dialect=own_dialect(),
    connect=Helix,
    contract="1.1",
)
