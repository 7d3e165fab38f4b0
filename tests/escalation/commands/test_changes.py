"""What is different between two policy files: by name, and never by lines or comments."""

import re

import pytest

from syncline.application.changes import changes
from syncline.escalation.reading import read_book


def different(old, new):
    return changes(read_book(old, "old"), read_book(new, "new"))


def test_lines_and_comments_are_no_difference(policy_text):
    moved = "# a comment\n\n" + policy_text.replace("policies:", "# more\npolicies:")
    assert different(policy_text, moved) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("at: 15m", "at: 20m", ["policy ladder is different: steps"]),
        ("if: not ack,", "if: not resolved,", ["policy ladder is different: steps"]),
        ("every: 2h}", "every: 3h}", ["policy ladder is different: end"]),
        ("target: 4h", "target: 8h", ["clock restore is different: target"]),
        ("backfill: db", "backfill: duty", ["schedule desk is different: backfill"]),
        ("+33100000002", "+33100000009", ["person bruno is different: reach"]),
        ("rotate: [amina, bruno]", "rotate: [bruno, amina]", ["schedule desk is different: layers"]),
        ("L2: {who: db, group: DBA}", "L2: {who: db, group: Data}", ["tier L2 is different: group"]),
        ('title: "{title}', 'title: "! {title}', ["message status is different: title"]),
        ("site: {values: [north, south]}", "site: {values: [north]}", ["fields"]),
        ("- id: ladder", "- id: steps", ["policy ladder is gone", "policy steps is new"]),
        (
            "fields:",
            "calendars: {office: {open: {mon-fri: 08:00-18:00}}}\nfields:",
            ["calendar office is new"],
        ),
        ("fields:", "priority: {raise: [{when: vip, by: 1}]}\nfields:", ["the priority rules are different"]),
    ],
)
def test_each_difference_is_named(policy_text, old, new, said):
    assert old in policy_text
    found = different(policy_text, policy_text.replace(old, new, 1))
    assert len(found) == len(said), found
    for one, words in zip(found, said, strict=True):
        assert words in one


def test_the_order_of_policies_matters(policy_text):
    head, ladder, hands, rest = re.split(r"(?=  - id: )", policy_text)
    found = different(policy_text, f"{head}{hands}{ladder}{rest}")
    assert found == ["the order of the policies is different: the first that matches runs"]
