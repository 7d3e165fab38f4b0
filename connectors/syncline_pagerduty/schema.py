"""What the account looks like: PagerDuty's fields are the same in all of them, priorities and services are not."""

from syncline.connector import FieldSchema, Schema
from syncline.errors import Configuration
from syncline_pagerduty.directory import Directory
from syncline_pagerduty.records import STATUSES, URGENCIES, identity
from syncline_pagerduty.settings import PagerDutySettings


def schema(directory: Directory, settings: PagerDutySettings) -> Schema:
    """Fields, choices, statuses and escalation policies, as they are now."""
    services = tuple(sorted(filter(None, map(identity, directory.services()))))
    try:
        priorities: tuple[str, ...] = directory.priorities()
    except Configuration:
        # Smaller plans have no priorities, and answer 402.
        priorities = ()
    fields = (
        FieldSchema("title", "Title", required=True, max_length=1024),
        FieldSchema("description", "Details, at creation only"),
        FieldSchema("status", "Status", choices=STATUSES),
        FieldSchema("urgency", "Urgency", choices=URGENCIES),
        FieldSchema("priority", "Priority", writable=bool(priorities), choices=priorities),
        FieldSchema("assignee", "First assigned user"),
        FieldSchema("assignees", "Assigned users", writable=False),
        FieldSchema("escalation_policy", "Escalation policy"),
        FieldSchema("service", "Service", required=not settings.services, choices=services),
        FieldSchema("teams", "Teams", writable=False),
        FieldSchema("incident_key", "Deduplication key", writable=False),
        FieldSchema("resolution", "Resolution note, written together with status resolved"),
        FieldSchema("resolve_reason", "Why it counts as resolved", writable=False),
        FieldSchema("merged_into", "Incident that it was merged into", writable=False),
        FieldSchema("created_at", "Created", writable=False),
        FieldSchema("resolved_at", "Resolved", writable=False),
        FieldSchema("incident_number", "Number", writable=False),
    )
    return Schema({field.name: field for field in fields}, STATUSES, directory.groups())
