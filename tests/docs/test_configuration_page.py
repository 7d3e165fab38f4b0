"""The page about `syncline.yaml` against the models; and every piece of YAML on every page, loaded."""

import importlib
import re
import textwrap

import pytest
from ruamel.yaml import YAML

from syncline.application.rehearsing import rehearse_scenario
from syncline.configuration import load_configuration, read_configuration
from syncline.configuration.defaults import defaults
from syncline.configuration.specification import (
    AttachmentsEntry,
    ChannelEntry,
    CommentsEntry,
    ConfigurationFile,
    EscalationEntry,
    FreezeEntry,
    InstanceEntry,
    ReopenEntry,
    RouteEntry,
)
from syncline.errors import InvalidFile
from syncline.escalation.reading import read_book
from syncline.escalation.scenario import drafted
from syncline.http.settings import InstanceSettings, is_secret
from syncline.mapping import load_mapping
from syncline.mapping.document import parse_document
from syncline.mapping.rules import Conflict
from syncline.plugins import discover

PLUGINS = discover()


def keys(model):
    return {info.alias or name for name, info in model.model_fields.items()}


def first_words(rows, backticked):
    return [backticked(row[0])[0] for row in rows if backticked(row[0])]


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("Keys", ConfigurationFile),
        ("instances", InstanceEntry),
        ("routes", RouteEntry),
        ("comments", CommentsEntry),
        ("attachments", AttachmentsEntry),
        ("reopen", ReopenEntry),
        ("freeze", FreezeEntry),
        ("escalation", EscalationEntry),
        ("channels", ChannelEntry),
    ],
)
def test_every_key_stands_on_the_page_and_nothing_else(page, table_rows, backticked, title, model):
    section = page("docs/configuration.md").section(title)
    table = section.partition("\n### ")[0] if title == "Keys" else section
    assert set(first_words(table_rows(table), backticked)) == keys(model)


def test_defaults_of_the_keys_are_those_of_the_models(page, table_rows, backticked):
    for title, model in (
        ("freeze", FreezeEntry),
        ("comments", CommentsEntry),
        ("attachments", AttachmentsEntry),
        ("escalation", EscalationEntry),
    ):
        for row in table_rows(page("docs/configuration.md").section(title)):
            names = backticked(row[0])
            if not names or not row[1].strip():
                continue
            said = YAML(typ="safe").load(backticked(row[1])[0])
            name, entry = next((n, i) for n, i in model.model_fields.items() if (i.alias or n) == names[0])
            assert getattr(model.model_validate({names[0]: said}), name) == entry.default


def test_every_conflict_rule_stands_there(page, table_rows, backticked):
    said = first_words(table_rows(page("docs/configuration.md").section("conflicts")), backticked)
    assert {word.strip("{").partition(":")[0] for word in said} == {rule.value for rule in Conflict}


def settings_tables(page):
    text = page("docs/configuration.md").text
    for match in re.finditer(r"<!-- settings: ([\w.]+):(\w+) -->\n\n((?:\|.*\n)+)", text):
        yield getattr(importlib.import_module(match[1]), match[2]), match[3]


def own_settings(model):
    """The settings that a class adds or gives another default."""
    inherited = InstanceSettings.model_fields if model is not InstanceSettings else {}
    return {
        name: info
        for name, info in model.model_fields.items()
        if name not in {"name", "platform"} and (name not in inherited or name in model.__annotations__)
    }


def test_every_plugin_has_its_table(page):
    assert {model for model, _ in settings_tables(page)} == {
        InstanceSettings,
        *(plugin.settings for plugin in PLUGINS.found.values()),
    }


def test_every_setting_stands_there_with_its_default(page, table_rows, backticked):
    for model, table in settings_tables(page):
        said = {backticked(row[0])[0]: row for row in table_rows(table) if backticked(row[0])}
        own = own_settings(model)
        assert set(said) == set(own), model.__name__
        for name, info in own.items():
            default, place = said[name][1], f"{model.__name__}.{name}"
            if is_secret(info):
                assert default == "secret", place
            elif info.is_required():
                assert default == "required", place
            else:
                value = info.get_default(call_default_factory=True)
                if value in (None, "", (), []):
                    assert default == "", place
                else:
                    assert YAML(typ="safe").load(backticked(default)[0]) == value, place
            assert len(said[name][2]) > 4, place


# ---- YAML on all pages --------------------------------------------------------------------------

INSTANCES = """\
instances:
  snow-prod: {platform: servicenow, url: https://example.service-now.com, username: syncline}
  jira-ops: {platform: jira, url: https://example.atlassian.net, user: a@example.com, projects: [OPS]}
  pagerduty: {platform: pagerduty, from_email: a@example.com}
  cherwell-prod: {platform: cherwell, url: https://acme.cherwellondemand.com, username: syncline, client_id: c}
"""
NEEDED = {
    "servicenow": "username: u",
    "jira": "projects: [OPS]",
    "pagerduty": "from_email: a@example.com",
    "helix": "username: u",
    "cherwell": "username: u\nclient_id: c",
}


def yaml_blocks(pages):
    found = []
    for one in pages:
        if one.name == "docs/escalation.md":
            continue  # has a language, and a test, of its own
        for block in one.blocks("yaml"):
            marker = re.match(
                r"# (file|part of|instance of|field of|wrong field of|scenario of): (\S+)\n", block.text
            )
            assert marker is not None, f"{block.place}: say in its first line what the block is"
            found.append((block, marker[1], marker[2], block.text[marker.end() :]))
    return found


def load(text, folder):
    return load_configuration(text, folder / "syncline.yaml", PLUGINS.settings(), {})


def mapping_with(platform, field):
    """The shipped mapping of a platform with a field replaced or added."""
    text = defaults(f"mappings/{platform}.yaml").read_text()
    name = field.partition(":")[0]
    assert re.fullmatch(r"[a-z_.]+", name)
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if re.match(rf"  {re.escape(name)}:", line)), None)
    if start is not None:
        end = start + 1
        while end < len(lines) and re.match(r"    |\s*$", lines[end]):
            end += 1
        del lines[start:end]
    at = lines.index("fields:") + 1
    lines[at:at] = textwrap.indent(field, "  ").splitlines()
    return "\n".join(lines) + "\n"


def test_all_yaml_on_all_pages_loads(pages, tmp_path):
    found = yaml_blocks(pages)
    assert len(found) > 10
    for block, what, name, text in found:
        try:
            match what:
                case "file":
                    load(text, tmp_path)
                case "part of" if name == "syncline.yaml":
                    load(f"syncline: 1\n{INSTANCES}{text}", tmp_path)
                case "part of":
                    load_mapping(defaults(f"mappings/{name}.yaml").read_text() + text, platform=name)
                case "instance of":
                    given = parse_document(text).data
                    needed = "" if NEEDED[name].partition(":")[0] in given else f"{NEEDED[name]}\n"
                    url = (
                        ""
                        if "url" in given
                        else "url: https://example.atlassian.net\nauth: api_token\nuser: a@example.com\n"
                    )
                    entry = textwrap.indent(f"platform: {name}\n{url}{needed}{text}", "    ")
                    load(f"syncline: 1\ninstances:\n  one:\n{entry}", tmp_path)
                case "scenario of":
                    book = read_book(defaults(f"config/{name}").read_text(), name)
                    played = rehearse_scenario(book, drafted(text, block.place).of(book), name)
                    assert played.checked, block.place
                    assert [one for one in played.checked if not one.holds] == [], block.place
                case "field of":
                    load_mapping(mapping_with(name, text), platform=name)
                case _:
                    with pytest.raises(InvalidFile):
                        load_mapping(mapping_with(name, text), platform=name)
        except InvalidFile as error:
            raise AssertionError(f"{block.place}: {error}") from error


def test_the_shipped_configuration_loads_and_names_every_key(root, monkeypatch):
    for name in ("SYNCLINE_SNOW_PROD_PASSWORD", "SYNCLINE_JIRA_OPS_TOKEN", "SYNCLINE_PAGERDUTY_TOKEN"):
        monkeypatch.setenv(name, "x")
    path = root / "config/syncline.yaml"
    read_configuration(path, PLUGINS.settings(), {})
    assert set(parse_document(path.read_text()).data) == keys(ConfigurationFile)
