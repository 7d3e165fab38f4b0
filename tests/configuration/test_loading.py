"""`syncline.yaml`: what it gives, and what it says about faults."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from syncline.configuration import (
    DATABASE_VARIABLE,
    Backfill,
    BackfillKind,
    Configuration,
    ConflictRule,
    PublicComments,
    defaults,
    read_configuration,
)
from syncline.errors import Configuration as Misconfigured
from syncline.errors import InvalidFile
from syncline.mapping import Conflict
from syncline.model import Incident, Status
from syncline.plugins import GROUP, discover

Load = Callable[..., Configuration]


def faults(load: Load, text: str, *, bare: bool = False, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(InvalidFile) as caught:
        load(text, environment, bare=bare)
    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == sorted(places)
    return str(caught.value)


def test_defaults_of_a_short_file(load: Load, tmp_path: Path) -> None:
    configuration = load("")
    assert configuration.database == f"sqlite:///{tmp_path}/syncline.db"
    assert list(configuration.instances) == ["a", "b"]
    assert configuration.instances["a"].settings.url == "https://a.example"
    assert configuration.instances["a"].mapping is None
    assert configuration.routes == ()
    assert configuration.conflicts.rule("title") == ConflictRule(Conflict.LATEST)
    assert (configuration.comments.copy, configuration.comments.public) == (True, PublicComments.KEEP)
    assert configuration.attachments.max_bytes == 10_000_000
    assert configuration.reopen.statuses == {Status.RESOLVED}
    assert configuration.freeze.within == timedelta(minutes=10)
    assert configuration.gone_after == timedelta(minutes=10)
    assert "s3cret" not in repr(configuration)


def test_everything_that_can_be_set(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCLINE_C_TOKEN", "s3cret")
    (tmp_path / "mine.yaml").write_text("")
    configuration = load(
        """\
  c: {platform: desk, url: https://c.example, mode: slow, poll_every: 2.5, mapping: mine.yaml}
routes:
  - {name: one, from: a, to: all, when: {priority: [1, 2], group: network, labels: [prod], custom.zone: 7}, backfill: open}
  - {name: two, from: [a, b], to: [c], backfill: 2026-11-01}
conflicts:
  default: manual
  priority: highest
  status: {owner: a}
comments: {copy: false, public: internal}
attachments: {copy: false, max_bytes: 2 MB}
reopen: {from: [resolved, closed]}
freeze: {writes: 9, minutes: 5, returns: 4}
escalation: {label: help, command: false}
gone_after: 1h30m
"""
    )
    assert configuration.instances["c"].mapping == tmp_path / "mine.yaml"
    assert configuration.instances["c"].settings.poll_every == 2.5
    one, two = configuration.routes
    assert (one.sources, one.targets, one.backfill) == (("a",), ("a", "b", "c"), Backfill(BackfillKind.OPEN))
    assert two.backfill == Backfill(BackfillKind.SINCE, datetime(2026, 11, 1, tzinfo=UTC))
    assert configuration.conflicts.rule("title") == ConflictRule(Conflict.MANUAL)
    assert configuration.conflicts.rule("priority") == ConflictRule(Conflict.HIGHEST)
    assert configuration.conflicts.rule("status") == ConflictRule(Conflict.OWNER, "a")
    assert (configuration.comments.copy, configuration.comments.public) == (False, PublicComments.INTERNAL)
    assert (configuration.attachments.copy, configuration.attachments.max_bytes) == (False, 2_000_000)
    assert configuration.reopen.statuses == {Status.RESOLVED, Status.CLOSED}
    assert (configuration.freeze.writes, configuration.freeze.within, configuration.freeze.returns) == (
        9,
        timedelta(minutes=5),
        4,
    )
    assert (configuration.escalation.label, configuration.escalation.command) == ("help", None)
    assert configuration.gone_after == timedelta(minutes=90)


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        ({"priority": 1, "group": "Network", "labels": ("eu", "PROD"), "custom.zone": "7"}, True),
        ({"priority": 3, "group": "Network", "labels": ("prod",), "custom.zone": "7"}, False),
        ({"priority": 1, "group": None, "labels": ("prod",), "custom.zone": "7"}, False),
        ({"priority": 1, "group": "Network", "labels": (), "custom.zone": "7"}, False),
        ({"priority": 1}, False),
    ],
)
def test_all_conditions_of_a_route_must_hold(load: Load, values: dict[str, object], taken: bool) -> None:
    [route] = load(
        "routes: [{name: r, from: a, to: b, when: {priority: [1, 2], group: network, labels: [prod], custom.zone: 7}}]"
    ).routes
    assert route.takes("a", Incident("SL-1", values)) is taken  # type: ignore[arg-type]
    assert not route.takes("b", Incident("SL-1", values))  # type: ignore[arg-type]


MANY = """\
syncline: 2
database: postgresql://u:geheim@h/d
instances:
  Snow: {platform: desk, url: "http://x.example", usrname: a, password: hunter2}
  b: {platform: dsk}
  c: {platform: broken}
  d: {platform: desk, url: https://d.example, mode: fats, mapping: nope.yaml, name: e}
routes:
  - {name: r, from: [b, snow], to: b, when: {priority: [1, high], statsu: [new]}, backfill: soon}
  - {name: r, from: b, to: b}
conflicts: {title: highest, group: owner, statuz: latest, status: {owner: snow}}
gone_after: 10
colour: red
"""


SECRET = (
    "4:63: error: password is a secret and must not stand in this file; take it out, have it replaced if the file was"
    " ever shared, and set the environment variable SYNCLINE_SNOW_PASSWORD"
)
UNKNOWN = (
    '13:1: error: there is no key "colour" here. There are: syncline, database, instances, routes, conflicts, comments,'
    " attachments, reopen, freeze, escalation, channels, gone_after"
)


def test_every_fault_at_once_in_its_place(load: Load, tmp_path: Path) -> None:
    lines = [
        line.removeprefix(f"{tmp_path}/syncline.yaml:") for line in faults(load, MANY, bare=True).split("\n")
    ]
    assert [line for line in lines if "token" not in line] == [
        "1:11: error: this file is of version 2; this Syncline reads version 1",
        "2:11: error: a password must not stand in this file; take it out, and give the whole URL in SYNCLINE_DATABASE_URL",
        '4:3: error: "Snow" cannot be the name of an instance; use small letters, digits and hyphens, such as snow-prod',
        "4:31: error: url: must begin with https:// (http:// is for this very machine only)",
        "4:60: error: usrname: there is no such setting; did you mean username?",
        SECRET,
        '5:17: error: there is no connector for "dsk". Did you mean "desk"?',
        '6:17: error: the connector for "broken" could not be loaded: importing x failed: ImportError: no y (package x 1.0)',
        "7:53: error: mode: Input should be 'fast' or 'slow'",
        f"7:68: error: there is no mapping file {tmp_path}/nope.yaml; leave the key out for the default mapping",
        "7:79: error: the name of an instance is the key that it stands under",
        '9:21: error: there is no instance "snow". Did you mean "Snow"?',
        '9:60: error: "high" is no priority; they go from 1 (highest) to 5',
        '9:67: error: there is no common field "statsu". Did you mean "status"?',
        '9:93: error: backfill: "soon" must be none, open, or a date such as 2026-11-01',
        '10:12: error: two routes are called "r"',
        "10:28: error: this route leads from b to itself",
        '11:20: error: title: only status, priority, impact and urgency have a "highest"',
        "11:36: error: group: an owner is named like this: `group: {owner: snow-prod}`",
        '11:43: error: there is no common field "statuz". Did you mean "status"?',
        '11:75: error: there is no instance "snow". Did you mean "Snow"?',
        "12:13: error: gone_after: must be a duration, such as 45s, 10m or 1h30m; 10 of what? write 10s or 10m",
        UNKNOWN,
    ]


def test_secrets_never_show(load: Load) -> None:
    said = faults(load, MANY, bare=True)
    assert "hunter2" not in said
    assert "geheim" not in said


def test_a_secret_that_is_nowhere_says_where_it_may_stand(load: Load) -> None:
    said = faults(load, "  c: {platform: desk, url: https://c.example}\n")
    assert "syncline.yaml:5:3: error: token: is a secret and was not found" in said
    assert "SYNCLINE_C_TOKEN" in said


def test_places_of_routes_after_one_that_is_broken(load: Load) -> None:
    said = faults(load, "routes:\n  - 3\n  - {name: x, from: a, to: q}\n")
    assert "6:5: error: entry 1 of routes must consist of keys and values" in said
    assert '7:28: error: there is no instance "q"' in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gone_after: 100d\n", "gone_after: must lie between 1s and 30d"),
        ("gone_after: soon\n", "gone_after: must be a duration, such as 45s, 10m or 1h30m"),
        ("comments: {copy: ja}\n", "copy must be true or false"),
        ("comments: {public: pubic}\n", 'public: "pubic" is not possible here. There are: keep, internal'),
        ("attachments: {max_bytes: 3 sheep}\n", "max_bytes: must be a size, such as 10 MB or 500 KB"),
        ("reopen: {from: done}\n", 'from: "done" is not possible here'),
        ("freeze: {writes: 1}\n", "writes must be 2 or more"),
        ("freeze: {writes: true}\n", "writes must be a whole number"),
        ("escalation: {label: please help}\n", "label: must be one word without blanks, or false"),
        ("escalation: {command: ''}\n", "command: must be one word without blanks, or false"),
        ("escalation: {command: true}\n", "command: must be one word without blanks, or false"),
        ("escalation: {lable: help}\n", 'there is no key "lable"'),
        ("database: sqlite://\n", "the database must be a file"),
        ("database: nonsense\n", "database must be a URL"),
        ("database: mysql://h/d\n", "mysql is no database that Syncline works with"),
        ("  all: {platform: desk, url: https://x.example}\n", '"all" is taken by Syncline itself'),
        ("  database: {platform: desk, url: https://x.example}\n", '"database" is taken by Syncline itself'),
        ("  c: 3\n", "c must consist of keys and values"),
    ],
)
def test_says_what_is_wrong(load: Load, text: str, message: str) -> None:
    assert message in faults(load, text)


def test_the_environment_goes_before_the_file_for_the_database(load: Load, tmp_path: Path) -> None:
    url = "postgresql://u:p%40ss@db.example/syncline"
    assert load("", {DATABASE_VARIABLE: url}).database == "postgresql+psycopg://u:p%40ss@db.example/syncline"
    assert load("database: sqlite:////var/x.db").database == "sqlite:////var/x.db"
    assert load("database: sqlite:///sub/x.db").database == f"sqlite:///{tmp_path}/sub/x.db"
    said = faults(load, "", environment={DATABASE_VARIABLE: "mysql://u:geheim@h/d"})
    assert "SYNCLINE_DATABASE_URL holds no URL of SQLite or PostgreSQL" in said
    assert "geheim" not in said


@pytest.mark.parametrize(
    "text", ["", "3", "[]", "instances: 3", "syncline: 1", "syncline: 1\ninstances: {}\n", "a: *b"]
)
def test_files_that_are_none(load: Load, text: str) -> None:
    assert faults(load, text, bare=True)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_configuration(tmp_path / "syncline.yaml", {}, {})


def test_the_example_that_init_writes_is_right() -> None:
    names = ("servicenow", "jira", "pagerduty")
    plugins = discover(EntryPoint(name, f"syncline_{name}:plugin", GROUP) for name in names)
    assert plugins.broken == ()
    configuration = read_configuration(defaults("config/syncline.yaml"), plugins.settings(), {})
    assert {one.platform for one in configuration.instances.values()} == set(names)
    urgent = Incident("SL-1", {"priority": 1})
    assert [route.name for route in configuration.routes if route.takes("snow-prod", urgent)] == [
        "everything to Jira",
        "urgent work rings",
    ]
