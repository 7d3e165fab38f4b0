"""Mappings and people that the tests of the lens share."""

from collections.abc import Callable

import pytest

from syncline.configuration import default_mapping
from syncline.connector import Party, PartyKind
from syncline.mapping import Mapping, Parties, load_mapping, read_mapping

PEOPLE = (
    Party(PartyKind.PERSON, "u-amina", "Amina Diallo", "Amina.Diallo@example.com"),
    Party(PartyKind.PERSON, "u-bruno", "Bruno Keller", "bruno.keller@example.com"),
    Party(PartyKind.PERSON, "u-nomail", "Olga Petrova"),
    Party(PartyKind.GROUP, "g-net", "Network", "network@example.com"),
    Party(PartyKind.GROUP, "g-db", "Database"),
)


@pytest.fixture
def people() -> Parties:
    return Parties.of(PEOPLE)


@pytest.fixture(params=["servicenow", "jira", "pagerduty", "helix", "cherwell"])
def shipped(request: pytest.FixtureRequest) -> Mapping:
    path = default_mapping(request.param)
    assert path is not None
    return read_mapping(path, platform=request.param)


@pytest.fixture
def shipped_for() -> Callable[[str], Mapping]:
    def load(platform: str) -> Mapping:
        path = default_mapping(platform)
        assert path is not None
        return read_mapping(path, platform=platform)

    return load


@pytest.fixture
def mapping_with() -> Callable[[str], Mapping]:
    """A mapping whose `fields` are the given YAML lines."""

    def load(fields: str, rest: str = "") -> Mapping:
        lines = "\n".join("  " + line for line in fields.strip("\n").split("\n"))
        return load_mapping(f"mapping: 1\nplatform: test\nfields:\n{lines}\n{rest}", "test.yaml")

    return load
