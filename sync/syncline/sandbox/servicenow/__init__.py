"""The simulated ServiceNow."""

from syncline.sandbox.servicenow.people import Person
from syncline.sandbox.servicenow.service import ServiceNow

__all__ = ["Person", "ServiceNow"]
