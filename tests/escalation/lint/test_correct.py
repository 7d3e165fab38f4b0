"""Policies in order, of several kinds of house: nothing is wrong with them, and only what is named here is doubtful."""

from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = [*sorted((Path(__file__).parent / "correct").glob("*.yaml")), ROOT / "config" / "escalation.yaml"]
EXAMPLES = sorted((ROOT / "docs" / "examples" / "escalation").glob("*/escalation.yaml"))
EXPECTED = {
    "bank.yaml": ["I63"],
    "shop.yaml": ["W51"],
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_said_that_is_not_so(linted, path):
    found = linted.check(path.read_text(encoding="utf-8"))
    assert Counter(one.code for one in found) == Counter(EXPECTED.get(path.name, [])), found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_examples_have_no_error(linted, path):
    found = linted.check(path.read_text(encoding="utf-8"))
    assert [one for one in found if one.severity == "error"] == []
