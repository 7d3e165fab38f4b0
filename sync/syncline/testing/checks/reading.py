"""Records as they are read."""

from datetime import timedelta
from functools import partial
from typing import Final

from syncline.connector import Native, PartyKind, Record
from syncline.errors import Configuration, Gone, Refused, RetryLater
from syncline.testing.check import Tier, check
from syncline.testing.stand import Assigns
from syncline.testing.trial import Trial, shown
from syncline.testing.wiretap import answers

STRANGE: Final = (
    "../1",
    "1/../2",
    "1 OR 1=1",
    "1^ORDERBYnumber",
    "%00",
    "0",
    "no-such-record",
    "'",
    '"',
    "*",
    "日本",
)
"""Ids that no platform gives; one that gets into an address or a query unescaped hits something else."""


@check(Tier.BRONZE, "Give values as the platform has them, under the names that the mapping uses.")
def read_shows_what_was_opened(t: Trial) -> None:
    """What is not read is not carried to the other platforms."""
    natives = t.natives(title=t.title(), priority=2, description="Nobody can log in.")
    record = t.read(t.stand.open(natives))
    read = t.fitted.read(record.values, t.fitted.directory(record.parties)).values
    meant = t.fitted.read({**dict.fromkeys(record.values), **natives}, t.fitted.directory()).values
    for field in ("title", "priority", "description"):
        if field in meant and field in t.mapping.rules and t.mapping.rules[field].direction.reads:
            t.claim(
                read.get(field) == meant[field],
                f"{field} is {meant[field]!r} there, and is read as {read.get(field)!r}",
            )


@check(Tier.BRONZE, "Bring every value into the form that syncline.connector.Native describes.")
def values_are_canonical(t: Trial) -> None:
    """The merge compares values: a form that changes from read to read looks like somebody's edit, and spreads."""
    record = t.read(t.open(priority=3, description="One.\r\nTwo.  \r\n\r\n"))
    for name, value in record.values.items():
        t.claim(canonical(value), f"{name} is {shown(value)}")


def canonical(value: Native) -> bool:
    """Whether a value is in canonical form."""
    if isinstance(value, str):
        return value != "" and "\r" not in value and value == value.rstrip()
    if isinstance(value, tuple):
        return all(isinstance(item, str) for item in value) and list(value) == sorted(value)
    return value is None or isinstance(value, bool | int | float)


@check(Tier.BRONZE, "Leave out of values what differs at every read, such as times of viewing.")
def reading_twice_gives_the_same(t: Trial) -> None:
    """What differs although nobody did anything is somebody's edit to the core."""
    record_id = t.open(priority=3)
    first = t.read(record_id)
    t.stand.wait(90)
    other = t.again()
    other.read(record_id)  # some learn the platform's clock by their first request
    second = other.read(record_id)
    t.claim(
        dict(first.values) == dict(second.values), f"first {shown(first.values)}, then {shown(second.values)}"
    )
    t.claim(first.revision == second.revision, f"revision {first.revision}, then {second.revision}")


@check(Tier.BRONZE, "Give aware times in UTC, converted from the platform's zone.")
def times_are_true(t: Trial) -> None:
    """Who edited last, and when an escalation is due, is decided by them."""
    began = t.stand.clock.now()
    record_id = t.open()
    t.edit(record_id, title=t.title())
    record = t.read(record_id)
    slack = timedelta(seconds=2)
    for name, at in (("created_at", record.created_at), ("updated_at", record.updated_at)):
        offset = at.utcoffset()
        t.claim(offset is not None and not offset, f"{name} is {at.isoformat()}, which is not UTC")
        now = t.stand.clock.now()
        t.claim(
            began - slack <= at <= now + slack,
            f"{name} is {at.isoformat()}; it happened at {now.isoformat()}",
        )
    t.claim(record.created_at <= record.updated_at + slack, "it was updated before it was created")


@check(Tier.SILVER, "Fill key with what people call the ticket, and url with the page that people open.")
def ticket_has_a_name_and_an_address(t: Trial) -> None:
    """Links back and messages name the ticket; an operator has to find it."""
    record = t.read(t.open())
    t.claim(record.key.strip() and record.id.strip(), f"its id is {record.id!r}, its key {record.key!r}")
    t.claim(record.url.startswith(("https://", "http://")), f"its address is {record.url!r}")


@check(Tier.SILVER, "Take both in `lookup`: what people call it, and its id.")
def lookup_finds_by_name_and_id(t: Trial) -> None:
    """Operators paste either into a command."""
    record = t.read(t.open())
    t.settle()
    for name in (record.key, record.id):
        found = t.connector.lookup(name)
        t.claim(found is not None and found.id == record.id, f"lookup({name!r}) gives {shown(found)}")


@check(Tier.SILVER, "Give None for what there is not, and escape what stands in a query.")
def lookup_of_nothing_is_nothing(t: Trial) -> None:
    """`syncline link` with a typing error must not link a stranger's ticket."""
    t.open()
    t.settle()
    for name in STRANGE:
        found = t.connector.lookup(name)
        t.claim(found is None or name in {found.id, found.key}, f"lookup({name!r}) gives {shown(found)}")


@check(Tier.BRONZE, "Quote ids in addresses and queries; ask for exactly one record.")
def strange_ids_hit_nothing(t: Trial) -> None:
    """Another record under this one's id would be merged into the wrong incident."""
    there = t.open()
    made = (f"{there}?x=1", f"{there}#x", f"{there}/../{there}", f"{there} OR 1=1")
    for name in (*STRANGE, *made):
        if name == "0":
            continue
        error = t.raises((Gone, Refused, RetryLater), partial(t.connector.read, name), f"read({name!r})")
        t.claim(not isinstance(error, RetryLater), f"read({name!r}) says that it may work later: {error}")


@check(
    Tier.BRONZE,
    "Raise Gone: `Http` does for a 404; where the platform answers otherwise, say so in the dialect.",
)
def gone_is_gone(t: Trial) -> None:
    """Only Gone makes a tombstone; anything else is tried again for ever."""
    record = t.read(t.open())
    t.read(t.open())
    t.delete(record.id)
    t.raises(Gone, lambda: t.connector.read(record.id), "reading a deleted ticket")
    t.claim(t.connector.lookup(record.id) is None, "lookup finds a deleted ticket")


@check(
    Tier.BRONZE,
    "Leave a 403 of a read to `Http`, which makes a Configuration of it; where the platform says 403 for one hidden ticket, look"
    " whether it lets our account read anything before you say Gone.",
)
def refused_read_is_no_deletion(t: Trial) -> None:
    """One day an admin takes a right from our account: every ticket that then passes for deleted is buried."""
    record = t.create()
    trial = t.again()
    trial.tap.meets(answers(403, b'{"error": "forbidden"}'), times=None)
    for name, ask in {
        "read": lambda: trial.connector.read(record.id),
        "lookup": lambda: trial.connector.lookup(record.key),
        "remarks": lambda: trial.connector.remarks(record.id),
    }.items():
        what = f"{name}, of a platform that answers everything with 403,"
        trial.raises((Configuration, RetryLater), ask, what)


@check(Tier.BRONZE, "Leave out what cannot be seen; raise for what keeps all of them from being read.")
def read_many_leaves_out_the_gone(t: Trial) -> None:
    """One deleted ticket must not hide the others from the sweep."""
    ids = [t.open() for _ in range(4)]
    deleted = t.stand.delete(ids[1])
    t.settle()
    seen = {one.record_id for one in t.connector.read_many([*ids, "no-such-record"])}
    wanted = set(ids) - ({ids[1]} if deleted else set())
    t.claim(
        seen == wanted,
        f"of {len(ids)} tickets, one of them {'deleted' if deleted else 'there'}, it brings {shown(seen)}",
    )


@check(Tier.BRONZE, "Split the ids into as many requests as the platform's page needs.")
def read_many_brings_as_many_as_it_says(t: Trial) -> None:
    """What it leaves out, the sweep never sees."""
    many = min(t.plugin.capabilities.read_many, 60)
    ids = [t.open() for _ in range(many)]
    t.settle()
    missing = set(ids) - {one.record_id for one in t.connector.read_many(ids)}
    t.claim(not missing, f"of {many} tickets, read_many leaves out {len(missing)}")


@check(Tier.BRONZE, "Read the same fields by the same code in `read`, `read_many`, `find` and `poll`.")
def every_way_reads_the_same(t: Trial) -> None:
    """Two ways that differ look like an edit, every time the one follows the other."""
    record = t.create(priority=2, description="Nobody can log in.")
    t.stand.wait(3)
    cursor = t.connector.start(record.created_at - timedelta(minutes=1))
    t.settle()
    plain = t.read(record.id)
    others: dict[str, Record | None] = {
        "read_many": next((one.record for one in t.connector.read_many([record.id])), None),
        "lookup": t.connector.lookup(record.key),
        "find": next(iter(t.find(record.marker or "")), None),
        "poll": next(
            (one.record for one in t.polled(cursor)[0] if one.record and one.record_id == record.id), None
        ),
    }
    for name, other in others.items():
        if other is None:
            continue
        differing = [
            f"{field}: {plain.values[field]!r} and {value!r}"
            for field, value in other.values.items()
            if field in plain.values and value != plain.values[field]
        ]
        t.claim(not differing, f"read and {name} differ in {'; '.join(differing)}")
        t.claim(
            other.revision == plain.revision, f"read has revision {plain.revision}, {name} {other.revision}"
        )
        t.claim(other.key == plain.key, f"read has key {plain.key}, {name} {other.key}")


@check(Tier.BRONZE, "Compare the platform's last editor with our own account, by its id.")
def whose_edit_it_was(t: Trial) -> None:
    """An edit that passes for ours is dropped; ours that passes for a person's comes back."""
    record = t.create()
    t.edit(record.id, title=t.title())
    t.claim(not t.read(record.id).own, "a person edited it, and the record says that we did")


@check(Tier.SILVER, "Find by e-mail address, by exact name and by id; None for whom there is not.")
def people_are_found(t: Trial) -> None:
    """Else nobody is assigned, and an operator wonders why."""
    if not isinstance(t.stand, Assigns):
        if "assignee" in t.mapping.rules:
            t.cannot("the mapping has an assignee, and the stand names nobody to assign to (Assigns)")
        t.claim(
            t.connector.find_party(PartyKind.PERSON, "nobody@nowhere.example") is None,
            "it finds nobody at nowhere",
        )
        return
    found = t.connector.find_party(PartyKind.PERSON, t.stand.assignable)
    if found is None:
        t.claim(found, f"it does not find {t.stand.assignable}")
        return
    (again,) = t.connector.parties(PartyKind.PERSON, [found.id]) or (None,)
    t.claim(again is not None and again.id == found.id, f"parties does not know {found.id}")
    by_id = t.connector.find_party(PartyKind.PERSON, found.id)
    t.claim(by_id is not None and by_id.id == found.id, f"it does not find {found.id} by its id")
    for kind in PartyKind:
        nobody = t.connector.find_party(kind, "nobody@nowhere.example")
        t.claim(nobody is None, f"for nobody@nowhere.example it finds {shown(nobody)}")
