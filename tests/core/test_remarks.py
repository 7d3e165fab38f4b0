"""How a copied remark looks, and how it is known again."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from syncline.connector import mark, marker_of
from syncline.remarks import CUT, copy_of

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MARKERS = st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=12, max_size=12)
TEXTS = st.text(max_size=300)


@given(TEXTS, TEXTS, MARKERS, st.integers(200, 2000))
def test_a_copy_is_known_by_its_marker_and_keeps_to_the_limit(author, body, marker, limit):
    copy = copy_of(author[:60], "Jira", "OPS-12", NOON, body, marker, limit)
    assert marker_of(copy) == marker
    assert len(copy) <= limit


@given(TEXTS, MARKERS)
def test_a_copy_names_author_and_origin_and_keeps_the_text(body, marker):
    copy = copy_of("Amina Diallo", "ServiceNow", "INC0010001", NOON, body, marker)
    assert copy.startswith("Amina Diallo on ServiceNow INC0010001, 2026-11-23 12:00 UTC:\n")
    assert body in copy


@given(st.text(min_size=300, max_size=600), MARKERS)
def test_what_is_cut_says_so(body, marker):
    copy = copy_of("A", "Jira", "OPS-1", NOON, body, marker, 200)
    assert CUT in copy
    assert len(copy) == 200


@given(TEXTS, MARKERS, MARKERS)
def test_a_copy_of_a_text_that_bears_a_mark_is_known_by_its_own(body, foreign, marker):
    assert marker_of(copy_of("A", "Jira", "OPS-1", NOON, f"{body}\n{mark(foreign)}", marker)) == marker


@given(MARKERS, st.text(min_size=1, max_size=50).filter(lambda t: t.strip() and "[syncline:" not in t))
def test_a_mark_that_is_quoted_is_none(marker, answer):
    assert marker_of(f"> Looking at it.\n> {mark(marker)}\n{answer}") is None
    assert marker_of(f"Looking at it. {mark(marker)} {answer}") is None


@given(MARKERS)
def test_what_platforms_add_at_the_end_is_only_white_space(marker):
    assert marker_of(f"Text\n{mark(marker)}\n \n") == marker
