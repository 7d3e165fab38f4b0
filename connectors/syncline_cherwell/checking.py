"""Looking whether an instance can be worked with: what `syncline check` shows."""

from collections.abc import Iterator
from typing import Final

from syncline.connector import Finding, Look, PartyKind, Severity, looks
from syncline.http.client import Http
from syncline_cherwell import history
from syncline_cherwell.client import Client
from syncline_cherwell.directory import Directory
from syncline_cherwell.discovery import Discovery
from syncline_cherwell.polling import Feeds
from syncline_cherwell.records import CREATED
from syncline_cherwell.settings import CherwellSettings

_HISTORY_LOOK: Final = 20


class Check:
    """One look at one instance."""

    def __init__(
        self,
        client: Client,
        http: Http,
        settings: CherwellSettings,
        discovery: Discovery,
        feeds: Feeds,
        directory: Directory,
    ) -> None:
        self._client = client
        self._http = http
        self._settings = settings
        self._discovery = discovery
        self._feeds = feeds
        self._directory = directory

    def findings(self) -> Iterator[Finding]:
        """One finding for each thing looked at; only the first where the instance does not answer."""
        self._discovery.forget()
        return looks(
            self._http,
            self._discovery.incident,
            f"the account may read {self._settings.object_name}",
            "Check client_id, credentials, the permissions of the account, and the setting object_name.",
            Look(
                "time zone",
                self._dates,
                "Set date_format and time_zone to those of the server.",
                Severity.ERROR,
            ),
            Look("permissions", self._notes),
            Look("permissions", self._people),
            Look("history", self._history),
            Look("schema", self._fields),
        )

    def _dates(self) -> Iterator[Finding]:
        """Whether the server reads times as they are meant."""
        dates = self._discovery.dates()
        said = f"{dates.pattern} in {dates.zone}"
        if self._feeds.prove_dates():
            yield Finding("time zone", Severity.OK, f"the server reads times as they are written ({said})")
        else:
            yield Finding(
                "time zone",
                Severity.WARNING,
                f"whether the server reads times as they are written ({said}) cannot be seen: there is no incident yet",
                "Check again once there is one; the first poll looks too.",
            )

    def _notes(self) -> Iterator[Finding]:
        """Whether remarks can be read and written, and shown to customers."""
        settings, note = self._settings, self._discovery.note()
        if settings.journal_relationship not in self._discovery.incident().relationships:
            yield Finding(
                "permissions",
                Severity.ERROR,
                f"{settings.object_name} has no relationship {settings.journal_relationship!r}, so no note can be written",
                "Set journal_relationship to the one by which journals hang on incidents.",
            )
        elif settings.public_field and settings.public_field not in note.fields:
            yield Finding(
                "permissions",
                Severity.WARNING,
                f"{settings.note_journal} has no field {settings.public_field}: comments for the customer are not written",
                "Set public_field to the field that shows a note in the portal, or make it empty.",
            )
        else:
            yield Finding(
                "permissions", Severity.OK, f"notes can be read and written ({settings.note_journal})"
            )

    def _people(self) -> Iterator[Finding]:
        name = self._settings.stand_in
        teams = self._directory.teams()
        if name and self._directory.find(PartyKind.PERSON, name) is None:
            yield Finding(
                "permissions",
                Severity.WARNING,
                f"there is nobody called {name} (stand_in), so statuses that ask for an owner may be refused",
                "Set stand_in to somebody's full name.",
            )
        elif not teams:
            yield Finding(
                "permissions", Severity.WARNING, "no team is to be seen", "Let the account read teams."
            )
        else:
            yield Finding("permissions", Severity.OK, f"people and {len(teams)} teams can be read")

    def _history(self) -> Iterator[Finding]:
        """Whether edits that our own writes overwrite can be found afterwards."""
        name, journal = self._settings.history_journal, self._discovery.history()
        if journal is None:
            yield Finding(
                "history",
                Severity.WARNING,
                f"there is no journal {name!r}: edits that Syncline's own writes overwrite are not found",
                "Set history_journal, and have changes tracked in the properties of the business object.",
            )
            return
        found = self._client.search(journal, (), ("Details", CREATED), f"-{CREATED}", _HISTORY_LOOK)
        line = self._settings.history_line
        unclear = [
            row
            for row in found.rows
            if not any(history.parts(one, line) for one in row.get("Details", "").split("\n"))
        ]
        if unclear and len(unclear) == len(found.rows):
            yield Finding(
                "history",
                Severity.WARNING,
                f"none of the last {len(found.rows)} records of {name} is laid out as history_line says",
                "Set history_line to how they read, with {field}, {before} and {after}.",
            )
        else:
            yield Finding("history", Severity.OK, f"the change history can be read ({name})")

    def _fields(self) -> Iterator[Finding]:
        """Whether every field and status that we use exists."""
        incident, shape = self._discovery.incident(), self._discovery.shape()
        missing = [name for name in shape.fields if name not in incident.fields]
        if shape.marker in missing:
            yield Finding(
                "schema",
                Severity.ERROR,
                f"{incident.name} has no {shape.marker}: what Syncline creates could not be told from anything else, and would be"
                " created twice",
                "Add a text field of 40 characters to the business object, and name it in marker_field.",
            )
        elif missing:
            yield Finding(
                "schema",
                Severity.ERROR,
                f"{incident.name} has no {', '.join(missing)}",
                "Correct the mapping and the settings.",
            )
        lifecycle = self._settings.lifecycle
        unknown = sorted({one for ways in lifecycle.values() for one in ways} | set(lifecycle))
        unknown = [one for one in unknown if incident.statuses and one not in incident.statuses]
        if unknown:
            yield Finding(
                "schema",
                Severity.WARNING,
                f"{incident.name} has no status {', '.join(unknown)}",
                "Set lifecycle to the statuses of the business object and the ways between them.",
            )
        if not missing and not unknown:
            yield Finding("schema", Severity.OK, f"all {len(shape.fields)} fields that are used exist")
