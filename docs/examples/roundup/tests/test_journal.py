"""What was changed, out of what stood there before and what stands there now."""

from syncline_roundup.journal import edits
from syncline_roundup.words import native


def entry(at, **before):
    return {"at": f"2026-11-23T09:00:{at:06.3f}Z", "username": "dana", "action": "set", "before": before}


def told(now, *journal, fields=frozenset({"title", "keyword"})):
    found = edits(
        {"journal": list(journal), "now": now}, "1", fields, "syncline", lambda _f, raw: native(raw)
    )
    return [(one.field, one.before, one.after) for one in found]


def test_what_a_change_made_is_what_the_next_one_replaced():
    assert told({"title": "c"}, entry(1, title="a"), entry(2, title="b")) == [
        ("title", "a", "b"),
        ("title", "b", "c"),
    ]


def test_of_a_list_the_journal_tells_what_came_and_went():
    first, second = entry(1, keyword=[["+", ["1", "2"]]]), entry(2, keyword=[["-", ["1"]], ["+", ["3"]]])
    assert told({"keyword": ["2", "3"]}, first, second) == [
        ("keyword", None, ("1", "2")),
        ("keyword", ("1", "2"), ("2", "3")),
    ]


def test_only_what_the_mapping_names_is_told():
    assert told({"title": "b", "nosy": ["1"]}, entry(1, title="a", nosy=[["+", ["1"]]])) == [
        ("title", "a", "b")
    ]


def test_a_change_keeps_its_name_when_more_are_made():
    first, second = entry(1, title="a"), entry(2, title="b")

    def names(now, *journal):
        raw = {"journal": list(journal), "now": {"title": now}}
        found = edits(raw, "1", frozenset({"title"}), "syncline", lambda _f, v: native(v))
        return [one.id for one in found]

    assert names("b", first) == names("c", first, second)[:1]
