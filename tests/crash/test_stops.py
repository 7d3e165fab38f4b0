"""SIGSTOP, as of a machine that stands still: the daemon goes on after longer than its requests and its leases last, and
people worked meanwhile. Nobody's edit is lost, and nothing is there twice.

SYNCLINE_STOPS says how often it is stopped, SYNCLINE_MINUTES how often for longer than a lease of the product itself,
SYNCLINE_SEED by which draws.
"""

import os
import random

import pytest

from syncline.ledger.leases import LEASE

STOPS = int(os.environ.get("SYNCLINE_STOPS", "4"))
MINUTES = int(os.environ.get("SYNCLINE_MINUTES", "0"))
SEED = os.environ.get("SYNCLINE_SEED", "1")
EACH = 40
"""Stops in one world."""
READING, LEASED = 1.0, 1.5
"""Seconds, so short that a stop outlasts them soon."""


def wait_for_the_moment(world, rng):
    """Let the daemon come to some moment; the log of a platform shows a request before its reply has left."""
    marks = world.platforms.marks()
    if rng.random() < 0.2:
        world.until(lambda: world.platforms.ours(marks)[0], 2)
        return
    many = rng.randrange(1, 5)
    world.until(lambda: world.platforms.ours(marks)[1] >= many, 3)
    if rng.random() < 0.3:
        world.until(lambda: False, 0.2 * rng.random())


def stop_again_and_again(world, stops, lengths):
    world.daemon.start()
    world.first_poll()
    world.platforms.disturb({**world.late, "latency": [0.0, 0.5]})
    for stop in range(stops):
        rng = random.Random(f"{world.seed}/stop {stop}")
        for step in range(rng.randrange(1, 4)):
            world.story.step(f"{stop}.{step}")
        wait_for_the_moment(world, rng)
        world.daemon.stop()
        for step in range(rng.randrange(0, 3)):
            world.story.step(f"{stop}.still.{step}")
        world.until(lambda: False, rng.choice(lengths))
        if rng.random() < 0.15:
            world.daemon.kill()
            world.daemon.start()
            world.first_poll()
            continue
        world.daemon.go_on()
        if rng.random() < 0.3:  # awake for a moment only
            world.until(lambda: False, 0.3 * rng.random())
            world.daemon.stop()
            world.until(lambda: False, rng.choice(lengths))
            world.daemon.go_on()
    world.platforms.disturb(None)
    world.settle()
    lost = world.daemon.log.read_text().count("ran out while it was worked on")
    world.note(f"{stops} stops, {lost} leases ran out at work; {world.summary()}")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(max(1, round(STOPS / EACH))))
def test_stopped_at_random_moments(worlds, number):
    world = worlds(f"{SEED}/stops {number}", lease=LEASED, read_timeout=READING, sweep_every=8)
    # Longer than a lease; longer than a reply is waited for; and than a write of unknown outcome is.
    stop_again_and_again(world, min(STOPS, EACH), (0.1, READING + 0.3, LEASED + 0.3, 5.5))


@pytest.mark.timeout(7_200)
@pytest.mark.skipif(not MINUTES, reason="it takes minutes: make soak")
def test_stopped_for_minutes(worlds):
    world = worlds(f"{SEED}/minutes", sweep_every=8)
    stop_again_and_again(world, MINUTES, (LEASE + 5.0, LEASE + 30.0))
