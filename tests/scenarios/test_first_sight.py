"""What is seen of a record between our write and our first look at it."""

import pytest


def edit(world, name):
    """Somebody takes the only record of that platform and gives it another title, before Syncline has read it."""
    people = world.people
    if name == "snow":
        (row,) = people.snow_all()
        people.snow_set(row["sys_id"], state="2", short_description="Mail is down in Lyon")
    elif name == "jira":
        (number,) = world.sandbox["jira"].platform.site.issues
        people.jira_move(str(number), "In Progress")
        people.jira_set(str(number), summary="Mail is down in Lyon")
    else:
        (incident,) = people.pd_all()
        people.pd_set(incident["id"], status="acknowledged", title="Mail is down in Lyon")


@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_who_is_faster_than_our_first_look_is_heard(cloud, name):
    """The reply to a create is lost; until its record is found, a person has worked on it."""
    cloud.sync()
    path = {"snow": r"table/incident$", "jira": r"/issue$", "pd": r"^/incidents$"}[name]
    cloud.fault(name, "reset_after", "POST", path)
    if name == "snow":
        fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Mail is down"}
        cloud.people.jira("POST", "issue", {"fields": fields})
    else:
        cloud.people.snow_create(short_description="Mail is down")
    cloud.sync()
    edit(cloud, name)
    for _ in range(14):
        cloud.sync(30)
    (row,) = cloud.people.snow_all()
    (issue,) = cloud.people.jira_all()
    (incident,) = cloud.people.pd_all()
    titles = (row["short_description"], issue["fields"]["summary"], incident["title"])
    assert titles == ("Mail is down in Lyon",) * 3
    assert (row["state"], issue["fields"]["status"]["name"], incident["status"]) == (
        "2",
        "In Progress",
        "acknowledged",
    )


@pytest.mark.parametrize("found_by", ["search", "poll"])
@pytest.mark.parametrize("name", ["snow", "jira"])
def test_what_somebody_adds_to_our_new_ticket_before_our_first_look_is_theirs(cloud, name, found_by):
    """The incident says nothing of it, and a platform fills much by itself: the history tells who did."""
    world, people = cloud, cloud.people
    world.sync()
    rows = people.snow("GET", "sys_user?sysparm_fields=user_name,sys_id")
    diane = next(row["sys_id"] for row in rows if row["user_name"].startswith("diane"))
    account = people.jira("GET", "user/search?query=diane")[0]["accountId"]
    world.fault(name, "reset_after", "POST", {"snow": r"table/incident$", "jira": r"/issue$"}[name])
    if name == "snow":
        fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Mail is down"}
        people.jira("POST", "issue", {"fields": fields})
        world.sync()
        (row,) = people.snow_all()
        people.snow_set(row["sys_id"], assigned_to=diane, description="Since noon.")
    else:
        people.snow_create(short_description="Mail is down")
        world.sync()
        (number,) = world.sandbox["jira"].platform.site.issues
        people.jira_set(str(number), assignee={"accountId": account}, description="Since noon.")
    if found_by == "poll":
        world.poll(name)
    for _ in range(14):
        world.sync(30)
    (row,) = people.snow_all()
    (issue,) = people.jira_all()
    assert (row["assigned_to"], row["description"]) == (diane, "Since noon.")
    assert issue["fields"]["assignee"]["displayName"] == "Diane Novak"
    assert "Since noon." in str(issue["fields"]["description"])
    by = {"snow": "amina", "jira": "Bruno Keller"}[name]
    assert any(f"by {by} on {name}" in text for text in world.said(row["number"], "changed"))


def test_what_somebody_adds_to_our_new_ticket_as_it_is_made_is_theirs(cloud):
    """Found by the simulation: a fifth of a second after it was created."""

    def describe():
        (number,) = cloud.sandbox["jira"].platform.site.issues
        cloud.clock.advance(0.2)
        cloud.people.jira_set(str(number), description="Since noon.")

    cloud.sync()
    cloud.fault("jira", "reset_after", "POST", r"/issue$")
    cloud.after("jira", "POST", r"/issue$", describe)
    sys_id = cloud.people.snow_create(short_description="Mail is down")
    cloud.poll("snow")
    cloud.reconcile()
    cloud.deliver("jira")
    cloud.clock.advance(60)
    cloud.deliver("jira")
    cloud.settle(8)
    assert cloud.people.snow_get(sys_id)["description"] == "Since noon."


def test_whom_pagerduty_gave_our_new_incident_is_still_nobodys_choice(cloud):
    """Somebody touches it before our first look, but not who has it, which the policy said."""
    world, people = cloud, cloud.people
    world.sync()
    world.fault("pd", "reset_after", "POST", r"^/incidents$")
    people.snow_create(short_description="Mail is down")
    world.sync()
    (incident,) = people.pd_all()
    assert incident["assignments"]
    people.pd_set(incident["id"], title="Mail is down in Lyon", status="acknowledged")
    for _ in range(14):
        world.sync(30)
    (row,) = people.snow_all()
    assert (row["short_description"], row["assigned_to"]) == ("Mail is down in Lyon", "")
    assert world.value(row["number"], "assignee") is None


def test_who_is_faster_than_our_first_look_contradicts_what_happened_elsewhere_meanwhile(cloud):
    """They saw a record that begins, and not how far the incident had come on another side."""
    cloud.sync()
    cloud.fault("jira", "reset_after", "POST", r"/issue$")
    sys_id = cloud.people.snow_create(short_description="Mail is down")
    cloud.poll("snow")
    cloud.reconcile()
    cloud.deliver("jira")
    cloud.people.snow_set(sys_id, state="2")
    cloud.poll("snow")
    cloud.reconcile()
    (number,) = cloud.sandbox["jira"].platform.site.issues
    cloud.people.jira_move(str(number), "Canceled")
    for _ in range(14):
        cloud.sync(30)
    assert cloud.people.snow_get(sys_id)["state"] == "8"
    (conflict,) = cloud.said(cloud.people.snow_get(sys_id)["number"], "conflict")
    assert "Bruno Keller on jira says canceled and stands; amina on snow says in_progress" in conflict


@pytest.mark.parametrize(
    "edit", [{"status": "acknowledged"}, {"title": "Mail is down in Lyon"}, {"priority": "P2"}]
)
def test_who_is_there_in_the_second_of_an_incidents_creation_is_heard(cloud, edit):
    """The reply to the create is lost, and the incident is found by our marker. PagerDuty's stamps are whole seconds."""

    def act():
        (incident,) = cloud.people.pd_all()
        values = dict(edit)
        if "priority" in values:
            priorities = cloud.people.pd("GET", "priorities")["priorities"]
            (found,) = [p for p in priorities if p["summary"] == values["priority"]]
            values["priority"] = {"id": found["id"], "type": "priority_reference"}
        cloud.people.pd_set(incident["id"], **values)

    cloud.sync()
    cloud.fault("pd", "reset_after", "POST", r"^/incidents$")
    cloud.before("pd", "GET", r"^/incidents$", act)
    sys_id = cloud.people.snow_create(short_description="Mail is down", impact="2", urgency="2")
    cloud.settle(8)
    (incident,) = cloud.people.pd_all()
    row = cloud.people.snow_get(sys_id)
    if "status" in edit:
        assert (incident["status"], row["state"]) == ("acknowledged", "2")
    elif "title" in edit:
        assert incident["title"] == row["short_description"] == "Mail is down in Lyon"
    else:
        assert (incident["priority"]["summary"], row["priority"]) == ("P2", "2")


def test_a_list_that_lags_behind_our_own_write_undoes_nothing(cloud):
    """Jira's reply shows nothing, the read after it fails, and the search still shows what was before."""
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Mail is down")
    cloud.settle()
    (issue,) = cloud.people.jira_all()
    cloud.sandbox["jira"].set_faults(
        stale=40,
        next=[{"fault": "error_before", "method": "GET", "path": r"/issue/\d+$", "skip": 1, "count": 1000}],
    )
    cloud.people.snow_set(sys_id, state="2")
    for _ in range(6):
        cloud.sync()
        assert cloud.people.snow_get(sys_id)["state"] == "2"
    cloud.sandbox["jira"].clear_faults()
    for _ in range(4):
        cloud.sync(30)
    assert cloud.people.snow_get(sys_id)["state"] == "2"
    assert cloud.people.jira("GET", f"issue/{issue['key']}")["fields"]["status"]["name"] == "In Progress"
    assert not [line for line in cloud.timeline(issue["key"]) if line.startswith("conflict")]
