"""The admins' page: its tables against the code, and its tutorial, step by step against the simulated platforms."""

import base64
import re
import shlex
from urllib.request import Request, urlopen

import pytest
from typer.testing import CliRunner

from syncline.cli.program import program
from syncline.mapping.compiling import NUMBER
from syncline.mapping.rules import Conflict, Direction
from syncline.mapping.specification import FieldEntry, MappingFile, SupplyEntry
from syncline.mapping.template import EXTRAS
from syncline.mapping.transforms import SPLIT, TRANSFORMS
from syncline.model import FIELDS, Status
from syncline.sandbox.catalogue import build
from syncline.sandbox.server import Sandbox
from syncline.sandbox.servicenow.people import PEOPLE


def keys(model):
    return {info.alias or name for name, info in model.model_fields.items()}


def first_column(page, title, table_rows, backticked):
    section = page("docs/admins.md").section(title).partition("\n### ")[0]
    return {word for row in table_rows(section) for word in backticked(row[0])}


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("The keys of a mapping", keys(MappingFile)),
        ("Keys of a field", keys(FieldEntry)),
        ("Fields that go with a choice", keys(SupplyEntry)),
        ("Common fields", {*FIELDS, "custom."}),
    ],
)
def test_tables_name_everything_and_nothing_else(page, table_rows, backticked, title, expected):
    assert first_column(page, title, table_rows, backticked) == expected


def test_every_transform_stands_there(page, table_rows, backticked):
    said = first_column(page, "Transforms", table_rows, backticked)
    assert {word.partition(":")[0] for word in said} == {*TRANSFORMS, SPLIT.name, NUMBER.name}


def test_every_word_of_a_closed_list_stands_there(page):
    text = page("docs/admins.md").text
    for word in (*Status, *Direction, *EXTRAS, *(c for c in Conflict if c is not Conflict.OWNER)):
        assert re.search(rf"`\{{?{word}\}}?`", text), word


# ---- the tutorial -------------------------------------------------------------------------------

SECRETS = {
    "SYNCLINE_SNOW_PROD_PASSWORD": "sandbox",
    "SYNCLINE_JIRA_OPS_TOKEN": "token-syncline",
    "SYNCLINE_PAGERDUTY_TOKEN": "token-syncline",
}
VARIABLE = (
    (r"\b[0-9a-f]{12}\b", "<version>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "<time>"),
    (r"SL-[0-9A-Z]{10}", "<incident>"),
    (r"https?://[^/ ]+", "<site>"),
    (r"  +", "  "),
)


def steady(text, folder, person):
    """A line without what is different each time."""
    text = text.replace(f"{folder}/", "").replace(person, "dana").rstrip()
    for pattern, word in VARIABLE:
        text = re.sub(pattern, word, text)
    return text


def expected_of(block):
    """The commands of a block, each with the lines that the page shows of its output."""
    commands = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif line != "...":
            commands[-1][1].append(line)
    return commands


@pytest.fixture
def office(tmp_path, monkeypatch):
    """An empty folder, three simulated platforms, and somebody who opened two incidents."""
    monkeypatch.chdir(tmp_path)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    platforms = {name: build(name, kind) for name, kind in (("snow", "servicenow"), ("jira", "jira-cloud"), ("pd", "pagerduty"))}  # fmt: skip
    with Sandbox(platforms) as sandbox:
        for title in ("Mail is down", "VPN is slow"):
            person = base64.b64encode(f"{PEOPLE[0].user_name}:secret".encode()).decode()
            headers = {
                "Authorization": f"Basic {person}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            }
            body = f'{{"short_description": "{title}", "impact": "3", "urgency": "2"}}'.encode()
            urlopen(Request(f"{sandbox.urls['snow']}/api/now/table/incident", body, headers)).close()
        yield sandbox.urls


def point_at(urls, path):
    """Edit the addresses of a configuration, as the admin does."""
    text = path.read_text()
    text = text.replace("https://example.service-now.com", urls["snow"])
    text = text.replace("https://example.atlassian.net", f"{urls['jira']}\n    flavour: cloud")
    text = re.sub(r"https://api\.pagerduty\.com .*", urls["pd"], text)
    text = re.sub(r"services: .*", "services: []", text)
    path.write_text(text)


def put_field(path, field):
    """Put a field into a mapping, where the page says: under `fields:`."""
    name = field.partition(":")[0]
    text = re.sub(rf"^  {re.escape(name)}:.*\n", "", path.read_text(), flags=re.MULTILINE)
    commented = re.search(rf"^  # {re.escape(name)}:.*\n", text, re.MULTILINE)
    at = commented.start() if commented else text.index("  # custom.change_window")
    path.write_text(text[:at] + f"  {field.strip()}\n" + text[at:])


def test_the_tutorial_goes_as_the_page_says(page, office, tmp_path):
    from syncline.cli.face import actor

    section = page("docs/admins.md").section("A change, from beginning to end")
    blocks = [b for b in page("docs/admins.md").blocks() if b.text in section]
    mappings = {name: tmp_path / f"mappings/{name}.yaml" for name in ("servicenow", "jira")}
    runs = 0
    for block in blocks:
        marker = re.match(r"# (?:wrong )?field of: (\w+)\n", block.text)
        if marker:
            put_field(mappings[marker[1]], block.text[marker.end() :])
            continue
        for command, expected in expected_of(block):
            if "customfeild" in "".join(expected) and "did" not in command:
                # The second mistake shows once the first is mended.
                text = mappings["jira"].read_text()
                mappings["jira"].write_text(text.replace("value: {critical", "values: {critical"))
            result = CliRunner().invoke(program, shlex.split(command)[1:])
            actual = [steady(line, tmp_path, actor()) for line in result.output.splitlines()]
            wanted = [steady(line, tmp_path, actor()) for line in expected]
            assert actual[: len(wanted)] == wanted, f"{block.place}: {command}:\n{result.output}"
            assert result.exit_code == (1 if "error:" in result.output else 0), command
            if command == "syncline init":
                point_at(office, tmp_path / "syncline.yaml")
                CliRunner().invoke(program, ["check"])
            runs += 1
    assert runs > 8
