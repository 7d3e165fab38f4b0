"""The network between the daemon and the platforms misbehaves, in every way at any time, while people work: nobody's
edit is lost, and nothing is there twice.

SYNCLINE_LINES says how often the lines change, SYNCLINE_SEED by which draws.
"""

import os
import random

import pytest

LINES = int(os.environ.get("SYNCLINE_LINES", "15"))
SEED = os.environ.get("SYNCLINE_SEED", "1")
EACH = 100
"""Changes in one world."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(max(1, round(LINES / EACH))))
def test_lines_that_change_at_random(worlds, number):
    world = worlds(f"{SEED}/lines {number}", proxied=True, read_timeout=1.5)
    world.daemon.start()
    world.first_poll()
    for change in range(min(LINES, EACH)):
        rng = random.Random(f"{world.seed}/change {change}")
        world.spoil(f"{change}", tuple(rng.sample(("snow", "jira", "pd"), rng.randrange(1, 4))))
        for step in range(rng.randrange(1, 4)):
            world.story.step(f"{change}.{step}")
        marks, many = world.platforms.marks(), rng.randrange(1, 6)
        world.until(
            lambda marks=marks, many=many: world.platforms.ours(marks)[1] >= many, rng.uniform(0.1, 1.2)
        )
    world.mend()
    world.settle()
    assert world.daemon.process.poll() is None
    world.note(f"{min(LINES, EACH)} changes of lines: {world.met()}; {world.summary()}")
