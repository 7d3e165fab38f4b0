"""What replies of the server mean."""

import pytest

from syncline.connector import Comment, Create, Update
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.model import Visibility

NUMBER = "INC000000000430"


def messages(number, text="No", appended=None):
    return [
        {
            "messageType": "ERROR",
            "messageText": text,
            "messageNumber": number,
            "messageAppendedText": appended,
        }
    ]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, messages(306, "Value does not fall within the limits"), Refused),
        (403, messages(330, "You do not have write access to field"), Refused),
        (500, messages(1291055, "The status In Progress requires an Assignee."), Refused),
        (500, messages(307), Refused),
        (404, messages(302, "Entry does not exist in database"), Gone),
        (500, messages(302), Gone),
        (404, messages(303, "Form does not exist on server"), Configuration),
        (404, [], Configuration),
        (401, messages(623, "Authentication failed"), Configuration),
        (500, messages(9093, "User is currently connected from another machine"), RetryLater),
        (429, messages(0), RetryLater),
        (500, messages(93, "Timeout during database update"), OutcomeUnknown),
        (500, {"message": "no list"}, OutcomeUnknown),
        (502, "<html>", OutcomeUnknown),
    ],
)
def test_what_a_refused_write_means(helix, wire, incident, status, body, error):
    wire.answers("GET", "HPD:IncidentInterface", incident())
    more = {"body": body} if isinstance(body, str) else {"json": body}
    path = "HPD:IncidentInterface/INC000000000527%7CINC000000000527"
    wire.answers("PUT", path, status=status, **more)
    with pytest.raises(error) as caught:
        helix.write(Update(NUMBER, {"Description": "x"}))
    assert "helix-test" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "appended", "field"),
    [
        ("The status In Progress requires an Assignee.", None, "Assignee Login ID"),
        ("The status Pending requires a Status Reason.", None, "Status_Reason"),
        ("Value does not fall within the limits specified", "Description", "Description"),
    ],
)
def test_the_field_that_is_meant(helix, wire, incident, text, appended, field):
    wire.answers("GET", "HPD:IncidentInterface", incident())
    path = "HPD:IncidentInterface/INC000000000527%7CINC000000000527"
    wire.answers("PUT", path, status=500, json=messages(1291055, text, appended))
    with pytest.raises(Refused) as caught:
        helix.write(Update(NUMBER, {"Status": "In Progress"}))
    assert field in caught.value.fields


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, messages(1587, "Format of the qualification is invalid"), Configuration),
        (403, messages(353, "You have no access to form"), Configuration),
        (500, messages(93), RetryLater),
        (200, {"something": "else"}, RetryLater),
        (200, {"entries": [{"no": "values"}]}, RetryLater),
        (200, {"entries": ["text"]}, RetryLater),
    ],
)
def test_what_a_read_that_fails_means(helix, wire, status, body, error):
    wire.answers("GET", "HPD:IncidentInterface", status=status, json=body)
    with pytest.raises(error):
        helix.read(NUMBER)


@pytest.mark.parametrize(
    "operation",
    [
        Create("SL-7K2M9QXA", {"Description": "x"}),
        Comment(NUMBER, "m", "text", Visibility.PUBLIC),
    ],
)
@pytest.mark.parametrize("body", ["<html><title>Sign in</title></html>", "", "null"])
def test_a_page_or_nothing_after_a_write_decides_nothing(helix, wire, operation, body):
    for form in ("HPD:IncidentInterface_Create", "HPD:WorkLog"):
        wire.answers("POST", form, status=201, body=body)
    with pytest.raises(OutcomeUnknown):
        helix.write(operation)
