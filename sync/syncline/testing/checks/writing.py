"""Updates: just what is meant, and its outcome told truly."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

import requests

from syncline.connector import Native, PartyKind, Record, Update
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.model import Value
from syncline.testing.check import Broken, Tier, check
from syncline.testing.stand import Assigns
from syncline.testing.trial import Trial, shown
from syncline.testing.wiretap import Send, answers, breaks_after


@check(Tier.BRONZE, "Send one request that changes something.")
def update_is_one_request(t: Trial) -> None:
    """Between two writes we can be killed, or somebody else can write."""
    record = t.create()
    operation = t.change(record.id, title=t.title(), description="It is the disk.")
    before = t.writes()
    t.connector.write(operation)
    t.claim(t.writes() - before == 1, f"{t.writes() - before} requests that change something went out")


@check(Tier.BRONZE, "Do not say safe=True for what changes something, and send it through `Http`.")
def update_says_that_it_writes(t: Trial) -> None:
    """What passes for a read is repeated when its reply is lost, over an edit that somebody made meanwhile."""
    record = t.create()
    t.call_of(t.change(record.id, title=t.title()))
    t.claim(t.read(record.id).values == record.values, "a rehearsal changed the ticket")


@check(Tier.BRONZE, "Send the fields of Update.values and no others.")
def update_touches_nothing_else(t: Trial) -> None:
    """Whatever is sent beside overwrites what somebody just edited."""
    record = t.create(priority=3, description="Nobody can log in.")
    operation = t.change(record.id, title=t.title())
    t.edit(record.id, priority=2)
    before = t.read(record.id)
    t.connector.write(operation)
    t.stand.wait(1)
    after = t.read(record.id)
    other = [
        name
        for name, value in before.values.items()
        if name not in operation.values and after.values.get(name) != value
    ]
    t.claim(not other, f"writing {', '.join(operation.values)} changed {', '.join(other)}")


@check(
    Tier.BRONZE,
    "Send the fields of Update.values and no others: what was read a moment before is already old. Where the platform takes"
    " whole tickets only, send the version that was read (If-Match), and state its 412 as Reaction.LATER.",
)
def update_keeps_an_edit_of_that_moment(t: Trial) -> None:
    """Who reads a ticket, changes a field and sends it back whole takes back what a person did in between."""
    probes: Mapping[str, tuple[Value, Value]] = {
        "priority": (3, 2),
        "description": ("It is the disk.", "It is the network."),
        "status": ("new", "in_progress"),
    }
    field = next((name for name in probes if t.both_ways(name)), None)
    if field is None:
        t.exempt("the default mapping maps nothing both ways but the title")
    record = t.create(**({} if field == "status" else {field: probes[field][0]}))
    operation = t.change(record.id, title=t.title())
    where = t.sent_for(operation)
    natives = t.natives(t.read(record.id), **{field: probes[field][1]})

    def meanwhile(_request: requests.PreparedRequest, send: Send) -> requests.Response:
        t.stand.edit(record.id, natives)
        return send()

    t.tap.meets(meanwhile, where)
    with suppress(RetryLater):
        t.connector.write(operation)
    t.stand.wait(1)
    after = t.read(record.id)
    wanted = {
        name: value
        for name, value in natives.items()
        if name in record.values and name not in operation.values
    }
    lost = [name for name, value in wanted.items() if after.values.get(name) == record.values[name] != value]
    t.claim(
        not lost,
        f"somebody changed {', '.join(lost)} just before our write of another field arrived, and it is gone",
    )


@check(
    Tier.SILVER,
    "State in `resets` which values the platform gives other fields when one is written; leave out of Record.values what a ticket in"
    " that state does not tell.",
)
def what_changes_beside_is_stated(t: Trial) -> None:
    """What the platform changes by itself with our write passes for somebody's edit, and is carried to all platforms."""
    stated = t.plugin.capabilities
    shown = {native for rule in t.mapping.rules.values() if rule.direction.reads for native in rule.natives}
    for field in ("title", "description", "priority", "assignee", "group", "status"):
        if not t.both_ways(field):
            continue
        record = t.create(priority=3, description="Nobody can log in.")
        t.move(record.id, "acknowledged")
        before = t.read(record.id)
        natives = _another(t, field, before)
        if field == "status":
            t.move(record.id, "resolved")
        elif natives is not None:
            t.connector.write(Update(record.id, natives))
        t.stand.wait(1)
        after = t.read(record.id).values
        own = {*t.mapping.natives_of(field), *(natives or ())}
        reset = stated.resets_of(own)
        for native, value in before.values.items():
            if native in own or native not in shown or value is None or native not in after:
                continue
            now = after[native]
            told = native in reset and reset[native] == now
            t.claim(
                now == value or told or (native in stated.assigns and now is not None),
                f"our write of {field} made of {native} {now!r}, which was {value!r}, and `resets` does not say so",
            )


def _another(t: Trial, field: str, present: Record) -> dict[str, Native] | None:
    """A field's natives with another value; None where that takes steps, or where there is no other."""
    values: Mapping[str, Value] = {"title": t.title(), "description": "It is the disk.", "priority": 2}
    if field in values:
        return t.natives(present, **{field: values[field]})
    if field == "assignee" and isinstance(t.stand, Assigns):
        found = t.connector.find_party(PartyKind.PERSON, t.stand.assignable)
        return None if found is None else {t.native_of(field): found.id}
    if field == "group":
        native = t.native_of(field)
        other = next((one.id for one in t.schema.groups if one.id != present.values.get(native)), None)
        return None if other is None else {native: other}
    return None


@check(
    Tier.BRONZE,
    "Read the reply by the code that reads records; give record=None where it does not show all of it.",
)
def receipt_is_true(t: Trial) -> None:
    """The receipt is what the next merge is based on."""
    record = t.create()
    operation = t.change(record.id, title=t.title(), description="It is the disk.")
    receipt = t.connector.write(operation)
    t.claim(
        receipt.record_id == record.id, f"the receipt is of {receipt.record_id!r}, the ticket {record.id!r}"
    )
    if receipt.record is not None:
        read = t.read(record.id)
        wrong = {
            name: value for name, value in receipt.record.values.items() if read.values.get(name) != value
        }
        t.claim(
            not wrong,
            f"the receipt has {shown(wrong)}, the ticket {shown({name: read.values.get(name) for name in wrong})}",
        )
        t.claim(
            receipt.record.revision == read.revision,
            f"revision {receipt.record.revision}, not {read.revision}",
        )


@check(Tier.BRONZE, "Send what the platform takes for emptiness; state never_empty where there is no way.")
def fields_are_emptied(t: Trial) -> None:
    """What somebody cleared elsewhere must not stand here for ever."""
    probes: Mapping[str, Value] = {"description": "It is the disk.", "priority": 3, "urgency": 2}
    field = next((name for name in probes if t.both_ways(name)), None)
    if field is None:
        t.exempt("the default mapping maps nothing both ways that could be empty")
    native = t.native_of(field)
    record = t.create(**{field: probes[field]})
    stays = native in t.plugin.capabilities.never_empty
    try:
        t.connector.write(Update(record.id, {native: None}))
    except Refused:
        t.claim(stays, f"{native} cannot be emptied, and never_empty does not name it")
        return
    t.stand.wait(1)
    left = t.read(record.id).values[native]
    if stays:
        t.claim(left is not None, f"never_empty names {native}, and it was emptied")
    else:
        t.claim(left is None, f"{native} was emptied, and is {left!r}")


@check(
    Tier.BRONZE,
    "Let `Http` judge a 404; say in the dialect how else the platform says that a ticket is gone.",
)
def update_of_the_gone_says_so(t: Trial) -> None:
    """Anything but Gone is tried again for ever, or parked for a person who can do nothing."""
    record = t.create()
    operation = t.change(record.id, title=t.title())
    t.delete(record.id)
    t.raises(Gone, lambda: t.connector.write(operation), "writing to a deleted ticket")


@check(Tier.SILVER, "Let `Http` judge a 400, and pass it the ticket: record=.")
def refusal_is_a_refusal(t: Trial) -> None:
    """A write that is never taken and always tried again holds up what comes behind it, and nobody learns of it."""
    record = t.create()
    operation = t.change(record.id, title=t.title())
    t.tap.meets(answers(400, b'{"error": "no such value"}'), t.sent_for(operation), times=None)
    error = t.raises(
        Refused, lambda: t.connector.write(operation), "a write that the platform answers with 400"
    )
    t.claim(
        record.id in str(error) or record.key in str(error), f"the message does not name the ticket: {error}"
    )


@check(Tier.BRONZE, "Give what grows with each update: a counter, or the time of the last change.")
def revisions_grow(t: Trial) -> None:
    """What has an older revision than the one we know is ignored: an edit under an equal one is never seen."""
    record_id = t.open()
    last = t.read(record_id).revision
    for _ in range(4):
        t.edit(record_id, title=t.title())
        now = t.read(record_id).revision
        t.claim(now > last, f"after an edit the revision is {now}; before it was {last}")
        last = now
        t.update(record_id, title=t.title())
        now = t.read(record_id).revision
        t.claim(now > last, f"after our write the revision is {now}; before it was {last}")
        last = now


@check(
    Tier.BRONZE, "State counted_revisions only where each update raises it by exactly one; and then state it."
)
def counted_revisions_are_true(t: Trial) -> None:
    """Wrongly stated, somebody's edit passes for ours; wrongly withheld, every write costs one look more."""
    record_id = t.open()
    steps = []
    last = t.read(record_id).revision
    for pause in (3, 11, 2, 7):
        t.stand.wait(pause)
        t.edit(record_id, title=t.title())
        now = t.read(record_id).revision
        steps.append(now - last)
        last = now
    counted = all(step == 1 for step in steps)
    if t.plugin.capabilities.counted_revisions:
        t.claim(counted, f"counted_revisions is stated, and four edits raised the revision by {steps}")
    else:
        t.claim(
            not counted, "counted_revisions is not stated, and each edit raises the revision by exactly one"
        )


@check(Tier.BRONZE, "Let `Http` judge it; catch no exception of requests or of your library.")
def lost_reply_to_an_update_is_unknown(t: Trial) -> None:
    """If it counts as a failure, it is sent again over what somebody wrote meanwhile."""
    record = t.create()
    operation = t.change(record.id, title=t.title())
    t.tap.meets(breaks_after, t.sent_for(operation))
    t.raises(OutcomeUnknown, lambda: t.connector.write(operation), "an update whose reply was lost")


@check(
    Tier.GOLD,
    "State text_limits, in the platform's own measure (characters), and leave the cutting to the core.",
)
def text_limits_are_true(t: Trial) -> None:
    """A text that the platform cuts looks like somebody's edit; one that it refuses stays away."""
    record = t.create(description="Nobody can log in.")
    for field in ("title", "description"):
        if not t.both_ways(field):
            continue
        native = t.native_of(field)
        limit = t.plugin.capabilities.text_limits.get(native)
        found = t.schema.fields.get(native)
        limits = [one for one in (limit, found.max_length if found else None) if one is not None]
        long = ("Züge " * 20_000)[: min(limits, default=150)].rstrip()
        try:
            t.connector.write(Update(record.id, {native: long}))
        except Refused as error:
            raise Broken(
                f"{native}: {len(long)} characters, no more than is stated, are refused: {error}"
            ) from error
        t.stand.wait(1)
        read = t.read(record.id).values[native]
        t.claim(read == long, f"{native}: of {len(long)} characters {len(str(read))} came back")


@check(Tier.GOLD, "Convert between the platform's markup and plain text so that what was written is read.")
def markup_is_text(t: Trial) -> None:
    """Code, logs and tags stand in every other ticket; what is swallowed is evidence."""
    text = 'if a < b && c > d:\n  <b>print</b>("x_1 * *y*")\n{code}\n# no heading\n- 100% &amp; more'
    record = t.create(description=text)
    if "description" not in t.mapping.rules:
        t.exempt("the default mapping has no description")
    read = t.fitted.read(record.values, t.fitted.directory(record.parties)).values.get("description")
    t.claim(read == text, f"{text!r} is read back as {read!r}")


@check(
    Tier.SILVER, "Raise Refused for what the platform has not; a `match` over operations needs its last case."
)
def impossible_write_is_refused(t: Trial) -> None:
    """An exception that nobody foresaw stops a worker; success that was none loses what was to be written."""
    record = t.create()
    before = t.read(record.id)
    only_read = [
        name for name, field in t.schema.fields.items() if not field.writable and name in before.values
    ]
    for name in sorted(only_read)[:3]:
        what = f"writing {name}, of which the schema says that it can only be read,"
        t.raises((Refused, Configuration), partial(t.connector.write, Update(record.id, {name: "x"})), what)
    operation = Update(record.id, {"no_such_field_at_all": "x"})
    try:
        t.connector.write(operation)
    except (Refused, Configuration):
        return
    # Platforms that take no notice of unknown fields leave the ticket as it was.
    t.claim(t.read(record.id).values == before.values, "writing a field that there is not changed the ticket")
