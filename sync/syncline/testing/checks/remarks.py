"""Comments and notes: each once, whole, and read by none but those who may."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from syncline.connector import Comment, LinkBack, Linking, Reference, mark, marker_of
from syncline.errors import Gone, OutcomeUnknown, Refused
from syncline.model import Remark, Visibility
from syncline.testing.check import Tier, check
from syncline.testing.checks import needs
from syncline.testing.trial import Trial
from syncline.testing.wiretap import breaks_after


def _said(t: Trial, record_id: str, text: str) -> Remark | None:
    return next((one for one in t.remarks(record_id) if text in one.body), None)


@check(Tier.BRONZE, "Give every comment and note, with its author and its time in UTC.", needs.remarks)
def what_people_say_is_read(t: Trial) -> None:
    """Half of an incident is what people say about it."""
    for visibility in sorted(t.plugin.capabilities.visibilities):
        record_id = t.open()
        text = f"It is the disk, {visibility}."
        if not t.stand.say(record_id, text, visibility):
            continue
        t.settle()
        said = _said(t, record_id, text)
        if said is None:
            t.claim(said, f"a remark ({visibility}) is not read")
            continue
        t.claim(said.body == text, f"{text!r} is read as {said.body!r}")
        t.claim(said.visibility is visibility, f"a remark that is {visibility} is read as {said.visibility}")
        t.claim(said.author.strip(), "a remark has no author")
        t.claim(not said.own, "a person wrote it, and it passes for ours")
        t.claim(said.record_id == record_id, f"it stands on {record_id!r}, and says {said.record_id!r}")
        off = abs(said.created_at - t.stand.clock.now())
        t.claim(off < timedelta(minutes=10), f"its time is {off} off")


@check(Tier.BRONZE, "Send body as it is, and say own=True for what our account wrote.", needs.remarks)
def our_remark_comes_back_as_ours(t: Trial) -> None:
    """A copy of ours that passes for a person's is copied again, and again."""
    record = t.create()
    operation = t.comment(record.id, "It is the disk.")
    t.connector.write(operation)
    t.settle()
    said = _said(t, record.id, "It is the disk.")
    if said is None:
        t.claim(said, "our remark is not read")
        return
    t.claim(marker_of(said.body) == operation.marker, f"its mark is gone: {said.body!r}")
    t.claim(said.own, "our account wrote it, and it passes for a person's")


@check(Tier.BRONZE, "Write each kind where the platform keeps it apart; read it from there.", needs.remarks)
def visibilities_stay_apart(t: Trial) -> None:
    """An internal note that a customer reads is the worst thing that this software can do."""
    record = t.create()
    for visibility in sorted(t.plugin.capabilities.visibilities):
        t.connector.write(t.comment(record.id, f"This is {visibility}.", visibility))
    t.settle()
    for visibility in sorted(t.plugin.capabilities.visibilities):
        said = _said(t, record.id, f"This is {visibility}.")
        wanted = visibility if t.stand.say(record.id, "And this.", visibility) else Visibility.INTERNAL
        t.claim(
            said is not None and said.visibility is wanted, f"what was to be {visibility} is read as {said}"
        )


@check(
    Tier.BRONZE, "Raise Refused; or state the visibility if the platform has it.", needs.lacks_a_visibility
)
def missing_visibility_is_true(t: Trial) -> None:
    """What the platform cannot keep apart must not be written; what it can and the plugin denies is never copied."""
    record = t.create()
    for visibility in sorted(set(Visibility) - t.plugin.capabilities.visibilities):
        marker = t.token()
        operation = Comment(record.id, marker, f"This is {visibility}.\n{mark(marker)}", visibility)
        what = f"a remark that is {visibility}, which the plugin does not state"
        t.raises(Refused, partial(t.connector.write, operation), what)
        t.claim(
            _said(t, record.id, f"This is {visibility}.") is None, f"{what} was refused, and stands there"
        )


@check(Tier.BRONZE, "Send one request that changes something.", needs.remarks)
def remark_is_one_request(t: Trial) -> None:
    """Between two writes we can be killed, and the remark is written again."""
    record = t.create()
    operation = t.comment(record.id, "It is the disk.")
    before = t.writes()
    t.connector.write(operation)
    t.claim(t.writes() - before == 1, f"{t.writes() - before} requests that change something went out")


@check(
    Tier.BRONZE, "Let `Http` judge it, and let `remarks` show what was written, with its mark.", needs.remarks
)
def lost_reply_to_a_remark_is_unknown(t: Trial) -> None:
    """A remark whose reply was lost is looked for by its mark; else it stands there twice."""
    record = t.create()
    operation = t.comment(record.id, "It is the disk.")
    t.tap.meets(breaks_after, t.sent_for(operation))
    t.raises(OutcomeUnknown, lambda: t.connector.write(operation), "a remark whose reply was lost")
    t.settle()
    found = [one for one in t.remarks(record.id) if marker_of(one.body) == operation.marker]
    t.claim(len(found) == 1, f"it was written, and {len(found)} carry its mark")


@check(Tier.BRONZE, "Give each remark an id of its own that stays, and sort them by time.", needs.remarks)
def remarks_have_their_order(t: Trial) -> None:
    """By its id a remark is known as copied; what comes under another id is copied again."""
    record_id = t.open()
    texts = [f"Note {number}." for number in range(5)]
    for text in texts:
        t.stand.say(record_id, text, t.visibility())
        t.stand.wait(2)
    t.settle()
    first, second = t.remarks(record_id), t.again().remarks(record_id)
    read = [one.body for one in first if one.body in texts]
    t.claim(read == texts, f"written as {texts}, read as {read}")
    ids = [one.id for one in first]
    t.claim(len(set(ids)) == len(ids), f"two remarks have one id: {ids}")
    t.claim(ids == [one.id for one in second], f"first the ids are {ids}, then {[one.id for one in second]}")


@check(
    Tier.SILVER,
    "Page through all of them: a list is cut somewhere, in `remarks`, in `read_many` and in what polls bring.",
    needs.remarks,
)
def all_remarks_are_read(t: Trial) -> None:
    """Long incidents are the bad ones; theirs is the page that is cut."""
    record_id = t.open()
    for number in range(60):
        t.stand.say(record_id, f"Note {number}.", t.visibility())
        t.stand.wait(1)
    t.settle()
    read = {one.body for one in t.remarks(record_id)}
    missing = [number for number in range(60) if f"Note {number}." not in read]
    t.claim(not missing, f"of 60 remarks {len(missing)} are not read")
    swept = {one.body for seen in t.connector.read_many([record_id]) for one in seen.remarks}
    missing = [number for number in range(60) if f"Note {number}." not in swept]
    t.claim(not missing, f"of 60 remarks read_many leaves out {len(missing)}")
    _, cursor = t.polled(t.connector.start(None))
    for number in (60, 61):
        t.stand.say(record_id, f"Note {number}.", t.visibility())
        t.settle()
        found, cursor = t.polled(cursor)
        brought = {one.body for seen in found for one in seen.remarks}
        t.claim(
            f"Note {number}." in brought, f"beside {number} others a new remark is not brought by the poll"
        )


@check(Tier.SILVER, "Raise Gone as for a read.", needs.remarks)
def remark_on_the_gone_says_so(t: Trial) -> None:
    """Else it is tried for ever."""
    record = t.create()
    t.delete(record.id)
    operation = t.comment(record.id, "It is the disk.")
    t.raises(Gone, lambda: t.connector.write(operation), "a remark on a deleted ticket")


@check(
    Tier.GOLD,
    "Convert between the platform's markup and plain text so that what was written is read.",
    needs.remarks,
)
def remarks_are_text(t: Trial) -> None:
    """Logs and commands are what people paste; what is swallowed is evidence."""
    record = t.create()
    for text in (
        "if a < b && c > d: <b>no</b>",
        "Züge – 東京 📞\n\nzweite Zeile",
        "*one* _two_ {three} [four|five] # six",
        "one\n  indented\n\tby a tab: 5 &lt; 6 &amp;&amp; 100%25 \\n $HOME e\u0301",
    ):
        t.connector.write(t.comment(record.id, text))
        t.settle()
        bodies = [one.body for one in t.remarks(record.id)]
        t.claim(
            any(body.startswith(f"{text}\n") for body in bodies), f"{text!r} is read back as {bodies[-1:]}"
        )


@check(Tier.SILVER, "Write remarks beside the fields, never as one of them.", needs.remarks)
def remark_leaves_the_ticket_alone(t: Trial) -> None:
    """A field that changes with every copy is an edit that nobody made."""
    record = t.create(priority=3, description="Nobody can log in.")
    t.connector.write(t.comment(record.id, "It is the disk."))
    t.settle()
    after = t.read(record.id).values
    changed = [name for name, value in record.values.items() if after.get(name) != value]
    t.claim(not changed, f"a remark changed {', '.join(changed)}")


@check(
    Tier.SILVER,
    "Write LinkBack.text as an internal note, or be a Linking where the platform has links of its own.",
)
def link_back_stands_there(t: Trial) -> None:
    """Whoever opens the ticket has to find its siblings; and we must see that the link stands, or it is written again."""
    record = t.create()
    marker = t.token()
    reference = Reference(
        "snow-prod", "servicenow", "INC0010001", "https://snow.example/INC0010001", "Mail is down"
    )
    before = t.writes()
    t.connector.write(LinkBack(record.id, marker, (reference,)))
    t.claim(t.writes() - before == 1, f"{t.writes() - before} requests that change something went out")
    t.settle()
    if isinstance(t.connector, Linking):
        links = list(t.connector.linked(record.id))
        t.claim((marker, reference.instance) in links, f"linked gives {links}")
        t.connector.write(LinkBack(record.id, marker, (replace(reference, title="Mail is down again"),)))
        t.settle()
        links = list(t.connector.linked(record.id))
        count = links.count((marker, reference.instance))
        t.claim(count == 1, f"written twice under one marker, the link stands there {count} times")
        return
    there = [
        one for one in t.remarks(record.id) if marker_of(one.body) == marker and reference.key in one.body
    ]
    t.claim(len(there) == 1, f"the link stands there {len(there)} times")
    internal = Visibility.INTERNAL in t.plugin.capabilities.visibilities
    t.claim(
        there[0].visibility is Visibility.INTERNAL or not internal,
        "the customer reads where the ticket's siblings are",
    )
