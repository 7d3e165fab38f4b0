"""Searches, times as text, and what the instance says of its objects."""

import pytest

INCIDENT = "6dd53665c0c24cab86870a21cf6434ae"


def numbers(told):
    return [row["busObPublicId"] for row in told["businessObjects"]]


@pytest.fixture
def three(desk):
    """Incidents of 9:00:00, 9:00:10 and 9:00:20, priorities 1, 2 and 3."""
    for priority in "123":
        desk.create(Priority=priority, ShortDescription=f"Mail {priority}", SynclineID=f"case-{priority}")
        desk.pass_time(10)
    return desk


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ((), {"10001", "10002", "10003"}),
        ((("Priority", "eq", "2"),), {"10002"}),
        ((("Priority", "eq", "2"), ("Priority", "eq", "3")), {"10002", "10003"}),
        ((("Priority", "eq", "2"), ("Status", "eq", "Closed")), set()),
        ((("Priority", "gt", "1"), ("Status", "eq", "new")), {"10002", "10003"}),
        ((("Priority", "lt", "2"),), {"10001"}),
        ((("ShortDescription", "contains", "IL 2"),), {"10002"}),
        ((("ShortDescription", "startswith", "mail"),), {"10001", "10002", "10003"}),
        ((("SynclineID", "eq", "CASE-3"), ("SynclineID", "eq", "case-9")), {"10003"}),
        ((("OwnedBy", "eq", ""),), {"10001", "10002", "10003"}),
        ((("OwnedBy", "gt", "A"),), set()),
        ((("LastModifiedDateTime", "gt", "3/1/2026 9:00:10 AM"),), {"10003"}),
        ((("LastModifiedDateTime", "gt", "3/1/2026 9:00:09 AM"),), {"10002", "10003"}),
        ((("LastModifiedDateTime", "gt", "2026-03-01T09:00:00"),), {"10002", "10003"}),
        ((("LastModifiedDateTime", "eq", "3/1/2026 9:00 AM"),), {"10001"}),
        ((("LastModifiedDateTime", "lt", "3/1/2026 9:00:10 AM"),), {"10001"}),
        ((("LastModifiedDateTime", "gt", "3/1/2026"),), {"10001", "10002", "10003"}),
        ((("ClosedDateTime", "lt", "3/1/2027"),), set()),
    ],
)
def test_filters(three, filters, found):
    told = three.search("Incident", *filters)
    assert set(numbers(told)) == found
    assert told["totalRows"] == len(found)


def test_alternatives_of_one_field_are_no_range(three):
    told = three.search(
        "Incident",
        ("LastModifiedDateTime", "gt", "3/1/2026 9:00:10 AM"),
        ("LastModifiedDateTime", "lt", "3/1/2026 9:00:10 AM"),
    )
    assert set(numbers(told)) == {"10001", "10003"}


def test_pages_and_their_end(three):
    sorting = [{"fieldId": three.ids("Incident")["LastModifiedDateTime"], "sortDirection": 1}]

    def page(number):
        told = three.search("Incident", sorting=sorting, pageNumber=number, pageSize=2)
        return numbers(told), told["totalRows"], told["hasMoreRecords"]

    assert page(1) == page(0) == (["10001", "10002"], 3, True)
    assert page(2) == (["10003"], 3, False)
    assert page(3) == ([], 3, False)
    assert page("2") == page(2)


def test_a_page_has_a_limit_of_its_own(desk_with):
    desk = desk_with(most_rows=2)
    for _ in range(3):
        desk.create()
    told = desk.search("Incident", pageSize=100)
    assert (len(told["businessObjects"]), told["totalRows"], told["hasMoreRecords"]) == (2, 3, True)


def test_sorting_by_more_than_one_field_and_both_ways(three):
    three.create(Priority="1")
    ids = three.ids("Incident")
    sorting = [
        {"fieldId": ids["Priority"], "sortDirection": 0},
        {"fieldId": ids["IncidentID"], "sortDirection": 1},
    ]
    assert numbers(three.search("Incident", sorting=sorting)) == ["10003", "10002", "10001", "10004"]
    assert numbers(three.search("Incident", sorting=[{"fieldId": ids["IncidentID"]}]))[0] == "10004"


def test_what_is_alike_has_no_order(desk):
    for _ in range(8):
        desk.create()
    sorting = [{"fieldId": desk.ids("Incident")["LastModifiedDateTime"], "sortDirection": 1}]
    assert len({tuple(numbers(desk.search("Incident", sorting=sorting))) for _ in range(5)}) > 1
    assert len({tuple(numbers(desk.search("Incident"))) for _ in range(5)}) > 1


def test_rows_have_the_fields_that_were_asked_for(three):
    wanted = [three.ids("Incident")["Status"], three.ids("Incident")["Cause"].rpartition("FI:")[2]]
    told = three.search("Incident", ("Priority", "eq", "1"), includeAllFields=False, fields=wanted)
    (row,) = told["businessObjects"]
    assert [one["name"] for one in row["fields"]] == ["Status", "Cause"]
    told = three.search("Incident", ("Priority", "eq", "1"), includeAllFields=False)
    (row,) = told["businessObjects"]
    assert {"IncidentID", "Status"} < {one["name"] for one in row["fields"]} < set(three.ids("Incident"))


@pytest.mark.parametrize(
    "body",
    [
        {"filters": [{"fieldId": "bogus", "operator": "eq", "value": "1"}]},
        {"filters": [{"fieldId": "5eb3234ae1344c64a19819eda437f18d", "operator": "gte", "value": "1"}]},
        {
            "filters": [
                {"fieldId": "c1e86f31eb2c4c5f8e8615a5189e9b19", "operator": "gt", "value": "31/12/2026"}
            ]
        },
        {
            "filters": [
                {
                    "fieldId": "c1e86f31eb2c4c5f8e8615a5189e9b19",
                    "operator": "gt",
                    "value": "2026-01-01T00:00:00Z",
                }
            ]
        },
        {"filters": "all"},
        {"fields": ["bogus"]},
        {"sorting": [{"fieldId": "bogus"}]},
        {"pageSize": "ten"},
        {"busObId": "bogus"},
    ],
)
def test_searches_that_are_none(desk, error, body):
    assert error(desk.send("POST", "getsearchresults", {"busObId": INCIDENT, **body})) == (400, "BadRequest")


def test_bodies_as_public_clients_write_them(three):
    told = three.said(
        "POST",
        "GetSearchResults",
        {
            "BUSOBID": INCIDENT,
            "filters": [
                {"fieldId": "", "operator": "", "value": ""},
                {"FieldID": three.ids("Incident")["Priority"], "Operator": "eq", "Value": "2"},
            ],
            "sorting": [{"fieldId": "", "sortDirection": 0}],
            "fields": "",
            "includeAllFields": "true",
            "pageNumber": 0,
            "pageSize": 0,
        },
    )
    (row,) = told["businessObjects"]
    assert len(row["fields"]) == len(three.ids("Incident"))
    body = {"busObId": INCIDENT, "includeAllFields": "false", "fields": [""], "pageSize": 1}
    (row,) = three.said("POST", "getsearchresults", body)["businessObjects"]
    assert len(row["fields"]) < len(three.ids("Incident"))


def test_searches_may_lag_behind(desk):
    rec_id = desk.create()
    desk.pass_time(60)
    desk.platform.index_lag = 30.0
    desk.create()
    desk.save(rec_id=rec_id, Priority="1")
    assert numbers(desk.search("Incident")) == ["10001"]
    assert numbers(desk.search("Incident", ("Priority", "eq", "2"))) == ["10001"]
    assert desk.read(rec_id)["Priority"] == "1"
    desk.pass_time(31)
    assert numbers(desk.search("Incident", ("Priority", "eq", "2"))) == ["10002"]


@pytest.mark.parametrize(
    ("culture", "zone", "seconds", "shown"),
    [
        ("en-US", "UTC", True, "3/1/2026 9:00:00 AM"),
        ("en-US", "UTC", False, "3/1/2026 9:00 AM"),
        ("en-US", "Asia/Tokyo", True, "3/1/2026 6:00:00 PM"),
        ("en-GB", "UTC", True, "01/03/2026 09:00:00"),
        ("de-DE", "Europe/Berlin", True, "01.03.2026 10:00:00"),
        ("de-DE", "Europe/Berlin", False, "01.03.2026 10:00"),
    ],
)
def test_times_are_written_as_people_there_write_them(desk_with, culture, zone, seconds, shown):
    desk = desk_with(culture=culture, time_zone=zone, seconds_shown=seconds)
    rec_id = desk.create()
    assert desk.read(rec_id)["CreatedDateTime"] == shown
    assert desk.search("Incident", ("CreatedDateTime", "eq", shown))["totalRows"] == 1
    assert desk.search("Incident", ("CreatedDateTime", "gt", shown))["totalRows"] == 0


@pytest.mark.parametrize("name", ["locale", "lang"])
def test_a_request_may_ask_for_another_culture(desk, error, name):
    rec_id = desk.create()
    path = f"getbusinessobject/busobid/{INCIDENT}/busobrecid/{rec_id}"
    told = desk.said("GET", path, query=f"{name}=en-gb")
    assert "01/03/2026 09:00:00" in {one["value"] for one in told["fields"]}
    written = {
        "fieldId": desk.ids("Incident")["CreatedDateTime"],
        "operator": "eq",
        "value": "01.03.2026 09:00",
    }
    body = {"busObId": INCIDENT, "filters": [written]}
    assert desk.said("POST", "getsearchresults", body, query=f"{name}=de-DE")["totalRows"] == 1
    assert error(desk.send("POST", "getsearchresults", body)) == (400, "BadRequest")
    assert error(desk.send("GET", path, query=f"{name}=tlh")) == (400, "BadRequest")


@pytest.mark.parametrize(("hour", "shown"), [(0, "12:00:00 AM"), (12, "12:00:00 PM"), (23, "11:00:00 PM")])
def test_noon_and_midnight(desk, hour, shown):
    desk.at = desk.at.replace(hour=hour)
    assert desk.read(desk.create())["CreatedDateTime"] == f"3/1/2026 {shown}"


def test_there_is_no_other_culture(desk_with):
    with pytest.raises(ValueError, match="en-US, en-GB, de-DE"):
        desk_with(culture="fr-FR")


def test_summaries(desk):
    (incident,) = desk.said("GET", "getbusinessobjectsummary/busobname/incident")
    assert (incident["busObId"], incident["name"], incident["group"]) == (INCIDENT, "Incident", False)
    assert incident["stateFieldId"] == "5eb3234ae1344c64a19819eda437f18d"
    assert incident["states"] == "New,Assigned,In Progress,Pending,Resolved,Closed,Reopened"
    assert [incident] == desk.said("GET", f"getbusinessobjectsummary/busobid/{INCIDENT}")
    (journal,) = desk.said("GET", "getbusinessobjectsummary/busobname/Journal")
    assert journal["group"] is True
    assert [one["displayName"] for one in journal["groupSummaries"]] == [
        "Journal - Note",
        "Journal - History",
        "Journal - Customer Request",
    ]
    assert desk.said("GET", "getbusinessobjectsummary/busobname/Bogus") == []


def test_a_schema(desk_with):
    desk = desk_with(summary_length=100, custom_fields=("Correlation",))
    told = desk.said("GET", f"getbusinessobjectschema/busobid/{INCIDENT}")
    assert told["relationships"] is None
    fields = {one["name"]: one for one in told["fieldDefinitions"]}
    assert (fields["ShortDescription"]["maximumSize"], fields["Description"]["maximumSize"]) == ("100", "")
    assert (fields["Status"]["validated"], fields["Status"]["required"]) == (True, True)
    assert (fields["IncidentID"]["readOnly"], fields["Correlation"]["readOnly"]) == (True, False)
    assert (fields["CreatedDateTime"]["type"], fields["CreatedDateTime"]["hasTime"]) == ("DateTime", True)
    assert fields["OwnedByTeam"]["displayName"] == "Owned By Team"
    assert all(one["fieldId"].startswith(f"BO:{INCIDENT},FI:") for one in fields.values())
    assert len({one["fieldId"] for one in fields.values()}) == len(fields)


def test_a_blueprint_may_change(desk, error):
    rec_id = desk.create()
    cause = desk.ids("Incident")["Cause"]
    desk.platform.require_field("Service")
    assert (
        desk.save(rec_id=rec_id, Priority="1")["fieldValidationErrors"][0]["error"] == "Service is required."
    )
    desk.platform.require_field("Service", required=False)
    assert desk.save(rec_id=rec_id, Priority="1", Cause="Mail")["hasError"] is False
    desk.platform.remove_field("Cause")
    assert "Cause" not in desk.read(rec_id)
    assert desk.save(rec_id=rec_id, Cause="Disk")["fieldValidationErrors"][0]["fieldId"] == cause
    filters = [{"fieldId": cause, "operator": "eq", "value": "Mail"}]
    reply = desk.send("POST", "getsearchresults", {"busObId": INCIDENT, "filters": filters})
    assert error(reply) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("name", "some"),
    [("Status", "Reopened"), ("Priority", "5"), ("OwnedByTeam", "Network"), ("OwnedBy", "Amina Diallo")],
)
def test_what_a_field_may_hold(desk, name, some):
    by_name = desk.said("POST", "fieldvalueslookup", {"busObId": INCIDENT, "fieldName": name})
    by_id = desk.said(
        "POST", "fieldvalueslookup", {"busObId": INCIDENT, "fieldId": desk.ids("Incident")[name]}
    )
    assert by_name == by_id
    assert some in by_name["values"]


def test_users_and_teams(desk):
    told = desk.said("GET", "getuserbyloginid", query="loginid=amina&loginidtype=Internal")
    assert (told["publicId"], told["hasError"]) == ("Amina Diallo", False)
    ((_, amina),) = desk.rows("UserInfo", LoginID="amina")
    assert told["recordId"] == amina
    assert desk.send("GET", "getuserbyloginid", query="loginid=nobody").status == 404
    assert "Network" in {one["teamName"] for one in desk.said("GET", "getteams")["teams"]}
