"""Which platforms a world has: three stand in each, and others beside them in a part of the worlds.

Who stands beside them is drawn from a stream for each, so that a world without is the same world, whatever is added here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from syncline.demo.cherwell import CherwellSide
from syncline.demo.equivalence import CHERWELL, HELIX, JIRA, PD, SNOW
from syncline.demo.helix import HelixSide
from syncline.demo.jira import JiraSide
from syncline.demo.pagerduty import PagerDutySide
from syncline.demo.people import Side, Wire
from syncline.demo.servicenow import ServiceNowSide


@dataclass(frozen=True, slots=True)
class Place:
    """One platform.

    Attributes:
        kind: What the sandbox calls it.
        platform: What Syncline calls it.
        side: How people use it.
        share: Of the worlds, in which it stands.
        knobs: For the sandbox.
        settings: For Syncline, beside what all instances have; without the three that every world has.
    """

    kind: str
    platform: str
    side: Callable[[Wire], Side]
    share: float = 1.0
    knobs: Mapping[str, Any] = field(default_factory=dict)
    settings: tuple[str, ...] = ()


PLACES: Final[Mapping[str, Place]] = {
    SNOW: Place("servicenow", "servicenow", ServiceNowSide),
    JIRA: Place("jira-cloud", "jira", JiraSide),
    PD: Place("pagerduty", "pagerduty", PagerDutySide),
    HELIX: Place(
        "helix",
        "helix",
        HelixSide,
        0.5,
        # Who is killed gives no token back: after the third time nobody could sign in for an hour.
        {"most_sessions": 1_000},
        ("url: https://helix.example", "username: syncline", "stand_in: syncline"),
    ),
    CHERWELL: Place(
        "cherwell",
        "cherwell",
        CherwellSide,
        0.25,
        # As at Helix.
        {"most_sessions": 1_000},
        (
            "url: https://cherwell.example",
            "username: syncline",
            "client_id: sandbox-client",
            "stand_in: Syncline Integration",
        ),
    ),
}
BESIDE: Final = frozenset(name for name, place in PLACES.items() if place.share < 1.0)
"""Those that do not stand in every world."""


def standing(seed: str, beside: frozenset[str] | None) -> tuple[str, ...]:
    """The platforms of a world, in the order in which they stand above.

    Args:
        seed: Of the world.
        beside: Who stands beside the three, whatever the seed says; None: by the seed.
    """
    return tuple(
        name
        for name, place in PLACES.items()
        if name not in BESIDE
        or (Random(f"{seed}/places/{name}").random() < place.share if beside is None else name in beside)
    )


def settings(sides: tuple[str, ...], common: str) -> str:
    """What stands in the configuration of those that are beside the three."""
    return "".join(
        f"  {name}:\n    platform: {PLACES[name].platform}\n"
        + "".join(f"    {line}\n" for line in PLACES[name].settings)
        + f"    {common}\n"
        for name in sides
        if name in BESIDE
    )
