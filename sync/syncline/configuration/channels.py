"""The channels of `syncline.yaml`: ways to reach people beside the platforms' own."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from syncline.configuration.instances import Note
from syncline.configuration.model import Channel
from syncline.configuration.specification import ChannelEntry

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}\Z")


def channels(
    entries: Mapping[str, ChannelEntry], instances: Collection[str], folder: Path, note: Note
) -> dict[str, Channel]:
    """The channels of those entries. `folder` is where the file lies, `instances` are the names of its instances."""
    found = {}
    for name, entry in entries.items():
        if not _NAME.match(name):
            note(
                ("channels", name),
                f'"{name}" cannot be the name of a channel; use small letters, digits and hyphens, such as sms',
                value=False,
            )
        elif name in instances:
            note(
                ("channels", name),
                f'"{name}" is an instance already; give the channel a name of its own',
                value=False,
            )
        else:
            secrets = folder / entry.secrets_dir if entry.secrets_dir is not None else None
            found[name] = Channel(name, entry.longest, secrets)
    return found
