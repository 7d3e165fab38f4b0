"""The body of a webhook is whatever a stranger sends."""

import pytest

from syncline.connector import hook_body


def test_json_is_read():
    assert hook_body(b'{"id": 7, "title": "caf\xc3\xa9"}') == {"id": 7, "title": "café"}


@pytest.mark.parametrize(
    "raw", [b"", b"no json", b"\xff\xfe", b"[" * 100_000, b'{"n": NaN}', b'{"n": 99999999999999999999999999}']
)
def test_what_is_none_is_a_value_error(raw):
    with pytest.raises(ValueError, match=r"^the body"):
        hook_body(raw)
