"""What became of tickets that people deleted: the others go on without them, and nothing stands there again. What nobody was
told of before that went with them."""

import re
from collections.abc import Callable, Mapping, Sequence

from network import Network
from people import Deleted

from syncline.demo.equivalence import TITLES, Ticket
from syncline.demo.script import CREATE, FIELDS, FILE, LABEL, REMARKS, Edit, Script


class Deletions:
    """The deleted tickets of one world.

    Args:
        script: What people did.
        network: What the platforms told us.
        deleted: By record.
        shown: Whether a reply had shown us, until that second of the world, what an edit made of a field.
    """

    def __init__(
        self,
        script: Script,
        network: Network,
        deleted: Mapping[str, Deleted],
        shown: Callable[[Edit, float], bool],
    ) -> None:
        self.script, self.network, self.deleted = script, network, deleted
        self._shown = shown

    def explain(self, missing: str) -> bool:
        """Whether a ticket is missing because somebody deleted it; or because the incident's first ticket was deleted before
        any reply had shown it to us."""
        return any(
            missing == f"#{one.case} does not stand on {TITLES[one.side]}"
            or (
                missing.startswith(f"#{one.case} ")
                and self._opened_as(one.case) == record
                and not self._known(record)
            )
            for record, one in self.deleted.items()
        )

    def revived(self, world: Mapping[str, Sequence[Ticket]]) -> list[str]:
        """Tickets that were deleted and stand there again. Where no reply had shown us that ours was there, its create was in
        doubt, and looked for in vain."""
        return [
            f"revived: #{one.case} was deleted on {TITLES[one.side]} and stands there again as {ticket.key}"
            for record, one in self.deleted.items()
            for ticket in world[one.side]
            if ticket.case == one.case and self._known(record)
        ]

    def took(self, lost: str) -> bool:
        """Whether a note or a file was on a ticket that somebody deleted before we were told of it."""
        items = [
            e
            for e in self.script.edits
            if e.record in self.deleted and e.what not in {*FIELDS, LABEL, CREATE}
        ]
        for edit in items:
            name = edit.value.rpartition("|")[0] if edit.what == FILE else repr(edit.value)
            if lost.startswith(f"#{edit.case} {edit.what} {name} is not on"):
                return self.took_edit(edit)
        return False

    def took_edit(self, edit: Edit) -> bool:
        """Whether an edit went with its ticket before we were told of it."""
        return edit.record in self.deleted and not self._told_of(edit)

    def _opened_as(self, case: str) -> str:
        return next(e.record for e in self.script.of_case(case) if e.what == CREATE)

    def _known(self, record: str) -> bool:
        """Whether any reply had shown us a record before it was deleted."""
        one = self.deleted[record]
        return any(said <= one.at and _names(body, record) for said, body in self.network.heard[one.side])

    def _told_of(self, edit: Edit) -> bool:
        began, until = self.network.loop.begin, self.deleted[edit.record].at
        at = (edit.at - began).total_seconds()
        if edit.what in {"title", "status", "priority"}:
            return self._shown(edit, until)
        if edit.what == FILE:
            return False  # Its name is of no use without its content, and when that was fetched is not looked up here.
        bodies = [body for said, body in self.network.heard[edit.side] if at <= said <= until]
        # The number of the deed stands at the beginning of every text, in letters that no encoding changes.
        numbered = re.match(r".*? no\. \d+", edit.value)
        if edit.what in {*REMARKS, "description"} and numbered:
            return any(numbered[0].encode() in body for body in bodies)
        return any(_names(body, edit.record) for body in bodies)


def _names(body: bytes, record: str) -> bool:
    """Whether a reply names a record. Jira's types and projects have numbers like its issues."""
    pattern = rf'"id": ?"{record}"[^{{}}]*"key": ?"[A-Z]+-' if record.isdigit() else record
    return re.search(pattern.encode(), body) is not None
