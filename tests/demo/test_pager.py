"""The oracle of escalation: every claim about pages must be able to fail, and none may fail without a cause."""

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import syncline.demo
from syncline.demo.claims import paging
from syncline.demo.equivalence import CHERWELL, HELIX, JIRA, PD, SIDES, SNOW, Remark, Ticket
from syncline.demo.pager import HOOK, SAID_AGAIN, Page, emergencies, judge
from syncline.demo.rules import policy
from syncline.escalation.reading import read_book
from syncline.escalation.rota import on_call

BEGAN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WHO = "Whom the rota names is paged, and nobody else"
ONCE = "Every page comes once"
TIME = "No page comes before its time"
PLACE = "An incident moves where the rules say; managers are only told"
TAKEN = "Nobody is paged after somebody took it"
NOTES = "Every ticket says who was paged and why, in internal notes"
PRIORITY = {
    SNOW: {"1": "1", "2": "2", "3": "3", "4": "4"},
    JIRA: {"1": "Highest", "2": "High", "3": "Medium", "4": "Low"},
    PD: {"1": "P1", "2": "P2", "3": "P3", "4": "P4"},
    HELIX: {"1": "Critical", "2": "High", "3": "Medium", "4": "Low"},
    CHERWELL: {"1": "1", "2": "2", "3": "3", "4": "4"},
}


def at(seconds):
    return BEGAN + timedelta(seconds=seconds)


class Night:
    """All went well: the ladder was climbed to the manager, a hand was answered, and security was called."""

    def __init__(self):
        self.cases = emergencies()
        for name, since, taken in (("e01", 0, 27), ("e02", 15, 18), ("e05", 50, 62)):
            self.cases[name].since, self.cases[name].taken_at = at(since), at(taken)
        self.pages = [
            Page("e01", "amina", PD, at(1), "[P1] Core router"),
            Page("e01", "bruno", PD, at(15), "[P1] Core router"),
            Page("e01", "olga", HOOK, at(25.3), "[P1] Core router"),
            Page("e02", "bruno", PD, at(15), "[P4] Odd sign-ins"),
            Page("e05", "diane", PD, at(58), "[P2] Mail"),
        ]
        self.tickets = {(name, side): self._ticket(name, side) for name in self.cases for side in SIDES}

    def _ticket(self, name, side):
        case = self.cases[name]
        group = {PD: f"{case.group} escalation", JIRA: ""}.get(side, case.group)
        paged = {page.who for page in self.pages if page.case == name}
        notes = tuple(
            Remark(
                f"Escalation {case.rule}, step {due.step} (0m): paged {due.who} (turn). It holds",
                False,
                "Syncline",
            )
            for due in case.due
            if due.who in paged
        )
        return Ticket(
            side,
            f"{side}-{name}",
            f"{side}-{name}",
            f"Something is wrong #{name}",
            "",
            "",
            PRIORITY[side][case.priority],
            "",
            group,
            (),
            notes,
        )

    def now(self, name, side, **values):
        self.tickets[name, side] = replace(self.tickets[name, side], **values)

    def page(self, case, who, by, seconds, text="[P1] Core router"):
        self.pages.append(Page(case, who, by, at(seconds), text))

    def lose(self, who):
        self.pages = [page for page in self.pages if page.who != who]

    def judge(self, seconds=100):
        world = {side: [t for (_, s), t in self.tickets.items() if s == side] for side in SIDES}
        return judge(self.cases, self.pages, world, at(seconds))

    def failed(self, seconds=100):
        """The claims that do not hold."""
        return [claim.claim for claim in paging(self.judge(seconds), 20) if not claim.holds]


@pytest.fixture
def night():
    return Night()


def test_a_night_on_which_all_went_well_is_sound(night):
    found = night.judge()
    assert found.sound
    assert found.paged == {"e01": ["amina", "bruno", "olga"], "e02": ["bruno"], "e05": ["diane"]}
    assert (found.repeats, found.latest, found.notes) == (0, 8.0, 25)
    assert found.places == {"e01": "Network", "e02": "Service Desk", "e05": "Security"}
    assert night.failed() == []
    # The manager five times more about the first one, and once about the second.
    assert found.spared == 5 + 1


# ---- whom -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "who", "by"),
    [
        ("e01", "chloe", PD),  # on vacation
        ("e01", "olga", PD),  # by a way that the rules do not know
        ("e02", "amina", PD),
        ("e03", "diane", PD),  # the first time is none of security's business
        ("c07", "bruno", PD),  # no rule is about that one
        ("", "bruno", HOOK),
    ],
)
def test_a_page_that_no_rule_asks_for_is_found(night, case, who, by):
    night.page(case, who, by, 20)
    assert night.failed() == [WHO]


@pytest.mark.parametrize("who", ["amina", "bruno", "olga", "diane"])
def test_a_page_that_did_not_come_is_found(night, who):
    night.lose(who)
    for name in ("e02", "e05"):
        night.cases[name].taken_at = None
    night.cases["e01"].taken_at = at(34)
    assert WHO in night.failed(54)


def test_a_page_that_is_due_just_when_somebody_takes_it_may_come_or_not(night):
    night.lose("olga")
    night.cases["e01"].taken_at = at(24.9)
    assert night.failed() == []
    night.page("e01", "olga", HOOK, 25.2)
    assert night.failed() == []


def test_pages_of_what_has_not_begun_are_found(night):
    night.cases["e05"].since = None
    assert night.failed() == [WHO]


# ---- once -----------------------------------------------------------------------------------------


def test_a_page_that_comes_twice_is_found(night):
    night.page("e05", "diane", PD, 60)
    assert night.failed() == [ONCE]
    assert night.judge().doubled == [
        "diane was paged about #e05 by PagerDuty at 12:01:00, for the 2. time",
    ]


def test_a_manager_who_is_told_twice_at_once_is_found(night):
    night.page("e01", "olga", HOOK, 26)
    assert night.failed() == [ONCE]


def test_a_repetition_that_the_rules_ask_for_is_no_double(night):
    night.cases["e01"].taken_at = at(41)
    night.page("e01", "olga", HOOK, 40.2)
    assert night.failed() == []


def test_a_page_that_says_that_it_may_be_a_repeat_is_counted_as_such(night):
    night.page("e05", "diane", PD, 69, f"{SAID_AGAIN}: it is not known ...")
    found = night.judge()
    assert found.sound
    assert found.repeats == 1


def test_where_the_first_one_was_lost_the_repeat_is_the_page(night):
    night.lose("diane")
    night.page("e05", "diane", PD, 60, f"{SAID_AGAIN}: it is not known ...")
    assert night.judge().sound


# ---- when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("index", "seconds"), [(1, 14), (2, 24.999), (3, 14), (4, 49)])
def test_a_page_before_its_time_is_found(night, index, seconds):
    night.pages[index] = replace(night.pages[index], at=at(seconds))
    assert night.failed() == [TIME]


def test_a_page_after_somebody_took_it_is_found(night):
    night.page("e01", "olga", HOOK, 40)
    assert night.failed() == [TAKEN]


def test_word_of_it_may_take_a_moment(night):
    night.cases["e01"].taken_at = at(36)
    night.page("e01", "olga", HOOK, 40)
    assert night.failed() == []


# ---- where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "side", "values"),
    [
        ("e01", SNOW, {"group": "Service Desk"}),  # the move did not come
        ("e01", PD, {"group": "Service Desk escalation"}),
        ("e01", SNOW, {"group": "Management"}),  # management got the ticket
        ("e02", PD, {"group": "Network escalation"}),  # nobody said that it should move
        ("e05", SNOW, {"group": ""}),
        ("e05", JIRA, {"priority": "Medium"}),  # not raised
        ("e04", PD, {"priority": "P2"}),  # raised, and too early
    ],
)
def test_an_incident_in_the_wrong_place_is_found(night, case, side, values):
    night.now(case, side, **values)
    assert night.failed() == [PLACE]


# ---- notes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", SIDES)
def test_a_ticket_without_a_note_is_found(night, side):
    night.now("e01", side, remarks=night.tickets["e01", side].remarks[:2])
    assert night.failed() == [NOTES]


def test_a_note_that_stands_twice_is_found(night):
    notes = night.tickets["e02", JIRA].remarks
    night.now("e02", JIRA, remarks=notes + notes)
    assert night.judge().undocumented == ["step 1 of hand-raise has 2 notes on Jira jira-e02 (#e02)"]


def test_a_note_that_does_not_say_whom_is_found(night):
    (note,) = night.tickets["e05", PD].remarks
    night.now("e05", PD, remarks=(replace(note, text=note.text.replace("diane", "somebody")),))
    assert night.failed() == [NOTES]


def test_a_note_that_a_customer_can_read_is_found(night):
    first, *others = night.tickets["e01", SNOW].remarks
    night.now("e01", SNOW, remarks=(replace(first, public=True), *others))
    assert night.failed() == [NOTES]


# ---- the rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-20, 0, 20])
def test_the_rota_by_hand_is_that_of_the_policy_whatever_the_hour(hours):
    today = BEGAN.date()
    book = read_book(policy(today), "policy")
    found = {name: on_call(book, name, BEGAN + timedelta(hours=hours)) for name in book.schedules}
    assert {name: one and one.person for name, one in found.items()} == {
        "desk": "amina",
        "stand-in": "amina",
        "network": "bruno",
        "security": "diane",
        "managers": "olga",
    }
    assert found["desk"].why == "backfill of desk: chloe is away"


def test_the_steps_by_hand_are_those_of_the_policy():
    book = read_book(policy(BEGAN.date()), "policy")
    who = {tier.id: on_call(book, tier.who[0], BEGAN).person for tier in book.tiers.values()}
    who["next"] = who["L2"]
    for case in emergencies().values():
        if case.rule:
            steps = [(who[step.page[0]], step.at) for step in book.policy(case.rule).steps]
            assert steps == [(due.who, due.after) for due in case.due]


def test_it_asks_nothing_of_what_it_judges():
    text = (Path(syncline.demo.__file__).parent / "pager.py").read_text()
    imported = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    ours = {module for module in imported if module and module.startswith("syncline")}
    assert ours == {"syncline.demo.equivalence", "syncline.demo.oracle"}
