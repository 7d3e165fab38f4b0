from datetime import UTC, datetime

import pytest


def error(answer):
    status, content = answer
    return status, content["error"]["code"]


def titles(content):
    return [incident["title"] for incident in content["incidents"]]


class TestIncidents:
    def test_pages(self, desk):
        for n in range(30):
            desk.create(str(n))
        first = desk.get("/incidents")
        assert (first["limit"], first["offset"], first["more"], first["total"]) == (25, 0, True, None)
        assert len(first["incidents"]) == 25
        last = desk.get("/incidents", offset=25, limit=10, total="true")
        assert (titles(last), last["more"], last["total"]) == (["25", "26", "27", "28", "29"], False, 30)
        assert desk.get("/incidents", limit=1000)["limit"] == 100

    @pytest.mark.parametrize(
        "filters", [{}, {"urgencies": ["high"]}, {"statuses": ["triggered", "resolved"]}]
    )
    def test_pages_do_not_depend_on_the_way_they_are_found(self, desk, filters):
        for n in range(7):
            desk.create(str(n))
        pages = [desk.get("/incidents", offset=o, limit=3, total="true", **filters) for o in (0, 3, 6)]
        assert [title for page in pages for title in titles(page)] == list("0123456")
        assert [(page["more"], page["total"]) for page in pages] == [(True, 7), (True, 7), (False, 7)]

    def test_beyond_ten_thousand_is_refused(self, desk):
        assert desk.send("GET", "/incidents", params={"offset": 9_900, "limit": 100})[0] == 200
        assert error(desk.send("GET", "/incidents", params={"offset": 9_901, "limit": 100})) == (400, 2001)

    @pytest.mark.parametrize(
        "params",
        [
            {"limit": "0"},
            {"limit": "many"},
            {"offset": "-1"},
            {"total": "perhaps"},
            {"statuses[]": "closed"},
            {"urgencies[]": "medium"},
            {"since": "yesterday"},
            {"sort_by": "title"},
            {"sort_by": "urgency,created_at,resolved_at"},
            {"time_zone": "Mars/Olympus"},
            {"since": "2026-11-22T00:00:00Z", "until": "2026-11-21T00:00:00Z"},
            {"since": "2026-05-01T00:00:00Z", "until": "2026-11-22T00:00:00Z"},
        ],
    )
    def test_what_is_not_legal_is_refused(self, desk, params):
        assert error(desk.send("GET", "/incidents", params=params)) == (400, 2001)

    def test_the_window_is_about_creation_and_a_month_by_default(self, desk):
        desk.now = datetime(2026, 9, 1, tzinfo=UTC)
        old = desk.create("old")
        desk.now = datetime(2026, 11, 22, tzinfo=UTC)
        desk.create("new")
        desk.put(old, title="old, changed today")
        assert titles(desk.get("/incidents")) == ["new"]
        assert len(desk.get("/incidents", date_range="all")["incidents"]) == 2
        assert titles(desk.get("/incidents", since="2026-08-01", until="2026-10-01")) == [
            "old, changed today"
        ]
        assert titles(desk.get("/incidents", until="2026-09-15T00:00:00Z")) == ["old, changed today"]

    def test_statuses(self, desk):
        made = {name: desk.create(name) for name in "abcd"}
        desk.put(made["b"], status="acknowledged")
        desk.put(made["c"], status="resolved")
        for statuses, expected in [
            (["triggered"], "ad"),
            (["acknowledged"], "b"),
            (["resolved"], "c"),
            (["triggered", "acknowledged"], "abd"),
            (["acknowledged", "resolved"], "bc"),
            (["triggered", "acknowledged", "resolved"], "abcd"),
        ]:
            for extra in ({}, {"date_range": "all"}, {"since": "2026-11-20T00:00:00Z"}):
                assert titles(desk.get("/incidents", statuses=statuses, **extra)) == list(expected)
            downward = desk.get("/incidents", statuses=statuses, sort_by="created_at:desc")
            assert titles(downward) == list(reversed(expected))
        desk.put(made["c"], status="triggered")
        assert titles(desk.get("/incidents", statuses=["triggered"])) == ["a", "c", "d"]

    def test_people_teams_services_urgencies(self, desk):
        desk.create("a", service="Network")
        desk.create("b", service="Database", urgency="low")
        bruno = desk.user("bruno.keller")["id"]
        database = desk.service("Database")["id"]
        team = desk.get("/teams", query="data")["teams"][0]["id"]
        assert titles(desk.get("/incidents", user_ids=[bruno])) == ["a"]
        assert titles(desk.get("/incidents", service_ids=[database])) == ["b"]
        assert titles(desk.get("/incidents", team_ids=[team])) == ["b"]
        assert titles(desk.get("/incidents", urgencies=["low"])) == ["b"]
        assert titles(desk.get("/incidents", urgencies=["low"], user_ids=[bruno])) == []

    def test_by_key(self, desk):
        first = desk.create("a", incident_key="SL-1")
        desk.put(first, status="resolved")
        desk.create("b", incident_key="SL-1")
        desk.create("c", incident_key="SL-1", service="Database")
        assert titles(desk.get("/incidents", incident_key="SL-1")) == ["a", "b", "c"]
        network = [desk.service("Network")["id"]]
        assert titles(desk.get("/incidents", incident_key="SL-1", service_ids=network)) == ["a", "b"]
        opened = desk.get("/incidents", incident_key="SL-1", service_ids=network, statuses=["triggered"])
        assert titles(opened) == ["b"]
        assert titles(desk.get("/incidents", incident_key="SL-1", sort_by="created_at:desc")) == [
            "c",
            "b",
            "a",
        ]

    def test_an_old_key_needs_the_whole_range(self, desk):
        desk.create("a", incident_key="SL-1")
        desk.now = datetime(2027, 2, 1, tzinfo=UTC)
        assert titles(desk.get("/incidents", incident_key="SL-1")) == []
        assert titles(desk.get("/incidents", incident_key="SL-1", date_range="all")) == ["a"]

    def test_sorting(self, desk):
        made = {name: desk.create(name, urgency="low" if name == "b" else "high") for name in "abc"}
        for name in "cab":
            desk.wait(1)
            desk.put(made[name], status="resolved")
        assert titles(desk.get("/incidents", sort_by="resolved_at:desc")) == ["b", "a", "c"]
        assert titles(desk.get("/incidents", sort_by="urgency,created_at:desc")) == ["b", "c", "a"]
        assert titles(desk.get("/incidents", sort_by="incident_number:DESC", limit=2)) == ["c", "b"]

    def test_times_without_an_offset_are_in_the_accounts_zone(self, open_desk):
        desk = open_desk(time_zone="America/New_York")
        desk.create("ten in the morning, UTC")
        assert titles(desk.get("/incidents", since="2026-11-22T05:30:00")) == []
        assert len(titles(desk.get("/incidents", since="2026-11-22T04:30:00"))) == 1
        assert len(titles(desk.get("/incidents", since="2026-11-22T09:30:00Z"))) == 1
        assert len(titles(desk.get("/incidents", since="2026-11-22T10:30:00+01:00"))) == 1

    def test_only_the_date_may_count(self, open_desk):
        desk = open_desk(date_part_only=True)
        desk.create("early")
        assert titles(desk.get("/incidents", since="2026-11-22T23:00:00Z")) == ["early"]
        assert titles(desk.get("/incidents", since="2026-11-23T00:00:00Z", until="2026-11-24")) == []

    def test_times_in_another_zone(self, desk):
        made = desk.create()
        shown = desk.read(made, time_zone="America/New_York")
        assert shown["created_at"] == "2026-11-22T05:00:00-05:00"
        assert shown["assignments"][0]["at"] == "2026-11-22T05:00:00-05:00"

    def test_a_reply_is_fresh_after_every_change(self, desk):
        made = desk.create("a")
        assert titles(desk.get("/incidents")) == ["a"]
        desk.put(made, title="b")
        assert titles(desk.get("/incidents")) == ["b"]
        desk.put(made, status="acknowledged")
        assert desk.get("/incidents")["incidents"][0]["status"] == "acknowledged"
        desk.put(made, status="resolved")
        assert desk.get("/incidents")["incidents"][0]["assignments"] == []


class TestLog:
    def test_the_account_wide_feed(self, desk):
        made = desk.create("a")
        desk.wait(10)
        desk.put(made, who="noah", status="acknowledged")
        desk.wait(10)
        desk.note(made, "On it", who="noah")
        since = desk.get("/log_entries", since="2026-11-22T10:00:10Z", include=["incidents", "channels"])
        annotated, acknowledged = since["log_entries"]
        assert acknowledged["type"] == "acknowledge_log_entry"
        assert acknowledged["created_at"] == "2026-11-22T10:00:10Z"
        assert acknowledged["agent"]["summary"] == "Noah Brooks"
        assert acknowledged["incident"] == desk.read(made)
        assert annotated["channel"] == {"type": "note", "summary": "On it"}
        assert desk.get("/log_entries")["log_entries"][0]["channel"] == {"type": "note"}
        assert desk.get("/log_entries")["log_entries"][0]["incident"]["type"] == "incident_reference"
        assert since["more"] is False

    def test_the_incident_in_an_entry_is_as_it_is_now(self, desk):
        made = desk.create("a")
        desk.get("/log_entries", include=["incidents"])
        desk.put(made, title="b")
        entries = desk.get("/log_entries", include=["incidents"])["log_entries"]
        assert {entry["incident"]["title"] for entry in entries} == {"b"}

    def test_pages_and_order(self, desk, open_desk):
        for n in range(20):
            desk.create(str(n))
            desk.wait(1)
        page = desk.get("/log_entries", limit=3, offset=38, total="true")
        assert [e["type"] for e in page["log_entries"]] == ["assign_log_entry", "trigger_log_entry"]
        assert (page["more"], page["total"]) == (False, 40)
        assert desk.get("/log_entries", limit=40, offset=0)["more"] is False
        seen = [
            e["id"]
            for o in range(0, 40, 7)
            for e in desk.get("/log_entries", limit=7, offset=o)["log_entries"]
        ]
        assert len(set(seen)) == 40
        other = open_desk(newest_first=False)
        other.create()
        assert other.get("/log_entries")["log_entries"][0]["type"] == "trigger_log_entry"

    def test_until_overview_teams(self, desk):
        made = desk.create("a", service="Network")
        desk.wait(10)
        desk.note(made, "x")
        desk.create("b", service="Database")
        assert len(desk.get("/log_entries", until="2026-11-22T10:00:09Z")["log_entries"]) == 2
        assert len(desk.get("/log_entries", is_overview="true")["log_entries"]) == 4
        team = desk.get("/teams", query="Database")["teams"][0]["id"]
        assert len(desk.get("/log_entries", team_ids=[team])["log_entries"]) == 2
        path = f"/incidents/{made['id']}/log_entries"
        assert len(desk.get(path)["log_entries"]) == 3
        assert len(desk.get(path, is_overview="true")["log_entries"]) == 2
        assert len(desk.get(path, since="2026-11-22T10:00:05Z")["log_entries"]) == 1
        assert len(desk.get(path, until="2026-11-22T10:00:05Z", total="true")["log_entries"]) == 2

    def test_one_entry(self, desk):
        desk.create()
        entry = desk.get("/log_entries")["log_entries"][0]
        assert desk.get(f"/log_entries/{entry['id']}")["log_entry"] == entry
        assert error(desk.send("GET", "/log_entries/RNOSUCH")) == (404, 2100)
        assert error(desk.send("GET", "/log_entries", params={"since": "soon"})) == (400, 2001)

    def test_entries_may_appear_late(self, open_desk):
        desk = open_desk(index_lag=2.5)
        made = desk.create()
        desk.wait(2)
        assert desk.get("/log_entries")["log_entries"] == []
        assert desk.get(f"/incidents/{made['id']}/log_entries")["log_entries"] == []
        desk.wait(0.5)
        assert len(desk.get("/log_entries")["log_entries"]) == 2
        desk.platform.index_lag = 60
        assert desk.get("/log_entries")["log_entries"] == []

    def test_time_never_runs_back(self, desk):
        first = desk.create("a")
        desk.wait(-30)
        desk.create("b")
        assert titles(desk.get("/incidents", since=first["created_at"])) == ["a", "b"]
        assert len(desk.get("/log_entries", since=first["created_at"])["log_entries"]) == 4
