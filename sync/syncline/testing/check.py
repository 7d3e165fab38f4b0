"""What a check is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from inspect import cleandoc
from typing import TYPE_CHECKING, Final

from syncline.connector import Plugin

if TYPE_CHECKING:
    from syncline.testing.trial import Trial


class Tier(IntEnum):
    """The quality scale. A connector has the highest tier of which, and of those below it, every check holds."""

    BRONZE = 1  # nothing is lost, and nothing is made twice
    SILVER = 2  # it survives what platforms and networks do, and tells an operator what happened
    GOLD = 3  # nothing is overwritten unseen, every text arrives whole, and nothing is asked for in vain


class Broken(AssertionError):
    """A check does not hold; the message says what was seen."""


class NotPutToTheTestError(Exception):
    """A check could not be made on this stand; the message says why."""


class ExemptError(Exception):
    """A check does not apply to the platform; the message says why."""


Needs = Callable[[Plugin], str]
"""Why a check does not apply to a plugin, empty where it does."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the core relies on.

    Attributes:
        name: `poll-brings-ties`.
        area: What it is about: the module that it stands in.
        tier: Of the quality scale.
        reason: What goes wrong for an operator where it does not hold.
        hint: What to do about it.
        run: Raises `Broken`.
        needs: Why it does not apply.
    """

    name: str
    area: str
    tier: Tier
    reason: str
    hint: str
    run: Callable[["Trial"], None]
    needs: Needs


REGISTER: Final[dict[str, Check]] = {}
"""All checks by name, in the order of their modules."""


def always(_plugin: Plugin) -> str:
    """It applies to every plugin."""
    return ""


def check(
    tier: Tier, hint: str, needs: Needs = always
) -> Callable[[Callable[["Trial"], None]], Callable[["Trial"], None]]:
    """Make a function a check: its name is the name, its docstring the reason."""

    def register(run: Callable[["Trial"], None]) -> Callable[["Trial"], None]:
        name = run.__name__.replace("_", "-")
        if not run.__doc__:
            raise TypeError(f"the check {name} has no reason")
        if name in REGISTER:
            raise TypeError(f"there are two checks called {name}")
        area = run.__module__.rpartition(".")[2]
        REGISTER[name] = Check(name, area, tier, cleandoc(run.__doc__), hint, run, needs)
        return run

    return register
