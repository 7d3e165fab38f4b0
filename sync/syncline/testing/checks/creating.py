"""Creates: every ticket once."""

from collections.abc import Callable
from functools import partial
from typing import Final

from syncline.connector import Attach, Create, LinkBack, Operation, Reference, Update
from syncline.errors import OutcomeUnknown, Refused, RetryLater, SynclineError
from syncline.model import Value
from syncline.testing.check import Broken, Tier, check
from syncline.testing.stand import Copies
from syncline.testing.trial import Trial
from syncline.testing.wiretap import answers, breaks_after, breaks_before, refuses_connections, replies

DAY: Final = 86_400.0

_ELSEWHERE: Final = Reference(
    "snow-prod", "servicenow", "INC0010001", "https://snow.example/1", "Mail is down"
)


def _create(t: Trial) -> Create:
    return Create(t.marker(), t.natives(title=t.title(), priority=3, description="Nobody can log in."))


@check(
    Tier.BRONZE,
    "Send one request that changes something; look up what you need before, by requests that only read.",
)
def create_is_one_request(t: Trial) -> None:
    """Between two writes we can be killed: the ticket is then half made, and nobody knows which half."""
    operation = _create(t)
    before = t.writes()
    t.connector.write(operation)
    t.claim(t.writes() - before == 1, f"{t.writes() - before} requests that change something went out")


@check(Tier.BRONZE, "Do not say safe=True for what changes something, and send it through `Http`.")
def create_says_that_it_writes(t: Trial) -> None:
    """What passes for a read is repeated when its reply is lost: the ticket is made twice."""
    operation = _create(t)
    t.call_of(operation)
    t.claim(not t.find(operation.marker), "a rehearsal made a ticket")


@check(
    Tier.BRONZE,
    "Store Create.marker where people do not edit, give it back in Record.marker, and search by it in `find`.",
)
def create_is_found_by_its_marker(t: Trial) -> None:
    """A create whose reply was lost is found by nothing else."""
    operation, other = _create(t), _create(t)
    receipt = t.connector.write(operation)
    t.connector.write(other)
    found = t.find(operation.marker)
    t.claim([one.id for one in found] == [receipt.record_id], f"find gives {[one.id for one in found]}")
    t.claim(found[0].marker == operation.marker, f"the marker of the record is {found[0].marker!r}")
    read = t.read(receipt.record_id)
    t.claim(read.marker == operation.marker, f"`read` gives the marker {read.marker!r}")


@check(Tier.BRONZE, "Compare whole markers; filter what the platform's search finds beside.")
def find_finds_nothing_else(t: Trial) -> None:
    """Another ticket that passes for ours is linked to the wrong incident."""
    t.open()
    operation = _create(t)
    t.connector.write(operation)
    for marker in (t.marker(), operation.marker[:-1], operation.marker[1:], f"{operation.marker}0"):
        found = t.find(marker)
        t.claim(not found, f"find({marker!r}) gives what carries {found[0].marker!r}" if found else "")


@check(Tier.BRONZE, "Search ended tickets too.")
def find_finds_what_has_ended(t: Trial) -> None:
    """Somebody resolves the ticket before we looked for it; created again, it would page everybody for what is done."""
    record = t.create(status="new") if t.plugin.capabilities.workflow is None else t.create()
    t.move(record.id, "resolved")
    found = t.find(record.marker or "")
    t.claim([one.id for one in found] == [record.id], "a resolved ticket is not found by its marker")


@check(Tier.BRONZE, "Search all times: many a search shows the last month unless it is told otherwise.")
def find_finds_what_is_old(t: Trial) -> None:
    """A database that comes from a backup looks for all that it made; what it does not find, it makes again."""
    record = t.create()
    t.stand.wait(100 * DAY)
    found = t.again().connector.find(record.marker or "")
    t.claim(
        [one.id for one in found] == [record.id], "a ticket of a hundred days ago is not found by its marker"
    )


@check(
    Tier.BRONZE,
    "Keep the marker where no update goes; where it stands among the values of a field, send it with each update of that field.",
)
def marker_outlives_our_updates(t: Trial) -> None:
    """A ticket that lost its marker is not found after an outage, and made again."""
    record = t.create()
    changes: dict[str, Value] = {
        "title": t.title(),
        "description": "It is the disk.",
        "priority": 2,
        "labels": ("disk", "mail"),
    }
    for field, value in changes.items():
        rule = t.mapping.rules.get(field)
        if rule is None or not rule.direction.writes(creating=False):
            continue
        # What was seen of a ticket may be remembered: a connector that begins anew has seen nothing.
        trial = t.again()
        trial.connector.write(Update(record.id, t.natives(t.read(record.id), **{field: value})))
        t.stand.wait(1)
        left = t.read(record.id).marker
        t.claim(left == record.marker, f"after our update of {field} the marker is {left!r}")


@check(
    Tier.BRONZE,
    "Give the marker only of tickets that our account created: the platform tells who did. Where it does not, keep the marker where"
    " copies do not take it along.",
)
def copy_of_a_ticket_is_not_ours(t: Trial) -> None:
    """People copy tickets, and the marker with them: a stranger's ticket is then linked to the incident, and ours to none."""
    if not isinstance(t.stand, Copies):
        t.exempt("on this stand nobody copies tickets (Copies)")
    record = t.create()
    copy = t.stand.copy(record.id)
    t.stand.wait(1)
    found = [one.id for one in t.find(record.marker or "")]
    t.claim(found == [record.id], f"beside the ticket {record.id!r}, find gives its copy: {found}")
    marker = t.read(copy).marker
    t.claim(marker is None, f"a copy that a person made is read with our marker {marker!r}")
    t.claim(
        t.read(record.id).marker == record.marker,
        "since it was copied, the ticket itself has no marker any more",
    )


@check(Tier.BRONZE, "Give all values that Create has, in the one request.")
def create_brings_its_values(t: Trial) -> None:
    """What a new ticket lacks, its readers never see."""
    operation = _create(t)
    record = t.read(t.connector.write(operation).record_id)
    title = t.native_of("title")
    t.claim(record.values[title] == operation.values[title], f"the title is {record.values[title]!r}")
    if "description" in t.mapping.rules and t.mapping.rules["description"].direction.reads:
        native = t.mapping.rules["description"].natives[0]
        t.claim(
            record.values.get(native) == operation.values.get(native),
            f"{native} is {record.values.get(native)!r}",
        )


@check(Tier.BRONZE, "Let `Http` judge it; catch no exception of requests or of your library.")
def lost_reply_to_a_create_is_unknown(t: Trial) -> None:
    """If a lost reply counts as a failure, the ticket is made twice; if as success, perhaps never."""
    operation = _create(t)
    t.tap.meets(breaks_after, t.sent_for(operation))
    t.raises(OutcomeUnknown, lambda: t.connector.write(operation), "a create whose reply was lost")
    found = t.find(operation.marker)
    t.claim(len(found) == 1, f"it was made, and find gives {len(found)}")
    other = _create(t)
    t.tap.meets(breaks_before, t.sent_for(other))
    t.raises(OutcomeUnknown, lambda: t.connector.write(other), "a create whose connection broke")
    t.claim(not t.find(other.marker), "a create that never arrived is found")


@check(
    Tier.BRONZE,
    "Raise OutcomeUnknown for a reply to a write that cannot be read, or a Receipt where nothing in it matters: RetryLater says"
    " that nothing was done.",
)
def strange_reply_to_a_write_is_unknown(t: Trial) -> None:
    """It was applied, and a proxy or a new release answers otherwise: whoever takes that for `not done` makes the ticket twice."""
    record = t.create()
    makes: dict[str, Callable[[], Operation]] = {
        "create": lambda: _create(t),
        "update": lambda: t.change(record.id, title=t.title()),
        "link back": lambda: LinkBack(record.id, t.token(), (_ELSEWHERE,)),
    }
    if t.plugin.capabilities.visibilities:
        makes["remark"] = lambda: t.comment(record.id, "It is the disk.")
    if t.plugin.capabilities.attachments:
        makes["file"] = lambda: Attach(record.id, t.token(), "log.txt", "text/plain", b"It is the disk.")
    for name, make in makes.items():
        for body in (b"{}", b"[]", b"null", b'{"id": null, "result": [], "errors": {}}'):
            operation = make()
            where = t.sent_for(operation)
            trial = t.again()
            trial.tap.meets(replies(body), where, times=None)
            what = f"a {name} whose reply is {body.decode()}"
            try:
                receipt = trial.connector.write(operation)
            except OutcomeUnknown:
                continue
            except Exception as error:
                raise Broken(
                    f"{what} was applied, and raised {type(error).__name__} ({error}), not OutcomeUnknown"
                ) from error
            wanted = (
                [one.id for one in t.find(operation.marker)] if isinstance(operation, Create) else [record.id]
            )
            t.claim(
                [receipt.record_id] == wanted,
                f"{what} is said to be of {receipt.record_id!r}, and is of {wanted}",
            )


@check(Tier.SILVER, "Let `Http` judge it: only what surely never left us is RetryLater.")
def unsent_create_is_tried_later(t: Trial) -> None:
    """Looked for at length although it was never sent, the ticket comes minutes late."""
    operation = _create(t)
    t.call_of(operation)
    t.tap.meets(refuses_connections, times=None)
    t.raises(RetryLater, lambda: t.connector.write(operation), "a create for which no connection was made")


@check(Tier.BRONZE, "Switch off the retries of your client library; the core repeats, after it has looked.")
def writes_are_not_repeated(t: Trial) -> None:
    """Client libraries send a write again when a gateway times out: the ticket is made twice."""
    for fault in (answers(500, b"{}"), answers(502, b"bad gateway"), answers(504, b"{}"), breaks_before):
        operation = _create(t)
        where = t.sent_for(operation)
        trial = t.again()
        trial.tap.meets(fault, where, times=None)
        trial.raises(SynclineError, partial(trial.connector.write, operation), "a create that failed")
        sent = sum(where(request) for request in trial.tap.seen)
        t.claim(sent == 1, f"the same create went out {sent} times")


@check(Tier.BRONZE, "State create_key only where the platform itself refuses the second; and then state it.")
def create_key_is_true(t: Trial) -> None:
    """Wrongly stated, tickets are made twice; wrongly withheld, every lost reply costs minutes of waiting."""
    operation = _create(t)
    first = t.connector.write(operation).record_id
    t.settle()
    try:
        second = t.connector.write(operation).record_id
    except Refused:
        second = first
    if t.plugin.capabilities.create_key:
        t.claim(
            second == first,
            "create_key is stated, and a second create with the same marker makes a second ticket",
        )
    else:
        t.claim(second != first, "create_key is not stated, and the platform refuses a second create")


@check(Tier.GOLD, "Send text as UTF-8, and take it back as such.")
def create_takes_every_script(t: Trial) -> None:
    """People write in their own language, and with emojis."""
    title = "Züge fahren nicht – 東京 📞 עברית e\u0301 5 < 6 &amp; <b>%20</b>"
    record = t.create(title=title)
    read = t.fitted.read(record.values, t.fitted.directory(record.parties)).values["title"]
    t.claim(read == title, f"{title!r} is read back as {read!r}")
