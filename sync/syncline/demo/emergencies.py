"""The emergencies of the story: what people do about them, and when they take them. Their platforms page them meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from syncline.demo.equivalence import JIRA, SNOW
from syncline.demo.hook import Hook
from syncline.demo.oracle import World
from syncline.demo.pager import Emergency, Page, PageFindings, emergencies, judge
from syncline.demo.people import PlatformRefusedError, UnreachableError
from syncline.demo.play import Play

_DESK: Final = {"group": "Service Desk"}
_ACCOUNT: Final = {"category": "account-compromise", "requester": "olga.petrova@example.com"}
_LOOK: Final = 0.5
"""Seconds between two looks of people at their pagers."""
_TO_THE_DESK: Final = timedelta(seconds=2)
"""So long people need from their pager to their screen."""
_COMES: Final = 8.0
"""Seconds that a page has to come, before the story goes on without it."""


@dataclass(slots=True)
class Emergencies:
    """Three emergencies, and the people whom they call.

    Attributes:
        play: The people.
        hook: By which managers are told.
        cases: What the rules say, and what was done.
    """

    play: Play
    hook: Hook
    cases: dict[str, Emergency] = field(default_factory=emergencies)
    _looked: float = 0.0

    # ---- what people do -------------------------------------------------------------------------

    def begin(self) -> None:
        """A service is down and nobody takes it; an odd sign-in; and an account is compromised for the second time."""
        where = {"category": "network", "priority": "1", **_DESK}
        self._open("e01", "amina", "Core router in Frankfurt is down", **where)
        self.cases["e01"].since = self.play.stage.snow.opened_at(self.play.records["e01"][SNOW])
        self._open("e02", "amina", "Odd sign-ins at the badge server", priority="4", **_DESK)
        for case in ("e03", "e04"):
            self._compromised(case)

    def start_work(self) -> None:
        """The junior takes the odd sign-in: it is in progress, and nobody else has to know of it."""
        self.play.edit("e02", JIRA, "noah", "status", "In Progress")

    def raise_hand(self) -> None:
        """... and finds that it is an attack."""
        text = (
            "/escalate The same badge opened doors in Lyon and in Berlin within a minute: this is an attack"
        )
        edit = self.play.remark("e02", JIRA, "noah", text)
        self.cases["e02"].since = edit.looked_at.replace(microsecond=0)

    def compromise_again(self) -> None:
        """The third time. Back as soon as PagerDuty was asked to page somebody: all else that follows is on its way."""
        self._compromised("e05")
        self.cases["e05"].since = self.play.stage.snow.opened_at(self.play.records["e05"][SNOW])
        self.play.until(lambda: self._paged("e05"), _COMES)

    def _paged(self, case: str) -> bool:
        return any(page.case == case for page in self.play.stage.pd.pages())

    def _compromised(self, case: str) -> None:
        self._open(case, "diane", "Mail of accounting is forwarded abroad", priority="3", **_ACCOUNT, **_DESK)

    def _open(self, case: str, who: str, title: str, **values: str) -> None:
        self.play.create(case, SNOW, who, f"{title} #{case}", f"{title}.", **values)

    # ---- whom it calls --------------------------------------------------------------------------

    def look(self) -> None:
        """Who was paged takes it, at ServiceNow. Called all the while."""
        waiting = [case for case in self.cases.values() if case.since is not None and case.taken_at is None]
        moment = self.play.clock.monotonic()
        if not any(case.due for case in waiting) or moment - self._looked < _LOOK:
            return
        self._looked = moment
        try:
            pages = self.pages()
        except (UnreachableError, PlatformRefusedError):
            return
        # Nobody takes the first one before a manager has been told.
        if self._came(pages, "e01", 3):
            self._take("e01", "bruno", "status", "2")
        if self._came(pages, "e02", 1):
            self._take("e02", "bruno", "assignee", "bruno.keller@example.com")
        if self._came(pages, "e05", 1):
            self._take("e05", "diane", "status", "2")

    def _came(self, pages: Sequence[Page], name: str, steps: int) -> bool:
        """Whether that one is open, and all pages of its first steps came long enough ago."""
        case = self.cases[name]
        if case.since is None or case.taken_at is not None:
            return False
        by_now = self.play.clock.now() - _TO_THE_DESK
        seen = {(page.who, page.by) for page in pages if page.case == name and page.at <= by_now}
        return all((due.who, due.by) in seen for due in case.due[:steps])

    def _take(self, case: str, who: str, what: str, value: str) -> None:
        def act() -> None:
            edit = self.play.edit(case, SNOW, who, what, value)
            self.cases[case].taken_at = edit.at if edit is not None else self.play.clock.now()

        self.play.attempt(act)

    def pages(self) -> list[Page]:
        """All pages so far, as PagerDuty and the web hook have them."""
        return [*self.play.stage.pd.pages(), *self.hook.pages()]

    # ---- what came of it ------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether everything that calls people was taken by one."""
        return all(case.taken_at is not None for case in self.cases.values() if case.due)

    def judge(self, world: World) -> PageFindings:
        """What the oracle says now."""
        return judge(self.cases, self.pages(), world, self.play.clock.now())
