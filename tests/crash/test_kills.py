"""kill -9 of the daemon, again and again, while people work: nobody's edit is lost, and nothing is there twice. In every
other world its lines to the platforms misbehave too.

SYNCLINE_KILLS says how often it is killed, SYNCLINE_SEED by which draws.
"""

import os
import random

import pytest

KILLS = int(os.environ.get("SYNCLINE_KILLS", "30"))
SEED = os.environ.get("SYNCLINE_SEED", "1")
EACH = max(1, min(30, KILLS // 2))
"""Kills in one world."""
LOOP = 3
"""Kills of a daemon that does not come to much in between."""


def wait_for_the_moment(world, rng):
    """Let the daemon come to some moment of its life: so long after its start, or so many requests into it. Whether it
    was at work by then."""
    marks = world.platforms.marks()
    kind, many, delay = rng.random(), rng.randrange(1, 6), rng.random()
    world.daemon.start()
    if kind < 0.1:
        # Its first write: what it took over it may be about to do a second time.
        world.until(lambda: world.platforms.ours(marks)[1], 10)
        return world.platforms.ours(marks)[1] > 0
    if kind < 0.2:
        world.until(lambda: False, 2.5 * delay)  # while it starts, takes over what was left, or polls
        return world.platforms.ours(marks)[0] > 0
    assert world.until(lambda: world.platforms.ours(marks)[0], 60), world.report(
        ["the daemon does not begin"]
    )
    if kind < 0.35:
        world.until(lambda: world.platforms.ours(marks)[0] >= many * 3, 3)
        return True
    # The log shows a request once it is applied; its reply is on its way for up to 0.25 s.
    world.until(lambda: world.platforms.ours(marks)[1] >= many, 4)
    if kind > 0.7:
        world.until(lambda: False, 0.3 * delay)
    return True


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(max(1, round(KILLS / EACH))))
def test_killed_at_random_moments(worlds, number):
    rough = number % 2 == 1
    settings = {"proxied": True, "read_timeout": 1.5} if rough else {}
    world = worlds(f"{SEED}/{number}", sweep_every=8, **settings)
    world.daemon.start()
    world.first_poll()
    world.daemon.kill()
    world.platforms.disturb({"latency": world.late["latency"]} if rough else world.late)
    done = []
    while (kill := world.daemon.kills) < EACH:
        rng = random.Random(f"{world.seed}/kill {kill}")
        if rough:
            world.mend()
            world.spoil(f"{kill}", tuple(rng.sample(("snow", "jira", "pd"), rng.randrange(1, 3))))
        for step in range(rng.randrange(1, 4)):
            world.story.step(f"{kill}.{step}")
        if rng.random() < 0.1:
            for _ in range(LOOP):
                world.daemon.start()
                world.until(lambda: False, 1.5 * rng.random())
                world.daemon.kill()
        done.append(wait_for_the_moment(world, rng))
        if rng.random() < 0.5:
            world.story.step(f"{kill}.alive")
        world.daemon.kill()
    world.platforms.disturb(None)
    world.mend()
    world.daemon.start()
    world.settle()
    assert world.daemon.query("PRAGMA integrity_check") == [("ok",)]
    assert sum(done) > len(done) / 2
    assert sum(len(told.remarks) + told.edits for told in world.story.told) > len(done) / 2
    world.note(f"{world.daemon.kills} kills, {sum(done)} of them at work; {world.summary()}; {world.met()}")
