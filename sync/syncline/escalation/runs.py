"""Runs: what the evaluator remembers of an escalation between two looks. Frozen, and JSON in the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

Key = tuple[int, int]
"""Round and step, from 0."""


@dataclass(frozen=True, slots=True)
class Mark:
    """That a step was dealt with.

    Attributes:
        at: When.
        fired: False: it was left out.
        repetitions: How many of its repetitions were dealt with.
        for_ack: It was left out because somebody had it: an acknowledgement that lapses brings it back.
        tier: The tier that held the incident then: `page: next` of its repetitions is the one above that.
    """

    at: datetime
    fired: bool
    repetitions: int = 0
    for_ack: bool = False
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One escalation of one incident by one policy.

    Attributes:
        id: `<incident>/<policy>/<number>`: the same for the same history, so that a repeated decision is the same one.
        policy: Id of the policy.
        digest: Of the book it keeps to.
        number: 1 for the policy's first run for this incident.
        started_at: When.
        cause: Why it began: one sentence.
        subject: The value that `count.same` names, for a guard that is kept for each; empty: none.
        signal: Number of the raised hand that began it; 0: none.
        by: Who raised it; empty: nobody.
        counts_from: Before it nothing counts for its steps: its policy was not in force yet; None: it always was.
        origin: Tier, group and priority when it began: its own moves must not end it.
        marks: (round, step) to what was done about it.
        repetitions_end: How many times the end was dealt with.
        said: Message id to when it was said last.
        lapsed: The acknowledgement (its time) of which the lapse was dealt with.
        waiting: (round, step) that waits for somebody to come on call.
        given_over: Occasion and person of each page that did not reach them by any way, so that others were paged.
        stood_still: Since when the incident is resolved, where the run goes on once it is opened again.
        ended_at: When it ended; None: it runs.
        ended_why: Why.
    """

    id: str
    policy: str
    digest: str
    number: int
    started_at: datetime
    cause: str = ""
    subject: str = ""
    signal: int = 0
    by: str = ""
    counts_from: datetime | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[Key, Mark] = field(default_factory=dict)
    repetitions_end: int = 0
    said: Mapping[str, datetime] = field(default_factory=dict)
    lapsed: datetime | None = None
    waiting: frozenset[Key] = frozenset()
    given_over: frozenset[str] = frozenset()
    stood_still: datetime | None = None
    ended_at: datetime | None = None
    ended_why: str = ""

    @property
    def active(self) -> bool:
        """Whether its steps run."""
        return self.ended_at is None and self.stood_still is None

    def marked(self, key: Key, mark: Mark) -> "Run":
        """With that step dealt with."""
        return replace(self, marks={**self.marks, key: mark}, waiting=self.waiting - {key})

    def ended(self, at: datetime, why: str) -> "Run":
        """Over."""
        return replace(self, ended_at=at, ended_why=why, waiting=frozenset())


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of an incident beside its runs.

    Attributes:
        signal: The last raised hand that was answered.
        raised: Conditions of the priority raises that were applied, each once for an incident.
    """

    signal: int = 0
    raised: frozenset[str] = frozenset()


def run_to_json(run: Run) -> dict[str, Any]:
    """What the store keeps beside the columns: everything that grows."""
    return {
        "number": run.number,
        "cause": run.cause,
        "subject": run.subject,
        "signal": run.signal,
        "by": run.by,
        "counts_from": run.counts_from.isoformat() if run.counts_from else None,
        "origin": dict(run.origin),
        "marks": [
            [*key, mark.at.isoformat(), mark.fired, mark.repetitions, mark.for_ack, mark.tier]
            for key, mark in sorted(run.marks.items())
        ],
        "repetitions_end": run.repetitions_end,
        "said": {name: at.isoformat() for name, at in sorted(run.said.items())},
        "lapsed": run.lapsed.isoformat() if run.lapsed else None,
        "waiting": sorted([*key] for key in run.waiting),
        "given_over": sorted(run.given_over),
        "stood_still": run.stood_still.isoformat() if run.stood_still else None,
        "ended_why": run.ended_why,
    }


def run_from_json(
    run_id: str,
    policy: str,
    digest: str,
    started_at: datetime,
    ended_at: datetime | None,
    state: Mapping[str, Any],
) -> Run:
    """The run that `run_to_json` wrote."""
    return Run(
        run_id,
        policy,
        digest,
        state["number"],
        started_at,
        state["cause"],
        state["subject"],
        state["signal"],
        state["by"],
        _time(state["counts_from"]) if state["counts_from"] else None,
        state["origin"],
        {
            (turn, step): Mark(_time(at), fired, repetitions, for_ack, tier)
            for turn, step, at, fired, repetitions, for_ack, tier in state["marks"]
        },
        state["repetitions_end"],
        {name: _time(at) for name, at in state["said"].items()},
        _time(state["lapsed"]) if state["lapsed"] else None,
        frozenset((turn, step) for turn, step in state["waiting"]),
        frozenset(state["given_over"]),
        _time(state["stood_still"]) if state["stood_still"] else None,
        ended_at,
        state["ended_why"],
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
