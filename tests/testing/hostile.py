"""Connectors that do one thing wrong each: the mistake for every check of the kit.

Each is a real connector of which one method, or one statement of the plugin, is spoiled.
"""

import re
import time
from _thread import get_ident
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import model_validator

from syncline.configuration.defaults import default_mapping
from syncline.connector import (
    Attach,
    Comment,
    Create,
    Finding,
    Hint,
    HistoryKind,
    LinkBack,
    Page,
    Paged,
    PagePerson,
    Plugin,
    Receipt,
    Severity,
    Sighting,
    Step,
    Transition,
    Update,
    mark,
)
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater, SynclineError
from syncline.model import Visibility
from syncline.plugins import discover
from syncline.testing.simulated import START
from syncline.testing.stand import StandFactory
from syncline.testing.stands.jira import JiraCloudStand
from syncline.testing.stands.pagerduty import PagerDutyStand
from syncline.testing.stands.servicenow import ServiceNowStand

FOUND = discover().found
STANDS: Mapping[str, StandFactory] = {
    "servicenow": ServiceNowStand,
    "jira": JiraCloudStand,
    "pagerduty": PagerDutyStand,
}
SNOW, JIRA, PD = FOUND["servicenow"], FOUND["jira"], FOUND["pagerduty"]

Method = Callable[..., Any]
"""Takes the method that it spoils, and what that is called with."""
Makes = Callable[[Any, Any], Mapping[str, Method]]
"""Methods for one connector, of it and its `Http`: what they remember is its own."""


def spoiled(plugin: Plugin, makes: Makes) -> Plugin:
    """The plugin, whose connectors do something else in those methods."""

    def connect(settings, http, fields):
        connector = plugin.connect(settings, http, fields)
        base = type(connector)
        methods = {}
        for name, method in makes(connector, http).items():
            methods[name] = partial(method, getattr(connector, name))
        connector.__class__ = type("Hostile", (base,), {})
        for name, method in methods.items():
            setattr(connector, name, method)
        return connector

    return replace(plugin, connect=connect)


def does(plugin: Plugin = SNOW, **methods: Method) -> Plugin:
    """The plugin with those methods spoiled."""
    return spoiled(plugin, lambda _connector, _http: methods)


def states(plugin: Plugin = SNOW, **capabilities: Any) -> Plugin:
    """The plugin with other capabilities."""
    return replace(plugin, capabilities=replace(plugin.capabilities, **capabilities))


def maps(old: str, new: str, plugin: Plugin = SNOW) -> Plugin:
    """The plugin with another line in its mapping."""
    path = default_mapping(plugin.platform)
    assert path is not None
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    return replace(plugin, mapping=text.replace(old, new))


def raising(caught: type[SynclineError], raised: type[SynclineError]) -> Method:
    """What ends in one error ends in another."""

    def method(original, *given):
        try:
            return original(*given)
        except caught as error:
            raise raised(str(error)) from error

    return method


def swallowing(caught: type[SynclineError], gives: Callable[..., Any]) -> Method:
    """What ends in an error ends well."""

    def method(original, *given):
        try:
            return original(*given)
        except caught:
            return gives(*given)

    return method


def seen(change: Callable[[Any], Any]) -> Method:
    """`read` shows another record."""

    def method(original, record_id):
        sighting = original(record_id)
        return replace(sighting, record=change(sighting.record))

    return method


def with_values(**changes: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A record with other values."""
    return lambda record: replace(
        record,
        values={
            name: changes[name](value) if name in changes else value for name, value in record.values.items()
        },
    )


def written(kind: type, change: Callable[[Any], Any]) -> Method:
    """`write` writes something else; None: nothing."""

    def method(original, operation):
        if isinstance(operation, kind):
            operation = change(operation)
        return original(operation)

    return method


def without(*names: str) -> Callable[[Any], Any]:
    """An operation that leaves out fields."""
    return lambda operation: replace(
        operation, values={name: value for name, value in operation.values.items() if name not in names}
    )


def twice(kind: type) -> Method:
    """`write` writes it twice."""

    def method(original, operation):
        if isinstance(operation, kind):
            original(operation)
        return original(operation)

    return method


def instead(kind: type, act: Callable[[Any, Any], Any]) -> Method:
    """`write` does that for such an operation."""
    return lambda original, operation: (
        act(original, operation) if isinstance(operation, kind) else original(operation)
    )


def every(method_gives: Callable[[Any], Any]) -> Method:
    """What it gives is changed."""
    return lambda original, *given: method_gives(original(*given))


def each(change: Callable[[Any], Any]) -> Method:
    """Each of what it gives is changed."""
    return every(lambda found: [change(one) for one in found])


def done(operation) -> Receipt:
    return Receipt(operation.record_id)


def content(*_given):
    yield Finding("reachable", Severity.OK, "all is well")
    yield Finding("authorised", Severity.OK, "all is well")


def drop_last(original, cursor, limit):
    page = original(cursor, limit)
    return replace(page, sightings=page.sightings[:-1])


def passes_over_the_second_hour(original, cursor, limit):
    page = original(cursor, limit)
    zone = ZoneInfo("Europe/Berlin")
    first = [one for one in page.sightings if not one.record.created_at.astimezone(zone).fold]
    return replace(page, sightings=tuple(first))


def passes_over_the_late(connector, _http):
    start = connector.start

    def poll(original, cursor, limit):
        page = original(cursor, limit)
        return page if page.more else replace(page, cursor=start(None))

    return {"poll": poll}


def goes_by_our_clock(_connector, http):
    http.platform_now = http._line.clock.now
    return {}


def goes_by_our_zone(_connector, http):
    now = http.platform_now
    http.platform_now = lambda: datetime(*time.localtime(now().timestamp())[:6], tzinfo=UTC)
    return {}


def remembers_the_cursor(_connector, _http):
    kept = {}

    def poll(original, cursor, limit):
        known = kept.get("cursor")
        page = original(known or cursor, limit) if known or "kept" not in cursor else Page((), cursor, False)
        kept["cursor"] = page.cursor
        return replace(page, cursor={"kept": True})

    return {"poll": poll}


def shows_once(_connector, _http):
    shown = set()

    def poll(original, cursor, limit):
        page = original(cursor, limit)
        new = tuple(one for one in page.sightings if one.record_id not in shown)
        shown.update(one.record_id for one in new)
        return replace(page, sightings=new)

    return {"poll": poll}


def forgets_what_failed(connector, _http):
    start = connector.start

    def poll(original, cursor, limit):
        try:
            return original(cursor, limit)
        except SynclineError:
            for _ in range(100):
                try:
                    return Page((), start(None), False)
                except SynclineError:
                    continue
            return Page((), cursor, False)

    return {"poll": poll}


def writes_while_it_reads(_connector, http):
    def attachments(original, record_id):
        http.json("POST", "/api/now/table/incident", json={"short_description": "oops"})
        return original(record_id)

    return {"attachments": attachments}


def asks_much(connector, _http):
    schema = connector.schema

    def poll(original, cursor, limit):
        for _ in range(4):
            schema()
        return original(cursor, limit)

    return {"poll": poll}


def passes_for_a_read(kind: type) -> Makes:
    def makes(_connector, http):
        def write(original, operation):
            if not isinstance(operation, kind):
                return original(operation)
            with http.about(safe=True):
                return original(operation)

        return {"write": write}

    return makes


def finds_what_it_made_last(_connector, _http):
    made = []

    def write(original, operation):
        if isinstance(operation, Create):
            made.append(operation.marker)
        return original(operation)

    return {"write": write, "find": lambda original, marker: original(made[-1] if made else marker)}


def finds_the_last_month(_connector, http):
    def find(original, marker):
        since = http.platform_now() - timedelta(days=30)
        return [one for one in original(marker) if one.created_at >= since]

    return {"find": find}


def believes_copies(_connector, http):
    def read(original, record_id):
        found = original(record_id)
        address = f"/api/now/table/incident/{record_id}"
        marker = http.json("GET", address, params={"sysparm_fields": "correlation_id"})["result"][
            "correlation_id"
        ]
        return replace(found, record=replace(found.record, marker=marker or None))

    return {"read": read}


def sends_it_whole(connector, _http):
    read = connector.read

    def write(original, operation):
        if isinstance(operation, Update):
            stands = read(operation.record_id).record.values
            whole = {name: stands[name] for name in ("impact", "urgency")}
            operation = replace(operation, values={**whole, **operation.values})
        return original(operation)

    return {"write": write}


LOST = set()


def loses_the_marker(_connector, _http):
    def write(original, operation):
        if isinstance(operation, Update):
            LOST.add(operation.record_id)
        return original(operation)

    def read(original, record_id):
        found = original(record_id)
        return replace(found, record=replace(found.record, marker=None)) if record_id in LOST else found

    return {"write": write, "read": read}


def reads_whatever(connector, _http):
    lookup = connector.lookup

    def read(original, record_id):
        try:
            return original(record_id)
        except Gone:
            found = lookup("INC0010001")
            return Sighting(found.id, found)

    return {"read": read}


def knows_any_ticket(connector, _http):
    def lookup(original, key):
        return original(key) or original("INC0010001")

    return {"lookup": lookup}


def never_recovers(_connector, _http):
    failed = []

    def method(original, *given):
        if failed:
            raise RetryLater("stand: still down")
        try:
            return original(*given)
        except SynclineError:
            failed.append(True)
            raise

    return dict.fromkeys(("read", "poll", "find", "schema"), method)


def trusts_replies(_connector, http):
    def schema(original):
        rows = http.json(
            "GET", "/api/now/table/incident", params={"sysparm_limit": "1", "sysparm_fields": "number"}
        )["result"]
        for row in rows:
            row["number"].upper()
        return original()

    return {"schema": schema}


def serves_one_worker(_connector, _http):
    first = []

    def remarks(original, record_id):
        me = get_ident()
        first.append(me)
        if first[0] != me:
            raise RuntimeError("two workers at once")
        return original(record_id)

    return {"remarks": remarks}


def steps_of_its_own_alone(connector, _http):
    read = connector.read

    def steps(original, record_id, status):
        return original(record_id, status) if read(record_id).record.values["status"] == status else ()

    return {"steps": steps}


def tells_its_secret(_connector, _http):
    def read(original, record_id):
        try:
            return original(record_id)
        except SynclineError as error:
            raise RetryLater(f"{error} (signed in with sandbox)") from error

    return {"read": read}


def asks_the_platform(connector, _http):
    schema = connector.schema

    def parse_hint(original, headers, raw):
        schema()
        return original(headers, raw)

    return {"parse_hint": parse_hint}


def only_the_last(edits):
    latest = {one.field: one for one in edits}
    return [one for one in edits if latest[one.field] is one]


NUMBERS = count()


def numbered(edits):
    return [replace(one, id=f"{one.id}-{next(NUMBERS)}") for one in edits]


def set_back(sighting):
    return replace(sighting, record=sighting.record and replace(sighting.record, revision=7))


class Plain(SNOW.settings):
    api_token: str = ""


class Careless(SNOW.settings):
    @model_validator(mode="before")
    @classmethod
    def _no_plain_secrets(cls, values):
        return values


class Silent(SNOW.settings):
    def authentication(self, context):
        raise Configuration("a secret is missing")


class Undescribed(SNOW.settings):
    colour: str = ""


def talkative(plugin: Plugin) -> Plugin:
    def connect(settings, http, fields):
        connector = plugin.connect(settings, http, fields)
        connector.start(None)
        return connector

    return replace(plugin, connect=connect)


def reaching_back_nowhere(plugin: Plugin) -> Plugin:
    def connect(settings, http, fields):
        return plugin.connect(settings.model_copy(update={"overlap": 0.0}), http, fields)

    return replace(plugin, connect=connect)


def lacking(plugin: Plugin, name: str) -> Plugin:
    def connect(settings, http, fields):
        connector = plugin.connect(settings, http, fields)
        setattr(connector, name, None)
        return connector

    return replace(plugin, connect=connect)


def comment_then(original, operation):
    token = "zzz000000001"
    original(Comment(operation.record_id, token, f"By the way.\n{mark(token)}", Visibility.INTERNAL))
    return original(operation)


def retitling(original, operation):
    receipt = original(operation)
    original(Update(operation.record_id, {"short_description": "Somebody wrote"}))
    return receipt


def oops(original, operation):
    if "no_such_field_at_all" in operation.values:
        return original(Update(operation.record_id, {"short_description": "oops"}))
    return original(operation)


def leaves_nothing_empty(original, operation):
    values = {name: value for name, value in operation.values.items() if value is not None}
    return original(replace(operation, values=values)) if values else done(operation)


def never_reopens(original, operation):
    if str(operation.values.get("state")) in {"1", "2"}:
        raise RetryLater("stand: not now")
    return original(operation)


def ascii_only(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def untagged(text):
    return re.sub(r"<.*?>", "", text) if isinstance(text, str) else text


def again_on_failure(original, operation):
    try:
        return original(operation)
    except SynclineError:
        return original(operation)


UNKNOWN, LATER = raising(OutcomeUnknown, RetryLater), raising(Gone, RetryLater)

HOSTILE: Mapping[str, Plugin] = {
    # plugin
    "plugin-has-a-plain-name": replace(SNOW, title=" "),
    "plugin-is-of-this-contract": replace(SNOW, contract="0.9"),
    "connector-is-whole": lacking(SNOW, "find_party"),
    "connecting-asks-nothing": talkative(SNOW),
    "secrets-are-secret": replace(SNOW, settings=Plain),
    "secrets-are-refused-in-the-file": replace(SNOW, settings=Careless),
    "missing-secret-is-named": replace(SNOW, settings=Silent),
    "settings-are-described": replace(SNOW, settings=Undescribed),
    "capabilities-agree": states(text_limits={"short_description": 0}),
    # mapping
    "mapping-is-sound": maps("mapping: 1\n", "mapping: 1\nnonsense: true\n"),
    "mapping-has-a-title": maps(
        "field: summary, max: 255", "field: summary, direction: read, max: 255", JIRA
    ),
    "mapping-fits-the-platform": maps("{field: summary, max: 255", "{field: headline, max: 255", JIRA),
    "mapping-says-every-status": maps("      canceled: [Canceled,", "      #canceled: [Canceled,", JIRA),
    "mapping-reads-every-status": maps("In Review, ", "", JIRA),
    "what-we-write-is-read-back": does(write=written(Create, without("description"))),
    # checking
    "check-is-content": does(check=lambda _original: iter([Finding("x", Severity.ERROR, "oh", "do")])),
    "check-says-that-it-is-down": does(check=content),
    "check-says-that-it-is-not-let-in": does(check=content),
    "check-survives-nonsense": does(check=content),
    "check-sees-a-wrong-clock": does(check=content),
    "check-tells-of-the-history": does(check=content),
    "check-changes-nothing": spoiled(
        SNOW,
        lambda connector, _http: {
            "check": lambda original: (
                [connector.write(Create("SL-X", {"short_description": "x"}))] and original()
            )
        },
    ),
    # reading
    "read-shows-what-was-opened": does(read=seen(with_values(short_description=lambda _: "Something"))),
    "values-are-canonical": does(read=seen(with_values(description=lambda text: f"{text} \r\n"))),
    "reading-twice-gives-the-same": does(
        read=seen(with_values(description=lambda _: f"seen {next(NUMBERS)} times"))
    ),
    "times-are-true": does(
        read=seen(lambda one: replace(one, updated_at=one.updated_at + timedelta(hours=1)))
    ),
    "ticket-has-a-name-and-an-address": does(read=seen(lambda one: replace(one, url=""))),
    "lookup-finds-by-name-and-id": does(lookup=lambda _original, _key: None),
    "lookup-of-nothing-is-nothing": spoiled(SNOW, knows_any_ticket),
    "strange-ids-hit-nothing": spoiled(SNOW, reads_whatever),
    "gone-is-gone": does(read=LATER),
    "refused-read-is-no-deletion": does(read=raising(Configuration, Gone)),
    "read-many-leaves-out-the-gone": spoiled(
        SNOW,
        lambda one, _http: {"read_many": lambda _original, ids: [one.read(record_id) for record_id in ids]},
    ),
    "read-many-brings-as-many-as-it-says": does(read_many=every(lambda found: found[:10])),
    "every-way-reads-the-same": does(
        lookup=every(lambda one: one and with_values(impact=lambda _: "x")(one))
    ),
    "whose-edit-it-was": does(read=seen(lambda one: replace(one, own=True))),
    "people-are-found": does(find_party=lambda _original, _kind, _name: None),
    # polling
    "poll-begins-now": does(start=lambda original, since: original(since or START)),
    "poll-begins-then": does(start=lambda original, _since: original(None)),
    "poll-brings-every-edit": does(poll=drop_last),
    "poll-brings-ties": does(poll=drop_last),
    "poll-comes-to-an-end": does(poll=every(lambda page: replace(page, more=True))),
    "poll-brings-what-shows-late": spoiled(reaching_back_nowhere(SNOW), passes_over_the_late),
    "poll-brings-what-shows-behind-younger-ones": reaching_back_nowhere(SNOW),
    "poll-bears-clocks-put-back": does(poll=passes_over_the_second_hour),
    "poll-goes-by-the-clock-of-the-platform": spoiled(SNOW, goes_by_our_clock),
    "poll-does-not-depend-on-our-time-zone": spoiled(SNOW, goes_by_our_zone),
    "cursor-is-all-that-is-remembered": spoiled(SNOW, remembers_the_cursor),
    "poll-can-be-asked-again": spoiled(SNOW, shows_once),
    "poll-loses-nothing-to-a-failure": spoiled(SNOW, forgets_what_failed),
    "poll-bears-edits-between-pages": does(poll=drop_last),
    "poll-brings-remarks": does(
        poll=every(
            lambda page: replace(page, sightings=tuple(replace(one, remarks=()) for one in page.sightings))
        )
    ),
    "quiet-poll-is-cheap": spoiled(SNOW, asks_much),
    "poll-of-an-empty-platform": does(
        poll=every(lambda page: replace(page, sightings=(*page.sightings, Sighting("x", None))))
    ),
    "poll-changes-nothing": spoiled(SNOW, writes_while_it_reads),
    "poll-bears-a-deletion": does(
        poll=every(lambda _page: (_ for _ in ()).throw(RetryLater("stand: not now")))
    ),
    # creating
    "create-is-one-request": does(write=twice(Create)),
    "create-says-that-it-writes": spoiled(SNOW, passes_for_a_read(Create)),
    "create-is-found-by-its-marker": does(find=lambda _original, _marker: ()),
    "find-finds-nothing-else": spoiled(SNOW, finds_what_it_made_last),
    "find-finds-what-has-ended": does(
        find=every(lambda found: [one for one in found if one.values["state"] not in {"6", "7", "8"}])
    ),
    "find-finds-what-is-old": spoiled(SNOW, finds_the_last_month),
    "marker-outlives-our-updates": spoiled(SNOW, loses_the_marker),
    "copy-of-a-ticket-is-not-ours": spoiled(SNOW, believes_copies),
    "create-brings-its-values": does(write=written(Create, without("description"))),
    "lost-reply-to-a-create-is-unknown": does(write=UNKNOWN),
    "strange-reply-to-a-write-is-unknown": does(write=UNKNOWN),
    "unsent-create-is-tried-later": does(write=raising(RetryLater, OutcomeUnknown)),
    "writes-are-not-repeated": does(write=again_on_failure),
    "create-key-is-true": states(create_key=True),
    "create-takes-every-script": does(
        write=written(
            Create,
            lambda one: replace(
                one, values={**one.values, "short_description": ascii_only(one.values["short_description"])}
            ),
        )
    ),
    # writing
    "update-is-one-request": does(write=twice(Update)),
    "update-says-that-it-writes": spoiled(SNOW, passes_for_a_read(Update)),
    "update-touches-nothing-else": does(
        write=written(Update, lambda one: replace(one, values={**one.values, "impact": "3", "urgency": "3"}))
    ),
    "update-keeps-an-edit-of-that-moment": spoiled(SNOW, sends_it_whole),
    "what-changes-beside-is-stated": states(PD, resets={}),
    "receipt-is-true": does(
        write=every(
            lambda receipt: replace(receipt, record=receipt.record and replace(receipt.record, revision=99))
        )
    ),
    "fields-are-emptied": does(write=instead(Update, leaves_nothing_empty)),
    "update-of-the-gone-says-so": does(write=LATER),
    "refusal-is-a-refusal": does(write=raising(Refused, RetryLater)),
    "revisions-grow": does(read=every(set_back)),
    "counted-revisions-are-true": states(counted_revisions=False),
    "lost-reply-to-an-update-is-unknown": does(write=UNKNOWN),
    "text-limits-are-true": does(
        write=written(
            Update,
            lambda one: replace(
                one, values={name: value and value[:20] for name, value in one.values.items()}
            ),
        )
    ),
    "markup-is-text": does(read=seen(with_values(description=untagged))),
    "impossible-write-is-refused": does(write=instead(Update, oops)),
    # moving
    "status-is-carried": does(
        write=instead(Update, lambda original, one: done(one) if "state" in one.values else original(one))
    ),
    "no-workflow-is-true": does(steps=lambda *_given: [Step("1", "Go", "2")]),
    "steps-lead-where-they-say": does(JIRA, steps=each(lambda one: replace(one, to="Elsewhere"))),
    "steps-of-a-status-elsewhere": spoiled(JIRA, steps_of_its_own_alone),
    "impossible-step-is-refused": does(JIRA, write=swallowing(Refused, done)),
    "step-is-one-request": does(JIRA, write=instead(Transition, comment_then)),
    "lost-reply-to-a-step-is-unknown": does(JIRA, write=UNKNOWN),
    "reopening-works-or-is-refused": does(write=instead(Update, never_reopens)),
    # failing
    "throttling-is-waited-out": does(write=raising(RetryLater, RetryLater)),
    "unavailable-is-waited-out": does(read=raising(RetryLater, Gone)),
    "server-error-on-a-write-is-no-refusal": does(write=raising(OutcomeUnknown, Refused)),
    "it-works-again-after-an-outage": spoiled(SNOW, never_recovers),
    "expired-token-is-renewed-or-said": does(
        read=swallowing(Configuration, lambda _id: (_ for _ in ()).throw(Configuration("no")))
    ),
    "page-is-no-answer": does(remarks=swallowing(SynclineError, lambda _id: ())),
    "accepted-is-not-done": does(write=swallowing(SynclineError, done)),
    "missing-list-is-no-empty-one": does(find=swallowing(RetryLater, lambda _marker: ())),
    "half-an-answer-is-none": does(read=raising(RetryLater, Gone)),
    "missing-parts-are-borne": spoiled(SNOW, trusts_replies),
    "strange-parts-are-borne": spoiled(SNOW, trusts_replies),
    "secrets-stay-secret": spoiled(SNOW, tells_its_secret),
    "messages-say-which-instance": does(
        read=swallowing(SynclineError, lambda _id: (_ for _ in ()).throw(RetryLater("no")))
    ),
    "workers-do-not-disturb-one-another": spoiled(SNOW, serves_one_worker),
    # remarks
    "what-people-say-is-read": does(remarks=each(lambda one: replace(one, body=f"{one.body}!"))),
    "our-remark-comes-back-as-ours": does(remarks=each(lambda one: replace(one, own=False))),
    "visibilities-stay-apart": does(
        write=written(Comment, lambda one: replace(one, visibility=Visibility.PUBLIC))
    ),
    "missing-visibility-is-true": does(
        PD, write=written(Comment, lambda one: replace(one, visibility=Visibility.INTERNAL))
    ),
    "remark-is-one-request": does(write=twice(Comment)),
    "lost-reply-to-a-remark-is-unknown": does(write=UNKNOWN),
    "remarks-have-their-order": does(remarks=every(lambda found: found[::-1])),
    "all-remarks-are-read": does(remarks=every(lambda found: found[:50])),
    "remark-on-the-gone-says-so": does(write=LATER),
    "remarks-are-text": does(remarks=each(lambda one: replace(one, body=untagged(one.body)))),
    "remark-leaves-the-ticket-alone": does(write=instead(Comment, retitling)),
    "link-back-stands-there": does(write=instead(LinkBack, lambda _original, one: done(one))),
    # files
    "file-of-a-person-is-read": does(attachments=lambda _original, _id: ()),
    "our-file-comes-back-as-ours": does(attachments=each(lambda one: replace(one, own=False))),
    "lost-reply-to-a-file-is-unknown": does(write=UNKNOWN),
    "large-file-is-refused": does(content=lambda _original, _file: b"anything"),
    "file-names-are-kept": does(write=written(Attach, lambda one: replace(one, name=ascii_only(one.name)))),
    "no-files-is-true": states(attachments=False),
    "read-many-brings-files": does(read_many=each(lambda one: replace(one, attachments=()))),
    # history
    "history-tells-of-edits": does(history=lambda *_given: ()),
    "history-knows-our-own": does(history=each(lambda one: replace(one, own=False))),
    "history-keeps-what-was-overwritten": does(history=every(only_the_last)),
    "history-stays-the-same": does(history=every(numbered)),
    "history-goes-back-far-enough": does(history=every(lambda found: found[-5:])),
    "no-history-is-true": states(history=HistoryKind.NONE),
    "unlogged-fields-are-true": states(unlogged=frozenset({"short_description"})),
    # paging
    "person-is-called": does(PD, paged=lambda *_given: Paged.REACHED),
    "declined-page-has-failed": does(PD, paged=lambda *_given: Paged.PENDING),
    "page-to-nobody-is-refused": does(PD, write=swallowing(Refused, done)),
    "no-pages-is-true": does(write=instead(PagePerson, lambda _original, one: done(one))),
    # hooks
    "nonsense-is-no-hint": does(parse_hint=lambda _original, _headers, raw: [Hint(str(raw[9]))]),
    "hint-names-its-ticket": does(parse_hint=lambda *_given: [Hint("another")]),
    "hint-asks-nothing": spoiled(SNOW, asks_the_platform),
}
"""By the check that it breaks."""
