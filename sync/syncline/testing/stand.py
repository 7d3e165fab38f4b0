"""What the kit needs of a plugin's author: a platform to try the connector against, and people who work on it."""

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from requests.adapters import BaseAdapter

from syncline.connector import Native
from syncline.model import Visibility
from syncline.ports import Clock


class Stand(Protocol):
    """A platform that starts without tickets, and a person on it, who is not our account.

    The person works by the platform's own means and never through the connector: else a mistake would be made on both
    sides, and nobody would see it. Each check gets a stand of its own.

    Attributes:
        settings: What stands for the instance in `syncline.yaml`, without `name` and `platform`; secrets as `SecretStr`.
        clock: The platform's clock: `now()` (aware, UTC) and `monotonic()` (seconds that only grow).
    """

    @property
    def settings(self) -> Mapping[str, object]:
        """See the class."""
        ...

    @property
    def clock(self) -> Clock:
        """See the class."""
        ...

    def wire(self) -> BaseAdapter:
        """What carries a request to the platform."""
        ...

    def wait(self, seconds: float) -> None:
        """Let that much time pass on the platform."""
        ...

    def open(self, values: Mapping[str, Native]) -> str:
        """The person opens a ticket with those native values; its id."""
        ...

    def edit(self, record_id: str, values: Mapping[str, Native]) -> None:
        """The person gives a ticket those native values; a status by whatever way leads there."""
        ...

    def say(self, record_id: str, text: str, visibility: Visibility) -> bool:
        """The person writes a remark; False where this platform, as it is set up, has no such kind."""
        ...

    def attach(self, record_id: str, name: str, content: bytes) -> None:
        """The person hangs a file on a ticket. Asked only where the plugin states `attachments`."""
        ...

    def delete(self, record_id: str) -> bool:
        """Delete a ticket for good, as an admin does; False where the platform has no way."""
        ...

    def close(self) -> None:
        """Nobody needs it any more."""
        ...


@runtime_checkable
class Assigns(Protocol):
    """A stand whose platform assigns tickets to people.

    Attributes:
        assignable: E-mail address of a person whom a ticket may be assigned to.
    """

    @property
    def assignable(self) -> str:
        """See the class."""
        ...


@runtime_checkable
class Lags(Protocol):
    """A stand whose searches can be made to lag behind."""

    def lag(self, seconds: float) -> None:
        """From now on searches show what is that old."""
        ...


@runtime_checkable
class Copies(Protocol):
    """A stand whose platform lets people copy tickets."""

    def copy(self, record_id: str) -> str:
        """The person copies a ticket with all its fields, as the platform's own command does; the copy's id."""
        ...


@runtime_checkable
class SendsHooks(Protocol):
    """A stand whose platform sends webhooks."""

    def delivery(self, record_id: str) -> tuple[Mapping[str, str], bytes]:
        """Headers (names in lower case) and body of what it sends when that ticket has changed."""
        ...


@runtime_checkable
class Responds(Protocol):
    """A stand whose platform calls people.

    Attributes:
        callable_person: E-mail address of a person whom it can call.
    """

    @property
    def callable_person(self) -> str:
        """See the class."""
        ...

    def respond(self, record_id: str, person: str, *, joins: bool) -> None:
        """The person who was called accepts, or declines."""
        ...


StandFactory = Callable[[], Stand]
"""Makes a stand: a class without arguments, or a function."""
