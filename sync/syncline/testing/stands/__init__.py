"""Stands for the connectors that come with Syncline, and those that plugins bring."""

from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from syncline.testing.stand import StandFactory

GROUP: Final = "syncline.stands"
"""The entry point group; a name in it is a platform."""

_OURS: Final = {
    "servicenow": ("syncline.testing.stands.servicenow", "ServiceNowStand"),
    "jira": ("syncline.testing.stands.jira", "JiraCloudStand"),
    "pagerduty": ("syncline.testing.stands.pagerduty", "PagerDutyStand"),
    "helix": ("syncline.testing.stands.helix", "HelixStand"),
    "cherwell": ("syncline.testing.stands.cherwell", "CherwellStand"),
}


def stand_of(platform: str, points: Iterable[EntryPoint] | None = None) -> StandFactory | None:
    """What makes a stand of that platform; None where neither Syncline nor a plugin brings one.

    Args:
        platform: Its name.
        points: Entry points of `syncline.stands`; None: those that are installed.
    """
    if platform in _OURS:
        module, name = _OURS[platform]
        made: StandFactory = getattr(import_module(module), name)
        return made
    found = entry_points(group=GROUP) if points is None else points
    brought: StandFactory | None = next((one.load() for one in found if one.name == platform), None)
    return brought
