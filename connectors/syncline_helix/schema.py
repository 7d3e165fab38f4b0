"""What a server says about its forms. Pure, but for `Forms`, which asks."""

from collections.abc import Iterable
from typing import Any, Final

from syncline.connector import FieldSchema, Party, Schema
from syncline_helix.client import CREATE, INCIDENT, Client, Row
from syncline_helix.values import said

_DEMANDED: Final = frozenset({"Description", "Impact", "Urgency", "Service Type", "Reported Source"})
"""What a create must bring (BMC, "Creating an incident by using the REST API"); the customer we bring by ourselves."""

_COMPUTED: Final = frozenset({"Priority", "Priority Weight"})


class Forms:
    """Asks a server for the fields of a form."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def schema(self, groups: Iterable[Party]) -> Schema:
        """The fields of the interface form, and the groups. Choices are not told in a form that is documented."""
        return Schema(fields=described(self._client.fields(INCIDENT)), groups=tuple(groups))

    def created(self) -> frozenset[str]:
        """The names of the fields of the form that creates."""
        return frozenset(said(row.get("name")) for row in self._client.fields(CREATE))

    def audited(self) -> frozenset[str]:
        """The names of the fields that are marked for the audit."""
        rows = self._client.fields(INCIDENT)
        return frozenset(
            said(row.get("name")) for row in rows if said(row.get("audit")).upper() not in {"", "NONE"}
        )


def described(rows: Iterable[Row]) -> dict[str, FieldSchema]:
    """Fields by name."""
    found = {}
    for row in rows:
        name = said(row.get("name"))
        if not name:
            continue
        limit: Any = row.get("limit")
        length = limit.get("max_length") if isinstance(limit, dict) else None
        found[name] = FieldSchema(
            name=name,
            label=name,
            required=name in _DEMANDED,
            writable=said(row.get("field_option")).upper() != "SYSTEM" and name not in _COMPUTED,
            choices=None,
            max_length=length
            if isinstance(length, int) and not isinstance(length, bool) and length > 0
            else None,
        )
    return dict(sorted(found.items()))
