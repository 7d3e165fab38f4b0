"""The escalation policy on the command line: as a file alone, and as what is in force."""

import json
import re
from datetime import UTC, datetime

import pytest

POLICY = """\
escalation: 1
tz: Europe/Paris
people:
  bruno: {reach: {sms: "+33100000002"}}
  chloe: {name: Chloe Martin, reach: {sms: "+33100000003"}}
  noah: {reach: {sms: "+33100000004"}}
schedules:
  desk: {layers: [{rotate: [bruno, noah], every: 1w, handoff: mon 09:00, from: 2026-01-05}]}
  duty: {layers: [{rotate: [chloe, noah], every: 1w, handoff: mon 09:00, from: 2026-01-05}]}
tiers:
  L1: {who: desk, group: Service Desk}
  MGMT: {who: duty, hierarchical: true}
slas:
  restore: {when: priority <= 3, target: 4h}
policies:
  - id: ladder
    when: priority <= 3
    clock: restore
    steps:
      - {at: 0m, page: L1, until: ack}
      - {at: 15m, page: MGMT, if: not resolved}
    undelivered: {page: MGMT}
    end: {page: MGMT, every: 2h, if: not resolved}
  - id: hands
    trigger: manual
    when: "true"
    clock: raised
    steps:
      - {at: 0m, page: MGMT, until: ack}
    undelivered: {page: L1}
    guard: {cooldown: 10m, blame: never}
    with: [ladder]
    end: none
"""

SCENARIO = """\
scenario: 1
title: The shop is down
policy: escalation.yaml
at: 2026-08-05T09:00 Europe/Paris
incident: {priority: 1}
until: 1h
expect:
  - {after: 15m, paged: chloe}
"""


@pytest.fixture
def office(terminal, monkeypatch):
    """A folder with a policy and a scenario, and nothing else: no configuration, no account, no database."""
    monkeypatch.chdir(terminal.folder)
    (terminal.folder / "escalation.yaml").write_text(POLICY)
    (terminal.folder / "shop.yaml").write_text(SCENARIO)
    return terminal


def files(terminal):
    return sorted(path.name for path in terminal.folder.iterdir())


# ---- the file alone -------------------------------------------------------------------------------


def test_a_file_is_checked_without_account_secret_or_database(office):
    answer = office("policy", "check", "--json")
    assert answer.code == 0, answer.out
    assert set(answer.document) == {"ok", "file", "errors", "warnings", "findings"}
    assert answer.document["ok"]
    assert answer.document["file"] == str(office.folder / "escalation.yaml")
    for finding in answer.document["findings"]:
        assert set(finding) == {
            "code",
            "severity",
            "file",
            "line",
            "column",
            "message",
            "witness",
            "mend",
        }
    assert answer.document["warnings"]
    assert office("policy", "check", "--strict").code == 1
    assert files(office) == ["escalation.yaml", "shop.yaml"]


def broken(terminal):
    path = terminal.folder / "broken.yaml"
    path.write_text(POLICY.replace("page: MGMT, if: not resolved}", "page: MGTM, if: not resolvd}"))
    return path


def gap(terminal):
    """A policy by which nobody of the management is on call at night, and nobody else is there to be paged."""
    path = terminal.folder / "gap.yaml"
    path.write_text(
        POLICY.replace("rotate: [chloe, noah]", "only: {mon-fri: 09:00-17:00}, rotate: [chloe, noah]")
    )
    return path


def test_faults_have_code_place_and_the_right_name(office):
    path = broken(office)
    answer = office("policy", "check", path)
    assert answer.code == 1
    assert f"{path}:21:25: error E06: " in answer.out
    assert 'Did you mean "MGMT"' in answer.out
    assert re.search(rf"{re.escape(str(path))}:21:\d+: error E01: ", answer.out)
    document = office("policy", "check", path, "--json").document
    assert (document["ok"], document["errors"]) == (False, 2)


def test_what_cannot_be_meant_is_found_with_an_example_and_a_way_to_mend_it(office):
    path = gap(office)
    answer = office("policy", "check", path, "--json")
    assert answer.code == 1
    found = [f for f in answer.document["findings"] if f["code"] == "E10"]
    assert found
    assert found[0]["witness"]
    assert found[0]["mend"]
    assert (found[0]["line"], found[0]["severity"]) == (24, "error")


def test_a_code_review_gets_annotations(office):
    path = broken(office)
    answer = office("policy", "check", path, "--format", "github")
    assert answer.code == 1
    lines = answer.out.splitlines()
    assert all(
        re.match(r"::(error|warning|notice) file=.*,line=\d+,col=\d+,title=[EWI]\d\d::.", x) for x in lines
    )
    assert any(line.startswith(f"::error file={path},line=21,col=25,title=E06::") for line in lines)
    sarif = json.loads(office("policy", "check", path, "--format", "sarif").out)
    assert sarif["version"] == "2.1.0"
    assert office("policy", "check", "--format", "xml").code == 2


def test_all_checks_are_listed(terminal):
    answer = terminal("policy", "check", "--codes")
    assert answer.code == 0
    assert "Nobody is on call." in answer.out
    assert terminal("policy", "check", "--codes", "--json").document["codes"]["E10"] == "Nobody is on call."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["policy", "check"], "there is no policy file"),
        (["policy", "check", "none.yaml"], "none.yaml cannot be read"),
        (["policy", "check", "."], "cannot be read"),
        (["policy", "simulate", "none.yaml"], "none.yaml cannot be read"),
        (["oncall", "--file", "none.yaml"], "none.yaml cannot be read"),
        (["oncall", "--at", "soon"], "must be a time"),
    ],
)
def test_files_that_are_not_there(terminal, monkeypatch, arguments, said):
    monkeypatch.chdir(terminal.folder)
    answer = terminal(*arguments)
    assert answer.code == 2
    assert said in answer.err
    assert answer.out == ""


def test_a_file_that_is_no_text(terminal):
    path = terminal.folder / "p.yaml"
    path.write_bytes(b"escalation: 1\nx: \xff\xfe\n")
    for arguments in (["policy", "check", path], ["oncall", "--file", path], ["policy", "simulate", path]):
        answer = terminal(*arguments)
        assert answer.code == 2, arguments
        assert f"{path}:2:4: error: this is not UTF-8 text" in answer.err


def test_the_schema_takes_the_policy(terminal):
    schema = json.loads(terminal("policy", "schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "policies" in schema["properties"]
    assert terminal("policy", "schema", "--json").document == schema


# ---- scenarios ------------------------------------------------------------------------------------


def test_a_scenario_shows_who_is_reached_when_and_why(office):
    answer = office("policy", "simulate", "shop.yaml")
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    (head,) = [line for line in lines if line.startswith("after")]
    assert "Europe/Paris" in head
    (first,) = [line for line in lines if "ladder, step 1" in line]
    assert re.match(
        r"0m +Wed 05 Aug 09:00 +bruno +sms +ladder, step 1 \(0m\): paged L1: bruno \(turn\)", first
    )
    (second,) = [line for line in lines if "ladder, step 2" in line]
    assert re.match(r"15m +Wed 05 Aug 09:15 +chloe +sms ", second)
    assert "as expected: at 15m: chloe paged" in lines
    assert files(office) == ["escalation.yaml", "shop.yaml"]


def test_a_scenario_is_data_too(office):
    document = office("policy", "simulate", "shop.yaml", "--json").document
    assert set(document) == {
        "ok",
        "title",
        "scenario",
        "policy",
        "version",
        "tz",
        "from",
        "until",
        "rows",
        "expected",
        "assumed_reachable",
        "cut_off",
    }
    assert (document["from"], document["until"]) == ("2026-08-05T07:00:00Z", "2026-08-05T08:00:00Z")
    (row,) = [row for row in document["rows"] if row["data"].get("step") == 1]
    assert set(row) == {"after_seconds", "at", "local", "kind", "who", "by", "policy", "text", "data"}
    assert (row["local"], row["who"], row["by"]) == ("2026-08-05T09:00:00+02:00", ["bruno"], ["sms"])
    assert document["expected"] == [{"line": 8, "holds": True, "wanted": "at 15m: chloe paged", "came": None}]


def test_what_does_not_come_as_expected_is_a_finding(office):
    path = office.folder / "shop.yaml"
    path.write_text(SCENARIO.replace("paged: chloe", "paged: bruno"))
    answer = office("policy", "simulate", path)
    assert answer.code == 1
    assert (
        "NOT AS EXPECTED (line 8): at 15m: bruno paged; but then chloe by sms was paged; bruno was paged at 0m"
        in answer.out
    )
    document = office("policy", "simulate", path, "--json").document
    assert (document["ok"], document["expected"][0]["holds"]) == (False, False)


def test_another_policy_is_tried_on_the_same_scenario(office):
    other = office.folder / "other.yaml"
    other.write_text(POLICY.replace("at: 15m", "at: 20m"))
    assert office("policy", "simulate", "shop.yaml", "--file", other).code == 1
    assert office("policy", "simulate", "shop.yaml").code == 0


def test_a_scenario_with_faults_names_them(office):
    path = office.folder / "shop.yaml"
    path.write_text(SCENARIO.replace("chloe", "cloe").replace("until: 1h", "until: soon"))
    answer = office("policy", "simulate", path)
    assert answer.code == 2
    assert f'{path}:8:25: error: the policy has no person "cloe". Did you mean "chloe"?' in answer.err
    assert f"{path}:6:8: error: " in answer.err
    assert len(json.loads(office("policy", "simulate", path, "--json").err)["problems"]) == 2


# ---- on call --------------------------------------------------------------------------------------


def test_who_is_on_call_by_a_file(office):
    answer = office("oncall", "--file", "escalation.yaml", "--at", "2026-08-05T09:00 Europe/Paris")
    assert answer.code == 0
    assert "on call at 2026-08-05 07:00:00 UTC" in answer.out
    (line,) = [line for line in answer.out.splitlines() if line.startswith("duty")]
    assert re.match(
        r"duty +MGMT +chloe \(Chloe Martin\) +turn +sms +Mon 10 Aug 09:00 Europe/Paris +noah", line
    )
    document = office(
        "oncall", "--file", "escalation.yaml", "--schedule", "desk", "--at", "2026-08-10T07:00", "--json"
    ).document
    assert document == {
        "at": "2026-08-10T07:00:00Z",
        "schedules": [
            {
                "schedule": "desk",
                "tiers": ["L1"],
                "person": "noah",
                "name": "noah",
                "why": "turn",
                "from_schedule": "desk",
                "ways": ["sms"],
                "until": "2026-08-17T09:00:00+02:00",
                "then": "bruno",
            }
        ],
    }
    assert files(office) == ["escalation.yaml", "shop.yaml"]


def test_nobody_on_call_is_a_finding(office):
    answer = office("oncall", "--file", gap(office), "--at", "2026-08-05T20:00 Europe/Paris")
    assert answer.code == 1
    (line,) = [line for line in answer.out.splitlines() if line.startswith("duty")]
    assert re.match(r"duty +MGMT +NOBODY +nobody is on call +- +Thu 06 Aug 09:00 Europe/Paris +chloe", line)


def test_a_schedule_that_is_not_there(office):
    answer = office("oncall", "--file", "escalation.yaml", "--schedule", "dsek")
    assert answer.code == 2
    assert 'Did you mean "desk"' in answer.err


# ---- what is in force -----------------------------------------------------------------------------


@pytest.fixture
def armed(desk):
    """A desk with a channel and a policy file that is not yet in force, and an incident."""
    desk.config.write_text(desk.config.read_text() + "channels: {sms: }\n")
    desk.environment["SYNCLINE_CHANNEL_SMS_URL"] = "json://127.0.0.1:9/?to={address}"
    desk.sync(1)
    (desk.folder / "escalation.yaml").write_text(POLICY)
    return desk


def test_without_a_policy_nothing_is_escalated_and_everything_says_so(shared):
    (incident,) = shared("explain", "OPS-1", "--json").document["incidents"]
    assert incident["escalation"] is None
    assert "no policy is in force" in shared("runs").out
    assert shared("runs", "--json").document == {"runs": []}
    assert shared("policy", "history", "--json").document == {"versions": []}
    for arguments in (["policy", "show"], ["oncall"], ["policy", "rollback"]):
        answer = shared(*arguments)
        assert answer.code == 2, arguments
        assert "syncline policy publish" in answer.err


def test_a_policy_is_published_shown_and_taken_back(armed):
    first = armed("policy", "publish", "--note", "the first", "--json")
    assert first.code == 0, first.err
    assert set(first.document) == {"published", "first", "changes", "running"}
    assert (first.document["first"], first.document["changes"]) == (True, [])
    assert (first.document["published"]["author"], first.document["published"]["note"]) == (
        "olga",
        "the first",
    )
    path = armed.folder / "escalation.yaml"
    path.write_text(POLICY.replace("at: 15m", "at: 20m").replace("bruno, noah", "noah, bruno") + "# more\n")
    second = armed("policy", "publish", path)
    assert second.code == 0
    assert "policy ladder is different: steps" in second.out
    assert "schedule desk is different: layers" in second.out
    assert "is in force; `syncline policy rollback`" in second.out
    assert armed("policy", "show").out.rstrip("\n") == path.read_text().rstrip("\n")
    versions = armed("policy", "history", "--json").document["versions"]
    assert [v["note"] for v in versions] == [f"from {path}", "the first"]
    assert "2 versions of the policy" in armed("policy", "history").out
    shown = armed("policy", "show", versions[1]["digest"], "--json").document
    assert (shown["text"], shown["version"]) == (POLICY, versions[1])

    back = armed("policy", "rollback", "--json")
    assert back.document["published"]["digest"] == versions[1]["digest"]
    again = armed("policy", "rollback", "--to", versions[0]["digest"])
    assert "is in force again (rolled back to" in again.out
    unknown = armed("policy", "rollback", "--to", "ffff")
    assert unknown.code == 2
    assert "syncline policy history" in unknown.err


def test_what_means_the_same_is_said_to(armed):
    armed("policy", "publish")
    (armed.folder / "escalation.yaml").write_text("# a comment\n" + POLICY)
    assert "it means the same as the one before" in armed("policy", "publish").out


def test_a_policy_with_errors_is_not_published(armed):
    path = broken(armed)
    answer = armed("policy", "publish", path)
    assert answer.code == 2
    assert f"{path}:21:25: error E06: " in answer.err
    assert "nothing was done" in answer.err
    answer = armed("policy", "publish", gap(armed))
    assert answer.code == 2
    assert "error E10: " in answer.err
    assert "; " in answer.err


def test_a_channel_that_is_not_configured_is_an_error(armed):
    armed.config.write_text(armed.config.read_text().replace("channels: {sms: }", "channels: {email: }"))
    answer = armed("policy", "check")
    assert answer.code == 1
    assert "sms" in answer.out


# ---- escalations ----------------------------------------------------------------------------------


@pytest.fixture
def escalated(armed):
    """An incident of priority 3 that is being escalated: noah has the desk, and it is half a minute old."""
    armed("policy", "publish")
    armed.opened("Mail is down")
    armed.sync()
    return armed


def test_an_escalation_shows_how_far_it_has_come_and_what_comes_next(escalated):
    answer = escalated("runs", "--json")
    assert answer.code == 0
    (run,) = answer.document["runs"]
    assert (run["policy"], run["state"], run["reached"]) == ("ladder", "active", "step 1 (0m)")
    assert run["waits_for"] == ["bruno"]
    assert run["clock"]["id"] == "restore"
    assert (run["clock"]["state"], run["clock"]["target_seconds"]) == ("runs", 14_400)
    assert run["clock"]["elapsed_seconds"] < 60
    since = datetime.fromisoformat(run["clock"]["started_at"])
    assert run["ended_at"] is None
    (told,) = [row for row in escalated("runs").out.splitlines() if row.startswith("SL-")]
    assert "restore runs" in told

    (incident,) = escalated("explain", "OPS-1", "--json").document["incidents"]
    assert set(incident["escalation"]) == {"version", "runs", "clocks", "messages", "next", "look_again"}
    assert incident["escalation"]["runs"] == [
        {name: shown for name, shown in run.items() if name not in {"incident", "title"}}
    ]
    coming = run["next"]
    assert not coming["due"]
    assert since < datetime.fromisoformat(coming["at"]) <= datetime(2026, 11, 23, 9, 20, tzinfo=UTC)
    assert incident["escalation"]["messages"][0]["recipient"] == "bruno"
    (clock,) = incident["escalation"]["clocks"]
    assert not clock["breached"]
    text = escalated("explain", "OPS-1").out
    assert "SLA restore" in text
    assert re.search(r"next: at 2026-11-23 09:\d\d:\d\d UTC, if all stays as it is:", text)


def test_a_look_changes_nothing(escalated):
    before = escalated("explain", "OPS-1", "--json").document
    escalated("runs")
    escalated("runs", "--all")
    escalated("explain", "OPS-1")
    assert escalated("explain", "OPS-1", "--json").document == before


def test_a_raised_hand_says_who_answers_and_is_answered_by_the_next_reconcile(escalated):
    answer = escalated("escalate", "OPS-1", "--reason", "it is an attack", "--json")
    assert answer.code == 0, answer.err
    assert answer.document["policies"] == ["hands"]
    assert answer.document["paged"] == ["chloe"]
    assert any("olga raised it: it is an attack" in text for text in answer.document["texts"])
    assert [run["policy"] for run in escalated("runs", "--json").document["runs"]] == ["ladder"]
    (incident,) = escalated("explain", "OPS-1", "--json").document["incidents"]
    (event,) = [e for e in incident["timeline"] if e["kind"] == "raised"]
    assert (event["actor"], event["data"]["via"], event["data"]["reason"]) == (
        "olga",
        "command",
        "it is an attack",
    )
    assert incident["escalation"]["next"]["due"]
    assert "next: now, as soon as the daemon looks" in escalated("explain", "OPS-1").out
    escalated.sync(1)
    runs = escalated("runs", "OPS-1", "--json").document["runs"]
    assert [(run["policy"], run["raised_by"]) for run in runs] == [("ladder", None), ("hands", "olga")]


def test_a_hand_that_no_policy_answers_is_a_finding(armed):
    path = armed.folder / "escalation.yaml"
    path.write_text(POLICY.replace('when: "true"', "when: priority == 1"))
    armed("policy", "publish")
    armed.opened("Mail is down")
    armed.sync()
    answer = armed("escalate", "OPS-1")
    assert answer.code == 1
    assert "nobody is paged for it" in answer.out


@pytest.mark.parametrize("command", ["escalate", "runs"])
def test_what_nobody_knows(shared, command):
    answer = shared(command, "NOPE-99")
    assert answer.code == 2
    assert "NOPE-99" in answer.err


def test_what_is_over_is_shown_on_demand(escalated):
    record = escalated.snow("GET", "incident")[0]
    escalated.snow("PATCH", f"incident/{record['sys_id']}", priority="5", impact="3", urgency="3")
    escalated.sync()
    assert escalated("runs", "--json").document["runs"] == []
    assert "nothing is being escalated" in escalated("runs").out
    (run,) = escalated("runs", "--all", "--json").document["runs"]
    assert run["state"] == "ended"
    assert "does not hold any more" in run["ended_why"]


def test_a_clock_that_stands_still_says_for_how_long(escalated):
    path = escalated.folder / "escalation.yaml"
    path.write_text(
        POLICY.replace("target: 4h}", "target: 4h, pause: 'status == \"on_hold\"', max_pause: 2h}")
    )
    assert escalated("policy", "publish").code == 0
    record = escalated.snow("GET", "incident")[0]
    escalated.snow("PATCH", f"incident/{record['sys_id']}", state="3", hold_reason="1")
    escalated.sync(1)
    escalated.clock.advance(600)
    (incident,) = escalated("explain", "OPS-1", "--json").document["incidents"]
    (clock,) = incident["escalation"]["clocks"]
    assert clock["state"] == "paused"
    assert 600 <= clock["paused_seconds"] < 620
    assert clock["elapsed_seconds"] < 100
    # It goes on after the longest pause: 4 hours and 2 hours after it began.
    began, breach = (datetime.fromisoformat(clock[name]) for name in ("started_at", "breach"))
    assert (breach - began).total_seconds() == 6 * 3600
    (run,) = incident["escalation"]["runs"]
    assert run["state"] == "acknowledged"
    assert run["version"] != incident["escalation"]["version"]  # it keeps to the policy with which it began
    assert run["clock"]["state"] == "runs"


def test_a_policy_is_held_against_the_live_platforms(armed):
    path = armed.folder / "escalation.yaml"
    known = POLICY.replace("group: Service Desk", "to: {snow: {group: Service Desk}}").replace(
        "noah: {", "noah: {ids: {snow: bruno.keller@example.com}, "
    )
    path.write_text(known)
    answer = armed("policy", "check", "--live", "--json")
    assert answer.code == 0, answer.out
    path.write_text(known.replace("Service Desk", "Service Dsek").replace("bruno.keller", "nobody"))
    assert armed("policy", "check").code == 0
    answer = armed("policy", "check", "--live", "--json")
    assert answer.code == 1
    found = [f["message"] for f in answer.document["findings"] if f["code"] == "E38"]
    assert len(found) == 2, found
    assert any("Service Dsek" in text for text in found)
    assert any("nobody@example.com" in text for text in found)


def test_live_needs_a_configuration(office):
    answer = office("policy", "check", "--live")
    assert answer.code == 2
    assert "syncline init" in answer.err


def test_a_hand_that_is_raised_again_too_soon_is_not_answered_anew(escalated):
    assert escalated("escalate", "OPS-1").code == 0
    escalated.sync(1)
    answer = escalated("escalate", "OPS-1", "--json")
    assert answer.code == 1
    assert answer.document["policies"] == answer.document["paged"] == []
    assert "hands answered it already, and rests until" in answer.document["texts"][0]
