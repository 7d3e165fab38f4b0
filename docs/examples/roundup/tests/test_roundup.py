"""Roundup does all that Syncline relies on; held against the real server."""

from importlib.util import find_spec

import pytest

from syncline.testing import conformance
from syncline_roundup import plugin
from syncline_roundup.stand import RoundupStand

pytestmark = pytest.mark.skipif(
    find_spec("roundup") is None, reason="Roundup is not installed: pip install roundup"
)

TestRoundup = conformance(plugin, RoundupStand)
