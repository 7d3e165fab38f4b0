"""Incidents that have come a long way before their records on the other platforms are made."""

import pytest


@pytest.mark.parametrize(
    ("values", "jira", "pagerduty"),
    [
        ({"state": "2"}, "In Progress", "acknowledged"),
        ({"state": "6", "close_code": "Duplicate", "close_notes": "Seen before."}, "Done", "resolved"),
        ({"state": "7", "close_code": "Duplicate", "close_notes": "Seen before."}, "Closed", "resolved"),
    ],
)
def test_a_record_is_brought_to_where_the_incident_stands(cloud, values, jira, pagerduty):
    cloud.sync()
    cloud.people.snow_create(short_description="Long under way", **values)
    cloud.settle(6)
    (issue,), (incident,) = cloud.people.jira_all(), cloud.people.pd_all()
    assert issue["fields"]["status"]["name"] == jira
    assert incident["status"] == pagerduty
