"""The conformance kit: one line in a plugin's tests holds its connector against everything that the core relies on.

    from syncline.testing import conformance

    TestAcmeDesk = conformance(plugin, AcmeStand)

A `Stand` is the platform that the connector is tried against, and a person who works on it by the platform's own means.
"""

from syncline.testing.check import Broken, Check, Tier
from syncline.testing.checks import ALL
from syncline.testing.examination import Examination, Outcome, Verdict, examine
from syncline.testing.simulated import SimulatedStand
from syncline.testing.stand import Assigns, Copies, Lags, Responds, SendsHooks, Stand
from syncline.testing.suite import conformance
from syncline.testing.trial import connected

__all__ = [
    "ALL",
    "Assigns",
    "Broken",
    "Check",
    "Copies",
    "Examination",
    "Lags",
    "Outcome",
    "Responds",
    "SendsHooks",
    "SimulatedStand",
    "Stand",
    "Tier",
    "Verdict",
    "conformance",
    "connected",
    "examine",
]
