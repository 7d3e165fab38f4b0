"""Which simulated platforms there are."""

from importlib import import_module
from typing import Any, Final

from syncline.sandbox.platform import SimulatedPlatform

_KINDS: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "servicenow": ("syncline.sandbox.servicenow", "ServiceNow", {}),
    "jira-cloud": ("syncline.sandbox.jira", "Jira", {"flavour": "cloud"}),
    "jira-dc": ("syncline.sandbox.jira", "Jira", {"flavour": "dc"}),
    "pagerduty": ("syncline.sandbox.pagerduty", "PagerDuty", {}),
    "helix": ("syncline.sandbox.helix", "Helix", {}),
    "cherwell": ("syncline.sandbox.cherwell", "Cherwell", {}),
}

KINDS: Final = tuple(_KINDS)
"""What `build` takes."""


def build(name: str, kind: str, **knobs: Any) -> SimulatedPlatform:
    """A new simulated instance, empty but for its people. `knobs` go to its class.

    Raises:
        ValueError: there is no such kind.
    """
    if kind not in _KINDS:
        raise ValueError(f"instance {name}: there is no simulated {kind!r}; there are {', '.join(KINDS)}")
    module, class_name, fixed = _KINDS[kind]
    # Imported when asked for: a sandbox with one platform needs not the others.
    platform: SimulatedPlatform = getattr(import_module(module), class_name)(**{**fixed, **knobs})
    return platform


def parse_instances(text: str) -> dict[str, str]:
    """`snow=servicenow,jira=jira-cloud` as names to kinds, in that order.

    Raises:
        ValueError: it does not read so, or a name comes twice.
    """
    instances: dict[str, str] = {}
    for part in text.split(","):
        name, equals, kind = part.strip().partition("=")
        if not name or not equals or not kind:
            raise ValueError(f"{part.strip()!r} is not NAME=KIND; kinds are {', '.join(KINDS)}")
        if name in instances:
            raise ValueError(f"instance {name} is named twice")
        instances[name] = kind
    return instances
