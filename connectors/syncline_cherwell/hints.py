"""Which incidents the message of a One-Step "Call a Web Service" is about. Pure; what it says of their state is not believed.

Cherwell has no webhooks of its own that go out: the message is what somebody wrote into the One-Step, and bears no signature. So the record id
is looked for under the names that Cherwell uses for it, wherever it may stand.
"""

from collections.abc import Iterator
from typing import Any, Final

from syncline.connector import Hint, hook_body
from syncline_cherwell.records import is_id

_NAMES: Final = ("busObRecId", "RecID", "recId")
_DEEPEST: Final = 4


def hints(raw: bytes) -> tuple[Hint, ...]:
    """The incidents whose record id the body holds.

    Raises:
        ValueError: the body is no JSON object or list, or holds no record id.
    """
    found = dict.fromkeys(_ids(hook_body(raw), 0))
    if not found:
        raise ValueError("the body holds no RecID: have the One-Step send it")
    return tuple(Hint(ident) for ident in found)


def _ids(part: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(part, dict):
        yield from (part[name] for name in _NAMES if is_id(part.get(name)))
    children = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for child in children:
        yield from _ids(child, depth + 1)
