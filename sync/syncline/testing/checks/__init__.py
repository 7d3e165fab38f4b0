"""What is checked, area by area. The functions are the checks: name, reason and hint stand with each."""

# isort: skip_file
from syncline.testing.check import REGISTER, Check
from syncline.testing.checks import (  # noqa: F401  importing them registers their checks, in this order
    plugin,
    mapping,
    checking,
    reading,
    polling,
    creating,
    writing,
    moving,
    failing,
    strange,
    remarks,
    files,
    history,
    paging,
    hooks,
)

ALL: tuple[Check, ...] = tuple(REGISTER.values())
"""Every check, in order."""
