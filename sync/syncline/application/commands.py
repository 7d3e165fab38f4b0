"""The application: what people and programs can ask of Syncline, and what they can tell it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final

from syncline import assembly, ledger, timekeeping
from syncline.application import adoption, linking, parking
from syncline.application.checking import checked
from syncline.application.escalations import Escalation, escalations, in_progress
from syncline.application.explain import Explanation, Unsynced, explained, named, unsynced_anywhere
from syncline.application.mappings import Mappings, NotFound
from syncline.application.once import Round, once
from syncline.application.policies import PolicyAdministration
from syncline.application.raising import Raised, escalate_by_hand
from syncline.application.rehearsal import Plan, planned
from syncline.application.report import StatusReport, report
from syncline.assembly import Ports
from syncline.configuration import Configuration
from syncline.connector import Finding, Plugin
from syncline.custody import Custody
from syncline.daemon import Daemon, OnlyDaemon
from syncline.http.redaction import Redactor
from syncline.intake.sightings import take_in
from syncline.lineage import Recognised
from syncline.mapping.validation import suggestion
from syncline.ports import Signal
from syncline.restoring import Found
from syncline.station import Endpoint, Station
from syncline.store import incidents, instances, runs, timeline
from syncline.store.database import Database, Tx
from syncline.store.migrate import upgrade
from syncline.store.timeline import Event, Parked

MOST_ENDED: Final = 200
"""Incidents whose escalations are shown, ended ones too."""


@dataclass(slots=True)
class Application:
    """Syncline, as its faces see it. Opens the database at the first need of it.

    Attributes:
        configuration: What `syncline.yaml` says.
        plugins: By platform.
        actor: Who asks; stands on the timeline.
        ports: What production and simulation differ in.
        redactor: Shared with the log.
    """

    configuration: Configuration
    plugins: Mapping[str, Plugin]
    actor: str
    ports: Ports = field(default_factory=Ports)
    redactor: Redactor = field(default_factory=Redactor)
    _database: Database | None = None
    _station: Station | None = None
    _custody: Custody | None = None

    @property
    def database(self) -> Database:
        """The database, brought to this version's tables."""
        if self._database is None:
            self._database = assembly.open_database(self.configuration, self.ports)
        return self._database

    @property
    def custody(self) -> Custody:
        """Tells whether the database may be worked with."""
        if self._custody is None:
            self._custody = Custody(self.database, self.configuration.file.parent, strict=False)
        return self._custody

    def _strictly(self) -> Custody:
        """The same, for what works with the database as a daemon does."""
        return Custody(self.database, self.configuration.file.parent)

    @property
    def station(self) -> Station:
        """A station of its own, beside the daemon's. What calls no platform needs no secret."""
        if self._station is None:
            self._station = assembly.station(
                self.configuration, self.plugins, self.database, self.ports, redactor=self.redactor
            )
        return self._station

    def close(self) -> None:
        """Give back the database, and the sessions that platforms count."""
        if self._station is not None:
            self._station.leave()
        if self._database is not None:
            self._database.close()

    def endpoint(self, name: str) -> Endpoint:
        """An instance at work.

        Raises:
            NotFound: none has that name.
        """
        found = self.station.endpoints.get(name)
        if found is None:
            raise NotFound(f'there is no instance "{name}"{suggestion(name, self.station.endpoints)}')
        return found

    def authenticate(self, names: Iterable[str]) -> None:
        """Look for the secrets of those instances, before the first call needs them.

        Raises:
            NotFound: there is no such instance.
            Configuration: with all that is missing.
        """
        self.station.authenticate([self.endpoint(name).name for name in names])

    # ---- the daemon and its work ----------------------------------------------------------------

    def run(
        self,
        stop: Signal,
        started: Callable[[Station], None] | None = None,
        *,
        polling: bool = True,
        sweeping: bool = True,
    ) -> bool:
        """Be the daemon until `stop` is up; whether every worker ended in time."""
        daemon = Daemon(self.configuration, self.plugins, self.ports, self.redactor, polling, sweeping)
        return daemon.run(stop, started)

    def sync_once(self, progress: Callable[[str], None]) -> Round:
        """Do all that is due now, once. Not while a daemon works on the same database.

        Raises:
            Configuration: one does; or the database may be a copy, or older than the platforms.
        """
        database = self._database or assembly.named_database(self.configuration, self.ports)
        right = OnlyDaemon(database)
        right.take()
        try:
            upgrade(database, self.ports.ids)
            self._database = database
            custody = self._strictly()
            custody.demand()
            station = self.station
            station.agree()
            station.authenticate()
            custody.beat()
            self.database.transact(lambda tx: timekeeping.resume(tx, station))
            self.database.transact(station.ledger.release_all)
            result = once(station, progress)
            custody.beat()
            return result
        finally:
            right.give_back()

    def backfill(
        self, name: str, since: datetime | None, progress: Callable[[int, int], None]
    ) -> tuple[int, int]:
        """Take up records that existed before: how many were, of how many that were looked at.

        Args:
            name: The instance.
            since: Changed since then (aware, UTC); None: from the beginning.
            progress: Told how many were looked at and taken up.
        """
        self.custody.demand()
        endpoint = self.endpoint(name)
        start = since or datetime.fromtimestamp(0, tz=self.ports.clock.now().tzinfo)
        cursor = endpoint.connector.start(start)
        looked = taken_up = 0
        more = True
        while more:
            page = endpoint.connector.poll(cursor, 200)
            if page.error is not None:
                raise page.error
            taken = self.database.transact(
                partial(
                    take_in, station=self.station, endpoint=endpoint, sightings=page.sightings, backfill=True
                )
            )
            looked += len(page.sightings)
            taken_up += sum(1 for a in taken.adopted if a.incident_id)
            progress(looked, taken_up)
            cursor, more = page.cursor, page.more
        self.database.transact(
            lambda tx: timeline.append(
                tx,
                None,
                Event(
                    "backfill",
                    f"{name}: {taken_up} of {looked} earlier tickets were taken up",
                    name,
                    self.actor,
                ),
            )
        )
        return looked, taken_up

    def recognised(self) -> Recognised | None:
        """Why the database may be a copy, or older than the platforms; None: it is the one."""
        return self._strictly().recognise()

    def adopt(self, progress: Callable[[str], None]) -> Found:
        """Go on with this database as the only one: look for what exists on the platforms before anything is created.

        Args:
            progress: Told in a few words what is being done.

        Raises:
            Configuration: a daemon works on it, or a secret is missing.
            RetryLater: a platform cannot be asked now; nothing is lost by that, run it again.
        """
        found = adoption.adopt(self.station, self._strictly(), self.recognised(), self.actor, progress)
        self._station = None  # it was at hand before
        return found

    # ---- looking --------------------------------------------------------------------------------

    def check(self, names: Sequence[str] = ()) -> Iterator[tuple[str, Finding]]:
        """Look whether each instance can be worked with."""
        return checked(self.station, [self.endpoint(n) for n in names] or self.station.endpoints.values())

    def check_channel(self, name: str) -> list[Finding]:
        """Look whether a channel can be used; sends nothing.

        Raises:
            NotFound: there is no such channel.
        """
        if name not in self.station.channels:
            raise NotFound(f'there is no channel "{name}"{suggestion(name, self.station.channels)}')
        return list(self.station.channels.check(name))

    def status(self) -> StatusReport:
        """How everything stands."""
        station, found = self.station, self.custody.recognise()
        return self.database.transact(lambda tx: report(tx, station, found))

    def explain(self, key: str) -> list[Explanation]:
        """What happened to the incident that `key` means: its id, or the key of one of its records."""
        return explained(self.station, key)

    def unsynced(self, key: str) -> tuple[list[Unsynced], list[str]]:
        """Why a record belongs to no incident, and which instances could not be asked."""
        return unsynced_anywhere(self.station, key)

    def plan(self, key: str, drafts: Mapping[str, str] | None = None) -> Plan:
        """What would be done to an incident or record now: the exact calls, none of them made.

        Args:
            key: An incident's id, or the key of a record, as `instance/key` where several could be meant.
            drafts: Instance to the text of a mapping to be used instead of the published one.

        Raises:
            NotFound: no instance has such a record.
        """
        return planned(self._with_drafts(drafts or {}), key)

    @property
    def mappings(self) -> Mappings:
        """What admins do with the mappings."""
        return Mappings(self.configuration, self.plugins, self.actor, lambda: self.station)

    @property
    def policies(self) -> PolicyAdministration:
        """What admins do with the escalation policy."""
        return PolicyAdministration(
            self.configuration.file.parent,
            self.ports.clock,
            self.configuration,
            self.actor,
            lambda: self.database,
            lambda: self.station,
        )

    def _with_drafts(self, drafts: Mapping[str, str]) -> Station:
        endpoints = dict(self.station.endpoints)
        for name, text in drafts.items():
            at_work = self.endpoint(name)
            mapping = assembly.compiled(text, f"draft of {name}", at_work.plugin)
            connector = at_work.plugin.connect(at_work.settings, at_work.http, mapping.native_fields)
            endpoints[name] = replace(
                at_work,
                mapping=mapping,
                connector=connector,
                directory=mapping.directory(at_work.directory.parties.values()),
                fitted=False,
            )
        return replace(self.station, endpoints=endpoints)

    # ---- links ----------------------------------------------------------------------------------

    def link(self, keys: Sequence[str]) -> str:
        """Have records that exist already kept in agreement as one incident; creates nothing. The incident's id.

        Args:
            keys: `instance/key` each; or an incident's id and then the records that join it.
        """
        self.custody.demand()
        return linking.link(self.station, keys, self.actor)

    def unlink(self, key: str, instance: str | None = None) -> str:
        """End the sync of an incident, or of one of its records; deletes nothing on any platform. The incident's id."""
        self.custody.demand()
        return linking.unlink(self.station, key, instance, self.actor)

    # ---- what waits for a person ----------------------------------------------------------------

    def parked(self) -> list[Parked]:
        """All that waits for a person, oldest first."""
        return self.database.transact(timeline.all_waiting)

    def parked_one(self, parked_id: int) -> Parked:
        """One thing that waits.

        Raises:
            NotFound: nothing of that number waits.
        """
        found = self.database.transact(lambda tx: timeline.parked_by_id(tx, parked_id))
        if found is None:
            raise NotFound(f"nothing with number {parked_id} waits; `syncline park list` shows what does")
        return found

    def park_retry(self, parked_id: int, take: str | None = None) -> str:
        """Try it again; of a conflict, take the latest edit, or that of the instance `take`. What was done."""
        self.custody.demand()
        station, parked = self.station, self.parked_one(parked_id)
        return self.database.transact(lambda tx: parking.retry(tx, station, parked, self.actor, take))

    def park_drop(self, parked_id: int) -> str:
        """Give it up: the incident stays as it is, and so do the platforms. What was done."""
        self.custody.demand()
        station, parked = self.station, self.parked_one(parked_id)
        return self.database.transact(lambda tx: parking.drop(tx, station, parked, self.actor))

    # ---- escalation -----------------------------------------------------------------------------

    def escalate(self, key: str, reason: str = "") -> Raised:
        """Raise a hand for the incident that `key` means: it is escalated at once, without approval.

        Raises:
            NotFound: no incident is called so.
            Configuration: several are, or its sync was ended.
        """
        self.custody.demand()
        station = self.station
        return self.database.transact(lambda tx: escalate_by_hand(tx, station, key, self.actor, reason))

    def runs(self, key: str | None = None, *, ended: bool = False) -> list[Escalation]:
        """The incidents that are being escalated, oldest first; or those that `key` means.

        Args:
            key: An incident's id, or the key of one of its records.
            ended: Those whose escalation is over, too; the latest first.

        Raises:
            NotFound: no incident is called so.
        """

        def wanted(tx: Tx) -> list[str]:
            if key is None:
                return runs.latest(tx, MOST_ENDED) if ended else in_progress(tx)
            ids = named(tx, key)
            if not ids:
                raise NotFound(f"no incident is called {key!r}, and none has a record of that key")
            return ids

        return escalations(self.station, self.database.transact(wanted))

    # ---- hints ----------------------------------------------------------------------------------

    def look(self, instance: str, key: str) -> str | None:
        """Read a record now and take in what is seen; the incident it belongs to, if any."""
        self.custody.demand()
        endpoint = self.endpoint(instance)
        record = endpoint.connector.lookup(key)
        if record is None:
            raise NotFound(f"{instance} has no record {key!r}")
        sighting = endpoint.connector.read(record.id)
        taken = self.database.transact(lambda tx: take_in(tx, self.station, endpoint, [sighting]))
        links = self.database.transact(lambda tx: incidents.links_to(tx, instance, [record.id]))
        link = links.get(record.id)
        if link is not None:
            self.database.transact(lambda tx: self.station.ledger.mark(tx, ledger.incident(link.incident_id)))
            return link.incident_id
        return next((a.incident_id for a in taken.adopted if a.incident_id), None)

    def progress(self, name: str) -> instances.Progress | None:
        """How far an instance's polls have come."""
        return self.database.transact(lambda tx: instances.progress(tx, name))
