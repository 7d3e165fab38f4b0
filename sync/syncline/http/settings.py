"""The settings of one instance: what stands in `syncline.yaml`, and the secrets that never do.

A secret comes from the first of these that has it: the environment variable `SYNCLINE_<INSTANCE>_<FIELD>`
(upper case, `-` as `_`), the file of that name in lower case in the secrets directory, the keyring (service
`syncline`, user `<instance>/<field>`).
"""

import os
import types
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Self, Union, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from requests.auth import AuthBase

from syncline.errors import Configuration
from syncline.http.auth import AuthContext

SERVICE: Final = "syncline"
"""The service under which secrets stand in the keyring."""

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that may be called without TLS."""

_LARGEST_SECRET: Final = 65_536


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the settings of an instance.

    Attributes:
        field: The setting, empty where it is about all of them.
        message: A plain sentence.
    """

    field: str
    message: str


class InvalidSettings(Configuration):
    """An instance's settings have faults: all of them at once.

    Attributes:
        instance: Its name.
        faults: What is wrong, setting by setting.
    """

    def __init__(self, instance: str, faults: tuple[Fault, ...]) -> None:
        lines = "\n".join(
            f"  {fault.field}: {fault.message}" if fault.field else f"  {fault.message}" for fault in faults
        )
        super().__init__(f"instance {instance}: its settings cannot be used:\n{lines}")
        self.instance = instance
        self.faults = faults


def variable(instance: str, field: str) -> str:
    """The environment variable of a setting: `SYNCLINE_SNOW_PROD_PASSWORD`."""
    return f"SYNCLINE_{instance}_{field}".upper().replace("-", "_")


def is_secret(info: FieldInfo) -> bool:
    """Whether a setting is a secret: `SecretStr` or `SecretStr | None`."""
    kind: Any = info.annotation
    if get_origin(kind) in {Union, types.UnionType}:
        return SecretStr in get_args(kind)
    return kind is SecretStr


def host_is_loopback(url: str) -> bool:
    """Whether an address is of this very machine."""
    return (urlsplit(url).hostname or "") in LOOPBACK


def check_url(value: str) -> str:
    """An address that may be called, without its trailing slash.

    Raises:
        ValueError: it is none, says why.
    """
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"is not an address: {error}") from None
    if parts.scheme not in {"https", "http"} or not host:
        raise ValueError("must be an address such as https://example.service-now.com")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user or a password; they have settings of their own")
    if parts.query or parts.fragment:
        raise ValueError("must end with the path: no '?' and no '#'")
    if any(not char.isprintable() or char.isspace() for char in value):
        raise ValueError("holds a blank or a control character")
    if parts.scheme == "http" and not host_is_loopback(value):
        raise ValueError("must begin with https:// (http:// is for this very machine only)")
    return value.rstrip("/")


@dataclass(frozen=True, slots=True)
class _Sought:
    """A secret that was looked for, and the places that were tried, in order."""

    value: SecretStr | None
    places: tuple[str, ...]


def _directory(setting: object) -> Path | None:
    """The secrets directory: the setting, `SYNCLINE_SECRETS_DIR`, or systemd's own."""
    named = setting or os.environ.get("SYNCLINE_SECRETS_DIR") or os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(str(named)) if named else None


def _in_directory(directory: Path | None, name: str) -> tuple[str | None, str]:
    """What the secrets directory has under that name, and how to speak of the place."""
    if directory is None:
        return None, "the secrets directory (SYNCLINE_SECRETS_DIR is not set)"
    path = directory / name.lower()
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_SECRET + 1)
        if len(content) > _LARGEST_SECRET:
            return None, f"the file {path} (too large to be a secret)"
        return content.decode().rstrip("\r\n"), f"the file {path}"
    except FileNotFoundError:
        return None, f"the file {path}"
    except UnicodeDecodeError:
        return None, f"the file {path} (is not UTF-8 text)"
    except OSError as error:
        return None, f"the file {path} ({error.strerror})"


def _in_keyring(instance: str, field: str) -> tuple[str | None, str]:
    """What the keyring has for that setting, and how to speak of the place."""
    place = f"the keyring (service '{SERVICE}', user '{instance}/{field}'"
    try:
        import keyring  # an extra, and slow to load
        import keyring.errors
    except ImportError:
        return None, f"{place}; the package keyring is not installed)"
    try:
        return keyring.get_password(SERVICE, f"{instance}/{field}"), f"{place})"
    except keyring.errors.KeyringError as error:
        return None, f"{place}; {type(error).__name__})"


def _seek(instance: str, field: str, secrets_dir: object, *, keyring: bool) -> _Sought:
    """Look for a secret in all its places."""
    name = variable(instance, field)
    places = [f"the environment variable {name}"]
    value: str | None = os.environ.get(name)
    if value and not value.isascii() and value != value.encode("utf-8", "replace").decode():
        # Bytes that are no UTF-8 come out of the environment as halves of surrogate pairs.
        value, places = None, [f"{places[0]} (is not UTF-8 text)"]
    if not value:
        value, place = _in_directory(_directory(secrets_dir), name)
        places.append(place)
    if not value and keyring:
        value, place = _in_keyring(instance, field)
        places.append(place)
    return _Sought(SecretStr(value) if value else None, tuple(places))


def secret_of(owner: str, field: str, secrets_dir: Path | None = None) -> tuple[SecretStr | None, str]:
    """A secret of something that is no instance, by the same rules; and the places that were tried, for a message."""
    found = _seek(owner, field, secrets_dir, keyring=True)
    return found.value, "; ".join(found.places)


class _InstanceSource(PydanticBaseSettingsSource):
    """What the environment, the secrets directory and the keyring say about one instance."""

    def __init__(self, settings_cls: type[BaseSettings], given: Mapping[str, Any]) -> None:
        super().__init__(settings_cls)
        self._given = given

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of one setting, its name, and that it is no JSON to be parsed."""
        instance = str(self._given["name"])
        if not is_secret(field):
            return os.environ.get(variable(instance, field_name)) or None, field_name, False
        if self._given.get(field_name) is not None:
            return None, field_name, False
        # A keyring can be slow, or ask a person: it is opened at once for a secret that must be there, and
        # for others when they are needed.
        sought = _seek(instance, field_name, self._given.get("secrets_dir"), keyring=field.is_required())
        return sought.value, field_name, False

    def __call__(self) -> dict[str, Any]:
        """All values that there are."""
        if not isinstance(self._given.get("name"), str):
            return {}
        found = {}
        for name, info in self.settings_cls.model_fields.items():
            if name not in {"name", "platform"}:
                value, _, _ = self.get_field_value(info, name)
                if value is not None:
                    found[name] = value
        return found


class InstanceSettings(BaseSettings):
    """One configured instance. A plugin adds its own settings and says how to authenticate.

    Settings that are no secrets come from `syncline.yaml`, and the environment overrides them. Secrets are
    annotated `SecretStr` or `SecretStr | None`, and are refused as plain text. `load` is the way in: it
    names every fault in words for the operator; the constructor raises pydantic's `ValidationError`.

    Attributes:
        name: The instance: `snow-prod`.
        platform: The kind of system: `servicenow`.
        url: Base address, no trailing slash; https, or http to this machine.
        connect_timeout: Seconds.
        read_timeout: Seconds for a reply to begin, and then for the whole of it.
        ca_file: Certificate authorities to trust instead of the usual ones, PEM.
        client_cert: Our certificate and its key for mutual TLS, one PEM file.
        proxy: Address of an HTTP proxy; without it none is used, whatever the environment says.
        proxy_user: User at the proxy.
        proxy_password: Password at the proxy.
        requests_per_minute: The rate budget; a plugin gives its default.
        workers: Deliveries side by side.
        poll_every: Seconds between two polls.
        sweep_every: Seconds between two sweeps.
        overlap: Seconds that a poll reaches back beyond its watermark, for rows that become visible late.
        max_attachment: Largest file that is copied, bytes.
        quarantine: Seconds after which a write of which no verdict came back, and which is nowhere to be found, is
            repeated. Without it: `read_timeout` and what is known of the platform, about two minutes. Shorter is
            dangerous: a request that takes effect later than that, or that a search does not show by then, is
            made twice.
        secrets_dir: Where files with secrets lie; without it `SYNCLINE_SECRETS_DIR` says so.
    """

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=False,
        str_strip_whitespace=True,
    )

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    platform: str
    url: str
    connect_timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    read_timeout: Annotated[float, Field(gt=0, le=300)] = 30.0
    ca_file: FilePath | None = None
    client_cert: FilePath | None = None
    proxy: str | None = None
    proxy_user: str | None = None
    proxy_password: SecretStr | None = None
    requests_per_minute: Annotated[int, Field(ge=10)]
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    poll_every: Annotated[float, Field(gt=0)] = 10.0
    sweep_every: Annotated[float, Field(gt=0)] = 3600.0
    overlap: Annotated[float, Field(ge=0)] = 120.0
    max_attachment: Annotated[int, Field(ge=0)] = 10_000_000
    quarantine: Annotated[float, Field(gt=0, le=3600)] | None = None
    secrets_dir: Path | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  pydantic-settings passes all four by name
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Ours by instance name, then what was given."""
        return _InstanceSource(settings_cls, init_settings()), init_settings

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> Self:
        """The settings from what stands in `syncline.yaml`, with `name` and `platform`.

        Raises:
            InvalidSettings: with every fault.
        """
        try:
            return cls(**dict(values))
        except ValidationError as error:
            name = str(values.get("name", ""))
            faults = tuple(
                cls._fault(name, values, detail)
                for detail in error.errors(include_url=False, include_input=False)
            )
        raise InvalidSettings(name or "without a name", faults)

    @classmethod
    def _fault(cls, instance: str, values: Mapping[str, Any], detail: Mapping[str, Any]) -> Fault:
        """One of pydantic's complaints, in the operator's words."""
        field = str(detail["loc"][0]) if detail["loc"] else ""
        info = cls.model_fields.get(field)
        if detail["type"] == "missing" and info is not None and is_secret(info):
            return Fault(field, cls._missing(instance, field, values.get("secrets_dir")))
        if detail["type"] == "missing":
            return Fault(field, "is not set")
        if info is None and field:
            near = get_close_matches(field, cls.model_fields, n=1)
            return Fault(field, "there is no such setting" + (f"; did you mean {near[0]}?" if near else ""))
        return Fault(field, str(detail["msg"]).removeprefix("Value error, "))

    @staticmethod
    def _missing(instance: str, field: str, secrets_dir: object) -> str:
        """That a secret is nowhere to be found, with every place that was tried."""
        places = "; ".join(_seek(instance, field, secrets_dir, keyring=True).places)
        return f"is a secret and was not found. Tried in this order: {places}. Set one of them"

    @model_validator(mode="before")
    @classmethod
    def _no_plain_secrets(cls, values: Any) -> Any:
        """Secrets are not given as text: what stands in a file that people edit ends up in a repository."""
        if isinstance(values, Mapping):
            for field, info in cls.model_fields.items():
                value = values.get(field)
                if is_secret(info) and value is not None and not isinstance(value, SecretStr):
                    name = variable(str(values.get("name", "")), field)
                    raise ValueError(
                        f"{field} is a secret and must not stand in the configuration; take it out, replace it"
                        f" where it is in use, and set the environment variable {name}"
                    )
        return values

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        return check_url(value)

    @field_validator("proxy")
    @classmethod
    def _proxy(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError(f"is not an address: {error}") from None
        if parts.scheme not in {"http", "https"} or not host:
            raise ValueError("must be an address such as http://proxy.example.com:3128")
        if "@" in parts.netloc:
            raise ValueError("must not hold a user or a password; use proxy_user and proxy_password")
        return value

    def secret(self, field: str) -> SecretStr:
        """A secret that is needed now.

        Raises:
            Configuration: it is nowhere to be found; says which places were tried.
        """
        value = getattr(self, field)
        if isinstance(value, SecretStr) and value.get_secret_value():
            return value
        found = _seek(self.name, field, self.secrets_dir, keyring=True).value
        if found is None:
            raise InvalidSettings(
                self.name, (Fault(field, self._missing(self.name, field, self.secrets_dir)),)
            )
        return found

    def secrets(self) -> tuple[str, ...]:
        """Every secret value that is set, for the redactor."""
        values = (getattr(self, field) for field, info in type(self).model_fields.items() if is_secret(info))
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))

    def credentials(self) -> tuple[str, ...]:
        """The variables of the secrets by which we authenticate, for messages: those that are set, else all."""
        fields = [
            f for f, info in type(self).model_fields.items() if is_secret(info) and f != "proxy_password"
        ]
        given = [field for field in fields if getattr(self, field) is not None]
        return tuple(variable(self.name, field) for field in given or fields)

    @abstractmethod
    def authentication(self, context: AuthContext) -> AuthBase:
        """The strategy by which this instance authenticates.

        Raises:
            Configuration: a secret that the strategy needs is missing.
        """
