"""What conditions mean."""

import pytest

from syncline.escalation.conditions import ALWAYS, STANDARD, Name, Type, compiled

REFERENCE = 'priority <= 2 and status != "resolved" and ((tier == "L1" and age > 30m) or hops >= 3) and "security" in labels'
FACTS = {
    "priority": 1,
    "status": "new",
    "tier": "L1",
    "age": 1801.0,
    "hops": 0,
    "labels": ("security", "vpn"),
    "ack": False,
    "vip": True,
    "assignee": "amina@example.com",
    "requester": "amina@example.com",
    "title": 'It says "no"',
    "since_update": 90.0,
}


def holds(text, **facts):
    return compiled(text, STANDARD).holds({**FACTS, **facts})


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"priority": 3}, False),
        ({"priority": None}, False),
        ({"status": "resolved"}, False),
        ({"age": 1800.0}, False),
        ({"age": 1800.0, "hops": 3}, True),
        ({"tier": None, "hops": 3}, True),
        ({"tier": "L2"}, False),
        ({"labels": ()}, False),
        ({"labels": None}, False),
        ({"labels": frozenset({"security"})}, True),
    ],
)
def test_a_condition_as_people_write_it(changed, expected):
    assert holds(REFERENCE, **changed) is expected


@pytest.mark.parametrize(
    "text",
    [
        "1 <= priority <= 2",
        "2 > priority",
        "priority in [1, 2]",
        "priority not in [3, 4, 5]",
        "priority in [1, 1, 2, 3, 4, 5]",
        "vip",
        "vip == true",
        "not ack",
        "ack == false",
        "ack != true",
        "ack is not none",
        "assignee == requester",
        "assignee != account",
        "'security' in tags",
        '"other" not in labels',
        'state == "new"',
        "account is none",
        "account == none",
        "none == account",
        'account != "x"',
        'account not in ["x"]',
        "not since_ack < 1h",
        "since_ack is none or since_ack > 1h",
        "age > 30m",
        "age >= 30m1s",
        "age < 1w and age < 2d and age < 4h",
        "1m < since_update < 2m",
        "since_update == 1m30s",
        "since_update < age",
        "true",
        "not false",
        "(((vip)))",
        "\n vip\r\n\tand not ack ",
        r'title == "It says \"no\""',
        "title == 'It says \"no\"'",
        "ack or vip and priority == 1",
        "vip or ack and priority == 5",
        "not ack and vip",
        "not (ack and vip)",
    ],
)
def test_it_holds(text):
    assert holds(text) is True
    assert holds(f"not ({text})") is False


@pytest.mark.parametrize(
    "text",
    [
        'account == "x"',
        'account in ["x"]',
        "account == resolution_code",
        "since_ack < 1h",
        "since_ack >= 1h",
        "since_ack < age",
        "reopened",
        "reopened == false",
        "priority in [2, 3, 4, 5]",
        "false",
    ],
)
def test_it_does_not_hold_of_what_is_not_known(text):
    assert holds(text) is False
    assert compiled(text, STANDARD).holds({}) is False


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('account != "x"', 'not (account == "x")'),
        ('account not in ["x"]', 'not (account in ["x"])'),
        ("account != requester", "not (account == requester)"),
        ('"x" not in labels', 'not ("x" in labels)'),
    ],
)
@pytest.mark.parametrize(
    "facts", [{}, {"account": "x", "requester": "x", "labels": ("x",)}, {"account": "y"}]
)
def test_unequal_is_always_the_opposite_of_equal(one, other, facts):
    assert compiled(one, STANDARD).holds(facts) is compiled(other, STANDARD).holds(facts)


@pytest.mark.parametrize(
    "facts",
    [
        {"priority": "1", "age": "long", "hops": [], "labels": 7, "since_update": ()},
        {"priority": {}, "age": object(), "hops": "3", "labels": object(), "tier": [], "since_update": "x"},
    ],
)
@pytest.mark.parametrize(
    "text", ["priority <= 2", "age > 30m", "hops >= 3", '"x" in labels', "since_update < age"]
)
def test_a_fact_of_a_wrong_type_counts_as_not_known(facts, text):
    assert compiled(text, STANDARD).holds(facts) is False
    assert compiled(f"not {text}" if "in" not in text else f"not ({text})", STANDARD).holds(facts) is True


def test_text_that_cannot_be_hashed_is_in_no_list():
    text = 'assignee in ["a", "b", "c", "d", "e"]'
    assert compiled(text, STANDARD).holds({"assignee": ["a"]}) is False


def test_only_true_is_yes():
    assert holds("vip", vip="false") is False
    assert holds("vip", vip=1) is False


def test_what_it_reads():
    condition = compiled(
        f"{REFERENCE} and (age > 4h or since_update in [90m, 30m, 30m] or since_ack is none)", STANDARD
    )
    assert condition.names == {
        "priority",
        "status",
        "tier",
        "age",
        "hops",
        "labels",
        "since_update",
        "since_ack",
    }
    assert dict(condition.thresholds) == {
        "age": (1800.0, 14400.0),
        "since_update": (1800.0, 5400.0),
        "since_ack": (),
    }


def test_an_alias_is_read_as_its_name():
    assert compiled('state == "new" and "a" in tags', STANDARD).names == {"status", "labels"}


def test_conditions_are_equal_if_they_are_written_alike():
    one, same, other = (compiled(text, STANDARD) for text in ("vip", "vip", "not vip"))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert len({one, same, other}) == 2


def test_always_holds_of_everything():
    assert ALWAYS.holds({}) is True
    assert ALWAYS.text == "true"
    assert not ALWAYS.names


def test_a_fact_that_is_not_needed_is_not_looked_at():
    asked = []

    class Facts(dict):
        def get(self, key, default=None):
            asked.append(key)
            return super().get(key, default)

    assert not compiled(REFERENCE, STANDARD).holds(Facts(priority=5))
    assert asked == ["priority"]


@pytest.mark.parametrize("word", ["class", "if", "lambda", "x", "_", "match", "get", "facts", "again", "v0"])
def test_a_declared_name_may_be_any_word(word):
    more = STANDARD.extended([Name(word, Type.TEXT)])
    condition = compiled(f'{word} == "a" and {word} != "b"', more)
    assert condition.holds({word: "a"})
    assert not condition.holds({word: "b"})


@pytest.mark.parametrize(
    "word", ["and", "NOT", "none", "true", "", "1st", "my-field", "é", "a.b", "x" * 65, "a b", "a\n"]
)
def test_what_cannot_be_a_name(word):
    with pytest.raises(ValueError, match="cannot be a name"):
        Name(word, Type.TEXT)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Type.TEXT, (1,)),
        (Type.NUMBER, ("a",)),
        (Type.NUMBER, (True,)),
        (Type.NUMBER, (-1,)),
        (Type.YES_NO, (True,)),
        (Type.SET, ("a",)),
    ],
)
def test_values_are_of_the_type_of_their_name(kind, values):
    with pytest.raises(ValueError, match="cannot be one of its values"):
        Name("region", kind, values)


def test_a_known_name_may_be_closed_but_not_change_its_type():
    closed = STANDARD.extended([Name("tier", Type.TEXT, ("L1",))])
    assert closed.names["tier"].values == ("L1",)
    assert STANDARD.names["tier"].values == ()
    with pytest.raises(ValueError, match="priority"):
        STANDARD.extended([Name("priority", Type.TEXT)])
    with pytest.raises(ValueError, match='declare "labels"'):
        STANDARD.extended([Name("tags", Type.SET)])


def test_the_standard_statuses_are_those_of_the_model():
    from syncline.model import STATUSES

    assert set(STANDARD.names["status"].values) == STATUSES
