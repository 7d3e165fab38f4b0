"""The examples that ship: each reads, the linter finds nothing in it, and its scenarios come as they say."""

from datetime import date
from pathlib import Path

import pytest

from syncline.application.rehearsing import rehearse_scenario
from syncline.escalation.lint import check
from syncline.escalation.reading import read_book
from syncline.escalation.scenario import drafted

FOLDER = Path(__file__).parents[2] / "docs/examples/escalation"
BOOKS = sorted(FOLDER.glob("*/escalation.yaml"))
SCENARIOS = sorted(set(FOLDER.glob("*/*.yaml")) - set(BOOKS))
TODAY = date(2026, 11, 23)


def name(path):
    return "/".join(path.relative_to(FOLDER).with_suffix("").parts)


def test_every_folder_has_a_policy_and_a_scenario():
    folders = {path for path in FOLDER.iterdir() if path.is_dir()}
    assert {path.parent for path in BOOKS} == folders
    assert {path.parent for path in SCENARIOS} == folders
    assert len(folders) >= 8


@pytest.mark.parametrize("path", BOOKS, ids=name)
def test_the_linter_finds_nothing_in_a_policy(path):
    assert check(path.read_text(encoding="utf-8"), file=str(path), today=TODAY) == []


@pytest.mark.parametrize("path", SCENARIOS, ids=name)
def test_a_scenario_comes_as_it_says(path):
    draft = drafted(path.read_text(encoding="utf-8"), str(path))
    policy = path.parent / str(draft.policy)
    book = read_book(policy.read_text(encoding="utf-8"), str(policy))
    went = rehearse_scenario(book, draft.of(book), str(policy))
    assert went.checked, "a scenario says what it expects"
    assert [f"{one.wanted}: {one.came}" for one in went.checked if not one.holds] == []
    assert not went.cut_off
    assert not went.assumed


def test_some_of_them_name_a_runbook():
    assert sum("runbook:" in path.read_text(encoding="utf-8") for path in BOOKS) > 3
