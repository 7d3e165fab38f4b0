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


def test_a_list_that_shows_an_edit_but_not_yet_our_later_write_takes_nothing_back(cloud):
    """The row is newer than what was seen before, and older than the write, whose result could not be read yet."""
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Mail is down")
    cloud.settle()
    (issue,) = cloud.people.jira_all()
    cloud.clock.advance(60)
    cloud.sandbox["jira"].set_faults(stale=30)
    cloud.people.jira_set(issue["key"], labels=["mail"])
    cloud.clock.advance(28)
    cloud.people.snow_set(sys_id, state="2")
    cloud.poll("snow")
    cloud.reconcile()
    # Once it is asked where the issue stands, and once what became of the write.
    lost = {"fault": "error_before", "method": "GET", "path": r"/issue/\d+$", "skip": 1, "count": 1000}
    cloud.sandbox["jira"].set_faults(next=[lost])
    cloud.deliver("jira")
    assert cloud.people.jira("GET", f"issue/{issue['key']}")["fields"]["status"]["name"] == "In Progress"
    cloud.clock.advance(3)
    cloud.poll("jira")
    cloud.reconcile()
    cloud.sandbox["jira"].clear_faults()
    cloud.settle(6)
    assert cloud.people.snow_get(sys_id)["state"] == "2"
    fields = cloud.people.jira("GET", f"issue/{issue['key']}")["fields"]
    assert (fields["status"]["name"], fields["labels"]) == ("In Progress", ["mail"])
