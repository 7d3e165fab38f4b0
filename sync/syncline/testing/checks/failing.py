"""What platforms, gateways and networks do to a connector."""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from syncline.connector import Record
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater, SynclineError
from syncline.testing.check import Tier, check
from syncline.testing.trial import Trial, shown
from syncline.testing.wiretap import answers, refuses_connections, reply

PAGE: Final = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>"
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
