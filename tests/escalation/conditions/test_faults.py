"""What people are told about conditions that cannot be used, and what hostile ones cannot do."""

import ast
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.escalation.conditions import STANDARD, Condition, ConditionFaults, Name, Type, compiled


def faults(text, vocabulary=STANDARD):
    with pytest.raises(ConditionFaults) as caught:
        compiled(text, vocabulary)
    return caught.value.faults


def only(text, vocabulary=STANDARD):
    (fault,) = faults(text, vocabulary)
    return text[fault.offset : fault.offset + fault.length], fault


@pytest.mark.parametrize(
    ("text", "at", "suggestion", "words"),
    [
        ('status == "hold"', '"hold"', '"on_hold"', 'never "hold". Did you mean "on_hold"?'),
        ('priority == "P1"', '"P1"', "1", "write a number 1 to 5: 1"),
        ("age > 30", "30", "30m", "write a unit: 30m"),
        ("prioritty == 1", "prioritty", "priority", "no name"),
        ("tagz is none", "tagz", "tags", "no name"),
        ("zzzz == 1", "zzzz", None, "Names are account, ack, age"),
        ("priority = 1", "=", "==", "compared by =="),
        ("priority := 1", ":=", "==", "compared by =="),
        ("priority === 1", "===", "==", "compared by =="),
        ("priority => 1", "=>", ">=", "Write >="),
        ("priority ≤ 2", "≤", "<=", "Write <="),
        ("priority <> 1", "<>", "!=", "Write !="),
        ("vip && ack", "&&", "and", "Write and"),
        ("vip || ack", "||", "or", "Write or"),
        ("!vip", "!", "not", "Write not"),
        ("vip AND ack", "AND", "and", "small letters"),
        ("vip == True", "True", "true", "small letters"),
        ("tier == None", "None", "none", "small letters"),
        ("tier is null", "null", "none", "Write none"),
        ("vip == yes", "yes", "true", "Write true"),
        ('vip == "yes"', '"yes"', "true", "write true"),
        ("tier == L1", "L1", '"L1"', 'in quotes: "L1"'),
        ("status == resolved", "resolved", '"resolved"', 'in quotes: "resolved"'),
        ("status == on_hold", "on_hold", '"on_hold"', 'in quotes: "on_hold"'),
        ("status in [new]", "new", '"new"', 'in quotes: "new"'),
        ("assignee == requestr", "requestr", "requester", "Did you mean requester"),
        ("vip or closed", "closed", 'status == "closed"', 'status == "closed"'),
        ("security in labels", "security", '"security"', 'in quotes: "security"'),
        ("tier == 1", "1", '"1"', 'in quotes: "1"'),
        ("tier == 1h30m", "1h30m", '"1h30m"', "in quotes"),
        ('age > "30m"', '"30m"', "30m", "without quotes"),
        ("age > 30 m", "30 m", "30m", "one word: 30m"),
        ("age > 30min", "30min", "30m", "write 30m"),
        ("age > 2 hours", "2 hours", "2h", "one word: 2h"),
        ("age > 2H", "2H", "2h", "write 2h"),
        ("age > 1.5h", "1.5h", None, "without a point"),
        ("age > 30x", "30x", None, "neither a whole number nor a duration"),
        ("age > 1m1h", "1m1h", None, "neither a whole number nor a duration"),
        ("age > 99999999999w", "99999999999w", None, "30 years"),
        ("hops > 99999999999", "99999999999", None, "too large"),
        ("priority == 7", "7", None, "Values are 1 to 5"),
        ("priority in [1, 9]", "9", None, "Values are 1 to 5"),
        ("priority == 30m", "30m", None, "write a number 1 to 5"),
        ("hops == 'many'", "'many'", None, "write a whole number"),
        ('tier > "L1"', "tier", None, "no order"),
        ("vip < true", "vip", None, "no order"),
        ("assignee < requester", "assignee", None, "no order"),
        ("age > none", "none", None, "age is none"),
        ("tier in ['L1', none]", "none", None, "stands in no list"),
        ("tier in ['L1', assignee]", "assignee", None, "no names"),
        ("tier in []", "[]", None, "empty"),
        ('tier in "L1"', '"L1"', None, "stands a list"),
        ("assignee in requester", "requester", None, "not a set"),
        ('labels == "x"', "labels", None, 'write "x" in labels'),
        ('labels in ["x"]', "labels", None, "is a set"),
        ("labels == labels", "labels", None, "Sets cannot be compared"),
        ("assignee in labels", "assignee", None, "not a name"),
        ("3 in labels", "3", None, "holds texts"),
        ("priority == age", "age", None, "never the same"),
        ("priority", "priority", None, "priority == 1"),
        ("age", "age", None, "age > 30m"),
        ("vip and 3", "3", None, "alone says nothing"),
        ('status == "new" or "closed"', '"closed"', None, 'write status == "closed"'),
        ("1 < 2", "1 < 2", None, "two constants"),
        ('tier is "L1"', 'tier is "L1"', None, "After is stands none"),
        ("(vip == true) == ack", "vip == true", None, "on each side"),
        ("vip == not ack", "not", None, "on each side"),
        ("vip == [true]", "[true]", None, "only after in"),
        ("[vip]", "[vip]", None, "only after in"),
        ("tier in [['L1']]", "['L1']", None, "constants only"),
        ("len(labels) > 1", "len(", None, "A call is not part"),
        ("labels[0] == 'x'", "labels[", None, "is not part"),
        ("incident.priority == 1", "incident.priority", "priority", "An attribute is not part"),
        ("custom.region == 'eu'", "custom.region", None, "`fields:` declares"),
        ("hops + 1 > 2", "+", None, "Arithmetic is not part"),
        ("hops > -1", "-", None, "Arithmetic is not part"),
        ("vip if ack", "if", None, "`if` is not part"),
        ("vip # always", "#", None, "A comment is not part"),
        ("vip;", ";", None, "is not part"),
        ("tier in ('L1', 'L2')", ",", None, "square brackets"),
        ("vip ack", "ack", None, "A word is missing"),
        ("vip not ack", "not", None, "after it, here, in"),
        ("vip and or ack", "or", None, "missing before this or"),
        ("and vip", "and", None, "missing before this and"),
        ("priority ==", "=", None, "ends too soon"),
        ("(vip", "(", None, "never closed"),
        ("vip)", ")", None, "closes nothing"),
        ("(vip]", "]", None, "closes nothing"),
        ("()", ")", None, "missing before this )"),
        ("tier in ['L1',]", "]", None, "missing before this ]"),
        ('tier == "L1', '"', None, "no closing"),
        ("tier == “L1”", "“", None, "straight quotes"),
        (r'tier == "L\1"', r"\1", "\\\\", "backslash"),
        ("рriority == 1", "рriority", "priority", "cyrillic small letter er"),
        ("ｐriority == 1", "ｐriority", "priority", "fullwidth latin small letter p"),
        ("vip\u00a0and ack", "\u00a0", None, "no-break space"),
        ("v\u200bip", "\u200b", None, "zero width space"),
        ('tier == "L\x001"', "\x00", None, "cannot be seen"),
        ("vip\x00", "\x00", None, "U+0000"),
    ],
)
def test_the_fault_is_shown_where_it_is_with_what_was_meant(text, at, suggestion, words):
    place, fault = next(
        (text[fault.offset : fault.offset + fault.length], fault)
        for fault in faults(text)
        if words in fault.message
    )
    assert place == at
    assert fault.suggestion == suggestion


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_an_empty_condition_says_what_to_write(text):
    assert "write true" in faults(text)[0].message


def test_all_faults_come_at_once_in_the_order_of_the_text():
    text = 'prioritty == 1 and status = "hold" and age > 30 and tier == L1 && foo'
    assert [text[fault.offset : fault.offset + fault.length] for fault in faults(text)] == [
        "prioritty",
        "=",
        '"hold"',
        "30",
        "L1",
        "&&",
        "foo",
    ]


def test_what_follows_from_a_fault_is_not_told_as_another():
    assert len(faults("hops + 1 > 2")) == 1
    assert len(faults("priority := 1")) == 1
    assert len(faults("len(labels) > 1")) == 1


def test_no_more_faults_than_anybody_reads():
    assert len(faults("x " * 900)) == 50
    assert len(faults("+" * 2000)) == 50
    assert len(faults(" or ".join(["zz"] * 300))) == 50


def test_the_caret_stands_under_the_fault():
    _, fault = only('priority == 1 and status == "hold"')
    assert fault.caret('priority == 1 and status == "hold"') == (
        'priority == 1 and status == "hold"\n                            ^^^^^^'
    )


def test_the_caret_shows_the_line_of_the_fault():
    text = 'priority == 1\n  and status == "hold"\n  and vip'
    _, fault = only(text)
    assert fault.caret(text) == '  and status == "hold"\n                ^^^^^^'


def test_the_caret_shows_a_window_of_a_long_line():
    text = "vip and " * 100 + "vop" + " and vip" * 100
    _, fault = only(text)
    line, carets = fault.caret(text).split("\n")
    assert len(line) < 120
    assert line.startswith("...")
    assert line.endswith("...")
    assert line[carets.index("^") : len(carets)] == "vop"


def test_the_caret_shows_no_control_characters():
    text = "vip\x1b[31m\t and vip"
    shown = faults(text)[0].caret(text)
    assert "\x1b" not in shown
    assert "\t" not in shown


def test_the_error_reads_as_message_and_place():
    with pytest.raises(ConditionFaults) as caught:
        compiled("age > 30", STANDARD)
    assert str(caught.value) == "age is a duration; write a unit: 30m.\nage > 30\n      ^^"
    assert caught.value.text == "age > 30"


def test_long_lists_of_values_are_cut():
    many = STANDARD.extended([Name("category", Type.TEXT, tuple(f"value-{n}" for n in range(500)))])
    _, fault = only('category == "?"', many)
    assert len(fault.message) < 300


def test_length_and_nesting_are_checked_before_anything_is_parsed(monkeypatch):
    def parse(*args, **kwargs):
        raise AssertionError("it came as far as the parser")

    monkeypatch.setattr(ast, "parse", parse)
    assert "at most 2000 characters" in faults("x" * 2001)[0].message
    for deep in (
        "(" * 31 + "vip" + ")" * 31,
        "not " * 31 + "vip",
        "not (" * 16 + "vip" + ")" * 16,
        "(" * 1999,
    ):
        assert "nested" in faults(deep)[0].message


def test_nesting_of_thirty_is_allowed():
    for deep in ("(" * 30 + "vip" + ")" * 30, "not " * 30 + "vip", "not (" * 15 + "vip" + ")" * 15):
        compiled(deep, STANDARD).holds({"vip": True})
    assert compiled(" and ".join(["not vip"] * 160), STANDARD).holds({"vip": False})
    assert compiled(" and ".join(["(not (vip))"] * 120), STANDARD).holds({"vip": False})


def test_two_thousand_characters_are_allowed():
    text = "vip or " * 285 + "vip"
    assert compiled(text.ljust(2000), STANDARD).holds({"vip": True})


def test_the_deepest_condition_can_be_read_where_the_stack_is_nearly_full():
    text = "not (vip and (" * 10 + "vip" + "))" * 10

    def descend(frames):
        if frames:
            return descend(frames - 1)
        return compiled(text, STANDARD)

    assert descend(sys.getrecursionlimit() - 400 - len(_stack())).holds({"vip": True}) in {True, False}


def _stack():
    frame, frames = sys._getframe(), []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__",
        "[x for x in labels]",
        "lambda: vip",
        "vip if ack else vip",
        "f'{vip}'",
        "b'x' == tier",
        "tier == 'a' 'b'",
        "{'a': 1}",
        "vip == ...",
        "await vip",
        "*labels",
        "0x10 == hops",
        "1_000 == hops",
        "1e9 == hops",
        "1j == hops",
        "hops == 1\\\n",
        "vip\x0c",
        "\ufeffvip",
    ],
)
def test_nothing_else_of_python_is_part_of_it(text):
    assert faults(text)


def test_text_is_never_code():
    evil = '"); import os; ("'
    quoted = evil.replace('"', '\\"')
    condition = compiled(f'tier == "{quoted}" or tier in ["{quoted}", "\\\\"]', STANDARD)
    assert condition.holds({"tier": evil})
    assert condition.holds({"tier": "\\"})
    assert not condition.holds({"tier": ""})


PIECES = st.sampled_from(
    [
        *STANDARD.names,
        *(
            "and",
            "or",
            "not",
            "in",
            "is",
            "none",
            "true",
            "(",
            ")",
            "[",
            "]",
            ",",
            "==",
            "!=",
            "<",
            "=",
            ".",
            "-",
            "+",
        ),
        *(
            '"L1"',
            "'x'",
            '"',
            "1",
            "30m",
            "30 m",
            "99999999999",
            "\\",
            "\x00",
            "\n",
            "é",
            "р",
            "“",
            "#",
            "if",
            "lambda",
        ),
    ]
)


@given(
    st.one_of(
        st.text(max_size=60), st.lists(PIECES, max_size=30).map(" ".join), st.lists(PIECES).map("".join)
    )
)
def test_any_text_is_a_condition_or_has_faults_in_it(text):
    result = attempt(text)
    if isinstance(result, Condition):
        assert result.holds({}) in {True, False}
        return
    assert result
    for fault in result:
        assert 0 <= fault.offset <= len(text)
        assert fault.length >= 1
        line, carets = fault.caret(text).split("\n")
        assert line.isprintable()
        assert set(carets) <= {" ", "^"}
        assert "^" in carets


def attempt(text):
    try:
        return compiled(text, STANDARD)
    except ConditionFaults as error:
        return error.faults
