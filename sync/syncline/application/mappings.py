"""What admins do with mappings: hold them against the rules and the platforms, publish them, and go back."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from syncline import assembly
from syncline.configuration import Configuration, Instance
from syncline.connector import Plugin
from syncline.daemon import take_up
from syncline.errors import Configuration as Misconfigured
from syncline.errors import InvalidFile, Problem
from syncline.mapping import Mapping as FieldMapping
from syncline.mapping import against, contradictions, examine, laws, losses
from syncline.mapping.document import parse_document
from syncline.mapping.rules import Loss
from syncline.mapping.validation import suggestion
from syncline.model import Incident
from syncline.station import Endpoint, Station
from syncline.store import published
from syncline.store.database import Tx
from syncline.store.published import Version


class NotFound(Misconfigured):
    """What was asked for does not exist; the message says what does."""


@dataclass(frozen=True, slots=True)
class MappingReport:
    """What is to be said of an instance's mapping.

    Attributes:
        instance: Whose.
        file: The draft.
        problems: Its faults, in the order of the file.
        losses: Common values that the platform cannot tell apart.
        differs: Whether the draft differs from the published version.
        unmapped: People and groups that have no counterpart, a sentence each.
    """

    instance: str
    file: str
    problems: Sequence[Problem]
    losses: Sequence[Loss]
    differs: bool
    unmapped: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Mappings:
    """The mappings of all instances: files are drafts, published versions are what runs.

    Attributes:
        configuration: What `syncline.yaml` says.
        plugins: By platform.
        actor: Who asks; stands in the history.
        station: Gives the station; the file alone can be looked at without one.
    """

    configuration: Configuration
    plugins: Mapping[str, Plugin]
    actor: str
    station: Callable[[], Station]

    def check(self, name: str, file: Path | None = None, *, live: bool) -> MappingReport:
        """Hold an instance's mapping file against the rules, the laws and, if `live`, the platform as it is."""
        instance = self._instance(name)
        text, source = self._draft(instance, file)
        try:
            mapping, problems = examine(parse_document(text, source), instance.platform)
        except InvalidFile as error:
            mapping, problems = None, error.problems
        if mapping is None:
            return MappingReport(name, source, problems, (), differs=True)
        problems = [*problems, *laws(mapping), *contradictions(mapping, self._other_drafts(name))]
        unmapped: list[str] = []
        if live:
            problems += against(mapping, self._endpoint(name).connector.schema())
            unmapped = self.unmapped(name)
        version = self.station().database.transact(
            lambda tx: published.current(tx, assembly.mapping_name(name))
        )
        differs = version is None or version.digest != published.digest(text)
        return MappingReport(name, source, problems, losses(mapping), differs, unmapped)

    def drafts(self, names: Sequence[str] = (), file: Path | None = None) -> dict[str, str]:
        """The mapping files as they stand, by instance: what `plan` takes.

        Args:
            names: Of which instances; none: of all.
            file: This file instead of the one that the configuration names.
        """
        return {
            name: self._draft(self._instance(name), file)[0] for name in names or self.configuration.instances
        }

    def unmapped(self, name: str) -> list[str]:
        """People and groups of the other instances who have no counterpart on this one, a sentence each."""
        here = self._endpoint(name)
        others = (other for other in self.station().endpoints.values() if other is not here)
        return sorted({sentence for other in others for sentence in _without_counterpart(other, here)})

    def publish(self, name: str, file: Path | None = None, note: str = "") -> Version:
        """Make an instance's mapping file the version that runs; a running daemon takes it up within seconds.

        Raises:
            InvalidFile: it has faults, or says otherwise than another published mapping who wins a field; nothing is
                published.
        """
        endpoint = self._endpoint(name)
        text, source = self._draft(self._instance(name), file)
        mapping = assembly.compiled(text, source, endpoint.plugin)
        return self._publish(name, text, mapping, note or f"from {source}")

    def history(self, name: str) -> list[Version]:
        """All published versions of an instance's mapping, newest first."""
        self._endpoint(name)
        return self.station().database.transact(lambda tx: published.history(tx, assembly.mapping_name(name)))

    def rollback(self, name: str, digest: str | None = None) -> Version:
        """Publish an older version again: the one before, or that of `digest`.

        Raises:
            NotFound: there is no such version.
            InvalidFile: as for `publish`.
        """
        versions = self.history(name)
        if digest is None:
            older = [v for v in versions[1:] if v.digest != versions[0].digest]
        else:
            older = [v for v in versions if v.digest.startswith(digest)]
        if not older:
            raise NotFound(
                f"{name} has no {'older' if digest is None else digest} version of its mapping; "
                f"`syncline mapping history {name}` shows all"
            )
        note = f"rolled back to {older[0].digest} of {older[0].at:%Y-%m-%d %H:%M} UTC"
        mapping = assembly.compiled(
            older[0].text, f"version {older[0].digest} of {name}", self._endpoint(name).plugin
        )
        return self._publish(name, older[0].text, mapping, note)

    def _publish(self, name: str, text: str, mapping: FieldMapping, note: str) -> Version:
        station = self.station()
        problems = contradictions(mapping, [e.mapping for e in station.endpoints.values() if e.name != name])
        if problems:
            raise InvalidFile(problems)

        def work(tx: Tx) -> Version:
            known = published.newest(tx)
            version = published.publish(tx, assembly.mapping_name(name), text, self.actor, note)
            take_up(tx, station, name, known)
            return version

        return station.database.transact(work)

    def _other_drafts(self, name: str) -> Iterator[FieldMapping]:
        """The mapping files of all other instances; one that has faults says so when it is looked at itself."""
        for instance in self.configuration.instances.values():
            if instance.name != name:
                text, source = self._draft(instance, None)
                with contextlib.suppress(InvalidFile):
                    yield assembly.compiled(text, source, self.plugins[instance.platform])

    def _instance(self, name: str) -> Instance:
        instance = self.configuration.instances.get(name)
        if instance is None:
            raise NotFound(f'there is no instance "{name}"{suggestion(name, self.configuration.instances)}')
        return instance

    def _endpoint(self, name: str) -> Endpoint:
        self._instance(name)
        return self.station().endpoints[name]

    def _draft(self, instance: Instance, file: Path | None) -> tuple[str, str]:
        """The text of a mapping file, and where it stands."""
        return assembly.draft(
            replace(instance, mapping=file) if file else instance, self.plugins[instance.platform]
        )


def _without_counterpart(other: Endpoint, here: Endpoint) -> Iterator[str]:
    """Whoever stands in a field of `other` and cannot be said in that field `here`."""
    for (kind, native_id), party in other.directory.parties.items():
        for name, rule in other.mapping.rules.items():
            if rule.kind.value != kind.value or len(rule.natives) != 1 or name not in here.mapping.rules:
                continue
            if not here.mapping.rules[name].direction.writes(creating=False):
                continue
            value = other.mapping.read({rule.natives[0]: native_id}, other.directory).values.get(name)
            writing = here.mapping.write({name: value}, Incident("", {}), {}, here.directory)
            for entry in writing.withheld:
                yield f"{kind.value} {party.email or party.name} of {other.name}: {name}: {entry.reason}"
