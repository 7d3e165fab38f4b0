"""Files: byte for byte, once."""

from syncline.connector import Attach
from syncline.errors import OutcomeUnknown, Refused
from syncline.model import Attachment
from syncline.testing.check import Tier, check
from syncline.testing.checks import needs
from syncline.testing.trial import Trial
from syncline.testing.wiretap import breaks_after

CONTENT = bytes(range(256)) * 5
NAME = "log 2026-11-23.txt"


def _named(t: Trial, record_id: str, name: str) -> list[Attachment]:
    return [one for one in t.connector.attachments(record_id) if one.name == name]


def _attach(t: Trial, record_id: str, name: str = NAME) -> Attach:
    return Attach(record_id, t.token(), name, "text/plain", CONTENT)


@check(Tier.BRONZE, "List every file with its size, and fetch it with raw=True.", needs.files)
def file_of_a_person_is_read(t: Trial) -> None:
    """A screenshot that does not arrive, or not whole, is asked for by telephone."""
    record_id = t.open()
    t.stand.attach(record_id, NAME, CONTENT)
    t.settle()
    found = _named(t, record_id, NAME)
    t.claim(len(found) == 1, f"of one file it lists {len(found)}")
    t.claim(found[0].size == len(CONTENT), f"its size is {found[0].size}, not {len(CONTENT)}")
    t.claim(not found[0].own, "a person attached it, and it passes for ours")
    t.claim(t.connector.content(found[0]) == CONTENT, "its bytes are not those that were attached")


@check(Tier.BRONZE, "Send it in one request, and say own=True for what our account attached.", needs.files)
def our_file_comes_back_as_ours(t: Trial) -> None:
    """A copy that passes for a person's file is copied back."""
    record = t.create()
    before = t.writes()
    t.connector.write(_attach(t, record.id))
    t.claim(t.writes() - before == 1, f"{t.writes() - before} requests that change something went out")
    t.settle()
    found = _named(t, record.id, NAME)
    t.claim(len(found) == 1, f"of one file of that name it lists {len(found)}")
    t.claim(found[0].own, "our account attached it, and it passes for a person's")
    t.claim(t.connector.content(found[0]) == CONTENT, "its bytes are not those that were attached")


@check(Tier.BRONZE, "Let `Http` judge it.", needs.files)
def lost_reply_to_a_file_is_unknown(t: Trial) -> None:
    """A file whose reply was lost is looked for by name and size; else it hangs there twice."""
    record = t.create()
    operation = _attach(t, record.id)
    t.tap.meets(breaks_after, t.sent_for(operation))
    t.raises(OutcomeUnknown, lambda: t.connector.write(operation), "a file whose reply was lost")
    t.settle()
    t.claim(len(_named(t, record.id, NAME)) == 1, "it was attached, and is not listed")


@check(
    Tier.SILVER,
    "Fetch it through `Http` with raw=True, which holds the size against max_attachment; where it comes within JSON, refuse by its size.",
    needs.files,
)
def large_file_is_refused(t: Trial) -> None:
    """A film that somebody attached must not fill our memory."""
    record_id = t.open()
    t.stand.attach(record_id, NAME, CONTENT)
    t.settle()
    trial = t.again(max_attachment=100)
    (found,) = _named(trial, record_id, NAME) or (None,)
    if found is None:
        t.claim(found, "a file that is larger than max_attachment is not even listed, so nobody learns of it")
        return
    trial.raises(
        Refused, lambda: trial.connector.content(found), "fetching a file larger than max_attachment"
    )


@check(Tier.GOLD, "Quote the name as the platform's documentation says.", needs.files)
def file_names_are_kept(t: Trial) -> None:
    """Under another name a file is not recognised: neither by people, nor by us."""
    record = t.create()
    for name in ("Bericht für Zürich.txt", "日本 (1).txt", "a+b & c=d%20.txt", "quote's.txt"):
        t.connector.write(_attach(t, record.id, name))
        t.stand.wait(1)
    t.settle()
    names = [one.name for one in t.connector.attachments(record.id)]
    for name in ("Bericht für Zürich.txt", "日本 (1).txt", "a+b & c=d%20.txt", "quote's.txt"):
        t.claim(name in names, f"{name!r} is listed as one of {names}")


@check(Tier.BRONZE, "Raise Refused, and give an empty list; or state `attachments`.", needs.no_files)
def no_files_is_true(t: Trial) -> None:
    """What the plugin denies is never copied, and nobody learns why."""
    record = t.create()
    t.raises(
        Refused,
        lambda: t.connector.write(_attach(t, record.id)),
        "attaching a file, which the plugin says it cannot",
    )
    t.claim(not t.connector.attachments(record.id), "`attachments` is not stated, and files are listed")


@check(Tier.SILVER, "Bring the files of each record in `read_many`.", needs.files)
def read_many_brings_files(t: Trial) -> None:
    """The sweep finds what polls missed by nothing else."""
    record_id = t.open()
    t.stand.attach(record_id, NAME, CONTENT)
    t.settle()
    found = [one for seen in t.connector.read_many([record_id]) for one in seen.attachments]
    t.claim([one.name for one in found] == [NAME], f"read_many brings {[one.name for one in found]}")
