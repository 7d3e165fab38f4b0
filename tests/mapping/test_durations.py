"""Durations as people write them."""

from datetime import timedelta

import pytest

from syncline.mapping.durations import duration, said


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("10m", 600),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2d", 172_800),
        ("1d1h1m1s", 90_061),
        ("1w2d", 777_600),
        ("10 m", 600),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "10",
        "m",
        "30m1h",
        "-5m",
        "1.5h",
        "10 minutes",
        "1 0m",
        "１0m",
        "10m\n5",
        10,
        None,
        True,
        ["1m"],
        "9" * 99 + "s",
    ],
)
def test_what_is_no_duration(raw: object) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        duration(raw)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(minutes=90), "90m"),
        (timedelta(hours=4), "4h"),
        (timedelta(days=14), "14d"),
        (timedelta(seconds=61), "61s"),
        (timedelta(0), "0s"),
    ],
)
def test_durations_are_said_as_they_are_written(span: timedelta, text: str) -> None:
    assert said(span) == text
    assert duration(text) == span
