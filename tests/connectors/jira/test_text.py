"""What is written to Jira reads back as the same text."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncline_jira.text import MAX_DEPTH, canonical, document, one_line, plain

TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\n\r\t \u2028\u00a0*_-{}[]|!#\\~^+?h1.bq."),
        st.sampled_from("😀🇫🇷👩‍👩‍👧e\u0301"),
    ),
    max_size=400,
)


def through_json(value: object) -> object:
    """As it travels."""
    return json.loads(json.dumps(value))


@given(TEXTS)
@example("a\r\n\r\n\r\nb\rc\n \n\n\n\nd")
@example("{code}x{code} [~amina] !logo.png! h1. *bold* \\*not\\* ----\n\n----\n# one\n* two")
@example("😀" * 20_000)
@example("\n\nbegins with blank lines")
@example("\ud800half a pair\x00\x0b\uffff")
def test_what_is_written_as_a_document_reads_back_as_the_same_text(text: str) -> None:
    assert (plain(through_json(document(text))) or "") == canonical(text)


@given(TEXTS)
def test_what_is_written_as_wiki_text_reads_back_as_the_same_text(text: str) -> None:
    assert (plain(through_json(canonical(text))) or "") == canonical(text)


@given(TEXTS)
def test_canonical_text_is_its_own_canonical_form_and_is_storable(text: str) -> None:
    once = canonical(text)
    assert canonical(once) == once
    assert "\r" not in once
    assert once.encode().decode() == once
    assert once == once.rstrip()


@given(TEXTS)
def test_a_summary_has_one_line_and_is_its_own_canonical_form(text: str) -> None:
    once = one_line(text)
    assert "\n" not in once
    assert one_line(once) == once


@given(TEXTS)
def test_a_document_holds_no_empty_text_node_and_nothing_but_paragraphs(text: str) -> None:
    found = document(text)
    assert found["version"] == 1
    for paragraph in found["content"]:
        assert paragraph["type"] == "paragraph"
        assert all(node["type"] == "hardBreak" or node["text"] for node in paragraph["content"])


def words(*nodes: object) -> str | None:
    return plain({"type": "doc", "version": 1, "content": list(nodes)})


def text(value: str, **more: object) -> dict[str, object]:
    return {"type": "text", "text": value, **more}


def paragraph(*nodes: object) -> dict[str, object]:
    return {"type": "paragraph", "content": list(nodes)}


def test_of_a_document_that_people_wrote_the_words_are_kept() -> None:
    link = text("the runbook", marks=[{"type": "link", "attrs": {"href": "https://wiki.example/r"}}])
    assert (
        words(
            {"type": "heading", "attrs": {"level": 2}, "content": [text("What happened")]},
            paragraph(
                {"type": "mention", "attrs": {"id": "712020:a", "text": "@Amina"}}, text(" see "), link
            ),
            {
                "type": "bulletList",
                "content": [
                    {"type": "listItem", "content": [paragraph(text("one"))]},
                    {"type": "listItem", "content": [paragraph(text("two")), paragraph(text("more"))]},
                ],
            },
            {"type": "orderedList", "content": [{"type": "listItem", "content": [paragraph(text("first"))]}]},
            {"type": "codeBlock", "attrs": {"language": "sh"}, "content": [text("df -h\nrm x")]},
            {"type": "rule"},
            {"type": "panel", "content": [paragraph(text("careful")), paragraph(text("very"))]},
            {
                "type": "table",
                "content": [
                    {
                        "type": "tableRow",
                        "content": [{"type": "tableCell", "content": [paragraph(text(c))]} for c in "ab"],
                    }
                ],
            },
            {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"alt": "graph.png"}}]},
            paragraph(
                {"type": "emoji", "attrs": {"shortName": ":fire:", "text": "🔥"}},
                {"type": "inlineCard", "attrs": {"url": "https://x.example"}},
            ),
        )
        == "What happened\n\n@Amina see the runbook (https://wiki.example/r)\n\n- one\n- two\n  more\n\n1. first\n\n"
        "df -h\nrm x\n\n----\n\ncareful\n\nvery\n\na | b\n\ngraph.png\n\n🔥https://x.example"
    )


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        [],
        {},
        {"type": "doc"},
        {"type": "doc", "content": None},
        {"type": "doc", "content": [7, None, {"type": 3}]},
        text(7),
    ],  # type: ignore[arg-type]
)
def test_what_is_no_text_reads_as_none(value: object) -> None:
    assert plain(value) is None


def test_a_document_nested_without_end_is_read_as_far_as_it_makes_sense() -> None:
    node: dict[str, object] = text("deep")
    for _ in range(MAX_DEPTH * 5):
        node = {"type": "blockquote", "content": [node]}
    assert words(paragraph(text("top")), node) == "top"
