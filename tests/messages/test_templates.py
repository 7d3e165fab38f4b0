"""Templates of messages: names in braces, and nothing that could be code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.escalation.templates import NAMES, clean, cut, faults, filled, one_line

VALUES = {"title": "Shop down", "priority": 1, "records": ["INC1 https://x", "OPS-2 https://y"], "why": None}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("P{priority}: {title}", "P1: Shop down"),
        ("{records}", "INC1 https://x\nOPS-2 https://y"),
        ("[{why}]", "[]"),
        ("{{title}} {title}", "{title} Shop down"),
        ("}}{{", "}{"),
    ],
)
def test_names_are_filled_in(template, text):
    assert faults(template) == []
    assert filled(template, VALUES) == text


@pytest.mark.parametrize(
    ("template", "offset", "length", "said"),
    [
        ("a {titel}", 2, 7, "did you mean {title}?"),
        ("{xyzzyplugh}", 0, 12, "there are assignee, description"),
        ("{title.upper}", 0, 13, "such as {title}"),
        ("{title!r}", 0, 9, "such as {title}"),
        ("{title:>10}", 0, 11, "such as {title}"),
        ("{ title }", 0, 9, "such as {title}"),
        ("{title[0]}", 0, 10, "holds more than a name"),
        ("{}", 0, 2, "holds more than a name"),
        ("{0}", 0, 3, "holds more than a name"),
        ("{__class__}", 0, 11, 'nothing is called "__class__"'),
        ("a { b", 2, 1, "has no partner"),
        ("a } b", 2, 1, "has no partner"),
        ("{a{title}", 0, 1, "has no partner"),
        ("{% raw %}", 0, 9, "holds more than a name"),
    ],
)
def test_a_fault_says_where_and_what(template, offset, length, said):
    first = faults(template)[0]
    assert (first.offset, first.length) == (offset, length)
    assert said in first.message


def test_all_faults_are_found_at_once():
    assert [fault.offset for fault in faults("{a} {title} {b} { }")] == [0, 12, 16]


def test_only_the_names_that_are_given_count():
    assert faults("{account}") != []
    assert faults("{account}", {"account"}) == []


def test_what_a_value_says_is_no_template():
    assert filled("{title}", {"title": "{why} {{x}} {0.__class__}"}) == "{why} {{x}} {0.__class__}"


def test_a_template_with_faults_is_not_filled():
    with pytest.raises(ValueError, match="holds more than a name"):
        filled("{title.x}", VALUES)


def test_control_characters_are_taken_out_and_lengths_kept():
    assert filled("{title}", {"title": "a\x1b[31mb\0c\u202ed\r\ne\tf"}) == "a[31mbcd\ne\tf"
    assert len(filled("{title}", {"title": "x" * 10_000})) == 2_000
    assert filled("{title}" * 100, {"title": "x" * 2_000}, 500).endswith("xx...")
    assert len(filled("{title}" * 100, {"title": "x" * 2_000}, 500)) == 500
    assert one_line("a\n\n b\t c ") == "a b c"
    assert clean("\U0001f469\u200d\U0001f692") == "\U0001f469\u200d\U0001f692", "emoji keep their joiners"
    assert cut("abcdef", 5) == "ab..."


@given(st.text())
def test_no_text_makes_it_stumble(text):
    found = faults(text)
    for fault in found:
        assert text[fault.offset : fault.offset + fault.length]
    if not found:
        filled(text, dict.fromkeys(NAMES, "x"))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=50))
def test_what_is_clean_stays_as_it_is(text):
    assert clean(clean(text)) == clean(text)
    assert "\n" not in one_line(text)
