"""A new plugin: the example's connector and stand under another name, with what makes them a package."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from syncline.errors import Configuration

_NAME: Final = re.compile(r"[a-z][a-z0-9]{1,30}")

_PYPROJECT: Final = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "syncline-{name}"
version = "0.1.0"
description = "{title} for Syncline."
requires-python = ">=3.11"
dependencies = ["syncline>={version}"]

[project.optional-dependencies]
test = ["pytest>=8.4"]

[project.entry-points."syncline.connectors"]
{name} = "syncline_{name}:plugin"

# By it `syncline connector test {name}` finds what to test on.
[project.entry-points."syncline.stands"]
{name} = "syncline_{name}.stand:{camel}Stand"

[tool.hatch.build.targets.wheel]
packages = ["syncline_{name}"]

[tool.pytest.ini_options]
empty_parameter_set_mark = "fail_at_collect"
"""

_README: Final = """\
# {title} for Syncline

    python -m venv .venv && . .venv/bin/activate
    pip install -e '.[test]'
    pytest                            # the conformance kit; each check says why and what to do
    pytest -k poll -rs                # some of it; -rs says which checks do not apply, and why
    syncline connector test {name}    # the same without pytest, and the tier

It works already, with a {title} that exists in `stand.py` alone. Now make it yours, in this order, and run the tests after each step:

1. `stand.py`: what your platform answers, as strict as its documentation says, and how a person uses it. Or a stand of a real server.
2. `connector.py`: settings and authentication, then reading, polling, writing.
3. `Capabilities`: what the documentation states. The kit finds what is claimed or denied wrongly.
4. `MAPPING`: statuses and priorities in your platform's words; the keys stand in Syncline's page for admins, docs/admins.md.
5. See it at work: a simulated ServiceNow (`syncline sandbox --instances snow=servicenow --config-out syncline.yaml`), your platform
   as a second instance, a route, then `syncline check` and `syncline run`.

Syncline's page for integrators, docs/connectors.md, explains each; docs/examples/roundup is a connector that was finished so,
for a tracker that is real, on a stand of its real server. These pages stand in Syncline's sources, and not in what pip installs.
"""

_INIT: Final = """\
\"\"\"{title} for Syncline.\"\"\"

from syncline_{name}.connector import plugin

__all__ = ["plugin"]
"""

_TEST: Final = """\
\"\"\"{title} does all that Syncline relies on.\"\"\"

from syncline.testing import conformance
from syncline_{name} import plugin
from syncline_{name}.stand import {camel}Stand

Test{camel} = conformance(plugin, {camel}Stand)
"""


def scaffold(name: str, title: str, version: str) -> Mapping[str, str]:
    """The files of a new plugin: relative path to content.

    Args:
        name: The platform's: small letters and digits.
        title: What people read; empty: made of the name.
        version: The Syncline that it needs at least.

    Raises:
        Configuration: the name or the title cannot be used.
    """
    if not _NAME.fullmatch(name):
        raise Configuration(
            f"{name!r} is no name for a platform: take small letters and digits, such as acmedesk"
        )
    title = title or name.capitalize()
    if not title.isprintable() or any(mark in title for mark in "\"'\\{}"):
        raise Configuration(
            f"the title {title!r} holds quotes, braces or backslashes; take letters, digits and blanks"
        )
    camel = (
        "".join(word[:1].upper() + word[1:] for word in re.split(r"[^0-9A-Za-z]+", title) if word)
        or name.capitalize()
    )
    camel = camel if camel.isidentifier() and camel.isascii() else name.capitalize()
    words = {"name": name, "title": title, "camel": camel, "version": version}
    package = f"syncline_{name}"
    return {
        "pyproject.toml": _PYPROJECT.format(**words),
        "README.md": _README.format(**words),
        f"{package}/__init__.py": _INIT.format(**words),
        f"{package}/connector.py": _renamed("acme_desk.py", **words),
        f"{package}/stand.py": _renamed("acme_stand.py", **words),
        f"tests/test_{name}.py": _TEST.format(**words),
    }


def _renamed(file: str, *, name: str, title: str, camel: str, version: str) -> str:  # noqa: ARG001  one set of words
    """A module of the example, under the new name."""
    text = files("syncline.testing.example").joinpath(file).read_text(encoding="utf-8")
    for old, new in {
        "acme_desk.py": "connector.py",
        "acmedesk": name,
        "AcmeDesk": camel,
        "Acme Desk": title,
        "AcmeSettings": f"{camel}Settings",
        "AcmeStand": f"{camel}Stand",
        "acme-secret": f"{name}-secret",
    }.items():
        text = text.replace(old, new)
    return text
