"""The checks as tests of pytest."""

from collections.abc import Mapping
from typing import Any

from syncline.connector import Plugin
from syncline.testing.check import Check
from syncline.testing.checks import ALL
from syncline.testing.examination import Outcome, Verdict, carried_out, reasons
from syncline.testing.stand import StandFactory


def conformance(plugin: Plugin, stand: StandFactory, skips: Mapping[str, str] | None = None) -> type[Any]:
    """A class of tests, one for each check; give it a name that begins with `Test`.

    Args:
        plugin: The connector's plugin.
        stand: Makes a new stand for each check.
        skips: Checks that are not made, each with its reason. They count against the connector's tier.

    Raises:
        ValueError: a skip without a reason, or of a check that there is not.
    """
    import pytest  # of those who test, not of those who run

    told = reasons(skips or {})

    class Conformance:
        @pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
        def test(self, check: Check) -> None:
            if check.name in told:
                pytest.skip(told[check.name])
            outcome: Outcome = carried_out(check, plugin, stand)
            if outcome.verdict is Verdict.EXEMPT:
                pytest.skip(outcome.why)
            if outcome.verdict is not Verdict.HOLDS:
                pytest.fail(str(outcome), pytrace=False)

    Conformance.__doc__ = f"What the core relies on, checked of {plugin.title}."
    return Conformance
