"""An oracle for local clocks that shares nothing with what it judges: it looks at the clock minute by minute."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

MINUTE = timedelta(minutes=1)
ZONES = (
    "Africa/Casablanca",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/London",
    "Europe/Paris",
    "Pacific/Apia",
    "Pacific/Chatham",
)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
LAST = datetime(2031, 1, 1, tzinfo=UTC)


class Watcher:
    """What somebody sees who never takes their eyes off a local clock, and does not believe that it is put back."""

    zones = ZONES
    first = FIRST
    last = LAST

    @staticmethod
    @cache
    def turning_points(name):
        """The instants of 2024 to 2030 at which the offset changes, found by looking every quarter of an hour."""
        tz = ZoneInfo(name)
        count = int((LAST - FIRST) / timedelta(minutes=15))
        seen = [FIRST + number * timedelta(minutes=15) for number in range(count)]
        offsets = [at.astimezone(tz).utcoffset() for at in seen]
        return [seen[i + 1] for i, (one, other) in enumerate(pairwise(offsets)) if one != other]

    @staticmethod
    def clock(name, start, count):
        """For `count` minutes from `start` on: the latest local time that was shown so far."""
        tz = ZoneInfo(name)
        latest = None
        for number in range(-180, count):
            at = start + number * MINUTE
            shown = at.astimezone(tz).replace(tzinfo=None, fold=0)
            latest = shown if latest is None else max(latest, shown)
            if number >= 0:
                yield at, latest

    def instant(self, name, local):
        """The first minute at which the clock shows that time or a later one."""
        start = local.replace(tzinfo=UTC) - timedelta(hours=15)
        return next(at for at, shown in self.clock(name, start, 31 * 60) if shown >= local)


@pytest.fixture(scope="session")
def watcher():
    return Watcher()
