"""Syncline's connector for Jira Cloud and Jira Data Center."""

from typing import Final

from syncline.connector import Capabilities, Connector, HistoryKind, Plugin
from syncline.errors import Configuration
from syncline.http.client import Http
from syncline.http.settings import InstanceSettings
from syncline.model import Visibility
from syncline_jira.connector import JiraConnector
from syncline_jira.dialect import dialect
from syncline_jira.settings import JiraSettings
from syncline_jira.writing import WORKFLOW

capabilities: Final = Capabilities(
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
)


def connect(settings: InstanceSettings, http: Http, fields: frozenset[str]) -> Connector:
    """The connector of one instance.

    Raises:
        Configuration: the settings are those of another platform.
    """
    if not isinstance(settings, JiraSettings):
        raise Configuration(f"{settings.name}: these are not the settings of a Jira instance")
    return JiraConnector(settings, http, fields)


plugin: Final = Plugin(
    platform="jira",
    title="Jira",
    capabilities=capabilities,
    settings=JiraSettings,
    dialect=dialect,
    connect=connect,
)

__all__ = ["capabilities", "connect", "plugin"]
