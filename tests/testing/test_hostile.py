"""Each check can fail: for each there is a connector that breaks it, and is sound but for that."""

import pytest
from hostile import FOUND, HOSTILE, STANDS

from syncline.testing import ALL, Tier, Verdict, conformance, examine
from syncline.testing.examination import carried_out


def test_there_is_a_mistake_for_every_check():
    assert {check.name for check in ALL} == set(HOSTILE)


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_the_check_finds_the_mistake(check):
    plugin = HOSTILE[check.name]
    outcome = carried_out(check, plugin, STANDS[plugin.platform])
    assert outcome.verdict is Verdict.BROKEN, outcome
    assert outcome.why
    assert check.reason in str(outcome)
    assert check.hint in str(outcome)


BROKEN = "lookup-finds-by-name-and-id"
CHECKS = [
    check for check in ALL if check.name in {BROKEN, "plugin-has-a-plain-name", "settings-are-described"}
]


class TestExamination:
    def test_the_tier_is_the_highest_of_which_all_holds(self):
        plugin = HOSTILE[BROKEN]
        found = examine(plugin, STANDS[plugin.platform], checks=CHECKS)
        assert [one.verdict for one in found.outcomes] == [Verdict.HOLDS, Verdict.HOLDS, Verdict.BROKEN]
        assert found.tier is Tier.BRONZE
        (broken,) = found.of(Verdict.BROKEN)
        assert broken.check.name == BROKEN

    def test_a_skip_counts_against_it(self):
        plugin = FOUND["servicenow"]
        whole = examine(plugin, STANDS["servicenow"], checks=CHECKS)
        assert whole.tier is Tier.GOLD
        skipped = examine(plugin, STANDS["servicenow"], {BROKEN: "not yet"}, CHECKS)
        assert skipped.tier is Tier.BRONZE
        assert [one.why for one in skipped.of(Verdict.SKIPPED)] == ["not yet"]

    @pytest.mark.parametrize("skips", [{"no-such-check": "because"}, {BROKEN: " "}])
    def test_a_skip_names_a_check_and_a_reason(self, skips):
        with pytest.raises(ValueError, match=r"no-such-check|no reason"):
            conformance(FOUND["servicenow"], STANDS["servicenow"], skips)

    def test_what_nobody_foresaw_is_said(self):
        plugin = HOSTILE["connector-is-whole"]
        checks = [check for check in ALL if check.name == "people-are-found"]
        (outcome,) = examine(plugin, STANDS["servicenow"], checks=checks).outcomes
        assert outcome.verdict is Verdict.BROKEN
        assert "TypeError" in outcome.why
