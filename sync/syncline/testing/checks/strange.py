"""What stands in replies otherwise than was expected: a list that is missing, half a reply, parts that lack or are strange."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from itertools import cycle
from typing import Any, Final

import requests

from syncline.connector import Page, Record, Sighting
from syncline.errors import OutcomeUnknown, RetryLater, SynclineError
from syncline.model import Remark
from syncline.testing.check import Broken, Tier, check
from syncline.testing.trial import Trial
from syncline.testing.wiretap import alters, breaks_after, once, replies, reply

_MOST_SPOILED: Final = 40
"""Places that are spoiled at most in each reply."""

_TURNS: Final = 8


@check(
    Tier.BRONZE,
    "Raise RetryLater where the list is missing that every reply to this question has: `reply.get(...) or []` says that there is"
    " nothing.",
)
def missing_list_is_no_empty_one(t: Trial) -> None:
    """A proxy answers `{}`, and so does another version: a search that then finds nothing lets the ticket be made twice."""
    record = t.create()
    if t.plugin.capabilities.visibilities:
        t.connector.write(t.comment(record.id, "It is the disk."))
    t.settle()
    cursor = t.connector.start(t.stand.clock.now() - timedelta(hours=1))
    questions: dict[str, Callable[[Trial], object]] = {
        "find": lambda on: on.connector.find(record.marker or ""),
        "poll": lambda on: on.connector.poll(cursor, 10),
        "remarks": lambda on: on.connector.remarks(record.id),
    }
    if t.plugin.capabilities.attachments:
        questions["attachments"] = lambda on: on.connector.attachments(record.id)
    for name, ask in questions.items():
        for body in (b"{}", b"[]", b"null", b'{"error": null}'):
            trial = t.again()
            ask(trial)  # whoever must log in, and learns what the platform is like, has done so
            trial.tap.meets(replies(body), times=None)
            what = f"{name} of a platform that answers {body.decode()} to everything"
            trial.raises(SynclineError, partial(ask, trial), what)


@check(Tier.BRONZE, "Let `Http` read the reply; parse nothing that it did not check.")
def half_an_answer_is_none(t: Trial) -> None:
    """Connections end in the middle: half a list passes for the whole, and what is missing for deleted."""
    record = t.create()
    trial = t.again()
    trial.tap.meets(alters(lambda body: body[: len(body) // 2]), times=None)
    trial.raises(RetryLater, lambda: trial.connector.read(record.id), "reading half a reply")
    operation = t.change(record.id, title=t.title())
    trial = t.again()

    def halved(request: Any, send: Any) -> Any:
        told = send()
        if not told.content:
            # A reply without a body cannot be cut: the connection breaks instead.
            return breaks_after(request, lambda: told)
        return reply(
            request,
            told.status_code,
            told.content[: len(told.content) // 2],
            {"Content-Type": "application/json"},
        )

    trial.tap.meets(halved, trial.sent_for(operation), times=None)
    trial.raises(
        OutcomeUnknown, lambda: trial.connector.write(operation), "a write of which half the reply came"
    )


def _questions(record: Record, cursor: Mapping[str, Any]) -> Mapping[str, Callable[[Trial], object]]:
    return {
        "read": lambda on: on.connector.read(record.id),
        "read_many": lambda on: on.connector.read_many([record.id]),
        "poll": lambda on: on.connector.poll(cursor, 10),
        "find": lambda on: on.connector.find(record.marker or ""),
        "remarks": lambda on: on.connector.remarks(record.id),
        "attachments": lambda on: on.connector.attachments(record.id),
        "history": lambda on: on.connector.history(record.id, record.created_at),
        "schema": lambda on: on.connector.schema(),
        "check": lambda on: list(on.connector.check()),
    }


def _places(content: Any) -> list[tuple[Any, ...]]:
    """Places in a reply: of those with the same two last names, the first."""
    return list({path[-2:]: path for path in reversed(list(_paths(content)))}.values())[:_MOST_SPOILED]


def _paths(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """All places: each key of an object, and the first of a list."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield (*path, key)
            yield from _paths(value, (*path, key))
    elif isinstance(content, list) and content:
        yield (*path, 0)
        yield from _paths(content[0], (*path, 0))


_MISSING: Final = object()


def _spoiled(body: bytes, path: tuple[Any, ...], value: Any) -> bytes:
    content = json.loads(body)
    place = content
    for step in path[:-1]:
        place = place[step]
    if value is _MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(content).encode()


def _bears(t: Trial, *ways: tuple[Any, str]) -> None:
    """Ask every question with every part of every reply spoiled in each of those ways, in turn."""
    turns = cycle(ways)
    spoiled: Counter[bytes] = Counter()
    record = t.create(priority=3, description="Nobody can log in.")
    if t.plugin.capabilities.visibilities:
        t.connector.write(t.comment(record.id, "It is the disk."))
    t.settle()
    cursor = t.connector.start(t.stand.clock.now() - timedelta(hours=1))
    known: dict[tuple[str | None, ...], requests.Response] = {}
    for name, ask in _questions(record, cursor).items():
        bodies: list[bytes] = []

        def remember(body: bytes, told: list[bytes] = bodies) -> bytes:
            told.append(body)
            return body

        trial = t.again()
        trial.tap.meets(once(alters(remember), known), times=None)
        ask(trial)
        for number, body in enumerate(bodies[:8]):
            try:
                content = json.loads(body) if body else None
            except ValueError:
                continue
            places, before = _places(content), spoiled[body]
            spoiled[body] += 1
            # What several questions begin with, such as a schema, is spoiled whole for one of them, and by turns for the others.
            for path in places[(before - 1) % _TURNS :: _TURNS] if before else places:
                _ask_spoiled(t, known, name, ask, number, path, *next(turns))


def _ask_spoiled(
    t: Trial,
    known: dict[tuple[str | None, ...], requests.Response],
    name: str,
    ask: Callable[[Trial], object],
    number: int,
    path: tuple[Any, ...],
    value: Any,
    what: str,
) -> None:
    trial = t.again()
    count = [0]

    def spoil(body: bytes) -> bytes:
        count[0] += 1
        if count[0] - 1 != number:
            return body
        try:
            return _spoiled(body, path, value)
        except (LookupError, TypeError, ValueError):
            return body

    trial.tap.meets(once(alters(spoil), known), times=None)
    where = ".".join(str(step) for step in path)
    try:
        given = ask(trial)
    except SynclineError:
        return
    except Exception as error:
        raise Broken(
            f"{name}: with {where} {what} in a reply it raises {type(error).__name__}: {error}"
        ) from error
    text = next((one for one in _texts(given) if one == "None" or one.startswith(("['?'", "{'?'"))), None)
    t.claim(text is None, f"{name}: with {where} {what} in a reply it shows the text {text!r}")


def _texts(given: object) -> Iterator[str]:
    """All that people read of what a question gave."""
    match given:
        case str():
            yield given
        case Page(sightings=within):
            yield from _texts(within)
        case Sighting(record=record, remarks=remarks):
            yield from _texts((record, remarks))
        case Record(key=key, values=values, updated_by=who, marker=marker):
            yield from _texts((key, *values.values(), who, marker))
        case Remark(body=body, author=author):
            yield from (body, author)
        case tuple() | list():
            for one in given:
                yield from _texts(one)


@check(Tier.SILVER, "Say what is missing: RetryLater for a record, a Finding in `check`; never a KeyError.")
def missing_parts_are_borne(t: Trial) -> None:
    """Platforms leave out what an account may not see, and change between two releases; an exception stops the worker."""
    _bears(t, (_MISSING, "missing"))


@check(
    Tier.SILVER,
    "Hold each value against the type that you expect; null stands where a text stood yesterday, and str() makes `None` of it.",
)
def strange_parts_are_borne(t: Trial) -> None:
    """null, a number or a list where there was a text: an exception stops the worker, and a title `None` spreads to all platforms."""
    _bears(
        t,
        (["?"], "a list"),
        (None, "null"),
        ({"?": None}, "an object"),
        (7, "a number"),
        ("?", "another text"),
    )
    _bears(t, (None, "null"), ([7], "a list"), ("?", "another text"), ([], "an empty list"))
