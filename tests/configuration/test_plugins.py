"""Finding connectors, also those that cannot be used."""

import sys
import types
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from syncline.connector import CONTRACT, Plugin
from syncline.errors import Configuration
from syncline.plugins import GROUP, Plugins, discover, misfit


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    made = types.ModuleType("desk_connector")
    monkeypatch.setitem(sys.modules, "desk_connector", made)
    return made


def plugin(platform: str, contract: str = CONTRACT) -> Plugin:
    nothing: object = None
    return Plugin(
        platform,
        platform.title(),
        capabilities=nothing,  # type: ignore[arg-type]
        settings=nothing,  # type: ignore[arg-type]
        dialect=nothing,  # type: ignore[arg-type]
        connect=nothing,  # type: ignore[arg-type]
        contract=contract,
    )


def found(*pairs: tuple[str, str]) -> Plugins:
    return discover(EntryPoint(name, value, GROUP) for name, value in pairs)


def test_what_works_is_found_beside_what_does_not(module: types.ModuleType) -> None:
    module.good = plugin("desk")  # type: ignore[attr-defined]
    plugins = found(
        ("desk", "desk_connector:good"), ("gone", "no_such_module:plugin"), ("half", "desk_connector:nope")
    )
    assert list(plugins.found) == ["desk"]
    assert plugins.named("desk").title == "Desk"
    causes = plugins.causes()
    assert "importing no_such_module:plugin failed: ModuleNotFoundError" in causes["gone"]
    assert "AttributeError" in causes["half"]
    with pytest.raises(Configuration, match='the connector for "gone" could not be loaded: importing'):
        plugins.named("gone")
    with pytest.raises(Configuration, match=r'there is no connector for "dsk"\. Did you mean "desk"'):
        plugins.named("dsk")


@pytest.mark.parametrize(
    ("contract", "step"),
    [
        ("0.9", "install a newer release of the plugin"),
        ("9.0", "install a newer Syncline"),
        ("1.999", "a newer Syncline"),
    ],
)
def test_another_version_of_the_contract(module: types.ModuleType, contract: str, step: str) -> None:
    module.old = plugin("desk", contract)  # type: ignore[attr-defined]
    plugins = found(("desk", "desk_connector:old"))
    assert plugins.found == {}
    cause = plugins.causes()["desk"]
    assert f"written for version {contract} of the connector contract" in cause
    assert f"this Syncline has version {CONTRACT}" in cause
    assert step in cause


@pytest.mark.parametrize("contract", ["1.0", "1", 1, "1.3", "1.4"])
def test_what_was_written_for_an_earlier_minor_version_fits(contract: object) -> None:
    assert misfit(contract, "1.4") == ""


@pytest.mark.parametrize("contract", [None, "", "x", "1.x", "-1", "1.2.3", "1.1 ", 1.25e9])
def test_what_is_no_version_is_said(contract: object) -> None:
    assert "no version" in misfit(contract)


def test_a_plugin_that_says_nothing_is_of_the_first_version(module: types.ModuleType) -> None:
    nothing: Any = None
    module.silent = Plugin("desk", "Desk", nothing, nothing, nothing, nothing)  # type: ignore[attr-defined]
    assert found(("desk", "desk_connector:silent")).found["desk"].contract == "1.0"


@pytest.mark.parametrize(
    "line",
    [
        "from syncline.connector import Telepathy",
        "import syncline.connector.telepathy",
        "Capabilities(telepathy=True)",
    ],
)
def test_a_plugin_that_asks_for_what_there_is_not_yet_may_be_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    (tmp_path / "newer_desk.py").write_text(f"from syncline.connector import Capabilities\n{line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "newer_desk", raising=False)
    cause = found(("desk", "newer_desk:plugin")).causes()["desk"]
    assert f"a newer connector contract than {CONTRACT}" in cause


def test_what_is_no_plugin_or_bears_another_name(module: types.ModuleType) -> None:
    module.text, module.other = "x", plugin("other")  # type: ignore[attr-defined]
    plugins = found(("desk", "desk_connector:text"), ("shop", "desk_connector:other"))
    assert plugins.found == {}
    assert "is a str, not a syncline.connector.Plugin" in plugins.causes()["desk"]
    assert 'called "shop", and its platform "other"' in plugins.causes()["shop"]


def test_two_connectors_for_one_platform_are_both_refused(module: types.ModuleType) -> None:
    module.one, module.two = plugin("desk"), plugin("desk")  # type: ignore[attr-defined]
    plugins = found(("desk", "desk_connector:one"), ("desk", "desk_connector:two"))
    assert plugins.found == {}
    assert "desk_connector:one, desk_connector:two; uninstall all but one" in plugins.causes()["desk"]


def test_our_own_connectors_load() -> None:
    names = ("servicenow", "jira", "pagerduty")
    plugins = found(*((name, f"syncline_{name}:plugin") for name in names))
    assert plugins.broken == ()
    assert set(plugins.settings()) == set(names)
