"""The strict YAML loader: what it takes, what it refuses, and where it says the fault is."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncline.errors import Configuration, InvalidFile, Problem
from syncline.mapping.document import DEEPEST, LARGEST, MOST_NODES, parse_document, read_document


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        parse_document(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


def problems_of(text: str) -> list[Problem]:
    try:
        parse_document(text, "f.yaml")
    except InvalidFile as error:
        return error.problems
    return []


def test_scalars_are_those_of_yaml_1_2() -> None:
    document = parse_document(
        "a: on\nb: no\nc: 1:30\nd: 2026-11-22\ne: true\nf: 12\ng: 1.5\nh: ~\ni:\nj: '1'\nk: 0x10\nl: 0o17\nm: .inf\nn: NO\n"
    )
    assert document.data == {
        "a": "on",
        "b": "no",
        "c": "1:30",
        "d": "2026-11-22",
        "e": True,
        "f": 12,
        "g": 1.5,
        "h": None,
        "i": None,
        "j": "1",
        "k": 16,
        "l": 15,
        "m": ".inf",
        "n": "NO",
    }


def test_positions_of_keys_and_values() -> None:
    document = parse_document("a:\n  b: [x, y]\n  2: z\n", "f.yaml")
    assert document.position(("a",)) == (1, 1)
    assert document.position(("a", "b")) == (2, 3)
    assert document.position(("a", "b"), value=True) == (2, 6)
    assert document.position(("a", "b", 1)) == (2, 10)
    assert document.position(("a", "2"), value=True) == (3, 6)
    assert document.position(("a", "nowhere", "at", "all")) == (1, 1)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: error: key 'a' stands here twice; it is already in line 1"),
        ("1: x\n'1': y\n", "f.yaml:2:1: error: key '1' stands here twice; it is already in line 1"),
        ("a: &x 1\nb: *x\n", "f.yaml:2:4: error: *x: aliases are not allowed here; write the value out"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: error: a second document begins here"),
        ("a: !!python/object:os.system x\n", "f.yaml:1:4: error: tags such as"),
        ("!!set {a}\n", "f.yaml:1:1: error: tags such as"),
        ("[a]: 1\n", "f.yaml:1:1: error: a key must be one word or text"),
        ("~: 1\n", "f.yaml:1:1: error: ~ cannot be a key"),
        ("1.5: 1\n", "f.yaml:1:1: error: 1.5 cannot be a key"),
        ("a: 'x\n", "a quotation mark is not closed"),
        ("a: [1, 2\n", "a bracket or brace is not closed"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: error: this is not YAML"),
        ("a: b: c\n", "f.yaml:1:5: error: this is not YAML"),
        ("a: \x07\n", "f.yaml:1:4: error: there is a control character here"),
        ('a: "\\ud800"\n', "f.yaml:1:4: error: the text holds a control character or half a character"),
        ('a: "\\0"\n', "f.yaml:1:4: error: the text holds a control character"),
        (f"a: {'9' * 5000}\n", "f.yaml:1:4: error: this number is too long"),
        (b"a: 1\nb: \xff\n", "f.yaml:2:4: error: this is not UTF-8 text"),
        ("[" * 40, f"f.yaml:1:{DEEPEST + 1}: error: this is nested deeper than {DEEPEST} levels"),
        ("- x\n" * (MOST_NODES + 1), f"the file holds more than {MOST_NODES} values"),
        ("x" * (LARGEST + 1), "f.yaml:1:1: error: the file is larger than 1 MB"),
    ],
)
def test_refuses(text: str | bytes, fault: str) -> None:
    assert fault in "\n".join(faults(text))


def test_all_faults_at_once_in_the_order_of_the_file() -> None:
    found = faults("a: *x\nb: {c: 1, c: 2}\n[q]: {c: 1}\nd: !t 1\na: 2\n")
    assert [line.split(": ")[0] for line in found] == [
        "f.yaml:1:4",
        "f.yaml:2:11",
        "f.yaml:3:1",
        "f.yaml:4:4",
        "f.yaml:5:1",
    ]


@pytest.mark.parametrize(
    "bomb",
    [
        "a: &a [x,x]\n"
        + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)},*{chr(97 + i)}]\n" for i in range(20)),
        "[" * 100_000,
        "{" * 100_000,
        "? " * 30_000,
        "- " * 50_000,
        '"' + "\\u0041" * 150_000,
        "a: " + "'" * 200_001,
    ],
    ids=["aliases", "lists", "mappings", "keys", "dashes", "escapes", "quotes"],
)
def test_bombs_end_quickly_and_in_words(bomb: str) -> None:
    start = time.process_time()
    assert faults(bomb)
    assert time.process_time() - start < 10


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="a:1-[]{}'\"&*!?,# \n\t|>%@`~", max_size=80))
@example("? a\n? b\n: c")
@example("&a *a")
@example("- !<x> y")
def test_anything_is_read_or_refused_in_words(text: str) -> None:
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems_of(text))


def test_a_file_that_cannot_be_read(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Configuration, match=r"nowhere\.yaml cannot be read: No such file"):
        read_document(tmp_path / "nowhere.yaml")
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_document(tmp_path / "bom.yaml").data == {"a": 1}


def test_content_never_shows_in_the_repr() -> None:
    assert "hunter2" not in repr(parse_document("password: hunter2"))
