"""What goes wrong with platforms, accounts and mappings: one thing is held up, with its reason, and all else flows."""

from dataclasses import replace

import pytest

from syncline.errors import SynclineError
from syncline.sandbox.platform import Response
from syncline.sandbox.servicenow.access import CLIENT_ID, CLIENT_SECRET, INTEGRATION


def waiting(world, kind):
    (one,) = [parked for parked in world.parked() if parked.kind == kind]
    return one


def instance(world, name):
    return next(i for i in world.app.status().instances if i.name == name)


def mapping(world, name, old, new):
    """Publish a changed mapping."""
    from syncline.configuration.defaults import default_mapping

    platform = {"snow": "servicenow", "jira": "jira", "pd": "pagerduty"}[name]
    text = default_mapping(platform).read_text()
    assert old in text
    file = world.folder / f"{name}.yaml"
    file.write_text(text.replace(old, new))
    return world.app.mappings.publish(name, file)


# ---- one field, one record ----------------------------------------------------------------------


def test_a_status_that_the_mapping_does_not_know_waits_and_is_taken_up_when_it_does(trio):
    world = trio.world
    world.people.jira_move(trio.key, "In Progress")
    world.people.jira_move(trio.key, "In Review")
    mapping(
        world,
        "jira",
        "in_progress: [In Progress, Work in progress, In Review, Escalated]",
        "in_progress: [In Progress]",
    )
    world.people.jira_set(trio.key, summary="Flows on")
    world.settle()
    assert trio.titles() == ("Flows on",) * 3
    one = waiting(world, "unmapped")
    assert "'In Review'" in one.reason
    assert "publish" in one.reason
    assert trio.snow["state"] == "1"
    world.app.mappings.rollback("jira")
    world.settle()
    assert trio.snow["state"] == "2"
    assert world.parked() == []


def test_two_unknown_values_on_one_record_wait_apart_and_are_said_once(trio):
    world = trio.world
    mapping(world, "snow", 'on_hold: "3"', 'on_hold: "9"')
    mapping(world, "snow", "known_error: Known error", "known_error: Something else")
    world.app.mappings.publish("snow", _both(world))
    world.people.snow_set(trio.sys_id, state="3", hold_reason="4")
    world.people.snow_set(trio.sys_id, close_code="Known error")
    for _ in range(5):
        world.people.snow_set(trio.sys_id, work_notes="Another note.")
        world.sync()
    assert sorted(parked.field for parked in world.parked()) == ["resolution_code", "status"]
    assert len(trio.said("parked")) == 2


def _both(world):
    file = world.folder / "snow.yaml"
    file.write_text(file.read_text().replace('on_hold: "3"', 'on_hold: "9"'))
    return file


def test_a_refused_field_waits_and_the_others_flow(trio):
    world = trio.world
    world.sandbox["jira"].platform.drop_priority("Highest")
    world.people.snow_set(trio.sys_id, impact="1", urgency="1", short_description="Urgent")
    world.settle(6)
    assert trio.titles() == ("Urgent",) * 3
    assert trio.pd["priority"]["summary"] == "P1"
    assert trio.jira["priority"]["name"] == "Medium"
    one = waiting(world, "refused")
    assert (one.instance, one.field) == ("jira", "priority")
    assert "priority" in one.reason
    marks = world.marks()
    world.settle()
    assert world.writes(marks) == []
    # A value that Jira has is written again without anybody's help.
    world.people.snow_set(trio.sys_id, impact="2", urgency="1")
    world.settle()
    assert trio.jira["priority"]["name"] == "High"
    assert world.parked() == []


def test_a_required_field_at_create_waits_with_its_name(world):
    world.sandbox["jira"].platform.require_field("customfield_10103")
    world.sync()
    world.people.snow_create(short_description="Needs a severity")
    world.settle()
    assert world.people.jira_all() == []
    one = waiting(world, "create")
    assert "customfield_10103" in one.reason or "Severity" in one.reason
    assert len(world.people.pd_all()) == 1
    world.sandbox["jira"].platform.require_field("customfield_10103", required=False)
    world.app.park_retry(one.id)
    world.settle()
    assert len(world.people.jira_all()) == 1
    assert world.parked() == []


def test_a_new_mapping_tries_again_what_the_old_one_could_not_say(cloud):
    cloud.sandbox["jira"].platform.require_field("customfield_10103")
    cloud.sync()
    cloud.people.snow_create(short_description="Needs a severity")
    cloud.settle()
    assert waiting(cloud, "create")
    severity = (
        "fields:\n  custom.severity: {field: customfield_10103, default: minor, values: {minor: SEV-3}}"
    )
    mapping(cloud, "jira", "fields:", severity)
    cloud.settle()
    assert len(cloud.people.jira_all()) == 1
    assert cloud.parked() == []


def test_a_removed_transition_waits_with_the_ways_there_are(trio):
    world = trio.world
    jira = world.sandbox["jira"].platform
    before = dict(jira.site.workflows)
    jira.remove_transition("11")
    world.people.snow_set(trio.sys_id, state="2")
    world.settle()
    one = waiting(world, "unreachable")
    assert "'To Do'" in one.reason
    assert trio.pd["status"] == "acknowledged"
    world.people.snow_set(trio.sys_id, short_description="Flows on")
    world.settle()
    assert trio.jira["summary"] == "Flows on"
    jira.site.workflows.update(before)
    world.app.park_retry(one.id)  # at once, whatever is remembered of transitions
    world.settle()
    assert trio.jira["status"]["name"] == "In Progress"
    assert world.parked() == []


def test_a_transition_that_is_mended_wrongly_waits_again(trio):
    world = trio.world
    world.sandbox["jira"].platform.remove_transition("11")
    world.people.snow_set(trio.sys_id, state="2")
    world.settle()
    one = waiting(world, "unreachable")
    marks = world.marks()
    world.app.park_retry(one.id)
    world.settle(6)
    assert waiting(world, "unreachable").id != one.id
    assert [w for w in world.writes(marks) if w.startswith("jira")] == []
    assert len([c for c in world.calls(marks)["jira"] if "transitions" in c]) <= 2


def test_a_transition_that_somebody_was_faster_with_parks_nothing(trio):
    """The id of a transition is valid only in the status that it leads out of."""
    world = trio.world
    world.before("jira", "POST", "/transitions", lambda: world.people.jira_move(trio.key, "In Progress"))
    world.people.snow_set(trio.sys_id, state="2")
    world.settle(6)
    assert world.parked() == []
    assert (trio.jira["status"]["name"], trio.snow["state"]) == ("In Progress", "2")


def test_two_steps_within_minutes_that_somebody_was_faster_with_park_nothing(trio):
    """Found by the simulation: that another step had been refused before was taken for a sign that the platform does not want it."""
    world = trio.world
    for state, to in (("2", "In Progress"), ("3", "Waiting")):
        world.before("jira", "POST", "/transitions", lambda to=to: world.people.jira_move(trio.key, to))
        world.people.snow_set(trio.sys_id, state=state, hold_reason="4" if state == "3" else "")
        world.settle(6)
        assert (trio.jira["status"]["name"], trio.snow["state"]) == (to, state)
    assert world.parked() == []


def test_a_workflow_that_changes_under_way_is_looked_at_once_more(trio):
    world = trio.world
    site = world.sandbox["jira"].platform.site

    def renumber():
        site.workflows = {
            name: replace(
                workflow,
                transitions=tuple(
                    replace(step, id="911") if step.id == "11" else step for step in workflow.transitions
                ),
            )
            for name, workflow in site.workflows.items()
        }

    world.before("jira", "POST", "/transitions", renumber)
    world.people.snow_set(trio.sys_id, state="2")
    world.settle(6)
    assert world.parked() == []
    assert trio.jira["status"]["name"] == "In Progress"


def test_a_transition_that_is_refused_again_and_again_waits(trio, monkeypatch):
    world = trio.world
    handle = world.sandbox["jira"].platform.handle

    def stubborn(request, now, rng):
        if request.method == "POST" and request.path.endswith("/transitions"):
            body = b'{"errorMessages": ["A validator says no."], "errors": {}}'
            return Response(400, body, {"Content-Type": "application/json"})
        return handle(request, now, rng)

    monkeypatch.setattr(world.sandbox["jira"].platform, "handle", stubborn)
    marks = world.marks()
    world.people.snow_set(trio.sys_id, state="2")
    world.settle(8)
    one = waiting(world, "refused")
    assert "A validator says no" in one.reason
    assert len([w for w in world.writes(marks) if "transitions" in w]) == 2


def test_a_renamed_field_is_found_by_check(cloud):
    trio = cloud.trio()
    cloud.sandbox["jira"].platform.rename_field("customfield_10103", "How bad")
    mapping(cloud, "jira", "fields:", "fields:\n  custom.gone: {field: customfield_19999}")
    findings = [f for name, f in cloud.app.check(["jira"]) if f.check == "mapping"]
    assert any("customfield_19999" in f.message for f in findings)
    cloud.people.snow_set(trio.sys_id, short_description="Flows on")
    cloud.settle()
    assert trio.titles() == ("Flows on",) * 3


# ---- one instance -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_wrong_credentials_halt_that_instance_and_say_so(cloud, name):
    trio = cloud.trio()
    secret = {"snow": "SNOW_PASSWORD", "jira": "JIRA_TOKEN", "pd": "PD_TOKEN"}[name]
    right = cloud.environment
    cloud.secret(secret, "wrong")
    cloud.reopen()
    cloud.people.snow_set(
        trio.sys_id, short_description="While locked out"
    ) if name != "snow" else cloud.people.jira_set(trio.key, summary="While locked out")
    cloud.settle()
    assert right is cloud.environment
    halted = instance(cloud, name).halted
    assert halted is not None
    assert name in halted
    assert "wrong" not in halted
    others = [
        title for side, title in zip(("snow", "jira", "pd"), trio.titles(), strict=True) if side != name
    ]
    assert others == ["While locked out"] * 2
    cloud.secret(secret, "sandbox" if name == "snow" else "token-syncline")
    cloud.reopen()
    for _ in range(4):
        cloud.sync(120)
    assert trio.titles() == ("While locked out",) * 3
    assert instance(cloud, name).halted is None


def test_a_wrong_address_is_named(cloud):
    cloud.configure("url: <snow>", "url: https://elsewhere.example")
    cloud.sync()
    said = [
        line.text
        for line in cloud.events()
        if line.instance == "snow" and line.kind in {"halted", "unreachable"}
    ]
    assert len(said) == 1
    assert "elsewhere.example" in said[0]
    cloud.people.jira(
        "POST",
        "issue",
        {"fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Goes on"}},
    )
    cloud.settle()
    assert [incident["title"] for incident in cloud.people.pd_all()] == ["Goes on"]


@pytest.mark.parametrize("fault", ["html", "hibernate"])
def test_a_page_instead_of_json_halts_and_recovers_by_itself(trio, fault):
    world = trio.world
    world.sandbox["snow"].set_faults(**{fault: 1.0})
    world.people.jira_set(trio.key, summary="While it slept")
    world.settle()
    assert trio.pd["title"] == "While it slept"
    status = instance(world, "snow")
    said = status.halted or status.error
    assert said
    assert "snow" in said
    if fault == "hibernate":
        assert "hibernat" in said.lower()
    world.sandbox["snow"].clear_faults()
    for _ in range(4):
        world.sync(120)
    status = instance(world, "snow")
    assert (status.halted, status.failing_since) == (None, None)
    assert trio.titles() == ("While it slept",) * 3
    assert len(world.people.snow_all()) == 1


def test_writes_that_are_not_allowed_are_said_once_and_not_each_minute(trio):
    world = trio.world
    world.fault("pd", "error_before", "PUT", "^/incidents/", status=401, count=20)
    world.people.snow_set(trio.sys_id, short_description="Not for us")
    for _ in range(8):
        world.sync(61)
    assert instance(world, "pd").halted
    lines = [
        line for line in world.events() if line.kind in {"halted", "recovered"} and line.instance == "pd"
    ]
    assert [line.kind for line in lines] == ["halted"]
    world.sandbox["pd"].clear_faults()
    for _ in range(3):
        world.sync(61)
    assert trio.titles() == ("Not for us",) * 3
    assert instance(world, "pd").halted is None


@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_a_storm_of_429_is_waited_out(trio, name):
    world = trio.world
    world.settle()
    world.sandbox[name].set_faults(throttle_for=120.0)
    marks = world.marks()
    if name == "snow":
        world.people.jira_set(trio.key, summary="Through the storm")
    else:
        world.people.snow_set(trio.sys_id, short_description="Through the storm")
    for _ in range(12):
        world.sync(10)
    assert len(world.calls(marks)[name]) < 80
    for _ in range(10):
        world.sync(600)  # ServiceNow says to come back when its hour is over
    assert trio.titles() == ("Through the storm",) * 3
    assert world.parked() == []


def test_a_lost_permission_is_no_deletion(cloud):
    cloud.sync()
    for n in range(6):
        cloud.people.snow_create(short_description=f"Ticket {n}")
    cloud.settle()
    cloud.sandbox["jira"].platform.deny("syncline", "BROWSE_PROJECTS")
    for _ in range(4):
        cloud.sync(700)
        cloud.sweep("jira")
    assert any(line.kind == "vanished" for line in cloud.events())
    status = cloud.app.status()
    assert "gone" not in status.events
    cloud.sandbox["jira"].platform.grant("syncline", "BROWSE_PROJECTS")
    number = cloud.people.snow_all()[0]
    cloud.people.snow_set(number["sys_id"], short_description="Seen again")
    for _ in range(4):
        cloud.sync(120)
    assert "Seen again" in [found["fields"]["summary"] for found in cloud.people.jira_all()]
    assert len(cloud.people.jira_all()) == 6


# ---- late and stale -----------------------------------------------------------------------------


def test_a_stale_index_neither_reverts_nor_duplicates(cloud):
    """Jira's search shows what was, for a while after it changed."""
    cloud.configure("default_issue_type: Task\n    overlap: 20", "default_issue_type: Task\n    overlap: 90")
    cloud.sandbox["jira"].set_faults(stale=45.0)
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="First")
    for _ in range(4):
        cloud.sync(5)
    cloud.people.snow_set(sys_id, short_description="Second")
    for _ in range(12):
        cloud.sync(10)
    cloud.sandbox["jira"].clear_faults()
    cloud.settle()
    assert [found["fields"]["summary"] for found in cloud.people.jira_all()] == ["Second"]
    assert cloud.people.snow_get(sys_id)["short_description"] == "Second"
    (issue,) = cloud.people.jira_all()
    cloud.sandbox["jira"].set_faults(stale=45.0)
    cloud.people.jira_set(issue["key"], summary="Third, by a person")
    for _ in range(12):
        cloud.sync(10)
    assert cloud.people.snow_get(sys_id)["short_description"] == "Third, by a person"


def test_rows_that_a_page_repeats_do_no_harm(trio):
    world = trio.world
    for name in world.urls:
        world.sandbox[name].set_faults(
            duplicate_rows=1.0, methods="GET|POST", paths="incident|search|log_entries|journal"
        )
    world.people.snow_set(trio.sys_id, short_description="Repeated", work_notes="Said once.")
    for _ in range(6):
        world.sync(20)
    assert trio.titles() == ("Repeated",) * 3
    assert sum("Said once." in text for text in trio.comments()) == 1


# ---- the nets -----------------------------------------------------------------------------------


def test_the_sweep_alone_finds_what_no_poll_told(trio):
    world = trio.world
    world.settle()
    station = world.app.station
    world.people.snow_set(trio.sys_id, short_description="Nobody polled")
    world.people.snow_set(trio.sys_id, state="2")
    world.clock.advance(600)
    steps = world.sweep("snow")
    assert sum(step.drifted for step in steps) == 1
    world.work()
    assert trio.jira["summary"] == "Nobody polled"
    assert trio.pd["status"] == "acknowledged"
    assert station is world.app.station
    assert trio.said("swept")


def test_the_poll_alone_brings_everything(trio):
    world = trio.world
    for n in range(3):
        world.people.pd_set(trio.pd_id, title=f"Title {n}")
        world.sync(70)
    assert trio.titles() == ("Title 2",) * 3
    assert trio.said("swept") == []


def test_a_sweep_of_an_unchanged_world_writes_nothing_and_says_nothing(trio):
    world = trio.world
    world.settle()
    marks = world.marks()
    for name in world.urls:
        assert [step.drifted for step in world.sweep(name)] == [0]
    world.settle()
    assert world.writes(marks) == []
    assert trio.said("swept") == []


# ---- people -------------------------------------------------------------------------------------


def test_assignees_are_the_same_person_everywhere(both):
    world = both.world
    users = {
        row["user_name"]: row["sys_id"]
        for row in world.people.snow("GET", "sys_user?sysparm_fields=user_name,sys_id")
    }
    chloe = next(i for name, i in users.items() if name.startswith("chloe"))
    world.people.snow_set(both.sys_id, assigned_to=chloe)
    world.settle()
    assert both.jira["assignee"]["displayName"] == "Chloe Martin"
    assert world.value(both.number, "assignee") == "chloe.martin@example.com"
    who = world.people.jira(
        "GET", "user/search?query=olga" if world.flavour == "cloud" else "user/search?username=olga"
    )[0]
    person = {"accountId": who["accountId"]} if world.flavour == "cloud" else {"name": who["name"]}
    world.people.jira_set(both.key, assignee=person)
    world.settle()
    olga = next(i for name, i in users.items() if name.startswith("olga"))
    assert both.snow["assigned_to"] == olga


def test_somebody_whom_a_platform_does_not_have_is_left_out_with_a_report(trio):
    world = trio.world
    row = world.people.snow("GET", "sys_user?sysparm_fields=user_name,sys_id,email")
    theirs = {r["email"]: r["sys_id"] for r in row}
    jira = {u.get("emailAddress") for u in world.people.jira("GET", "users/search?maxResults=50")}
    stranger = next((sys_id for email, sys_id in sorted(theirs.items()) if email and email not in jira), None)
    if stranger is None:
        pytest.skip("everybody of the simulated ServiceNow is in Jira")
    world.people.snow_set(trio.sys_id, assigned_to=stranger, short_description="Flows on")
    world.settle()
    assert trio.titles() == ("Flows on",) * 3
    assert any("assignee is not written to jira" in text for text in trio.said("withheld"))


def test_an_outage_while_people_are_looked_up_is_no_endless_loop(trio):
    world = trio.world
    row = world.people.snow("GET", "sys_user?sysparm_fields=user_name,sys_id")
    diane = next(r["sys_id"] for r in row if r["user_name"].startswith("diane"))
    world.sandbox["jira"].set_faults(error_before=1.0, paths="user")
    world.sandbox["snow"].set_faults(error_before=1.0, paths="sys_user")
    world.people.snow_set(trio.sys_id, assigned_to=diane)
    marks = world.marks()
    world.settle()
    assert len(world.calls(marks)["jira"]) < 60
    world.sandbox["jira"].clear_faults()
    world.sandbox["snow"].clear_faults()
    for _ in range(4):
        world.sync(120)
    assert trio.jira["assignee"]["displayName"] == "Diane Novak"


# ---- mappings -----------------------------------------------------------------------------------


def test_a_published_mapping_is_in_force_at_once_and_can_be_taken_back(trio):
    world = trio.world
    mapping(
        world,
        "jira",
        "title: {field: summary, max: 255, transforms: [one_line]}",
        "title: {field: summary, max: 20, transforms: [one_line]}",
    )
    world.people.snow_set(trio.sys_id, short_description="A title that is longer than twenty")
    world.settle()
    assert len(trio.jira["summary"]) <= 20
    assert trio.snow["short_description"] == "A title that is longer than twenty"
    world.app.mappings.rollback("jira")
    world.people.snow_set(trio.sys_id, short_description="Another title that is longer than twenty")
    world.settle()
    assert trio.jira["summary"] == "Another title that is longer than twenty"
    assert [v.author for v in world.app.mappings.history("jira")][:2] == ["test", "test"]


def test_a_mapping_with_faults_is_not_published(trio):
    world = trio.world
    with pytest.raises(SynclineError, match=r"jira\.yaml:\d+:\d+"):
        mapping(world, "jira", "title: {field: summary,", "titel: {field: summary,")
    world.people.snow_set(trio.sys_id, short_description="Still in force")
    world.settle()
    assert trio.titles() == ("Still in force",) * 3


# ---- plans --------------------------------------------------------------------------------------


def written_bodies(world, marks):
    """What we sent, as method, path and body."""
    return [
        (name, r.method, r.path, r.body)
        for name, n in marks.items()
        for r in world.requests(name, n)
        if r.method in {"POST", "PUT", "PATCH"} and "search" not in r.path
    ]


def test_a_plan_shows_the_calls_that_are_then_made_and_makes_none(both):
    world = both.world
    world.settle()
    row = world.people.snow("GET", "sys_user?sysparm_fields=user_name,sys_id")
    chloe = next(r["sys_id"] for r in row if r["user_name"].startswith("chloe"))
    world.people.snow_set(both.sys_id, short_description="Planned", state="2", assigned_to=chloe, impact="1")
    marks = world.marks()
    plan = world.app.plan(both.number)
    assert world.writes(marks) == []
    planned = {
        (c.instance, c.call.method, c.call.url.partition(".example")[2].partition("?")[0])
        for c in plan.calls
        if c.call
    }
    marks = world.marks()
    world.settle()
    made = {(name, method, path) for name, method, path, _ in written_bodies(world, marks)}
    assert planned == made
    bodies = {body for *_, body in written_bodies(world, marks)}
    assert {c.call.body.decode() for c in plan.calls if c.call and c.call.body} == bodies


def test_a_plan_for_a_new_ticket_shows_its_creates(cloud):
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="To be planned")
    cloud.people.snow_set(sys_id, state="2")
    marks = cloud.marks()
    plan = cloud.app.plan(cloud.people.snow_get(sys_id)["number"])
    assert cloud.writes(marks) == []
    assert {(c.instance, c.kind) for c in plan.calls if c.kind == "create"} == {
        ("jira", "create"),
        ("pd", "create"),
    }
    assert cloud.app.status().incidents == 0
    marks = cloud.marks()
    cloud.settle()
    creates = [
        body
        for _, method, path, body in written_bodies(cloud, marks)
        if path.endswith(("/issue", "/incidents"))
    ]
    assert len(creates) == 2
    # The marker is an id of its own each time; all else is the same.
    import re

    same = [
        re.sub(r"SL-\w{10}|syncline-sl-\w{10}|sl-\w{10}|SL\w{10}", "*", c.call.body.decode())
        for c in plan.calls
        if c.kind == "create"
    ]
    assert sorted(same) == sorted(
        re.sub(r"SL-\w{10}|syncline-sl-\w{10}|sl-\w{10}|SL\w{10}", "*", body) for body in creates
    )


def test_a_plan_where_a_ticket_is_gone_says_so(trio):
    world = trio.world
    world.people.jira("DELETE", f"issue/{trio.key}")
    plan = world.app.plan(trio.number)
    assert any("jira" in reason for reason in plan.reasons)


def test_an_account_that_may_not_read_the_schema_still_keeps_tickets_in_agreement(cloud):
    cloud.fault("snow", "error_before", "GET", "sys_dictionary|sys_choice", status=403, count=1000)
    trio = cloud.trio()
    cloud.people.snow_set(trio.sys_id, short_description="Without a schema")
    marks = cloud.marks()
    for _ in range(4):
        cloud.sync(10)
    assert trio.titles() == ("Without a schema",) * 3
    assert not any("sys_dictionary" in call for call in cloud.calls(marks)["snow"])
    assert instance(cloud, "snow").halted is None


def test_a_token_that_expires_is_renewed_by_itself(cloud):
    cloud.secret("SNOW_CLIENT_SECRET", CLIENT_SECRET)
    oauth = f"auth: oauth\n    client_id: {CLIENT_ID}\n    username: {INTEGRATION}"
    cloud.configure("auth: basic\n    username: syncline", oauth)
    trio = cloud.trio()
    for hour in range(5):
        cloud.clock.advance(3600)
        cloud.people.jira_set(trio.key, summary=f"Hour {hour}")
        cloud.settle(3)
    assert trio.titles() == ("Hour 4",) * 3
    assert cloud.parked() == []
    assert not any(line.kind == "halted" for line in cloud.events())
