"""Puts a station together: configuration, plugins, database, and one endpoint for each instance. All wiring is here."""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from requests.adapters import BaseAdapter

from syncline import policies
from syncline.configuration import Configuration, Instance
from syncline.configuration.defaults import default_mapping
from syncline.connector import Plugin
from syncline.errors import Configuration as Misconfigured
from syncline.escalation import Policies
from syncline.escalation.targets import tier_groups
from syncline.http.client import Http
from syncline.http.redaction import Redactor
from syncline.ledger import Kind, Ledger
from syncline.mapping import Mapping as FieldMapping
from syncline.mapping import load_mapping
from syncline.mapping.document import read_document
from syncline.messages.channels import Channels
from syncline.ports import Clock, Ids, RandomIds, Runtime, Signal, SystemClock, ThreadRuntime
from syncline.station import Endpoint, Station
from syncline.store import instances, meta, published
from syncline.store.database import Database, Tx
from syncline.store.migrate import upgrade
from syncline.store.published import Version

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ports:
    """What production and simulation differ in.

    Attributes:
        clock: What time it is.
        ids: New names for new things.
        runtime: What runs side by side.
        rng: Jitter.
        wire: Makes the adapter beneath each session, by instance; None: the network.
    """

    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=RandomIds)
    runtime: Runtime = field(default_factory=ThreadRuntime)
    rng: random.Random = field(default_factory=random.Random)
    wire: Callable[[str], Callable[[], BaseAdapter] | None] = lambda _instance: None


def open_database(configuration: Configuration, ports: Ports) -> Database:
    """The database, brought to this version's tables.

    Raises:
        Configuration: it cannot be made, or a newer version made it.
    """
    database = named_database(configuration, ports)
    upgrade(database, ports.ids)
    return database


def named_database(configuration: Configuration, ports: Ports) -> Database:
    """The database as it stands, not looked at yet: for a daemon, which first makes sure that it is alone."""
    return Database(configuration.database, ports.clock, ports.runtime)


def mapping_name(instance: str) -> str:
    """Under what name an instance's mapping is published."""
    return f"mapping:{instance}"


def draft(instance: Instance, plugin: Plugin) -> tuple[str, str]:
    """The mapping file of an instance as it stands: its text, and where it stands.

    Raises:
        InvalidFile: it cannot be read.
    """
    if instance.mapping is None and plugin.mapping is not None:
        return plugin.mapping, f"default mapping of {plugin.title}"
    path = instance.mapping or default_mapping(plugin.platform)
    if path is None:
        raise Misconfigured(
            f"{instance.name}: {plugin.title} brings no default mapping; name a file under `mapping:` of this instance"
        )
    return read_document(path).text, str(path)


def compiled(text: str, source: str, plugin: Plugin) -> FieldMapping:
    """A mapping, ready to use.

    Raises:
        InvalidFile: all its faults, each with its place.
    """
    mapping = load_mapping(text, source, plugin.platform)
    return mapping.fitted(limits=plugin.capabilities.text_limits)


def publish_missing(
    tx: Tx, configuration: Configuration, plugins: Mapping[str, Plugin]
) -> dict[str, Version]:
    """The published mapping of each instance; the file is published where there is none yet."""
    versions = {}
    for instance in configuration.instances.values():
        name = mapping_name(instance.name)
        version = published.current(tx, name)
        if version is None:
            text, source = draft(instance, plugins[instance.platform])
            compiled(text, source, plugins[instance.platform])
            version = published.publish(tx, name, text, "first start", f"from {source}")
        versions[instance.name] = version
    return versions


def endpoint(
    tx: Tx,
    instance: Instance,
    plugin: Plugin,
    version: Version,
    ports: Ports,
    redactor: Redactor,
    stop: Signal | None,
    book: Policies | None = None,
) -> Endpoint:
    """One instance at work, by the published mapping, and by the names that the tiers of the book have there.

    Raises:
        Configuration: the published mapping cannot be used by this version.
    """
    mapping = compiled(version.text, f"published mapping of {instance.name}", plugin)
    mapping = with_tiers(mapping, book, instance.name, plugin)
    http = Http.for_instance(
        instance.settings,
        plugin.dialect,
        clock=ports.clock,
        runtime=ports.runtime,
        rng=ports.rng,
        redactor=redactor,
        wire=ports.wire(instance.name),
        stop=stop,
    )
    return Endpoint(
        instance.name,
        plugin,
        instance.settings,
        http,
        plugin.connect(instance.settings, http, mapping.native_fields),
        tx.now,
        mapping,
        mapping.directory(instances.load_parties(tx, instance.name)),
    )


def station(
    configuration: Configuration,
    plugins: Mapping[str, Plugin],
    database: Database,
    ports: Ports,
    *,
    redactor: Redactor | None = None,
    stop: Signal | None = None,
    wake: Callable[[Kind, str], None] | None = None,
) -> Station:
    """A station for that configuration. No secret is needed before a platform is called; `Station.authenticate` looks
    for all of them at once.

    Raises:
        Configuration: a published mapping cannot be used by this version.
    """
    redactor = redactor or Redactor()
    ledger = Ledger(ports.ids.token, wake)

    def build(tx: Tx) -> tuple[dict[str, Endpoint], Policies | None, datetime | None]:
        versions = publish_missing(tx, configuration, plugins)
        before = published.current(tx, policies.NAME)
        policies.publish_missing(tx, configuration)
        book = policies.in_force(tx)
        if before is None and book is not None:
            policies.look_again(tx, ledger, configuration.instances)
        return (
            {
                name: endpoint(
                    tx, instance, plugins[instance.platform], versions[name], ports, redactor, stop, book
                )
                for name, instance in configuration.instances.items()
            },
            book,
            meta.adopted_at(tx),
        )

    endpoints, book, adopted_at = database.transact(build)
    return Station(
        configuration,
        database,
        ledger,
        endpoints,
        ports.clock,
        ports.ids,
        ports.runtime,
        Channels(configuration.channels, ports.clock, ports.runtime, redactor),
        book,
        adopted_at,
    )


def with_tiers(mapping: FieldMapping, book: Policies | None, instance: str, plugin: Plugin) -> FieldMapping:
    """The mapping, in which the groups of the tiers are called as the book says."""
    return mapping if book is None else mapping.with_groups(tier_groups(book.book, instance, plugin.platform))


def republished(station: Station, tx: Tx, name: str) -> FieldMapping:
    """Take up the newest published mapping of an instance, and look at all its incidents again.

    Raises:
        InvalidFile: this version cannot use it; the one before stays in force.
    """
    at_work = station.endpoints[name]
    version = published.current(tx, mapping_name(name))
    assert version is not None
    mapping = compiled(version.text, f"published mapping of {name}", at_work.plugin)
    mapping = with_tiers(mapping, station.policies, name, at_work.plugin)
    at_work.mapping = mapping
    at_work.reconnect(tx.now)
    at_work.directory = mapping.directory(at_work.directory.parties.values())
    at_work.asked.clear()
    at_work.fitted = False
    return mapping
