"""People and groups of Jira: by accountId on Cloud, by user name on Data Center."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from syncline.connector import Party, PartyKind
from syncline.errors import Gone
from syncline_jira import records, shape
from syncline_jira.client import JiraClient
from syncline_jira.records import Lens

_AT_ONCE: Final = 50
_CANDIDATES: Final = 50
_TEAM: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{1,19}")

_ACCOUNT: Final = re.compile(r"[0-9A-Za-z_-]+(?::[0-9A-Za-z-]+)?")
"""What an account id of Cloud may look like: `5b10a2844c20165700ede21g`, `712020:0c7c1d40-1a62-4c43-9d3e-6d0d7e1fb0e1`."""


def people(client: JiraClient, lens: Lens, ids: Sequence[str]) -> list[Party]:
    """Those people that there are. Cloud tells fifty in one request, Data Center one."""
    wanted = [one for one in dict.fromkeys(ids) if one]
    if not lens.cloud:
        found = (_by_name(client, one) for one in wanted)
        return [records.party(user, lens) for user in found if user]
    parties: list[Party] = []
    for begin in range(0, len(wanted), _AT_ONCE):
        part = wanted[begin : begin + _AT_ONCE]
        page = shape.mapping(client.get("user/bulk", {"accountId": part, "maxResults": len(part)}))
        parties += [records.party(user, lens) for user in shape.objects(page.get("values"))]
    return parties


def _by_name(client: JiraClient, name: str) -> Mapping[str, Any]:
    try:
        return shape.mapping(client.get("user", {"username": name}))
    except Gone:
        return {}


def find_person(client: JiraClient, lens: Lens, name: str) -> Party | None:
    """The active person with that e-mail address, else with exactly that name, or that id; None where several fit.

    Where Cloud hides addresses, a search by address still finds by it: a single hit whose address is hidden is
    taken for the person, one whose address is shown must match.
    """
    sought = name.strip()
    if not sought:
        return None
    asked = {"query": sought} if lens.cloud else {"username": sought}
    listed = shape.objects(client.get("user/search", {**asked, "maxResults": _CANDIDATES}))
    # A page may repeat a row: one person who is listed twice is not two.
    known = {key: user for user in listed if _is_person(user) and (key := records.person_id(user, lens))}
    users = list(known.values())
    fits = [user for user in users if _email(user) == sought.lower()]
    if not fits and "@" in sought:
        fits = [user for user in users if not _email(user)] if lens.cloud and len(users) == 1 else []
    if not fits:
        fits = [
            user
            for user in users
            if sought in {shape.text(user.get("name")), shape.text(user.get("displayName"))}
        ]
    if not fits and lens.cloud and _ACCOUNT.fullmatch(sought):
        # Cloud's search knows no account ids, and where addresses are hidden mappings name people by them.
        return next(iter(people(client, lens, [sought])), None)
    return records.party(fits[0], lens) if len(fits) == 1 else None


def _is_person(user: Mapping[str, Any]) -> bool:
    """Not an app, not a customer of a service desk, and not deactivated."""
    return user.get("active") is not False and shape.text(user.get("accountType")) in {"", "atlassian"}


def _email(user: Mapping[str, Any]) -> str:
    return shape.text(user.get("emailAddress")).lower()


def is_team_id(text: str) -> bool:
    """Whether text is shaped like the id of a team: `36885b3c-1bf0-4f85-a357-c5b858c31de4`, or a number."""
    return _TEAM.fullmatch(text) is not None


def find_group(client: JiraClient, name: str) -> Party | None:
    """The group with exactly that name."""
    answer = shape.mapping(client.get("groups/picker", {"query": name, "maxResults": _CANDIDATES}))
    names = (shape.text(group.get("name")) for group in shape.objects(answer.get("groups")))
    return Party(PartyKind.GROUP, name, name) if name in names else None
