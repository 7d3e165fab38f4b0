"""What holds for all tests."""

import os

from hypothesis import HealthCheck, settings

# How fast an example runs says something about the machine and nothing about the code. In continuous integration the same
# examples come every time; at a developer's desk new ones do.
settings.register_profile(
    "syncline",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("syncline")
