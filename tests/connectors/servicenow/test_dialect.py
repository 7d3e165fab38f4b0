"""How ServiceNow's refusals reach the operator."""

import re

import pytest

from syncline.connector import Create, Update
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater


def sid(number: int) -> str:
    return f"{number:032x}"


def failure(message: str, detail: str | None) -> dict:
    return {"error": {"message": message, "detail": detail}, "status": "failure"}


POLICY = failure(
    "Operation Failed",
    "Data Policy Exception: The following fields are mandatory: Resolution code, Resolution notes, Plan",
)
ACL = failure("Operation Failed", "ACL Exception Update Failed due to security constraints")
TABLE = failure("Invalid table incidents", None)
URI = failure("Requested URI does not represent any resource", None)
NO_RECORD = failure("No Record found", "Record doesn't exist or ACL restricts the record retrieval")
CANCELLED = failure("Transaction cancelled: maximum execution time exceeded", "Check logs")
LOGIN = (
    "<html><head><title>Log in | ServiceNow</title></head><body><form id='loginPage'></form></body></html>"
)
ASLEEP = "<html><head><title>Instance Hibernating page</title></head></html>"


def read(snow):
    return snow.read(sid(1))


def update(snow):
    return snow.write(Update(sid(1), {"state": "6"}))


class TestWrites:
    def refused(self, snow, wire, status, body):
        wire.answers("PATCH", f"/table/incident/{sid(1)}", status=status, json=body)
        return lambda: update(snow)

    def test_a_data_policy_names_the_fields(self, snow, wire):
        call = self.refused(snow, wire, 403, POLICY)
        with pytest.raises(Refused, match=r"snow-test: record 0+1: .*Resolution notes") as caught:
            call()
        assert caught.value.fields == {
            "close_code": "is mandatory",
            "close_notes": "is mandatory",
            "Plan": "is mandatory",
        }

    def test_an_acl_says_insufficient_rights(self, snow, wire):
        call = self.refused(snow, wire, 403, ACL)
        with pytest.raises(Refused, match="insufficient rights") as caught:
            call()
        assert caught.value.fields == {}

    @pytest.mark.parametrize(
        ("status", "body", "error"),
        [
            (400, failure("Exception while reading request", "not valid JSON"), Refused),
            (404, NO_RECORD, Gone),
            (400, TABLE, Configuration),
            (404, TABLE, Configuration),
            (400, URI, Configuration),
            (401, failure("User Not Authenticated", "Required to provide Auth information"), Configuration),
            (202, {}, RetryLater),
            (200, {**CANCELLED, "result": {}}, OutcomeUnknown),
            (405, failure("Method not supported", ""), Refused),
            (500, failure("Internal", ""), OutcomeUnknown),
        ],
    )
    def test_each_reply_has_its_reaction(self, snow, wire, status, body, error):
        call = self.refused(snow, wire, status, body)
        with pytest.raises(error, match="snow-test"):
            call()
        # A write is never repeated by itself.
        assert len(wire.requests) == 1

    def test_a_second_factor_is_named(self, snow, wire):
        body = failure("User Not Authenticated", "Required to provide Auth information")
        wire.answers(
            "PATCH", f"/table/incident/{sid(1)}", status=401, json=body, headers={"X-MFA_TOKEN": "1"}
        )
        with pytest.raises(Configuration, match="second factor"):
            update(snow)

    def test_a_refused_create_is_refused(self, snow, wire):
        wire.answers("POST", "/table/incident", status=403, json=POLICY)
        with pytest.raises(Refused):
            snow.write(Create("SL-7", {"impact": "1"}))


class TestReads:
    @pytest.mark.parametrize(
        ("status", "body", "error", "said"),
        [
            (404, NO_RECORD, Gone, "No Record found"),
            (404, URI, Configuration, "check url and table"),
            (400, TABLE, Configuration, "Invalid table incidents"),
            (403, ACL, Configuration, "insufficient rights"),
            (400, failure("Pagination not supported", None), Configuration, "Pagination not supported"),
            (202, {}, RetryLater, "too many requests of one session"),
            (200, {**CANCELLED, "result": {}}, RetryLater, "Transaction cancelled"),
            (200, {"error": "odd", "result": {}}, RetryLater, "odd"),
        ],
    )
    def test_each_reply_has_its_reaction(self, snow, wire, status, body, error, said):
        wire.answers("GET", f"/table/incident/{sid(1)}", status=status, json=body)
        with pytest.raises(error, match=f"snow-test.*{re.escape(said)}"):
            read(snow)

    @pytest.mark.parametrize(
        ("page", "error", "said"),
        [(LOGIN, Configuration, "login page"), (ASLEEP, RetryLater, "developer.servicenow.com")],
    )
    def test_a_page_instead_of_json_says_what_to_do(self, snow, wire, page, error, said):
        wire.answers("GET", f"/table/incident/{sid(1)}", body=page, content_type="text/html")
        with pytest.raises(error, match=said):
            read(snow)

    def test_the_word_error_in_a_record_is_no_failure(self, snow, wire, incident):
        row = incident(short_description='it says "error": {"message": "x"}')
        wire.answers("GET", f"/table/incident/{sid(1)}", row)
        assert read(snow).record.values["short_description"].startswith("it says")

    def test_the_hourly_limit_says_how_long_to_wait(self, snow, wire, clock):
        reset = str(int(clock.time.timestamp()) + 1770)
        body = failure("Rate limit exceeded", "Rate limit of 1000 requests per hour exceeded")
        headers = {"X-RateLimit-Reset": reset}
        wire.answers("GET", f"/table/incident/{sid(1)}", status=429, json=body, headers=headers)
        with pytest.raises(RetryLater) as caught:
            read(snow)
        assert caught.value.after == 1770

    @pytest.mark.parametrize("reset", ["soon", "", "-5", "1e9", "٣"])
    def test_a_limit_without_a_proper_time_is_a_plain_wait(self, snow, wire, reset):
        headers = {"X-RateLimit-Reset": reset.encode().decode("latin-1"), "Retry-After": "60"}
        wire.answers("GET", f"/table/incident/{sid(1)}", status=429, json=failure("x", "y"), headers=headers)
        with pytest.raises(RetryLater) as caught:
            read(snow)
        assert caught.value.after == 60
