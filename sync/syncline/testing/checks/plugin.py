"""What a plugin says of itself."""

import inspect
import re
from functools import partial
from typing import Final

from pydantic import SecretStr

from syncline.connector import Capabilities, Connector, HistoryKind, Pager
from syncline.errors import Configuration
from syncline.http.settings import InstanceSettings, InvalidSettings, is_secret, variable
from syncline.plugins import misfit
from syncline.testing.check import Tier, check
from syncline.testing.trial import INSTANCE, Trial, mapping_of

_SECRETIVE: Final = re.compile(r"(password|passwd|token|secret|credential|api_?key)s?$", re.IGNORECASE)


@check(Tier.BRONZE, "Use the name that stands in syncline.yaml as `platform`: small letters and digits.")
def plugin_has_a_plain_name(t: Trial) -> None:
    """The name stands in configurations, mappings and file names; another form cannot be written there."""
    name = t.plugin.platform
    t.claim(re.fullmatch(r"[a-z][a-z0-9_]{1,40}", name), f"the platform is called {name!r}")
    t.claim(t.plugin.title.strip(), "the title, which people read, is empty")


@check(
    Tier.BRONZE,
    'Write the version as text, contract="1.1"; docs/connectors.md says what changed between two.',
)
def plugin_is_of_this_contract(t: Trial) -> None:
    """A plugin of another version of the contract is not loaded."""
    cause = misfit(t.plugin.contract)
    t.claim(not cause, cause)


@check(
    Tier.BRONZE, "Give the class every method of syncline.connector.Connector; mypy --strict finds them too."
)
def connector_is_whole(t: Trial) -> None:
    """A method that is missing is found at night, when it is first needed."""
    wanted = Pager if t.plugin.capabilities.pages else Connector
    names = [name for name in dir(wanted) if not name.startswith("_")]
    missing = [name for name in names if not callable(getattr(t.connector, name, None))]
    t.claim(not missing, f"the connector has no {', '.join(missing)}")


@check(Tier.BRONZE, "Ask the platform when the first method is called, not in `connect`.")
def connecting_asks_nothing(t: Trial) -> None:
    """Connectors are made before anybody knows whether the platform is up; one that calls it then keeps all others from starting."""
    t.claim(not t.tap.seen, f"connect asked {', '.join(t.tap.paths())}")


@check(Tier.BRONZE, "Annotate it SecretStr or SecretStr | None.")
def secrets_are_secret(t: Trial) -> None:
    """What is no SecretStr may stand in a file, and is shown in logs and messages."""
    own = t.plugin.settings.model_fields.items() - InstanceSettings.model_fields.items()
    plain = [
        name for name, info in sorted(own) if _SECRETIVE.search(name) and info.annotation in {str, str | None}
    ]
    t.claim(not plain, f"the settings {', '.join(plain)} hold secrets by their names, and are plain text")


@check(Tier.BRONZE, "Keep the validator of InstanceSettings: call super() where you override it.")
def secrets_are_refused_in_the_file(t: Trial) -> None:
    """A secret in the configuration ends up in a repository."""
    values = {"name": INSTANCE, "platform": t.plugin.platform, **t.stand.settings}
    for name, info in t.plugin.settings.model_fields.items():
        if is_secret(info):
            plain = {**values, name: "plain-text-in-the-file"}
            what = f"a plain {name} in the configuration"
            t.raises(InvalidSettings, partial(t.plugin.settings.load, plain), what)


@check(Tier.SILVER, "Take it by settings.secret(...), which says where it was looked for.")
def missing_secret_is_named(t: Trial) -> None:
    """Whoever sets it up has to know which variable is missing."""
    given = {k: v for k, v in t.stand.settings.items() if not isinstance(v, SecretStr)}
    secrets = [k for k, v in t.stand.settings.items() if isinstance(v, SecretStr)]
    if not secrets:
        t.cannot("the stand's settings hold no secret")
    values = {"name": INSTANCE, "platform": t.plugin.platform, **given}

    def authenticate() -> None:
        t.http_of(t.plugin.settings.load(values)).authenticate()

    error = t.raises(Configuration, authenticate, "authenticating without any secret")
    names = [variable(INSTANCE, name) for name in secrets]
    t.claim(any(name in str(error) for name in names), f"{error} names none of {', '.join(names)}")


@check(Tier.GOLD, "Describe it under Attributes in the class's docstring, or by Field(description=...).")
def settings_are_described(t: Trial) -> None:
    """Admins read the description of a setting; they do not read code."""
    text = inspect.getdoc(t.plugin.settings) or ""
    own = {
        name: info
        for name, info in t.plugin.settings.model_fields.items()
        if name not in InstanceSettings.model_fields
    }
    missing = [name for name, info in own.items() if not info.description and f"{name}:" not in text]
    t.claim(not missing, f"nothing says what the settings {', '.join(missing)} are")


@check(Tier.BRONZE, "State what the platform's documentation says; the careful value where it says nothing.")
def capabilities_agree(t: Trial) -> None:
    """The core goes by them alone: two that contradict each other make it do neither."""
    stated = t.plugin.capabilities
    natives = mapping_of(t.plugin).native_fields
    claims = {
        "max_attachment is the largest file, and files are taken": not stated.attachments
        or stated.max_attachment > 0,
        "a history that is not kept is named in history_gaps": stated.history is not HistoryKind.NONE
        or bool(stated.history_gaps.strip()),
        "workflow is a field of the default mapping": stated.workflow is None or stated.workflow in natives,
        "search_lag is not negative": stated.search_lag >= 0,
        "settles_within is more than no time": stated.settles_within > 0,
        "read_many takes at least one record": stated.read_many >= 1,
        "text_limits are at least one character": all(limit > 0 for limit in stated.text_limits.values()),
        "never_empty are fields of the platform": stated.never_empty <= set(t.schema.fields),
        "assigns are fields of the platform": stated.assigns <= set(t.schema.fields),
        "it is of the class Capabilities": type(stated) is Capabilities,
    }
    wrong = [claim for claim, holds in claims.items() if not holds]
    t.claim(not wrong, f"it does not hold that {'; nor that '.join(wrong)}")
