"""One request for each write, and exactly the one that Jira's contract asks for."""

from typing import Any

import pytest
import responses

from syncline.connector import Attach, Comment, Create, LinkBack, Reference, Transition, Update
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.model import Visibility

DOC = {
    "version": 1,
    "type": "doc",
    "content": [{"type": "paragraph", "content": [{"type": "text", "text": "It is full"}]}],
}


def test_a_create_is_one_post_that_carries_the_marker_twice(site: Any) -> None:
    site.on("POST", "issue", {"id": "10012", "key": "OPS-12", "self": "x"}, 201)
    values = {
        "summary": "Disk\nfull",
        "description": "It is full",
        "priority": "High",
        "assignee": "amina",
        "labels": ("db", "prod"),
        "components": ("Storage",),
        "status": "In Progress",
    }
    receipt = site.connect().write(Create("SL-7K2M9QXA", values))
    assert (receipt.record_id, receipt.record) == ("10012", None)
    assert site.paths() == ["POST issue"]
    assert site.sent() == {
        "fields": {
            "project": {"key": "OPS"},
            "issuetype": {"name": "Task"},
            "summary": "Disk full",
            "description": DOC if site.cloud else "It is full",
            "priority": {"name": "High"},
            "assignee": {"accountId": "amina"} if site.cloud else {"name": "amina"},
            "labels": ["db", "prod", "syncline-sl-7k2m9qxa"],
            "components": [{"name": "Storage"}],
        },
        "properties": [{"key": "syncline", "value": {"marker": "SL-7K2M9QXA"}}],
    }
    assert site.headers()["Content-Type"] == "application/json"


def test_a_marker_that_makes_no_label_is_refused_before_anything_is_sent(cloud: Any) -> None:
    with pytest.raises(Refused, match="no Jira label"):
        cloud.connect().write(Create("two words", {"summary": "x"}))


def test_an_update_on_cloud_brings_the_record_without_another_request(cloud: Any) -> None:
    cloud.know_me()
    cloud.on("PUT", "issue/10012", cloud.issue(summary="New"))
    receipt = cloud.connect().write(Update("10012", {"summary": "New", "assignee": None}))
    assert receipt.record is not None
    assert receipt.record.values["summary"] == "New"
    assert cloud.paths() == ["GET myself", "PUT issue/10012"]
    assert cloud.query() == {"returnIssue": "true"}
    assert cloud.sent() == {"fields": {"summary": "New", "assignee": None}}


def test_an_update_on_data_center_is_one_put_without_a_reply(dc: Any) -> None:
    dc.know_me()
    dc.on("PUT", "issue/10012", None, 204)
    receipt = dc.connect().write(Update("10012", {"summary": "New"}))
    assert (receipt.record_id, receipt.record) == ("10012", None)
    assert dc.query() == {}


def test_a_reply_to_an_update_that_cannot_be_understood_is_still_a_success(cloud: Any) -> None:
    cloud.know_me()
    cloud.on("PUT", "issue/10012", {"id": "10012"})
    assert cloud.connect().write(Update("10012", {"summary": "New"})).record is None


def test_our_label_stays_when_the_labels_are_written(site: Any) -> None:
    site.know_me()
    site.on("GET", "issue/10012", site.issue(labels=["old", "syncline-sl-1"]))
    site.on("PUT", "issue/10012", None, 204)
    site.on("PUT", "issue/10012", None, 204)
    jira = site.connect()
    jira.write(Update("10012", {"labels": ("new",)}))
    assert site.sent()["fields"]["labels"] == ["new", "syncline-sl-1"]
    jira.write(Update("10012", {"labels": ()}))
    assert site.sent()["fields"]["labels"] == ["syncline-sl-1"]
    assert site.paths().count("GET issue/10012") == 1


def test_a_status_is_never_set(site: Any) -> None:
    with pytest.raises(Refused) as caught:
        site.connect().write(Update("10012", {"status": "Done"}))
    assert set(caught.value.fields) == {"status"}


def test_a_transition_is_one_post_with_its_id_as_text(site: Any) -> None:
    site.on("POST", "issue/10012/transitions", None, 204)
    receipt = site.connect().write(Transition("10012", "31", "Done", {"resolution": "Fixed"}))
    assert receipt.record is None
    assert site.sent() == {"transition": {"id": "31"}, "fields": {"resolution": {"name": "Fixed"}}}
    assert site.paths() == ["POST issue/10012/transitions"]


def test_a_name_that_is_not_unique_can_be_mapped_by_its_id(site: Any) -> None:
    site.on("POST", "issue/10012/transitions", None, 204)
    site.connect().write(Transition("10012", "31", "Done", {"resolution": "10003"}))
    assert site.sent()["fields"] == {"resolution": {"id": "10003"}}


@pytest.mark.parametrize("visibility", list(Visibility))
def test_a_comment_is_internal_unless_it_is_public(site: Any, visibility: Visibility) -> None:
    site.on("POST", "issue/10012/comment", {"id": "555"}, 201)
    receipt = site.connect().write(Comment("10012", "SL-1-c1", "It is full\r\n", visibility))
    assert receipt.item_id == "555"
    internal = [{"key": "sd.public.comment", "value": {"internal": True}}]
    marker = [{"key": "syncline", "value": {"marker": "SL-1-c1"}}]
    properties = (internal if visibility is Visibility.INTERNAL else []) + (marker if site.cloud else [])
    expected: dict[str, Any] = {"body": DOC if site.cloud else "It is full"}
    assert site.sent() == expected | ({"properties": properties} if properties else {})


def test_internal_comments_can_be_kept_to_a_role(site: Any) -> None:
    site.on("POST", "issue/10012/comment", {"id": "555"}, 201)
    site.on("POST", "issue/10012/comment", {"id": "556"}, 201)
    jira = site.connect(internal_comments={"role": "Developers"})
    jira.write(Comment("10012", "m", "x", Visibility.INTERNAL))
    assert site.sent()["visibility"] == {"type": "role", "value": "Developers"}
    jira.write(Comment("10012", "m", "x", Visibility.PUBLIC))
    assert "visibility" not in site.sent()


def test_a_file_is_one_multipart_post_past_the_forgery_check(site: Any) -> None:
    site.on("POST", "issue/10012/attachments", [{"id": "777"}])
    receipt = site.connect().write(Attach("10012", "m", "größe.txt", "text/plain", b"bytes\x00\xff"))
    assert receipt.item_id == "777"
    assert site.headers()["X-Atlassian-Token"] == "no-check"
    assert site.headers()["Content-Type"].startswith("multipart/form-data; boundary=")
    body = site.web.calls[-1].request.body
    assert b'name="file"' in body
    assert b"Content-Type: text/plain" in body
    assert b"bytes\x00\xff" in body


def test_a_link_back_is_an_upsert_for_each_reference(site: Any) -> None:
    for number in (1, 2):
        site.on("POST", "issue/10012/remotelink", {"id": number, "self": "x"}, 201)
    references = (
        Reference("snow-prod", "servicenow", "INC0010001", "https://snow.example/x", "Disk full"),
        Reference("pd", "pagerduty", "#4711", "https://pd.example/y", "Disk full"),
    )
    receipt = site.connect().write(LinkBack("10012", "SL-1", references))
    assert receipt.item_id == "2"
    assert site.sent(0) == {
        "globalId": "syncline:SL-1:snow-prod",
        "application": {"type": "syncline", "name": "servicenow snow-prod"},
        "relationship": "is the same incident as",
        "object": {"url": "https://snow.example/x", "title": "INC0010001: Disk full"},
    }
    assert site.sent(1)["globalId"] == "syncline:SL-1:pd"


FIELD_LIST = [
    {"id": "customfield_1", "name": "Note", "schema": {"type": "string", "custom": "x:textarea"}},
    {"id": "customfield_2", "name": "Code", "schema": {"type": "string", "custom": "x:textfield"}},
    {"id": "customfield_3", "name": "Size", "schema": {"type": "number", "custom": "x:float"}},
    {"id": "customfield_4", "name": "Team", "schema": {"type": "option", "custom": "x:select"}},
    {"id": "customfield_5", "name": "Owner", "schema": {"type": "user", "custom": "x:userpicker"}},
    {
        "id": "customfield_6",
        "name": "Areas",
        "schema": {"type": "array", "items": "option", "custom": "x:multiselect"},
    },
    {"id": "customfield_7", "name": "Since", "schema": {"type": "datetime", "custom": "x:datetime"}},
    {
        "id": "customfield_8",
        "name": "Place",
        "schema": {"type": "option-with-child", "custom": "x:cascadingselect"},
    },
    {"id": "customfield_9", "name": "Group", "schema": {"type": "group", "custom": "x:grouppicker"}},
]


def test_custom_fields_are_written_as_their_type_wants_it(site: Any) -> None:
    site.on("GET", "field", FIELD_LIST)
    site.on("POST", "issue", {"id": "10012"}, 201)
    values = {
        "customfield_1": "It is full",
        "customfield_2": "A7",
        "customfield_3": "12.50",
        "customfield_4": "Blue",
        "customfield_5": "amina",
        "customfield_6": ("A", "B"),
        "customfield_7": "2026-11-22T09:00:00Z",
        "customfield_8": "Lyon / Hall 2",
        "customfield_9": "Network",
    }
    site.connect().write(Create("SL-1", values))
    fields = site.sent()["fields"]
    assert {name: fields[name] for name in values} == {
        "customfield_1": DOC if site.cloud else "It is full",
        "customfield_2": "A7",
        "customfield_3": 12.5,
        "customfield_4": {"value": "Blue"},
        "customfield_5": {"accountId" if site.cloud else "name": "amina"},
        "customfield_6": [{"value": "A"}, {"value": "B"}],
        "customfield_7": "2026-11-22T09:00:00.000+0000",
        "customfield_8": {"value": "Lyon", "child": {"value": "Hall 2"}},
        "customfield_9": {"name": "Network"},
    }


@pytest.mark.parametrize(
    ("name", "value"), [("customfield_3", "many"), ("customfield_7", "soon"), ("customfield_2", ("a",))]
)
def test_a_value_that_cannot_stand_in_its_field_is_refused_by_name(cloud: Any, name: str, value: Any) -> None:
    cloud.on("GET", "field", FIELD_LIST)
    with pytest.raises(Refused) as caught:
        cloud.connect().write(Create("SL-1", {name: value}))
    assert set(caught.value.fields) == {name}
    assert cloud.paths() == ["GET field"]


def test_a_refusal_names_the_fields_that_jira_names(site: Any) -> None:
    site.on("POST", "issue", {"errorMessages": [], "errors": {"priority": "Priority is required."}}, 400)
    with pytest.raises(Refused, match=r"jira-test.*priority: Priority is required") as caught:
        site.connect().write(Create("SL-1", {}))
    assert caught.value.fields == {"priority": "Priority is required."}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (503, OutcomeUnknown),
        (409, RetryLater),
        (404, Gone),
        (403, Refused),
        (413, Refused),
        (401, Configuration),
    ],
)
def test_a_write_that_fails_is_sent_once_and_says_whether_it_was_done(
    site: Any, status: int, error: type[Exception]
) -> None:
    site.on("POST", "issue/10012/comment", {"errorMessages": ["no"]}, status)
    with pytest.raises(error, match="10012"):
        site.connect().write(Comment("10012", "m", "x", Visibility.PUBLIC))
    assert site.paths() == ["POST issue/10012/comment"]


def test_a_create_whose_connection_breaks_is_sent_once_and_its_outcome_is_unknown(site: Any) -> None:
    site.web.add("POST", site.api("issue"), body=responses.ConnectionError("reset"))
    with pytest.raises(OutcomeUnknown):
        site.connect().write(Create("SL-1", {"summary": "x"}))
    assert site.paths() == ["POST issue"]


def test_a_create_whose_reply_names_no_issue_has_an_unknown_outcome(site: Any) -> None:
    site.on("POST", "issue", {"ok": True}, 201)
    with pytest.raises(OutcomeUnknown, match="marker"):
        site.connect().write(Create("SL-1", {"summary": "x"}))


def test_links_back_are_known_again_by_their_markers(site: Any) -> None:
    ids = ("syncline:sl1:snow-prod", "syncline:sl1:pd", "syncline:x", "system=1&id=2", None)
    site.on("GET", "issue/10012/remotelink", [{"id": n, "globalId": one} for n, one in enumerate(ids)])
    assert site.connect().linked("10012") == [("sl1", "pd"), ("sl1", "snow-prod")]
