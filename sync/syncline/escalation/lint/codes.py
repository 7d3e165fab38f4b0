"""All checks of the linter, each with one line: what `syncline policy check --codes` shows.

The letter is the severity: E is surely wrong, W is doubtful, I is good to know. Of one check with two letters, the
W is the milder case.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


_LETTERS: Final = {"E": Severity.ERROR, "W": Severity.WARNING, "I": Severity.INFO}


def severity(code: str) -> Severity:
    """The severity that a code stands for."""
    return _LETTERS[code[0]]


CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Found while the file is read.
        "E00": "The file is not of the form of the language.",
        "E01": "A condition has an unknown name, a wrong type, or a value that there is not.",
        "E06": "A schedule, tier, person, calendar, clock or message that nobody defined.",
        "W06": "A message goes to an audience behind which nobody stands.",
        "W07": "A target names a project, which has no effect.",
        "E12": "A name stands twice.",
        "E13": "Not a duration.",
        # Conditions.
        "E02": "A condition can never be true.",
        "W03": "A condition is always true, so that it says nothing.",
        "W29": "Undecided: a condition tells too many cases apart to be checked.",
        # Clocks.
        "E04": "A clock's pause can never happen while the clock runs.",
        "W04": "A clock's pause and its start exclude each other: ServiceNow cancels such an SLA instead of pausing it.",
        "W05": "A clock may stand still for ever, because its pauses have no limit.",
        "E23": "A policy is for incidents that its clock is not for.",
        "W24": "A clock with a target on which no policy runs.",
        "E30": "A clock has stopped already when it starts.",
        "E31": "A clock stands still all the time.",
        "E32": "The parts of an SLA take longer than the SLA.",
        "W32": "The parts of an SLA may take longer than the SLA; they run on different calendars.",
        "E33": "A clock is part of itself.",
        "W42": "A policy sleeps out of business hours, while an SLA of the same incidents runs day and night.",
        # Names.
        "W30": "A definition that nothing uses.",
        "I30": "An absence or an override that is over.",
        "I31": "A person who is on no schedule and in no tier any more.",
        # Tiers and people.
        "E07": "A record is moved to a tier that has no target on a platform on which other tiers have one.",
        "W34": "A tier has no target on a platform on which other tiers have one; no step moves records there.",
        "E56": "Records are moved to a tier that has the group of another one, and then count as the other's.",
        "W56": "Two tiers have one group, or one name on a platform, so that nobody can tell them apart there.",
        "E08": "Tiers that follow one another in a circle.",
        "E09": "Managers in a circle.",
        "E20": "A record cannot move to a tier that is only informed.",
        "W20": "The tier above is only informed in some cases, and the record then stays where it is.",
        "W35": "A tier that is only informed has targets, or a group of its own: nothing is ever moved there.",
        "E35": "Nobody can reach this person: there is neither a way nor an id at a platform.",
        "W36": "`page: next` for an incident whose tier has none above it.",
        "W37": "`page: manager` for somebody who has no manager.",
        "E38": "A platform, instance, group, person or channel that is not there.",
        "W38": "A platform that is named and not connected here.",
        "W39": "More people are paged at once than PagerDuty takes.",
        # Who is on call.
        "E10": "Nobody is on call.",
        "W10": "Nobody is on call out of hours; the policy goes on as it says.",
        "W11": "A single person is on call all year.",
        "W40": "A step pages nobody but those who were paged by the step before.",
        "E40": "A schedule fills in for itself.",
        "E41": "Somebody stands in while they are away.",
        "W41": "A layer that never serves, or layers or overrides that claim the same hours.",
        "W43": "A handoff at a local time that a change of the clock skips or repeats.",
        "W44": "People of one rotation are on call for very different times.",
        "W45": "Somebody is on call for very long without a break.",
        "W46": "A person who is named is away, and nobody stands in.",
        # Steps.
        "E14": "A share of a target on a clock that has none.",
        "E15": "Steps out of order.",
        "W16": "Two steps page at the same moment.",
        "E17": "A step is due when the SLA's target is used up already.",
        "W17": "A step at 100 % of the SLA's target or later.",
        "E18": "A step that can never fire.",
        "W18": "A step that fires only in rare cases.",
        "W19": "Repetitions run into the next step.",
        "W57": "Repetitions go on although somebody has acknowledged.",
        "E21": "A dead end: nothing happens after the last step.",
        "W22": "An acknowledgement stops it for ever.",
        "W47": "Steps less than a second apart.",
        "W48": "More pages in an hour than one person can answer.",
        # Policies together.
        "E25": "Two policies want the same incident, and neither says that they may run together.",
        "E50": "A policy that never runs, because others go before it.",
        "W51": "Incidents that no policy looks at.",
        "W52": "Policies that raise the priority one after the other.",
        "W53": "A policy ends by its own step.",
        # Priority.
        "E26": "The priority matrix is not complete, or a worse incident gets a lower priority.",
        "W26": "The priority matrix has no cell for a level that there is.",
        "E54": "A raise of the priority that never changes anything.",
        # Messages and pages that nobody got.
        "W60": "A page that does not arrive has no second way, and nobody else is paged for it.",
        "E61": "A message that reaches nobody: no one of its audience has one of its ways.",
        "W61": "A message that does not reach everybody of its audience.",
        "W62": "A way for undelivered pages that nobody who is paged has.",
        "I63": "Somebody with quiet hours hears of incidents by messages only, and of those at night in the morning.",
        # Allowances.
        "W70": "An allowance that allows nothing.",
    }
)
"""Code to what it is about."""
