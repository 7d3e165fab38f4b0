"""Planted bugs: mistakes in our own code, as patches. A simulation that does not find them proves nothing."""

from typing import Final

from mutants import copying, escalating, intake, ledger, merging, messaging, platforms, writing
from mutants.mutant import EXPECTED, FAULTS, Mutant

__all__ = ["ALL", "EXPECTED", "FAULTS", "Mutant"]

ALL: Final[tuple[Mutant, ...]] = (
    *writing.MUTANTS,
    *intake.MUTANTS,
    *platforms.MUTANTS,
    *merging.MUTANTS,
    *copying.MUTANTS,
    *ledger.MUTANTS,
    *escalating.MUTANTS,
    *messaging.MUTANTS,
)
