"""Canonical values, queries and settings: the pure parts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from syncline.connector import FieldSchema
from syncline.errors import Configuration
from syncline.http.auth import BasicAuth, OAuthClientCredentials
from syncline.http.settings import InvalidSettings
from syncline_servicenow.query import after, literal, named_fields, own_condition, term
from syncline_servicenow.schema import described
from syncline_servicenow.values import Kinds, canonical, instant, is_script, stamp, wire

YEARS = (datetime(1900, 1, 1), datetime(2999, 1, 1))  # noqa: DTZ001  hypothesis wants them naive
KINDS = Kinds().extended(times=("u_window",))
TEXT = st.text(st.characters(exclude_categories=("Cs",)))
NAMES = st.sampled_from(["short_description", "opened_at", "watch_list", "assigned_to", "u_window", "state"])


@given(NAMES, TEXT)
def test_canonical_is_canonical(name, raw):
    """Writing a canonical value and reading it back gives the same value: no formatting ever looks like an edit."""
    value = canonical(name, raw, KINDS)
    if isinstance(value, str) and is_script(value):
        return
    assert canonical(name, wire(name, value, KINDS), KINDS) == value


@given(TEXT)
def test_text_keeps_all_but_line_ends_and_the_end(raw):
    value = canonical("description", raw, KINDS)
    assert (value or "") == raw.replace("\r\n", "\n").replace("\r", "\n").rstrip()


@given(st.datetimes(*YEARS))
def test_times_survive_the_platform(moment):
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    assert instant(stamp(moment)) == moment
    value = canonical("opened_at", stamp(moment), KINDS)
    assert datetime.fromisoformat(value) == moment
    assert wire("opened_at", value, KINDS) == stamp(moment)


def test_a_time_in_a_text_stays_text():
    assert canonical("short_description", "2026-11-23 10:00:00", KINDS) == "2026-11-23 10:00:00"


@given(TEXT.filter(lambda t: not is_script(t) and not any(c < " " for c in t)))
def test_a_value_never_ends_its_condition(value):
    written = term("number", "=", value)
    # Undoing the doubling gives the value back, and no single caret is left to begin another condition.
    assert "^" not in written.replace("^^", "")
    assert written.replace("^^", "^") == f"number={value}"


@pytest.mark.parametrize("value", ["javascript:gs.sleep(9)", " JavaScript:x", "a\nb", "\0"])
def test_what_would_run_or_break_a_query_is_refused(value):
    with pytest.raises(ValueError):
        literal(value)


@pytest.mark.parametrize("name", ["", "a^b", "A", "a b", "a..b", "ORDERBYx", "a=1"])
def test_what_is_no_field_is_refused(name):
    with pytest.raises(ValueError):
        term(name, "=", "1")


def test_a_condition_of_a_person_stands_in_both_halves_of_a_keyset():
    assert (
        after("u", "T", "S", "a=1^ORb=2") == "u>T^a=1^ORb=2^NQu=T^sys_id>S^a=1^ORb=2^ORDERBYu^ORDERBYsys_id"
    )


@pytest.mark.parametrize(
    "bad", ["a=1^NQb=2", "ORDERBYa", "a=javascript:x", "a=1^ORDERBYDESCb", "a=1^GROUPBYb"]
)
def test_a_condition_that_cannot_be_joined_is_refused(bad):
    with pytest.raises(ValueError, match="must not hold"):
        own_condition(bad)


def test_the_fields_of_a_condition_are_named():
    assert named_fields("active=true^ORstate!=7^assignment_group.name=A^^B^numberSTARTSWITHINC") == (
        "active",
        "state",
        "assignment_group.name",
        "number",
    )


class TestSettings:
    def test_basic_by_default(self, settings_of, http_of):
        assert isinstance(settings_of().authentication(None), BasicAuth)

    def test_oauth_at_the_instances_own_endpoint(self, settings_of):
        settings = settings_of(auth="oauth", client_id="c", client_secret=SecretStr("s3cret"))
        auth = settings.authentication(None)
        assert isinstance(auth, OAuthClientCredentials)
        assert auth.token_url == "https://snow.example/oauth_token.do"
        assert "s3cret" not in repr(auth) + repr(settings)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"username": ""}, "username must be set"),
            (
                {"auth": "oauth", "client_id": "c", "username": " "},
                "username must be set to the user that the OAuth application runs as",
            ),
            ({"auth": "oauth"}, "client_id must be set"),
            ({"filter": "a=1^NQb=2"}, "must not hold"),
            ({"table": "incident^x"}, "table"),
            ({"page_size": 0}, "page_size"),
            ({"auth": "digest"}, "auth"),
        ],
    )
    def test_faults_are_named(self, settings_of, changes, said):
        with pytest.raises(InvalidSettings, match=said):
            settings_of(**changes)

    def test_a_missing_password_says_where_it_was_sought(self, settings_of, http_of):
        settings = settings_of(password=None)
        with pytest.raises(Configuration, match="SYNCLINE_SNOW_TEST_PASSWORD"):
            http_of(settings).authenticate()


def test_what_a_table_says_goes_before_what_it_extends():
    def field(table: str, name: str, **more: str) -> dict[str, str]:
        return {
            "name": table,
            "element": name,
            "column_label": name.title(),
            "internal_type": "string",
            **more,
        }

    def choice(table: str, value: str, sequence: str) -> dict[str, str]:
        return {"name": table, "element": "state", "value": value, "sequence": sequence, "inactive": "false"}

    fields = [
        field("task", "short_description", max_length="160"),
        field("incident", "short_description", max_length="200", mandatory="true"),
        field("task", "state", internal_type="integer", max_length="40"),
        field("task", "number", read_only="true"),
        field("problem", "cause"),
        field("incident", ""),
    ]
    choices = [
        choice("task", "3", "1"),
        choice("incident", "6", "20"),
        choice("incident", "1", "10"),
        choice("incident", "6", "20"),
    ]
    assert described(("incident", "task"), fields, choices) == {
        "number": FieldSchema("number", "Number", writable=False),
        "short_description": FieldSchema(
            "short_description", "Short_Description", required=True, max_length=200
        ),
        "state": FieldSchema("state", "State", choices=("1", "6")),
    }
