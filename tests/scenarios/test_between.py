"""A person edits a record in the moment between our look at it and our write to it."""


def _just_before(world, name, method, act):
    """Have `act` happen right before our next request of that method reaches the platform."""
    instance = world.sandbox[name]
    answer, done = instance.answer, []

    def wrapped(request):
        if request.method == method and not done and "syncline" in instance.platform.actor(request):
            done.append(True)
            act()
        return answer(request)

    instance.answer = wrapped
    return done


def test_a_priority_that_changes_while_a_note_is_copied_is_an_edit(cloud):
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Mail is down", impact="2", urgency="2")
    cloud.settle()
    (issue,), (incident,) = cloud.people.jira_all(), cloud.people.pd_all()
    cloud.people.jira("POST", f"issue/{issue['key']}/comment", {"body": "The queue is full."})
    done = _just_before(cloud, "snow", "PATCH", lambda: cloud.people.snow_set(sys_id, urgency="1"))
    cloud.settle(6)
    assert done
    assert cloud.people.snow_get(sys_id)["priority"] == "2"
    assert cloud.people.jira("GET", f"issue/{issue['key']}")["fields"]["priority"]["name"] == "High"
    assert cloud.people.pd("GET", f"incidents/{incident['id']}")["incident"]["priority"]["summary"] == "P2"
