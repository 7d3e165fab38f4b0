"""What `check` tells an operator."""

from collections.abc import Mapping

from syncline.connector import Finding, Severity
from syncline.testing.check import Tier, check
from syncline.testing.checks import needs
from syncline.testing.trial import Trial
from syncline.testing.wiretap import Fault, answers, refuses_connections

HOUR = 3600.0


def _found(t: Trial, fault: Fault | None = None) -> list[Finding]:
    if fault is not None:
        t.tap.meets(fault, times=None)
    return list(t.connector.check())


@check(
    Tier.BRONZE,
    "Yield one Finding for each thing looked at: at least `reachable` and `authorised`, with severity OK.",
)
def check_is_content(t: Trial) -> None:
    """An operator who sees findings where all is well learns to ignore them."""
    found = _found(t)
    bad = [f"{one.check}: {one.message}" for one in found if one.severity is Severity.ERROR]
    t.claim(not bad, f"on a platform on which all is well it finds {'; '.join(bad)}")
    missing = {"reachable", "authorised"} - {one.check for one in found}
    t.claim(not missing, f"it does not look at {', '.join(sorted(missing))}")


@check(
    Tier.SILVER,
    "Let `check` yield from looks(...): it catches SynclineError, and says `reachable` and what to do about it.",
)
def check_says_that_it_is_down(t: Trial) -> None:
    """An exception in the one command that is to say what is wrong says nothing."""
    found = _found(t, refuses_connections)
    bad = [one for one in found if one.severity is Severity.ERROR]
    t.claim(bad, "of a platform that takes no connection it finds nothing wrong")
    t.claim("reachable" in {one.check for one in bad}, "no finding is called `reachable`")
    t.claim(all(one.fix for one in bad), "a finding does not say what to do about it")


@check(Tier.SILVER, "Yield a Finding `authorised` whose message is that of the Configuration error.")
def check_says_that_it_is_not_let_in(t: Trial) -> None:
    """A wrong token is the most frequent mistake of all, and which variable holds it must not be looked for."""
    found = _found(t, answers(401, b'{"error": "unauthorized"}'))
    bad = [one for one in found if one.severity is Severity.ERROR]
    t.claim(bad, "of a platform that refuses our credentials it finds nothing wrong")
    said = " ".join(f"{one.message} {one.fix}" for one in bad)
    named = [name for name in t.settings.credentials() if name in said]
    t.claim(named, f"no finding names one of {', '.join(t.settings.credentials())}: {said}")


@check(Tier.SILVER, "Take apart nothing that a reply may lack: what is missing is a Finding.")
def check_survives_nonsense(t: Trial) -> None:
    """A proxy or another product at the address answers anything; `check` is there to say so."""
    replies: Mapping[str, bytes] = {
        "{}": b"{}",
        "[]": b"[]",
        "null": b"null",
        "a text": b'"text"',
        "a number": b"7",
    }
    for name, body in replies.items():
        trial = t.again()
        trial.tap.meets(answers(200, body), times=None)
        found = list(trial.connector.check())
        t.claim(
            any(one.severity is not Severity.OK for one in found),
            f"of a platform that answers {name} to everything it finds nothing wrong",
        )


@check(Tier.BRONZE, "Look only: what permits a write is seen in the schema, or is tried by the first write.")
def check_changes_nothing(t: Trial) -> None:
    """Operators look at a production system to be safe, not to leave tickets behind."""
    before = t.writes()
    _found(t)
    t.claim(t.writes() == before, "it sent a request that changes something")


@check(
    Tier.SILVER,
    "Let `check` yield from looks(...), or yield clock(http) itself, once the platform has answered.",
)
def check_sees_a_wrong_clock(t: Trial) -> None:
    """Who edited last is decided by clocks; an hour's difference decides it wrongly, and nothing else shows it."""
    found = list(t.again(ahead=HOUR).connector.check())
    seen = [one for one in found if one.check == "clock" and one.severity is not Severity.OK]
    t.claim(seen, "our clock is an hour ahead of the platform's, and it finds nothing wrong")


@check(
    Tier.SILVER,
    "Yield a Finding `history`: whether this instance keeps one and our account may read it, or what to switch on.",
    needs.history,
)
def check_tells_of_the_history(t: Trial) -> None:
    """Where no history is kept, or we may not read it, edits that our writes overwrite are lost, and nothing else says so."""
    t.open(title=t.title())
    said = [one for one in _found(t) if one.check == "history"]
    t.claim(said, "no finding is called `history`")
    bad = [one.message for one in said if one.severity is not Severity.OK]
    t.claim(not bad, f"the history can be read, and it finds {'; '.join(bad)}")
