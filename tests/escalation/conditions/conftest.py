import pytest

from syncline.escalation.conditions import STANDARD, Name, Type, Vocabulary


@pytest.fixture(scope="session")
def book() -> Vocabulary:
    """The standard names, with the tiers of one book."""
    return STANDARD.extended([Name("tier", Type.TEXT, ("L1", "L2", "L3", "MGMT"))])
