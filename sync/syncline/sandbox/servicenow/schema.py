"""The tables of the simulated ServiceNow: fields with their types and labels, and the choices.

Names and labels are those of a new instance; the incident's fields are those of the example record in the
Table API docs. What `incident` inherits stands under `task`, as in the real dictionary.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

STRING: Final = "string"
INTEGER: Final = "integer"
BOOLEAN: Final = "boolean"
DATE_TIME: Final = "glide_date_time"
REFERENCE: Final = "reference"
JOURNAL: Final = "journal_input"
JOURNAL_LIST: Final = "journal_list"
GUID: Final = "GUID"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a table.

    Attributes:
        name: As clients name it.
        type: `internal_type` of the dictionary.
        label: What people read.
        column: Where the rows hold it; unlike `name` it never changes.
        table: The table of the hierarchy that defines it.
        max_length: Characters; longer text is cut.
        reference: The table that a reference leads to.
        default: What rows without a value of their own show.
        choice: Whether it has a choice list.
        read_only: Whether writes to it are ignored.
    """

    name: str
    type: str
    label: str
    column: str
    table: str
    max_length: int = 40
    reference: str = ""
    default: str = ""
    choice: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table.

    Attributes:
        name: As in the address.
        label: What people read.
        fields: By name.
        display: The column whose value stands for a row.
        indexed: Columns that are looked up by equality.
        parent: The table that it extends.
    """

    name: str
    label: str
    fields: Mapping[str, FieldSpec]
    display: str = "name"
    indexed: tuple[str, ...] = ()
    parent: str = ""

    def by_column(self, column: str) -> FieldSpec | None:
        """The field that holds that column; None where it has been taken away."""
        found = self.fields.get(column)
        if found is not None and found.column == column:
            return found
        return next((spec for spec in self.fields.values() if spec.column == column), None)


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a choice list."""

    table: str
    field: str
    value: str
    label: str
    dependent: str = ""


@dataclass
class _Fields:
    table: str
    specs: dict[str, FieldSpec] = field(default_factory=dict)

    def add(self, kind: str, text: str, **extra: object) -> None:
        """Fields of one type, `name=Label` separated by semicolons."""
        for part in text.split(";"):
            name, _, label = part.strip().partition("=")
            spec = FieldSpec(name, kind, label or name.replace("_", " ").capitalize(), name, self.table)
            self.specs[name] = replace(spec, **extra)  # type: ignore[arg-type]


_SYSTEM: Final = "sys_id;sys_created_on;sys_created_by;sys_updated_on;sys_updated_by;sys_mod_count"


def _system(fields: _Fields) -> None:
    # The platform writes these; the Table API ignores what a client sends for them.
    fields.add(GUID, "sys_id=Sys ID", max_length=32, read_only=True)
    fields.add(DATE_TIME, "sys_created_on=Created;sys_updated_on=Updated", read_only=True)
    fields.add(STRING, "sys_created_by=Created by;sys_updated_by=Updated by", read_only=True)
    fields.add(INTEGER, "sys_mod_count=Updates", read_only=True, default="0")
    fields.add(STRING, "sys_tags=Tags", read_only=True)


def _task() -> dict[str, FieldSpec]:
    f = _Fields("task")
    f.add(STRING, "number=Number", max_length=40)
    f.add(STRING, "short_description=Short description", max_length=160)
    f.add(STRING, "description=Description", max_length=4000)
    f.add(STRING, "close_notes=Resolution notes", max_length=4000)
    f.add(STRING, "correlation_id=Correlation ID;correlation_display=Correlation display", max_length=100)
    f.add(
        STRING,
        "user_input;time_worked;rejection_goto;wf_activity;delivery_plan;delivery_task",
        max_length=4000,
    )
    f.add(
        STRING,
        "watch_list=Watch list;work_notes_list=Work notes list;group_list;additional_assignee_list",
        max_length=4000,
    )
    f.add(STRING, "approval=Approval", default="not requested", choice=True)
    f.add(STRING, "upon_approval=Upon approval", default="proceed", choice=True)
    f.add(STRING, "upon_reject=Upon reject", default="cancel", choice=True)
    f.add(STRING, "contact_type=Channel", choice=True)
    f.add(STRING, "approval_history;business_duration;calendar_duration")
    f.add(STRING, "sys_class_name=Task type", read_only=True, default="incident", max_length=80)
    f.add(STRING, "sys_domain_path=Domain Path", read_only=True, default="/")
    f.add(
        REFERENCE,
        "sys_domain=Domain",
        reference="sys_user_group",
        read_only=True,
        default="global",
        max_length=32,
    )
    f.add(
        INTEGER,
        "state=State;impact=Impact;urgency=Urgency;priority=Priority;escalation=Escalation",
        choice=True,
    )
    f.add(INTEGER, "reassignment_count=Reassignment count", default="0", read_only=True)
    f.add(INTEGER, "order=Order")
    f.add(BOOLEAN, "active=Active", read_only=True)
    f.add(BOOLEAN, "knowledge=Knowledge", default="false")
    f.add(BOOLEAN, "made_sla=Made SLA", default="true")
    f.add(
        DATE_TIME,
        "opened_at=Opened;closed_at=Closed;due_date=Due date;sla_due=SLA due;activity_due=Activity due",
    )
    f.add(
        DATE_TIME,
        "expected_start;follow_up=Follow up;work_start=Actual start;work_end=Actual end;approval_set",
    )
    person = {"reference": "sys_user", "max_length": 32}
    f.add(REFERENCE, "assigned_to=Assigned to;opened_by=Opened by;closed_by=Closed by", **person)
    f.add(REFERENCE, "assignment_group=Assignment group", reference="sys_user_group", max_length=32)
    f.add(REFERENCE, "cmdb_ci=Configuration item", reference="cmdb_ci", max_length=32)
    f.add(REFERENCE, "business_service=Service", reference="cmdb_ci_service", max_length=32)
    f.add(REFERENCE, "parent=Parent", reference="incident", max_length=32)
    f.add(REFERENCE, "company=Company", reference="core_company", max_length=32)
    f.add(REFERENCE, "location=Location", reference="cmn_location", max_length=32)
    f.add(JOURNAL, "comments=Additional comments;work_notes=Work notes", max_length=4000)
    f.add(JOURNAL_LIST, "comments_and_work_notes=Comments and Work notes", read_only=True, max_length=4000)
    _system(f)
    return f.specs


def _incident() -> TableSpec:
    f = _Fields("incident")
    person = {"reference": "sys_user", "max_length": 32}
    f.add(REFERENCE, "caller_id=Caller;resolved_by=Resolved by;reopened_by=Last reopened by", **person)
    f.add(REFERENCE, "parent_incident=Parent Incident", reference="incident", max_length=32)
    f.add(REFERENCE, "problem_id=Problem", reference="problem", max_length=32)
    f.add(
        REFERENCE, "rfc=Change Request;caused_by=Caused by Change", reference="change_request", max_length=32
    )
    f.add(STRING, "close_code=Resolution code;category=Category;subcategory=Subcategory", choice=True)
    f.add(INTEGER, "hold_reason=On hold reason;incident_state=Incident state;severity=Severity", choice=True)
    f.add(INTEGER, "notify=Notify", choice=True, default="1")
    f.add(INTEGER, "reopen_count=Reopen count;child_incidents=Child Incidents", default="0", read_only=True)
    f.add(INTEGER, "business_stc=Business resolve time;calendar_stc=Resolve time")
    f.add(DATE_TIME, "resolved_at=Resolved;reopened_time=Last reopened at")
    indexed = ("number", "correlation_id", "parent_incident")
    return TableSpec("incident", "Incident", {**_task(), **f.specs}, "number", indexed, "task")


def _table(
    name: str,
    label: str,
    *,
    strings: str,
    references: Mapping[str, str] | None = None,
    booleans: str = "",
    integers: str = "",
    display: str = "name",
    indexed: Iterable[str] = (),
    max_length: int = 255,
) -> TableSpec:
    f = _Fields(name)
    f.add(STRING, strings, max_length=max_length)
    for text, table in (references or {}).items():
        f.add(REFERENCE, text, reference=table, max_length=32)
    if booleans:
        f.add(BOOLEAN, booleans)
    if integers:
        f.add(INTEGER, integers)
    _system(f)
    return TableSpec(name, label, f.specs, display, tuple(indexed))


def tables() -> dict[str, TableSpec]:
    """Every table of a new instance."""
    configuration_item = (
        "name=Name;sys_class_name=Class;short_description=Short description;operational_status"
    )
    listed = [
        _incident(),
        _table(
            "sys_user",
            "User",
            strings="user_name=User ID;name=Name;first_name=First name;last_name=Last name;email=Email;title=Title;"
            "time_zone=Time zone;phone=Business phone",
            booleans="active=Active;locked_out=Locked out",
            indexed=("user_name", "email", "name"),
        ),
        _table(
            "sys_user_group",
            "Group",
            strings="name=Name;description=Description;email=Group email",
            references={"manager=Manager": "sys_user", "parent=Parent": "sys_user_group"},
            booleans="active=Active",
            indexed=("name",),
        ),
        _table(
            "sys_user_grmember",
            "Group Member",
            strings="sys_scope=Scope",
            references={"user=User": "sys_user", "group=Group": "sys_user_group"},
            display="user",
            indexed=("user", "group"),
        ),
        _table("sys_user_role", "Role", strings="name=Name;description=Description", indexed=("name",)),
        _table(
            "sys_user_has_role",
            "User Role",
            strings="state=State",
            references={"user=User": "sys_user", "role=Role": "sys_user_role"},
            booleans="inherited=Inherited",
            display="user",
            indexed=("user", "role"),
        ),
        _table(
            "sys_journal_field",
            "Journal Entry",
            strings="name=Name;element=Element;element_id=Element ID;value=Value",
            display="value",
            indexed=("element_id",),
            max_length=100_000,
        ),
        _table(
            "sys_audit",
            "Sys Audit",
            strings="tablename=Table Name;documentkey=Document key;fieldname=Field Name;oldvalue=Old value;"
            "newvalue=New value;user=User;reason=Reason",
            integers="record_checkpoint=Update count",
            display="fieldname",
            indexed=("documentkey",),
            max_length=100_000,
        ),
        _table(
            "sys_audit_delete",
            "Audit Deleted Record",
            strings="tablename=Table Name;documentkey=Document key;display_value=Display value;user=User",
            display="display_value",
            indexed=("documentkey",),
        ),
        _table(
            "sys_attachment",
            "Attachment",
            strings="table_name=Table name;table_sys_id=Table sys ID;file_name=File name;content_type=Content type;"
            "size_bytes=Size bytes;size_compressed=Size compressed;average_image_color;image_height;image_width;"
            "hash=SHA-256 Hash;state=State;download_link",
            booleans="compressed=Compressed",
            display="file_name",
            indexed=("table_sys_id",),
        ),
        _table(
            "sys_choice",
            "Choice",
            strings="name=Table;element=Element;value=Value;label=Label;dependent_value=Dependent value;"
            "language=Language;hint=Hint",
            booleans="inactive=Inactive",
            integers="sequence=Sequence",
            display="label",
            indexed=("element",),
        ),
        _table(
            "sys_dictionary",
            "Dictionary Entry",
            strings="name=Table;element=Column name;column_label=Column label;default_value=Default value",
            references={"internal_type=Type": "sys_glide_object", "reference=Reference": "sys_db_object"},
            booleans="active=Active;mandatory=Mandatory;read_only=Read only;display=Display;array=Array",
            integers="max_length=Max length;choice=Choice",
            display="element",
            indexed=("name", "element"),
        ),
        _table(
            "sys_db_object",
            "Table",
            strings="name=Name;label=Label",
            references={"super_class=Extends table": "sys_db_object"},
            indexed=("name",),
        ),
        _table("cmdb_ci", "Configuration Item", strings=configuration_item, indexed=("name",)),
        _table("cmdb_ci_service", "Service", strings=configuration_item, indexed=("name",)),
        _table(
            "sys_properties",
            "System Property",
            strings="name=Name;value=Value;description;type=Type",
            indexed=("name",),
        ),
    ]
    return {table.name: table for table in listed}


def _choices(table: str, name: str, text: str, dependent: str = "") -> list[Choice]:
    pairs = [part.strip().partition("=") for part in text.split(";")]
    return [Choice(table, name, value, label or value, dependent) for value, _, label in pairs]


CHOICES: Final[tuple[Choice, ...]] = (
    *_choices("incident", "state", "1=New;2=In Progress;3=On Hold;6=Resolved;7=Closed;8=Canceled"),
    *_choices("incident", "incident_state", "1=New;2=In Progress;3=On Hold;6=Resolved;7=Closed;8=Canceled"),
    *_choices(
        "incident", "hold_reason", "1=Awaiting Caller;5=Awaiting Change;3=Awaiting Problem;4=Awaiting Vendor"
    ),
    *_choices(
        "incident",
        "close_code",
        "Duplicate;Known error;No resolution provided;Resolved by caller;Resolved by change;Resolved by problem;"
        "Resolved by request;Solution provided;User error;Workaround provided",
    ),
    *_choices(
        "incident",
        "category",
        "inquiry=Inquiry / Help;software=Software;hardware=Hardware;network=Network;database=Database",
    ),
    *_choices("incident", "subcategory", "email=Email;os=Operating System", "software"),
    *_choices("incident", "subcategory", "dns=DNS;vpn=VPN;wireless=Wireless", "network"),
    *_choices("incident", "subcategory", "cpu=CPU;disk=Disk;memory=Memory", "hardware"),
    *_choices("incident", "severity", "1=1 - High;2=2 - Medium;3=3 - Low"),
    *_choices("incident", "notify", "1=Do Not Notify;2=Send Email;3=Telephone"),
    *_choices("task", "impact", "1=1 - High;2=2 - Medium;3=3 - Low"),
    *_choices("task", "urgency", "1=1 - High;2=2 - Medium;3=3 - Low"),
    *_choices("task", "priority", "1=1 - Critical;2=2 - High;3=3 - Moderate;4=4 - Low;5=5 - Planning"),
    *_choices("task", "escalation", "0=Normal;1=Moderate;2=High;3=Overdue"),
    *_choices(
        "task", "contact_type", "chat=Chat;email=Email;phone=Phone;self-service=Self-service;walk-in=Walk-in"
    ),
    *_choices(
        "task",
        "approval",
        "not requested=Not Yet Requested;requested=Requested;approved=Approved;rejected=Rejected",
    ),
)
"""The choice lists of a new instance. Those of `close_code` changed between releases: clients read `sys_choice`."""
