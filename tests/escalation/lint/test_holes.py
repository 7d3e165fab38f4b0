"""Holes against somebody who asks at many instants who is on call: none is missed, and none is made up."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from syncline.escalation.lint import lint
from syncline.escalation.reading import read_book
from syncline.escalation.rota import served

ZONES = ("Europe/Paris", "America/New_York", "Asia/Singapore", "Australia/Lord_Howe")
START = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rota(rng):
    """A file with one tier, served by up to three schedules, and a policy that pages it day and night."""
    lines = ["escalation: 1", "tz: Europe/Paris", "people:"]
    for name in "abcd":
        day = START.date() + timedelta(days=rng.randrange(-10, 300))
        away = f", away: {day}/{day + timedelta(days=rng.randrange(20))}" if rng.random() < 0.5 else ""
        lines.append(f"  {name}: {{reach: {{sms: s, email: e}}{away}}}")
    lines.append("schedules:")
    count = rng.randrange(1, 4)
    for number in range(count):
        lines += [f"  s{number}:", f"    tz: {rng.choice(ZONES)}", "    layers:"]
        for _ in range(rng.randrange(1, 3)):
            people, every = ", ".join(rng.sample("abcd", 2)), rng.choice(["1w", "1d", "12h"])
            opens = rng.randrange(0, 12)
            only = f"{opens:02d}:00-{opens + rng.randrange(6, 12):02d}:30"
            part = f", only: {{{rng.choice(['daily', 'mon-fri'])}: {only}}}" if rng.random() < 0.5 else ""
            begin = START.date() + timedelta(days=rng.choice([-400, -400, -400, 30]))
            weekday = "mon " if every == "1w" else ""
            lines.append(
                f'      - {{rotate: [{people}], every: {every}, handoff: "{weekday}08:00", from: {begin}{part}}}'
            )
        if rng.random() < 0.5:
            lines.append(f"    backfill: s{rng.randrange(count)}")
    lines.append(f"tiers: {{T: {{who: [{', '.join(f's{n}' for n in range(count))}]}}}}")
    lines.append("policies:")
    lines.append("  - {id: all, steps: [{at: 0m, page: T, until: ack}], end: {page: T, every: 1h}}")
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(40))
def test_holes_are_those_that_somebody_would_meet(seed):
    rng = Random(seed)
    text = rota(rng)
    book = read_book(text, "rota.yaml")
    found = lint(book, file="rota.yaml", today=START)
    holes = [one for one in found if one.code in {"E10", "W10"}]
    asked = [START + HOUR * rng.randrange(365 * 24) for _ in range(400)]
    met = [at for at in asked if not served(book, book.tiers["T"].who, at + HOUR / 4)]
    assert bool(holes) or not met, text
    for hole in holes:
        at = _instant(hole.witness["from"])
        assert served(book, book.tiers["T"].who, at + timedelta(seconds=30)) == []
        if at > START:
            assert served(book, book.tiers["T"].who, at - timedelta(seconds=30)) != []


def _instant(shown):
    """`Sat 2026-12-26 18:00 Europe/Paris (2026-12-26 17:00 UTC)` as an instant."""
    _, day, _, _, rest = shown.split(" ", 4)
    parts = rest.strip("()").removesuffix(" UTC").split()
    return datetime.fromisoformat(f"{parts[0] if len(parts) > 1 else day}T{parts[-1]}").replace(tzinfo=UTC)
