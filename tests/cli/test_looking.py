"""How everything stands, what happened to one incident, and what would be done to it."""

import json

import pytest

from syncline.cli.output import plain, span

ESCAPE = "\x1b[31m\x1b]0;owned\x07"
HOSTILE = f"Mail [bold red]is[/] [/x] down {ESCAPE} \u202egnp.exe :smile:"


def assert_harmless(text):
    for char in text:
        assert char == "\n" or char.isprintable(), f"{char!r} in {text!r}"


def test_status_tells_how_everything_stands(shared):
    answer = shared("status", "--json")
    assert answer.code == 0
    document = answer.document
    assert set(document) == {
        "well",
        "store",
        "held",
        "incidents",
        "instances",
        "backlog",
        "parked",
        "events",
    }
    assert document["well"] is True
    assert document["incidents"] == 1
    assert set(document["store"]) == {"identity", "generation"}
    for one in document["instances"]:
        assert set(one) == {
            "name",
            "platform",
            "records",
            "polled_at",
            "swept_at",
            "lag_seconds",
            "overdue",
            "halted",
            "failing_since",
            "error",
        }
        assert one["records"] == 1
        assert one["polled_at"].startswith("2026-11-23T09:")
        assert one["polled_at"].endswith("Z")
    for one in document["backlog"]:
        assert set(one) == {"kind", "lane", "due", "waiting", "parked", "oldest_seconds"}
    told = shared("status").out
    assert "1 incident" in told
    assert "all is well" in told


def test_a_daemon_that_does_not_run_is_a_finding(desk):
    desk.sync(1)
    assert desk("status").code == 0
    desk.clock.advance(3600)
    answer = desk("status")
    assert answer.code == 1
    assert "syncline run" in answer.out
    assert all(one["overdue"] for one in desk("status", "--json").document["instances"])


def test_an_instance_that_does_not_answer_is_a_finding(desk):
    desk.sync(1)
    desk.sandbox["jira"].take_down("reset")
    answer = desk("sync", "--once", "--json")
    assert answer.code == 1
    assert any("jira" in fault for fault in answer.document["faults"])
    status = desk("status", "--json")
    assert status.code == 1
    (jira,) = [one for one in status.document["instances"] if one["name"] == "jira"]
    assert jira["failing_since"]
    assert jira["error"]
    assert "does not answer" in desk("status").out


@pytest.mark.parametrize("key", ["INC0010001", "OPS-1", "snow/INC0010001", "jira/OPS-1", "1", "#1"])
def test_an_incident_is_explained_by_any_of_its_keys(shared, key):
    answer = shared("explain", key)
    assert answer.code == 0
    for part in ("Mail is down", "INC0010001", "OPS-1", "in agreement", "began", "linked"):
        assert part in answer.out


def test_an_explanation_is_data_too(shared):
    document = shared("explain", "OPS-1", "--json").document
    assert set(document) == {"key", "incidents", "unsynced", "unreachable"}
    (incident,) = document["incidents"]
    assert set(incident) == {
        "id",
        "title",
        "values",
        "origins",
        "created_at",
        "changed_at",
        "unlinked_at",
        "source",
        "targets",
        "missing",
        "records",
        "under_way",
        "parked",
        "escalation",
        "items",
        "timeline",
    }
    assert incident["title"] == "Mail is down"
    assert incident["source"] == "snow"
    assert incident["missing"] == []
    assert [record["state"] for record in incident["records"]] == ["linked"] * 3
    assert all(record["behind"] == [] for record in incident["records"])
    assert incident["origins"]["title"]["instance"] == "snow"
    assert {event["kind"] for event in incident["timeline"]} >= {"began", "linked"}
    assert set(incident["timeline"][0]) == {"id", "at", "kind", "instance", "actor", "field", "text", "data"}


def test_what_is_behind_is_named(desk):
    desk.sync(1)
    number = desk.opened("Mail is down")["number"]
    desk.sync()
    desk.sandbox["pd"].take_down("unavailable")
    desk.titled("OPS-1", "Mail is down in Berlin")
    desk.sync(1)
    (incident,) = desk("explain", number, "--json").document["incidents"]
    behind = {record["instance"]: record["behind"] for record in incident["records"]}
    assert behind == {"snow": [], "jira": [], "pd": ["title"]}
    assert "behind: title" in desk("explain", number).out


def test_a_record_that_no_route_takes_is_answered_with_the_reason(desk):
    desk.config.write_text(desk.config.read_text().replace("    from: all", "    from: [pd]"))
    desk.sync(1)
    number = desk.opened("Printer on fire")["number"]
    desk.sync()
    answer = desk("explain", number)
    assert answer.code == 1
    assert f"snow {number} is not kept in agreement" in answer.out
    assert "why: " in answer.out
    (one,) = desk("explain", f"snow/{number}", "--json").document["unsynced"]
    assert set(one) == {"instance", "key", "url", "reason"}
    assert desk("explain", f"jira/{number}", "--json").document["unsynced"] == []


def test_a_key_that_nobody_knows_says_how_to_write_one(shared):
    answer = shared("explain", "NOPE-99")
    assert answer.code == 1
    assert "NOPE-99" in answer.err
    assert "INC0010001" in answer.err
    document = shared("explain", "NOPE-99", "--json").document
    assert document["incidents"] == document["unsynced"] == []


def test_a_plan_shows_the_exact_calls_and_makes_none(desk):
    desk.sync(1)
    number = desk.opened("Mail is down")["number"]
    before = {name: len(instance.requests()) for name, instance in desk.sandbox.instances.items()}
    answer = desk("plan", number, "--json")
    assert answer.code == 0
    assert set(answer.document) == {"incident", "title", "changes", "calls", "reasons"}
    creates = [call for call in answer.document["calls"] if call["kind"] == "create"]
    assert {call["instance"] for call in creates} == {"jira", "pd"}
    for call in creates:
        assert set(call) == {
            "instance",
            "kind",
            "record",
            "fields",
            "method",
            "url",
            "headers",
            "body",
            "note",
        }
        assert call["method"] == "POST"
        assert "Mail is down" in json.dumps(call["body"])
    assert "token-syncline" not in answer.out
    for name, instance in desk.sandbox.instances.items():
        assert all(r.method == "GET" or "search" in r.path for r in instance.requests()[before[name] :])
    assert desk("status", "--json").document["incidents"] == 0
    told = desk("plan", number).out
    assert "POST http://127.0.0.1" in told
    assert (
        f"{len([call for call in answer.document['calls'] if call['kind']])} writes would be made; none was"
        in told
    )


def test_a_plan_of_what_agrees_is_that_nothing_would_be_sent(shared):
    assert shared("plan", "OPS-1", "--json").document["calls"] == []
    assert "nothing would be sent" in shared("plan", "OPS-1").out


def test_a_plan_of_an_unknown_record_is_wrong_use(shared):
    answer = shared("plan", "NOPE-99")
    assert answer.code == 2
    assert "NOPE-99" in answer.err


def test_hostile_text_of_a_ticket_reaches_no_terminal(desk):
    desk.sync(1)
    number = desk.opened(HOSTILE, description=HOSTILE)["number"]
    for command in (["plan", number], ["mapping", "preview", number]):
        answer = desk(*command)
        assert answer.code == 0
        assert_harmless(answer.out + answer.err)
        assert "[bold red]is[/] [/x]" in answer.out
    desk.sync()
    for command in (["explain", number], ["plan", number], ["park", "list"], ["status"]):
        answer = desk(*command)
        assert_harmless(answer.out + answer.err)
        assert_harmless(desk(*command, "--json").out)
    told = desk("explain", number).out
    assert "[bold red]is[/] [/x]" in told
    assert ":smile:" in told
    assert json.loads(desk("explain", number, "--json").out)["incidents"][0]["title"].startswith(
        "Mail [bold red]"
    )


def test_a_key_with_control_characters_is_not_repeated_to_the_terminal(shared):
    answer = shared("explain", f"X{ESCAPE}")
    assert_harmless(answer.out + answer.err)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a b c"),
        ("\x1b[2J", "\ufffd[2J"),
        ("\u202eevil", "\ufffdevil"),
        ("\x9b31m", "\ufffd31m"),
        ("\udc80", "\ufffd"),
        ("Zoë 😀 日本", "Zoë 😀 日本"),
    ],
)
def test_plain_text(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "-"), (0.4, "0s"), (119, "119s"), (120, "2m"), (7200, "2h"), (200_000, "2d")],
)
def test_spans(seconds, shown):
    assert span(seconds) == shown


def test_what_only_reads_the_database_needs_no_secret(desk):
    desk.sync(1)
    key = desk.opened("Mail is down")["number"]
    desk.sync()
    secrets = [name for name in desk.environment if name.endswith(("_PASSWORD", "_TOKEN"))]
    assert len(secrets) == 3
    desk.environment |= dict.fromkeys(secrets, None)
    for arguments in (["status"], ["explain", key], ["park", "list"], ["mapping", "history", "snow"]):
        answer = desk(*arguments)
        assert (arguments, answer.code, answer.err) == (arguments, 0, "")
    assert desk("park", "show", 1).code == 2
    for arguments in (["sync", "--once"], ["check"], ["run"]):
        answer = desk(*arguments)
        assert (arguments, answer.code) == (arguments, 2)
        assert [name for name in secrets if name not in answer.err] == []
    answer = desk("explain", "INC9999999")  # only the platforms know
    assert answer.code == 1
    assert "SYNCLINE_SNOW_PASSWORD" in answer.err
