"""Lists: incidents by their filters and order, and the log. Neither looks at more than the page needs where it can."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Generic, TypeVar

from syncline.sandbox.pagerduty.account import Account, Moment
from syncline.sandbox.pagerduty.reading import Page, Query, day_of, moment, months_before, page_of
from syncline.sandbox.pagerduty.records import STATUSES, Incident, LogEntry
from syncline.sandbox.pagerduty.refusals import invalid
from syncline.sandbox.pagerduty.rendering import OVERVIEW
from syncline.sandbox.pagerduty.updates import URGENCIES

WIDEST: Final = 6
"""Months that `since` and `until` may be apart (api-schema, since_incidents)."""

Test = Callable[[Incident], bool]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Taken(Generic[T]):
    """What a page holds.

    Attributes:
        rows: In order.
        more: Whether there are more behind them.
        total: How many match, where that was asked for.
    """

    rows: list[T]
    more: bool
    total: int


_SORTS: Final[dict[str, Callable[[Incident], int]]] = {
    "incident_number": lambda incident: incident.number,
    "created_at": lambda incident: incident.number,
    "resolved_at": lambda incident: incident.resolved_at or 0,
    "urgency": lambda incident: int(incident.urgency == "high"),
}
"""Numbers count up with time, and break no tie of times wrongly."""


class Lists:
    """Answers the list requests of one account, with JSON text."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._records = account.records

    def incidents(self, query: Query, now: Moment) -> str:
        """`GET /incidents`.

        Raises:
            RefusalError: a parameter is not legal.
        """
        page = page_of(query)
        since, until = self._window(query, now)
        tests, statuses = self._tests(query)
        descending, keys = _order(query)
        key = query.one("incident_key")
        found: Iterable[Incident]
        if key is not None:
            tests += [
                lambda i: not statuses or i.status in statuses,
                lambda i: (since is None or i.created >= since) and (until is None or i.created < until),
            ]
            matching = self._records.matching_key(key)
            found = reversed(matching) if descending else matching
        else:
            numbers, positions, exact = self._records.numbers(statuses, since, until)
            if not exact:
                tests.append(lambda incident: incident.status in statuses)
            if descending:
                positions = positions[::-1]
            listed = self._records.incidents
            if not tests and not keys:
                # The index says it all: nothing before the page is looked at.
                end = page.offset + page.limit
                rows = [listed[numbers[at] - 1] for at in positions[page.offset : end]]
                return self._wrap_incidents(query, page, Taken(rows, len(positions) > end, len(positions)))
            found = (listed[numbers[at] - 1] for at in positions)
        found = _matching(found, tests)
        if keys:
            ordered = list(found)
            # The last of the fields first: sorting is stable.
            for by, falling in reversed(keys):
                ordered.sort(key=_SORTS[by], reverse=falling)
            found = ordered
        return self._wrap_incidents(query, page, _take(found, page))

    def _wrap_incidents(self, query: Query, page: Page, taken: Taken[Incident]) -> str:
        include = frozenset(query.many("include"))
        shown = [self._account.renderer.incident_text(row, include) for row in taken.rows]
        return page.wrap_texts("incidents", shown, more=taken.more, total=taken.total)

    def _window(self, query: Query, now: Moment) -> tuple[int | None, int | None]:
        if query.one("date_range") == "all":
            # Since and until are ignored then (api-schema, date_range).
            return None, None
        zone = self._account.zone
        since_text, until_text = query.one("since"), query.one("until")
        # One second more, so that what happened in this second is in.
        until = now.at + 1 if until_text is None else moment(until_text, "until", zone)
        # Without `since` the last month (api-schema, since_incidents).
        since = months_before(until, 1) if since_text is None else moment(since_text, "since", zone)
        if self._account.settings.date_part_only:
            since, until = day_of(since, zone)[0], day_of(until, zone)[1]
        # A `since` in the future by itself finds nothing: a client's clock may run ahead.
        if since > until and until_text is not None:
            raise invalid("Since must be before until.")
        if since < months_before(until, WIDEST) - 86_400:
            raise invalid(f"The date range must not exceed {WIDEST} months.")
        return since, until

    def _tests(self, query: Query) -> tuple[list[Test], frozenset[str]]:
        statuses = frozenset(query.many("statuses"))
        if not statuses <= set(STATUSES):
            raise invalid("Status must be a list of triggered, acknowledged, or resolved.")
        tests: list[Test] = []
        urgencies = frozenset(query.many("urgencies"))
        if not urgencies <= set(URGENCIES):
            raise invalid("Urgency must be high or low.")
        if urgencies:
            tests.append(lambda incident: incident.urgency in urgencies)
        services = frozenset(query.many("service_ids"))
        if services:
            tests.append(lambda incident: incident.service.id in services)
        users = frozenset(query.many("user_ids"))
        if users:
            # Only incidents that are assigned now: resolved ones are not (api-schema, user_ids[]).
            tests.append(lambda incident: any(user in users for _, user in incident.assignments))
        teams = frozenset(query.many("team_ids"))
        if teams:
            tests.append(lambda incident: any(team["id"] in teams for team in incident.service.teams))
        return tests, statuses

    def entries(self, query: Query, now: Moment, lag: float) -> str:
        """`GET /log_entries`: the log of the account.

        Raises:
            RefusalError: a parameter is not legal.
        """
        since, until = self._span(query)
        positions = self._records.entry_range(since, until, now.exact - lag)
        if self._account.settings.newest_first:
            positions = positions[::-1]
        teams = frozenset(query.many("team_ids"))
        page = page_of(query)
        overview = query.flag("is_overview")
        if not teams and not overview:
            chosen = positions[page.offset : page.offset + page.limit]
            rows = [self._records.entries[at] for at in chosen]
            more = len(positions) > page.offset + page.limit
            return self._wrap(query, page, Taken(rows, more, len(positions)))
        found = (
            entry
            for entry in (self._records.entries[at] for at in positions)
            if (not overview or entry.type in OVERVIEW)
            and (not teams or any(team["id"] in teams for team in entry.incident.service.teams))
        )
        return self._wrap(query, page, _take(found, page))

    def incident_entries(self, incident: Incident, query: Query, now: Moment, lag: float) -> str:
        """`GET /incidents/{id}/log_entries`.

        Raises:
            RefusalError: a parameter is not legal.
        """
        since, until = self._span(query)
        overview = query.flag("is_overview")
        listed = reversed(incident.entries) if self._account.settings.newest_first else iter(incident.entries)
        found = (
            entry
            for entry in listed
            if (since is None or entry.at >= since)
            and (until is None or entry.at <= until)
            and entry.seen_from <= now.exact - lag
            and (not overview or entry.type in OVERVIEW)
        )
        page = page_of(query)
        return self._wrap(query, page, _take(found, page))

    def _span(self, query: Query) -> tuple[int | None, int | None]:
        texts = [query.one(name) for name in ("since", "until")]
        since, until = (
            None if text is None else moment(text, name, self._account.zone)
            for name, text in zip(("since", "until"), texts, strict=True)
        )
        if since is not None and until is not None and since > until:
            raise invalid("Since must be before until.")
        return since, until

    def _wrap(self, query: Query, page: Page, taken: Taken[LogEntry]) -> str:
        include = frozenset(query.many("include"))
        shown = [self._account.renderer.entry_text(entry, include) for entry in taken.rows]
        return page.wrap_texts("log_entries", shown, more=taken.more, total=taken.total)


def _order(query: Query) -> tuple[bool, list[tuple[str, bool]]]:
    """Whether the numbers fall, and by what to sort; nothing to sort by where the order of numbers is it."""
    keys: list[tuple[str, bool]] = []
    for part in query.many("sort_by"):
        name, _, direction = part.partition(":")
        if name not in _SORTS or direction.lower() not in {"", "asc", "desc"}:
            raise invalid(
                "Sort by must be incident_number, created_at, resolved_at or urgency, with asc or desc."
            )
        keys.append((name, direction.lower() == "desc"))
    if len(keys) > 2:
        raise invalid("Sort by takes a maximum of two fields.")
    if not keys:
        return False, []
    # Numbers count up with time: both say the same, and no two incidents are equal in either.
    if keys[0][0] in {"incident_number", "created_at"}:
        return keys[0][1], []
    return False, keys


def _matching(found: Iterable[Incident], tests: list[Test]) -> Iterator[Incident]:
    match tests:
        case []:
            return iter(found)
        case [only]:
            return filter(only, found)
        case _:
            return (incident for incident in found if all(test(incident) for test in tests))


def _take(found: Iterable[T], page: Page) -> Taken[T]:
    rows = iter(found)
    skipped = sum(1 for _ in islice(rows, page.offset))
    taken = list(islice(rows, page.limit))
    if page.total:
        rest = sum(1 for _ in rows)
        return Taken(taken, rest > 0, skipped + len(taken) + rest)
    return Taken(taken, next(rows, None) is not None, 0)
