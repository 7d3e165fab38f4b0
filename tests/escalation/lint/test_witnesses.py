"""A finding shows what it means: the incident, the hour in local time and in UTC, the person."""

from datetime import UTC, date, datetime, timedelta

import pytest

LAYER = "- {rotate: [ann, bob], every: 1w, handoff: mon 09:00, from: 2026-01-05}"
STEP_2 = "- {at: 15m, page: L2, if: not ack, move: true}"
MORE = """\
  - id: more
    when: {}
    steps: [{{at: 0m, page: L1, until: ack}}]
    ack: {{holds: 30m}}
    end: {{page: MGMT, every: 30m}}
says:
"""


def sun(*offices):
    """One tier that offices serve one after the other, each at its own local hours."""
    people = "".join(
        f"  {who}{n}: {{reach: {{sms: a, email: b}}}}\n" for n in range(len(offices)) for who in "ab"
    )
    schedules = "".join(
        f"  s{n}:\n    tz: {zone}\n    layers:\n      - rotate: [a{n}, b{n}]\n        every: 1w\n"
        f"        handoff: mon 00:00\n        from: 2025-12-01\n        only: {{daily: {hours}}}\n"
        for n, (zone, hours) in enumerate(offices)
    )
    return (
        f"escalation: 1\npeople:\n{people}schedules:\n{schedules}"
        f"tiers:\n  world: {{who: [{', '.join(f's{n}' for n in range(len(offices)))}]}}\n"
        "policies:\n  - id: all\n    steps: [{at: 0m, page: world, until: ack}]\n    ack: {holds: 1h}\n"
        "    end: {page: world, every: 1h}\n"
    )


@pytest.mark.parametrize(
    ("offices", "stretches", "hours", "first"),
    [
        (
            (
                ("Europe/Paris", "08:00-16:00"),
                ("America/New_York", "10:00-18:00"),
                ("Asia/Singapore", "07:00-15:00"),
            ),
            238,
            238,
            "Sun 2026-03-08 23:00 Europe/Paris (22:00 UTC)",
        ),
        (
            (("Europe/Paris", "08:00-20:00"), ("Australia/Sydney", "06:00-18:00")),
            210,
            392,
            "Sun 2026-03-29 20:00 Europe/Paris (18:00 UTC)",
        ),
    ],
)
def test_hours_that_meet_in_winter_only_leave_holes_that_are_counted_to_the_hour(
    linted, offices, stretches, hours, first
):
    found = linted.only(sun(*offices), "E10", today=date(2026, 1, 1))
    assert found.witness["stretches"] == stretches
    assert found.witness["hours"] == hours
    assert found.witness["from"] == first
    assert "do not meet" in found.message


def test_a_hole_names_who_is_away_and_the_hour_on_both_clocks(linted):
    found = linted.only(linted.text(("  ann: {", "  ann: {away: 2027-01-05/2027-01-06, ")), "E10")
    assert "ann is away, and nobody stands in" in found.message
    assert found.witness["from"] == "Tue 2027-01-05 00:00 Europe/Paris (2027-01-04 23:00 UTC)"
    assert found.witness["until"] == "Thu 2027-01-07 00:00 Europe/Paris (2027-01-06 23:00 UTC)"
    assert found.witness["hours"] == 48
    line = linted.text().splitlines()[found.line - 1]
    assert line.strip() == "desk:"


def test_a_rota_that_begins_today_is_an_error_only_if_the_hour_is_to_come(linted):
    text = linted.text((LAYER, LAYER.replace("2026-01-05", "2026-11-23")))
    assert linted.codes(text) == ["W10"]
    early = datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert linted.only(text, "E10", today=early).witness["hours"] == 3
    assert linted.codes(text, today=datetime(2026, 11, 23, 10, tzinfo=UTC)) == []


def test_holes_beyond_the_horizon_are_not_looked_at(linted):
    text = linted.text(("  ann: {", "  ann: {away: 2027-06-01/2027-06-30, "))
    assert linted.codes(text, horizon=timedelta(days=90)) == []
    assert "E10" in linted.codes(text)


def test_a_hole_that_the_policy_says_what_to_do_about_is_a_warning(linted):
    away = ("  ann: {", "  ann: {away: 2027-01-05/2027-01-06, ")
    found = linted.only(linted.text(away, ("    end:", "    nobody: wait\n    end:")), "W10")
    assert "nobody: wait" in found.message


def test_holes_out_of_the_hours_of_the_clock_are_none(linted):
    text = linted.text(
        ("people:\n", "calendars: {office: {open: {mon-fri: 08:00-18:00}}}\npeople:\n"),
        ("{target: 4h,", "{target: 4h, calendar: office,"),
        (LAYER, LAYER.replace("}", ", only: {mon-fri: [08:00-12:00, 12:00-18:00]}}")),
    )
    assert linted.codes(text) == []


def test_a_ladder_that_finds_nobody_at_night_is_an_error_of_the_policy(linted):
    hours = "only: {mon-fri: 08:00-18:00}"
    text = linted.text(("from: 2026-01-05}", f"from: 2026-01-05, {hours}}}"))
    found = [one for one in linted.check(text) if one.code == "E10"]
    assert len(found) == 1
    assert "policy all reaches nobody at all" in found[0].message
    assert found[0].witness["from"] == "Mon 2026-11-23 01:00 Europe/Paris (00:00 UTC)"


def test_a_break_of_a_shift_with_closing_time_is_no_slip(linted):
    lunch = LAYER.replace("}", ", only: {mon-fri: [08:00-12:00, 13:00-18:00]}}")
    assert linted.codes(linted.text((LAYER, lunch))) == ["W10"]
    shifts = (
        LAYER.replace("}", ", only: {mon-fri: 06:00-14:00}}")
        + "\n      "
        + LAYER.replace("[ann, bob]", "[bob, ann]").replace("}", ", only: {mon-fri: 15:00-22:00}}")
    )
    found = [one for one in linted.check(linted.text((LAYER, shifts))) if one.code == "E10"]
    assert [one.witness["from"] for one in found] == ["Mon 2026-11-23 14:00 Europe/Paris (13:00 UTC)"]


def test_the_same_person_on_two_steps_is_shown_with_an_hour(linted):
    text = linted.text(
        (LAYER, f"{LAYER}\n    backfill: experts"),
        ("  ann: {", "  ann: {away: 2027-01-05/2027-01-06, "),
    )
    found = linted.only(text, "W40")
    assert found.witness["person"] == "cleo"
    assert found.witness["from"] == "Tue 2027-01-05 00:00 Europe/Paris (2027-01-04 23:00 UTC)"
    assert found.witness["hours"] == 48


def test_policies_that_want_the_same_incident_show_it(linted):
    text = linted.text(
        ("  - id: all\n", "  - id: all\n    when: priority != 1\n"),
        ("says:\n", MORE.format('priority <= 2 and service == "shop"')),
        ("says:\n", MORE.replace("more", "urgent").format('priority == 1 and service != "shop"')),
    )
    found = linted.only(text, "E25")
    assert found.witness["policies"] == ["all", "more"]
    assert found.witness["incident"] == {"priority": 2, "resolved": False, "service": "shop"}


def test_policies_side_by_side_are_fine(linted):
    text = linted.text(("says:\n", MORE.format("priority == 1\n    with: [all]")))
    assert linted.codes(text) == []


def test_a_policy_that_others_take_everything_from_is_told(linted):
    text = linted.text(
        ("  - id: all\n", "  - id: all\n    when: priority <= 3\n"),
        ("says:\n", MORE.replace("more", "low").format("priority is none or priority > 3")),
        ("says:\n", MORE.format("priority in [3, 4]")),
    )
    found = linted.check(text)
    assert [one.code for one in found] == ["E25", "E25", "E50"]
    assert "all and low together take every incident" in found[2].message


def test_incidents_without_a_policy_are_shown_by_their_priority(linted):
    found = linted.only(
        linted.text(("  - id: all\n", "  - id: all\n    when: priority <= 3 or priority is none\n")), "W51"
    )
    assert "priority 4 and 5" in found.message
    assert found.witness["incident"]["priority"] == 4


def test_a_policy_wider_than_its_clock_shows_an_incident_between_them(linted):
    text = linted.text(
        ("{target: 4h,", "{when: priority <= 2, target: 4h,"),
        ("  - id: all\n", "  - id: all\n    when: priority <= 3\n"),
        ("says:\n", MORE.format("priority is none or priority > 3")),
    )
    assert linted.only(text, "E23").witness["incident"] == {"priority": 3, "resolved": False}


def test_what_a_move_changes_is_not_held_against_a_later_step(linted):
    text = linted.text(
        ("  - id: all\n", '  - id: all\n    when: tier == "L1"\n'),
        ("if: not resolved, say", "if: 'tier == \"L2\"', say"),
        ("says:\n", MORE.format('tier != "L1"')),
    )
    assert linted.codes(text) == []


def test_a_group_makes_the_tier(linted):
    text = linted.text(
        ("  - id: all\n", '  - id: all\n    when: group == "Desk"\n'),
        ("says:\n", MORE.format('tier == "L2"')),
    )
    assert linted.codes(text) == ["W51"]


def test_parts_of_an_sla_that_exclude_each_other_are_not_added_up(linted):
    part = "  {id}: {{kind: OLA, target: 3h, part_of: restore, when: '{when}'}}\n"
    both = part.format(id="net", when='category == "network"') + part.format(
        id="db", when='category == "database"'
    )
    assert linted.codes(linted.text(("policies:\n", both + "policies:\n"))) == []
    chain = part.format(id="first", when='tier == "L1"') + part.format(id="second", when='tier == "L2"')
    found = linted.only(linted.text(("policies:\n", chain + "policies:\n")), "E32")
    assert found.witness["parts"] == "3h (first) + 3h (second)"
    assert "6h together" in found.message


def test_a_priority_that_is_raised_into_another_policy_is_shown(linted):
    text = linted.text(
        ("  - id: all\n", "  - id: all\n    when: priority != 2\n"),
        ("says:\n", MORE.format("priority == 2")),
        (STEP_2, STEP_2.replace("}", ", do: raise_priority}")),
    )
    found = linted.only(text, "W52")
    assert found.witness["incident"] == {"priority": 3, "priority later": 2, "resolved": False}


def test_a_file_that_cannot_be_read_has_the_faults_of_its_form(linted):
    found = linted.check(linted.text(("who: desk", "who: dsek"), (STEP_2, STEP_2.replace("ack", "akc"))))
    assert [one.code for one in found] == ["E06", "E01"]
    assert '"desk"' in found[0].message
    assert "^^^" in found[1].witness["at"]


def test_a_day_without_a_zone_is_refused(linted):
    with pytest.raises(ValueError, match="time zone"):
        linted.check(linted.clean, today=datetime(2026, 11, 23, 5))  # noqa: DTZ001


def test_closing_time_in_which_the_same_step_pages_others_is_fine(linted):
    text = linted.text(
        (LAYER, LAYER.replace("}", ", only: {mon-fri: 08:00-18:00}}")), ("page: L1,", "page: [L1, MGMT],")
    )
    assert linted.codes(text) == []
