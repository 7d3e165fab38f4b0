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


@pytest.mark.parametrize(
    "code", ["Workaround provided", "Known error", "Duplicate", "User error", "Resolved by caller"]
)
def test_every_resolution_code_closes_the_issue_of_a_jira_that_knows_few(cloud, code):
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Printer")
    cloud.settle()
    cloud.people.snow_set(sys_id, state="6", close_code=code, close_notes="So it was.")
    cloud.settle(6)
    (issue,) = cloud.people.jira_all()
    assert issue["fields"]["status"]["name"] == "Done"
    assert cloud.people.snow_get(sys_id)["close_code"] == code
    assert cloud.app.parked() == []
