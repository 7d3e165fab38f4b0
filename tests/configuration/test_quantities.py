"""Sizes and dates as people write them."""

from datetime import UTC, datetime

import pytest

from syncline.configuration.quantities import moment, size


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
