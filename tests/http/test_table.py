"""Each status before and after the platform's commit, for reads and writes: what may be concluded from it."""

import pytest

from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.http.dialect import Dialect, Reaction, Verdict

# status -> (read, write)
TABLE = {
    400: (Configuration, Refused),
    401: (Configuration, Configuration),
    402: (Configuration, Configuration),
    403: (Configuration, Refused),
    404: (Gone, Gone),
    405: (RetryLater, OutcomeUnknown),
    408: (RetryLater, OutcomeUnknown),
    409: (RetryLater, RetryLater),
    410: (Gone, Gone),
    413: (Configuration, Refused),
    418: (RetryLater, OutcomeUnknown),
    422: (Configuration, Refused),
    425: (RetryLater, RetryLater),
    429: (RetryLater, RetryLater),
    500: (RetryLater, OutcomeUnknown),
    502: (RetryLater, OutcomeUnknown),
    503: (RetryLater, OutcomeUnknown),
    504: (RetryLater, OutcomeUnknown),
    599: (RetryLater, OutcomeUnknown),
}


@pytest.mark.parametrize("status", TABLE)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_status_has_its_class(make, tools, status, method):
    world = make(tools.reply(status, {"error": "no"}))
    with pytest.raises(TABLE[status][method != "GET"]) as caught:
        world.http.request(method, "/api/now/table/incident", record="INC0010001")
    assert type(caught.value) is TABLE[status][method != "GET"]
    message = str(caught.value)
    assert message.startswith(f"snow-prod: INC0010001: {method} /api/now/table/incident: ")
    assert str(status) in message


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_write_of_unknown_outcome_leaves_once(make, tools, status):
    world = make(tools.reply(status, Retry_After="1"))
    with pytest.raises(OutcomeUnknown):
        world.http.request("POST", "/x")
    assert len(world.wire.sent) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422])
def test_a_refused_write_leaves_once(make, tools, status):
    world = make(tools.reply(status))
    with pytest.raises((Refused, Configuration, Gone, RetryLater)):
        world.http.request("POST", "/x")
    assert len(world.wire.sent) == 1


@pytest.mark.parametrize("status", [200, 201, 204])
def test_what_the_platform_affirms_is_returned(make, tools, status):
    world = make(tools.reply(status, b"" if status == 204 else {"id": 1}))
    assert world.http.request("POST", "/x").status_code == status


def test_what_is_accepted_is_not_done_unless_the_dialect_says_so(make, tools):
    world = make(tools.reply(202, b""))
    with pytest.raises(OutcomeUnknown):
        world.http.request("POST", "/x")
    world = make(tools.reply(202, b""), dialect=Dialect(reactions={202: Reaction.OK}))
    assert world.http.request("POST", "/x").status_code == 202


def test_a_safe_post_is_treated_as_a_read(make, tools):
    world = make(tools.reply(503), tools.reply(200, {"issues": []}))
    assert world.http.json("POST", "/search/jql", json={"jql": "x"}, safe=True) == {"issues": []}
    assert len(world.wire.sent) == 2
    assert world.http.counts["read"] == 2
    assert world.http.counts["write"] == 0


def test_the_dialect_goes_before_the_table(make, tools):
    dialect = Dialect(reactions={403: Reaction.CONFIGURATION, 200: Reaction.OK})
    world = make(tools.reply(403), dialect=dialect)
    with pytest.raises(Configuration, match="SYNCLINE_SNOW_PROD_PASSWORD"):
        world.http.request("POST", "/x")


def test_a_failure_behind_a_200_is_found(make, tools):
    def verdict(response):
        return (
            Verdict(Reaction.REFUSED, "field", {"state": "bad \x1b choice"})
            if "error" in response.json()
            else None
        )

    world = make(tools.reply(200, {"error": 1}), dialect=Dialect(verdict=verdict))
    with pytest.raises(Refused) as caught:
        world.http.request("PATCH", "/x")
    assert caught.value.fields == {"state": "bad choice"}


def test_an_error_that_the_dialect_takes_for_success_is_returned(make, tools):
    dialect = Dialect(verdict=lambda response: Verdict(Reaction.OK, "already resolved"))
    assert make(tools.reply(400), dialect=dialect).http.request("PUT", "/x").status_code == 400


@pytest.mark.parametrize("error", [KeyError("x"), TypeError("x"), ValueError("x"), AttributeError("x")])
def test_a_dialect_that_stumbles_over_a_reply_says_nothing(make, tools, error):
    def stumble(response):
        raise error

    world = make(tools.reply(422), dialect=Dialect(verdict=stumble, reason=stumble, wait=stumble))
    with pytest.raises(Refused, match="422"):
        world.http.request("POST", "/x")


def test_a_401_names_what_to_check(make, tools):
    world = make(tools.reply(401))
    with pytest.raises(Configuration) as caught:
        world.http.request("GET", "/x")
    for part in ("snow-prod", "401", "SYNCLINE_SNOW_PROD_PASSWORD", "https://snow.example.com"):
        assert part in str(caught.value)


def test_a_reason_is_shown_on_one_line_and_not_at_length(make, tools):
    dialect = Dialect(reason=lambda response: "bad\r\nnews\x1b[31m \u202e" + "x" * 5000)
    world = make(tools.reply(422), dialect=dialect)
    with pytest.raises(Refused) as caught:
        world.http.request("POST", "/x")
    assert len(str(caught.value)) < 700
    assert str(caught.value).isprintable()
