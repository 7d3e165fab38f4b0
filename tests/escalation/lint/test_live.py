"""What is known of the live platforms makes checks sharper."""

from syncline.escalation.lint import LiveNames

TWO = LiveNames(
    instances={"snow": "servicenow", "board": "jira"},
    targets={"snow": frozenset({"Desk", "Experts"}), "board": frozenset({"desk", "experts"})},
    channels=frozenset({"sms", "email"}),
)


def test_names_that_are_there_are_fine(linted):
    assert linted.codes(linted.clean, live=TWO) == []


def test_a_target_that_is_not_there_is_named_with_the_nearest(linted):
    found = linted.only(linted.text(("servicenow: Experts", "servicenow: Expert")), "E38", live=TWO)
    assert 'there is no "Expert" on snow' in found.message
    assert "Experts" in found.mend


def test_an_instance_goes_before_its_platform(linted):
    text = linted.text(("servicenow: Experts", "servicenow: Nobody, snow: Experts"))
    assert linted.codes(text, live=TWO) == []


def test_a_channel_or_person_that_is_not_there_is_told(linted):
    text = linted.text(('{sms: "+331", email: ann@example.com}', '{sms: "+331", pigeon: ann}'))
    assert "pigeon" in linted.only(text, "W38", live=TWO).message
    only = linted.text(('{sms: "+331", email: ann@example.com}', "{pigeon: ann}"))
    assert "E38" in linted.codes(only, live=TWO)
    slip = linted.text(('{sms: "+331", email: ann@example.com}', '{sms: "+331", emial: ann@example.com}'))
    assert 'did you mean "email"?' in linted.only(slip, "E38", live=TWO).mend
    known = LiveNames(
        instances={"snow": "servicenow", "board": "jira", "pd": "pagerduty"},
        people={"pd": frozenset({"PANN"})},
    )
    text = linted.text(("  ann: {", "  ann: {ids: {pagerduty: PAN}, "))
    assert '"PAN" on pd' in linted.only(text, "E38", live=known).message


def test_a_tier_needs_a_target_on_each_instance_of_which_another_has_one(linted):
    text = linted.text((", jira: experts", ", board: experts"))
    assert linted.codes(text) == []
    assert linted.codes(text, live=TWO) == []
    more = LiveNames(instances={"snow": "servicenow", "board": "jira", "board2": "jira"})
    found = linted.only(text, "E07", live=more)
    assert found.witness["platform"] == "board2"


def test_an_id_at_a_platform_that_pages_nobody_is_no_way(linted):
    text = linted.text(
        ('  ann: {reach: {sms: "+331", email: ann@example.com}}', "  ann: {ids: {servicenow: ann}}")
    )
    assert linted.codes(text) == ["E35"]
    assert "E35" not in linted.codes(text.replace("ids: {servicenow: ann}", "ids: {pagerduty: PANN}"))
