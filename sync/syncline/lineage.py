"""Whether a database is the one that it says it is: a clone, a restored backup and a moved one are told from it. Pure.

A database knows its identity, how often a daemon was started on it (the generation), how often one has said since then that
it lives (the beat), and where it is at home. A stamp beside it says the same. Whoever copies the database away changes its
home; whoever puts back an old one leaves the newer stamp behind.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class Home:
    """Where a database is worked with.

    Attributes:
        machine: A fingerprint of the machine; empty: it has none, and every machine could be it.
        place: The path of the file, or the address of the server's database.
    """

    machine: str
    place: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """What stands beside the database.

    Attributes:
        identity: Of the database.
        generation: Starts of a daemon that it has seen.
        beat: Signs of life since the database was made.
        home: Where that was.
    """

    identity: str
    generation: int
    beat: int
    home: Home


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stamp that is there and says nothing.

    Attributes:
        reason: Why.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What a database knows of itself.

    Attributes:
        identity: Given once, shared by all its copies.
        generation: Starts of a daemon; 1: none yet.
        beat: Signs of life.
        home: Where it is at home; None: nobody has asked yet.
        stamp: Where its stamp was written last; empty: none ever was.
    """

    identity: str
    generation: int
    beat: int
    home: Home | None
    stamp: str = ""


class Doubt(StrEnum):
    """Why a database is not taken for the one."""

    RESTORED = "restored"  # it is older than what was here before
    MOVED = "moved"  # it lies elsewhere on the same machine, or is a copy of what lies there
    ELSEWHERE = "elsewhere"  # it was at home on another machine
    UNSTAMPED = "unstamped"  # its stamp is gone
    UNREADABLE = "unreadable"  # its stamp says nothing
    STRANGER = "stranger"  # the stamp is that of another database


@dataclass(frozen=True, slots=True)
class Recognised:
    """That a database may be a copy, or older than the platforms.

    Attributes:
        doubt: What was recognised.
        text: The sentence that people read.
    """

    doubt: Doubt
    text: str


RISK: Final = (
    "What was created, copied and sent meanwhile stands on the platforms and is not known here: to go on would do it twice. "
    "So nothing is polled, written or sent"
)
REMEDY: Final = (
    "`syncline adopt` looks for what exists and goes on with this database as the only one; stop every other copy first. "
    "A copy for tests needs instances of its own in syncline.yaml, and a new database"
)


def recognise(stamp: Stamp | Unreadable | None, kept: Kept, here: Home) -> Recognised | None:
    """What is doubtful about a database; None: it is the one.

    Args:
        stamp: What stands beside it; None: nothing does.
        kept: What it knows of itself.
        here: Where it is being opened.
    """
    match stamp:
        case Unreadable(reason):
            return _found(Doubt.UNREADABLE, f"the stamp beside the database cannot be read ({reason})")
        case Stamp() if stamp.identity != kept.identity:
            return _found(Doubt.STRANGER, _stranger(stamp, kept))
        case Stamp() if _moved(stamp.home, here):
            return _found(*_where(stamp.home, here))
        case Stamp() if (stamp.generation, stamp.beat) > (kept.generation, kept.beat):
            return _found(
                Doubt.RESTORED,
                f"the database {kept.identity} is an older state of what was worked with here (start no. {kept.generation}, "
                f"beat {kept.beat}; the stamp beside it says start no. {stamp.generation}, beat {stamp.beat}): it comes from a backup",
            )
        case None if kept.stamp and (kept.home is None or not _moved(kept.home, here)):
            return _found(
                Doubt.UNSTAMPED,
                f"the database {kept.identity} has had a stamp beside it, which is gone: the file may have been put back from a backup",
            )
    if kept.home is not None and _moved(kept.home, here):
        return _found(*_where(kept.home, here))
    # One that a version without stamps has made is at home where it is found: a crash before the first stamp looks alike.
    return None


def _moved(before: Home, here: Home) -> bool:
    return before.place != here.place or bool(
        before.machine and here.machine and before.machine != here.machine
    )


def _where(before: Home, here: Home) -> tuple[Doubt, str]:
    if before.machine and here.machine and before.machine != here.machine:
        return Doubt.ELSEWHERE, (
            f"the database was at home on another machine (there as {before.place}): it was moved here, or is a copy"
        )
    return (
        Doubt.MOVED,
        f"the database was at home in {before.place} and lies in {here.place} now: it was moved, or is a copy",
    )


def _stranger(stamp: Stamp, kept: Kept) -> str:
    made = "a new one" if kept.generation <= 1 else f"the database {kept.identity}"
    return (
        f"{made} stands where the database {stamp.identity} was (its stamp says start no. {stamp.generation}). If that one is "
        "not needed any more, delete its stamp to begin afresh"
    )


def _found(doubt: Doubt, what: str) -> Recognised:
    return Recognised(doubt, f"{what}. {RISK}. {REMEDY}")
