"""The laws of the lens, over every value of every table that is shipped and over generated ones."""

import json
import string
from itertools import chain

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from syncline.connector import Native
from syncline.mapping import Loss, Mapping, Parties, laws, load_mapping, losses, text_losses
from syncline.mapping.lint import natives_of, values_of
from syncline.mapping.transforms import CUT_MARK, TRANSFORMS, html_to_text, text_to_html
from syncline.model import Incident, Kind, Status, Value, tags

NOBODY = Parties.of()
ROUNDS = 1000


def compiled(fields: dict[str, object]) -> Mapping:
    return load_mapping(json.dumps({"mapping": 1, "platform": "test", "fields": fields}))


def test_shipped_mappings_keep_the_laws(shipped: Mapping) -> None:
    assert laws(shipped) == []


def test_what_the_shipped_mappings_lose(shipped_for) -> None:  # type: ignore[no-untyped-def]
    assert losses(shipped_for("servicenow")) == [Loss("status", "acknowledged", "in_progress")]
    assert losses(shipped_for("jira")) == [Loss("status", "acknowledged", "in_progress")]
    assert losses(shipped_for("helix")) == [
        Loss("status", "acknowledged", "in_progress"),
        Loss("priority", 5, 4),
    ]
    assert losses(shipped_for("cherwell")) == [
        Loss("status", "acknowledged", "in_progress"),
        Loss("status", "canceled", "closed"),
    ]
    assert losses(shipped_for("pagerduty")) == [
        Loss("status", "in_progress", "acknowledged"),
        Loss("status", "on_hold", "acknowledged"),
        Loss("status", "closed", "resolved"),
        Loss("status", "canceled", "resolved"),
    ]


def test_what_text_loses_is_said_in_words() -> None:
    mapping = compiled(
        {
            "title": {"field": "t", "max": 40, "transforms": ["one_line", "html_to_text"]},
            "labels": {"field": "l", "transforms": ["lower"]},
        }
    )
    assert text_losses(mapping) == [
        "title: what is longer than 40 characters is cut with a visible mark",
        "title: one_line loses line breaks",
        "labels: lower loses capital letters",
    ]


def test_a_thousand_round_trips_of_every_value_change_nothing(shipped: Mapping) -> None:
    for name, codec in shipped.codecs.items():
        for value in values_of(codec):
            incident = Incident("SL-1", {name: value})
            if not shipped.rules[name].direction.writes(creating=False):
                continue
            present = dict(shipped.write({name: value}, incident, {}, NOBODY).values)
            for _ in range(ROUNDS):
                reading = shipped.read(
                    {native: present[native] for native in codec.natives}, NOBODY, incident
                )
                if shipped.rules[name].direction.reads:
                    assert reading.values[name] == value
                    assert reading.unmapped == ()
                incident = incident.changed(reading.values)
                assert shipped.write({name: incident[name]}, incident, present, NOBODY).values == {}


def test_every_native_state_agrees_with_what_it_is_read_as(shipped: Mapping) -> None:
    for name, codec in shipped.codecs.items():
        for present in natives_of(codec):
            value = shipped.read(present, NOBODY).values.get(name)
            if value is not None:
                assert shipped.write({name: value}, Incident("SL-1"), present, NOBODY).values == {}


def test_platforms_side_by_side_settle_after_one_write_each(shipped_for) -> None:  # type: ignore[no-untyped-def]
    """Whoever changes a status or a priority: every other side is written at most once, and then all is quiet."""
    sides = {name: shipped_for(name) for name in ("servicenow", "jira", "pagerduty")}
    for field in ("status", "priority"):
        for origin, mapping in sides.items():
            for native in natives_of(mapping.codecs[field]):
                value = mapping.read(native, NOBODY).values.get(field)
                if value is None:
                    continue
                incident = Incident("SL-1", {field: value})
                records: dict[str, dict[str, Native]] = {origin: dict(native)}
                for name, side in sides.items():
                    if name != origin:
                        records[name] = dict(side.write({field: value}, incident, {}, NOBODY).values)
                for _ in range(3):
                    for name, side in sides.items():
                        there = {n: records[name][n] for n in side.codecs[field].natives}
                        seen = side.read(there, NOBODY, incident).values
                        assert seen.get(field) == value, (origin, native, name)
                        assert side.write(seen, incident, there, NOBODY).values == {}


WORDS = st.text(alphabet=string.ascii_letters, min_size=1, max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, object]:
    """A table of statuses with alternatives and shared values, each shared one with a line under `read`."""
    pool = draw(st.lists(WORDS, min_size=1, max_size=9, unique=True))
    values = {
        str(status): draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3, unique=True))
        for status in Status
    }
    users: dict[str, list[str]] = {}
    for status, natives in values.items():
        for native in natives:
            users.setdefault(native, []).append(status)
    read = {native: draw(st.sampled_from(having)) for native, having in users.items() if len(having) > 1}
    return {"field": "s", "values": values, **({"read": read} if read else {})}


@settings(max_examples=300, deadline=None)
@given(tables(), st.data())
def test_any_sound_table_keeps_the_laws(table: dict[str, object], data: st.DataObject) -> None:
    mapping = compiled({"status": table})
    assert laws(mapping) == []
    codec = mapping.codecs["status"]
    named = {(loss.common, loss.reads_back_as) for loss in losses(mapping)}
    for value in values_of(codec):
        written = mapping.write({"status": value}, Incident("SL-1"), {}, NOBODY).values
        back = mapping.read(written, NOBODY).values.get("status")
        assert back == value or (value, back) in named
        assert mapping.read(written, NOBODY, Incident("SL-1", {"status": value})).values == {"status": value}
    # A walk of edits by people and of writes by us: what is known always agrees with the record.
    present: dict[str, Native] = {}
    incident = Incident("SL-1")
    natives = sorted(set(chain.from_iterable(n.values() for n in natives_of(codec))))
    for _ in range(6):
        if data.draw(st.booleans()):
            present = {"s": data.draw(st.sampled_from(natives))}
            incident = incident.changed(mapping.read(present, NOBODY, incident).values)
        else:
            change = {"status": data.draw(st.sampled_from(list(Status)))}
            incident = incident.changed(change)
            present |= mapping.write(change, incident, present, NOBODY).values
        assert mapping.holds("status", incident["status"], present, NOBODY)
        assert mapping.write(incident.values, incident, present, NOBODY).values == {}


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_any_matrix_keeps_the_laws(rows: int, columns: int, data: st.DataObject) -> None:
    row = st.lists(st.integers(1, 5), min_size=columns, max_size=columns)
    matrix = data.draw(st.lists(row, min_size=rows, max_size=rows))
    mapping = compiled({"priority": {"fields": ["i", "u"], "matrix": matrix}})
    assert laws(mapping) == []
    present: dict[str, Native] = {
        "i": str(data.draw(st.integers(1, rows))),
        "u": str(data.draw(st.integers(1, columns))),
    }
    priority = data.draw(st.integers(1, 5))
    incident = Incident("SL-1", {"priority": priority})
    written = mapping.write({"priority": priority}, incident, present, NOBODY).values
    after = {**present, **written}
    assert mapping.read(after, NOBODY, incident).values == {"priority": priority}
    assert mapping.write({"priority": priority}, incident, after, NOBODY).values == {}
    # No other cell that says it is nearer to where the record stood.
    wanted = mapping.read(after, NOBODY).values["priority"]
    steps = [
        abs(int(str(present["i"])) - i - 1) + abs(int(str(present["u"])) - u - 1)
        for i, line in enumerate(matrix)
        for u, cell in enumerate(line)
        if cell == wanted
    ]
    assert min(steps) == sum(abs(int(str(after[n])) - int(str(present[n]))) for n in ("i", "u"))


TEXTS = st.text(max_size=80) | st.text(alphabet="ab \n\t_<>&;[…]\r\u0301\U0001f469\u200d", max_size=60)
ARGUMENTS = {"replace": ["ab", "x"], "prefix": ["[EU] "]}
CHAINS = st.lists(st.sampled_from(sorted(TRANSFORMS)), max_size=3, unique=True)


def entry(native: str, chain_: list[str], limit: int | None) -> dict[str, object]:
    transforms = [{name: ARGUMENTS[name]} if name in ARGUMENTS else name for name in chain_]
    return {"field": native, "transforms": transforms, **({"max": limit} if limit else {})}


@settings(max_examples=500, deadline=None)
@given(TEXTS, CHAINS, st.none() | st.integers(8, 40))
def test_text_that_was_written_is_known_again(text: str, chain_: list[str], limit: int | None) -> None:
    mapping = compiled({"title": entry("t", chain_, limit)})
    incident = Incident("SL-1", {"title": text})
    written = dict(mapping.write({"title": text}, incident, {"t": "?"}, NOBODY).values)
    present = {"t": "?"} | written
    assert mapping.holds("title", text, present, NOBODY)
    assert mapping.write({"title": text}, incident, present, NOBODY).values == {}
    if limit and isinstance(present["t"], str):
        assert len(present["t"]) <= limit
    seen = mapping.read(present, NOBODY, incident).values["title"]
    assert seen == text


@settings(max_examples=500, deadline=None)
@given(TEXTS, CHAINS, st.none() | st.integers(8, 40))
def test_text_that_was_read_is_not_written_back(native: str, chain_: list[str], limit: int | None) -> None:
    mapping = compiled({"title": entry("t", chain_, limit)})
    present: dict[str, Native] = {"t": native}
    value = mapping.read(present, NOBODY).values["title"]
    assert mapping.write({"title": value}, Incident("SL-1"), present, NOBODY).values == {}


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="abc ", min_size=30, max_size=60), st.text(alphabet="xyz ", max_size=12))
def test_edits_of_cut_text_settle(full: str, head: str) -> None:
    mapping = compiled({"title": {"field": "t", "max": 20}})
    known = Incident("SL-1", {"title": full})
    assume(len(full.rstrip()) > 20)
    edited: dict[str, Native] = {"t": head.rstrip() + CUT_MARK}
    value = mapping.read(edited, NOBODY, known).values["title"]
    assert isinstance(value, str)
    assert value.startswith(head.rstrip())
    after = {**edited, **mapping.write({"title": value}, known, edited, NOBODY).values}
    again = mapping.read(after, NOBODY, Incident("SL-1", {"title": value})).values["title"]
    assert again == value
    assert mapping.write({"title": again}, known, after, NOBODY).values == {}


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.text(max_size=12), max_size=5),
    st.sampled_from([[], ["no_spaces"], ["lower"], [{"split": ","}]]),
)
def test_labels_keep_the_laws(labels: list[str], transforms: list[object]) -> None:
    mapping = compiled({"labels": {"field": "l", "transforms": transforms}})
    value: Value = tags(label.strip() for label in labels)
    incident = Incident("SL-1", {"labels": value})
    there: dict[str, Native] = {"l": ("?",)}
    present = there | dict(mapping.write({"labels": value}, incident, there, NOBODY).values)
    assert mapping.write({"labels": value}, incident, present, NOBODY).values == {}
    assert mapping.read(present, NOBODY, incident).values == {"labels": value}
    seen = mapping.read(present, NOBODY).values
    assert mapping.write(seen, incident, present, NOBODY).values == {}


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\xa0\0"), max_size=200))
def test_plain_text_survives_html(text: str) -> None:
    assert html_to_text(text_to_html(text)) == text.strip("\n")


def test_every_kind_of_field_has_a_codec() -> None:
    every = {
        "title": "a",
        "status": {"field": "b", "values": {str(s): str(s) for s in Status}},
        "priority": "c",
        "impact": "d",
        "assignee": "e",
        "group": "f",
        "labels": "g",
        "opened_at": "h",
    }
    mapping = compiled(every)
    assert {rule.kind for rule in mapping.rules.values()} == set(Kind)
    assert laws(mapping) == []
