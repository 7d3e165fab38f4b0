import json
from itertools import pairwise

import pytest

from syncline.sandbox.platform import Request


def titles(reply):
    return [row["short_description"] for row in json.loads(reply.body)["result"]]


@pytest.fixture
def five(desk):
    """Five incidents, a minute apart."""
    amina, bruno = desk.id_of("amina"), desk.id_of("bruno")
    values = [
        {
            "short_description": "a",
            "impact": "1",
            "urgency": "1",
            "assigned_to": amina,
            "category": "network",
        },
        {
            "short_description": "b",
            "impact": "2",
            "urgency": "2",
            "assigned_to": bruno,
            "correlation_id": "SL-1",
        },
        {"short_description": "c", "impact": "2", "urgency": "3", "category": "network"},
        {"short_description": "d^e", "impact": "3", "urgency": "3", "assigned_to": amina},
        {"short_description": "ab", "state": "2", "caller_id": bruno},
    ]
    records = []
    for each in values:
        records.append(desk.create(**each))
        desk.clock.advance(60)
    return records


class TestOperators:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("short_description=a", ["a"]),
            ("short_description=A", []),
            ("short_description!=a", ["b", "c", "d^e", "ab"]),
            ("short_descriptionSTARTSWITHa", ["a", "ab"]),
            ("short_descriptionENDSWITHb", ["b", "ab"]),
            ("short_descriptionLIKEb", ["b", "ab"]),
            ("short_descriptionNOT LIKEb", ["a", "c", "d^e"]),
            ("short_descriptionINa,b,zz", ["a", "b"]),
            ("short_descriptionNOT INa,b", ["c", "d^e", "ab"]),
            ("short_description=d^^e", ["d^e"]),
            ("correlation_idISNOTEMPTY", ["b"]),
            ("correlation_idISEMPTY", ["a", "c", "d^e", "ab"]),
            ("correlation_id=", ["a", "c", "d^e", "ab"]),
            ("correlation_id=SL-1", ["b"]),
            ("correlation_idINSL-1,", ["a", "b", "c", "d^e", "ab"]),
            ("correlation_id!=SL-1", ["a", "c", "d^e", "ab"]),
            ("priority>2", ["b", "c", "d^e", "ab"]),
            ("priority>=4", ["c", "d^e", "ab"]),
            ("priority<3", ["a"]),
            ("priority<=3", ["a", "b"]),
            ("priorityBETWEEN3@4", ["b", "c"]),
            ("impact=2^urgency=3", ["c"]),
            ("impact=1^ORimpact=2", ["a", "b", "c"]),
            ("impact=1^ORimpact=2^category=network", ["a", "c"]),
            ("impact=1^NQcategory=network^impact=2", ["a", "c"]),
            ("assigned_to.email=amina.diallo@example.com", ["a", "d^e"]),
            ("assigned_to.nameSTARTSWITHBru^ORcaller_id.user_name=bruno", ["b", "ab"]),
            ("assigned_to.manager.name=x", ["a", "b", "c", "d^e", "ab"]),
            ("active=true^state!=1", ["ab"]),
            ("number=INC0010003", ["c"]),
            ("sys_created_on>=2026-03-01 09:03:00", ["d^e", "ab"]),
            ("sys_created_on>2026-03-01 09:03:00", ["ab"]),
            ("sys_created_on<2026-03-01 09:01:00", ["a"]),
            ("sys_created_by=syncline^sys_created_on<=2026-03-01 09:01:00", ["a", "b"]),
            ("sys_created_on>=javascript:gs.dateGenerate('2026-03-01','01:03:00')", ["d^e", "ab"]),
            ("sys_created_by=javascript:gs.getUserName()", ["a", "b", "c", "d^e", "ab"]),
            ("caller_id=javascript:gs.getUserID()", []),
            ("^^", ["a", "b", "c", "d^e", "ab"]),
            ("", ["a", "b", "c", "d^e", "ab"]),
        ],
    )
    def test_rows(self, desk, five, query, expected):
        assert desk.query(query) == expected

    @pytest.mark.parametrize("order", ["ORDERBYnumber", "ORDERBYsys_created_on^ORDERBYsys_id"])
    def test_ascending(self, desk, five, order):
        assert desk.query(f"priority>1^{order}") == ["b", "c", "d^e", "ab"]

    def test_descending_and_several_keys(self, desk, five):
        assert desk.query("ORDERBYDESCnumber") == ["ab", "d^e", "c", "b", "a"]
        assert desk.query("ORDERBYDESCpriority^ORDERBYnumber") == ["d^e", "ab", "c", "b", "a"]
        assert desk.query("assigned_toISNOTEMPTY^ORDERBYDESCassigned_to.name^ORDERBYnumber") == [
            "b",
            "a",
            "d^e",
        ]

    def test_numbers_are_ordered_as_numbers(self, desk):
        record = desk.create(short_description="often")
        other = desk.create(short_description="once")
        for at in range(10):
            desk.update(record, description=str(at))
        for at in range(9):
            desk.update(other, description=str(at))
        assert desk.query("ORDERBYsys_mod_count") == ["once", "often"]

    def test_rows_of_equal_keys_come_in_no_certain_order(self, desk):
        for at in range(8):
            desk.create(short_description=str(at))
        seen = {tuple(desk.query("ORDERBYsys_updated_on")) for _ in range(6)}
        assert len(seen) > 1
        assert {tuple(sorted(each)) for each in seen} == {tuple("01234567")}
        assert len({tuple(desk.query("ORDERBYsys_updated_on^ORDERBYsys_id")) for _ in range(6)}) == 1

    def test_keyset_pages_see_every_row_once(self, desk):
        for at in range(30):
            desk.create(short_description=str(at))
            desk.clock.advance(at % 3 == 0)
        since, last, seen = "", "", []
        while True:
            query = (
                f"sys_updated_on>{since}^NQsys_updated_on={since}^sys_id>{last}"
                if since
                else "sys_idISNOTEMPTY"
            )
            page = desk.rows(
                "incident",
                sysparm_query=f"{query}^ORDERBYsys_updated_on^ORDERBYsys_id",
                sysparm_limit=4,
                sysparm_fields="sys_id,sys_updated_on,short_description",
                sysparm_no_count="true",
            )
            if not page:
                break
            seen += page
            since, last = page[-1]["sys_updated_on"], page[-1]["sys_id"]
        assert sorted(int(row["short_description"]) for row in seen) == list(range(30))
        assert all(
            (a["sys_updated_on"], a["sys_id"]) < (b["sys_updated_on"], b["sys_id"]) for a, b in pairwise(seen)
        )


class TestInvalidQueries:
    @pytest.mark.parametrize(
        "query",
        [
            "no_such_field=1",
            "state=1^no_such_field=1",
            "nonsense",
            "sys_created_on>=2026-03-01T00:00:00Z",
            "state=javascript:gs.beep()",
            "short_description.email=x",
        ],
    )
    def test_the_invalid_part_is_dropped(self, desk, query):
        desk.create(short_description="a")
        assert desk.query(query) == ["a"]

    def test_the_property_makes_them_give_nothing(self, desk_with):
        desk = desk_with(invalid_query_returns_no_rows=True)
        desk.create(short_description="a")
        assert desk.query("no_such_field=1") == []
        assert desk.query("state=1") == ["a"]
        assert desk.query("ORDERBYno_such_field") == []
        assert desk.query("name=glide.invalid_query.returns_no_rows", "sys_properties", "value") == ["true"]

    def test_sort_by_an_unknown_field_is_ignored(self, desk, five):
        assert desk.query("ORDERBYbogus^priority<3") == ["a"]


class TestBareParameters:
    def test_they_filter_by_value_and_by_display_value(self, desk, five):
        assert [r["short_description"] for r in desk.rows("incident", category="network", impact="2")] == [
            "c"
        ]
        assert [r["short_description"] for r in desk.rows("incident", state="In Progress")] == ["ab"]
        assert [r["short_description"] for r in desk.rows("incident", assigned_to="bruno")] == ["b"]
        assert [r["short_description"] for r in desk.rows("incident", assigned_to="Amina Diallo")] == [
            "a",
            "d^e",
        ]

    def test_they_give_way_to_a_query(self, desk, five):
        assert desk.query("short_description=a", category="hardware") == ["a"]

    def test_unknown_ones_filter_nothing(self, desk, five):
        assert len(desk.rows("incident", table_name="incident")) == 5


class TestPaging:
    def test_the_limit_is_applied_before_acls(self, desk_with):
        desk = desk_with()
        records = [desk.create(short_description=str(at)) for at in range(6)]
        desk.platform.hidden = {records[0]["sys_id"], records[1]["sys_id"], records[3]["sys_id"]}
        query = "ORDERBYnumber"
        reply = desk.send("GET", "incident", sysparm_query=query, sysparm_limit=2)
        assert (titles(reply), reply.headers["X-Total-Count"]) == ([], "6")
        assert desk.query(query, sysparm_limit=2, sysparm_offset=2) == ["2"]
        assert titles(desk.send("GET", "incident", "amina", sysparm_query=query, sysparm_limit=2)) == [
            "0",
            "1",
        ]

    def test_hidden_records_are_not_found_by_id_either(self, desk):
        record = desk.create(short_description="a", comments="hello")
        desk.platform.hidden = lambda row: row["short_description"] == "a"
        for method, body in (("GET", None), ("PATCH", {"impact": "1"}), ("DELETE", None)):
            reply = desk.send(method, f"incident/{record['sys_id']}", body=body)
            assert desk.error(reply) == (
                404,
                "No Record found",
                "Record doesn't exist or ACL restricts the record retrieval",
            )
        assert desk.rows("sys_journal_field") == []

    def test_counts_and_links(self, desk, five):
        first = desk.send("GET", "incident", sysparm_limit=2, sysparm_query="ORDERBYnumber")
        assert first.headers["X-Total-Count"] == "5"
        links = dict(reversed(part.split(">;")) for part in first.headers["Link"].lstrip("<").split(",<"))
        assert set(links) == {'rel="first"', 'rel="next"', 'rel="last"'}
        assert links['rel="next"'].startswith("http://snow.example/api/now/table/incident?sysparm_limit=2")
        assert links['rel="next"'].endswith("sysparm_offset=2")
        assert links['rel="last"'].endswith("sysparm_offset=4")
        assert "sysparm_query=ORDERBYnumber" in links['rel="first"']
        last = desk.send("GET", "incident", sysparm_limit=2, sysparm_offset=4)
        assert 'rel="next"' not in last.headers["Link"]
        assert 'rel="prev"' in last.headers["Link"]

    def test_they_can_be_left_out(self, desk, five):
        reply = desk.send(
            "GET", "incident", sysparm_no_count="true", sysparm_suppress_pagination_header="true"
        )
        assert "X-Total-Count" not in reply.headers
        assert "Link" not in reply.headers

    def test_a_long_query_does_not_fit_into_the_links(self, desk):
        query = "sys_idIN" + ",".join(["0" * 32] * 300)
        assert desk.error(desk.send("GET", "incident", sysparm_query=query))[:2] == (
            400,
            "Pagination not supported",
        )
        reply = desk.send("GET", "incident", sysparm_query=query, sysparm_suppress_pagination_header="true")
        assert reply.status == 200

    @pytest.mark.parametrize(
        "params", [{"sysparm_limit": "-1"}, {"sysparm_limit": "x"}, {"sysparm_offset": "-5"}]
    )
    def test_malformed_counts(self, desk, params):
        assert desk.send("GET", "incident", **params).status == 400

    def test_versions_differ_on_empty_results(self, desk):
        assert desk.rows("/api/now/v2/table/incident", sysparm_query="state=99") == []
        reply = desk.send("GET", "/api/now/v1/table/incident", sysparm_query="state=99")
        assert desk.error(reply) == (
            404,
            "No Record found",
            "Records matching query not found. Check query parameter or offset parameter",
        )


class TestShape:
    def test_everything_is_a_string_or_a_reference(self, desk, five):
        record = desk.read(five[0])
        assert len(record) > 75
        for name, value in record.items():
            if isinstance(value, dict):
                assert set(value) == {"link", "value"}, name
            else:
                assert isinstance(value, str), name
        amina = desk.id_of("amina")
        assert record["assigned_to"] == {
            "link": f"http://snow.example/api/now/table/sys_user/{amina}",
            "value": amina,
        }
        assert record["assignment_group"] == ""
        assert record["sys_domain"]["value"] == "global"

    def test_fields_are_chosen_and_walked(self, desk, five):
        fields = "number,assigned_to.email,assigned_to,bogus,caller_id.name,assigned_to.bogus"
        shown = desk.read(five[0], sysparm_fields=fields, sysparm_exclude_reference_link="true")
        assert shown == {
            "number": "INC0010001",
            "assigned_to.email": "amina.diallo@example.com",
            "assigned_to": desk.id_of("amina"),
            "caller_id.name": "",
        }

    def test_display_values(self, desk, five):
        fields = "state,priority,assigned_to,opened_at,category,short_description,caller_id"
        shown = desk.read(five[0], sysparm_fields=fields, sysparm_display_value="true")
        assert shown["state"] == "New"
        assert shown["priority"] == "1 - Critical"
        assert shown["assigned_to"]["display_value"] == "Amina Diallo"
        # Displayed times are in the user's zone, not UTC.
        assert shown["opened_at"] == "2026-03-01 01:00:00"
        both = desk.read(five[0], sysparm_fields=fields, sysparm_display_value="all")
        assert both["opened_at"] == {"display_value": "2026-03-01 01:00:00", "value": "2026-03-01 09:00:00"}
        assert both["state"] == {"display_value": "New", "value": "1"}
        assert set(both["assigned_to"]) == {"display_value", "value", "link"}
        assert both["caller_id"] == {"display_value": "", "value": ""}
        bare = desk.read(
            five[0], sysparm_fields=fields, sysparm_display_value="all", sysparm_exclude_reference_link="true"
        )
        assert bare["assigned_to"] == {"display_value": "Amina Diallo", "value": desk.id_of("amina")}

    def test_what_pythons_booleans_look_like(self, desk, five):
        shown = desk.read(five[0], sysparm_display_value="False", sysparm_exclude_reference_link="True")
        assert shown["assigned_to"] == desk.id_of("amina")

    def test_fields_that_the_account_may_not_read_are_absent(self, desk_with):
        desk = desk_with(unreadable_fields={"description"})
        record = desk.create(short_description="a", description="secret")
        assert "description" not in record
        assert "description" not in desk.rows("incident")[0]
        assert "description" in json.loads(desk.send("GET", "incident", "admin").body)["result"][0]


class TestLaggingLists:
    @pytest.fixture
    def desk(self, desk_with):
        return desk_with(index_lag=10.0)

    def test_a_new_row_shows_up_later_and_by_id_at_once(self, desk):
        record = desk.create(short_description="a")
        assert desk.query("") == []
        assert desk.read(record)["short_description"] == "a"
        desk.clock.advance(9)
        assert desk.query("") == []
        desk.clock.advance(1)
        assert desk.query("") == ["a"]

    def test_a_changed_row_shows_its_earlier_state(self, desk):
        record = desk.create(short_description="a", correlation_id="SL-1")
        desk.clock.advance(60)
        desk.update(record, short_description="b")
        desk.clock.advance(5)
        desk.update(record, short_description="c", correlation_id="SL-2")
        assert desk.query("correlation_id=SL-1") == ["a"]
        assert desk.query("correlation_id=SL-2") == []
        desk.clock.advance(5)
        assert desk.query("") == ["b"]
        desk.clock.advance(5)
        assert desk.query("correlation_id=SL-2") == ["c"]

    def test_rows_become_visible_behind_the_cursor(self, desk):
        """What an overlap is for: the row's time lies before the moment at which it can be seen."""
        desk.clock.advance(0)
        desk.create(short_description="a")
        desk.clock.advance(12)
        assert desk.rows("incident")[0]["sys_updated_on"] == "2026-03-01 09:00:00"

    def test_a_deleted_row_stays_for_a_while(self, desk):
        record = desk.create(short_description="a")
        desk.clock.advance(30)
        desk.send("DELETE", f"incident/{record['sys_id']}")
        assert desk.query("ORDERBYsys_updated_on^ORDERBYsys_id", sysparm_limit=5) == ["a"]
        desk.clock.advance(11)
        assert desk.query("") == []


class TestManyRecords:
    def test_a_changed_since_query_looks_at_few_rows(self, desk):
        for at in range(3000):
            desk.create(short_description=str(at))
            desk.clock.advance(1)
        looked_at = []
        table = desk.platform._database.tables["incident"]
        rows = table.rows

        class Watched(dict):
            def __getitem__(self, key):
                looked_at.append(key)
                return rows[key]

        table.rows = Watched(rows)
        since = "2026-03-01 09:49:00"
        expected = [str(at) for at in range(2940, 3000)]
        assert desk.query(f"sys_updated_on>={since}^ORDERBYsys_updated_on^ORDERBYsys_id") == expected
        assert len(looked_at) <= 60
        looked_at.clear()
        desk.query("ORDERBYsys_updated_on^ORDERBYsys_id", sysparm_limit=10, sysparm_no_count="true")
        assert len(looked_at) <= 10

    def test_the_same_requests_give_the_same_replies(self, desk_with):
        def played():
            desk = desk_with()
            bodies = []
            for at in range(20):
                request = Request(
                    "POST",
                    "/api/now/table/incident",
                    headers={
                        "accept": "*/*",
                        "content-type": "application/json",
                        "authorization": "Bearer token-amina",
                    },
                    body=json.dumps({"short_description": str(at)}).encode(),
                )
                bodies.append(desk.platform.handle(request, desk.clock.now(), desk.rng).body)
            bodies.append(desk.send("GET", "incident", sysparm_query="ORDERBYsys_updated_on").body)
            return bodies

        assert played() == played()
