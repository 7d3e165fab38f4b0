"""A write whose result cannot be read yet: what was seen before it is no news."""


def test_what_was_seen_before_our_write_is_nobodys_edit(cloud):
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Mail is down")
    cloud.settle()
    (issue,) = cloud.people.jira_all()
    cloud.sandbox["jira"].set_faults(
        next=[{"fault": "error_before", "method": "GET", "path": r"/issue/\d+$", "skip": 1, "count": 1000}]
    )
    cloud.people.snow_set(sys_id, state="2")
    cloud.sync()
    assert cloud.people.snow_get(sys_id)["state"] == "2"
    cloud.sandbox["jira"].clear_faults()
    cloud.settle(6)
    assert cloud.people.snow_get(sys_id)["state"] == "2"
    assert cloud.people.jira("GET", f"issue/{issue['key']}")["fields"]["status"]["name"] == "In Progress"
    assert not [line for line in cloud.timeline(issue["key"]) if line.startswith("conflict")]
