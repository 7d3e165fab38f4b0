"""What every worker has at hand: the database, the ledger, and each instance's connector, mapping and directory."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from syncline.configuration import Configuration, Route
from syncline.connector import Capabilities, Connector, Pager, Party, PartyKind, Plugin
from syncline.errors import Configuration as Misconfigured
from syncline.errors import Gone, InvalidFile, Refused
from syncline.escalation import Policies
from syncline.fights import Breaker
from syncline.http.client import Http
from syncline.http.settings import InstanceSettings
from syncline.ledger import Ledger
from syncline.mapping import Mapping as FieldMapping
from syncline.mapping import Parties, contradictions
from syncline.merge import SIMULTANEOUS, Rules
from syncline.model import Incident
from syncline.ports import Clock, Ids, Runtime
from syncline.store import instances
from syncline.store.database import Database, Tx

if TYPE_CHECKING:
    from syncline.messages.channels import Channels

LEAP: Final = 5.0
"""Seconds by which a clock moves only if somebody sets it."""
ASK_AGAIN = timedelta(hours=1)
"""So long a platform is not asked again for somebody whom it did not know."""


@dataclass(slots=True)
class Endpoint:
    """One instance at work.

    `mapping`, `directory` and `connector` are replaced whole when a mapping is published or a person is met for the first
    time; nobody changes them in place.

    Attributes:
        name: `snow-prod`.
        plugin: Of its platform.
        settings: As configured.
        http: The one way to it.
        connector: Speaks its language.
        connected_at: When the connector was made, by the database's clock; what it remembers is not older.
        mapping: The published one.
        directory: Everybody we have met there.
        asked: People and groups that the platform was asked for, and when.
        fitted: Whether the mapping was fitted to the live platform.
        fit_again: Not before then is the platform asked for its schema once more, by its own clock; None: at once.
        refusing: Whether it took no write when last asked, until a person acts.
    """

    name: str
    plugin: Plugin
    settings: InstanceSettings
    http: Http
    connector: Connector
    connected_at: datetime
    mapping: FieldMapping
    directory: Parties
    asked: dict[tuple[PartyKind, str], datetime] = field(default_factory=dict)
    fitted: bool = False
    refusing: bool = False
    fit_again: datetime | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What its platform can do."""
        return self.plugin.capabilities

    @property
    def title(self) -> str:
        """What people call its platform."""
        return self.plugin.title

    @property
    def pager(self) -> Pager | None:
        """What tells whether somebody was reached, where its platform calls people by itself."""
        able = self.capabilities.pages and isinstance(self.connector, Pager)
        return cast("Pager", self.connector) if able else None

    def quarantine(self) -> timedelta:
        """After that long a write of which no verdict came back cannot take effect any more, and a search shows it
        if it did."""
        if self.settings.quarantine is not None:
            return timedelta(seconds=self.settings.quarantine)
        facts = self.capabilities
        return timedelta(seconds=self.settings.read_timeout + facts.settles_within + facts.search_lag)

    def aftermath(self) -> timedelta:
        """The quarantine of a request that has left already."""
        if self.settings.quarantine is not None:
            return timedelta(seconds=self.settings.quarantine)
        facts = self.capabilities
        return timedelta(seconds=facts.settles_within + facts.search_lag)

    def by_our_clock(self, at: datetime) -> datetime:
        """A time of the platform's by our own clock, so that times of several platforms can be compared. A difference
        that lies within what clocks can tell is none."""
        skew = timedelta(seconds=self.http.clock_skew() or 0.0)
        return at if abs(skew) <= SIMULTANEOUS else at - skew

    def fit(self) -> None:
        """Fit the mapping to the live platform, once: of several native values for one common value the first that the
        platform has is written. An account that may not look at the schema writes by the mapping as it stands.

        Raises:
            RetryLater: the platform could not be asked now.
        """
        now = self.http.platform_now()
        if self.fitted or (self.fit_again is not None and now < self.fit_again):
            return
        try:
            schema = self.connector.schema()
        except (Misconfigured, Refused, Gone):
            self.fit_again = now + ASK_AGAIN / 12
            return
        self.mapping = self.mapping.fitted(schema, self.capabilities.text_limits)
        self.fitted = True

    def reconnect(self, now: datetime) -> None:
        """A new connector, which remembers nothing of the platform. `now` is by the database's clock."""
        self.connector = self.plugin.connect(self.settings, self.http, self.mapping.native_fields)
        self.connected_at = now

    def worth_asking(self, kind: PartyKind, name: str, now: datetime) -> bool:
        """Whether the platform was not asked for that person or group for a while."""
        return now - self.asked.get((kind, name), datetime.min.replace(tzinfo=now.tzinfo)) > ASK_AGAIN

    def meet(self, tx: Tx, parties: Iterable[Party]) -> None:
        """Remember people and groups that we did not know, or knew otherwise."""
        known = self.directory.parties
        fresh = {(p.kind, p.id): p for p in parties if known.get((p.kind, p.id)) != p}
        if not fresh:
            return
        instances.remember_parties(tx, self.name, fresh.values())
        self.directory = self.directory.including(fresh.values())


@dataclass(slots=True)
class Station:
    """What every worker has at hand.

    Attributes:
        configuration: What `syncline.yaml` says.
        database: The store.
        ledger: Of work.
        endpoints: Instance to what it is worked with by.
        clock: What time it is.
        ids: New names for new things.
        runtime: What runs side by side.
        channels: Ways to reach people.
        policies: Of escalation; None: there are none.
        adopted_at: When the database was last adopted: what was due before may have been said by a state that is lost.
        adopting: Whether it is being adopted.
        ahead: Seconds by which the wall clock was ahead of the clock that nobody sets, when that was last looked at.
        timekeeping: Held by whoever moves what stands on a clock that was set.
    """

    configuration: Configuration
    database: Database
    ledger: Ledger
    endpoints: Mapping[str, Endpoint]
    clock: Clock
    ids: Ids
    runtime: Runtime
    channels: "Channels"
    policies: Policies | None = None
    adopted_at: datetime | None = None
    adopting: bool = False
    ahead: float = field(init=False)
    timekeeping: AbstractContextManager[Any] = field(init=False)

    def __post_init__(self) -> None:
        """Look at the clocks."""
        self.ahead = self._ahead()
        self.timekeeping = self.runtime.lock()

    def _ahead(self) -> float:
        """Seconds by which the wall clock is ahead of the clock that nobody sets."""
        return self.clock.now().timestamp() - self.clock.monotonic()

    def clock_set_by(self) -> float:
        """Seconds by which somebody set the wall clock since `ahead` was taken; 0 where nobody did."""
        moved = self._ahead() - self.ahead
        return moved if abs(moved) >= LEAP else 0.0

    def authenticate(self, names: Iterable[str] = ()) -> None:
        """Look for the secrets of those instances, or of all and of the channels, before the first call needs them.

        Raises:
            Configuration: with all that is missing.
        """
        faults: list[str] = []
        for name in names or self.endpoints:
            try:
                self.endpoints[name].http.authenticate()
            except Misconfigured as error:
                faults.append(str(error))
        if not names:
            try:
                self.channels.ready()
            except Misconfigured as error:
                faults.append(str(error))
        if faults:
            raise Misconfigured("\n".join(faults))

    def leave(self) -> None:
        """Nobody works here any more: give back what platforms count, such as sessions."""
        for endpoint in self.endpoints.values():
            endpoint.http.leave()

    @property
    def speaks(self) -> bool:
        """Whether there is any way to reach people."""
        return len(self.channels) > 0 or any(e.pager is not None for e in self.endpoints.values())

    def agree(self) -> None:
        """See that no two mappings say otherwise who wins a field.

        Raises:
            InvalidFile: with all that do, each with both places.
        """
        mappings = [endpoint.mapping for endpoint in self.endpoints.values()]
        problems = [
            problem
            for number, mapping in enumerate(mappings)
            for problem in contradictions(mapping, mappings[:number])
        ]
        if problems:
            raise InvalidFile(problems)

    def rules(self) -> Rules:
        """How conflicts are decided. What a mapping says about a field goes before the defaults."""
        conflicts = self.configuration.conflicts
        policy = {name: rule.conflict for name, rule in conflicts.fields.items()}
        owner = {name: rule.owner for name, rule in conflicts.fields.items() if rule.owner}
        for endpoint in self.endpoints.values():
            for name, field_rule in endpoint.mapping.rules.items():
                if field_rule.conflict is not None:
                    policy[name] = field_rule.conflict
                if field_rule.owner is not None:
                    owner[name] = field_rule.owner
        return Rules(
            policy,
            owner,
            conflicts.default.conflict,
            conflicts.default.owner,
            self.configuration.reopen.statuses,
        )

    def breaker(self) -> Breaker:
        """When a field is frozen."""
        freeze = self.configuration.freeze
        return Breaker(freeze.writes, freeze.within, freeze.returns)

    def routes(self, source: str, incident: Incident) -> list[Route]:
        """The routes that an incident that began on `source` goes."""
        return [route for route in self.configuration.routes if route.takes(source, incident)]

    def targets(self, source: str, incident: Incident) -> Sequence[str]:
        """The instances that it must exist on, beside its source, in the order of the routes."""
        names = (name for route in self.routes(source, incident) for name in route.targets)
        return [name for name in dict.fromkeys(names) if name != source and name in self.endpoints]

    def tied(self, instance: str) -> Sequence[str]:
        """The instances to or from which any route leads from or to that one, whatever its conditions."""
        found = {
            name
            for route in self.configuration.routes
            for ends in ((route.sources, route.targets), (route.targets, route.sources))
            if instance in ends[0]
            for name in ends[1]
        }
        return [name for name in self.endpoints if name in found and name != instance]
