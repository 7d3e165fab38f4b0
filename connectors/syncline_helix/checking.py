"""Looking whether an instance can be worked with: what `syncline check` shows."""

from collections.abc import Iterator
from typing import Final

from syncline.connector import Finding, Look, PartyKind, Severity, looks
from syncline.errors import Configuration
from syncline.http.client import Http
from syncline_helix import history
from syncline_helix.client import CREATE, INCIDENT, WORK_LOG, Client, Row
from syncline_helix.directory import Directory
from syncline_helix.polling import Feeds
from syncline_helix.query import EPOCH, any_of
from syncline_helix.records import NUMBER, REMARK_FIELDS, UPDATED, Shape
from syncline_helix.schema import Forms
from syncline_helix.settings import HelixSettings
from syncline_helix.writing import GIVEN_ONCE, READ_ONLY

_AUDIT_LOOK: Final = 20


class Check:
    """One look at one instance."""

    def __init__(
        self,
        client: Client,
        http: Http,
        settings: HelixSettings,
        shape: Shape,
        feeds: Feeds,
        directory: Directory,
    ) -> None:
        self._client = client
        self._http = http
        self._settings = settings
        self._shape = shape
        self._feeds = feeds
        self._directory = directory

    def findings(self) -> Iterator[Finding]:
        """One finding for each thing looked at; only the first where the instance does not answer."""
        return looks(
            self._http,
            self._newest,
            f"the account may read {INCIDENT}",
            "Check credentials, the permissions of the account, and the fields that the mapping names.",
            Look("time zone", self._dates),
            Look("permissions", self._work_log),
            Look("permissions", self._people),
            Look("history", self._audit),
            Look("schema", self._fields),
        )

    def _newest(self) -> list[Row]:
        return self._client.entries(INCIDENT, any_of(NUMBER), self._shape.fields, (f"{UPDATED}.desc",), 1)

    def _dates(self) -> Iterator[Finding]:
        """Whether the server reads times in qualifications as they are meant."""
        how = self._settings.date_format
        said = "seconds since 1970" if how == EPOCH else f"{how} in {self._settings.date_zone}"
        try:
            proved = self._feeds.prove_dates()
        except Configuration as error:
            yield Finding(
                "time zone",
                Severity.ERROR,
                str(error),
                "Set date_format and date_zone to those of the server.",
            )
            return
        if proved:
            yield Finding("time zone", Severity.OK, f"the server reads times as they are written ({said})")
        else:
            yield Finding(
                "time zone",
                Severity.WARNING,
                f"whether the server reads times as they are written ({said}) cannot be seen: there is no incident yet",
                "Check again once there is one; the first poll looks too.",
            )

    def _work_log(self) -> Iterator[Finding]:
        self._client.entries(WORK_LOG, any_of(REMARK_FIELDS[0]), REMARK_FIELDS, (f"{UPDATED}.desc",), 1)
        yield Finding("permissions", Severity.OK, f"comments and files can be read ({WORK_LOG})")

    def _people(self) -> Iterator[Finding]:
        settings = self._settings
        roles = {"username": settings.username, "customer": settings.customer, "stand_in": settings.stand_in}
        missing = {
            setting: login
            for setting, login in roles.items()
            if login and self._directory.row(PartyKind.PERSON, login) is None
        }
        if missing:
            said = ", ".join(f"{login} ({setting})" for setting, login in missing.items())
            yield Finding(
                "permissions",
                Severity.WARNING,
                f"CTM:People shows nobody with the login {said}, so incidents may be refused for want of a customer or assignee",
                "Correct the setting, or give the account a person record; and let it read CTM:People.",
            )
        groups = self._directory.groups()
        if not groups:
            yield Finding(
                "permissions",
                Severity.WARNING,
                "no support group is to be seen, so no incident can be assigned to one",
                "Let the account read CTM:Support Group.",
            )
        elif not missing:
            yield Finding("permissions", Severity.OK, f"people and {len(groups)} support groups can be read")

    def _audit(self) -> Iterator[Finding]:
        """Whether edits that our own writes overwrite can be found afterwards, and of which fields."""
        form = self._settings.audit_form
        without = "edits that Syncline's own writes overwrite are found for the status only"
        if not form:
            yield Finding(
                "history",
                Severity.WARNING,
                f"no audit is read, so {without}",
                "Name the audit of incidents in audit_form.",
            )
            return
        try:
            rows = self._client.entries(
                form,
                any_of(history.AUDIT_FIELDS[0]),
                history.AUDIT_FIELDS,
                ("Create Date.desc",),
                _AUDIT_LOOK,
            )
        except Configuration as error:
            yield Finding(
                "history",
                Severity.WARNING,
                f"the audit cannot be read, so {without}: {error}",
                f"Let the account read {form}, or set audit_form to the audit of your incidents.",
            )
            return
        unclear = sum(1 for row in rows if history.changed(row) and not _understood(row))
        if unclear:
            yield Finding(
                "history",
                Severity.WARNING,
                f"{unclear} of the last {len(rows)} entries of {form} are laid out in a way that is not understood, so {without}",
                "Set audit_form to the audit of your incidents in the log style; else nothing can be done about it.",
            )
        audited = Forms(self._client).audited()
        blind = [name for name in self._shape.values if name not in audited | READ_ONLY | GIVEN_ONCE]
        if blind:
            yield Finding(
                "history",
                Severity.WARNING,
                f"the audit leaves out {', '.join(blind)}: edits of these that Syncline's own writes overwrite are not found",
                "Set the Audit Option of those fields to Audit in Developer Studio, if they matter.",
            )
        if not unclear and not blind:
            yield Finding("history", Severity.OK, f"the change history can be read ({form})")

    def _fields(self) -> Iterator[Finding]:
        """Whether every field that we ask for and write exists."""
        forms = Forms(self._client)
        known = forms.schema(()).fields
        missing = [name for name in self._shape.fields if name not in known]
        if missing:
            yield Finding(
                "schema",
                Severity.ERROR,
                f"{INCIDENT} has no {', '.join(missing)}",
                "Correct the mapping and the setting marker_field.",
            )
        marker = self._settings.marker_field
        if marker not in forms.created():
            yield Finding(
                "schema",
                Severity.ERROR,
                f"{CREATE} has no {marker}: what Syncline creates could not be told from anything else, and would be created twice",
                "Set marker_field to a text field that stands on both forms, such as mc_ueid or one of your own.",
            )
        elif not missing:
            yield Finding("schema", Severity.OK, f"all {len(self._shape.fields)} fields that are used exist")


def _understood(row: Row) -> bool:
    names = history.changed(row)
    return set(history.told(str(row.get("Log") or ""), names)) >= set(names)
