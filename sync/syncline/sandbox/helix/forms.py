"""The forms of the simulated server and their fields.

Names are those of the stock forms, the vendor's slips among them (`Detailed Decription`, and underscores in some fields of the
create form), as the replies recorded with the public BmcITSM client show them. Of hundreds of fields there are those that
an integration meets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

CHAR: Final = "CHAR"
ENUM: Final = "ENUM"
TIME: Final = "TIME"
INTEGER: Final = "INTEGER"
ATTACHMENT: Final = "ATTACH"
HISTORY: Final = "STATUS_HISTORY"

INCIDENT: Final = "HPD:IncidentInterface"
CREATE: Final = "HPD:IncidentInterface_Create"
HELP_DESK: Final = "HPD:Help Desk"
WORK_LOG: Final = "HPD:WorkLog"
AUDIT: Final = "HPD:HelpDesk_AuditLogSystem"
PEOPLE_FORM: Final = "CTM:People"
GROUP_FORM: Final = "CTM:Support Group"

STATUSES: Final = ("New", "Assigned", "In Progress", "Pending", "Resolved", "Closed", "Cancelled")
IMPACTS: Final = ("1-Extensive/Widespread", "2-Significant/Large", "3-Moderate/Limited", "4-Minor/Localized")
URGENCIES: Final = ("1-Critical", "2-High", "3-Medium", "4-Low")
PRIORITIES: Final = ("Critical", "High", "Medium", "Low")
ACCESS: Final = ("Internal", "Public")
YES_NO: Final = ("Yes", "No")
REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Pending": (
        "Local Site Action Required",
        "Purchase Order Approval",
        "Registration Approval",
        "Supplier Delivery",
        "Support Contact Hold",
        "Third Party Vendor Action Reqd",
        "Client Action Required",
        "Infrastructure Change",
        "Request",
        "Future Enhancement",
        "Client Hold",
        "Monitoring Incident",
    ),
    "Resolved": (
        "Customer Follow-Up Required",
        "Temporary Corrective Action",
        "No Further Action Required",
        "Future Enhancement",
        "Monitoring Incident",
    ),
    "Closed": ("Infrastructure Change Created", "Automated Resolution Reported"),
    "Cancelled": ("No longer a Causal CI",),
}
"""The reasons that go with a status: a menu that depends on it."""

SOURCES: Final = (
    "Direct Input",
    "Email",
    "External Escalation",
    "Fax",
    "Self Service",
    "Systems Management",
    "Phone",
    "Voice Mail",
    "Walk In",
    "Web",
    "Other",
    "BMC Impact Manager Event",
)
SERVICE_TYPES: Final = (
    "User Service Restoration",
    "User Service Request",
    "Infrastructure Restoration",
    "Infrastructure Event",
)
WORK_LOG_TYPES: Final = (
    "Customer Inbound",
    "Customer Communication",
    "Customer Follow-up",
    "Customer Status Update",
    "Customer Outbound",
    "Closure Follow Up",
    "Detail Clarification",
    "General Information",
    "Resolution Communications",
    "Satisfaction Survey",
    "Status Update",
    "Incident Task / Action",
    "Problem Script",
    "Working Log",
    "Email System",
    "Paging System",
    "BMC Impact Manager Update",
    "Chat",
)
FILES: Final = ("z2AF Work Log01", "z2AF Work Log02", "z2AF Work Log03")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a form.

    Attributes:
        name: Database name.
        id: Its number, by which a qualification may name it too.
        type: Data type.
        options: Values of a selection field, in their order.
        length: Most characters; 0: as many as one likes.
        required: Whether no entry may be without.
        system: Whether only the server writes it.
        audited: Whether a change of it gets into the audit.
    """

    name: str
    id: int
    type: str = CHAR
    options: tuple[str, ...] = ()
    length: int = 255
    required: bool = False
    system: bool = False
    audited: bool = False


@dataclass(frozen=True, slots=True)
class FormSpec:
    """One form.

    Attributes:
        name: As it stands in addresses.
        key: The field that holds the entry id.
        fields: By name.
        indexed: Fields by whose value entries are found without looking at all of them.
        time: The field by whose order entries are kept.
        create_names: Name in a create to the field that it fills; only on the form that creates incidents.
    """

    name: str
    key: str
    fields: Mapping[str, FieldSpec]
    indexed: tuple[str, ...] = ()
    time: str = "Last Modified Date"
    create_names: Mapping[str, str] = field(default_factory=dict)

    def named(self, name: str) -> FieldSpec | None:
        """The field of that name or number."""
        found = self.fields.get(name)
        if found is None and name.isascii() and name.isdigit():
            return next((spec for spec in self.fields.values() if spec.id == int(name)), None)
        return found


def _form(name: str, key: str, specs: tuple[FieldSpec, ...], *indexed: str) -> FormSpec:
    return FormSpec(name, key, {spec.name: spec for spec in specs}, (key, *indexed))


def _core(key: str, submitted: str = "Submit Date") -> tuple[FieldSpec, ...]:
    return (
        FieldSpec(key, 1, length=31, system=True),
        FieldSpec("Submitter", 2, length=254, system=True),
        FieldSpec(submitted, 3, TIME, system=True),
        FieldSpec("Last Modified By", 5, length=254, system=True),
        FieldSpec("Last Modified Date", 6, TIME, system=True),
    )


def _incident(summary_length: int, custom: tuple[str, ...]) -> FormSpec:
    specs = (
        *_core("Request ID"),
        FieldSpec("Assignee Login ID", 4, length=254, audited=True),
        FieldSpec("Status", 7, ENUM, STATUSES, required=True, audited=True),
        FieldSpec("Status-History", 15, HISTORY, system=True),
        FieldSpec("InstanceId", 179, length=38, system=True),
        FieldSpec("Entry ID", 1000000301, length=15, system=True),
        FieldSpec("Incident Number", 1000000161, length=15, system=True),
        FieldSpec("Description", 1000000000, length=summary_length, required=True, audited=True),
        FieldSpec("Company", 1000000001, length=254),
        FieldSpec("Detailed Decription", 1000000151, length=0, audited=True),
        FieldSpec("Resolution", 1000000156, length=0, audited=True),
        FieldSpec(
            "Status_Reason", 1000000881, ENUM, tuple(dict.fromkeys(sum(REASONS.values(), ()))), audited=True
        ),
        FieldSpec("Urgency", 1000000162, ENUM, URGENCIES, required=True, audited=True),
        FieldSpec("Impact", 1000000163, ENUM, IMPACTS, required=True, audited=True),
        FieldSpec("Priority", 1000000164, ENUM, PRIORITIES, audited=True),
        FieldSpec("Priority Weight", 1000000169, INTEGER, system=True),
        FieldSpec("Service Type", 1000000099, ENUM, SERVICE_TYPES, required=True),
        FieldSpec("Reported Source", 1000000215, ENUM, SOURCES, required=True),
        FieldSpec("Assigned Group", 1000000217, audited=True),
        FieldSpec("Assignee", 1000000218, audited=True),
        FieldSpec("Assigned Group ID", 1000000079, length=15, audited=True),
        FieldSpec("Assigned Support Company", 1000000251),
        FieldSpec("Assigned Support Organization", 1000000014),
        FieldSpec("Customer Login ID", 301921200),
        FieldSpec("First Name", 1000000019),
        FieldSpec("Last Name", 1000000018),
        FieldSpec("Internet E-mail", 1000000048),
        FieldSpec("Categorization Tier 1", 1000000063, audited=True),
        FieldSpec("Categorization Tier 2", 1000000064, audited=True),
        FieldSpec("Categorization Tier 3", 1000000065, audited=True),
        FieldSpec("Product Categorization Tier 1", 200000003),
        FieldSpec("ServiceCI", 303497300),
        FieldSpec("Resolution Category", 1000000657, audited=True),
        FieldSpec("Resolution Method", 1000000658, audited=True),
        FieldSpec("Vendor Ticket Number", 1000000652),
        FieldSpec("mc_ueid", 303558600),
        FieldSpec("Reported Date", 1000000564, TIME),
        FieldSpec("Responded Date", 1000000561, TIME),
        FieldSpec("Last Resolved Date", 1000000563, TIME, system=True),
        FieldSpec("Closed Date", 1000000154, TIME, system=True),
        FieldSpec("z1D Action", 1000000076),
        FieldSpec("z1D_Details", 304247080, length=0),
        FieldSpec("z1D_View_Access", 304247210, ENUM, ACCESS),
        FieldSpec("z1D_Activity_Type", 304247090, ENUM, WORK_LOG_TYPES),
        FieldSpec("z1D_Secure_Log", 304247260, ENUM, YES_NO),
        *(FieldSpec(name, 536870913 + at, audited=True) for at, name in enumerate(custom)),
    )
    return _form(
        INCIDENT,
        "Request ID",
        specs,
        "Entry ID",
        "Incident Number",
        "Vendor Ticket Number",
        "mc_ueid",
        *custom,
    )


DISPLAY: Final = frozenset(
    {"z1D Action", "z1D_Details", "z1D_View_Access", "z1D_Activity_Type", "z1D_Secure_Log"}
)
"""Display-only fields: they say something to the server's workflow and hold nothing."""

CREATE_NAMES: Final[Mapping[str, str]] = {
    "First_Name": "First Name",
    "Last_Name": "Last Name",
    "Login_ID": "Customer Login ID",
    "Detailed_Decription": "Detailed Decription",
    "Service_Type": "Service Type",
    "Status_Reason": "Status_Reason",
    "z1D_Action": "z1D Action",
}
"""What the create form calls otherwise than the one that reads and changes. All else is called alike."""

_ONLY_SPACED: Final = frozenset(
    {"First Name", "Last Name", "Customer Login ID", "Detailed Decription", "Service Type", "z1D Action"}
)


def forms(summary_length: int = 254, custom: tuple[str, ...] = ()) -> dict[str, FormSpec]:
    """All forms by name. `custom`: further text fields of incidents."""
    incident = _incident(summary_length, custom)
    names = {
        name: name for name, spec in incident.fields.items() if name not in _ONLY_SPACED and not spec.system
    }
    create = FormSpec(CREATE, "Request ID", incident.fields, create_names={**names, **CREATE_NAMES})
    work_log = _form(
        WORK_LOG,
        "Work Log ID",
        (
            *_core("Work Log ID"),
            FieldSpec("Status", 7, ENUM, ("Enabled", "Offline", "Obsolete", "Archive", "Delete")),
            FieldSpec("Incident Number", 1000000161, length=15, required=True),
            FieldSpec("Work Log Type", 1000000170, ENUM, WORK_LOG_TYPES, required=True),
            FieldSpec("Description", 1000000000, length=100),
            FieldSpec("Detailed Description", 1000000151, length=0),
            FieldSpec("View Access", 1000000761, ENUM, ACCESS, required=True),
            FieldSpec("Secure Work Log", 1000000741, ENUM, YES_NO, required=True),
            FieldSpec("Work Log Submitter", 1000000159),
            FieldSpec("Work Log Submit Date", 1000000157, TIME),
            FieldSpec("Communication Source", 1000000566),
            FieldSpec("Number of Attachments", 1000000365, INTEGER, system=True),
            *(FieldSpec(name, 1000000351 + at, ATTACHMENT) for at, name in enumerate(FILES)),
        ),
        "Incident Number",
    )
    audit = _form(
        AUDIT,
        "Request ID",
        (
            *_core("Request ID", "Create Date"),
            FieldSpec("Original Request ID", 450, system=True),
            FieldSpec("From Form", 451, system=True),
            FieldSpec("Audit Date", 452, TIME, system=True),
            FieldSpec("User", 453, system=True),
            FieldSpec("Fields Changed", 454, length=0, system=True),
            FieldSpec("Log", 456, length=0, system=True),
            FieldSpec("Action", 457, ENUM, ("Get", "Set", "Create", "Delete", "Merge"), system=True),
        ),
        "Original Request ID",
    )
    people = _form(
        PEOPLE_FORM,
        "Person ID",
        (
            *_core("Person ID"),
            FieldSpec("Remedy Login ID", 4),
            FieldSpec(
                "Profile Status", 7, ENUM, ("Proposed", "Enabled", "Offline", "Obsolete", "Archive", "Delete")
            ),
            *(
                FieldSpec(name, 1000000017 + at)
                for at, name in enumerate(
                    ("Full Name", "Last Name", "First Name", "Internet E-mail", "Company", "Support Staff")
                )
            ),
        ),
        "Remedy Login ID",
        "Internet E-mail",
    )
    groups = _form(
        GROUP_FORM,
        "Support Group ID",
        (
            *_core("Support Group ID"),
            FieldSpec("Status", 7, ENUM, ("Proposed", "Enabled", "Offline", "Obsolete", "Archive", "Delete")),
            FieldSpec("Company", 1000000001),
            FieldSpec("Support Organization", 1000000014),
            FieldSpec("Support Group Name", 1000000015),
        ),
        "Support Group Name",
    )
    return {form.name: form for form in (incident, create, work_log, audit, people, groups)}
