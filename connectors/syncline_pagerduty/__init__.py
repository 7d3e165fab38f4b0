"""PagerDuty for Syncline: incidents of the REST API, over pdpyras."""

from syncline.connector import Capabilities, HistoryKind, Plugin
from syncline.model import Visibility
from syncline_pagerduty.connector import PagerDuty
from syncline_pagerduty.dialect import own_dialect
from syncline_pagerduty.records import MERGED
from syncline_pagerduty.settings import PagerDutySettings
from syncline_pagerduty.writing import FIXED_WHEN_ENDED, NEVER_EMPTY, RESOLVED

__all__ = ["PagerDuty", "PagerDutySettings", "plugin"]

plugin = Plugin(
    platform="pagerduty",
    title="PagerDuty",
    capabilities=Capabilities(
        counted_revisions=False,
        workflow=None,
        create_key=True,
        search_lag=5.0,
        settles_within=60.0,
        visibilities=frozenset({Visibility.INTERNAL}),
        attachments=False,
        max_attachment=0,
        history=HistoryKind.INLINE,
        history_gaps=(
            "PagerDuty logs changes of status, assignee and, on most accounts, priority. New titles and services leave no"
            " entry, and the entry of a new urgency does not say which."
        ),
        unlogged=frozenset({"title", "priority", "urgency", "service"}),
        text_limits={"title": 1024},
        read_many=20,
        creates_whole=True,
        never_empty=NEVER_EMPTY,
        fixed_in={RESOLVED: FIXED_WHEN_ENDED, MERGED: FIXED_WHEN_ENDED},
        resets={"escalation_policy": {"status": "triggered"}, "assignee": {"status": "triggered"}},
        assigns=frozenset({"assignee", "assignees"}),
        pages=True,
    ),
    settings=PagerDutySettings,
    dialect=own_dialect(),
    connect=PagerDuty,
    contract="1.1",
)
