"""What goes to the terminal: one JSON object, or tables and sentences; never a control character of a stranger."""

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

FINE: Final = 0
FINDINGS: Final = 1
"""Exit code: it was done, and there is something to be looked at."""
WRONG: Final = 2
"""Exit code: it was not done, because the command or the configuration is wrong."""

NONE: Final = "-"
"""Stands for nothing in a table."""

_BLANKS: Final = frozenset("\t\n\r\v\f\u2028\u2029")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_WIDE: Final = 10_000
"""Columns of an output that is no terminal: a line that somebody greps must stay one line."""


def plain(text: object, *, lines: bool = False) -> str:
    """A stranger's text as a terminal may have it: no control, format or surrogate characters, so that it can neither
    move the cursor nor hide anything; on one line unless `lines`."""
    shown = "".join(_harmless(char) for char in str(text).replace("\r\n", "\n"))
    return shown if lines else shown.replace("\n", " ").strip()


def _harmless(char: str) -> str:
    if char == "\n":
        return char
    if char in _BLANKS:
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in _HIDDEN else char


def shortened(text: object, longest: int = 120) -> str:
    """On one line, and cut with a visible mark where it is long."""
    line = plain(text)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def moment(at: datetime | None) -> str:
    """`2026-11-23 09:00:05`, UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else NONE


def span(seconds: float | None) -> str:
    """`3s`, `5m`, `2h`, `4d`: the largest unit that there is at least two of."""
    if seconds is None:
        return NONE
    for unit, letter in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * unit:
            return f"{int(seconds // unit)}{letter}"
    return f"{int(seconds)}s"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 incident`, `2 incidents`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def value(raw: Any) -> str:
    """A common value as people read it."""
    if raw is None or raw == "" or raw == ():
        return NONE
    if isinstance(raw, tuple | list):
        return shortened(", ".join(map(str, raw)))
    return shortened(raw)


def jsonable(raw: Any) -> Any:
    """Anything that commands show, as JSON has it: times in ISO 8601, UTC."""
    if isinstance(raw, datetime):
        return raw.isoformat().replace("+00:00", "Z")
    if isinstance(raw, Enum):
        return raw.value
    if isinstance(raw, Mapping):
        return {str(key): jsonable(item) for key, item in raw.items()}
    if isinstance(raw, list | tuple | set | frozenset):
        return [jsonable(item) for item in raw]
    if raw is None or isinstance(raw, str | int | float | bool):
        return raw
    return str(raw)


def as_json(document: Mapping[str, Any], *, indented: bool = True) -> str:
    """The object as text. It is pure ASCII: no text in it can do anything to a terminal."""
    return json.dumps(jsonable(document), indent=2 if indented else None)


def console(stream: TextIO) -> "Console":
    """Where tables go. Text is never taken for markup; without a terminal there is neither colour nor a fixed width."""
    from rich.console import Console

    terminal = stream.isatty()
    return Console(
        file=stream,
        markup=False,
        emoji=False,
        highlight=False,
        no_color=not terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb",
        width=None if terminal else _WIDE,
    )


def say(text: object = "", style: str | None = None) -> None:
    """A line, or several, on standard output."""
    out = console(sys.stdout)
    out.print(plain(text, lines=True), style=style, soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """A table on standard output; nothing but its title where there are no rows, and no head where no column has a name."""
    from rich import box
    from rich.table import Table

    out = console(sys.stdout)
    head = any(columns)
    grid = Table(
        box=box.SIMPLE_HEAD if out.is_terminal and head else None,
        pad_edge=False,
        show_edge=False,
        show_header=head,
    )
    for column in columns:
        grid.add_column(column, overflow="fold", header_style="bold")
    for row in rows:
        grid.add_row(*[plain(cell) for cell in row])
    if title is not None:
        say(title, "bold")
    if not grid.row_count:
        return
    with out.capture() as captured:
        out.print(grid)
    sys.stdout.write("\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n")


def complain(text: str) -> None:
    """A line, or several, on standard error."""
    sys.stderr.write(plain(text, lines=True).rstrip("\n") + "\n")


@contextmanager
def progress(text: str) -> "Iterator[Callable[[str], None]]":
    """Says what is being done while it lasts, where somebody watches; gives what tells it."""
    if not sys.stderr.isatty():
        yield lambda _text: None
        return
    with console(sys.stderr).status(plain(text)) as status:
        yield lambda doing: status.update(plain(doing))


def write_new(files: Mapping[Path, str], *, force: bool) -> None:
    """Write files that a person asked for; with `force` over what stands there.

    Raises:
        FileExistsError: one of them is there already; none is written.
    """
    standing = [path for path in files if path.exists()]
    if standing and not force:
        named = ", ".join(map(str, standing))
        raise FileExistsError(f"{named}: already there, and nothing was written; --force overwrites")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
