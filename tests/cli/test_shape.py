"""What holds for all commands."""

import subprocess
import sys

import pytest

COMMANDS = [
    "init",
    "check",
    "connector list",
    "connector test",
    "connector new",
    "version",
    "run",
    "sync",
    "backfill",
    "status",
    "explain",
    "plan",
    "link",
    "unlink",
    "park list",
    "park show",
    "park retry",
    "park drop",
    "mapping check",
    "mapping preview",
    "mapping publish",
    "mapping history",
    "mapping rollback",
    "policy check",
    "policy simulate",
    "policy publish",
    "policy show",
    "policy history",
    "policy rollback",
    "policy schema",
    "oncall",
    "escalate",
    "runs",
    "sandbox",
    "demo",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_takes_the_shared_options(terminal, command):
    answer = terminal(*command.split(), "--help")
    assert answer.code == 0
    for option in ("--config", "--json"):
        assert option in answer.out


NEEDS_A_CONFIGURATION = [
    "check",
    "run",
    "sync --once",
    "backfill snow --since 2026-11-01",
    "status",
    "explain X-1",
    "plan X-1",
    "link snow/1 jira/2",
    "unlink X-1",
    "park list",
    "park show 1",
    "park retry 1",
    "park drop 1",
    "mapping check",
    "mapping preview X-1",
    "mapping publish snow",
    "mapping history snow",
    "mapping rollback snow",
    "policy publish",
    "policy publish escalation.yaml",
    "policy show",
    "policy history",
    "policy rollback",
    "oncall",
    "escalate X-1",
    "runs",
]


@pytest.mark.parametrize("command", NEEDS_A_CONFIGURATION)
def test_without_a_configuration_it_says_how_to_get_one(terminal, command):
    answer = terminal(*command.split())
    assert answer.code == 2
    assert answer.out == ""
    assert "syncline.yaml" in answer.err
    assert "syncline init" in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize("command", NEEDS_A_CONFIGURATION)
def test_errors_are_json_where_json_is_asked_for(terminal, command):
    answer = terminal(*command.split(), "--json")
    assert answer.code == 2
    assert "syncline init" in answer.error["error"]


def test_json_may_stand_before_the_command_too(terminal):
    assert terminal("--json", "version").document == terminal("version", "--json").document


def test_the_version_names_what_a_report_of_a_fault_needs(terminal):
    assert set(terminal("version", "--json").document) == {
        "version",
        "connector_contract",
        "python",
        "sqlite",
    }
    assert terminal("version").out.startswith("syncline ")
    assert terminal("--version").out == terminal("version").out
    for arguments in (("--json", "--version"), ("--version", "--json")):
        assert terminal(*arguments).document == terminal("version", "--json").document


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["statu"], "Did you mean 'status'?"),
        (["run", "--foo"], "--foo"),
        (["explain"], "Missing argument"),
        (["sandbox", "--port", "high"], "--port"),
        (["sync"], "syncline sync --once"),
        (["backfill", "snow", "--since", "soon"], "2026-11-01"),
        (["mapping", "check", "--file", "x.yaml"], "INSTANCE"),
        (["mapping", "preview", "X-1", "--file", "x.yaml"], "--instance"),
        (["sandbox", "--instances", "a=cherry"], "cherry"),
    ],
)
def test_wrong_use_is_told_in_a_sentence_and_ends_with_2(terminal, arguments, said):
    answer = terminal(*arguments)
    assert answer.code == 2
    assert said in answer.err
    assert answer.out == ""
    assert "Traceback" not in answer.err
    told = terminal(*arguments, "--json")
    assert told.code == 2
    assert said in told.error["error"]


def test_without_arguments_it_shows_its_commands(terminal):
    answer = terminal()
    assert answer.code == 2
    assert "explain" in answer.out + answer.err


def test_the_config_option_goes_before_the_environment(terminal, tmp_path):
    answer = terminal("status", "--config", tmp_path / "other.yaml")
    assert "other.yaml" in answer.err
    answer = terminal("--config", tmp_path / "third.yaml", "status")
    assert "third.yaml" in answer.err


def test_help_loads_nothing_that_is_slow():
    code = (
        "import sys, syncline.cli.program;"
        "slow = {'sqlalchemy', 'requests', 'pydantic', 'alembic', 'rich', 'pysnow', 'jira', 'pdpyras', 'ruamel.yaml'};"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_completion_offers_the_commands():
    environment = {
        "_SYNCLINE_COMPLETE": "complete_bash",
        "COMP_WORDS": "syncline par",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "syncline par",
        "PATH": "/usr/bin:/bin",
    }
    code = "from syncline.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment, check=False
    )
    assert done.stdout.split() == ["park"]
