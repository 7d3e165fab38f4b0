"""What platforms, gateways and networks do to a connector."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from itertools import cycle
from typing import Any, Final

import requests

from syncline.connector import Page, Record, Sighting
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater, SynclineError
from syncline.model import Remark
from syncline.testing.check import Broken, Tier, check
from syncline.testing.trial import Trial, shown
from syncline.testing.wiretap import alters, answers, breaks_after, once, refuses_connections, reply

PAGE: Final = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>"
_MOST_SPOILED: Final = 40
"""Places that are spoiled at most in each reply."""

_TURNS: Final = 8
DAY: Final = 86_400.0


@check(Tier.SILVER, "Let `Http` honour Retry-After; read the platform's own headers in Dialect.wait.")
def throttling_is_waited_out(t: Trial) -> None:
    """Who goes on asking is locked out; who gives up loses a change."""
    record = t.create()
    operation = t.change(record.id, title=t.title())
    t.tap.meets(answers(429, b"{}", Retry_After="40"), t.sent_for(operation), times=None)
    error = t.raises(RetryLater, lambda: t.connector.write(operation), "a write to a platform that says 429")
    t.claim(
        error.after is not None and 30 <= error.after <= 60, f"told to wait 40 s, it asks for {error.after}"
    )
    t.tap.mend()
    t.stand.wait(60)
    t.connector.write(t.change(record.id, title=t.title()))


@check(Tier.SILVER, "Let `Http` judge it; state in the dialect which codes mean `not applied` for sure.")
def unavailable_is_waited_out(t: Trial) -> None:
    """An outage is no reason to park anything, and none to stop."""
    record = t.create()
    for status in (500, 502, 503, 504):
        trial = t.again()
        trial.tap.meets(answers(status, b"{}"), times=None)
        trial.raises(
            RetryLater,
            partial(trial.connector.read, record.id),
            f"reading while the platform says {status}",
        )
        trial.tap.mend()
        t.stand.wait(120)
        t.claim(trial.read(record.id).id == record.id, f"after {status} it does not read again")


@check(Tier.BRONZE, "Let `Http` judge a 5xx: of a write nobody knows whether it was applied.")
def server_error_on_a_write_is_no_refusal(t: Trial) -> None:
    """Many a 500 was applied all the same: parked, the ticket is made by hand once more."""
    for status in (500, 502, 504):
        trial = t.again()
        record = trial.create()
        operation = trial.change(record.id, title=trial.title())
        trial.tap.meets(answers(status, b"{}"), trial.sent_for(operation), times=None)
        what = f"a write that the platform answers with {status}"
        trial.raises((OutcomeUnknown, RetryLater), partial(trial.connector.write, operation), what)


@check(Tier.SILVER, "Keep no state that a failure can leave half changed; renew nothing but tokens.")
def it_works_again_after_an_outage(t: Trial) -> None:
    """A daemon runs for months; nobody restarts it after each outage."""
    record = t.create()
    cursor = t.connector.start(t.stand.clock.now())
    t.tap.meets(refuses_connections, times=None)
    for act in (
        lambda: t.connector.read(record.id),
        lambda: t.connector.poll(cursor, 10),
        lambda: t.connector.find(record.marker or ""),
    ):
        t.raises(SynclineError, act, "a question to a platform that takes no connection")
    t.tap.mend()
    t.stand.wait(600)
    t.edit(record.id, title=t.title())
    t.settle()
    found, _ = t.polled(cursor)
    t.claim(record.id in {one.record_id for one in found}, "after an outage it does not bring an edit")


@check(
    Tier.BRONZE,
    "Renew the token in an AuthBase of your own (Renewable), or let Configuration stop the instance.",
)
def expired_token_is_renewed_or_said(t: Trial) -> None:
    """A token that expires at night must not stop anything, or must wake somebody with its name."""
    record = t.create()
    t.stand.wait(3 * DAY)
    t.claim(t.read(record.id).id == record.id, "after three days it does not read")
    t.tap.meets(answers(401, b'{"error": "expired"}'))
    try:
        t.read(record.id)
        return
    except Configuration as error:
        named = [name for name in t.settings.credentials() if name in str(error)]
        t.claim(named, f"the message names none of {', '.join(t.settings.credentials())}: {error}")
    t.stand.wait(120)
    t.claim(t.again().read(record.id).id == record.id, "with a new token it does not read")


@check(Tier.BRONZE, "Leave Dialect.json_only on; what is no JSON is no answer.")
def page_is_no_answer(t: Trial) -> None:
    """Gateways answer with a page and 200: taken for an answer, tickets vanish, and writes are thought done."""
    record = t.create()
    cursor = t.connector.start(t.stand.clock.now() - timedelta(hours=1))
    page = answers(200, PAGE, Content_Type="text/html")
    questions: Mapping[str, Callable[[Trial], object]] = {
        "read": lambda on: on.connector.read(record.id),
        "poll": lambda on: on.connector.poll(cursor, 10),
        "find": lambda on: on.connector.find(record.marker or ""),
        "remarks": lambda on: on.connector.remarks(record.id),
    }
    for name, ask in questions.items():
        trial = t.again()
        trial.tap.meets(page, times=None)
        error = trial.raises((RetryLater, Configuration), partial(ask, trial), f"{name} of a sign-in page")
        t.claim("stand" in str(error), f"the message does not name the instance: {error}")
    operation = t.change(record.id, title=t.title())
    trial = t.again()
    trial.tap.meets(page, trial.sent_for(operation), times=None)
    expected = (OutcomeUnknown, RetryLater, Configuration)
    trial.raises(expected, lambda: trial.connector.write(operation), "a write answered with a sign-in page")


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
            trial.tap.meets(alters(partial(_instead, body)), times=None)
            what = f"{name} of a platform that answers {body.decode()} to everything"
            trial.raises(SynclineError, partial(ask, trial), what)


def _instead(body: bytes, _told: bytes) -> bytes:
    return body


@check(
    Tier.BRONZE, "Let `Http` judge it: 202 is no success where the platform's documentation does not say so."
)
def accepted_is_not_done(t: Trial) -> None:
    """202 without a body is what gateways say that have not asked yet."""
    record = t.create()
    operation = t.change(record.id, title=t.title())
    t.tap.meets(answers(202), t.sent_for(operation), times=None)
    t.raises(
        (OutcomeUnknown, RetryLater),
        lambda: t.connector.write(operation),
        "a write answered with an empty 202",
    )


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


@check(
    Tier.SILVER,
    "Put no secret into a message or a log line; quote the platform's words by what `Http` raises.",
)
def secrets_stay_secret(t: Trial) -> None:
    """Messages go into tickets and chats, and logs into archives that half the company can read."""
    record = t.create()
    operation = t.change(record.id, title=t.title())
    secrets = [value for value in t.settings.secrets() if len(value) >= 4]
    if not secrets:
        t.cannot("the stand's settings hold no secret of four characters or more")

    def echoes(status: int) -> Any:
        def fault(request: Any, _send: Any) -> Any:
            said = {"error": f"{dict(request.headers)} {request.url} {request.body!r} {secrets}"}
            return reply(request, status, json.dumps(said).encode(), {"Content-Type": "application/json"})

        return fault

    told: list[str] = []
    with t.heard() as lines:
        for status in (400, 401, 403, 404, 500, 503):
            trial = t.again()
            trial.tap.meets(echoes(status), times=None)
            for act in (partial(trial.connector.read, record.id), partial(trial.connector.write, operation)):
                try:
                    act()
                except SynclineError as error:
                    told += [str(error), repr(error)]
            told += [f"{one.message} {one.fix}" for one in trial.connector.check()]
    # In a header a password is not to be seen, and whoever reads the header has it all the same.
    shown_in = [
        str(one.headers.get(name, "")).partition(" ")[2] for one in t.tap.seen for name in ("Authorization",)
    ]
    secrets += sorted({one for one in shown_in if len(one) >= 8})
    for secret in secrets:
        said = next((line for line in (*told, *lines) if secret in line), None)
        t.claim(said is None, f"a secret stands in: {shown((said or '').replace(secret, '<the secret>'))}")


@check(Tier.SILVER, "Let what `Http` raises pass; it names instance, record, cause and next step.")
def messages_say_which_instance(t: Trial) -> None:
    """An operator with twelve instances must not guess which one it was."""
    record = t.create()
    operation = t.change(record.id, title=t.title())
    for status in (400, 403, 404, 409, 422, 500):
        trial = t.again()
        trial.tap.meets(answers(status, b'{"error": "no"}'), times=None)
        for act in (partial(trial.connector.read, record.id), partial(trial.connector.write, operation)):
            try:
                act()
            except (Configuration, RetryLater, OutcomeUnknown, Refused, Gone) as error:
                t.claim("stand" in str(error), f"the message names no instance: {error}")


@check(
    Tier.SILVER,
    "Keep nothing in the connector but caches that any worker may fill; take sessions from `Http`.",
)
def workers_do_not_disturb_one_another(t: Trial) -> None:
    """Several workers use one connector at once."""
    records = [t.create() for _ in range(4)]
    cursor = t.connector.start(t.stand.clock.now() - timedelta(hours=1))
    t.settle()
    errors: list[str] = []

    def work(record: Record) -> None:
        try:
            for _ in range(3):
                if t.read(record.id).id != record.id:
                    errors.append(f"read({record.id!r}) brought another ticket")
                found = [one.id for one in t.connector.find(record.marker or "")]
                if found != [record.id]:
                    errors.append(f"while others ask too, find of {record.id!r} brought {found}")
                t.connector.poll(cursor, 10)
                t.connector.remarks(record.id)
        except Exception as error:  # noqa: BLE001  whatever it is, it is what the check looks for
            errors.append(f"{type(error).__name__}: {error}")

    tasks = [
        t.runtime.spawn(f"worker-{number}", partial(work, record)) for number, record in enumerate(records)
    ]
    # Workers that hardly ever change places hide what they share.
    pause = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for task in tasks:
            task.join(60)
    finally:
        sys.setswitchinterval(pause)
    t.claim(not any(task.is_alive() for task in tasks), "a worker does not come to an end")
    t.claim(not errors, "; ".join(sorted(set(errors))[:3]))
