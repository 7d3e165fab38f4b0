"""The pages for ops, integrators and developers against the code that they speak of."""

import re
from dataclasses import fields

from syncline.cli.park import MEANING
from syncline.connector import CONTRACT, Capabilities, Connector, Linking, Pager, Plugin, Severity
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.plugins import discover
from syncline.sandbox.catalogue import KINDS
from syncline.sandbox.faults import Fault, configure, describe
from syncline.sandbox.faults import Faults as NoFaults
from syncline.testing import Stand
from syncline_jira.checking import NEEDED
from syncline_pagerduty.settings import SCOPES
from syncline_servicenow.checking import WRITERS


def sources(root, *folders):
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")


# ---- ops ----------------------------------------------------------------------------------------


def test_every_kind_of_line_of_a_timeline_is_explained(page, root, table_rows, backticked):
    section = page("docs/ops.md").section("Explain")
    said = {word for row in table_rows(section) for word in backticked(row[0])}
    used = set()
    for _, text in sources(root, "sync/syncline"):
        used |= set(re.findall(r'(?<![\w.])Event\(\s*"(\w+)"', text))
        used |= {w for pair in re.findall(r'Event\(\s*"(\w+)" if \w+ else "(\w+)"', text) for w in pair}
    assert used, "no event was found: does the code write them otherwise now?"
    assert used == said


def test_every_state_of_a_message_is_explained(page, table_rows, backticked):
    from syncline.store.messages import State

    rows = [row for row in table_rows(page("docs/ops.md").section("Messages")) if backticked(row[0])]
    assert [backticked(row[0])[0] for row in rows] == [state.value for state in State]


def test_figures_of_messages_are_those_of_the_code(page):
    from syncline.messages import carrier, channels, paging, sending

    ops, configuration = (
        page("docs/ops.md").section("Messages"),
        page("docs/configuration.md").section("channels"),
    )
    assert f"tried {sending.PAGE_TRIES} times" in ops
    assert f"within {sending.PAGE_PATIENCE.total_seconds() / 60:.0f} minutes" in ops
    assert f"for {sending.MESSAGE_PATIENCE.total_seconds() / 3600:.0f} hours" in ops
    assert f"after {paging.LOOKS[0]:.0f} seconds" in ops
    assert f"longer than {channels.DEADLINE:.0f} seconds" in configuration
    assert f"there within {carrier.PATIENT:.0f} seconds" in configuration
    assert f"an answer within {carrier.READ_WITHIN:.0f}" in configuration


def test_everything_that_can_wait_for_a_person_is_explained(page, root, table_rows, backticked):
    section = page("docs/ops.md").section("Decide")
    said = {word for row in table_rows(section) for word in backticked(row[0])}
    used = set()
    for _, text in sources(root, "sync/syncline"):
        used |= set(re.findall(r'timeline\.park\(\s*tx,\s*[\w.]+,\s*"(\w+)"', text))
    assert set(MEANING) <= said
    assert used <= said
    assert said == used | set(MEANING)


def test_the_failures_that_ops_are_told_of_are_the_messages_of_the_code(page, root, table_rows, backticked):
    code = " ".join(
        re.sub(r'"\s*\n?\s*f?"', "", text) for _, text in sources(root, "sync/syncline", "connectors")
    )
    section = page("docs/ops.md").section("When something fails")
    phrases = [word for row in table_rows(section) for word in backticked(row[0])]
    assert len(phrases) > 10
    for phrase in phrases:
        for part in phrase.split("..."):
            part = part.strip()
            assert part in code or part.replace("(401)", "").strip() in code, phrase


def test_figures_of_the_daemon_are_those_of_the_code(page):
    from syncline.daemon import PATIENCE
    from syncline.http.breaker import FIRST_REST, LONGEST_REST, THRESHOLD
    from syncline.store.database import SAFE_WAL

    ops, cli = page("docs/ops.md").text, page("docs/cli.md").text
    assert f"{PATIENCE:.0f} seconds" in ops
    assert f"{PATIENCE:.0f} seconds" in cli
    assert f"{FIRST_REST:.0f} to {LONGEST_REST:.0f} seconds" in ops
    assert THRESHOLD == 5
    assert "Five failures in a row" in ops
    assert ".".join(map(str, SAFE_WAL)) in ops


# ---- platforms ----------------------------------------------------------------------------------


def test_rights_are_those_that_the_checks_look_at(page):
    text = page("docs/platforms.md").text
    for permission in NEEDED:
        words = permission.replace("_", " ").title().replace("Projects", "Projects")
        assert words in text, permission
    for scope in SCOPES:
        assert scope in text
    for role in WRITERS:
        assert f"`{role}`" in text


def test_the_table_of_platforms_says_what_the_capabilities_say(page, table_rows):
    rows = {row[0]: row[1:] for row in table_rows(page("docs/platforms.md").text) if len(row) == 7}
    found = discover().found
    columns = [
        found[name].capabilities for name in ("servicenow", "jira", "jira", "pagerduty", "helix", "cherwell")
    ]
    for can, files, counted, creates in zip(
        columns,
        rows["files"],
        rows["revisions are counted"],
        rows["refuses a second create by itself"],
        strict=True,
    ):
        assert files == ("yes" if can.attachments else "no")
        assert counted == ("yes" if can.counted_revisions else "no")
        assert creates.startswith("yes" if can.create_key else "no")
    for can, status, history in zip(columns, rows["status is set by"], rows["change history"], strict=True):
        assert ("transitions" in status) == (can.workflow is not None)
        assert ("poll" in history) == (can.history.value == "inline")


# ---- sandbox ------------------------------------------------------------------------------------


def test_every_fault_and_setting_of_the_sandbox_stands_there(page, table_rows, backticked):
    section = page("docs/sandbox.md").section("Faults")
    said = {word for row in table_rows(section) for word in backticked(row[0])}
    faults = {str(fault) for fault in Fault if fault is not Fault.NONE}
    settings = (set(describe(NoFaults())) - {"throttle_until"}) | {"throttle_for"}
    assert said == faults | settings


def test_the_faults_that_the_page_sets_can_be_set(page):
    import json
    from datetime import UTC, datetime

    bodies = re.findall(r"/_sandbox/faults -d '([^']+)'", page("docs/sandbox.md").text)
    assert len(bodies) == 2
    for body in bodies:
        configure(NoFaults(), json.loads(body), datetime.now(UTC))  # noqa: TID251


def test_every_simulated_kind_is_named(page):
    for kind in KINDS:
        assert f"`{kind}`" in page("docs/cli.md").text


# ---- connectors ---------------------------------------------------------------------------------


def test_what_a_plugin_brings_and_can_is_all_there(page, table_rows, backticked):
    text = page("docs/connectors.md")
    plugin = {word for row in table_rows(text.section("The plugin")) for word in backticked(row[0])}
    assert plugin == {field.name for field in fields(Plugin)}
    can = {word for row in table_rows(text.section("Capabilities")) for word in backticked(row[0])}
    assert can == {field.name for field in fields(Capabilities)}
    errors = {word for row in table_rows(text.section("Errors")) for word in backticked(row[0])}
    assert errors == {c.__name__ for c in (Configuration, RetryLater, OutcomeUnknown, Refused, Gone)}
    assert f"of all of this: {CONTRACT}." in text.text
    assert Severity.ERROR  # named by the page's example


def test_every_method_of_connectors_and_stands_is_there(page, table_rows, backticked):
    text = page("docs/connectors.md")

    def named(section):
        return {
            re.sub(r"\(.*", "", word)
            for row in table_rows(text.section(section))
            for word in backticked(row[0])
        }

    def of(*classes):
        return {name for one in classes for name in vars(one) if not name.startswith("_")}

    assert named("The connector") == of(Connector, Linking, Pager)
    assert named("The stand") == of(Stand)


def test_code_on_the_page_is_the_examples(page, root):
    shown = {
        "acme_desk.py": root / "sync/syncline/testing/example/acme_desk.py",
        "test_conformance.py": root / "tests/testing/test_conformance.py",
    }
    blocks = [b for b in page("docs/connectors.md").blocks("python")]
    assert blocks
    for block in blocks:
        first, *lines = block.text.splitlines()
        source = shown[first.removeprefix("# from: ")].read_text()
        bare = {re.sub(r"\s*#.*", "", line).strip() for line in source.splitlines()}
        for line in lines:
            assert not line.strip() or line.strip() in bare, line


def test_the_example_imports_what_a_plugin_may(root):
    example = (root / "sync/syncline/testing/example/acme_desk.py").read_text()
    allowed = {"connector", "model", "errors", "http"}
    assert set(re.findall(r"^from syncline\.(\w+)", example, re.MULTILINE)) == allowed


# ---- architecture -------------------------------------------------------------------------------


def test_every_room_stands_in_the_table(page, root):
    text = page("docs/architecture.md").section("Rooms")
    for entry in sorted((root / "sync/syncline").iterdir()):
        room = (entry / "__init__.py").exists()
        if entry.name.startswith("__") or not (room or entry.suffix == ".py"):
            continue
        name = f"`{entry.name}`" if entry.suffix else f"`{entry.name}/`"
        assert name in text, entry.name
    for entry in sorted((root / "connectors").iterdir()):
        if (entry / "__init__.py").exists():
            assert f"`{entry.name}/`" in text, entry.name


def test_every_module_is_named_or_stands_in_a_room_that_is(page, root):
    text = page("docs/architecture.md").section("Rooms")
    named = set(re.findall(r"`([\w/]+)`", text)) | {n[:-3] for n in re.findall(r"`(\w+\.py)`", text)}
    # These rooms are described as a whole; every other module is named.
    whole = {
        "checks",
        "cli",
        "connectors",
        "demo",
        "escalation",
        "example",
        "migrations",
        "sandbox",
        "stands",
    }
    missing = []
    for path, _ in sources(root, "sync/syncline"):
        parts = path.relative_to(root / "sync/syncline").with_suffix("").parts
        if parts[-1].startswith("__") or whole & set(parts):
            continue
        if parts[-1] not in named:
            missing.append("/".join(parts))
    assert not missing


def test_the_picture_of_imports_is_the_contract(page, project):
    contract = next(one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    picture = page("docs/architecture.md").section("Who may import whom").partition("connectors ->")[0]
    said = [{word.strip() for word in layer.split(",")} for layer in picture.replace("```", "").split("->")]
    assert said == [{word.strip() for word in re.split("[|:]", layer)} for layer in contract["layers"]]


def test_files_that_the_page_names_are_there(page, root):
    for name in re.findall(r"`((?:\w+/)+\w+\.py)`", page("docs/architecture.md").text):
        places = (root / name, root / "sync/syncline" / name, root / "connectors" / name)
        assert any(place.exists() for place in places), name


def test_names_of_functions_that_the_page_gives_are_there(page, root):
    text = page("docs/architecture.md").text
    code = {path.stem: source for path, source in sources(root, "sync/syncline")}
    for module, name in re.findall(r"`(\w+)\.(_?[A-Za-z]\w+)`", text):
        if module in code and name != "py":
            assert re.search(rf"(?:def|class) {name}\b|^{name}\b", code[module], re.MULTILINE), (
                f"{module}.{name}"
            )
