"""What is wrong with a file: all of it at once, each with its place, its check and the nearest right name."""

from collections.abc import Callable

import pytest

from syncline.errors import InvalidFile
from syncline.escalation.reading import examine, read_book

Faults = Callable[[str], list[str]]

SHARE = "; or a share of the clock's target, such as 75%"
STEP = "steps: [{at: 0m, page: L1}]"


def test_all_faults_come_at_once_in_the_order_of_the_file(faults: Faults) -> None:
    assert faults(
        """\
calendars:
  office: {tz: Paris, open: {mon-fry: 08:00-18:00}, holidays: France}
slas:
  first: {target: 4, pause: 'statu == "hold" and age > 30', calendar: offce, max_pause: 30 min}
policies:
  - id: ladder
    clok: first
    steps:
      - {at: 15, page: L4, if: ack == 3, again: {evry: 5m, times: 0}}
"""
    ) == [
        '2:16 E00 tz: must be a time zone, such as Europe/Paris. Did you mean "Europe/Paris"?',
        '2:30 E00 "mon-fry" is no day: write mon, or mon-fri, or daily. Did you mean "mon"?',
        '2:63 E00 holidays: no country has the code "France". Did you mean "FR"?',
        "4:19 E13 target: must be a duration, such as 45s, 10m or 1h30m; 4 of what? write 4s or 4m",
        '4:30 E01 There is no name "statu". Did you mean status?\n    statu == "hold" and age > 30\n    ^^^^^',
        '4:56 E01 age is a duration; write a unit: 30m.\n    statu == "hold" and age > 30\n'
        + " " * 30
        + "^^",
        '4:71 E06 there is no calendar "offce". Did you mean "office"?',
        "4:89 E13 max_pause: must be a duration, such as 45s, 10m or 1h30m",
        '7:5 E00 there is no key "clok" here. Did you mean "clock"?',
        "9:14 E13 at: must be a duration, such as 45s, 10m or 1h30m; 15 of what? write 15s or 15m" + SHARE,
        '9:24 E06 there is no tier "L4". There are: L1, L2, manager, next',
        "9:39 E01 ack is yes or no; write true or false.\n    ack == 3\n           ^",
        '9:42 E00 the key "every" is missing in again',
        '9:50 E00 there is no key "evry" here. Did you mean "every"?',
        "9:67 E00 times must be 1 or more",
    ]


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        # names that lead nowhere
        ("tiers2: {}\n", '1:1 E00 there is no key "tiers2" here. Did you mean "tiers"?'),
        (f"policies: [{{id: p, clock: fast, {STEP}}}]\n", '1:27 E06 there is no clock "fast"'),
        (f"policies: [{{id: p, with: [q], {STEP}}}]\n", '1:27 E06 there is no policy "q"'),
        (f"policies: [{{id: p, nobody: wiat, {STEP}}}]\n", '1:28 E06 there is no answer to nobody "wiat"'),
        (f"policies: [{{id: p, nobody: 'person:bem', {STEP}}}]\n", '1:28 E06 there is no person "bem"'),
        (
            "policies: [{id: p, steps: [{at: 0m, page: ada}]}]\n",
            '1:43 E06 "ada" is a person; write person:ada',
        ),
        ("policies: [{id: p, steps: [{at: 0m, page: L1, say: hi}]}]\n", '1:52 E06 there is no message "hi"'),
        ("slas: {a: {target: 1h, part_of: b}}\n", '1:33 E06 there is no SLA "b"'),
        ("audiences: {all: [person:zed, desk]}\n", '1:19 E06 there is no person "zed"'),
        ("says: {a: {to: ada}}\n", '1:16 E06 "ada" is a person; write person:ada'),
        # what stands twice
        (
            f"policies: [{{id: p, {STEP}}}, {{id: p, {STEP}}}]\n",
            '1:55 E12 policy "p" stands here twice; it is',
        ),
        ("slas: {a: {target: 1h}, a: {target: 1h}}\n", "1:25 E12 key 'a' stands here twice"),
        ("audiences: {desk: [L1]}\n", '1:13 E12 "desk" is a tier or schedule already'),
        (
            "calendars: {c: {open: {mon-fri: 8:00-12:00, fri: 11:00-13:00}}}\n",
            "1:50 E12 two stretches of hours over",
        ),
        (
            "calendars: {c: {open: {mon: 22:00-06:00, tue: 05:00-09:00}}}\n",
            "1:47 E12 two stretches of hours over",
        ),
        # durations
        ("slas: {a: {target: 20y}}\n", "1:20 E13 target: must be a duration"),
        ("slas: {a: {target: 99999d}}\n", "1:20 E13 target: must be a duration"),
        ("slas: {a: {target: 9999d}}\n", "1:20 E13 target: must be at most 10 years"),
        ("slas: {a: {target: 0m}}\n", "1:20 E13 target: must be more than nothing, such as 5m"),
        ("policies: [{id: p, steps: [{at: 0%, page: L1}]}]\n", "1:33 E13 at: write 0m for at once"),
        # keys that are missing, too many, or do not go together
        ("slas: {a: {kind: OLA}}\n", '1:8 E00 the key "target" is missing in a'),
        (
            "policies: [{steps: [{at: 0m, page: L1}]}]\n",
            '1:12 E00 the key "id" is missing in entry 1 of policies',
        ),
        ("policies: [{id: p}]\n", '1:12 E00 the key "steps" is missing in entry 1 of policies'),
        ("policies: [{id: p, steps: []}]\n", "1:27 E00 steps must not be empty"),
        ("policies: [{id: p, steps: [{at: 0m}]}]\n", "1:28 E00 this step does nothing"),
        (
            "policies: [{id: p, steps: [{at: 0m, page: 'person:ada', move: true}]}]\n",
            "1:63 E00 move: a record moves to",
        ),
        (
            f"policies: [{{id: p, trigger: recur, {STEP}}}]\n",
            "1:29 E00 p: `trigger: recur` and `count` go together",
        ),
        (f"policies: [{{id: p, trigger: risk, {STEP}}}]\n", '1:29 E00 trigger: "risk" is not possible here'),
        (
            f"policies: [{{id: p, guard: {{approve: boss}}, {STEP}}}]\n",
            '1:37 E00 approve: "boss" is not possible here',
        ),
        (
            f"policies: [{{id: p, repeat: {{times: 1, from: 2}}, {STEP}}}]\n",
            "1:45 E06 from: there is no step 2",
        ),
        (f"policies: [{{id: p, when: , {STEP}}}]\n", "1:25 E00 when: must not be blank"),
        ("slas: {opened: {target: 1h}}\n", '1:8 E00 "opened" is there in any case'),
        ("calendars: {always: {open: {mon: 9:00-10:00}}}\n", '1:13 E00 "always" never closes'),
        # calendars
        ("calendars: {c: {open: {mon: 9-17}}}\n", "1:29 E00 mon: must be hours, such as 08:00-18:00"),
        ("calendars: {c: {open: {mon: 9:00-9:00}}}\n", "1:29 E00 mon: begins and ends at the same time"),
        ("calendars: {c: {holidays: DE-XX}}\n", '1:27 E00 holidays: DE has no region "XX"'),
        ("calendars: {c: {holidays: NP-1}}\n", '1:27 E00 holidays: NP has no region "1"; write NP'),
        (
            "calendars: {c: {closed: [2026-02-30]}}\n",
            "1:26 E00 entry 1 of closed: 2026-02-30 is no day of the",
        ),
        (
            "calendars: {c: {closed: [2020-01-01/2029-01-01]}}\n",
            "1:26 E00 entry 1 of closed: must be at most a year",
        ),
        (
            "calendars: {c: {closed: ['2026-01-01T10:00']}}\n",
            "1:26 E00 entry 1 of closed: must be whole days",
        ),
        (
            "calendars: {c: {tz: ../../etc/passwd, open: {mon: 9:00-10:00}}}\n",
            "1:21 E00 tz: must be a time zone",
        ),
        ("calendars: {c: {tz: Europe}}\n", "1:21 E00 tz: must be a time zone"),
        # priority
        (
            "priority: {matrix: [[1, 2], [2, 3, 4], [3, 4, 5]]}\n",
            "1:21 E26 row 1 of the matrix has 2 cells; it must have 3",
        ),
        ("priority: {impact: [1, 1], matrix: [[1, 2, 3]]}\n", "1:20 E26 impact: a level stands here twice"),
        (
            "priority: {impact: [1, 2], matrix: [[1, 2, 3]]}\n",
            "1:36 E26 the matrix has 1 rows; it must have 2",
        ),
        ("priority: {matrix: [[9, 2, 3]]}\n", "1:22 E00 entry 1 of entry 1 of matrix must be 5 or less"),
        # names of conditions
        ("fields: {priority: {from: custom.p}}\n", '1:27 E00 "priority" is known already; only its values'),
        ("fields: {priority: {type: text}}\n", '1:10 E00 "priority" is a number, and cannot be made text'),
        ("fields: {state: {values: [a]}}\n", '1:10 E00 "state" is another word for "status"'),
        ("fields: {status: {values: [open]}}\n", "1:27 E00 status can only be new, acknowledged"),
        ("fields: {and: {}}\n", '1:10 E00 "and" is a word of the language'),
        (
            "fields: {rank: {from: titel}}\n",
            '1:23 E00 from: there is no common field "titel". Did you mean "title"?',
        ),
        ("priority: {raise: [{when: tier == 'L9', by: 1}]}\n", '1:35 E01 tier is never "L9"'),
        (
            "slas: {a: {target: 1h, pause: 'ack and age > 1h'}}\n",
            "1:40 E01 age cannot be asked for by a clock",
        ),
        # messages
        (
            "says: {a: {to: L1, text: 'Dear {titel}'}}\n",
            '1:32 E00 text: nothing is called "titel" here; did you mean',
        ),
        (
            "says: {a: {to: L1, text: 'Dear {title.x}'}}\n",
            '1:32 E00 text: "{title.x}" holds more than a name',
        ),
        ("says: {a: {to: [], text: hi}}\n", "1:16 E00 to must not be empty"),
        # what is no text
        ("says: {a: {to: L1, text: 3}}\n", "1:26 E00 text must be text; put 3 in quotes"),
        ("audiences: {1: [L1]}\n", "1:13 E00 1: must be a name; put 1 in quotes"),
        ("audiences: {'a:b': [L1]}\n", "1:13 E00 a:b: a name has 1 to 64 characters"),
    ],
)
def test_one_fault(faults: Faults, rest: str, fault: str) -> None:
    found = [line for line in faults(rest) if " W" not in line]
    assert len(found) == 1
    assert found[0].startswith(fault)


@pytest.mark.parametrize(
    ("people", "fault"),
    [
        ("{ada: {quiet: 22:00-06:00}}", "ada: tz is missing: on which clock are its hours and days?"),
        ("{ada: {tz: UTC, away: 2026-08-17/2026-08-03}}", "away: ends before it begins"),
        ("{ada: {tz: UTC, away: soon}}", "away: must be a day, such as 2026-12-24, or from one"),
        ("{ada: {tz: UTC, away: 1999-01-01}}", "away: 1999-01-01 does not lie between"),
        ("{ada: {tz: UTC, away: 2020-01-01/2045-01-01}}", "away: must be at most 10 years"),
        (
            "{ada: {reach: {sms: +33123456789}}}",
            "sms must be text; put it in quotes as it is written, with its + if it has one",
        ),
        ("{ada: {manager: adda}}", 'there is no person "adda". Did you mean "ada"?'),
    ],
)
def test_faults_of_people(people: str, fault: str) -> None:
    _, problems = examine(f"escalation: 1\npeople: {people}\n", "e.yaml")
    assert [problem.message[: len(fault)] for problem in problems] == [fault]


@pytest.mark.parametrize(
    ("layer", "fault"),
    [
        ("{rotate: []}", "rotate must not be empty"),
        ("{every: 1w}", 'the key "rotate" is missing in entry 1 of layers'),
        ("{rotate: [ada, bem], handoff: '09:00', from: 2026-01-05}", 'there is no person "bem"'),
        ("{rotate: [ada, ben], from: 2026-01-05}", "handoff is missing: when do turns change"),
        (
            "{rotate: [ada, ben], handoff: mon 09:00}",
            "from is missing: on which day does the first turn begin?",
        ),
        ("{rotate: ada, every: 5h}", "every: a turn is hours that divide a day"),
        ("{rotate: ada, every: 36h}", "every: a turn is hours that divide a day"),
        ("{rotate: ada, every: 90m}", "every: a turn is hours that divide a day"),
        ("{rotate: ada, every: 2d, handoff: mon 09:00}", "handoff: turns of 2d do not always change on mon"),
        ("{rotate: ada, handoff: noon}", 'handoff: must be a local time, such as "mon 09:00"'),
        ("{rotate: ada, from: 2026-05-01, until: 2026-05-01}", "until: 2026-05-01 is not after 2026-05-01"),
        ("{rotate: ada, only: {weekend: 9:00-10:00}}", '"weekend" is no day'),
    ],
)
def test_faults_of_layers(layer: str, fault: str) -> None:
    text = f"escalation: 1\ntz: UTC\npeople: {{ada: , ben: }}\nschedules: {{desk: {{layers: [{layer}]}}}}\n"
    _, problems = examine(text, "e.yaml")
    assert [problem.message[: len(fault)] for problem in problems] == [fault]


@pytest.mark.parametrize(
    ("rest", "faults"),
    [
        ("schedules: {a: {backfill: b}}", ['there is no schedule "b"']),
        ("schedules: {a: {overrides: [{who: x, from: 2026-01-02, to: 2026-01-01}]}}",
         ['there is no person "x"', "to: ends before it begins"]),
        ("tiers: {a: {who: desk}}", ['there is no schedule "desk"']),
        ("tiers: {a: {who: 'person:ada', next: b}}", ['there is no tier "b"']),
        ("tiers: {next: {who: 'person:ada'}}", ['no tier can be called "next"']),
        ("tiers: {a: {who: 'person:ada', to: {jira: {role: x, team: y}}}}", ["jira: name one of them: team or role"]),
        ("tiers: {a: {who: 'person:ada', to: {jira: {}}}}", ["jira: name a group, team, role or policy"]),
        ("tiers: {a: {}}", ['the key "who" is missing in a']),
    ],
)  # fmt: skip
def test_faults_of_schedules_and_tiers(rest: str, faults: list[str]) -> None:
    _, problems = examine(f"escalation: 1\ntz: UTC\npeople: {{ada: }}\n{rest}\n", "e.yaml")
    assert [p.message[: len(fault)] for p, fault in zip(problems, faults, strict=True)] == faults


def test_a_fault_inside_something_does_not_make_its_name_unknown(faults: Faults) -> None:
    assert faults(
        "calendars: {office: {tz: Nowhere, opne: {}}}\nslas: {a: {target: 1h, calendar: office}}\n"
        "policies: [{id: p, with: q, clock: a, steps: [{at: 0m, page: L1}]}, {id: q, steps: 3}]\n"
    ) == [
        "1:26 E00 tz: must be a time zone, such as Europe/Paris",
        '1:35 E00 there is no key "opne" here. Did you mean "open"?',
        "3:84 E00 steps must be a list, such as [one, two]",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("[1, 2]", "the file must consist of keys and values"),
        ("people: {}", 'the key "escalation" is missing'),
        ("escalation: 2", "this file is of version 2; this Syncline reads version 1"),
        ("escalation: [", "this is not YAML"),
        ("escalation: 1\npolicies: &a []\nsays: *a\n", "*a: aliases are not allowed here"),
        ("escalation: " + "[" * 60, "this is nested deeper than 32 levels"),
        ("escalation: 1\nx: \x00\n", "there is a control character here"),
        ("#" * 1_000_001, "the file is larger than 1 MB"),
    ],
)
def test_what_is_no_such_file_at_all(text: str, message: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        read_book(text, "e.yaml")
    assert caught.value.problems[0].message.startswith(message)
    assert caught.value.problems[0].code == "E00"


def test_more_than_anybody_writes_is_one_fault() -> None:
    layers = "\n".join("    - {rotate: [ada]}" for _ in range(10_000))
    _, problems = examine(
        f"escalation: 1\ntz: UTC\npeople: {{ada: }}\nschedules:\n  desk:\n   layers:\n{layers}\n", "e"
    )
    assert [problem.message for problem in problems] == ["layers must have at most 100 entries"]
    rotate = ", ".join("ada" for _ in range(10_000))
    _, problems = examine(
        f"escalation: 1\ntz: UTC\npeople: {{ada: }}\nschedules: {{a: {{layers: [{{rotate: [{rotate}]}}]}}}}",
        "e",
    )
    assert [problem.message for problem in problems] == ["rotate must have at most 500 entries"]


def test_a_condition_nested_beyond_reason_is_refused(faults: Faults) -> None:
    (fault,) = faults(f"policies: [{{id: p, when: '{'(' * 900}true{')' * 900}', {STEP}}}]\n")
    assert fault.startswith("1:")
    assert "nested more than" in fault


def test_hints_stop_where_a_file_has_hundreds_of_unknown_names(faults: Faults) -> None:
    found = faults("audiences:\n" + "".join(f"  a{n}: [dxsk]\n" for n in range(200)))
    assert len(found) == 200
    assert found[0].endswith('there is no tier or schedule "dxsk". Did you mean "desk"?')
    assert found[-1].endswith('there is no tier or schedule "dxsk"')
