"""One trial of a connector: a stand, the connector on it, and what checks do with the two."""

import json
import logging
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Final, NoReturn, TypeVar
from urllib.parse import urlsplit

import requests

from syncline.configuration.defaults import default_mapping
from syncline.connector import (
    Comment,
    Connector,
    Create,
    Cursor,
    Edit,
    HistoryKind,
    Native,
    Operation,
    Plugin,
    Receipt,
    Record,
    Schema,
    Sighting,
    Transition,
    Update,
    mark,
)
from syncline.http.client import Http
from syncline.http.exchange import Call, Rehearsed
from syncline.http.settings import InstanceSettings
from syncline.mapping import Direction, Mapping, load_mapping
from syncline.model import Incident, Remark, Value, Visibility
from syncline.ports import Clock, ThreadRuntime
from syncline.testing.check import Broken, ExemptError, NotPutToTheTestError
from syncline.testing.stand import Stand
from syncline.testing.wiretap import Where, Wiretap

INSTANCE: Final = "stand"
MOST_PAGES: Final = 300
"""Pages after which a poll passes for one without an end."""

_E = TypeVar("_E", bound=BaseException)


class OurClock:
    """Our machine's clock, which need not agree with the platform's."""

    def __init__(self, platform: Clock, ahead: float) -> None:
        self._platform = platform
        self._ahead = timedelta(seconds=ahead)

    def now(self) -> datetime:
        """The wall clock."""
        return self._platform.now() + self._ahead

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return self._platform.monotonic()


class Waiting(ThreadRuntime):
    """Whoever waits lets time pass on the stand."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._stand.wait(seconds)


class Trial:
    """What a check works with.

    Args:
        plugin: The connector's plugin.
        stand: A new one.
        ahead: Seconds that our clock is ahead of the platform's.
        more: Settings that differ from the stand's.

    Attributes:
        plugin: The connector's plugin.
        stand: The platform, and a person on it.
        tap: On the wire between the two.
        runtime: In which waiting lets time pass on the stand.
        http: The connector's.
        settings: The instance's.
        mapping: The default mapping.
        connector: On trial.
    """

    def __init__(self, plugin: Plugin, stand: Stand, ahead: float = 0.0, **more: object) -> None:
        self.plugin = plugin
        self.stand = stand
        self.tap = Wiretap(stand.wire)
        values = {"name": INSTANCE, "platform": plugin.platform, **stand.settings, **more}
        self.settings = plugin.settings.load(values)
        self.runtime = Waiting(stand)
        self.http = self.http_of(self.settings, ahead)
        self.mapping = mapping_of(plugin)
        self.connector = plugin.connect(self.settings, self.http, self.mapping.native_fields)
        self._count = 0

    def http_of(self, settings: InstanceSettings, ahead: float = 0.0) -> Http:
        """The way to the stand's platform with those settings."""
        return Http.for_instance(
            settings,
            self.plugin.dialect,
            clock=OurClock(self.stand.clock, ahead),
            runtime=self.runtime,
            rng=random.Random(1),  # noqa: S311  drawn alike each time
            wire=self.tap,
        )

    def again(self, ahead: float = 0.0, **more: object) -> "Trial":
        """The same stand with a connector of its own, as after a restart."""
        return Trial(self.plugin, self.stand, ahead, **more)

    # ---- claims ---------------------------------------------------------------------------------

    def claim(self, truth: object, sentence: str) -> None:
        """Raise `Broken` unless it is true."""
        if not truth:
            raise Broken(sentence)

    def cannot(self, why: str) -> NoReturn:
        """This stand does not let the check be made."""
        raise NotPutToTheTestError(why)

    def exempt(self, why: str) -> NoReturn:
        """The platform has nothing that the check could be about."""
        raise ExemptError(why)

    def raises(self, kinds: type[_E] | tuple[type[_E], ...], act: Callable[[], object], what: str) -> _E:
        """The error that `act` ends in, which must be of one of those kinds."""
        expected = kinds if isinstance(kinds, tuple) else (kinds,)
        names = " or ".join(kind.__name__ for kind in expected)
        try:
            given = act()
        except expected as error:
            return error
        except Exception as error:
            raise Broken(f"{what} raised {type(error).__name__} ({error}), not {names}") from error
        raise Broken(f"{what} gave {shown(given)}, and should have raised {names}")

    # ---- what there is to say -------------------------------------------------------------------

    def title(self) -> str:
        """One that no other ticket has."""
        self._count += 1
        return f"Trial {self._count} of the connector"

    def marker(self) -> str:
        """One of a ticket, in the form of those that the core makes: an incident's id."""
        self._count += 1
        return f"SL-K1T{self._count:07d}"

    def token(self) -> str:
        """One of a remark, a file or a page: twelve lower-case letters and digits."""
        self._count += 1
        return f"kit{self._count:09d}"

    @cached_property
    def schema(self) -> Schema:
        """Of the live platform."""
        return self.connector.schema()

    @cached_property
    def fitted(self) -> Mapping:
        """The default mapping, for this platform."""
        return self.mapping.fitted(self.schema, self.plugin.capabilities.text_limits)

    def natives(self, present: Record | None = None, /, **values: Value) -> dict[str, Native]:
        """Those common values in the platform's own: for a new ticket, or as changes of one."""
        changes = dict(values)
        writing = self.fitted.write(
            changes,
            Incident("SL-0000000000", changes),
            present.values if present else {},
            self.fitted.directory(present.parties if present else ()),
            creating=present is None,
            origin=INSTANCE,
        )
        return dict(writing.values)

    def both_ways(self, field: str) -> bool:
        """Whether the default mapping reads a common field and writes it to a ticket that stands."""
        rule = self.mapping.rules.get(field)
        return rule is not None and rule.direction is Direction.BOTH

    def native_of(self, field: str) -> str:
        """The native field of a common one that is written and read."""
        if not self.both_ways(field):
            self.cannot(f"the default mapping does not map {field} both ways")
        return self.mapping.rules[field].natives[0]

    # ---- people ---------------------------------------------------------------------------------

    def open(self, **values: Value) -> str:
        """A person opens a ticket with those common values; its id."""
        record_id = self.stand.open(self.natives(**{"title": self.title(), **values}))
        self.stand.wait(1)
        return record_id

    def edit(self, record_id: str, **values: Value) -> None:
        """A person gives a ticket those common values."""
        self.stand.edit(record_id, self.natives(self.read(record_id), **values))
        self.stand.wait(1)

    def delete(self, record_id: str) -> None:
        """Somebody deletes a ticket."""
        if not self.stand.delete(record_id):
            self.exempt("nothing can be deleted on this platform")
        self.settle()

    # ---- ourselves ------------------------------------------------------------------------------

    def create(self, marker: str | None = None, /, **values: Value) -> Record:
        """We make a ticket; as it is read afterwards."""
        marker = marker or self.marker()
        natives = self.natives(**{"title": self.title(), **values})
        receipt = self.connector.write(Create(marker, natives))
        self.stand.wait(1)
        return self.read(receipt.record_id)

    def change(self, record_id: str, **values: Value) -> Update:
        """Our write of those common values; not sent yet."""
        return Update(record_id, self.natives(self.read(record_id), **values))

    def update(self, record_id: str, **values: Value) -> Receipt:
        """We write those common values."""
        receipt = self.connector.write(self.change(record_id, **values))
        self.stand.wait(1)
        return receipt

    def move(self, record_id: str, status: str) -> None:
        """We bring a ticket to a common status, over as many steps as that takes."""
        workflow = self.plugin.capabilities.workflow
        if workflow is None:
            self.update(record_id, status=status)
            return
        wanted = self.natives(self.read(record_id), status=status).get(workflow)
        tried: set[str] = set()
        while wanted is not None and (here := str(self.read(record_id).values[workflow])) != wanted:
            steps = [step for step in self.connector.steps(record_id, here) if step.to not in tried | {here}]
            step = next((one for one in steps if one.to == wanted), steps[0] if steps else None)
            if step is None:
                self.cannot(f"no way leads from {here!r} to {wanted!r}")
            tried.add(here)
            self.connector.write(self.transition(record_id, step.id))
            self.stand.wait(1)

    def transition(self, record_id: str, step_id: str) -> Transition:
        """Our write that takes a step, with what the step asks for."""
        workflow = self.native_status()
        here = str(self.read(record_id).values[workflow])
        step = next(one for one in self.connector.steps(record_id, here) if one.id == step_id)
        values: dict[str, Native] = {
            name: allowed[0] if allowed else "given" for name, allowed in step.required.items()
        }
        return Transition(record_id, step.id, step.to, values)

    def native_status(self) -> str:
        """The native field of the status."""
        return self.plugin.capabilities.workflow or self.native_of("status")

    def comment(self, record_id: str, text: str, visibility: Visibility | None = None) -> Comment:
        """Our remark; not sent yet."""
        marker = self.token()
        return Comment(record_id, marker, f"{text}\n{mark(marker)}", visibility or self.visibility())

    def visibility(self) -> Visibility:
        """One that the platform has."""
        kinds = self.plugin.capabilities.visibilities
        if not kinds:
            self.cannot("the platform has no remarks")
        return Visibility.INTERNAL if Visibility.INTERNAL in kinds else Visibility.PUBLIC

    def read(self, record_id: str) -> Record:
        """A ticket as it stands."""
        record = self.connector.read(record_id).record
        if record is None:
            raise Broken(f"read({record_id!r}) brought no record")
        return record

    def history(self, record_id: str, since: datetime) -> list[Edit]:
        """The change history, however it is had."""
        if self.plugin.capabilities.history is HistoryKind.INLINE:
            second = since.replace(microsecond=0)  # many histories tell no more than that
            return [edit for edit in self.connector.read(record_id).edits or () if edit.at >= second]
        return list(self.connector.history(record_id, since))

    def remarks(self, record_id: str) -> Sequence[Remark]:
        """All remarks on a ticket."""
        return self.connector.remarks(record_id)

    def find(self, marker: str) -> Sequence[Record]:
        """What carries the marker, once a search is sure to show it."""
        self.stand.wait(self.plugin.capabilities.search_lag + 1)
        return self.connector.find(marker)

    def settle(self) -> None:
        """Let pass whatever the platform needs."""
        self.stand.wait(self.plugin.capabilities.search_lag + 2)

    def polled(self, cursor: Cursor, limit: int = 50) -> tuple[list[Sighting], Cursor]:
        """All that a poll brings until nothing more is to be had, and the cursor behind it."""
        found: list[Sighting] = []
        for _ in range(MOST_PAGES):
            page = self.connector.poll(cursor, limit)
            if page.error is not None:
                raise page.error
            found += page.sightings
            cursor = json.loads(json.dumps(page.cursor))
            if not page.more:
                return found, cursor
        raise Broken(f"after {MOST_PAGES} pages the poll still says that there is more")

    # ---- the wire -------------------------------------------------------------------------------

    def call_of(self, operation: Operation) -> Call:
        """The request that an operation would send."""
        twin = self.plugin.connect(self.settings, self.http.rehearsal(), self.mapping.native_fields)
        try:
            given = twin.write(operation)
        except Rehearsed as rehearsed:
            return rehearsed.call
        raise Broken(
            f"in a rehearsal, which sends no write, {type(operation).__name__} was carried out and gave {shown(given)}"
        )

    def sent_for(self, operation: Operation) -> Where:
        """Which requests are that write, and not what it reads before: where a platform has one address, both are POSTs to it."""
        before = len(self.tap.seen)
        call = self.call_of(operation)
        read = [(one.method, one.url, one.body) for one in self.tap.seen[before:]]

        def is_it(request: requests.PreparedRequest) -> bool:
            return (
                request.method == call.method
                and urlsplit(request.url or "").path == urlsplit(call.url).path
                and (request.method, request.url, request.body) not in read
            )

        return is_it

    def writes(self) -> int:
        """How many requests that change something went out so far."""
        return self.http.counts["write"]

    @contextmanager
    def heard(self) -> Iterator[list[str]]:
        """Everything that is logged meanwhile."""
        lines: list[str] = []
        handler = _Listener(lines)
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            yield lines
        finally:
            root.removeHandler(handler)
            root.setLevel(level)


class _Listener(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


def mapping_of(plugin: Plugin) -> Mapping:
    """A plugin's default mapping.

    Raises:
        Broken: it has none.
        InvalidFile: it has faults.
    """
    if plugin.mapping is not None:
        return _loaded(plugin.mapping, f"the default mapping of {plugin.platform}", plugin.platform)
    path = default_mapping(plugin.platform)
    if path is None:
        raise Broken("the plugin brings no default mapping (Plugin.mapping)")
    return _loaded(path.read_text(encoding="utf-8"), path.name, plugin.platform)


@lru_cache
def _loaded(text: str, file: str, platform: str) -> Mapping:
    return load_mapping(text, file, platform)


def shown(value: object, longest: int = 300) -> str:
    """A value as messages show it."""
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]} ..."


def connected(plugin: Plugin, stand: Stand) -> Connector:
    """The connector on that stand, as the checks have it: for tests of its author's own."""
    return Trial(plugin, stand).connector
