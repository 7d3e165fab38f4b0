"""The workflow is asked for once in a while, and only the live one is believed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncline.connector import Transition
from syncline.errors import Refused, RetryLater
from syncline_jira.client import JiraClient
from syncline_jira.workflow import FRESH, Workflows

TRANSITIONS = {
    "transitions": [
        {"id": "31", "name": "Resolve", "to": {"id": "5", "name": "Done"}, "hasScreen": True, "fields": {
            "resolution": {"required": True, "hasDefaultValue": False, "allowedValues": [{"id": "1", "name": "Fixed"}, {"id": "2", "name": "Duplicate"}]},
            "customfield_4": {"required": True, "allowedValues": [{"id": "9", "value": "Blue"}]},
            "customfield_5": {"required": True},
            "priority": {"required": True, "hasDefaultValue": True, "allowedValues": [{"name": "High"}]},
            "assignee": {"required": False}}},
        {"id": "11", "name": "Back", "to": {"id": "1", "name": "To Do"}},
        {"id": "12", "name": "Hidden", "to": {"id": "2", "name": "Review"}, "isAvailable": False},
        {"id": "13", "name": "Broken"}, None,
    ]
}  # fmt: skip


def test_steps_come_with_the_fields_that_must_be_given(site: Any) -> None:
    site.on("GET", "issue/10012", site.issue())
    site.on("GET", "issue/10012/transitions", TRANSITIONS)
    site.on("GET", "issue/10012", site.issue())
    jira = site.connect()
    resolve, back = jira.steps("10012", "In Progress")
    assert (resolve.id, resolve.name, resolve.to) == ("31", "Resolve", "Done")
    assert resolve.required == {
        "resolution": ("Fixed", "Duplicate"),
        "customfield_4": ("Blue",),
        "customfield_5": (),
    }
    assert (back.id, back.to, back.required) == ("11", "To Do", {})
    assert site.query(1)["expand"] == "transitions.fields"
    assert jira.steps("10012", "In Progress") == (resolve, back)
    assert site.paths() == ["GET issue/10012", "GET issue/10012/transitions", "GET issue/10012"]


def test_steps_of_an_issue_that_moves_meanwhile_are_not_taken_for_those_of_the_status_that_it_left(
    site: Any,
) -> None:
    search = "search/jql" if site.cloud else "search"
    for moved in (True, False):
        site.on("GET", "issue/10012", site.issue(status={"name": "To Do"}))
        site.on("GET", search, {"issues": [{"id": "10077", "fields": {}}], "isLast": True, "total": 1})
        site.on("GET", "issue/10077", site.issue(77))
        site.on("GET", "issue/10077/transitions", {"transitions": []} if moved else TRANSITIONS)
        site.on("GET", "issue/10077", site.issue(77, status={"name": "Done"}) if moved else site.issue(77))
    assert [step.id for step in site.connect().steps("10012", "In Progress")] == ["31", "11"]


def test_a_status_that_every_issue_leaves_is_asked_for_later(cloud: Any) -> None:
    for _ in range(3):
        cloud.on("GET", "issue/10012", cloud.issue())
        cloud.on("GET", "issue/10012/transitions", TRANSITIONS)
        cloud.on("GET", "issue/10012", cloud.issue(status={"name": "Done"}))
    with pytest.raises(RetryLater, match="moves all the time"):
        cloud.connect().steps("10012", "In Progress")


def test_steps_from_another_status_are_those_of_an_issue_that_stands_in_it(site: Any) -> None:
    site.on("GET", "issue/10012", site.issue(status={"name": "To Do"}))
    site.on(
        "GET",
        "search/jql" if site.cloud else "search",
        {"issues": [{"id": "10077", "fields": {}}], "isLast": True, "total": 1},
    )
    site.on("GET", "issue/10077", site.issue(77))
    site.on("GET", "issue/10077/transitions", TRANSITIONS)
    site.on("GET", "issue/10077", site.issue(77))
    assert [step.id for step in site.connect().steps("10012", "In Progress")] == ["31", "11"]
    assert (
        site.query(1)["jql"]
        == 'project = "OPS" AND issuetype = 10001 AND status = "In Progress" ORDER BY updated DESC'
    )


def test_a_search_index_that_lags_does_not_lend_a_status_the_steps_of_another(site: Any) -> None:
    site.on("GET", "issue/10012", site.issue(status={"name": "To Do"}))
    site.on(
        "GET",
        "search/jql" if site.cloud else "search",
        {"issues": [{"id": "10077", "fields": {}}], "isLast": True, "total": 1},
    )
    site.on("GET", "issue/10077", site.issue(77, status={"name": "Done"}))
    assert site.connect().steps("10012", "In Progress") == ()


def test_a_status_without_any_issue_has_no_known_steps(site: Any) -> None:
    site.on("GET", "issue/10012", site.issue())
    site.on("GET", "search/jql" if site.cloud else "search", {"issues": [], "isLast": True, "total": 0})
    assert site.connect().steps("10012", "Done") == ()


def test_after_a_transition_was_refused_the_workflow_is_looked_at_afresh(cloud: Any) -> None:
    for _ in range(2):
        cloud.on("GET", "issue/10012", cloud.issue())
        cloud.on("GET", "issue/10012/transitions", TRANSITIONS)
        cloud.on("GET", "issue/10012", cloud.issue())
    cloud.on("POST", "issue/10012/transitions", {"errorMessages": ["It is not possible"]}, 400)
    jira = cloud.connect()
    jira.steps("10012", "In Progress")
    with pytest.raises(Refused):
        jira.write(Transition("10012", "31", "Done"))
    jira.steps("10012", "In Progress")
    assert cloud.paths().count("GET issue/10012/transitions") == 2


def test_transitions_are_remembered_for_the_whole_project_and_type_but_not_for_ever(cloud: Any) -> None:
    now = [datetime(2026, 11, 22, tzinfo=UTC)]
    cloud.on("GET", "issue/10012", cloud.issue())
    cloud.on("GET", "issue/10012/transitions", TRANSITIONS)
    cloud.on("GET", "issue/10012", cloud.issue())
    client: JiraClient = cloud.connect()._client
    workflows = Workflows(client, lambda: now[0])
    first = workflows.steps("10012", "In Progress")
    workflows.learn("10013", cloud.issue(13))
    assert workflows.steps("10013", "In Progress") == first
    assert len(cloud.paths()) == 3
    now[0] += timedelta(seconds=FRESH + 1)
    cloud.on("GET", "issue/10012", cloud.issue())
    cloud.on("GET", "issue/10012/transitions", {"transitions": []})
    cloud.on("GET", "issue/10012", cloud.issue())
    assert workflows.steps("10012", "In Progress") == ()
