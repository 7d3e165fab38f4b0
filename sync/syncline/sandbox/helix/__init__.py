"""The simulated BMC Helix ITSM."""

from syncline.sandbox.helix.people import Person
from syncline.sandbox.helix.service import Helix

__all__ = ["Helix", "Person"]
