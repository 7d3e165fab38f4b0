"""Looks whether instances can be worked with: the connector's own findings, and those about mappings and histories."""

from collections.abc import Iterable, Iterator
from typing import Final

from syncline.connector import Capabilities, Finding, HistoryKind, Severity
from syncline.errors import SynclineError
from syncline.mapping import against, contradictions
from syncline.station import Endpoint, Station

_FIRST: Final = frozenset({"reachable", "authorised"})
"""What must be well before anything else can be looked at."""
_MEND: Final = "mend the mapping and publish it"


def checked(station: Station, endpoints: Iterable[Endpoint]) -> Iterator[tuple[str, Finding]]:
    """What is found of each of those instances, with its name, as it is found."""
    for endpoint in endpoints:
        others = [other.mapping for other in station.endpoints.values() if other is not endpoint]
        for problem in contradictions(endpoint.mapping, others):
            said = f"{problem.file}:{problem.line}:{problem.column}: {problem.message}"
            yield endpoint.name, Finding("mapping", Severity.ERROR, said, _MEND)
        yield from ((endpoint.name, finding) for finding in _live(endpoint))


def _live(endpoint: Endpoint) -> Iterator[Finding]:
    try:
        reached = True
        for finding in endpoint.connector.check():
            yield finding
            reached &= finding.check not in _FIRST or finding.severity is not Severity.ERROR
        if reached:  # else the schema fails for the same cause, and would say it once more
            yield from _history_gaps(endpoint.capabilities)
            yield from _mapping(endpoint)
    except SynclineError as error:
        yield Finding("reachable", Severity.ERROR, str(error), "see the message")


def _mapping(endpoint: Endpoint) -> Iterator[Finding]:
    problems = against(endpoint.mapping, endpoint.connector.schema())
    for problem in problems:
        severity = Severity.ERROR if problem.severity == "error" else Severity.WARNING
        yield Finding("mapping", severity, problem.message, _MEND)
    if not problems:
        yield Finding("mapping", Severity.OK, "the published mapping fits the live platform")


def _history_gaps(capabilities: Capabilities) -> Iterator[Finding]:
    """What the platform's history never tells, however an instance is set up: nothing that anybody could mend there."""
    if capabilities.history is HistoryKind.NONE:
        said = f"edits that Syncline's own writes overwrite cannot be found afterwards: {capabilities.history_gaps}"
        yield Finding("history", Severity.OK, said)
    elif capabilities.history_gaps:
        yield Finding("history", Severity.OK, f"known gaps: {capabilities.history_gaps}")
