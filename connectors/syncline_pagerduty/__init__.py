"""The PagerDuty connector."""

from syncline.connector import Plugin
from syncline_pagerduty.connector import CAPABILITIES, connect
from syncline_pagerduty.dialect import dialect
from syncline_pagerduty.settings import PagerDutySettings

plugin = Plugin(
    platform="pagerduty",
    title="PagerDuty",
    capabilities=CAPABILITIES,
    settings=PagerDutySettings,
    dialect=dialect,
    connect=connect,
)

__all__ = ["plugin"]
