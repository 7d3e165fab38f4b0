"""Where the files that are shipped with Syncline lie: in the installed package, or in the checkout."""

from pathlib import Path
from typing import Final

import syncline
from syncline.errors import Configuration

_PACKAGE: Final = Path(syncline.__file__).resolve().parent
_PLACES: Final = (_PACKAGE / "_defaults", _PACKAGE.parent.parent)
"""In a wheel; in a checkout that is installed editable."""


def defaults(name: str) -> Path:
    """The shipped file or folder of that name: `mappings/servicenow.yaml`, `config/syncline.yaml`.

    Raises:
        Configuration: Syncline is not installed whole.
        ValueError: the name leads out of `mappings` and `config`.
    """
    parts = Path(name).parts
    if not parts or parts[0] not in {"mappings", "config"} or ".." in parts:
        raise ValueError(f"{name!r} is no shipped file; they lie in mappings/ and config/")
    for place in _PLACES:
        if (place / name).exists():
            return place / name
    raise Configuration(f"{name} is not there, and should have come with Syncline; install it again")


def default_mapping(platform: str) -> Path | None:
    """The mapping of a platform that is shipped with Syncline, None where there is none."""
    # A platform's name comes from a plugin or a file: it must not become a path.
    if not platform.isidentifier():
        return None
    found = defaults("mappings") / f"{platform}.yaml"
    return found if found.exists() else None
