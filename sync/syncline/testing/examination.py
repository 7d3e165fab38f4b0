"""Runs the checks over a connector, and computes its tier."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from textwrap import indent

from syncline.connector import Plugin
from syncline.errors import SynclineError
from syncline.testing.check import Broken, Check, ExemptError, NotPutToTheTestError, Tier
from syncline.testing.checks import ALL
from syncline.testing.stand import StandFactory
from syncline.testing.trial import Trial


class Verdict(StrEnum):
    """What became of a check."""

    HOLDS = "holds"
    BROKEN = "broken"
    EXEMPT = "exempt"  # the platform cannot, and the plugin says so
    SKIPPED = "skipped"  # the plugin's author says why
    NOT_MADE = "not made"  # the stand does not let it be made


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one check.

    Attributes:
        check: Which.
        verdict: What became of it.
        why: What was seen, or why it was not made; empty where it holds.
    """

    check: Check
    verdict: Verdict
    why: str = ""

    @property
    def counts_against(self) -> bool:
        """Whether the check's tier is not reached because of it."""
        return self.verdict in {Verdict.BROKEN, Verdict.SKIPPED, Verdict.NOT_MADE}

    def __str__(self) -> str:
        lines = [f"{self.check.name}: {self.why}", f"why:  {self.check.reason}", f"hint: {self.check.hint}"]
        return lines[0] + "\n" + indent("\n".join(lines[1:]), "  ")


@dataclass(frozen=True, slots=True)
class Examination:
    """What became of all checks.

    Attributes:
        outcomes: In order.
    """

    outcomes: tuple[Outcome, ...]

    @property
    def tier(self) -> Tier | None:
        """The highest tier of which, and of those below, nothing counts against it; None: not even bronze."""
        reached = None
        for tier in Tier:
            if any(one.counts_against for one in self.outcomes if one.check.tier is tier):
                break
            reached = tier
        return reached

    def of(self, *verdicts: Verdict) -> tuple[Outcome, ...]:
        """Those with one of these verdicts."""
        return tuple(one for one in self.outcomes if one.verdict in verdicts)


def carried_out(check: Check, plugin: Plugin, stand: StandFactory) -> Outcome:
    """What becomes of one check, on a stand of its own."""
    if why := check.needs(plugin):
        return Outcome(check, Verdict.EXEMPT, why)
    made = stand()
    try:
        check.run(Trial(plugin, made))
    except Broken as broken:
        return Outcome(check, Verdict.BROKEN, str(broken))
    except ExemptError as error:
        return Outcome(check, Verdict.EXEMPT, str(error))
    except NotPutToTheTestError as error:
        return Outcome(check, Verdict.NOT_MADE, str(error))
    except SynclineError as error:
        return Outcome(check, Verdict.BROKEN, f"the connector raised {type(error).__name__}: {error}")
    finally:
        made.close()
    return Outcome(check, Verdict.HOLDS)


def examine(
    plugin: Plugin,
    stand: StandFactory,
    skips: Mapping[str, str] | None = None,
    checks: Iterable[Check] = ALL,
) -> Examination:
    """Run those checks.

    Args:
        plugin: The connector's plugin.
        stand: Makes a new stand for each check.
        skips: Checks that are not made, each with its reason.
        checks: Which.

    Raises:
        ValueError: a skip without a reason, or of a check that there is not.
    """
    told = reasons(skips or {})
    return Examination(tuple(_outcomes(plugin, stand, told, checks)))


def reasons(skips: Mapping[str, str]) -> Mapping[str, str]:
    """The skips, if each names a check and gives a reason.

    Raises:
        ValueError: one does not.
    """
    known = {check.name for check in ALL}
    for name, reason in skips.items():
        if name not in known:
            raise ValueError(f"there is no check {name!r} to skip")
        if not reason.strip():
            raise ValueError(f"the skip of {name} gives no reason")
    return skips


def _outcomes(
    plugin: Plugin, stand: StandFactory, skips: Mapping[str, str], checks: Iterable[Check]
) -> Iterator[Outcome]:
    for check in checks:
        if check.name in skips:
            yield Outcome(check, Verdict.SKIPPED, skips[check.name])
            continue
        try:
            yield carried_out(check, plugin, stand)
        except Exception as error:  # noqa: BLE001  a stranger's connector may raise anything, and must not stop the others
            why = f"the connector raised {type(error).__name__}: {error}, which is none of syncline.errors"
            yield Outcome(check, Verdict.BROKEN, why)
