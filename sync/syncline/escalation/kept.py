"""What is worked out of frozen things once, and kept for those that were asked for last."""

from collections.abc import Callable, Hashable
from typing import Concatenate, Generic, ParamSpec, TypeVar

Thing = TypeVar("Thing")
More = ParamSpec("More")
Made = TypeVar("Made")


class ByIdentity(Generic[Thing, More, Made]):
    """Keeps what was made of a thing, by the thing's identity: it is frozen, and to hash it takes longer than the question.

    What is kept holds the thing, so that no other one can have its identity.

    Args:
        make: Makes it of the thing, and of what else is asked with, which is hashable.
        most: So many are kept; then all are forgotten.
    """

    def __init__(self, make: Callable[Concatenate[Thing, More], Made], most: int) -> None:
        self._make = make
        self._most = most
        self._kept: dict[tuple[Hashable, ...], tuple[Thing, Made]] = {}

    def __call__(self, thing: Thing, /, *args: More.args, **kwargs: More.kwargs) -> Made:
        """What was made of that thing."""
        key = (id(thing), *args, *kwargs.items())
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= self._most:
                self._kept.clear()
            found = self._kept[key] = (thing, self._make(thing, *args, **kwargs))
        return found[1]
