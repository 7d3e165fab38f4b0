"""The stamp beside a database: a small file that says whose it is and how far it had come, written so that a power cut leaves
the old one or the new one."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from syncline.errors import Configuration
from syncline.lineage import Home, Stamp, Unreadable

MACHINE_ID: Final = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
STATE: Final = "STATE_DIRECTORY"
"""Where systemd tells a service its own folder."""
_LARGEST: Final = 10_000


def machine() -> str:
    """A fingerprint of this machine, from which its id cannot be told; empty where it has none, as in many containers."""
    for path in MACHINE_ID:
        try:
            found = path.read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue
        if found and found != "uninitialized":
            return hashlib.sha256(f"syncline {found}".encode()).hexdigest()[:16]
    return ""


def home(url: sa.URL) -> Home | None:
    """Where a database is being opened; None: it is in memory, and nobody can copy it."""
    if url.get_backend_name() == "sqlite":
        if url.database in {None, "", ":memory:"}:
            return None
        return Home(machine(), str(Path(str(url.database)).resolve()))
    place = f"{url.host or 'local socket'}:{url.port or 5432}/{url.database}"
    return Home(machine(), place)


def path(url: sa.URL, folder: Path, environment: Mapping[str, str]) -> Path:
    """Where the stamp stands: beside a file; else in the service's own folder, or beside the configuration.

    Args:
        url: Of the database, not in memory.
        folder: Of the configuration.
        environment: Of the process.
    """
    if url.get_backend_name() == "sqlite":
        return Path(f"{Path(str(url.database)).resolve()}.stamp")
    state = environment.get(STATE, "").partition(":")[0]
    found = home(url)
    assert found is not None
    name = hashlib.sha256(found.place.encode()).hexdigest()[:12]
    return (Path(state) if state else folder.resolve()) / f"syncline-{name}.stamp"


def read(file: Path) -> Stamp | Unreadable | None:
    """What the stamp says; None: there is none."""
    try:
        with file.open("rb") as handle:
            raw = json.loads(handle.read(_LARGEST))
        place = raw["home"]
        return Stamp(
            str(raw["identity"]),
            int(raw["generation"]),
            int(raw["beat"]),
            Home(str(place["machine"]), str(place["place"])),
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unreadable(f"{file}: {error.strerror}")
    except (ValueError, KeyError, TypeError):
        return Unreadable(f"{file} is no stamp of Syncline")


def write(file: Path, stamp: Stamp) -> None:
    """Put it there, durably.

    Raises:
        Configuration: it cannot be written.
    """
    text = json.dumps(
        {
            "about": "Syncline's stamp of its database: with it a copy or a restored backup is known. Leave it beside the database.",
            "identity": stamp.identity,
            "generation": stamp.generation,
            "beat": stamp.beat,
            "home": {"machine": stamp.home.machine, "place": stamp.home.place},
        },
        indent=1,
    )
    fresh = file.with_name(f"{file.name}.new")
    try:
        with fresh.open("w", encoding="utf-8") as handle:
            handle.write(text + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        fresh.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Configuration(
            f"the stamp {file} cannot be written ({error.strerror}): without it a restored backup would not be known; "
            "give the daemon's user write access to it and to its folder"
        ) from None
