"""The instances of `syncline.yaml`: each is held against the settings of its plugin."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from syncline.configuration.model import Instance
from syncline.configuration.specification import InstanceEntry
from syncline.http.settings import InstanceSettings, InvalidSettings, is_secret, variable
from syncline.mapping.document import Loc
from syncline.mapping.validation import suggestion

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}\Z")
_RESERVED: Final = frozenset({"all", "database", "secrets"})
"""`all` means something in a route; the other two would share environment variables with Syncline itself."""

CHANNEL: Final = "channel-"
"""What the variables of channels begin with; an instance of such a name would share them."""

Registry = Mapping[str, type[InstanceSettings]]
"""Platform to the settings class of its plugin."""


class Note(Protocol):
    """Puts down a fault at a place of the file."""

    def __call__(self, loc: Loc, message: str, *, value: bool = True) -> None:
        """The fault."""
        ...


def instance(
    name: str, entry: InstanceEntry, folder: Path, settings: Registry, broken: Mapping[str, str], note: Note
) -> Instance | None:
    """The instance of that entry; None where it has faults. `folder` is where the file lies."""
    loc: Loc = ("instances", name)
    sound = True
    if not _NAME.match(name) or name in _RESERVED or name.startswith(CHANNEL):
        why = "cannot be the name of an instance" if not _NAME.match(name) else "is taken by Syncline itself"
        note(loc, f'"{name}" {why}; use small letters, digits and hyphens, such as snow-prod', value=False)
        sound = False
    mapping = folder / entry.mapping if entry.mapping is not None else None
    if mapping is not None and not mapping.is_file():
        note(
            (*loc, "mapping"),
            f"there is no mapping file {mapping}; leave the key out for the default mapping",
        )
        sound = False
    kind = settings.get(entry.platform)
    if kind is None:
        note((*loc, "platform"), _unknown(entry.platform, settings, broken))
        return None
    values = dict(entry.model_extra or {})
    for field in list(values):
        info = kind.model_fields.get(field)
        if field == "name":
            note((*loc, field), "the name of an instance is the key that it stands under", value=False)
        elif info is not None and is_secret(info):
            note(
                (*loc, field),
                f"{field} is a secret and must not stand in this file; take it out, have it replaced if the file was"
                f" ever shared, and set the environment variable {variable(name, field)}",
                value=False,
            )
        else:
            continue
        sound = False
        del values[field]
    try:
        # Without a name that can be one nothing could be looked up; the rest is looked at under a stand-in.
        made = kind.load(
            {**values, "name": name if _NAME.match(name) else "instance", "platform": entry.platform}
        )
    except InvalidSettings as error:
        for fault in error.faults:
            note(
                (*loc, fault.field) if fault.field else loc,
                _said(fault.field, fault.message),
                value=fault.field in values,
            )
        return None
    return Instance(name, entry.platform, made, mapping) if sound else None


def _said(field: str, message: str) -> str:
    return f"{field}: {message}" if field else message


def _unknown(platform: str, settings: Registry, broken: Mapping[str, str]) -> str:
    if platform in broken:
        return f'the connector for "{platform}" could not be loaded: {broken[platform]}'
    return f'there is no connector for "{platform}"{suggestion(platform, sorted(settings))}'
