"""Finding connectors: whatever is installed behind the entry point group `syncline.connectors`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from syncline.connector import CONTRACT, Plugin
from syncline.errors import Configuration
from syncline.http.settings import InstanceSettings
from syncline.mapping.validation import suggestion

GROUP: Final = "syncline.connectors"
"""The entry point group."""

_VERSION: Final = re.compile(r"(\d{1,4})(?:\.(\d{1,4}))?", re.ASCII)
_NEWER: Final = f"; was it written for a newer connector contract than {CONTRACT}, which this Syncline has?"


@dataclass(frozen=True, slots=True)
class Broken:
    """A connector that is installed and cannot be used.

    Attributes:
        name: Of its entry point.
        package: The installed package that brings it, with its version.
        cause: A sentence.
    """

    name: str
    package: str
    cause: str


@dataclass(frozen=True, slots=True)
class Plugins:
    """The connectors that are installed.

    Attributes:
        found: Platform to its plugin.
        broken: Those that cannot be used; the others work all the same.
        packages: Platform to the installed package that brings it, with its version.
    """

    found: Mapping[str, Plugin]
    broken: tuple[Broken, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)

    def named(self, platform: str) -> Plugin:
        """The plugin of a platform.

        Raises:
            Configuration: there is none, or it is broken; says why.
        """
        if platform in self.found:
            return self.found[platform]
        cause = self.causes().get(platform)
        if cause is not None:
            raise Configuration(f'the connector for "{platform}" could not be loaded: {cause}')
        raise Configuration(
            f'there is no connector for "{platform}"{suggestion(platform, sorted(self.found))}'
        )

    def settings(self) -> dict[str, type[InstanceSettings]]:
        """Platform to settings class: what the configuration is held against."""
        return {platform: plugin.settings for platform, plugin in self.found.items()}

    def causes(self) -> dict[str, str]:
        """Why connectors cannot be used, by name."""
        return {broken.name: f"{broken.cause} (package {broken.package})" for broken in self.broken}


def discover(points: Iterable[EntryPoint] | None = None) -> Plugins:
    """The connectors behind those entry points; None: those that are installed."""
    loaded: dict[str, list[tuple[EntryPoint, Plugin]]] = {}
    broken: list[Broken] = []
    for point in sorted(
        entry_points(group=GROUP) if points is None else points, key=lambda p: (p.name, p.value)
    ):
        plugin, cause = _loaded(point)
        if plugin is None:
            broken.append(Broken(point.name, _package(point), cause))
        else:
            loaded.setdefault(plugin.platform, []).append((point, plugin))
    found: dict[str, Plugin] = {}
    packages: dict[str, str] = {}
    for platform, rivals in loaded.items():
        if len(rivals) == 1:
            packages[platform], found[platform] = _package(rivals[0][0]), rivals[0][1]
            continue
        # Which one would win depends on the order of installation; nobody would know which one writes.
        names = ", ".join(_package(point) for point, _ in rivals)
        broken.extend(
            Broken(platform, _package(point), f"several packages bring it: {names}; uninstall all but one")
            for point, _ in rivals
        )
    return Plugins(found, tuple(broken), packages)


def misfit(contract: object, ours: str = CONTRACT) -> str:
    """Why a plugin of that version of the contract cannot be used here; empty where it can."""
    written = _VERSION.fullmatch(str(contract))
    if written is None:
        return f"it says that it was written for contract {contract!r}, which is no version: write two numbers, as in {ours!r}"
    major, minor = int(written[1]), int(written[2] or 0)
    has_major, has_minor = (int(part) for part in ours.split("."))
    said = f"it was written for version {contract} of the connector contract, and this Syncline has version {ours}"
    if (major, minor) > (has_major, has_minor):
        return f"{said}: install a newer Syncline, or an earlier release of the plugin"
    if major < has_major:
        return f"{said}: install a newer release of the plugin; its authors find in docs/connectors.md what changed"
    return ""


def _loaded(point: EntryPoint) -> tuple[Plugin | None, str]:
    """The plugin, or why there is none."""
    try:
        plugin = point.load()
    except Exception as error:  # noqa: BLE001  a stranger's module may raise anything, and must not stop the others
        newer = _NEWER if _lacks_something(error) else ""
        return None, f"importing {point.value} failed: {type(error).__name__}: {error}{newer}"
    if not isinstance(plugin, Plugin):
        return None, f"{point.value} is a {type(plugin).__name__}, not a syncline.connector.Plugin"
    if cause := misfit(plugin.contract):
        return None, cause
    if plugin.platform != point.name:
        return (
            None,
            f'its entry point is called "{point.name}", and its platform "{plugin.platform}"; they must agree',
        )
    return plugin, ""


def _lacks_something(error: Exception) -> bool:
    """Whether a plugin asked the contract for what this version of it does not have."""
    if isinstance(error, ImportError):
        return (error.name or "").startswith("syncline.")
    return isinstance(error, TypeError) and "unexpected keyword argument" in str(error)


def _package(point: EntryPoint) -> str:
    if point.dist is None:
        return point.value
    return f"{point.dist.name} {point.dist.version}"
