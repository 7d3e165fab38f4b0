"""Qualifications, fields, order and pages."""

import json

import pytest

INCIDENTS = "HPD:IncidentInterface"
EPOCH = 1772355600  # 2026-03-01 09:00:00 UTC


def numbers(desk, q, **params):
    return [row["Incident Number"] for row in desk.rows(INCIDENTS, q, **params)]


@pytest.fixture
def three(desk):
    """Three incidents, a minute between them."""
    made = []
    for urgency in ("1-Critical", "2-High", "4-Low"):
        made.append(desk.create(Urgency=urgency, Description=f'The "{urgency}" one'))
        desk.pass_time(60)
    return made


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("'Urgency' = \"2-High\"", [1]),
        ("'Urgency' = 1", [1]),
        ("'Urgency' > \"1-Critical\"", [1, 2]),
        ("'Status' < \"Pending\"", [0, 1, 2]),
        ('\'Description\' = "The ""2-High"" one"', [1]),
        ("'Description' LIKE \"%Low%\"", [2]),
        (f"'Last Modified Date' >= {EPOCH + 60}", [1, 2]),
        (f"'6' > {EPOCH + 60}", [2]),
        ("'Last Modified Date' >= \"03/01/2026 09:01:00 AM\"", [1, 2]),
        (f"('Last Modified Date' > {EPOCH}) AND NOT 'Urgency' = \"4-Low\"", [1]),
        ("'Resolution' = $NULL$", [0, 1, 2]),
        ("'Submitter' = $USER$", [0, 1, 2]),
        ("1=1", [0, 1, 2]),
        ("", [0, 1, 2]),
    ],
)
def test_what_a_qualification_finds(desk, three, q, found):
    assert numbers(desk, q, sort="Last Modified Date.asc") == [three[at] for at in found]


def test_either_and_both_and_brackets(desk, three):
    either = f"'Incident Number' = \"{three[0]}\" OR 'Incident Number' = \"{three[2]}\""
    assert numbers(desk, either, sort="Incident Number.desc") == [three[2], three[0]]
    # AND binds closer than OR.
    assert numbers(desk, f"{either} AND 'Urgency' = \"2-High\"") == [three[0]]
    assert numbers(desk, f"({either}) AND 'Urgency' = \"2-High\"") == []


@pytest.mark.parametrize(
    "q",
    [
        "'No Such Field' = \"x\"",
        "'Urgency' = \"1-Critical",
        "'Urgency'",
        "Urgency = 1",
        "'Urgency' = 1 AND",
        "('Urgency' = 1",
        "'Last Modified Date' > \"2026-03-01T09:00:00.000+0000\"",
        "'Urgency' = $WHAT$",
    ],
)
def test_what_is_no_qualification(desk, three, error, q):
    assert error(desk.send("GET", INCIDENTS, q=q))[0] == 400


def test_a_quoted_time_is_read_in_the_servers_zone_and_format(desk_with):
    desk = desk_with(date_pattern="%d.%m.%Y %H:%M:%S", time_zone="Asia/Tokyo")
    number = desk.create()
    assert numbers(desk, "'Last Modified Date' = \"01.03.2026 18:00:00\"") == [number]
    assert numbers(desk, "'Last Modified Date' >= \"01.03.2026 18:00:01\"") == []


def test_times_come_in_iso_with_an_offset_and_nothing_as_null(desk):
    row = desk.read(desk.create())
    assert row["Submit Date"] == row["Last Modified Date"] == "2026-03-01T09:00:00.000+0000"
    assert (row["Resolution"], row["z1D Action"]) == (None, None)


def test_only_the_fields_that_are_asked_for(desk, error):
    number = desk.create()
    (row,) = desk.rows(
        INCIDENTS, f"'Incident Number' = \"{number}\"", fields="values(Status,Detailed Decription)"
    )
    assert row == {"Status": "Assigned", "Detailed Decription": None}
    assert error(desk.send("GET", INCIDENTS, fields="values(Statusses)"))[:2] == (400, 314)
    assert error(desk.send("GET", INCIDENTS, fields="Status"))[0] == 400


def test_pages_and_the_limit_of_the_server(desk_with):
    desk = desk_with(most_rows=4)
    made = [desk.create() for _ in range(6)]
    reply = json.loads(desk.send("GET", INCIDENTS, sort="Incident Number.asc", limit="100").body)
    assert [entry["values"]["Incident Number"] for entry in reply["entries"]] == made[:4]
    assert "next" in reply["_links"]
    assert numbers(desk, "", sort="Incident Number.asc", limit="3", offset="4") == made[4:]


def test_equal_sort_keys_come_in_no_order(desk):
    made = [desk.create() for _ in range(8)]
    orders = {tuple(numbers(desk, "1=1", sort="Last Modified Date.asc")) for _ in range(5)}
    assert len(orders) > 1
    assert all(sorted(order) == made for order in orders)


def test_lists_can_lag_and_entries_do_not(desk):
    number = desk.create()
    row = desk.read(number)
    desk.platform.index_lag = 30.0
    desk.pass_time(10)
    assert numbers(desk, "1=1") == []
    one = desk.send("GET", f"{INCIDENTS}/{row['Request ID']}")
    assert json.loads(one.body)["values"]["Incident Number"] == number
    desk.pass_time(21)
    assert numbers(desk, "1=1") == [number]


def test_what_is_hidden_from_the_integration(desk):
    number = desk.create()
    desk.platform.hidden = {number}
    token = desk.login().body.decode()
    listed = desk.raw("GET", f"/api/arsys/v1/entry/{INCIDENTS}", authorization=f"AR-JWT {token}")
    assert json.loads(listed.body)["entries"] == []
    assert numbers(desk, "1=1") == [number]


def test_forms_that_are_not_there_or_not_ours(desk, error):
    assert error(desk.send("GET", "HPD:Nothing"))[:2] == (404, 303)
    assert error(desk.send("GET", f"{INCIDENTS}/INC000000000001|INC000000000001"))[:2] == (404, 302)
    desk.platform.unreadable_forms = {"HPD:WorkLog"}
    token = desk.login().body.decode()
    refused = desk.raw("GET", "/api/arsys/v1/entry/HPD:WorkLog", authorization=f"AR-JWT {token}")
    assert error(refused)[:2] == (403, 353)
    assert desk.raw("GET", "/api/arsys/v1/nothing", authorization=f"AR-JWT {token}").status == 404


def test_the_fields_resource(desk):
    path = "/api/arsys/v1.0/fields/HPD:IncidentInterface"
    fields = {
        field["name"]: field
        for field in json.loads(desk.raw("GET", path, authorization="AR-JWT token-amina").body)
    }
    assert fields["Description"]["limit"]["max_length"] == 254
    assert (fields["Description"]["field_option"], fields["Description"]["audit"]) == ("REQUIRED", "AUDIT")
    assert fields["Incident Number"]["field_option"] == "SYSTEM"
    one = json.loads(desk.raw("GET", f"{path}/7", authorization="AR-JWT token-amina").body)
    assert (one["name"], one["datatype"]) == ("Status", "ENUM")
    create = json.loads(desk.raw("GET", f"{path}_Create", authorization="AR-JWT token-amina").body)
    assert {"First_Name", "Detailed_Decription", "Vendor Ticket Number"} <= {
        field["name"] for field in create
    }


def test_a_look_for_what_changed_does_not_look_at_all_there_is(desk):
    entries = desk.platform._entries[INCIDENTS]
    row = entries.by_id[desk.read(desk.create())["Request ID"]]
    for number in range(1000, 3000):
        key = f"INC{number:012}"
        entries.put({**row, "Request ID": f"{key}|{key}", "Incident Number": key}, desk.at)
    desk.pass_time(5)
    fresh = desk.create()
    looked_at = []

    class Watched(dict):
        def __getitem__(self, key):
            looked_at.append(key)
            return super().__getitem__(key)

    entries.by_id = Watched(entries.by_id)
    q = f"'Last Modified Date' > {EPOCH + 2} OR ('Last Modified Date' = {EPOCH + 2} AND 'Incident Number' > \"INC\")"
    assert numbers(desk, q, sort="Last Modified Date.asc,Incident Number.asc") == [fresh]
    assert len(looked_at) == 1
