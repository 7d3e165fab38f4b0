"""Bodies that a stranger sent: bombs, depth, numbers, encodings, and replies that stop in the middle."""

import gzip
import json
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncline.errors import Configuration, OutcomeUnknown, Refused, RetryLater
from syncline.http.body import MAX_DEPTH, UnusableBodyError, checked_json
from syncline.http.dialect import Dialect
from syncline.http.line import MAX_REPLY
from syncline.ports import ThreadRuntime

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


def storable(value):
    """The document as a database can hold it."""
    if isinstance(value, str):
        return "".join("\ufffd" if char == "\x00" or "\ud800" <= char <= "\udfff" else char for char in value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value


@given(documents, st.booleans())
@example({"a\\": "\\u0000 \\ud800 \\", "b": "\U0001f600 \x00"}, True)
def test_sound_json_passes_unchanged(document, ascii_only):
    content = json.dumps(document, ensure_ascii=ascii_only).encode()
    assert json.loads(checked_json(content)) == storable(document)


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_whatever_comes_is_json_or_refused(content):
    try:
        checked = checked_json(content)
    except UnusableBodyError:
        return
    assert json.loads(checked) == storable(json.loads(content))


@given(st.text(st.sampled_from('\\ud8Dc0"a{}[]'), max_size=20))
def test_escapes_are_never_torn_apart(text):
    content = f'["{text}"]'.encode()
    try:
        parsed = json.loads(content)
    except ValueError:
        with pytest.raises(UnusableBodyError):
            checked_json(content)
    else:
        assert json.loads(checked_json(content)) == storable(parsed)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_depth_is_bounded_before_it_is_parsed(opening):
    closing = "]" if opening == "[" else "}"
    fine = opening * MAX_DEPTH + ("1" if closing == "}" else "") + closing * MAX_DEPTH
    assert checked_json(fine.encode())
    deeper = opening + fine + closing
    with pytest.raises(UnusableBodyError, match="deep"):
        checked_json(deeper.encode())
    with pytest.raises(UnusableBodyError, match="deep"):
        checked_json((opening * 100_000).encode())


def test_brackets_in_texts_are_no_depth():
    assert checked_json(json.dumps(["[" * 1000, '\\"{' * 1000]).encode())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1E+400", "9" * 400 + ".0"])
def test_what_is_no_number_is_refused(number):
    with pytest.raises(UnusableBodyError):
        checked_json(f'{{"a": {number}}}'.encode())


def test_the_word_nan_in_a_text_is_fine():
    assert checked_json(b'{"NaN": "Infinity"}')


@pytest.mark.parametrize("digits", [str(2**63), str(-(2**63) - 1), "9" * 40, "-" + "9" * 5000], ids=len)
def test_whole_numbers_beyond_64_bits_are_refused(digits):
    with pytest.raises(UnusableBodyError, match="64"):
        checked_json(f"[{digits}]".encode())


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0])
def test_whole_numbers_of_64_bits_are_fine(number):
    assert json.loads(checked_json(f"[{number}]".encode())) == [number]


def test_half_a_surrogate_pair_and_nul_become_what_can_be_stored():
    assert json.loads(checked_json(rb'["\ud83d", "\ud83d\ude00", "\udc00x", "a\u0000b", "\\ud83d"]')) == [
        "\ufffd",
        "\U0001f600",
        "\ufffdx",
        "a\ufffdb",
        "\\ud83d",
    ]


def test_other_encodings_are_read_as_what_they_say():
    assert json.loads(checked_json('["ü"]'.encode("latin-1"), "application/json; charset=ISO-8859-1")) == [
        "ü"
    ]
    assert json.loads(checked_json('["ü"]'.encode("utf-16"), "application/json; charset=utf-16")) == ["ü"]
    assert json.loads(checked_json(b'\xef\xbb\xbf["x"]')) == ["x"]


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=klingon", "application/json; charset=utf-16", "\x00;;;="],
)
def test_text_in_no_encoding_is_refused(kind):
    with pytest.raises(UnusableBodyError, match="encoding"):
        checked_json(b'["\xff\xfe\xfa"]', kind)


@pytest.mark.parametrize(
    "content", [b"[" * 1_000, b'{"a": NaN}', b'{"a": ', b"OK", b'["\xff"]', b"[99999999999999999999]"]
)
@pytest.mark.parametrize(("method", "kind"), [("GET", RetryLater), ("POST", OutcomeUnknown)])
def test_unusable_json_never_reaches_a_library(make, tools, content, method, kind):
    world = make(tools.reply(200, content))
    with pytest.raises(kind, match="the reply"):
        world.http.session().request(method, "https://snow.example.com/x")
    assert len(world.wire.sent) == 1


def test_beside_a_status_that_says_no_unusable_json_does_not_matter(make, tools):
    def reason(response):
        return response.json()["error"]

    with pytest.raises(Refused, match="422"):
        make(tools.reply(422, b"[" * 100_000), dialect=Dialect(reason=reason)).http.request("POST", "/x")


def test_an_empty_reply_is_none(make, tools):
    assert make(tools.reply(204, b"")).http.json("DELETE", "/x") is None


def test_lone_surrogates_are_gone_in_every_way_of_reading(make, tools):
    response = (
        make(tools.reply(200, rb'{"a": "\ud800"}'))
        .http.session()
        .get("https://snow.example.com/x", stream=True)
    )
    response.raw.decode_content = True
    assert json.loads(response.raw.read()) == {"a": "\ufffd"}


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_a_bomb_is_not_unpacked(live, server, answers, packing):
    zeros = b'"' + b"0" * (MAX_REPLY * 2) + b'"'
    bomb = gzip.compress(zeros) if packing == "gzip" else zlib.compress(zeros)
    assert len(bomb) < MAX_REPLY / 100
    server.answer = lambda handler: answers.json(handler, 200, bomb, {"Content-Encoding": packing})
    with pytest.raises(RetryLater, match="larger than 32,000,000 bytes"):
        live().request("GET", "/x")
    assert len(server.requests) == 1


def test_packed_replies_are_unpacked_and_no_longer_say_that_they_are(live, server, answers):
    server.answer = lambda handler: answers.json(
        handler, 200, gzip.compress(b'{"a": 1}'), {"Content-Encoding": "gzip"}
    )
    response = live().request("GET", "/x")
    assert response.json() == {"a": 1}
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize(("method", "kind"), [("GET", RetryLater), ("POST", OutcomeUnknown)])
def test_a_badly_packed_reply_says_nothing(live, server, answers, method, kind):
    server.answer = lambda handler: answers.json(
        handler, 200, b"no gzip at all", {"Content-Encoding": "gzip"}
    )
    with pytest.raises(kind, match="badly compressed"):
        live().request(method, "/x")


def test_a_file_beyond_the_limit_is_refused(live, server, answers):
    server.answer = lambda handler: answers.json(handler, 200, b"x" * 1001, {"Content-Type": "image/png"})
    http = live(max_attachment=1000)
    with pytest.raises(Refused, match="max_attachment"):
        http.request("GET", "/file", raw=True)
    server.answer = lambda handler: answers.json(handler, 200, b"\x00" * 1000, {"Content-Type": "image/png"})
    assert http.request("GET", "/file", raw=True).content == b"\x00" * 1000


@pytest.mark.parametrize(("method", "kind"), [("GET", RetryLater), ("POST", OutcomeUnknown)])
def test_a_reply_that_stops_in_the_middle(live, server, method, kind):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"a"')
        handler.close_connection = True

    server.answer = answer
    with pytest.raises(kind, match="ended early"):
        live().request(method, "/x")
    assert len(server.requests) == (1 if method == "POST" else len(server.requests))
    assert method == "POST" or len(server.requests) > 1


def test_a_reply_that_never_ends_is_left(make, tools, clock):
    world = make(tools.reply(200, b"[" + b"1," * 200_000 + b"1]"))

    def slowly(request):
        response = tools.reply(200, b"")(request)
        response.raw = type("Drip", (), {"stream": staticmethod(drip), "close": lambda self: None})()
        return response

    def drip(amount, decode_content=True):
        while True:
            clock.move(1.0)
            yield b"1"

    world.wire.script = [slowly]
    with pytest.raises(OutcomeUnknown, match="did not end in time"):
        world.http.request("POST", "/x")
    assert clock.monotonic() < 40


def test_a_huge_length_is_refused_unread(make, tools):
    with pytest.raises(RetryLater, match="larger"):
        make(tools.reply(200, b"{}", Content_Length="99999999999")).http.request("GET", "/x")


def test_a_wrong_certificate_file_is_a_matter_of_settings(tmp_path, make):
    world = make(OSError(2, "No such file"), ca_file=tmp_path / "none.pem")
    with pytest.raises(Configuration, match="ca_file"):
        world.http.request("GET", "/x")


def test_an_empty_reply_to_a_question_is_no_answer(live, server):
    """It would pass for one that there is nothing: a write of unknown outcome would be believed not to have happened."""
    once = ThreadRuntime().signal()
    once.set()
    server.answer = empty(200)
    http = live(stop=once)
    for ask in (
        lambda: http.json("GET", "/comments"),
        lambda: http.json("POST", "/search", json={}, safe=True),
    ):
        with pytest.raises(RetryLater, match="the reply is empty"):
            ask()
    assert (
        http.json("POST", "/comments", json={}) is None
    )  # what an empty reply to a write means, its connector knows
    assert http.request("GET", "/file", raw=True).content == b""
    server.answer = empty(204)
    assert http.json("GET", "/comments") is None


def empty(status):
    def answer(handler):
        handler.send_response(status)
        if status != 204:
            handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer
