"""What the store knows of itself: its identity, its starts and signs of life, its home, and when it was last adopted."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from syncline.lineage import Home, Kept
from syncline.store.database import Tx
from syncline.store.schema import meta

IDENTITY: Final = "identity"
GENERATION: Final = "generation"
_BEAT: Final = "beat"
_HOME: Final = "home"
_STAMP: Final = "stamp"
_ADOPTED: Final = "adopted_at"


def kept(tx: Tx) -> Kept:
    """All of it."""
    rows = _rows(tx)
    home = json.loads(rows[_HOME]) if _HOME in rows else None
    return Kept(
        rows[IDENTITY],
        int(rows[GENERATION]),
        int(rows.get(_BEAT, "0")),
        None if home is None else Home(home["machine"], home["place"]),
        rows.get(_STAMP, ""),
    )


def identity(tx: Tx) -> tuple[str, int]:
    """The identity and the generation of the store: a clone shares the first, and a restored backup is behind in
    the second."""
    found = kept(tx)
    return found.identity, found.generation


def next_generation(tx: Tx) -> int:
    """Count one start of a daemon on this store; the new generation."""
    generation = kept(tx).generation + 1
    _set(tx, GENERATION, str(generation))
    return generation


def beat(tx: Tx) -> Kept:
    """Count one sign of life; what is known then."""
    found = kept(tx)
    _set(tx, _BEAT, str(found.beat + 1))
    return replace(found, beat=found.beat + 1)


def settle(tx: Tx, home: Home, stamp: str) -> None:
    """It is at home there, and that is where its stamp says so; empty: nothing does."""
    _set(tx, _HOME, json.dumps({"machine": home.machine, "place": home.place}))
    if stamp:
        _set(tx, _STAMP, stamp)


def adopt(tx: Tx, home: Home, generation: int, beats: int) -> Kept:
    """It is the one from now on: at home there, and ahead of every stamp.

    Args:
        tx: The transaction.
        home: Where.
        generation: Starts that the stamp has seen, at the most.
        beats: Signs of life that the stamp has seen, at the most.
    """
    found = kept(tx)
    _set(tx, GENERATION, str(max(found.generation, generation) + 1))
    _set(tx, _BEAT, str(max(found.beat, beats) + 1))
    _set(tx, _HOME, json.dumps({"machine": home.machine, "place": home.place}))
    # Until the new stamp stands there is none that could be missed.
    _set(tx, _STAMP, "")
    _set(tx, _ADOPTED, tx.now.isoformat())
    return kept(tx)


def adopted_at(tx: Tx) -> datetime | None:
    """When it was last adopted; None: never. What was due before that may have been said by a state that is lost."""
    found = _rows(tx).get(_ADOPTED)
    return None if found is None else datetime.fromisoformat(found)


def _rows(tx: Tx) -> dict[str, str]:
    return {name: value for name, value in tx.execute(sa.select(meta.c.name, meta.c.value))}


def _set(tx: Tx, name: str, value: str) -> None:
    if tx.execute(sa.update(meta).where(meta.c.name == name).values(value=value)).rowcount == 0:
        tx.execute(sa.insert(meta).values(name=name, value=value))
