"""ServiceNow for Syncline: incidents through the Table API, over pysnow."""

from syncline.connector import Capabilities, HistoryKind, Plugin
from syncline.model import Visibility
from syncline_servicenow.connector import ServiceNow
from syncline_servicenow.dialect import own_dialect
from syncline_servicenow.settings import ServiceNowSettings

__all__ = ["ServiceNow", "ServiceNowSettings", "plugin"]

plugin = Plugin(
    platform="servicenow",
    title="ServiceNow",
    capabilities=Capabilities(
        counted_revisions=True,
        workflow=None,
        create_key=False,
        search_lag=0.0,
        settles_within=60.0,
        visibilities=frozenset({Visibility.PUBLIC, Visibility.INTERNAL}),
        attachments=True,
        max_attachment=1024 * 1024 * 1024,
        history=HistoryKind.READ,
        history_gaps="all of it where auditing of the table is off or the account may not read sys_audit; fields with no_audit"
        " and scripts with autoSysFields(false) leave no line; comments and work notes are no part of it",
        text_limits={"short_description": 160, "description": 4000, "close_notes": 4000},
        read_many=50,
    ),
    settings=ServiceNowSettings,
    dialect=own_dialect(),
    connect=ServiceNow,
    contract="1.1",
)
