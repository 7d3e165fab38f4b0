"""Why a check does not apply to a plugin: what its capabilities say."""

from syncline.connector import HistoryKind, Plugin
from syncline.model import Visibility


def files(plugin: Plugin) -> str:
    """It takes files."""
    return "" if plugin.capabilities.attachments else "the platform takes no files (attachments)"


def no_files(plugin: Plugin) -> str:
    """It takes none."""
    return "the platform takes files (attachments)" if plugin.capabilities.attachments else ""


def history(plugin: Plugin) -> str:
    """It keeps a change history."""
    none = plugin.capabilities.history is HistoryKind.NONE
    return "the platform keeps no change history (history)" if none else ""


def no_history(plugin: Plugin) -> str:
    """It keeps none."""
    none = plugin.capabilities.history is HistoryKind.NONE
    return "" if none else "the platform keeps a change history (history)"


def workflow(plugin: Plugin) -> str:
    """Transitions change its status."""
    return "" if plugin.capabilities.workflow else "a status is simply set (workflow)"


def no_workflow(plugin: Plugin) -> str:
    """A status is simply set."""
    return "transitions change the status (workflow)" if plugin.capabilities.workflow else ""


def pages(plugin: Plugin) -> str:
    """It calls people."""
    return "" if plugin.capabilities.pages else "the platform calls nobody (pages)"


def no_pages(plugin: Plugin) -> str:
    """It calls nobody."""
    return "the platform calls people (pages)" if plugin.capabilities.pages else ""


def remarks(plugin: Plugin) -> str:
    """It has remarks."""
    return "" if plugin.capabilities.visibilities else "the platform has no remarks (visibilities)"


def lacks_a_visibility(plugin: Plugin) -> str:
    """There is a kind of remark that it lacks."""
    whole = plugin.capabilities.visibilities == frozenset(Visibility)
    return "the platform has both kinds of remark (visibilities)" if whole else ""
