"""What Apprise says, and what is made of it: taken, surely not sent, or not known."""

import logging

import pytest

from syncline.messages import carrier
from syncline.messages.carrier import Fate, Unusable, carry, inspected, judged, opened

WARNING, DEBUG = logging.WARNING, logging.DEBUG


def send(url, address="amina", title="P1: the shop is down", text="Nobody can pay."):
    return carry(opened(url, address), title, text, urgent=True)


# ---- web hooks -------------------------------------------------------------------------------------


def test_a_service_gets_title_and_text_and_has_taken_them(hook):
    assert send(hook.url).fate is Fate.TAKEN
    (got,) = hook.got
    assert (got["title"], got["message"]) == ("P1: the shop is down", "Nobody can pay.")


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (200, Fate.TAKEN),
        (204, Fate.TAKEN),
        (302, Fate.REFUSED),
        (400, Fate.REFUSED),
        (401, Fate.REFUSED),
        (404, Fate.REFUSED),
        (408, Fate.UNKNOWN),
        (429, Fate.LATER),
        (500, Fate.UNKNOWN),
        (502, Fate.UNKNOWN),
        (503, Fate.LATER),
        (504, Fate.UNKNOWN),
    ],
)
def test_what_the_service_answers_says_whether_it_can_have_arrived(hook, status, fate):
    hook.answers.append(status)
    verdict = send(hook.url)
    assert verdict.fate is fate
    assert verdict.answered
    assert len(hook.got) == 1, "one message is one request"
    if status >= 300:
        assert verdict.reason == f"the service answered {status}"


def test_a_connection_that_breaks_off_leaves_it_open(hook):
    hook.answers.append("break")
    verdict = send(hook.url)
    assert (verdict.fate, verdict.reason) == (Fate.UNKNOWN, "the connection broke off")
    assert not verdict.answered


def test_what_never_left_may_be_sent_later(hook):
    verdict = send("json://127.0.0.1:9/x")
    assert (verdict.fate, verdict.reason) == (Fate.LATER, "its server refused the connection")
    verdict = send("json://no-such-host.invalid/x")
    assert verdict.fate is Fate.LATER
    assert "not known" in verdict.reason


def test_a_message_cannot_talk_its_own_verdict(hook):
    """Apprise logs the message itself too."""
    forged = "Socket Exception: Connection refused\nerror=404\n(550, b'no') NewConnectionError"
    hook.answers.append("break")
    assert send(f"{hook.url}/{{address}}", "NewConnectionError", forged, forged).fate is Fate.UNKNOWN
    assert hook.texts == [forged]


def test_a_redirect_is_not_followed(hook):
    """It would carry keys elsewhere."""
    hook.location = f"http://127.0.0.1:{hook.port}/elsewhere"
    hook.answers.append(307)
    assert send(f"{hook.url}/here").fate is Fate.REFUSED
    assert hook.paths == ["/here"]


@pytest.mark.parametrize(
    "address",
    ["amina@example.com", "a b", "a/../b", "a?b=c&d#e", "50%", "%2F", "Zoë 東京", "{address}", "a@b:c"],
)
def test_an_address_arrives_as_it_is_and_can_change_nothing_else(hook, address):
    assert send(f"{hook.url}/to/{{address}}/end", address).fate is Fate.TAKEN
    assert hook.paths == [f"/to/{address}/end"]


@pytest.mark.parametrize("address", ["", "  ", "a,b", "a;b", "a\nb", "a\0b", "a\u202eb"])
def test_what_is_no_single_address_is_refused(hook, address):
    with pytest.raises(Unusable, match="address"):
        send(f"{hook.url}/{{address}}", address)
    assert hook.got == []


def test_an_address_that_the_service_does_not_take_is_refused():
    """Twilio's plugin would send to the sender instead."""
    with pytest.raises(Unusable, match="bob"):
        opened("twilio://AC1234:token@+15555550100/{address}", "bob")
    assert opened("twilio://AC1234:token@+15555550100/{address}", "+33 6 12 34 56 78") is not None


def test_long_messages_are_one_request_whatever_the_url_says(hook):
    assert send(f"{hook.url}?overflow=split", text="x" * 100_000).fate is Fate.TAKEN
    assert len(hook.got) == 1


def test_nothing_waits_longer_than_it_may():
    plugin = opened("json://127.0.0.1/x?cto=600&rto=600", "x")
    assert plugin.request_timeout == (carrier.PATIENT, carrier.READ_WITHIN)
    assert opened("json://127.0.0.1/x", "x").request_timeout <= (carrier.CONNECT_WITHIN, carrier.READ_WITHIN)
    mail = opened("mailto://127.0.0.1?from=a%40b.example&to={address}", "c@d.example")
    assert mail.socket_connect_timeout == carrier.PATIENT, (
        "a mail server may let one wait before its greeting"
    )
    assert opened("json://127.0.0.1/x?cto=1&rto=2", "x").request_timeout == (1.0, 2.0)


class Ear(logging.Handler):
    def __init__(self):
        super().__init__(1)
        self.heard = []

    def emit(self, record):
        self.heard.append((record.name, record.getMessage()))


def test_what_apprise_logs_reaches_no_other_log(hook, monkeypatch, capfd):
    ear, root = Ear(), logging.getLogger()
    monkeypatch.setattr(root, "handlers", [ear])
    monkeypatch.setattr(root, "level", 1)
    for answer in (200, 500, "break"):
        hook.answers.append(answer)
        send(f"{hook.url}/K3yOfTheHook/{{address}}")
    with pytest.raises(Unusable):
        opened("slack://K3yOfTheHook", "x")
    send("json://127.0.0.1:9/K3yOfTheHook")
    logging.getLogger("syncline").warning("heard")
    names = {name for name, _ in ear.heard}
    assert "syncline" in names
    assert "apprise" not in names
    out, err = capfd.readouterr()
    assert "K3yOfTheHook" not in out + err


# ---- mail ------------------------------------------------------------------------------------------


def test_a_mail_arrives_as_plain_text_under_its_subject(mailbox):
    text = "Nobody can pay.\n<script>alert(1)</script> & more"
    assert send(mailbox.url, "amina@example.com", text=text).fate is Fate.TAKEN
    ((to, letter),) = mailbox.letters
    assert to == "amina@example.com"
    assert "Subject: P1: the shop is down" in letter
    assert "Content-Type: text/plain" in letter
    assert text in letter.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("command", "reply", "fate", "reason"),
    [
        ("", "break", Fate.LATER, "the connection broke off"),
        ("", "421 busy", Fate.LATER, "the mail server answered 421"),
        ("RCPT", "450 come back later", Fate.LATER, "the mail server answered 450"),
        ("RCPT", "550 nobody of that name", Fate.REFUSED, "the mail server answered 550"),
        ("MAIL", "530 log in first", Fate.REFUSED, "the mail server answered 530"),
        ("DATA", "554 no", Fate.REFUSED, "the mail server answered 554"),
        (".", "452 full", Fate.LATER, "the mail server answered 452"),
        (".", "554 looks like spam", Fate.REFUSED, "the mail server answered 554"),
        (".", "break", Fate.UNKNOWN, "the connection broke off"),
    ],
)
def test_a_mail_server_says_whether_it_took_the_mail(mailbox, command, reply, fate, reason):
    mailbox.instead[command] = reply
    verdict = send(mailbox.url, "amina@example.com")
    assert (verdict.fate, verdict.reason) == (fate, reason)


def test_a_mail_that_was_taken_is_taken_though_the_server_does_not_say_good_bye(mailbox):
    mailbox.instead["QUIT"] = "break"
    assert send(mailbox.url, "amina@example.com").fate is Fate.TAKEN
    assert len(mailbox.letters) == 1


def test_no_connection_to_a_mail_server_is_no_mail():
    verdict = send("mailto://127.0.0.1:9?from=a%40b.example&to={address}&mode=insecure", "amina@example.com")
    assert verdict.fate is Fate.LATER


# ---- the verdict -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begun", "heard", "fate"),
    [
        (True, [], Fate.UNKNOWN),
        (False, [], Fate.REFUSED),
        (False, [(WARNING, "There are no recipients")], Fate.REFUSED),
        (True, [(WARNING, "Something went wrong")], Fate.UNKNOWN),
        (True, [(WARNING, "Failed to send: error=200.")], Fate.REFUSED),
        (True, [(DEBUG, "Response Details: error=404")], Fate.UNKNOWN),
        (True, [(DEBUG, "Socket Exception: HTTPSConnectionPool: Read timed out.")], Fate.UNKNOWN),
        (True, [(DEBUG, "Socket Exception: nobody ever saw this one")], Fate.UNKNOWN),
        (True, [(DEBUG, "Socket Exception: [SSL: CERTIFICATE_VERIFY_FAILED] no")], Fate.LATER),
        (True, [(DEBUG, "Socket Exception: (Caused by ConnectTimeoutError(x))")], Fate.LATER),
        (
            True,
            [(DEBUG, "Socket Exception: Max retries with url: /Connection+refused (Read timed out)")],
            Fate.UNKNOWN,
        ),
        # Of several requests the worst counts.
        (True, [(WARNING, "error=404"), (WARNING, "error=500")], Fate.UNKNOWN),
        (True, [(WARNING, "error=503"), (WARNING, "error=403")], Fate.REFUSED),
    ],
)
def test_what_proves_nothing_is_unknown(begun, heard, fate):
    assert judged(taken=False, begun=begun, heard=heard).fate is fate


def test_what_was_taken_is_taken_whatever_was_logged():
    assert judged(taken=True, begun=True, heard=[(WARNING, "error=500")]).fate is Fate.TAKEN


def test_a_plugin_that_fails_in_the_middle_leaves_it_open(hook, monkeypatch):
    plugin = opened(hook.url, "x")

    def breaks(*_args, **_kwargs):
        plugin.throttle()
        raise KeyError("oops")

    monkeypatch.setattr(plugin, "send", breaks)
    assert carry(plugin, "t", "x", urgent=False).fate is Fate.UNKNOWN


def test_a_plugin_that_fails_before_it_begins_sent_nothing(hook, monkeypatch):
    plugin = opened(hook.url, "x")

    def breaks(*_args, **_kwargs):
        raise KeyError("oops")

    monkeypatch.setattr(plugin, "send", breaks)
    verdict = carry(plugin, "t", "x", urgent=False)
    assert verdict.fate is Fate.REFUSED
    assert "KeyError" in verdict.reason


# ---- URLs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "does not begin with the name of a service"),
        ("smtp.example.com", "does not begin with the name of a service"),
        ("jsno://x.example", "no service jsno://; did you mean json://?"),
        ("slack://only-one-token/{address}", "not one of the service slack://"),
        ("mqtt://broker.example/{address}", "needs a package that is not installed"),
    ],
)
def test_a_url_that_cannot_be_used_says_why(url, said):
    with pytest.raises(Unusable) as caught:
        inspected(url)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("url", "service", "everybody", "readable", "unverified"),
    [
        ("jsons://x.example/{address}", "JSON", False, False, False),
        ("json://x.example/{address}", "JSON", False, True, False),
        ("json://127.0.0.1:8000/{address}", "JSON", False, False, False),
        ("jsons://x.example/hook?verify=no", "JSON", True, False, True),
        ("twilio://AC1234:token@+15555550100/{address}", "Twilio", False, False, False),
        ("tgram://123456789:abcdefg_hijklmnop/{address}", "Telegram", False, False, False),
    ],
)
def test_what_a_url_is(url, service, everybody, readable, unverified):
    found = inspected(url)
    assert (found.service, found.everybody, found.open, found.unverified) == (
        service,
        everybody,
        readable,
        unverified,
    )
