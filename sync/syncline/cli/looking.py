"""Looking: how everything stands, what happened to one incident, and what would be done to it."""

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from syncline.cli.explaining import explanation_document, narrowed, say_explanations, unsynced_row
from syncline.cli.face import Face, command
from syncline.cli.output import (
    FINDINGS,
    FINE,
    NONE,
    complain,
    counted,
    moment,
    plain,
    progress,
    say,
    span,
    table,
)

if TYPE_CHECKING:
    from syncline.application import Application, InstanceStatus, Plan, PlannedCall, StatusReport, Unsynced

PANEL: Final = "Looking"
_LONGEST_BODY: Final = 4_000
_QUIET: Final = 120.0
"""Seconds without a poll after which an instance is overdue, however often it is polled."""
_SHOWN: Final = frozenset({"incident", "delivery", "message"})
"""Work that somebody waits for."""


def register(program: typer.Typer) -> None:
    """Add these commands."""
    command(program, "status", rich_help_panel=PANEL)(status)
    command(program, "explain", rich_help_panel=PANEL)(explain)
    command(program, "plan", rich_help_panel=PANEL)(plan)


# ---- status -------------------------------------------------------------------------------------


def status(face: Face) -> None:
    """Show how everything stands: each instance, what is under way, what waits for a person.

    The exit code is 1 where the database waits to be adopted, an instance stands still, does not answer or is not polled, or something waits for a person.
    """
    with face.application() as application:
        report = application.status()
        overdue = {i.name: _overdue(application, i) for i in report.instances}
    well = report.well and not any(overdue.values())
    document = {
        "well": well,
        "store": {"identity": report.store[0], "generation": report.store[1]},
        "held": {"doubt": report.held.doubt, "reason": report.held.text} if report.held else None,
        "incidents": report.incidents,
        "instances": [
            {
                "name": i.name,
                "platform": i.platform,
                "records": i.records,
                "polled_at": i.polled_at,
                "swept_at": i.swept_at,
                "lag_seconds": i.lag,
                "overdue": overdue[i.name],
                "halted": i.halted,
                "failing_since": i.failing_since,
                "error": i.error,
            }
            for i in report.instances
        ],
        "backlog": [
            {
                "kind": b.kind,
                "lane": b.lane,
                "due": b.due,
                "waiting": b.waiting,
                "parked": b.parked,
                "oldest_seconds": b.oldest,
            }
            for b in report.backlog
        ],
        "parked": report.parked,
        "events": report.events,
    }
    face.answer(document, lambda: _say_status(report, overdue, well=well), FINE if well else FINDINGS)


def _overdue(application: "Application", instance: "InstanceStatus") -> bool:
    every = application.configuration.instances[instance.name].settings.poll_every
    return instance.lag is None or instance.lag > max(_QUIET, 6 * every)


def _say_status(report: "StatusReport", overdue: dict[str, bool], *, well: bool) -> None:
    say(f"{counted(report.incidents, 'incident')}; store {report.store[0]}, start no. {report.store[1]}")
    if report.held:
        say(f"HELD: {plain(report.held.text)}", "red")
    say()
    table(
        ("instance", "platform", "records", "last poll", "last sweep", "state"),
        [
            (
                i.name,
                i.platform,
                i.records,
                f"{span(i.lag)} ago" if i.lag is not None else "never",
                moment(i.swept_at),
                _state(i, overdue=overdue[i.name]),
            )
            for i in report.instances
        ],
    )
    lanes = [b for b in report.backlog if b.kind in _SHOWN and (b.due or b.waiting or b.parked)]
    if lanes:
        say()
        table(
            ("work", "instance", "due", "later", "parked", "oldest"),
            [(b.kind, b.lane or NONE, b.due, b.waiting, b.parked, span(b.oldest)) for b in lanes],
        )
    say()
    if report.parked:
        say(
            f"{counted(report.parked, 'thing waits', 'things wait')} for a person: `syncline park list`",
            "yellow",
        )
    if any(overdue.values()) and not report.held:
        say("an instance is not being polled: is the daemon (`syncline run`) at work?", "yellow")
    if well:
        say("all is well", "green")


def _state(instance: "InstanceStatus", *, overdue: bool) -> str:
    if instance.halted:
        return f"STANDS STILL: {plain(instance.halted)}"
    if instance.failing_since:
        return f"does not answer since {moment(instance.failing_since)} UTC: {plain(instance.error or '')}"
    return "not polled" if overdue else "ok"


# ---- explain ------------------------------------------------------------------------------------


def explain(
    face: Face,
    key: Annotated[
        str, typer.Argument(help="An incident, or a record's key: INC0010001, OPS-12, snow-prod/INC0010001.")
    ],
) -> None:
    """Show what happened to an incident on all platforms, and why; or why a record is not kept in agreement."""
    with face.application() as application, progress(f"looking for {key}") as doing:
        instance, bare = narrowed(key, application.configuration.instances)
        found = application.explain(bare)
        if not found and bare.isdigit():
            # PagerDuty's numbers are written with a hash, which a shell takes for a comment.
            found = application.explain(f"#{bare}")
        if instance is not None:
            found = [e for e in found if any(link.instance == instance for link in e.situation.links)]
        missing: list[Unsynced] = []
        faults: list[str] = []
        if not found:
            doing(f"asking the platforms for {key}")
            missing, faults = application.unsynced(bare)
            missing = [one for one in missing if instance in {None, one.instance}]
    document = {
        "key": key,
        "incidents": [explanation_document(one) for one in found],
        "unsynced": [unsynced_row(one) for one in missing],
        "unreachable": [face.redactor(fault) for fault in faults],
    }

    def show() -> None:
        if found:
            say_explanations(found)
            return
        for one in missing:
            say(f"{one.instance} {plain(one.key)} is not kept in agreement", "bold")
            say(f"  why: {plain(one.reason)}")
            say(f"  {plain(one.url)}")
        for fault in faults:
            complain(f"could not be asked: {face.redactor(fault)}")
        if not missing:
            elsewhere = " that could be asked" if faults else ""
            complain(
                f"no incident is called {key}, and no instance{elsewhere} has a record of that key. Write the key as the"
                " platform shows it, such as INC0010001, OPS-12 or 4711"
            )

    face.answer(document, show, FINE if found else FINDINGS)


# ---- plan ---------------------------------------------------------------------------------------


def plan(
    face: Face,
    record: Annotated[
        str, typer.Argument(help="An incident, or a record's key; instance/key where several could be meant.")
    ],
) -> None:
    """Show what would be done to an incident or record now: the exact calls. None of them is made."""
    with face.application() as application, progress(f"reading {record}"):
        found = application.plan(record)
    face.answer(plan_document(found), lambda: say_plan(found))


def plan_document(found: "Plan") -> dict[str, Any]:
    """A plan, as JSON has it."""
    return {
        "incident": found.incident_id,
        "title": found.title,
        "changes": found.changes,
        "calls": [
            {
                "instance": planned.instance,
                "kind": planned.kind,
                "record": planned.record,
                "fields": planned.fields,
                "method": planned.call.method if planned.call else None,
                "url": planned.call.url if planned.call else None,
                "headers": planned.call.headers if planned.call else {},
                "body": _body(planned),
                "note": planned.note,
            }
            for planned in found.calls
        ],
        "reasons": found.reasons,
    }


def _body(planned: "PlannedCall") -> Any:
    """The body of a call: data where it is JSON, else text, else how large it is."""
    body = planned.call.body if planned.call else None
    if not body:
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return f"({len(body)} bytes)"
    try:
        return json.loads(text)
    except ValueError:
        return text


def say_plan(found: "Plan") -> None:
    """A plan, on standard output."""
    if found.incident_id is None:
        say("it would not be taken up", "bold")
    else:
        say(f"{found.incident_id}  {plain(found.title)}", "bold")
    for reason in found.reasons:
        say(f"  {plain(reason)}")
    for change in found.changes:
        say(f"  {plain(change)}")
    say()
    if not found.calls:
        say("nothing would be sent")
        return
    writes = 0
    for planned in found.calls:
        if not planned.kind:
            say(f"   {planned.instance}: {plain(planned.note)}")
            continue
        writes += 1
        what = " ".join(part for part in (planned.kind, planned.record) if part)
        fields = f": {', '.join(planned.fields)}" if planned.fields else ""
        say(f"{writes}. {planned.instance}: {plain(what)}{plain(fields)}", "bold")
        if planned.call is not None:
            say(f"   {planned.call.method} {plain(planned.call.url)}")
        body = _body(planned)
        if body is not None:
            text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
            shown = text if len(text) <= _LONGEST_BODY else text[:_LONGEST_BODY] + "…"
            for line in shown.split("\n"):
                say(f"   {plain(line, lines=True)}")
        if planned.note:
            say(f"   {plain(planned.note)}")
    say()
    say(f"{counted(writes, 'write')} would be made; none was")
