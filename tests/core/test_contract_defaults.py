"""What a platform lacks need not be written: `Connector` answers for it."""

from datetime import UTC, datetime

import pytest

from syncline.connector import Connector, PartyKind
from syncline.errors import Refused
from syncline.model import Attachment

NEEDED = ("start", "poll", "read", "read_many", "find", "lookup", "remarks", "write", "schema", "check")


def bare(names=NEEDED):
    return type("Bare", (Connector,), dict.fromkeys(names, lambda self, *_given: None))


def test_a_connector_of_the_needed_methods_is_whole():
    one = bare()()
    at = datetime(2026, 11, 23, tzinfo=UTC)
    assert list(one.attachments("1")) == []
    assert list(one.history("1", at)) == []
    assert list(one.steps("1", "open")) == []
    assert list(one.parties(PartyKind.PERSON, ["1"])) == []
    assert one.find_party(PartyKind.GROUP, "Network") is None
    with pytest.raises(Refused, match="log"):
        one.content(Attachment("7", "1", "log.txt", "text/plain", 3, "amina", at))
    with pytest.raises(ValueError, match="no webhooks"):
        one.parse_hint({}, b"{}")


@pytest.mark.parametrize("missing", NEEDED)
def test_one_that_lacks_a_needed_method_is_none(missing):
    with pytest.raises(TypeError, match=missing):
        bare([name for name in NEEDED if name != missing])()
