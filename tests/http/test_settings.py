"""Settings of an instance: where values come from, and what is said about those that cannot be used."""

import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

import pytest
from pydantic import Field, SecretStr, ValidationError
from requests.auth import AuthBase

from syncline.errors import Configuration
from syncline.http.auth import AuthContext, BasicAuth
from syncline.http.client import Http
from syncline.http.dialect import Dialect
from syncline.http.settings import InstanceSettings, InvalidSettings, variable


class Settings(InstanceSettings):
    """As a plugin writes them."""

    auth: Literal["basic", "token"] = "basic"
    user: str = "syncline"
    password: SecretStr
    token: SecretStr | None = None
    requests_per_minute: Annotated[int, Field(ge=10)] = 600

    def authentication(self, context: AuthContext) -> AuthBase:
        secret = self.password if self.auth == "basic" else self.secret("token")
        return BasicAuth(self.user, secret)


VALUES = {"name": "snow-prod", "platform": "servicenow", "url": "https://example.service-now.com/"}


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    """No secrets but those that a test brings, and no keyring."""
    for name in (
        "SYNCLINE_SECRETS_DIR",
        "CREDENTIALS_DIRECTORY",
        "SYNCLINE_SNOW_PROD_PASSWORD",
        "SYNCLINE_SNOW_PROD_TOKEN",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def keyring(monkeypatch):
    """A keyring that holds what is put in it."""
    held = {}
    module, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})
    module.errors = errors
    module.asked = []

    def get_password(service, user):
        module.asked.append(user)
        if held.get(user) == "locked":
            raise errors.KeyringError("locked")
        return held.get(user) if service == "syncline" else None

    module.get_password = get_password
    module.held = held
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return module


def test_the_environment_holds_secrets(monkeypatch):
    monkeypatch.setenv("SYNCLINE_SNOW_PROD_PASSWORD", "canary")
    settings = Settings.load(VALUES)
    assert settings.password.get_secret_value() == "canary"
    assert settings.url == "https://example.service-now.com"
    assert "canary" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_files_hold_secrets(monkeypatch, tmp_path):
    (tmp_path / "syncline_snow_prod_password").write_text("canary \n")
    monkeypatch.setenv("SYNCLINE_SECRETS_DIR", str(tmp_path))
    assert Settings.load(VALUES).password.get_secret_value() == "canary "
    monkeypatch.delenv("SYNCLINE_SECRETS_DIR")
    assert Settings.load({**VALUES, "secrets_dir": str(tmp_path)}).password.get_secret_value() == "canary "
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Settings.load(VALUES).password.get_secret_value() == "canary "


def test_the_keyring_holds_secrets(keyring):
    keyring.held["snow-prod/password"] = "canary"
    assert Settings.load(VALUES).password.get_secret_value() == "canary"
    assert keyring.asked == ["snow-prod/password"]


def test_the_environment_goes_before_files_and_these_before_the_keyring(monkeypatch, tmp_path, keyring):
    keyring.held["snow-prod/password"] = "third"
    monkeypatch.setenv("SYNCLINE_SECRETS_DIR", str(tmp_path))
    (tmp_path / "syncline_snow_prod_password").write_text("second")
    assert Settings.load(VALUES).password.get_secret_value() == "second"
    monkeypatch.setenv("SYNCLINE_SNOW_PROD_PASSWORD", "first")
    assert Settings.load(VALUES).password.get_secret_value() == "first"
    assert keyring.asked == []


def test_a_missing_secret_names_every_place(monkeypatch, tmp_path):
    monkeypatch.setenv("SYNCLINE_SECRETS_DIR", str(tmp_path))
    with pytest.raises(InvalidSettings) as caught:
        Settings.load(VALUES)
    message = str(caught.value)
    for part in (
        "snow-prod",
        "password",
        "SYNCLINE_SNOW_PROD_PASSWORD",
        str(tmp_path / "syncline_snow_prod_password"),
        "keyring (service 'syncline', user 'snow-prod/password'",
        "the package keyring is not installed",
    ):
        assert part in message
    assert [fault.field for fault in caught.value.faults] == ["password"]


def test_places_that_cannot_be_read_are_named(monkeypatch, tmp_path, keyring):
    keyring.held["snow-prod/password"] = "locked"
    (tmp_path / "syncline_snow_prod_password").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("SYNCLINE_SECRETS_DIR", str(tmp_path))
    with pytest.raises(InvalidSettings, match=r"is not UTF-8 text(.|\n)*KeyringError"):
        Settings.load(VALUES)
    (tmp_path / "syncline_snow_prod_password").write_bytes(b"x" * 70_000)
    with pytest.raises(InvalidSettings, match="too large"):
        Settings.load(VALUES)
    (tmp_path / "syncline_snow_prod_password").unlink()
    (tmp_path / "syncline_snow_prod_password").mkdir()
    with pytest.raises(InvalidSettings, match="directory"):
        Settings.load(VALUES)


def test_a_variable_that_is_no_text_is_named(monkeypatch):
    monkeypatch.setenv("SYNCLINE_SNOW_PROD_PASSWORD", "canary\udcff")
    with pytest.raises(InvalidSettings, match="PASSWORD \\(is not UTF-8 text\\)") as caught:
        Settings.load(VALUES)
    assert "canary" not in str(caught.value)


def test_a_secret_in_the_file_is_refused_and_not_repeated():
    with pytest.raises(InvalidSettings) as caught:
        Settings.load({**VALUES, "password": "canary-1", "token": "canary-2"})
    assert "SYNCLINE_SNOW_PROD_PASSWORD" in str(caught.value)
    assert "canary" not in str(caught.value)
    with pytest.raises(ValidationError) as raw:
        Settings(**VALUES, password="canary-1")
    assert "canary" not in str(raw.value)


def test_a_secret_in_the_file_is_refused_even_where_the_environment_has_it(monkeypatch):
    monkeypatch.setenv("SYNCLINE_SNOW_PROD_PASSWORD", "good")
    with pytest.raises(InvalidSettings, match="must not stand in the configuration"):
        Settings.load({**VALUES, "password": "canary-1"})


def test_a_program_may_give_secrets():
    assert Settings.load({**VALUES, "password": SecretStr("canary")}).password.get_secret_value() == "canary"


def test_a_secret_that_only_some_ways_need_is_sought_when_it_is_needed(keyring, monkeypatch):
    monkeypatch.setenv("SYNCLINE_SNOW_PROD_PASSWORD", "canary")
    settings = Settings.load({**VALUES, "auth": "token"})
    assert keyring.asked == []
    with pytest.raises(Configuration, match="SYNCLINE_SNOW_PROD_TOKEN"):
        settings.secret("token")
    keyring.held["snow-prod/token"] = "canary-t"
    assert settings.secret("token").get_secret_value() == "canary-t"


def test_the_environment_overrides_the_file(monkeypatch):
    monkeypatch.setenv("SYNCLINE_SNOW_PROD_URL", "https://other.example.com")
    monkeypatch.setenv("SYNCLINE_SNOW_PROD_WORKERS", "2")
    settings = Settings.load({**VALUES, "password": SecretStr("x"), "workers": 8})
    assert (settings.url, settings.workers) == ("https://other.example.com", 2)


def test_all_faults_are_told_at_once_in_words():
    with pytest.raises(InvalidSettings) as caught:
        Settings.load(
            {
                "name": "snow-prod",
                "url": "http://snow.example.com",
                "read_timeout": 0,
                "requests_per_minute": "many",
                "poll_evry": 5,
                "auth": "magic",
            }
        )
    faults = {fault.field: fault.message for fault in caught.value.faults}
    assert set(faults) == {
        "platform",
        "url",
        "read_timeout",
        "requests_per_minute",
        "poll_evry",
        "auth",
        "password",
    }
    assert faults["platform"] == "is not set"
    assert "https" in faults["url"]
    assert "did you mean poll_every" in faults["poll_evry"]
    assert str(caught.value).startswith("instance snow-prod: its settings cannot be used:\n")
    assert "  url: must begin with https://" in str(caught.value)


@pytest.mark.parametrize("name", ["Snow", "1snow", "snow prod", "", "snow_prod", "x" * 64, "../x"])
def test_a_name_can_be_a_variable_and_a_file(name):
    with pytest.raises(InvalidSettings):
        Settings.load({**VALUES, "name": name, "password": SecretStr("x")})


@pytest.mark.parametrize("missing", [{}, {"name": None}, {"name": 5}])
def test_settings_without_a_name(missing):
    with pytest.raises(InvalidSettings):
        Settings.load({"platform": "servicenow", "url": "https://x.example", **missing})


@pytest.mark.parametrize(
    "proxy", ["socks5://x:1", "proxy:3128", "http://user:canary@proxy:3128", "http://p:x"]
)
def test_a_proxy_that_cannot_be_used(proxy):
    with pytest.raises(InvalidSettings, match="proxy") as caught:
        Settings.load({**VALUES, "password": SecretStr("x"), "proxy": proxy})
    assert "canary" not in str(caught.value)


def test_files_that_are_named_must_be_there(tmp_path):
    with pytest.raises(InvalidSettings, match="ca_file"):
        Settings.load({**VALUES, "password": SecretStr("x"), "ca_file": str(tmp_path / "none.pem")})


def test_variables():
    assert variable("snow-prod", "client_secret") == "SYNCLINE_SNOW_PROD_CLIENT_SECRET"


def test_an_instance_without_authentication_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        InstanceSettings(**VALUES, requests_per_minute=60)


def test_settings_become_an_http(monkeypatch, tools, clock):
    monkeypatch.setenv("SYNCLINE_SNOW_PROD_PASSWORD", "canary-password")
    settings = Settings.load(
        {
            **VALUES,
            "read_timeout": 7,
            "connect_timeout": 2,
            "max_attachment": 5,
            "ca_file": str(Path(__file__)),
            "client_cert": str(Path(__file__)),
            "proxy": "http://proxy.example:3128",
            "proxy_user": "me@corp",
            "proxy_password": SecretStr("canary/proxy"),
        }
    )
    wire = tools.Wire(tools.reply(200), tools.reply(401))
    http = Http.for_instance(
        settings,
        Dialect(),
        clock=clock,
        runtime=tools.Runtime(clock),
        rng=random.Random(1),
        wire=lambda: wire,
    )
    assert (http.instance, http.base_url) == ("snow-prod", "https://example.service-now.com")
    assert (http.timeout, http.max_attachment) == ((2.0, 7.0), 5)
    http.request("GET", "/x")
    assert wire.options[0]["timeout"] == (2.0, 7.0)
    assert wire.options[0]["verify"] == wire.options[0]["cert"] == __file__
    assert wire.options[0]["proxies"]["https"] == "http://me%40corp:canary%2Fproxy@proxy.example:3128"
    with pytest.raises(Configuration, match="Check SYNCLINE_SNOW_PROD_PASSWORD,"):
        http.request("GET", "/x")


def test_an_http_needs_no_secret_before_it_calls(tools, clock):
    settings = Settings.load({**VALUES, "password": SecretStr("x"), "auth": "token"})
    wire = tools.Wire(tools.reply(200))
    http = Http.for_instance(
        settings,
        Dialect(),
        clock=clock,
        runtime=tools.Runtime(clock),
        rng=random.Random(1),
        wire=lambda: wire,
    )
    for call in (
        http.authenticate,
        lambda: http.request("GET", "/x"),
        lambda: http.rehearsal().json("GET", "/x"),
    ):
        with pytest.raises(Configuration, match="SYNCLINE_SNOW_PROD_TOKEN"):
            call()
    assert wire.sent == []


def test_a_proxys_password_is_not_needed_before_a_call_either(tools, clock):
    values = {
        **VALUES,
        "password": SecretStr("x"),
        "proxy": "http://proxy.example:3128",
        "proxy_user": "me",
    }
    http = Http.for_instance(
        Settings.load(values), Dialect(), clock=clock, runtime=tools.Runtime(clock), rng=random.Random(1)
    )
    with pytest.raises(Configuration, match="SYNCLINE_SNOW_PROD_PROXY_PASSWORD"):
        http.authenticate()


def test_workers_share_one_strategy(make, tools):
    made = []

    def choose(context):
        made.append(context)
        return BasicAuth("syncline", SecretStr("canary"))

    world = make(tools.reply(200), tools.reply(200), tools.reply(200), auth=choose)
    assert made == []
    world.http.request("GET", "/x")
    world.http.rehearsal().request("GET", "/x")
    world.http.authenticate()
    assert len(made) == 1
