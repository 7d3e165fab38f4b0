"""How long a write of unknown outcome is left alone before it is repeated."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from syncline.plugins import discover
from syncline.station import Endpoint


@pytest.mark.parametrize(("known", "seconds"), [(None, 30 + 60 + 60), (5.0, 35)])
def test_who_operates_the_platform_may_know_how_soon_requests_lapse(known, seconds):
    plugin = discover().named("jira")
    settings = SimpleNamespace(read_timeout=30.0, settles_within=known)
    endpoint = Endpoint("jira", plugin, settings, None, None, None, None)  # type: ignore[arg-type]
    assert endpoint.quarantine() == timedelta(seconds=seconds)
