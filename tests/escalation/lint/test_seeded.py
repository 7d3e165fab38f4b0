"""One fault for each check: the linter names that one, and nothing else."""

import pytest

from syncline.escalation.lint import CODES, LiveNames, Severity, severity

LAYER = "- {rotate: [ann, bob], every: 1w, handoff: mon 09:00, from: 2026-01-05}"
STEP_1 = "- {at: 0m, page: L1, until: ack, again: {every: 5m, times: 2}}"
STEP_2 = "- {at: 15m, page: L2, if: not ack, move: true}"
STEP_3 = "- {at: 75%, page: MGMT, if: not resolved, say: risk}"
ACK = "    ack: {holds: 30m}\n"
END = "    end: {page: MGMT, every: 30m}\n"
CLOCK = '  restore: {target: 4h, pause: status == "on_hold", max_pause: 2h}\n'
WHEN = ("  - id: all\n", "  - id: all\n    when: {}\n")
EXPERTS = "  experts:\n    layers:\n      - {rotate: [cleo, dan], every: 1w, handoff: mon 09:00, from: 2026-01-05}\n"
SECOND = """\
  - id: more
    {}
    steps: [{{at: 0m, page: L1, until: ack}}]
    ack: {{holds: 30m}}
    end: {{page: MGMT, every: 30m}}
says:
"""


def when(condition):
    return WHEN[0], WHEN[1].format(condition)


def second(condition):
    return "says:\n", SECOND.format(condition)


def third(keys):
    steps = "steps: [{at: 0m, page: L1, until: ack}], ack: {holds: 30m}, end: {page: MGMT, every: 30m}"
    return "says:\n", f"  - {{{keys}, {steps}}}\nsays:\n"


def manual(keys, step):
    steps = f"steps: [{{at: 0m, {step}, until: ack}}]\n    ack: {{holds: 30m}}\n    end: {{page: MGMT, every: 30m}}"
    return "says:\n", f"  - id: hand\n    trigger: manual\n    {keys}\n    {steps}\nsays:\n"


OFFICE = "calendars: {office: {open: {mon-fri: 08:00-18:00}}}\npeople:\n"
MANY = f"'hops == reopens and hops in [{', '.join(str(n) for n in range(0, 700, 2))}]'"
LIVE = {
    "E38": LiveNames({"snow": "servicenow", "board": "jira"}, {"snow": frozenset({"Desk"})}),
    "W38": LiveNames({"snow": "servicenow"}),
}

SEEDS = {
    # Found while the file is read.
    "E00": [[("escalation: 1", "escalation: 1\nflavour: mild")]],
    "E01": [[(STEP_2, STEP_2.replace("not ack", "priority < 30m"))]],
    "E06": [[("who: desk", "who: dsek")]],
    "W06": [[("to: [MGMT]", "to: [MGMT, customers]")]],
    "W07": [[("jira: desk}", "jira: {role: desk, project: OPS}}")]],
    "E12": [[(EXPERTS, EXPERTS + "  desk: {}\n")]],
    "E13": [[("holds: 30m", "holds: 30 minutes")]],
    # Conditions.
    "E02": [
        [(STEP_2, STEP_2.replace("not ack", "not ack and ack"))],
        [(CLOCK, CLOCK.replace('status == "on_hold"', 'status == "new" and status == "on_hold"'))],
        [(END, '    end: {page: MGMT, every: 30m, if: priority == 1 and priority == 2}\n')],
        [second('when: status == "closed"')],
    ],
    "W03": [
        [(STEP_2, STEP_2.replace("not ack", "ack or not ack"))],
        [("slas:\n", "priority: {raise: [{when: true}]}\nslas:\n")],
        [(STEP_2, STEP_2.replace("not ack", "priority <= 5"))],
    ],
    "W29": [[(STEP_2, STEP_2.replace("not ack", MANY))]],
    # Clocks.
    "E04": [
        [(CLOCK, CLOCK.replace('status == "on_hold"', 'status == "resolved"'))],
        [
            (CLOCK, CLOCK.replace("target", 'when: status != "on_hold", target')),
            when('status != "on_hold"'),
            second('when: status == "on_hold"'),
        ],
    ],
    "W04": [[(CLOCK, CLOCK.replace("target", 'start: status == "new", target'))]],
    "W05": [[(CLOCK, CLOCK.replace(", max_pause: 2h", ""))]],
    "E23": [[(CLOCK, CLOCK.replace("target", "when: priority == 1, target"))]],
    "W24": [[(CLOCK, CLOCK + "  other: {when: priority == 2, target: 8h}\n")]],
    "E30": [
        [(CLOCK, CLOCK.replace("target", 'start: status == "resolved", target'))],
        [
            (CLOCK, '  restore: {when: status != "new", stop: status != "new", target: 4h}\n'),
            when('status != "new"'),
            second('when: status == "new"'),
        ],
    ],
    "E31": [[(CLOCK, CLOCK.replace('status == "on_hold"', 'status != "resolved"'))]],
    "E32": [[(CLOCK, CLOCK + '  part: {kind: OLA, target: 3h, part_of: restore, when: tier == "L1"}\n  rest: {kind: UC, target: 2h, part_of: restore, when: tier == "L2"}\n'), second('clock: part\n    when: tier == "L1"\n    with: [all, most]'), ("says:\n", '  - {id: most, clock: rest, when: tier == "L2", with: [all], steps: [{at: 0m, page: L1, until: ack}], ack: {holds: 30m}, end: {page: MGMT, every: 30m}}\nsays:\n')]],
    "W32": [[("people:\n", OFFICE), (CLOCK, CLOCK + "  part: {kind: OLA, target: 5h, calendar: always, part_of: day}\n  day: {target: 4h, calendar: office}\n"), second("clock: part\n    with: [all, days]"), third("id: days, clock: day, with: [all]")]],
    "E33": [[(CLOCK, CLOCK.replace("target", "part_of: restore, target"))]],
    "W42": [
        [("people:\n", OFFICE), (CLOCK, CLOCK + "  night: {when: priority == 1, target: 2h}\n  day: {when: priority == 1, target: 2h, calendar: office}\n"), ("    clock: restore\n", "    clock: restore\n    when: priority != 1\n"), second("clock: day\n    when: priority == 1")],
        [("people:\n", OFFICE), (CLOCK, CLOCK + "  part: {kind: OLA, target: 1h, calendar: office, part_of: restore}\n"), second("clock: part\n    with: [all]")],
    ],
    # Names.
    "W30": [
        [(EXPERTS, EXPERTS + "  spare: {layers: [{rotate: [cleo]}]}\n")],
        [("says:\n", "says:\n  unsaid: {to: [MGMT], title: hello}\n")],
        [("people:\n", "calendars: {office: {open: {mon-fri: 08:00-18:00}}}\npeople:\n")],
        [("slas:\n", "  L0: {who: desk, to: {servicenow: Desk0, jira: desk0}}\nslas:\n")],
    ],
    "I30": [
        [("  ann: {", "  ann: {away: 2026-03-01/2026-03-10, ")],
        [(LAYER, LAYER + "\n    overrides: [{who: bob, from: 2026-03-01, to: 2026-03-10}]")],
        [(LAYER, LAYER.replace("}", ", until: 2026-02-02}") + "\n      " + LAYER)],
    ],
    "I31": [[("people:\n", "people:\n  zoe: {}\n")]],
    # Tiers and people.
    "E07": [[(", jira: experts", "")]],
    "W34": [[(", jira: desk", "")]],
    "E56": [[("servicenow: Experts", "servicenow: Desk")]],
    "W56": [[("jira: experts", "jira: desk")], [("servicenow: Experts", "servicenow: Desk"), (STEP_2, STEP_2.replace(", move: true", ""))]],
    "E08": [[("{who: experts,", "{who: experts, next: L1,")]],
    "E09": [[("  ann: {", "  ann: {manager: bob, "), ("  bob: {", "  bob: {manager: ann, ")]],
    "E20": [[(STEP_3, STEP_3.replace("page", "move: true, page"))]],
    "W20": [
        [
            ("{who: experts,", "{who: experts, next: MGMT,"),
            (STEP_2, STEP_2.replace("page: L2", "page: next")),
            ("{who: heads, ", "{who: heads, "),
        ]
    ],
    "W35": [[("hierarchical: true", "hierarchical: true, to: {servicenow: Heads}")]],
    "E35": [[('  ann: {reach: {sms: "+331", email: ann@example.com}}', "  ann: {}")]],
    "W36": [[manual('when: tier == "L2"', "page: next")]],
    "W37": [[(STEP_3, STEP_3.replace("page: MGMT", "page: [MGMT, manager]"))]],
    "E38": [[]],
    "W38": [[(", jira: experts", "")]],
    "W39": [[("people:\n", "people:\n" + "".join(f"  p{n}: {{reach: {{sms: s{n}, email: e{n}}}}}\n" for n in range(11))), (STEP_3, STEP_3.replace("MGMT", "[" + ", ".join(f"person:p{n}" for n in range(11)) + "]"))]],
    # Who is on call.
    "E10": [
        [("  ann: {", "  ann: {away: 2027-01-01/2027-01-10, ")],
        [(LAYER, LAYER.replace("2026-01-05", "2026-12-07"))],
        [(LAYER, LAYER.replace("}", ", until: 2027-03-01}"))],
        [(LAYER, LAYER.replace("}", ", only: {daily: 08:00-07:00}}"))],
    ],
    "W10": [[(LAYER, LAYER.replace("}", ", only: {mon-fri: 08:00-18:00}}"))]],
    "W11": [[("[cleo, dan]", "[cleo]"), ("  dan: {", "  dan: {"), ("[eve, fay]", "[eve, fay, dan]")]],
    "W40": [[("[cleo, dan]", "[cleo, dan, ann]")]],
    "E40": [[(LAYER, LAYER + "\n    backfill: desk")]],
    "E41": [[(LAYER, LAYER + "\n    overrides: [{who: ann, from: 2027-02-08, to: 2027-02-14}]"), ("  ann: {", "  ann: {away: 2027-02-10, ")]],
    "W41": [
        [(LAYER, LAYER + "\n      " + LAYER.replace("ann, bob", "bob, ann"))],
        [(LAYER, LAYER + "\n    overrides: [{who: ann, from: 2027-02-08, to: 2027-02-12}, {who: bob, from: 2027-02-11, to: 2027-02-13}]")],
        [(LAYER, LAYER + "\n      - {rotate: [ann], only: {mon-fri: 08:00-18:00}}\n      - {rotate: [bob], only: {fri-sat: 12:00-18:00}}")],
    ],
    "W43": [[(LAYER, LAYER.replace("mon 09:00", "sun 02:30"))]],
    "W44": [[(LAYER, LAYER + "\n      - {rotate: [ann], only: {mon-fri: 08:00-22:00}}")]],
    "W45": [[(LAYER, LAYER + "\n    overrides: [{who: bob, from: 2027-02-01, to: 2027-02-20}]")]],
    "W46": [[("people:\n", "people:\n  zoe: {away: 2027-02-01/2027-02-20, reach: {sms: a, email: b}}\n"), (STEP_3, STEP_3.replace("MGMT", "[MGMT, person:zoe]"))]],
    # Steps.
    "E14": [[("    clock: restore\n", "    clock: opened\n"), (CLOCK, ""), ("slas:\n", "")]],
    "E15": [[(STEP_2, STEP_2.replace("15m", "200m"))]],
    "W16": [[(STEP_1, STEP_1.replace(", again: {every: 5m, times: 2}", "")), (STEP_2, STEP_2.replace("15m", "0m"))]],
    "E17": [[(STEP_3, STEP_3.replace("75%", "5h"))]],
    "W17": [[(STEP_3, STEP_3.replace("75%", "100%"))]],
    "E18": [
        [(STEP_2, STEP_2.replace("not ack", "resolved"))],
        [when("priority == 1"), second("when: priority != 1"), (STEP_2, STEP_2.replace("not ack", "priority == 2"))],
        [(STEP_1, STEP_1.replace("until: ack", "until: ack, if: ack"))],
    ],
    "W18": [[(CLOCK, CLOCK.replace("target", "stop: ack, target")), (STEP_3, STEP_3.replace("not resolved", "ack"))],[when("not ack"), second("when: ack"), (STEP_3, STEP_3.replace("not resolved", "ack"))]],
    "W19": [[(STEP_1, STEP_1.replace("times: 2", "times: 3"))]],
    "W57": [[(STEP_1, STEP_1.replace(" until: ack,", ""))]],
    "E21": [[(END, "")]],
    "W22": [[(ACK, ""), (STEP_3, STEP_3.replace("not resolved", "not ack"))]],
    "W47": [[(STEP_3, STEP_3.replace("75%", "6.251%"))]],
    "W48": [[(END, END.replace("30m", "2m"))]],
    # Policies together.
    "E25": [[second("when: priority == 1")]],
    "E50": [[manual("guard: {blame: never}", "page: L1"), ("  - id: hand\n", "  - {id: first, trigger: manual, steps: [{at: 0m, page: L1, until: ack}], ack: {holds: 30m}, end: {page: MGMT, every: 30m}}\n  - id: hand\n")]],
    "W51": [[when("priority <= 3")]],
    "W52": [
        [when("priority != 2"), second("when: priority == 2"), (STEP_2, STEP_2.replace("}", ", do: raise_priority}"))],
        [when("priority not in [1, 2]"), second("when: priority in [1, 2]"), ("at: 0m, page: L1, until: ack}]", "at: 0m, page: L1, until: ack, do: raise_priority}]"), manual("guard: {blame: never}", "do: raise_priority, page: L2")],
        [(ACK, ACK + "    repeat: {times: 2}\n"), (STEP_2, STEP_2.replace("}", ", do: raise_priority}"))],
    ],
    "W53": [[when("hops <= 3"), second("when: hops > 3")]],
    # Priority.
    "E26": [
        [("slas:\n", "priority: {matrix: [[1, 2, 3], [2, 1, 4], [3, 4, 5]]}\nslas:\n")],
        [("slas:\n", "priority: {matrix: [[1, 2], [2, 3, 4], [3, 4, 5]]}\nslas:\n")],
    ],
    "W26": [[("slas:\n", "priority: {impact: [1, 2], matrix: [[1, 2, 3], [2, 3, 4]]}\nslas:\n")]],
    "E54": [
        [("slas:\n", "priority: {raise: [{when: priority == 1 and vip}]}\nslas:\n")],
        [("slas:\n", "priority: {raise: [{when: vip}, {when: vip}]}\nslas:\n")],
    ],
    # Messages and pages that nobody got.
    "W60": [[("  ann: {reach: {sms: \"+331\", email: ann@example.com}}", '  ann: {reach: {sms: "+331"}}')]],
    "E61": [[("via: [email]", "via: [statuspage]")]],
    "W61": [[('{sms: "+335", email: eve@example.com}', '{sms: "+335", chat: eve}')]],
    "W62": [[(ACK, ACK + "    undelivered: {via: [fax], page: MGMT}\n")]],
    "I63": [[("people:\n", 'people:\n  zoe: {quiet: "22:00-07:00", reach: {sms: a, email: b}}\n'), ("to: [MGMT]", "to: [MGMT, person:zoe]")]],
    "W70": [[("who: desk,", "who: desk,  # lint: allow W11\n   ")]],
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "changes"), [(code, changes) for code, seeds in SEEDS.items() for changes in seeds]
)
def test_a_seeded_fault_is_found_and_nothing_else(linted, code, changes):
    found = linted.only(linted.text(*changes), code, live=LIVE.get(code))
    assert found.message
    assert found.line > 1 or code == "E00"
    assert found.severity is severity(code)


def test_every_check_has_its_fault():
    assert {code for code, seeds in SEEDS.items() if seeds} == set(CODES)


def test_a_code_says_how_bad_it_is():
    assert {severity(code) for code in CODES} == set(Severity)
    assert severity("E10") is Severity.ERROR
    assert severity("W10") is Severity.WARNING
    assert severity("I30") is Severity.INFO
