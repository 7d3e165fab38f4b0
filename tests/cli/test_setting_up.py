"""A first configuration, a look at every instance, and what is installed."""

import os
from importlib.metadata import EntryPoint

import pytest

from syncline.cli.output import plain
from syncline.configuration import read_configuration
from syncline.plugins import discover

SECRETS = {
    "SYNCLINE_SNOW_PROD_PASSWORD": "s3cret-snow",
    "SYNCLINE_JIRA_OPS_TOKEN": "s3cret-jira",
    "SYNCLINE_PAGERDUTY_TOKEN": "s3cret-pager",
}


def test_init_writes_a_configuration_that_is_sound_and_uses_the_mappings_beside_it(terminal):
    answer = terminal("init")
    assert answer.code == 0
    for variable in SECRETS:
        assert variable in answer.out
    found = read_configuration(terminal.config, discover().settings(), os.environ)
    assert {name: i.mapping for name, i in found.instances.items()} == {
        "snow-prod": terminal.folder / "mappings/servicenow.yaml",
        "jira-ops": terminal.folder / "mappings/jira.yaml",
        "pagerduty": terminal.folder / "mappings/pagerduty.yaml",
    }
    assert "# " in terminal.config.read_text()


def test_init_overwrites_nothing_unless_told_to(terminal):
    mapping = terminal.folder / "mappings" / "jira.yaml"
    mapping.parent.mkdir()
    mapping.write_text("mine")
    answer = terminal("init")
    assert answer.code == 1
    assert str(mapping) in answer.err
    assert "--force" in answer.err
    assert not terminal.config.exists()
    assert mapping.read_text() == "mine"
    assert set(terminal("init", "--force", "--json").document) == {"written", "secrets"}
    assert mapping.read_text() != "mine"


def test_init_says_why_it_cannot_write(terminal):
    (terminal.folder / "mappings").write_text("a file where a folder should be")
    answer = terminal("init", "--force")
    assert answer.code == 1
    assert "mappings" in answer.err
    assert "Traceback" not in answer.err


def test_all_missing_secrets_are_named_at_once(terminal):
    terminal("init")
    answer = terminal("check")
    assert answer.code == 2
    for variable in SECRETS:
        assert variable in answer.err


WRONG = """\
syncline: 1
databse: sqlite:///x.db
instances:
  snow:
    platform: servicenau
    url: https://example.service-now.com
  Jira OPS:
    platform: jira
    url: ftp://example.com
    projects: []
  pd:
    platform: pagerduty
    url: https://api.pagerduty.com
    token: abc123secret
    from_email: nobody
routes:
  - name: one
    from: [snw]
    to: [pd]
    when: {prio: [1]}
conflicts:
  titel: latest
  title: {owner: nobody}
gone_after: soon
comments: {copy: perhaps}
"""


def test_a_configuration_with_ten_faults_names_all_of_them_with_their_places(terminal):
    terminal.config.write_text(WRONG)
    answer = terminal("check")
    assert answer.code == 2
    assert answer.out == ""
    lines = answer.err.splitlines()
    faults = [line for line in lines if line.startswith(f"{terminal.config}:")]
    assert len(faults) >= 10
    for line in faults:
        place = line.removeprefix(f"{terminal.config}:").split(":")
        assert place[0].isdigit()
        assert place[1].isdigit()
    assert f"{len(faults)} faults to mend" in lines[-1]
    assert 'Did you mean "servicenow"' in answer.err
    assert "abc123secret" not in answer.err


def test_the_faults_are_data_too(terminal):
    terminal.config.write_text(WRONG)
    error = terminal("status", "--json").error
    assert len(error["problems"]) >= 10
    assert set(error["problems"][0]) == {"file", "line", "column", "severity", "message"}
    assert all(problem["line"] > 0 for problem in error["problems"])


def test_check_tells_of_each_instance_and_changes_nothing(shared):
    before = {name: len(instance.requests()) for name, instance in shared.sandbox.instances.items()}
    document = shared("check", "--json").document
    assert set(document) == {"config", "instances", "channels", "errors", "warnings"}
    assert document["channels"] == []
    assert [one["name"] for one in document["instances"]] == ["snow", "jira", "pd"]
    for one in document["instances"]:
        assert one["findings"]
        for finding in one["findings"]:
            assert set(finding) == {"check", "severity", "message", "fix"}
            assert finding["severity"] in {"ok", "warning", "error"}
    for name, instance in shared.sandbox.instances.items():
        for request in instance.requests()[before[name] :]:
            assert request.method == "GET" or "search" in request.path, f"{request.method} {request.path}"


def test_check_looks_at_the_channels_too_and_sends_nothing(desk):
    path = desk.folder / "syncline.yaml"
    path.write_text(f"{path.read_text()}channels:\n  email:\n  chat:\n")
    desk.environment["SYNCLINE_CHANNEL_CHAT_URL"] = "jsons://127.0.0.1:9/K3yOfTheRoom"
    answer = desk("check", "--json")
    assert answer.code == 1
    email, chat = answer.document["channels"]
    assert (email["name"], [f["severity"] for f in email["findings"]]) == ("email", ["error"])
    assert "SYNCLINE_CHANNEL_EMAIL_URL" in email["findings"][0]["message"]
    assert [(f["check"], f["severity"]) for f in chat["findings"]] == [
        ("channel", "ok"),
        ("recipient", "warning"),
    ]
    assert answer.document["errors"] >= 1
    answer = desk("check")
    assert "channel email" in answer.out
    assert "K3yOfTheRoom" not in answer.out + answer.err


def test_check_says_what_to_do_about_an_instance_that_cannot_be_worked_with(shared):
    shared.environment["SYNCLINE_JIRA_TOKEN"] = "wrong-token-of-ours"
    try:
        answer = shared("check", "jira")
    finally:
        shared.environment["SYNCLINE_JIRA_TOKEN"] = "token-syncline"
    assert answer.code == 1
    assert "ERROR" in answer.out
    assert "what to do:" in answer.out
    assert "wrong-token-of-ours" not in answer.out + answer.err
    assert "\nsnow\n" not in answer.out


@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_check_says_once_that_credentials_are_wrong(shared, name):
    secret = f"SYNCLINE_{name.upper()}_{'PASSWORD' if name == 'snow' else 'TOKEN'}"
    right = shared.environment[secret]
    shared.environment[secret] = "wrong-secret-of-ours"
    try:
        (found,) = shared("check", name, "--json").document["instances"]
    finally:
        shared.environment[secret] = right
    (error,) = [finding for finding in found["findings"] if finding["severity"] == "error"]
    assert error["check"] == "authorised"
    assert secret in error["message"]


@pytest.mark.parametrize(
    "command",
    [
        ["check", "jria"],
        ["backfill", "jria", "--since", "2026-11-01"],
        ["mapping", "check", "jria"],
        ["mapping", "publish", "jria"],
        ["mapping", "history", "jria"],
        ["mapping", "rollback", "jria"],
        ["park", "retry", "1", "--take", "jria"],
        ["unlink", "OPS-1", "--instance", "jria"],
    ],
)
def test_an_unknown_instance_is_answered_with_the_one_that_was_meant(shared, command):
    answer = shared(*command)
    assert answer.code == 2
    assert 'Did you mean "jira"?' in answer.err


def test_the_connectors_are_shown(terminal):
    document = terminal("connector", "list", "--json").document
    assert {row["platform"] for row in document["connectors"]} >= {"servicenow", "jira", "pagerduty"}
    assert document["broken"] == []
    assert "ServiceNow" in terminal("connector", "list").out


def test_a_connector_that_cannot_be_loaded_is_shown_with_the_cause(terminal, monkeypatch):
    points = [EntryPoint("helix", "there_is_no_such_module:plugin", "syncline.connectors")]
    monkeypatch.setattr("syncline.plugins.entry_points", lambda group: points)
    answer = terminal("connector", "list")
    assert answer.code == 1
    assert "helix cannot be used" in plain(answer.out)
    assert "there_is_no_such_module" in answer.out


def test_a_database_of_a_newer_version_is_refused_with_the_way_out(desk):
    assert desk("status").code == 1
    import sqlite3

    with sqlite3.connect(desk.folder / "simulated.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    answer = desk("status")
    assert answer.code == 2
    assert "newer Syncline" in answer.err


class TestConnectorTest:
    def test_checks_are_told_with_their_reasons(self, terminal):
        answer = terminal(
            "connector", "test", "servicenow", "--only", "lookup-finds-by-name-and-id", "--json"
        )
        (row,) = answer.document["checks"]
        assert row["verdict"] == "holds"
        assert row["reason"]
        assert row["hint"]
        assert answer.document["tier"] is None

    def test_a_check_that_there_is_not_is_named(self, terminal):
        answer = terminal("connector", "test", "servicenow", "--only", "nonsense")
        assert answer.code == 2
        assert "nonsense" in answer.err
        answer = terminal("connector", "test", "servicenow", "--only", "poll-brings-tie")
        assert 'Did you mean "poll-brings-ties"?' in answer.err

    def test_a_connector_that_there_is_not_is_named(self, terminal):
        answer = terminal("connector", "test", "servicenau")
        assert answer.code == 2
        assert "servicenow" in answer.err


def test_a_new_plugin_is_written_once(terminal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = terminal("connector", "new", "tracker", "--title", "Our Tracker")
    assert answer.code == 0
    assert (tmp_path / "syncline-tracker/syncline_tracker/connector.py").exists()
    assert "pip install" in answer.out
    again = terminal("connector", "new", "tracker")
    assert again.code == 1
    assert "--force" in again.err
