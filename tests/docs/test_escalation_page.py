"""The page about escalation: its tables against the models, its YAML read, and its timelines played."""

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args, get_origin
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from syncline.application.rehearsing import rehearse_scenario
from syncline.escalation import Policies, wording
from syncline.escalation.conditions import STANDARD, Type, compiled
from syncline.escalation.deeds import ACTIONS, PROBLEM_LABEL
from syncline.escalation.lint import check
from syncline.escalation.playing import Deed, opened_case, play
from syncline.escalation.reading import ladders, read_book, world
from syncline.escalation.reading.clocks import CUSTOM_NAMES
from syncline.escalation.scenario import drafted
from syncline.escalation.templates import NAMES
from syncline.model import Incident

NAME = "docs/escalation.md"
PARIS = ZoneInfo("Europe/Paris")
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def text(page):
    return page(NAME)


# ---- tables -------------------------------------------------------------------------------------

NESTED = {"ack", "repeat", "guard", "end", "undelivered", "count", "again"}


def keys(model):
    """Key to (field, model), those of parts with a point."""
    found = {}
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key in NESTED:
            inner = getattr(ladders, f"{key.title()}Entry")
            found |= {f"{key}.{k}": v for k, v in keys(inner).items()}
        else:
            found[key] = (name, info, model)
    return found


def tables(section, table_rows, backticked):
    """The tables of a section that list keys: key to its row."""
    found = []
    for block in re.split(r"\n\s*\n", section):
        header, *rows = table_rows(block) or [[""]]
        if re.match(r"key\b", header[0]):
            found.append({backticked(row[0])[0]: row for row in rows})
    return found


@pytest.mark.parametrize(
    ("title", "models"),
    [
        ("The file", [ladders.EscalationFile]),
        ("fields", [world.FieldEntry]),
        ("calendars", [world.CalendarEntry]),
        ("people", [world.PersonEntry]),
        ("schedules", [world.ScheduleEntry, world.LayerEntry, world.OverrideEntry]),
        ("tiers", [world.TierEntry]),
        ("priority", [world.PriorityEntry, world.RaiseEntry]),
        ("slas", [ladders.ClockEntry]),
        ("policies", [ladders.PolicyEntry, ladders.StepEntry]),
        ("says and audiences", [ladders.SayEntry]),
    ],
)
def test_every_key_stands_there_with_its_default(text, table_rows, backticked, title, models):
    section = text.section(title)
    if title == "The file":
        section = section.partition("\n### ")[0]
    found = tables(section, table_rows, backticked)
    assert len(found) == len(models)
    for said, model in zip(found, models, strict=True):
        known = keys(model)
        assert set(said) == set(known)
        for key, (name, info, owner) in known.items():
            default = said[key][1].strip()
            required = info.is_required() or info.json_schema_extra == {"needed": True}
            assert (default == "required") == required, key
            if default and not required:
                given = {info.alias or name: YAML(typ="safe").load(backticked(default)[0])}
                given |= {"id": "x"} if owner is ladders.PolicyEntry else {}
                assert getattr(owner.model_validate(given), name) == info.get_default(), key
            elif not required:
                assert info.get_default(call_default_factory=True) in (None, "", [], {}) or (
                    info.default_factory is not None
                ), key
            assert len(said[key][2]) > 5, key


def words_of(annotation):
    """The words of the closed lists in a type."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [word for part in get_args(annotation) for word in words_of(part)]


def test_every_target_and_every_word_of_a_closed_list_stands_there(text):
    for word in world.TargetEntry.model_fields:
        assert word in {"name", "project"} or f"{{{word}: ...}}" in text.text, word
    for model in (ladders.PolicyEntry, ladders.StepEntry, ladders.ClockEntry, world.FieldEntry):
        for info in model.model_fields.values():
            for word in words_of(info.annotation):
                assert f"`{word}`" in text.text, word
    assert f"`{PROBLEM_LABEL}`" in text.text


def test_everything_that_a_step_can_do_stands_there(text, table_rows, backticked):
    rows = table_rows(text.section("policies"))
    start = next(number for number, row in enumerate(rows) if row[0] == "word of `do`")
    assert {backticked(row[0])[0] for row in rows[start + 1 :]} == set(ACTIONS)


def test_every_name_of_conditions_stands_there_with_its_kind(text, table_rows, backticked):
    kinds = {
        "number": Type.NUMBER,
        "text": Type.TEXT,
        "labels": Type.SET,
        "yes or no": Type.YES_NO,
        "duration": Type.DURATION,
    }
    said = {}
    for row in table_rows(text.section("Names"))[1:]:
        said |= dict.fromkeys(backticked(row[0]), kinds[row[1]])
    assert said == {name: known.type for name, known in STANDARD.names.items()}
    section = text.section("Names")
    for alias in STANDARD.aliases:
        assert f"`{alias}` is the same" in section
    for name in CUSTOM_NAMES:
        assert f"`custom.{name}`" in section
    for value in STANDARD.names["status"].values:
        assert f"`{value}`" in section


def test_conditions_of_the_page_are_conditions(text, table_rows, backticked):
    section = text.section("Conditions").partition("\n### ")[0]
    rows = table_rows(section)[1:]
    assert len(rows) > 6
    for row in rows:
        compiled(backticked(row[0])[0], STANDARD)


def test_what_is_not_known_is_as_the_page_says(text):
    section = text.section("Conditions")
    said = re.findall(r"`([^`]+)` (holds|does not)\b", section.partition("**What is not known.**")[2])
    assert len(said) == 4
    for condition, verdict in said:
        assert compiled(condition, STANDARD).holds({"priority": None}) == (verdict == "holds"), condition


def test_names_in_braces_are_filled_in(text, company):
    book = read_book(json.dumps(company), "company")
    case = opened_case(
        "SL-1", {"title": "t", "priority": 1, "service": "shop"}, datetime(2026, 6, 3, 8, tzinfo=PARIS)
    )
    policy_book = completed(company, "policies: [{id: p, steps: [{at: 0m, page: L1}], end: none}]")
    played = play(Policies(policy_book), case, (), case.opened_at)
    known = wording.fields(
        Incident("SL-1", case.incident.values), case, policy_book.policies[0], played.runs[0], None
    )
    section = text.section("says and audiences").partition("Names in braces")[2].partition("\n\n")[0]
    said = re.findall(r"`\{(\w+)\}`", section)
    assert len(said) > 5
    assert set(said) == set(known) | {"person"} == set(NAMES)
    assert "(as `P1`)" in section
    assert known["priority"] == "P1"
    assert book.says == {}


def test_what_the_page_says_one_writes_can_be_written(text, table_rows, company):
    written = " ".join(row[1] for row in table_rows(text.section("How do I say ...?"))[1:])
    conditions = re.findall(r"`(?:when|if): ([^`]+)`", written)
    assert len(conditions) > 5
    for condition in conditions:
        compiled(condition, STANDARD)
    pages = re.findall(r"`((?:page|until): [^`]+)`", written)
    assert len(pages) > 4
    people = {**company["people"], "partner": {"reach": {"email": "p@example.com"}}}
    for words in pages:
        whom = "" if words.startswith("page") else "page: L1, "
        step = f"{{at: 0m, {whom}{words}}}"
        fragment = f"people: {json.dumps(people)}\npolicies: [{{id: p, steps: [{step}], end: none}}]"
        assert completed(company, fragment).policies, words


# ---- YAML ---------------------------------------------------------------------------------------


def yaml_of(block):
    marker = re.match(r"# (file|company|part of): (\S+)\n", block.text)
    assert marker, f"{block.place}: say in its first line what the block is"
    return marker[1], marker[2], block.text[marker.end() :]


@pytest.fixture(scope="module")
def company(text):
    """The small company of the page, as data."""
    return next(
        YAML(typ="safe").load(t) for kind, _, t in map(yaml_of, text.blocks("yaml")) if kind == "company"
    )


def completed(company, fragment):
    """The book of the company with a fragment laid over it."""
    whole = dict(company)
    for key, value in YAML(typ="safe").load(fragment).items():
        whole[key] = {**whole.get(key, {}), **value} if isinstance(value, dict) else value
    return read_book(json.dumps(whole, default=str), "fragment")


def test_every_piece_of_yaml_reads(text, company):
    count = 0
    for block in text.blocks("yaml"):
        kind, name, body = yaml_of(block)
        if kind == "part of":
            completed(company, body)
        elif name == "scenario.yaml":
            drafted(body, name)
        else:
            read_book(body, block.place)
        count += 1
    assert count > 25


def files(text):
    return {name: body for kind, name, body in map(yaml_of, text.blocks("yaml")) if kind == "file"}


def test_the_first_policy_has_no_finding(text):
    assert check(files(text)["escalation.yaml"], file="escalation.yaml", today=TODAY) == []


def test_the_first_scenario_comes_as_it_says(text):
    known = files(text)
    book = read_book(known["escalation.yaml"], "escalation.yaml")
    went = rehearse_scenario(
        book, drafted(known["scenario.yaml"], "scenario.yaml").of(book), "escalation.yaml"
    )
    assert [f"{one.wanted}: {one.came}" for one in went.checked if not one.holds] == []
    assert len(went.checked) == 3


def test_every_example_stands_on_the_page_and_nothing_else(text, root):
    said = set(re.findall(r"\(examples/escalation/([\w-]+)/escalation\.yaml\)", text.section("Examples")))
    assert said == {path.name for path in (root / "docs/examples/escalation").iterdir() if path.is_dir()}


# ---- what is told -------------------------------------------------------------------------------


def test_lines_that_ops_are_told_of_are_those_of_the_code(page, table_rows, backticked):
    source = Path(wording.__file__).read_text(encoding="utf-8")
    section = page("docs/ops.md").section("Escalation at night")
    rows = table_rows(section)[1:]
    assert len(rows) > 7
    kinds = {"escalation", "step", "page"}
    for row in rows:
        for phrase in backticked(row[0]):
            kind, dots, words = phrase.rpartition("...")
            assert not dots or kind.strip() in kinds, phrase
            assert words.strip() in source, phrase
    worst = "and there is nobody else to page: somebody must look at once"
    assert worst in source
    assert worst in " ".join(section.split())


def test_what_becomes_a_note_is_as_the_page_says(company):
    fragment = """
policies:
  - id: p
    steps:
      - {at: 0m, page: L1, again: {every: 5m, times: 1}}
      - {at: 10m, page: SEC}
      - {at: 20m, page: L2, if: resolved}
    ack: {holds: 30m}
    undelivered: {after: 1m, page: MGMT}
    end: {page: MGMT, every: 1h}
"""
    start = datetime(2026, 6, 3, 20, tzinfo=PARIS)
    deeds = [
        Deed(start + timedelta(minutes=30), "amina", {"status": "in_progress"}),
        Deed(start + timedelta(hours=2), "amina", {"status": "resolved"}),
    ]
    case = opened_case("SL-1", {"status": "new"}, start)
    fate = {"amina": "failed"}
    played = play(
        Policies(completed(company, fragment)),
        case,
        deeds,
        start + timedelta(hours=3),
        lambda m: fate.get(m.recipient, "sent"),
    )
    said = [(h.text, h.note) for moment in played.moments for h in moment.happened]
    for words, note in {
        "begins": False,
        "left out": False,
        "ends": False,
        "step 1 (0m): paged": True,
        "again, 1": True,
        "nobody is on call": True,
        "no other way is left": True,
        "no progress since": True,
        "after the last step": True,
    }.items():
        found = {is_note for text, is_note in said if words in text}
        assert found == {note}, words


# ---- timelines ----------------------------------------------------------------------------------


@dataclass
class Timeline:
    """A timeline of the page: what people do, and what should come of it."""

    place: str
    opened_at: datetime
    values: dict
    fails: list = field(default_factory=list)
    deeds: list = field(default_factory=list)
    expected: list = field(default_factory=list)
    end: datetime | None = None


LINE = re.compile(r"(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d)  (\S.*)")
PAGED = re.compile(r"(\w+) is paged(?: by (\w+))?(?:, (\w+) late)?")
TOLD = re.compile(r"(\w+) is told(?: from (\d\d:\d\d))?")


def assigned(words):
    return dict(YAML(typ="safe").load("{" + words + "}"))


def parsed(block):
    """A timeline, read strictly: a line that is not understood is a mistake."""
    found, day = None, None
    for line in block.text.splitlines():
        match = LINE.fullmatch(re.sub(r"\s+#.*", "", line))
        assert match, f"{block.place}: {line}"
        day = match[1] or day
        at, what = datetime.fromisoformat(f"{day}T{match[2]}").replace(tzinfo=PARIS), match[3]
        if what.startswith("opened; "):
            values, _, fails = what.removeprefix("opened; ").partition("; fails: ")
            found = Timeline(block.place, at, assigned(values), [f for f in fails.split(", ") if f])
            continue
        assert found is not None, block.place
        if what == "end":
            found.end = at
        elif m := re.fullmatch(r"(\w+) sets (.+)", what):
            found.deeds.append(Deed(at, m[1], assigned(m[2])))
        elif m := re.fullmatch(r"(\w+) raises a hand: (.+)", what):
            found.deeds.append(Deed(at, m[1], hand=m[2]))
        elif m := re.fullmatch(r"(\w+) comments", what):
            found.deeds.append(Deed(at, m[1], remarks=True))
        elif m := re.fullmatch(r"(\w+) answers", what):
            found.deeds.append(Deed(at, m[1], answers=m[1]))
        else:
            assert re.fullmatch(r"moved to \w+", what) or PAGED.fullmatch(what) or TOLD.fullmatch(what), line
            found.expected.append((at, what))
    assert found is not None
    assert found.end is not None, f"{block.place}: say when it ends"
    return found


def came(book, timeline):
    """What came of it, in the words of the page: each as (moment, all ways in which the page may say it)."""

    def fate(message):
        fails = {message.channel, f"{message.channel} of {message.recipient}"} & set(timeline.fails)
        return "failed" if fails else "sent"

    values = {"title": "The database is down", "status": "new", **timeline.values}
    start = timeline.opened_at.astimezone(ZoneInfo("UTC"))
    deeds = [
        Deed(d.at.astimezone(ZoneInfo("UTC")), d.by, d.values, d.hand, d.answers, d.remarks)
        for d in timeline.deeds
    ]
    played = play(Policies(book), opened_case("SL-1", values, start), deeds, timeline.end, fate)
    found = []
    for moment in played.moments:
        at = moment.at.astimezone(PARIS)
        at = at.replace(microsecond=0) if at.microsecond < 2000 else at
        late = {
            (str(h.data["run"]), f"step {h.data['step']}"): h.data["late"]
            for h in moment.happened
            if h.data.get("late", 0) >= 5
        }
        if "tier" in moment.changes and any("moved to" in h.text for h in moment.happened):
            found.append((at, {f"moved to {moment.changes['tier']}"}))
        for message in moment.messages:
            if message.urgent:
                by = {"", f" by {message.channel}"}
                overdue = late.get((message.run_id, message.occasion))
                after = f", {wording.length(timedelta(seconds=overdue))} late" if overdue else ""
                found.append((at, {f"{message.recipient} is paged{b}{after}" for b in by}))
            else:
                when = message.not_before
                later = f" from {when.astimezone(PARIS):%H:%M}" if when else ""
                found.append((at, {f"{message.recipient} is told{later}"}))
    return found


def pairs(page):
    """Each timeline with the fragment before it."""
    fragment = None
    for block in page.blocks():
        if block.language == "yaml":
            fragment = yaml_of(block)[2]
        elif block.language == "timeline":
            yield fragment, block


def test_every_timeline_comes_as_the_page_says(text, company):
    count, wrong = 0, []
    for fragment, block in pairs(text):
        timeline = parsed(block)
        found = came(completed(company, fragment), timeline)
        fits = len(found) == len(timeline.expected) and all(
            at == then and said in ways
            for (at, said), (then, ways) in zip(timeline.expected, found, strict=False)
        )
        if not fits:
            lines = "\n".join(f"  {at:%m-%d %H:%M}  {min(ways, key=len)}" for at, ways in found)
            wrong.append(f"{block.place} came as:\n{lines}")
        count += 1
    assert not wrong, "\n".join(wrong)
    assert count > 18
