"""Responder requests: whom we ask to respond to an incident, and whether they were told and what they said.

The incident shows what became of each request (api-schema, IncidentsRespondersReference): `pending`, then `joined` or
`declined`. Its log tells who was notified, and who acknowledged. PagerDuty lists no log entry for an answer to a request,
so none is looked for.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from syncline.connector import Paged, PagePerson, Party, PartyKind, Receipt, mark
from syncline.errors import Configuration, Refused
from syncline_pagerduty import records
from syncline_pagerduty.reading import Reader
from syncline_pagerduty.records import identity, items, mapping, moment, text

_JOINED: Final = frozenset({"joined", "accepted"})
_REFUSED: Final = frozenset({"declined", "user_cancelled"})
_TAKEN: Final = frozenset({"acknowledge_log_entry", "resolve_log_entry"})
"""Log entries by which a person shows that they have it."""

_NOTIFY: Final = "notify_log_entry"


class Pages:
    """Pages people of one account."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._client = reader.client
        self._directory = reader.directory
        self._instance = reader.client.http.instance

    def send(self, page: PagePerson) -> Receipt:
        """Ask the person to respond. A later request for the same person asks them again.

        Raises:
            Refused: PagerDuty knows no such user, or the incident is resolved.
            Configuration: PagerDuty knows no user of our own.
        """
        requester = self._directory.own_id()
        if requester is None:
            raise Configuration(
                f"{self._instance}: incident {page.record_id}: no user has the address of from_email, and PagerDuty sends"
                " responder requests in a user's name only; set from_email to the login address of a user"
            )
        person = self._person(page.person)
        if person is None:
            raise Refused(
                f"{self._instance}: incident {page.record_id}: PagerDuty knows no user {page.person!r}, so nobody was paged;"
                " give the user's id or login address in the escalation book",
                {"person": "is not known"},
            )
        body = {
            "requester_id": requester,
            "message": records.text(f"{page.text}\n{mark(page.marker)}"),
            "responder_request_targets": [
                {"responder_request_target": {"id": person.id, "type": "user_reference"}}
            ],
        }
        self._client.post(f"/incidents/{quote(page.record_id, safe='')}/responder_requests", body)
        return Receipt(page.record_id)

    def came_of(self, record_id: str, person: str, since: datetime) -> Paged:
        """What the incident and its log say since then of the person."""
        found = self._person(person)
        if found is None:
            return Paged.FAILED
        first = since.replace(microsecond=0)
        path = f"/incidents/{quote(record_id, safe='')}"
        incident = mapping(self._client.get(path).get("incident"))
        if _acknowledged(incident, found.id, first):
            return Paged.ANSWERED
        answer = _answer(incident, found.id, first)
        if answer is Paged.ANSWERED:
            return answer
        told = _told(self._reader.log_of(record_id, since, channels=True), found.id)
        if Paged.ANSWERED in told:
            return Paged.ANSWERED
        if answer is not None:
            return answer
        return Paged.REACHED if Paged.REACHED in told else Paged.PENDING

    def _person(self, person: str) -> Party | None:
        """By address or by id; who was found is remembered."""
        if "@" in person:
            return self._directory.find(PartyKind.PERSON, person)
        return next(iter(self._directory.parties(PartyKind.PERSON, [person])), None)


def _asked(incident: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Everybody whom a responder request asked."""
    yield from items(incident.get("incidents_responders"))
    for request in items(incident.get("responder_requests")):
        for entry in items(request.get("responder_request_targets")):
            yield from items(mapping(entry.get("responder_request_target")).get("incidents_responders"))


def _answer(incident: Mapping[str, Any], user: str, first: datetime) -> Paged | None:
    """The person's latest answer since then; who joined once and is asked again has to answer again."""
    answers: list[tuple[datetime, Paged]] = []
    for asked in _asked(incident):
        state = asked.get("state")
        at = moment(asked.get("updated_at")) or moment(asked.get("requested_at"))
        if identity(asked.get("user")) != user or not isinstance(state, str) or at is None or at < first:
            continue
        if state in _JOINED | _REFUSED:
            answers.append((at, Paged.ANSWERED if state in _JOINED else Paged.FAILED))
    # Of two answers within one second the better one is believed: it stops a page, and the other would repeat it.
    return max(answers, key=lambda answer: (answer[0], answer[1] is Paged.ANSWERED))[1] if answers else None


def _acknowledged(incident: Mapping[str, Any], user: str, first: datetime) -> bool:
    return any(
        identity(entry.get("acknowledger")) == user and (moment(entry.get("at")) or first) >= first
        for entry in items(incident.get("acknowledgements"))
    )


def _told(entries: Iterable[Mapping[str, Any]], user: str) -> frozenset[Paged]:
    """What log entries tell of the person."""
    found: set[Paged] = set()
    for entry in entries:
        kind = text(entry.get("type"))
        if kind in _TAKEN and identity(entry.get("agent")) == user:
            found.add(Paged.ANSWERED)
        elif kind == _NOTIFY and identity(entry.get("user")) == user and _arrived(entry):
            found.add(Paged.REACHED)
    return frozenset(found)


def _arrived(entry: Mapping[str, Any]) -> bool:
    """Whether a notification arrived: those that are under way or failed say so."""
    status = mapping(mapping(entry.get("channel")).get("notification")).get("status")
    return status is None or status == "success"
