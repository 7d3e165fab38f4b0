"""From `syncline.yaml` to a `Configuration`, or to every fault in it at once."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from syncline.configuration.channels import channels
from syncline.configuration.instances import Registry, instance
from syncline.configuration.model import (
    Attachments,
    Comments,
    Configuration,
    Escalation,
    Freeze,
    Reopen,
)
from syncline.configuration.routing import conflicts, routes
from syncline.configuration.specification import VERSION, ConfigurationFile
from syncline.errors import InvalidFile, Problem
from syncline.mapping.document import Document, Loc, in_order, parse_document, read_document
from syncline.mapping.validation import validate
from syncline.model import Status

DATABASE_VARIABLE: Final = "SYNCLINE_DATABASE_URL"
"""The environment variable that goes before `database`; the place for a URL with a password."""

POLICY: Final = "escalation.yaml"
"""The file of the policies, where it stands beside `syncline.yaml`."""
_BACKENDS: Final = frozenset({"sqlite", "postgresql"})


def read_configuration(
    path: Path,
    settings: Registry,
    environment: Mapping[str, str],
    broken: Mapping[str, str] | None = None,
) -> Configuration:
    """The configuration in that file.

    Args:
        path: `syncline.yaml`.
        settings: Platform to the settings class of its plugin.
        environment: The process's environment.
        broken: Name of a plugin that could not be loaded to the reason.

    Raises:
        InvalidFile: with every fault in it.
        syncline.errors.Configuration: it cannot be read.
    """
    return _load(read_document(path), path.resolve(), settings, environment, broken or {})


def load_configuration(
    raw: str | bytes,
    path: Path,
    settings: Registry,
    environment: Mapping[str, str],
    broken: Mapping[str, str] | None = None,
) -> Configuration:
    """The configuration that the YAML text describes, as if it stood at `path`; else as `read_configuration`."""
    return _load(parse_document(raw, str(path)), path.resolve(), settings, environment, broken or {})


def _policy(named: str | None, folder: Path) -> Path | None:
    """The file of the policies: as it is named, else `escalation.yaml` where it stands beside."""
    return folder / named if named is not None else policy_beside(folder)


def policy_beside(folder: Path) -> Path | None:
    """The file of the policies that nobody has to name: `escalation.yaml` beside `syncline.yaml`; None: there is none."""
    beside = folder / POLICY
    return beside if beside.is_file() else None


def _load(
    document: Document,
    path: Path,
    settings: Registry,
    environment: Mapping[str, str],
    broken: Mapping[str, str],
) -> Configuration:
    outcome = validate(document, ConfigurationFile)
    problems = list(outcome.problems)
    file = outcome.model
    if file is None:
        raise InvalidFile(in_order(problems))

    def note(loc: Loc, message: str, *, value: bool = True) -> None:
        problems.append(document.problem(outcome.original(loc), message, value=value))

    if file.syncline != VERSION:
        note(("syncline",), f"this file is of version {file.syncline}; this Syncline reads version {VERSION}")
    # The names as they stand in the file: a fault inside an instance does not make its name unknown.
    names = _instance_names(document.data)
    found = [
        instance(name, entry, path.parent, settings, broken, note) for name, entry in file.instances.items()
    ]
    configuration = Configuration(
        file=path,
        database=_database(file.database, path.parent, environment, note, problems),
        instances={one.name: one for one in found if one is not None},
        routes=routes(file.routes, names, note),
        conflicts=conflicts(file.conflicts, names, note),
        comments=Comments(file.comments.copy_, file.comments.public),
        attachments=Attachments(file.attachments.copy_, file.attachments.max_bytes),
        reopen=Reopen() if file.reopen is None else Reopen(frozenset(map(Status, file.reopen.from_))),
        freeze=Freeze(file.freeze.writes, timedelta(minutes=file.freeze.minutes), file.freeze.returns),
        gone_after=file.gone_after,
        channels=channels(file.channels, names, path.parent, note),
        escalation=Escalation(
            file.escalation.label, file.escalation.command, _policy(file.escalation.policy, path.parent)
        ),
    )
    if problems:
        raise InvalidFile(in_order(problems))
    return configuration


def _instance_names(data: Any) -> tuple[str, ...]:
    instances = data.get("instances") if isinstance(data, dict) else None
    return tuple(map(str, instances)) if isinstance(instances, dict) else ()


def _database(
    given: str, folder: Path, environment: Mapping[str, str], note: Any, problems: list[Problem]
) -> str:
    """The URL of the database; a relative path of SQLite is taken from the configuration's folder, so that every
    command finds the same database wherever it is started."""
    url = _parsed(given)
    if url is None:
        note(
            ("database",),
            "database must be a URL, such as sqlite:///syncline.db or postgresql+psycopg://host/syncline",
        )
    elif url.password:
        note(
            ("database",),
            f"a password must not stand in this file; take it out, and give the whole URL in {DATABASE_VARIABLE}",
        )
    elif url.get_backend_name() not in _BACKENDS:
        note(
            ("database",),
            f"{url.get_backend_name()} is no database that Syncline works with: sqlite, postgresql",
        )
    elif url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        note(("database",), "the database must be a file: what is in memory is lost at every stop")
    override = environment.get(DATABASE_VARIABLE, "").strip()
    if override:
        url = _parsed(override)
        if url is None or url.get_backend_name() not in _BACKENDS:
            problems.append(
                Problem(f"the environment variable {DATABASE_VARIABLE} holds no URL of SQLite or PostgreSQL")
            )
    if url is None:
        return given
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_absolute():
        url = url.set(database=str(folder / url.database))
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def _parsed(text: str) -> sa.URL | None:
    try:
        return sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        return None
