"""Lists of stretches of time, in order and none touching another."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from syncline.escalation.roster import Span

Spans = Sequence[Span]


def both(one: Spans, other: Spans) -> list[Span]:
    """What lies in both."""
    found: list[Span] = []
    left, right = 0, 0
    while left < len(one) and right < len(other):
        start = max(one[left].start, other[right].start)
        end = min(one[left].end, other[right].end)
        if start < end:
            found.append(Span(start, end))
        if one[left].end < other[right].end:
            left += 1
        else:
            right += 1
    return found


def either(spans: Iterable[Span]) -> list[Span]:
    """All of them, in order, joined where they touch."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def without(one: Spans, other: Spans) -> list[Span]:
    """What lies in the first and not in the other."""
    found: list[Span] = []
    index = 0
    for span in one:
        at = span.start
        while index < len(other) and other[index].end <= at:
            index += 1
        ahead = index
        while ahead < len(other) and other[ahead].start < span.end:
            if at < other[ahead].start:
                found.append(Span(at, other[ahead].start))
            at = max(at, other[ahead].end)
            ahead += 1
        if at < span.end:
            found.append(Span(at, span.end))
    return found


def total(spans: Iterable[Span]) -> timedelta:
    """How long they are together."""
    return sum((span.end - span.start for span in spans), timedelta())
