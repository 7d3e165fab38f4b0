"""Where a poll stands and what it asks next. Pure: cursors in, queries and cursors out.

A *pass* asks for all issues with `updated >= from`, oldest change first, in pages. Most passes reach only
`REACH` seconds back beyond the watermark; every quarter of the instance's overlap one reaches back the whole of it,
for issues that the search index showed late. An issue is so seen for certain if it becomes visible within three
quarters of the overlap. Bounds are epoch milliseconds, the one form of JQL that no account's time zone changes.

- The watermark is the platform's time at which a pass began, so what changed while its pages were read is seen by
  the next one. Where replies carry no `Date` it is the newest change seen.
- Cloud gives a token for the next page. Data Center gives offsets, which shift when issues move: each page begins
  anew at the second of the last issue seen (Lucene keeps seconds), and an offset is used only within one second,
  overlapping by one issue that must be found again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from syncline.connector import Cursor
from syncline.errors import Configuration
from syncline_jira import shape

REACH: Final = 5_000
"""Milliseconds that a quick pass reaches back: nodes whose clocks differ, changes committed out of order."""

PAGE: Final = 100
"""Most issues in a page with fields (Jira REST API docs: search)."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a poll has come; all times in milliseconds since 1970 on the platform's clock.

    Attributes:
        mark: Everything up to here was seen, but for what became visible late.
        floor: Nothing before it is wanted.
        deep: When the last pass with the long reach began.
        began: When the pass under way began; 0: none is under way.
        since: The lower bound of the pass under way.
        newest: The newest change that the pass under way has seen.
        long: Whether the pass under way has the long reach.
        token: Cloud: the next page.
        offset: Data Center: issues of `since` to step over.
        anchor: Data Center: id of the issue that must stand first after stepping over.
    """

    mark: int
    floor: int
    deep: int
    began: int = 0
    since: int = 0
    newest: int = 0
    long: bool = False
    token: str = ""
    offset: int = 0
    anchor: str = ""

    def cursor(self) -> Cursor:
        """As JSON."""
        return asdict(self)


def place(cursor: Cursor, instance: str) -> Place:
    """The place that a cursor holds.

    Raises:
        Configuration: the cursor is not one of ours.
    """
    try:
        found = Place(**cursor)
    except TypeError:
        raise Configuration(
            f"{instance}: the stored poll cursor is not one of the Jira connector; start a new poll"
        ) from None
    numbers = (found.mark, found.floor, found.deep, found.began, found.since, found.newest, found.offset)
    if not all(type(number) is int for number in numbers) or not isinstance(found.token, str):
        raise Configuration(f"{instance}: the stored poll cursor is damaged; start a new poll")
    return found


def beginning(since: int) -> Place:
    """The place that sees everything from `since` on."""
    return Place(mark=since, floor=since, deep=since)


def opened(at: Place, now: int | None, overlap: float) -> Place:
    """The place with a pass under way.

    Args:
        at: Where we are.
        now: The platform's time, None where it is not known yet.
        overlap: Seconds of the long reach.
    """
    if at.began:
        return at
    # Before the first reply we have no clock of the platform's: then reach back long, that loses nothing.
    long = now is None or now - at.deep >= overlap * 250
    reach = max(int(overlap * 1000), REACH) if long else REACH
    since = max(at.mark - reach, at.floor)
    return replace(
        at,
        began=max(now or at.mark, 1),
        since=since,
        newest=at.mark,
        long=long,
        token="",
        offset=0,
        anchor="",
    )


def ended(at: Place, now: int | None) -> Place:
    """The place after the last page of a pass."""
    # A record dated into the future must not carry the watermark along.
    newest = at.newest if now is None else min(at.newest, now)
    mark = max(at.mark, at.began if now is not None else newest)
    return Place(mark=mark, floor=at.floor, deep=at.began if at.long else at.deep)


def forgotten(at: Place) -> Place:
    """The place before the pass under way, for one that cannot be continued."""
    return Place(mark=at.mark, floor=at.floor, deep=at.deep)


def seen(at: Place, rows: Sequence[tuple[str, int]]) -> Place:
    """The place after a page of (id, updated) rows."""
    return replace(at, newest=max([at.newest, *(updated for _, updated in rows)]))


def after_token(at: Place, token: object) -> Place | None:
    """Cloud: where the next page begins; None after the last one."""
    following = shape.text(token)
    return replace(at, token=following) if following and following != at.token else None


def after_offset(at: Place, rows: Sequence[tuple[str, int]], total: int) -> Place | None:
    """Data Center: where the next page begins; None after the last one.

    Args:
        at: Where this page began.
        rows: Id and time of change, as the page has them.
        total: How many issues the query matches.
    """
    if at.anchor and (not rows or rows[0][0] != at.anchor):
        # Issues before the offset moved on, so others slipped past it: begin this second again.
        return replace(at, offset=0, anchor="")
    if not rows or at.offset + len(rows) >= total:
        return None
    last_id, last_updated = rows[-1]
    second = last_updated - last_updated % 1000
    if second > at.since:
        return replace(at, since=second, offset=0, anchor="")
    return replace(at, offset=at.offset + max(len(rows) - 1, 1), anchor=last_id if len(rows) > 1 else "")


def query(projects: Sequence[str], condition: str, since: int) -> str:
    """The JQL of a pass."""
    bound = f"{scope(projects, condition)} AND updated >= {since}"
    return f"{bound} ORDER BY updated ASC, key ASC"


def scope(projects: Sequence[str], condition: str) -> str:
    """The JQL of all issues that are ours to poll."""
    listed = ", ".join(quoted(key) for key in projects)
    return f"project in ({listed})" + (f" AND ({condition})" if condition else "")


def quoted(value: str) -> str:
    """A JQL string. Reserved words and characters lose their meaning in it (Atlassian: "JQL reserved characters")."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else " " for char in escaped) + '"'


def rows_of(issues: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Id and time of change of each issue; 0 where it has none."""
    return [
        (shape.text(issue.get("id")), shape.millis(at) if (at := shape.instant(_updated(issue))) else 0)
        for issue in issues
    ]


def _updated(issue: Mapping[str, Any]) -> object:
    return shape.mapping(issue.get("fields")).get("updated")
