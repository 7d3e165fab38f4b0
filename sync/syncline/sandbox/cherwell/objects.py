"""The business objects of the simulated instance and their fields.

Names and the ids that are written out are those of the stock blueprint, as replies recorded with public clients show them (the
Cherwell integration of demisto/content; scripts of OpsGenie and xMatters); the other ids are made up. Of hundreds of fields there
are those that an integration meets. A field is addressed as `BO:<object>,FI:<field>` (Ivanti, "Business Object Usage
and Examples"); clients also write the bare id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

TEXT: Final = "Text"
DATE_TIME: Final = "DateTime"
LOGICAL: Final = "Logical"
NUMBER: Final = "Number"

INCIDENT: Final = "Incident"
JOURNAL: Final = "Journal"
NOTE: Final = "JournalNote"
HISTORY: Final = "JournalHistory"
REQUEST: Final = "JournalCustomerRequest"
USER: Final = "UserInfo"
TEAM: Final = "TeamInfo"
CUSTOMER: Final = "CustomerInternal"

STATUSES: Final = ("New", "Assigned", "In Progress", "Pending", "Resolved", "Closed", "Reopened")
PRIORITIES: Final = ("1", "2", "3", "4", "5")

_IDS: Final[Mapping[str, str]] = {
    INCIDENT: "6dd53665c0c24cab86870a21cf6434ae",
    CUSTOMER: "93405caa107c376a2bd15c4c8885a900be316f3a72",
    "Incident.RecID": "fa03d51b709e4a6eb2d52885b2ef7e04",
    "Incident.IncidentID": "6ae282c55e8e4266ae66ffc070c17fa3",
    "Incident.Status": "5eb3234ae1344c64a19819eda437f18d",
    "Incident.CreatedDateTime": "c1e86f31eb2c4c5f8e8615a5189e9b19",
    "Incident.Description": "252b836fc72c4149915053ca1131d138",
    "Incident.ShortDescription": "93e8ea93ff67fd95118255419690a50ef2d56f910c",
    "Incident.Priority": "83c36313e97b4e6b9028aff3b401b71c",
    "Incident.Subcategory": "1163fda7e6a44f40bb94d2b47cc58f46",
    "Incident.CustomerDisplayName": "93734aaff77b19d1fcfd1d4b4aba1b0af895f25788",
    "Incident.OwnedByID": "9339fc404e39ae705648ab43969f29262e6d167606",
}


def _id(name: str) -> str:
    return _IDS.get(name) or f"93{sha256(name.encode()).hexdigest()[:40]}"


def record_id(kind: str, name: str) -> str:
    """The record id of what is there from the beginning."""
    return f"94{sha256(f'{kind}/{name}'.encode()).hexdigest()[:40]}"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field.

    Attributes:
        name: What the blueprint calls it.
        display: What people read.
        full_id: `BO:<object>,FI:<field>`.
        type: How the value is stored; on the wire all are text.
        size: Most characters; 0: no limit.
        required: Whether it may not be empty.
        read_only: Whether only the instance itself sets it.
        options: What it may hold; empty: anything.
    """

    name: str
    display: str
    full_id: str
    type: str = TEXT
    size: int = 255
    required: bool = False
    read_only: bool = False
    options: tuple[str, ...] = ()

    @property
    def field_id(self) -> str:
        """The id alone."""
        return self.full_id.rpartition("FI:")[2]


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """One business object.

    Attributes:
        name: What the API calls it.
        display: What people read.
        object_id: Its `busObId`.
        fields: By name.
        public: The field that holds the public id.
        time: The field by whose order records are kept.
        indexed: Fields by whose value records are found without looking at all of them.
        grid: The fields that a search gives where none are asked for. Which they are is assumed.
        state: The field of its lifecycle, where it has one.
        group: The group object that it is a member of.
        members: Of a group: their names.
    """

    name: str
    display: str
    object_id: str
    fields: dict[str, FieldSpec]
    public: str
    time: str
    indexed: tuple[str, ...] = ()
    grid: tuple[str, ...] = ()
    state: str = ""
    group: str = ""
    members: tuple[str, ...] = ()

    def addressed(self, field_id: object) -> FieldSpec | None:
        """The field of that id, bare or whole."""
        text = str(field_id).lower()
        return next(
            (spec for spec in self.fields.values() if text in {spec.full_id.lower(), spec.field_id}), None
        )


_SPELT: Final[Mapping[str, str]] = {"RecID": "Rec ID", "IncidentID": "Incident ID"}


def _display(name: str) -> str:
    """`OwnedByTeam` as `Owned By Team`."""
    spaced = "".join(
        f" {c}" if c.isupper() and not name[max(at - 1, 0)].isupper() else c for at, c in enumerate(name)
    )
    return _SPELT.get(name, spaced.strip())


def _fields(owner: str, *given: tuple[str, dict[str, object]]) -> dict[str, FieldSpec]:
    return {
        name: FieldSpec(name, _display(name), f"BO:{_id(owner)},FI:{_id(f'{owner}.{name}')}", **more)  # type: ignore[arg-type]
        for name, more in given
    }


_SYSTEM: Final[dict[str, object]] = {"read_only": True}
_MOMENT: Final[dict[str, object]] = {"read_only": True, "type": DATE_TIME, "size": 0}
_LONG: Final[dict[str, object]] = {"size": 0}
_FLAG: Final[dict[str, object]] = {"type": LOGICAL, "size": 0}


def _incident(summary_length: int, custom: tuple[str, ...], required: frozenset[str]) -> ObjectSpec:
    given: dict[str, dict[str, object]] = {
        "RecID": _SYSTEM,
        "IncidentID": _SYSTEM,
        "CreatedDateTime": _MOMENT,
        "CreatedBy": _SYSTEM,
        "CreatedByID": _SYSTEM,
        "LastModifiedDateTime": _MOMENT,
        "LastModBy": _SYSTEM,
        "LastModByID": _SYSTEM,
        "ShortDescription": {"size": summary_length},
        "Description": _LONG,
        "Status": {"options": STATUSES, "size": 30, "required": True},
        "Priority": {"options": PRIORITIES, "size": 2},
        "Impact": {},
        "Urgency": {},
        "Service": {},
        "Category": {},
        "Subcategory": {},
        "IncidentType": {},
        "Source": {},
        "OwnedBy": {},
        "OwnedByID": {"size": 42},
        "OwnedByTeam": {},
        "OwnedByTeamID": {"size": 42},
        "CustomerRecID": {"size": 42},
        "CustomerDisplayName": {},
        "PendingReason": {},
        "CloseDescription": _LONG,
        "Cause": {},
        "Comments": _LONG,
        "ClosedDateTime": _MOMENT,
        "ClosedBy": _SYSTEM,
        "ClosedByID": _SYSTEM,
        "Stat_IncidentReopened": {**_FLAG, **_SYSTEM},
        **{name: {} for name in custom},
    }
    for name in required:
        given[name] = {**given[name], "required": True}
    return ObjectSpec(
        INCIDENT,
        INCIDENT,
        _id(INCIDENT),
        _fields(INCIDENT, *given.items()),
        public="IncidentID",
        time="LastModifiedDateTime",
        indexed=("RecID", "IncidentID", *custom),
        grid=("IncidentID", "CreatedDateTime", "Status", "Priority", "ShortDescription", "OwnedBy"),
        state="Status",
    )


def _journal(name: str, display: str, *more: tuple[str, dict[str, object]]) -> ObjectSpec:
    # Members of a group share its fields, ids and all.
    shared: tuple[tuple[str, dict[str, object]], ...] = (
        ("RecID", _SYSTEM),
        ("JournalTypeID", {"size": 42}),
        ("JournalTypeName", _SYSTEM),
        ("ParentTypeID", {"size": 42}),
        ("ParentRecID", {"size": 42}),
        ("Details", _LONG),
        ("CreatedDateTime", _MOMENT),
        ("CreatedBy", _SYSTEM),
        ("CreatedByID", _SYSTEM),
        ("LastModDateTime", _MOMENT),
        ("LastModBy", _SYSTEM),
    )
    return ObjectSpec(
        name,
        display,
        _id(name),
        _fields(JOURNAL, *shared) | _fields(name, *more),
        public="JournalTypeName",
        time="CreatedDateTime",
        indexed=("RecID", "ParentRecID"),
        grid=("JournalTypeName", "Details", "CreatedDateTime", "CreatedBy"),
        group="" if name == JOURNAL else JOURNAL,
        members=(NOTE, HISTORY, REQUEST) if name == JOURNAL else (),
    )


def _listed(name: str, public: str, *names: str) -> ObjectSpec:
    fields = _fields(
        name, *((one, _SYSTEM) for one in ("RecID", public, *names)), ("LastModDateTime", _MOMENT)
    )
    return ObjectSpec(
        name,
        _display(name),
        _id(name),
        fields,
        public=public,
        time="LastModDateTime",
        indexed=("RecID", public, *names),
        grid=(public, *names),
    )


def objects(
    summary_length: int = 255,
    custom: tuple[str, ...] = (),
    required: frozenset[str] = frozenset(),
    shown_field: str = "ShowInSelfService",
) -> dict[str, ObjectSpec]:
    """All business objects by name.

    Args:
        summary_length: Most characters of an incident's ShortDescription.
        custom: Further text fields of incidents.
        required: Fields that an incident may not be without.
        shown_field: The field of a note that says whether the customer sees it; empty: there is none.
    """
    shown = ((shown_field, _FLAG),) if shown_field else ()
    made = (
        _incident(summary_length, custom, required),
        _journal(JOURNAL, JOURNAL),
        _journal(NOTE, "Journal - Note", *shown),
        _journal(HISTORY, "Journal - History"),
        _journal(REQUEST, "Journal - Customer Request"),
        _listed(USER, "FullName", "Email", "LoginID"),
        _listed(TEAM, "Name"),
        _listed(CUSTOMER, "FullName", "Email"),
    )
    return {spec.name: spec for spec in made}


RELATIONSHIP: Final = "Incident Owns Journals"
RELATIONSHIP_ID: Final = _id(RELATIONSHIP)
