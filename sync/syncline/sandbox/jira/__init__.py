"""A simulated Jira, Cloud or Data Center: strict as the real one, on a clock that it is given."""

from syncline.sandbox.jira.jira import CLOUD_ID, Jira
from syncline.sandbox.jira.setup import CustomField, Person, Project, Status, Transition, Workflow

__all__ = ["CLOUD_ID", "CustomField", "Jira", "Person", "Project", "Status", "Transition", "Workflow"]
