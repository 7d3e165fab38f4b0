"""The simulated Cherwell Service Management."""

from syncline.sandbox.cherwell.people import Person
from syncline.sandbox.cherwell.service import Cherwell

__all__ = ["Cherwell", "Person"]
