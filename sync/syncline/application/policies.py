"""What admins do with the escalation policy: check it, rehearse it, publish it, and go back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from syncline import policies
from syncline.application.changes import changes
from syncline.application.live_names import live_names
from syncline.application.mappings import NotFound
from syncline.application.oncall import Duty, duties
from syncline.application.rehearsing import Rehearsal, rehearse_scenario
from syncline.configuration import POLICY, Configuration, policy_beside
from syncline.daemon import take_up_policies
from syncline.errors import Configuration as Misconfigured
from syncline.errors import InvalidFile, Problem
from syncline.escalation.lint import CODES, Finding, LiveNames, Severity, check, report
from syncline.escalation.reading import examine, read_book, schema
from syncline.escalation.scenario import drafted
from syncline.mapping.document import parse_document, raw_document
from syncline.ports import Clock
from syncline.station import Station
from syncline.store import published, runs
from syncline.store.database import Database, Tx
from syncline.store.published import Version


class Form(StrEnum):
    """How findings are written down."""

    TEXT = "text"
    GITHUB = "github"
    SARIF = "sarif"


_FORMS: Final[Mapping[Form, Callable[[Sequence[Finding]], str]]] = {
    Form.TEXT: report.plain,
    Form.GITHUB: report.annotations,
    Form.SARIF: report.sarif,
}


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """What is to be said of a policy file.

    Attributes:
        file: As the person named it.
        text: What stands in it.
        findings: In the order of the file.
    """

    file: str
    text: str = field(repr=False)
    findings: Sequence[Finding]

    def count(self, severity: Severity) -> int:
        """How many findings are so severe."""
        return sum(1 for finding in self.findings if finding.severity is severity)

    @property
    def ok(self) -> bool:
        """Whether it can be published."""
        return not self.count(Severity.ERROR)

    def said(self, form: Form) -> str:
        """The findings as text."""
        return _FORMS[form](self.findings)


@dataclass(frozen=True, slots=True)
class Publication:
    """What came of a publication.

    Attributes:
        version: That is in force now.
        changes: What is different from the one before, a sentence each; empty: nothing that means anything.
        first: Whether there was none before.
        running: Escalations in progress: they keep to the policy with which they began.
    """

    version: Version
    changes: Sequence[str]
    first: bool
    running: int


@dataclass(frozen=True, slots=True)
class PolicyAdministration:
    """The escalation policy: the file is a draft, the published version is what runs.

    Attributes:
        folder: Where `syncline.yaml` stands, or would stand.
        clock: What day it is.
        configuration: What `syncline.yaml` says; None: there is none.
        actor: Who asks; stands in the history.
        database: Gives the database; the file alone can be looked at without one.
        station: Gives the station.
    """

    folder: Path
    clock: Clock
    configuration: Configuration | None = None
    actor: str = ""
    database: Callable[[], Database] | None = None
    station: Callable[[], Station] | None = None

    # ---- the file -------------------------------------------------------------------------------

    def check(self, file: Path | None = None, *, live: bool = False) -> PolicyReport:
        """Hold the policy file against the language, against what it can mean, and, if `live`, against the platforms.

        Raises:
            Configuration: it cannot be read, or there is none.
        """
        path = file or self.path()
        text = _text(path)
        found = check(text, file=str(path), today=self.clock.now(), live=self._known(text, live=live))
        return PolicyReport(str(path), text, found)

    def path(self) -> Path:
        """The policy file: the one that the configuration names, else `escalation.yaml` beside it.

        Raises:
            NotFound: there is none.
        """
        named = self.configuration.escalation.policy if self.configuration is not None else None
        if named is not None:
            return named
        beside = policy_beside(self.folder)
        if beside is not None:
            return beside
        raise NotFound(
            f"there is no policy file {self.folder / POLICY}; name one: `syncline policy check FILE`, or `policy:` under"
            " `escalation:` in syncline.yaml"
        )

    def _known(self, text: str, *, live: bool) -> LiveNames | None:
        """What the configuration says there is, and the platforms if `live`; None: there is no configuration."""
        book = examine(text, "")[0] if live else None
        if live and self.station is None:
            raise self._unconfigured()
        if book is not None and self.station is not None:
            return live_names(self.station(), book)
        if self.configuration is None:
            return None
        instances = {name: one.platform for name, one in self.configuration.instances.items()}
        return LiveNames(instances, channels=frozenset(self.configuration.channels))

    def simulate(self, scenario: Path, file: Path | None = None) -> Rehearsal:
        """Play a scenario.

        Args:
            scenario: The scenario file.
            file: The policy file; None: the one that the scenario names, else the one that `path` gives.

        Raises:
            InvalidFile: one of the two has faults.
            Configuration: one of them cannot be read.
        """
        draft = drafted(raw_document(scenario), str(scenario))
        path = file or (scenario.parent / draft.policy if draft.policy else self.path())
        book = read_book(_text(path), str(path))
        return rehearse_scenario(book, draft.of(book), str(path))

    @staticmethod
    def codes() -> dict[str, str]:
        """All checks: code to what it is about."""
        return dict(CODES)

    @staticmethod
    def schema() -> dict[str, Any]:
        """The JSON Schema of the file."""
        return schema()

    # ---- what is in force -----------------------------------------------------------------------

    def publish(self, file: Path | None = None, note: str = "") -> Publication:
        """Put the policy file in force; a running daemon takes it up within seconds.

        Raises:
            InvalidFile: it has errors; nothing is published.
        """
        found = self.check(file)
        errors = [_problem(one) for one in found.findings if one.severity is Severity.ERROR]
        if errors:
            raise InvalidFile(errors)
        return self._publish(found.text, note or f"from {found.file}")

    def history(self) -> list[Version]:
        """All published versions, newest first."""
        return self._stored().transact(lambda tx: published.history(tx, policies.NAME))

    def show(self, digest: str | None = None) -> Version:
        """The version that is in force, or that of `digest`.

        Raises:
            NotFound: there is none.
        """
        versions = self.history()
        found = [v for v in versions if v.digest.startswith(digest or "")]
        if not found:
            raise self._nothing(digest, versions)
        return found[0]

    def rollback(self, digest: str | None = None) -> Publication:
        """Publish an older version again: the one before, or that of `digest`.

        Raises:
            NotFound: there is no such version.
            InvalidFile: this version of Syncline cannot use it.
        """
        versions = self.history()
        if digest is None:
            older = [v for v in versions[1:] if v.digest != versions[0].digest]
        else:
            older = [v for v in versions if v.digest.startswith(digest)]
        if not older:
            raise self._nothing(digest or "older", versions)
        read_book(older[0].text, f"version {older[0].digest} of the policy")
        note = f"rolled back to {older[0].digest} of {older[0].at:%Y-%m-%d %H:%M} UTC"
        return self._publish(older[0].text, note)

    def on_call(
        self, at: datetime | None = None, schedule: str | None = None, file: Path | None = None
    ) -> tuple[datetime, list[Duty]]:
        """Who is on call then, by the policy in force, or by that file; and when that is.

        Raises:
            NotFound: there is no such schedule, or no policy.
        """
        moment = at or self.clock.now()
        book = policies.book_of(self.show()) if file is None else read_book(_text(file), str(file))
        return moment, duties(book, moment, schedule)

    @staticmethod
    def _nothing(digest: str | None, versions: Sequence[Version]) -> NotFound:
        if not versions:
            return NotFound(
                "no policy is published, so nothing is escalated; `syncline policy publish` puts one in force"
            )
        return NotFound(f"there is no {digest} version of the policy; `syncline policy history` shows all")

    def _publish(self, text: str, note: str) -> Publication:
        database = self._stored()
        before = database.transact(lambda tx: published.current(tx, policies.NAME))
        known = before.id if before is not None else 0
        if before is None:
            # Before a station is made, which would publish the file by itself.
            database.transact(lambda tx: published.publish(tx, policies.NAME, text, self.actor, note))
        assert self.station is not None
        station = self.station()

        def work(tx: Tx) -> tuple[Version, int]:
            if before is not None:
                published.publish(tx, policies.NAME, text, self.actor, note)
            version = published.current(tx, policies.NAME)
            assert version is not None
            take_up_policies(tx, station, known)
            return version, len(runs.in_progress(tx))

        version, running = station.database.transact(work)
        source = f"version {version.digest}"
        old = examine(before.text, source)[0] if before is not None else None
        new = read_book(version.text, source)
        return Publication(version, changes(old, new) if old is not None else (), before is None, running)

    def _stored(self) -> Database:
        if self.database is None:
            raise self._unconfigured()
        return self.database()

    def _unconfigured(self) -> Misconfigured:
        return Misconfigured(
            f"there is no configuration {self.folder / 'syncline.yaml'}; `syncline init` writes one"
        )


def _text(path: Path) -> str:
    """The text of a file.

    Raises:
        Configuration: it cannot be read; as InvalidFile, it is too large or no text.
    """
    raw = raw_document(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        parse_document(raw, str(path))
        raise


def _problem(finding: Finding) -> Problem:
    mend = f"; {finding.mend}" if finding.mend else ""
    return Problem(
        f"{finding.message}{mend}",
        finding.file,
        finding.line,
        finding.column,
        finding.severity,
        finding.code,
    )
