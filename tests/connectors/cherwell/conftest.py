"""A connector on trial against the simulated Cherwell, and a person at its service desk."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from syncline.sandbox.cherwell import Cherwell
from syncline.sandbox.instance import Instance
from syncline.testing.simulated import MovedRuntime
from syncline.testing.stands.cherwell import CherwellStand
from syncline.testing.trial import Trial
from syncline_cherwell import plugin


class Desk(CherwellStand):
    """The stand on an instance that is set up in some way."""

    def __init__(self, **knobs: Any) -> None:
        super().__init__()
        self.platform = Cherwell(most_sessions=100, **knobs)
        self.instance = Instance("stand", self.platform, clock=self.clock, runtime=MovedRuntime(self.clock))

    @property
    def settings(self) -> Mapping[str, object]:
        return {**super().settings, "time_zone": "UTC"}


@pytest.fixture
def trial_of() -> Callable[..., Trial]:
    def make(settings: dict[str, Any] | None = None, **knobs: Any) -> Trial:
        return Trial(plugin, Desk(**knobs), **(settings or {}))

    return make


@pytest.fixture
def trial(trial_of: Callable[..., Trial]) -> Trial:
    return trial_of()
