"""Finding what is shipped, in a checkout and in a wheel."""

import sys
from pathlib import Path

import pytest

from syncline.configuration import default_mapping, defaults
from syncline.configuration.defaults import _PLACES
from syncline.errors import Configuration
from syncline.mapping import read_mapping

MODULE = sys.modules["syncline.configuration.defaults"]
"""By name: the package has a function of the same name."""


@pytest.mark.parametrize("platform", ["servicenow", "jira", "pagerduty", "helix", "cherwell"])
def test_every_shipped_mapping_is_found_and_sound(platform: str) -> None:
    path = default_mapping(platform)
    assert path == defaults(f"mappings/{platform}.yaml")
    assert path is not None
    assert read_mapping(path, platform=platform).platform == platform


@pytest.mark.parametrize("platform", ["nothing", "../config/syncline", "", "a/b"])
def test_no_mapping_for_others(platform: str) -> None:
    assert default_mapping(platform) is None


def test_names_do_not_lead_out() -> None:
    for name in ("../pyproject.toml", "pyproject.toml", "mappings/../pyproject.toml", "/etc/passwd", ""):
        with pytest.raises(ValueError, match="is no shipped file"):
            defaults(name)


def test_a_wheel_comes_before_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "_defaults"
    (wheel / "mappings").mkdir(parents=True)
    (wheel / "mappings" / "jira.yaml").write_text("x")
    monkeypatch.setattr(MODULE, "_PLACES", (wheel, *_PLACES[1:]))
    assert defaults("mappings/jira.yaml") == wheel / "mappings" / "jira.yaml"
    monkeypatch.setattr(MODULE, "_PLACES", (wheel,))
    with pytest.raises(Configuration, match="should have come with Syncline"):
        defaults("config/syncline.yaml")
