"""The planted bugs fit the code as it is. Whether the simulation finds them is another matter."""

from collections import Counter
from pathlib import Path

import pytest
from mutants import ALL, EXPECTED, FAULTS, Mutant

HOUSE = Path(__file__).resolve().parents[2]
NETS = {"poll", "sweep"}
NEEDS = {"nets", "beside", "faults", "fair", "escalation", "people", "bots", "conflicts", "page_size"}

each = pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)


def mutated(mutant: Mutant) -> dict[str, str]:
    """File to its text with the mistake in it. Each text that is replaced stands there exactly once by then."""
    texts: dict[str, str] = {}
    for file, before, after in mutant.places():
        text = texts.get(file) or (HOUSE / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} has it {text.count(before)} times: {before!r}"
        texts[file] = text.replace(before, after)
    return texts


@each
def test_it_fits_the_code_and_compiles(mutant: Mutant) -> None:
    for file, text in mutated(mutant).items():
        assert text != (HOUSE / file).read_text(encoding="utf-8")
        compile(text, file, "exec")


@each
def test_it_is_in_production_code(mutant: Mutant) -> None:
    for file, _, _ in mutant.places():
        assert file.startswith(("sync/syncline/", "connectors/"))
        assert not file.startswith(
            tuple(f"sync/syncline/{face}/" for face in ("cli", "demo", "sandbox", "application"))
        )


@each
def test_it_says_what_it_is(mutant: Mutant) -> None:
    assert mutant.breaks.endswith(".")
    assert mutant.expects in EXPECTED
    assert mutant.needs.get("nets", "poll") in NETS
    assert mutant.needs.keys() <= NEEDS
    faults = mutant.needs.get("faults", [])
    assert isinstance(faults, list)
    assert set(faults) <= FAULTS.keys()


def test_there_are_enough_of_them() -> None:
    assert len(ALL) >= 30


def test_no_two_share_a_name_or_a_patch() -> None:
    assert not [name for name, n in Counter(mutant.name for mutant in ALL).items() if n > 1]
    assert not [places for places, n in Counter(mutant.places() for mutant in ALL).items() if n > 1]
