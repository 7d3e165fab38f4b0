"""Channels: where their secrets come from, that they stay hidden, and that one that hangs holds up nobody for long."""

import logging

import pytest

from syncline.configuration import Channel
from syncline.connector import Severity
from syncline.errors import Configuration
from syncline.http.redaction import RedactingFilter, Redactor
from syncline.messages.carrier import Fate
from syncline.messages.channels import DEADLINE, HANGING, Channels, secrets_in
from syncline.ports import ThreadRuntime


@pytest.fixture
def channels(clock):
    def make(*names, runtime=None, redactor=None, **settings):
        specs = {name: Channel(name, **settings) for name in names}
        return Channels(specs, clock, runtime or ThreadRuntime(), redactor or Redactor())

    return make


def send(channels, name="sms", **values):
    given = {"address": "amina", "title": "t", "text": "x", **values}
    return channels.send(name, given["address"], given["title"], given["text"], urgent=True)


# ---- secrets ---------------------------------------------------------------------------------------


def test_the_url_comes_from_the_environment(channels, hook, monkeypatch):
    monkeypatch.setenv("SYNCLINE_CHANNEL_ON_CALL_SMS_URL", hook.url)
    assert send(channels("on-call-sms"), "on-call-sms").fate is Fate.TAKEN


def test_the_url_comes_from_the_secrets_folder(channels, hook, monkeypatch, tmp_path):
    (tmp_path / "syncline_channel_sms_url").write_text(f"{hook.url}\n")
    monkeypatch.setenv("SYNCLINE_SECRETS_DIR", str(tmp_path))
    assert send(channels("sms")).fate is Fate.TAKEN


def test_the_channel_may_name_a_folder_of_its_own(channels, hook, tmp_path):
    (tmp_path / "syncline_channel_sms_url").write_text(hook.url)
    assert send(channels("sms", secrets_dir=tmp_path)).fate is Fate.TAKEN


def test_all_that_is_wrong_is_said_at_once_before_anything_is_sent(channels, monkeypatch):
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", "twillio://AC:SecretToken9@x/{address}")
    monkeypatch.setenv("SYNCLINE_CHANNEL_CHAT_URL", "jsons://127.0.0.1/{address}")
    with pytest.raises(Configuration) as caught:
        channels("email", "sms", "chat").ready()
    said = str(caught.value).splitlines()
    assert len(said) == 2
    assert said[0].startswith("channel email: its URL is a secret and was not found. Tried in this order: ")
    assert "SYNCLINE_CHANNEL_EMAIL_URL" in said[0]
    assert said[1] == "channel sms: Apprise knows no service twillio://; did you mean twilio://?"


def test_channels_without_a_fault_are_ready(channels, monkeypatch):
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", "twilio://AC1234:token@+15555550100/{address}")
    channels("sms").ready()


@pytest.mark.parametrize(
    ("url", "hidden", "shown"),
    [
        (
            "mailtos://syncline:swordfish@smtp.example.com:587?from=syncline@example.com&to={address}",
            ["swordfish"],
            ["smtp.example.com", "syncline", "syncline@example.com"],
        ),
        ("tgram://123456789:AAbbCCdd-ee_ff/{address}", ["AAbbCCdd-ee_ff", "123456789"], []),
        (
            "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            ["TIiajkdnlazkcOXrIdevi7FQ", "A1BRTD4JD"],
            ["hooks.slack.com", "services"],
        ),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/{address}", ["TIiajkdnlazkcOXrIdevi7FQ"], []),
        (
            "jsons://x.example/hook?+X-Token=a1b2c3d4e5&tags=incident",
            ["a1b2c3d4e5"],
            ["incident", "x.example"],
        ),
        ("jsons://user:p%40ss%2Fword@x.example/{address}", ["p%40ss%2Fword", "p@ss/word"], ["x.example"]),
        ("not a url", ["not a url"], []),
    ],
)
def test_what_is_secret_in_a_url_is_hidden_and_the_rest_can_be_read(url, hidden, shown):
    redactor = Redactor(secrets_in(url))
    for secret in hidden:
        assert secret not in redactor(f"it said {secret} and went on")
    for word in shown:
        assert word in redactor(f"it said {word} and went on")
    assert "[hidden]" in redactor(f"the URL is {url}")


KEY = "K3yOfTheHook"


@pytest.mark.parametrize("answer", [200, 302, 401, 429, 500, "break"])
def test_no_key_and_no_url_is_in_any_log_or_reason(channels, hook, monkeypatch, answer):
    class Ear(logging.Handler):
        said = ""

        def emit(self, record):
            Ear.said += f"{record.getMessage()}\n"

    redactor = Redactor()
    ear = Ear(1)
    ear.addFilter(RedactingFilter(redactor))
    monkeypatch.setattr(logging.getLogger(), "handlers", [ear])
    monkeypatch.setattr(logging.getLogger(), "level", 1)
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", f"{hook.url}/{KEY}/{{address}}?+X-Key={KEY}2")
    hook.location = f"http://127.0.0.1/{KEY}"
    hook.answers += [answer] * 9
    found = channels("sms", redactor=redactor)
    found.ready()
    for _ in range(6):
        assert KEY not in send(found).reason
    assert hook.paths[0] == f"/{KEY}/amina"
    assert [f for f in found.check("sms") if KEY in f.message + f.fix] == []
    assert KEY not in Ear.said


def test_a_url_that_apprise_refuses_is_not_quoted(channels, monkeypatch):
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", f"signal://localhost/{KEY}/{{address}}")
    redactor = Redactor()
    found = channels("sms", redactor=redactor)
    (finding,) = found.check("sms")
    assert finding.severity is Severity.ERROR
    assert KEY not in finding.message
    assert KEY not in send(found).reason


# ---- looking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "checks"),
    [
        (None, [("secret", "error")]),
        ("jsno://x/{address}", [("channel", "error")]),
        ("jsons://x.example/{address}", [("channel", "ok")]),
        ("jsons://x.example/", [("channel", "ok"), ("recipient", "warning")]),
        (
            "json://x.example/{address}?verify=no",
            [("channel", "ok"), ("encryption", "warning"), ("certificate", "warning")],
        ),
    ],
)
def test_a_channel_is_looked_at_without_anything_sent(channels, monkeypatch, url, checks):
    if url is not None:
        monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", url)
    found = list(channels("sms").check("sms"))
    assert [(f.check, f.severity) for f in found] == checks
    assert all(f.fix for f in found if f.severity is not Severity.OK)


def test_looking_sends_nothing(channels, hook, monkeypatch):
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", f"{hook.url}/{{address}}")
    found = channels("sms")
    found.ready()
    list(found.check("sms"))
    assert hook.got == []


# ---- length ----------------------------------------------------------------------------------------


def test_what_is_too_long_is_cut_where_one_can_see_it(channels, hook, monkeypatch):
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", hook.url)
    send(channels("sms", longest=100), title="a\nb\x1b[31m", text="x" * 500)
    (got,) = hook.got
    assert got["title"] == "a b[31m"
    assert len(got["title"]) + len(got["message"]) == 100
    assert got["message"].endswith("xxx...")


@pytest.mark.parametrize("title", ["", "x", "x" * 5_000])
@pytest.mark.parametrize("text", ["", "y", "y" * 5_000])
def test_title_and_text_together_are_never_too_long(channels, hook, monkeypatch, title, text):
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", hook.url)
    verdict = send(channels("sms", longest=100), title=title, text=text)
    if not title and not text:
        assert verdict.fate is Fate.REFUSED, "there is nothing to say"
        return
    (got,) = hook.got
    assert got["message"]
    assert len(got["title"]) + len(got["message"]) <= 100


@pytest.mark.parametrize("text", ["half \ud83d of a pair", "a\0b\x1b[2J", "\u202egnirts", "\r\n\r\nX: y"])
def test_strange_text_is_sent_without_what_is_strange_in_it(channels, hook, monkeypatch, text):
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", hook.url)
    assert send(channels("sms"), title=text, text=text).fate is Fate.TAKEN
    said = hook.got[0]["title"] + hook.texts[0]
    assert not any(char in said for char in "\0\x1b\u202e\r\ud83d")


def test_a_message_without_text_says_its_title(channels, hook, monkeypatch):
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", hook.url)
    assert send(channels("sms"), title="P1", text=" ").fate is Fate.TAKEN
    assert hook.texts == ["P1"]


# ---- services that are down ------------------------------------------------------------------------


class Hanging(ThreadRuntime):
    """Whatever is begun neither ends nor says anything, until it is let go."""

    def __init__(self):
        self.alive = True
        self.spawned = 0

    def spawn(self, name, target):
        self.spawned += 1
        return self

    def join(self, timeout=None):
        assert timeout == DEADLINE

    def is_alive(self):
        return self.alive


def test_a_service_that_hangs_holds_nobody_for_longer_than_the_deadline(channels, monkeypatch):
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", "jsons://x.example/{address}")
    runtime = Hanging()
    found = channels("sms", runtime=runtime)
    for _ in range(HANGING):
        verdict = send(found)
        assert (verdict.fate, verdict.reason) == (Fate.UNKNOWN, "no answer within 18 seconds")
    verdict = send(found)
    assert (verdict.fate, verdict.counts) == (Fate.LATER, False)
    assert runtime.spawned == HANGING, "no further thread is lost to it"
    runtime.alive = False
    send(found)
    assert runtime.spawned == HANGING + 1


def test_the_deadline_lies_within_the_daemons_patience():
    from syncline.daemon import PATIENCE

    assert DEADLINE < PATIENCE


def test_a_service_that_is_down_is_left_alone_for_a_while_and_found_again(
    channels, clock, hook, monkeypatch, caplog
):
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", "json://127.0.0.1:9/{address}")
    monkeypatch.setenv("SYNCLINE_CHANNEL_CHAT_URL", hook.url)
    caplog.set_level(logging.INFO, "syncline")
    found = channels("sms", "chat")
    verdicts = [send(found) for _ in range(10)]
    assert [v.counts for v in verdicts] == [True] * 5 + [False] * 5
    assert all(v.fate is Fate.LATER for v in verdicts)
    assert 0 < verdicts[-1].after <= 60
    assert send(found, "chat").fate is Fate.TAKEN
    clock.advance(verdicts[-1].after)
    assert send(found).counts
    down = [r.getMessage() for r in caplog.records if r.name.startswith("syncline")]
    assert down == [
        "channel sms does not answer (its server refused the connection); it is tried now and then"
    ]


def test_a_refusal_is_an_answer(channels, hook, monkeypatch):
    monkeypatch.setenv("SYNCLINE_CHANNEL_SMS_URL", hook.url)
    hook.answers += [404] * 20
    found = channels("sms")
    assert [send(found).fate for _ in range(20)] == [Fate.REFUSED] * 20
