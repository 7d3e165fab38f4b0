"""Jira for Syncline: issues of Cloud and Data Center, over jira."""

from syncline.connector import Capabilities, HistoryKind, Plugin
from syncline.model import Visibility
from syncline_jira.connector import Jira
from syncline_jira.dialect import own_dialect
from syncline_jira.settings import JiraSettings
from syncline_jira.values import WORKFLOW

__all__ = ["Jira", "JiraSettings", "plugin"]

plugin = Plugin(
    platform="jira",
    title="Jira",
    capabilities=Capabilities(
        counted_revisions=False,  # the revision is the time of the last change, in milliseconds
        workflow=WORKFLOW,
        create_key=False,
        # Cloud's index lags by "a few seconds to minutes"; so much is waited before absence is believed.
        search_lag=60.0,
        settles_within=60.0,
        visibilities=frozenset({Visibility.PUBLIC, Visibility.INTERNAL}),
        attachments=True,
        max_attachment=10_000_000,
        history=HistoryKind.INLINE,
        history_gaps=(
            "Rich text stands in the history of Jira Cloud as wiki text: an older value of a description may differ from"
            " what was shown in its markup. Of fields with several options only the latest value is known."
        ),
        text_limits={"summary": 255, "description": 32_767, "environment": 32_767, "comment": 32_767},
        read_many=50,
    ),
    settings=JiraSettings,
    dialect=own_dialect(),
    connect=Jira,
    contract="1.1",
)
