"""A made-up platform, so that these tests depend on no connector."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, SecretStr
from requests.auth import AuthBase

from syncline.configuration import Configuration, load_configuration
from syncline.http.auth import AuthContext, BasicAuth
from syncline.http.settings import InstanceSettings


class DeskSettings(InstanceSettings):
    """Settings of the made-up platform."""

    username: str = "syncline"
    password: SecretStr | None = None
    token: SecretStr
    mode: Literal["fast", "slow"] = "fast"
    requests_per_minute: Annotated[int, Field(ge=10)] = 60

    def authentication(self, context: AuthContext) -> AuthBase:
        return BasicAuth(self.username, self.token)


Load = Callable[..., Configuration]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads YAML as `syncline.yaml` in `tmp_path`, with two instances of the made-up platform in front."""
    for name in ("A", "B"):
        monkeypatch.setenv(f"SYNCLINE_{name}_TOKEN", "s3cret")

    def load(text: str, environment: Mapping[str, str] | None = None, *, bare: bool = False) -> Configuration:
        head = (
            "syncline: 1\ninstances:\n  a: {platform: desk, url: https://a.example}\n"
            "  b: {platform: desk, url: https://b.example}\n"
        )
        registry = {"desk": DeskSettings}
        broken = {"broken": "importing x failed: ImportError: no y (package x 1.0)"}
        return load_configuration(
            text if bare else head + text, tmp_path / "syncline.yaml", registry, environment or {}, broken
        )

    return load
