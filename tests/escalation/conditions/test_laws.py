"""Deciding and running, against brute force: conditions made at random, each with a meaning that is worked out without the
code under test, over facts of small domains."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from syncline.escalation.conditions import (
    Condition,
    Name,
    Type,
    Verdict,
    Vocabulary,
    always_true,
    compiled,
    implies,
    overlap,
    satisfiable,
)

Facts = Mapping[str, object]
Meaning = Callable[[Facts], bool]

SMALL = Vocabulary(
    names={
        name.name: name
        for name in (
            Name("level", Type.NUMBER, (1, 2, 3)),
            Name("count", Type.NUMBER),
            Name("total", Type.NUMBER, nullable=False),
            Name("kind", Type.TEXT, ("a", "b"), nullable=False),
            Name("who", Type.TEXT),
            Name("whom", Type.TEXT),
            Name("flag", Type.YES_NO),
            Name("other_flag", Type.YES_NO, nullable=False),
            Name("waited", Type.DURATION),
            Name("lasted", Type.DURATION, nullable=False),
            Name("tags", Type.SET),
            Name("marks", Type.SET, nullable=False),
        )
    },
    aliases={"labels": "tags"},
)
"""Every type, known and unknown, open and closed."""

DOMAINS: Mapping[str, tuple[object, ...]] = {
    "level": (1, 2, 3, None),
    "count": (0, 1, 2, 3, 4, 5, None),
    "total": (0, 1, 2, 3, 4, 5),
    "kind": ("a", "b"),
    "who": ("a", "b", "x", "y", None),
    "whom": ("a", "b", "x", "y", None),
    "flag": (False, True, None),
    "other_flag": (False, True),
    "waited": (0.0, 30.0, 60.0, 61.0, 61.5, 3600.0, 3601.0, 3602.0, 7200.0, 7201.0, 7202.0, None),
    "lasted": (0.0, 30.0, 60.0, 61.0, 61.5, 3600.0, 3601.0, 3602.0, 7200.0, 7201.0, 7202.0),
    "tags": ((), ("p",), ("q",), ("p", "q"), None),
    "marks": ((), ("p",), ("q",), ("p", "q")),
}
"""For the constants that the strategies use: at least one of every kind of fact, for two names together as well."""

CONSTANTS: Mapping[str, tuple[str, ...]] = {
    "level": ("1", "2", "3"),
    "count": ("0", "1", "3"),
    "total": ("0", "1", "3"),
    "kind": ('"a"', '"b"'),
    "who": ('"a"', '"b"'),
    "whom": ('"a"', "'b'"),
    "flag": ("true", "false"),
    "other_flag": ("true", "false"),
    "waited": ("1m", "1h", "2h"),
    "lasted": ("60s", "1h", "1h60m"),
}
VALUES = {"true": True, "false": False, "1m": 60.0, "60s": 60.0, "1h": 3600.0, "2h": 7200.0, "1h60m": 7200.0}
ORDERED = ("level", "count", "total", "waited", "lasted")
ALIKE = (("level", "count", "total"), ("kind", "who", "whom"), ("flag", "other_flag"), ("waited", "lasted"))


@dataclass(frozen=True)
class Written:
    """A condition, and what it means."""

    text: str
    means: Meaning
    names: frozenset[str]

    @property
    def compiled(self) -> Condition:
        return compiled(self.text, SMALL)

    def facts(self, *others: "Written"):
        """All facts over the names of this one and others, with small domains."""
        names = sorted(self.names.union(*(other.names for other in others)))
        for values in product(*(DOMAINS[name] for name in names)):
            yield dict(zip(names, values, strict=True))


def _value(constant: str) -> object:
    if constant in VALUES:
        return VALUES[constant]
    return constant[1:-1] if constant[0] in "\"'" else int(constant)


def _compare(left: object, sign: str, right: object) -> bool:
    if sign == "!=":
        return not _compare(left, "==", right)
    if left is None or right is None:
        return False
    if sign == "==":
        return left == right
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]


def _of(names: str, *more: str) -> frozenset[str]:
    return frozenset((names, *more))


@st.composite
def _against_constant(draw):
    name = draw(st.sampled_from(sorted(CONSTANTS)))
    sign = draw(st.sampled_from(["==", "!=", *(["<", "<=", ">", ">="] if name in ORDERED else [])]))
    constant = draw(st.sampled_from(CONSTANTS[name]))
    value = _value(constant)
    if draw(st.booleans()):
        turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(sign, sign)
        return Written(
            f"{constant} {turned} {name}", lambda facts: _compare(facts[name], sign, value), _of(name)
        )
    return Written(f"{name}{sign}{constant}", lambda facts: _compare(facts[name], sign, value), _of(name))


@st.composite
def _two_names(draw):
    group = draw(st.sampled_from(ALIKE))
    left, right = draw(st.sampled_from(group)), draw(st.sampled_from(group))
    sign = draw(st.sampled_from(["==", "!=", *(["<", "<=", ">", ">="] if group[0] in ORDERED else [])]))
    return Written(
        f"{left} {sign} {right}", lambda facts: _compare(facts[left], sign, facts[right]), _of(left, right)
    )


@st.composite
def _listed(draw):
    name = draw(st.sampled_from(sorted(CONSTANTS)))
    constants = draw(st.lists(st.sampled_from(CONSTANTS[name]), min_size=1, max_size=5))
    values = [_value(constant) for constant in constants]
    word, wanted = draw(st.sampled_from([("in", True), ("not in", False)]))
    text = f"{name} {word} [{', '.join(constants)}]"
    return Written(
        text, lambda facts: (facts[name] is not None and facts[name] in values) is wanted, _of(name)
    )


@st.composite
def _in_set(draw):
    name, tag = draw(st.sampled_from(["tags", "labels", "marks"])), draw(st.sampled_from("pq"))
    word, wanted = draw(st.sampled_from([("in", True), ("not in", False)]))
    canonical = "tags" if name == "labels" else name
    return Written(
        f'"{tag}" {word} {name}', lambda facts: (tag in (facts[canonical] or ())) is wanted, _of(canonical)
    )


@st.composite
def _unknown(draw):
    name = draw(st.sampled_from(sorted(DOMAINS)))
    word, wanted = draw(
        st.sampled_from([("== none", True), ("is none", True), ("!= none", False), ("is not none", False)])
    )
    return Written(f"{name} {word}", lambda facts: (facts[name] is None) is wanted, _of(name))


@st.composite
def _chained(draw):
    name = draw(st.sampled_from(["level", "count", "total"]))
    low, high = draw(st.sampled_from("123")), draw(st.sampled_from("123"))
    one, two = draw(st.sampled_from(["<", "<="])), draw(st.sampled_from(["<", "<=", "=="]))
    return Written(
        f"{low} {one} {name} {two} {high}",
        lambda facts: _compare(int(low), one, facts[name]) and _compare(facts[name], two, int(high)),
        _of(name),
    )


def _flags():
    return st.sampled_from(["flag", "other_flag"]).map(
        lambda name: Written(name, lambda facts: facts[name] is True, _of(name))
    )


def _truths():
    return st.sampled_from([("true", True), ("false", False)]).map(
        lambda pair: Written(pair[0], lambda facts: pair[1], frozenset())
    )


def _negated(part: Written) -> Written:
    return Written(f"not ({part.text})", lambda facts: not part.means(facts), part.names)


def _joined(parts: list[Written], word: str) -> Written:
    join = all if word == "and" else any
    return Written(
        f" {word} ".join(f"({part.text})" for part in parts),
        lambda facts: join(part.means(facts) for part in parts),
        frozenset().union(*(part.names for part in parts)),
    )


TESTS = st.one_of(
    _against_constant(), _two_names(), _listed(), _in_set(), _unknown(), _chained(), _flags(), _truths()
)


def conditions(max_names: int):
    """Conditions over at most so many names."""
    tree = st.recursive(
        TESTS,
        lambda parts: st.one_of(
            parts.map(_negated),
            st.builds(_joined, st.lists(parts, min_size=2, max_size=4), st.sampled_from(["and", "or"])),
        ),
        max_leaves=8,
    )
    return tree.filter(lambda written: len(written.names) <= max_names)


def brute(wanted: Meaning, *over: Written) -> bool:
    """Whether some facts of the small domains are so."""
    return any(wanted(facts) for facts in over[0].facts(*over[1:]))


def agrees(verdict: Verdict, holds: bool, wanted: Meaning, shown: bool) -> None:
    """The verdict is that of brute force, and its example is one."""
    assert verdict.decided
    assert verdict.holds is holds
    assert (verdict.witness is not None) is shown
    if verdict.witness is not None:
        assert wanted(verdict.witness)


FEW = settings(deadline=None, max_examples=120)


@FEW
@given(conditions(3))
def test_a_condition_holds_where_its_meaning_says(written):
    holds = written.compiled.holds
    for facts in written.facts():
        assert holds(facts) is written.means(facts), facts


@FEW
@given(conditions(4), st.data())
def test_an_absent_fact_is_one_that_is_not_known(written, data):
    facts = {name: data.draw(st.sampled_from(DOMAINS[name])) for name in sorted(written.names)}
    present = {name: fact for name, fact in facts.items() if fact is not None}
    assert written.compiled.holds(present) is written.compiled.holds(facts)


@FEW
@given(conditions(4))
def test_its_names_and_thresholds_are_those_that_it_was_written_with(written):
    condition = written.compiled
    assert condition.names == written.names
    assert set(condition.thresholds) == {"waited", "lasted"} & written.names
    for constants in condition.thresholds.values():
        assert list(constants) == sorted(set(constants))
        assert set(constants) <= {60.0, 3600.0, 7200.0}


@FEW
@given(conditions(4))
def test_satisfiable_and_always_true_agree_with_brute_force(written):
    some, never = brute(written.means, written), brute(lambda facts: not written.means(facts), written)
    agrees(satisfiable(written.compiled, vocabulary=SMALL), some, written.means, some)
    agrees(always_true(written.compiled, SMALL), not never, lambda facts: not written.means(facts), never)


@FEW
@given(conditions(3), conditions(3))
def test_overlap_and_implication_agree_with_brute_force(one, other):
    assume(len(one.names | other.names) <= 4)
    agrees_on(one, other)


def agrees_on(one: Written, other: Written) -> None:
    def both(facts):
        return one.means(facts) and other.means(facts)

    def beyond(facts):
        return one.means(facts) and not other.means(facts)

    def neither(facts):
        return not one.means(facts) and not other.means(facts)

    shared, outside, hole = (brute(wanted, one, other) for wanted in (both, beyond, neither))
    first, second = one.compiled, other.compiled
    agrees(overlap(first, second, SMALL), shared, both, shared)
    agrees(implies(first, second, SMALL), not outside, beyond, outside)
    agrees(satisfiable(first, vocabulary=SMALL, without=[second]), outside, beyond, outside)
    agrees(satisfiable(vocabulary=SMALL, without=[first, second]), hole, neither, hole)


@FEW
@given(conditions(3))
def test_a_condition_implies_itself_and_never_meets_its_opposite(written):
    opposite = compiled(f"not ({written.text})", SMALL)
    assert implies(written.compiled, written.compiled, SMALL).holds
    assert not overlap(written.compiled, opposite, SMALL).holds
