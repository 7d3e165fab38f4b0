"""One world, from its seed: platforms, people, weather, and the real daemon with the real adapters in virtual time."""

import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from backup import Backup
from due import Due
from emergency import CHANNELS, POLICY, Callers, plan_emergencies
from greenlet import getcurrent
from ground import CONFIGURATION, Exceptions, plugins_and_settings, stage
from judge import Judge
from loop import Loop, Machine
from network import Network, SkewedClock
from pages import Hook, Watch, Watched, drop_pages
from people import Deed, People, plan, plan_clones, plan_deletions, settle_in
from places import BESIDE, PLACES, settings, standing
from prompt import Promptness
from requests.adapters import BaseAdapter
from retriggered import retriggered
from tracing import Trace
from weather import OF_CHANNELS, Spell, Weather, draw

from syncline.assembly import Ports
from syncline.configuration import Configuration
from syncline.configuration.loading import load_configuration
from syncline.connector import Plugin
from syncline.daemon import Daemon, OnlyDaemon
from syncline.demo.script import Script
from syncline.ports import RandomIds, Signal
from syncline.sandbox.adapter import SimulatedAdapter
from syncline.sandbox.catalogue import build
from syncline.station import Station
from syncline.store.database import Database

BEGIN = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
"""The night in which Europe's clocks go forward."""
SETTLE_IN = 40.0
"""Seconds before the story begins, in which every side is polled for the first time."""
LEAST_QUIET = 400.0
MOST_QUIET = 5_400.0
LADDERS = 780.0
"""Seconds of calm in which ladders of a world with escalation are climbed to their ends, before somebody takes what is left."""
STILL = 300.0
"""Quiet seconds at the end in which nothing may be written any more."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a world is like, beside its seed.

    Attributes:
        nets: `all`; `poll` (nothing is swept), `sweep` (once all stands everywhere, nothing is polled).
        incidents: How many people open; None: by the seed.
        edits: About how many edits each incident has.
        length: Seconds that the story takes.
        off: Classes of weather that are off.
        only: Classes that are on, and no others; None: by the seed.
        always: Classes that are on beside those that the seed draws.
        deeds: Numbers of the deeds that are done; None: all.
        spells: Numbers of the spells that happen; None: all.
        escalation: Whether policies are in force, people call for help, and a web hook is there; None: by the seed. Where
            things are only swept there is none.
        beside: Platforms that stand beside the three; None: by the seed, and none where policies are in force.
    """

    nets: str = "all"
    incidents: int | None = None
    edits: int = 5
    length: float = 900.0
    off: frozenset[str] = frozenset()
    only: frozenset[str] | None = None
    always: frozenset[str] = frozenset()
    deeds: frozenset[int] | None = None
    spells: frozenset[int] | None = None
    escalation: bool | None = None
    beside: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a world.

    Attributes:
        seed: Its seed.
        findings: What breaks the promise, a sentence each, beginning with its kind.
        digest: Of its trace.
        counts: What happened, in numbers.
        weather: Classes that were on.
        deeds: How many things people meant to do.
        spells: How many things went wrong at some moment.
        trace: The last lines of its trace.
        escalation: Whether policies were in force.
        beside: Platforms that stood beside the three.
    """

    seed: str
    findings: tuple[str, ...]
    digest: str
    counts: Mapping[str, float]
    weather: tuple[str, ...]
    deeds: int
    spells: int
    trace: tuple[str, ...] = ()
    escalation: bool = False
    beside: tuple[str, ...] = ()


class World:
    """All of it. Use it once."""

    def __init__(self, seed: str, options: Options, folder: Path) -> None:
        self.seed, self.options, self.folder = seed, options, folder
        self.loop = Loop(seed, BEGIN)
        self.trace = Trace()
        length = options.length
        wanted = options.escalation
        drawn = Random(f"{seed}/escalation").random() < 0.5
        self.escalation = (drawn if wanted is None else wanted) and options.nets != "sweep"
        alone = self.escalation and options.beside is None
        self.names = standing(seed, frozenset() if alone else options.beside)
        # What was paged in the time that a backup lost is known to nobody: that is looked at by tests of its own.
        off = options.off | (frozenset({"restore"}) if self.escalation else OF_CHANNELS)
        self.weather: Weather = draw(
            seed, length, self.names, off=off, only=options.only, always=options.always
        )
        self.platforms = Machine(self.loop, "platforms")
        clocks = {name: SkewedClock(self.loop, self.weather.skew.get(name, 0.0)) for name in self.names}
        self.instances = {
            name: Watched(
                name,
                build(name, PLACES[name].kind, **PLACES[name].knobs),
                clock=clocks[name],
                runtime=self.platforms,
                seed=seed,
            )
            for name in self.names
        }
        clock = SkewedClock(self.loop)
        self.hook = Hook(self.loop, clock, seed, self.weather.silent, self.weather.refuses)
        self.network = Network(
            self.loop, {**self.instances, "hook": self.hook}, self.trace, seed, self._wrote
        )  # type: ignore[dict-item]
        self.script = Script(self.platforms)
        self.sides = settle_in(self.instances, self.platforms)
        self.people = People(
            seed,
            self.loop,
            self.sides,
            self.script,
            self.trace,
            self.weather.bots,
            unswept=options.nets == "poll",
        )
        rng = Random(f"{seed}/size")
        incidents = options.incidents or rng.choice((1, 3, 6, 10))
        self.deeds: Sequence[Deed] = plan(seed, length, incidents, options.edits, self.names)
        if not self.escalation and "restore" not in self.weather.classes:
            # A backup cannot know what was made and deleted after it.
            self.deeds = [*self.deeds, *plan_deletions(seed, length, self.deeds, self.names)]
            if options.nets != "sweep":
                self.deeds = [*self.deeds, *plan_clones(seed, length, self.deeds, self.names)]
        self.spells: Sequence[Spell] = self.weather.spells
        self.callers = Callers(self.people, self.instances["pd"], {}, {})
        self.emergencies = (
            plan_emergencies(seed, length, len(self.deeds), self.names) if self.escalation else []
        )
        self.watch = Watch(self.loop, self.sides, self.hook)
        self.dropped: frozenset[str] = frozenset()
        self.calm_at = 0.0
        if self.escalation:
            for instance in self.instances.values():
                instance.looked = self.watch.look
            if "dropped" in self.weather.classes:
                self.dropped = drop_pages(self.instances["pd"], seed)
        self.plugins, self.configuration = self._configured()
        self.machine: Machine | None = None
        self.stop: Signal | None = None
        self.daemons = 0
        self.kills = 0
        self.deadly = Random(f"{seed}/deadly")
        self.calm = True
        self.rights: list[OnlyDaemon] = []
        self.databases: list[Database] = []
        self.faults: list[str] = []
        self.backup = Backup(self)
        self.exceptions = Exceptions()
        place = str(folder)
        self.exceptions.tell = lambda text: self.trace.add(self.loop.passed, text.replace(place, ""))
        self.exceptions.warned = lambda: self.network.lessons.warned(getcurrent())
        self.station: Station | None = None
        self.working: Machine | None = None

    def _configured(self) -> tuple[Mapping[str, Plugin], Configuration]:
        common = "\n    ".join(
            [
                "poll_every: 30",
                "sweep_every: 60" if self.options.nets == "sweep" else "sweep_every: 600",
                "read_timeout: 8",
                "workers: 2",
                "requests_per_minute: 6000",
            ]
        )
        plugins, known = plugins_and_settings()
        service = self.sides["pd"].services  # type: ignore[attr-defined]
        text = CONFIGURATION.format(
            common=common, service=next(iter(service.values())), beside=settings(self.names, common)
        )
        if self.escalation:
            text += CHANNELS
            (self.folder / "escalation.yaml").write_text(POLICY, encoding="utf-8")
        return plugins, load_configuration(text, self.folder / "syncline.yaml", known, {})

    # ---- the daemon -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the daemon on a machine whose memory is empty."""
        if self.machine is not None and not self.machine.dead:
            return
        self.daemons += 1
        number = self.daemons
        machine = Machine(self.loop, f"daemon {number}")
        machine.set_by = self.machine.set_by if self.machine else 0.0
        self.machine = machine
        self.stop = machine.signal()
        # Ids must not repeat after a restart, and must be the same ones for the same seed.
        rng = Random(f"{self.seed}/ids/{number}")
        ids = RandomIds(rng)

        rng = Random(f"{self.seed}/jitter/{number}")
        ports = Ports(machine, ids, machine, rng, lambda name: self.wire(machine, name))
        polling = self.options.nets != "sweep" or self.calm_start
        daemon = Daemon(
            self.configuration, self.plugins, ports, polling=polling, sweeping=self.options.nets != "poll"
        )
        self.trace.add(self.loop.passed, f"daemon {number} starts")
        self.watch.up("dead", "still")
        stop = self.stop

        def run() -> None:
            try:
                clean = daemon.run(stop, self._at_work)
                self.trace.add(
                    self.loop.passed, f"daemon {number} ended, {'clean' if clean else 'not clean'}"
                )
            except Exception as error:  # noqa: BLE001  whatever it is, the oracle must hear of it
                self.exceptions.tell(f"daemon {number} failed: {error!r}")
                if not (self.full and "disk is full" in str(error)):
                    self.faults.append(f"crashed: the daemon ended by itself: {error!r}")
            machine.dead = True
            self.watch.not_up("dead")

        machine.spawn(f"daemon-{number}", run)

    def wire(self, machine: Machine, name: str) -> Callable[[], BaseAdapter]:
        """What carries the requests of that machine to that platform."""
        return lambda: SimulatedAdapter(self.network.exchange(machine, name))

    calm_start = False
    full = False

    def _at_work(self, station: Station) -> None:
        self.station, self.working = station, self.machine

    def kill(self, why: str) -> None:
        """kill -9; the operating system closes what was open."""
        if self.machine is None or self.machine.dead:
            return
        self.kills += 1
        self.trace.add(self.loop.passed, f"daemon {self.daemons} is killed: {why}")
        self.machine.kill()
        self.watch.not_up("dead")
        for right in self.rights:
            right.give_back()
        self.rights.clear()
        for database in self.databases:
            if database._kept is not None:
                raw = database._kept.connection.dbapi_connection
                assert raw is not None
                with suppress(sqlite3.ProgrammingError):
                    raw.close()
        self.databases.clear()

    def _wrote(self, name: str) -> None:
        if not self.calm and self.weather.deadly and self.deadly.random() < self.weather.deadly:
            self.loop.after(0.0, lambda: self._die_and_rise(f"a write to {name} just took effect", 2.0))

    def _die_and_rise(self, why: str, after: float) -> None:
        self.kill(why)
        self.loop.after(after, self.start)

    # ---- the weather ----------------------------------------------------------------------------

    def _begin_weather(self) -> None:
        for side, faults in self.weather.rates.items():
            if faults:
                self.instances[side].set_faults(**faults)
        for number, spell in enumerate(self.spells):
            if self.options.spells is None or number in self.options.spells:
                self.loop.after(spell.at, lambda spell=spell: self._suffer(spell))  # type: ignore[misc]
                if spell.what == "restore":
                    self.loop.after(max(0.0, spell.at - spell.more), self.backup.taken)

    def _suffer(self, spell: Spell) -> None:
        if self.calm:
            return
        self.trace.add(self.loop.passed, f"weather: {spell}")
        machine = self.machine
        assert machine is not None
        match spell.what:
            case "outage":
                self.instances[spell.side].take_down(spell.more)
                self.loop.after(spell.seconds, lambda: self.instances[spell.side].take_down(None))
            case "jump":
                machine.set_by += spell.more
                self.watch.set_clock(machine.set_by)
            case "kill":
                self._die_and_rise("by the weather", spell.seconds)
            case "restart":
                self._restart(spell.seconds)
            case "pause":
                machine.stop(spell.seconds)
                self.watch.not_up("still", self.loop.passed + spell.seconds)
            case "restore":
                self.backup.put_back()
            case "disk":
                self._fill(spell.more)
                self.loop.after(spell.seconds, self._empty)

    def _restart(self, after: float) -> None:
        """SIGTERM, and up again after a while; whoever does not end is killed."""
        if self.stop is not None:
            self.stop.set()
        self.watch.not_up("dead")

        def again() -> None:
            self.kill("it did not end in time")
            self.start()

        self.loop.after(after + 45.0, again)

    def _fill(self, pages: int) -> None:
        self.full = True
        self.watch.not_up("full")
        for database in self.databases:
            if database._kept is not None:
                raw: Any = database._kept.connection.dbapi_connection
                size = raw.execute("PRAGMA page_count").fetchone()[0]
                raw.execute(f"PRAGMA max_page_count = {size + pages}")

    def _empty(self) -> None:
        self.full = False
        self.watch.up("full")
        for database in self.databases:
            if database._kept is not None:
                raw: Any = database._kept.connection.dbapi_connection
                raw.execute("PRAGMA max_page_count = 1073741823")

    def _calm_down(self) -> None:
        self.calm = True
        self.calm_at = self.loop.passed
        self.trace.add(self.loop.passed, "the weather calms down")
        for instance in self.instances.values():
            instance.take_down(None)
            instance.clear_faults()
        self.hook.calm_down()
        self._empty()
        self.start()

    # ---- all of it ------------------------------------------------------------------------------

    def play(self) -> Verdict:
        """Let it happen, and judge."""
        with stage(self):
            self.calm_start = True
            self.start()
            self.loop.run(SETTLE_IN)
            if self.options.nets == "sweep":
                self._only_swept()
            else:
                self._tell(0.0, 0.0)
            quiet_from = self.loop.passed
            self._wait_for_rest(quiet_from)
            findings = self._judge()
            assert self.stop is not None
            self.stop.set()
            self.loop.run(self.loop.passed + 60.0)
            if self.machine is not None and not self.machine.dead:
                findings.append("stuck: the daemon does not end when it is told to")
        counts = {
            "incidents": self.script_incidents(),
            "edits": len(self.script.edits),
            "requests": sum(i._count for i in self.instances.values()),
            "writes": sum(len(w) for w in self.network.writes.values()),
            "kills": self.kills,
            "starts": self.daemons,
            "events": self.loop.events,
            "seconds": self.loop.passed,
            "refused": len(self.script.refused),
            "deleted": len(self.people.deleted),
        } | self.judge.counts
        return Verdict(
            self.seed,
            tuple(findings),
            self.trace.digest(),
            counts,
            tuple(sorted(self.weather.classes)),
            len(self.deeds) + len(self.emergencies),
            len(self.spells),
            tuple(self.trace.lines),
            self.escalation,
            tuple(name for name in self.names if name in BESIDE),
        )

    def script_incidents(self) -> int:
        """How many incidents people opened."""
        return len(self.script.cases())

    def _tell(self, begins: float, skip: float) -> None:
        """The story with its weather."""
        wanted = self.options.deeds
        self.people.begin([d for d in self.deeds if (wanted is None or d.n in wanted)])
        self.callers.begin([d for d in self.emergencies if wanted is None or d.n in wanted])
        self.calm = False
        self._begin_weather()
        self.loop.run(self.loop.passed + self.options.length)
        # Somebody who looked a minute ago still saves.
        self.loop.run(self.loop.passed + 60.0)
        self._calm_down()
        if self.escalation:
            self.loop.run(self.loop.passed + LADDERS)
            self.callers.go_home(len(self.deeds) + len(self.emergencies))

    def _only_swept(self) -> None:
        """What people open is carried everywhere by polls and in calm; from then on there is only the sweep."""
        wanted = self.options.deeds
        chosen = [d for d in self.deeds if wanted is None or d.n in wanted]
        self.people.begin([d for d in chosen if d.what == "create"])
        self.loop.run(self.loop.passed + self.options.length / 3 + 240.0)
        self.kill("from now on nothing is polled")
        self.calm_start = False
        self.start()
        self.people.begin([d for d in chosen if d.what != "create"])
        self.calm = False
        self._begin_weather()
        self.loop.run(self.loop.passed + self.options.length + 60.0)
        self._calm_down()

    def _wait_for_rest(self, since: float) -> None:
        self.loop.run(since + LEAST_QUIET)
        while self.loop.passed < since + MOST_QUIET:
            last = max((w[-1][0] for w in self.network.writes.values() if w), default=0.0)
            # A platform that asked for quiet is left alone for up to an hour: there is no rest before it was looked at.
            looked = min((r[-1][0] for r in self.network.reads.values() if r), default=0.0)
            at_rest = self.loop.passed - last >= STILL and looked > since + 60.0 and not self.backup.owed
            at_rest = at_rest and not self._left_to_the_sweep()
            if at_rest and not Judge.busy(self.database_file, self._clock()):
                return
            self.loop.run(self.loop.passed + 60.0)

    def _left_to_the_sweep(self) -> bool:
        """Whether nobody can know yet what somebody gave a resolved incident of PagerDuty: its log does not tell of it, and no list
        of open incidents has it."""
        if self.options.nets == "poll":
            return False
        given = {
            e.record: (e.at - BEGIN).total_seconds()
            for e in self.script.edits
            if e.side == "pd" and e.what in {"title", "priority"}
        }
        resolved = {t.id for t in self.sides["pd"].census() if t.status == "resolved"}
        return any(
            not any(at > since and path == f"/incidents/{record}" for at, path in self.network.reads["pd"])
            for record, since in given.items()
            if record in resolved
        )

    def _clock(self) -> float:
        assert self.machine is not None
        return self.machine.now().timestamp()

    @property
    def database_file(self) -> Path:
        """Where the store stands."""
        return self.folder / "syncline.db"

    judge: Judge

    def _judge(self) -> list[str]:
        self.judge = Judge(
            self.script,
            self.sides,
            self.network,
            self.database_file,
            self.loop.passed,
            STILL,
            self._clock(),
            BEGIN,
            self.backup.lost,
            self.people.deleted,
            retriggered(self.watch, self.network),
            self.people.said,
            self.people.files,
        )
        held = ["stuck: the backup that was put back was never adopted"] if self.backup.owed else []
        return [
            *self.faults,
            *held,
            *self.judge.findings(),
            *self._slow(),
            *self._held_against_the_policies(),
            *(f"exception: {text}" for text in self.exceptions.heard),
        ]

    def _slow(self) -> list[str]:
        if self.options.nets == "sweep" or {"stale", "restore"} & self.weather.classes:
            return []
        reread = self.configuration.instances["pd"].settings.reread_open_every  # type: ignore[attr-defined]
        prompt = Promptness(
            self.script, self.network, self.watch, self.people.deleted, reread, self.loop.passed
        )
        found = prompt.findings(BEGIN)
        self.judge.counts |= {"timed": len(prompt.took), "slowest": max(prompt.took, default=0.0)}
        return found

    def _held_against_the_policies(self) -> list[str]:
        if not self.escalation:
            return []
        due = Due(self.watch, self.callers, self.network, self.weather, self.dropped, self.database_file)
        found = due.findings(self.calm_at, self.loop.passed)
        self.judge.counts |= due.counts
        return found


def play(seed: str, options: Options, folder: Path) -> Verdict:
    """One world, from its seed, in a folder of its own."""
    folder.mkdir(parents=True)
    try:
        return World(seed, options, folder).play()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
