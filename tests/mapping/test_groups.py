"""Groups: what they are called on a platform, and how tiers of the escalation book are laid over a mapping."""

import json
import string
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.connector import Native, Party, PartyKind
from syncline.mapping import Mapping, Parties, load_mapping
from syncline.mapping.directory import folded
from syncline.model import Incident

POLICIES = Parties.of(
    [
        Party(PartyKind.GROUP, "PDBA001", "Databases 24x7"),
        Party(PartyKind.GROUP, "PNET001", "Network escalation"),
        Party(PartyKind.GROUP, "PDBA002", "DBA"),
        Party(PartyKind.GROUP, "PSEC001", "Security"),
    ]
)


def written(mapping: Mapping, group: str, present: dict[str, Native] | None = None) -> dict[str, Native]:
    change = {"group": group}
    return dict(mapping.write(change, Incident("SL-1", change), present or {}, POLICIES).values)


def read(mapping: Mapping, native: str) -> object:
    return mapping.read({"escalation_policy": native}, POLICIES).values.get("group")


def test_a_tier_goes_by_its_own_name_here_both_ways(shipped_for: Callable[[str], Mapping]) -> None:
    for target in ("Databases 24x7", "PDBA001", "databases 24X7"):
        mapping = shipped_for("pagerduty").with_groups({"DBA": target})
        assert written(mapping, "DBA") == {"escalation_policy": "PDBA001"}
        assert read(mapping, "PDBA001") == "DBA"
        # Other groups go by the mapping's own rules.
        assert written(mapping, "Network") == {"escalation_policy": "PNET001"}
        assert read(mapping, "PNET001") == "Network"


def test_it_goes_before_the_names_of_the_mapping(mapping_with: Callable[[str], Mapping]) -> None:
    fields = "group: {field: escalation_policy, values: {DBA: Security, Web: Databases 24x7}}"
    mapping = mapping_with(fields).with_groups({"DBA": "Databases 24x7"})
    assert written(mapping, "DBA") == {"escalation_policy": "PDBA001"}
    assert read(mapping, "PDBA001") == "DBA"
    # What the mapping calls so, too, agrees with it and is left alone.
    assert mapping.holds("group", "Web", {"escalation_policy": "PDBA001"}, POLICIES)


def test_a_record_that_says_the_group_in_other_words_is_left_alone(
    shipped_for: Callable[[str], Mapping],
) -> None:
    mapping = shipped_for("pagerduty").with_groups({"DBA": "Databases 24x7"})
    assert read(mapping, "PDBA002") == "DBA"
    assert written(mapping, "DBA", {"escalation_policy": "PDBA002"}) == {}
    assert written(mapping, "DBA", {"escalation_policy": "PNET001"}) == {"escalation_policy": "PDBA001"}


def test_a_target_that_nobody_has_met_is_looked_for(shipped_for: Callable[[str], Mapping]) -> None:
    mapping = shipped_for("pagerduty").with_groups({"DBA": "PNEW001"})
    change = {"group": "DBA"}
    writing = mapping.write(change, Incident("SL-1", change), {}, POLICIES)
    assert writing.values == {}
    assert [entry.party for entry in writing.withheld] == [(PartyKind.GROUP, "PNEW001")]
    # A record that stands there already says it.
    assert read(mapping, "PNEW001") == "DBA"
    assert mapping.holds("group", "DBA", {"escalation_policy": "PNEW001"}, POLICIES)


def test_a_mapping_without_groups_stays_as_it_is(mapping_with: Callable[[str], Mapping]) -> None:
    mapping = mapping_with("title: summary")
    assert mapping.with_groups({"DBA": "Databases"}) is mapping


def test_an_id_in_the_table_of_a_mapping_reads_back(mapping_with: Callable[[str], Mapping]) -> None:
    mapping = mapping_with("group: {field: escalation_policy, values: {DBA: PDBA001}}")
    assert written(mapping, "DBA") == {"escalation_policy": "PDBA001"}
    assert read(mapping, "PDBA001") == "DBA"


WORDS = st.sampled_from(["DBA", "Network", "Security", "Web", "dba", "Web escalation", "L1", "On Call"])
TARGETS = st.text(alphabet=string.ascii_lowercase[:4], min_size=1, max_size=2)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Mapping, Parties, dict[str, str]]:
    """A mapping with tables of its own, a directory, and targets laid over it."""
    names = draw(st.lists(WORDS | TARGETS, min_size=1, max_size=6, unique_by=folded))
    parties = Parties.of(Party(PartyKind.GROUP, f"g{n}", name) for n, name in enumerate(names))
    ids = [f"g{n}" for n in range(len(names))]
    entry: dict[str, object] = {"field": "grp"}
    entry["names"] = draw(st.sampled_from([["*"], ["*", "* escalation"], ["* escalation", "*"]]))
    table = draw(st.dictionaries(WORDS, st.sampled_from([*names, *ids]), max_size=3))
    if table:
        entry["values"] = table
    laid = draw(st.dictionaries(WORDS, st.sampled_from([*names, *ids]), max_size=4))
    laid = dict({folded(common): (common, name) for common, name in laid.items()}.values())
    text = json.dumps({"mapping": 1, "platform": "test", "fields": {"group": entry}})
    return load_mapping(text).with_groups(laid), parties, laid


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_any_targets_keep_the_laws(world: tuple[Mapping, Parties, dict[str, str]]) -> None:
    mapping, parties, laid = world
    natives = {common: parties.native(PartyKind.GROUP, name) or name for common, name in laid.items()}
    for common, target in natives.items():
        # Put-get: what is written reads back as the tier's group, or as the first of those that share the target.
        change = {"group": common}
        known = Incident("SL-1", change)
        values = dict(mapping.write(change, known, {}, parties).values)
        assert values == {"grp": target}
        first = next(other for other, native in natives.items() if native == target)
        assert mapping.read(values, parties).values == {"group": first}
        assert mapping.read(values, parties, known).values == change
        assert mapping.write(change, known, values, parties).values == {}
    for _, native in parties.parties:
        # Get-put: what is read and written back changes nothing.
        present: dict[str, Native] = {"grp": native}
        seen = mapping.read(present, parties).values
        assert mapping.write(seen, Incident("SL-1", seen), present, parties).values == {}
