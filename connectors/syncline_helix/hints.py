"""Which incidents the message of an "AR System Webhook" is about. Pure; what it says of their state is not believed.

The message is unsigned. It holds the fields that were chosen when the webhook was registered (BMC, "Adding AR System webhook to
receive automatic notifications"); how they are nested is not documented, so the Incident Number is looked for wherever it may stand.
"""

from collections.abc import Iterator
from typing import Any, Final

from syncline.connector import Hint, hook_body
from syncline_helix.records import NUMBER, is_number

_DEEPEST: Final = 4


def hints(raw: bytes) -> tuple[Hint, ...]:
    """The incidents whose number the body holds.

    Raises:
        ValueError: the body is no JSON object or list, or holds no Incident Number.
    """
    found = dict.fromkeys(_numbers(hook_body(raw), 0))
    if not found:
        raise ValueError(f"the body holds no {NUMBER}: choose that field for the webhook")
    return tuple(Hint(number) for number in found)


def _numbers(part: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(part, dict):
        number = part.get(NUMBER)
        if isinstance(number, str) and is_number(number):
            yield number
    children = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for child in children:
        yield from _numbers(child, depth + 1)
