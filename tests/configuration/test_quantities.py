"""Durations, sizes and dates as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from syncline.configuration.quantities import duration, moment, size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("10m", 600), ("1h30m", 5400), ("1h 30m", 5400), ("2d", 172_800), ("1d1h1m1s", 90_061)],
)
def test_durations(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "raw", ["", "10", "m", "30m1h", "-5m", "1.5h", "10 minutes", 10, None, True, ["1m"], "9" * 99 + "s"]
)
def test_what_is_no_duration(raw: object) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        duration(raw)


@pytest.mark.parametrize(
    ("text", "count"), [("10 MB", 10_000_000), ("500kb", 500_000), ("12", 12), (7, 7), ("1 GB", 10**9)]
)
def test_sizes(text: object, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("raw", ["", "MB", "-1", "1.5 MB", True, None, []])
def test_what_is_no_size(raw: object) -> None:
    with pytest.raises(ValueError, match="must be a size"):
        size(raw)


def test_moments() -> None:
    assert moment("2026-11-01") == datetime(2026, 11, 1, tzinfo=UTC)
    assert moment("2026-11-01T10:00:00+02:00") == datetime(2026, 11, 1, 8, tzinfo=UTC)
    for raw in ("soon", "2026-13-01", 20261101, None):
        with pytest.raises(ValueError, match="must be a date"):
            moment(raw)
