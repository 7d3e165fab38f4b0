"""A simulated PagerDuty, as strict as the real one: REST API v2 and Events API v2."""

from syncline.sandbox.pagerduty.directory import Person
from syncline.sandbox.pagerduty.platform import PagerDuty
from syncline.sandbox.pagerduty.rendering import CustomField

__all__ = ["CustomField", "PagerDuty", "Person"]
