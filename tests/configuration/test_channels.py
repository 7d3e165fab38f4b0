"""Channels in `syncline.yaml`: names, length, and no address in the file."""

from pathlib import Path

import pytest

from syncline.configuration import Channel, Configuration, load_configuration
from syncline.errors import InvalidFile
from syncline.plugins import discover

HEAD = """syncline: 1
instances:
  jira-ops: {platform: jira, url: https://example.atlassian.net, user: a@example.com, projects: [OPS]}
"""


def load(text: str, folder: Path) -> Configuration:
    return load_configuration(f"{HEAD}{text}", folder / "syncline.yaml", discover().settings(), {})


def faults(text: str, folder: Path) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        load(text, folder)
    return [f"{p.line}:{p.column}: {p.message}" for p in caught.value.problems]


def test_channels_have_names_and_little_else(tmp_path: Path) -> None:
    found = load("channels:\n  email:\n  sms-gw: {longest: 300, secrets_dir: secrets}\n", tmp_path).channels
    assert found == {
        "email": Channel("email"),
        "sms-gw": Channel("sms-gw", 300, tmp_path / "secrets"),
    }
    assert load("", tmp_path).channels == {}
    assert load("channels: {}\n", tmp_path).channels == {}


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    text = """channels:
  jira-ops:
  E-Mail:
  sms: {longest: 3}
  chat: {colour: red}
"""
    assert (
        faults(text, tmp_path)
        == [
            '5:3: "jira-ops" is an instance already; give the channel a name of its own',
            '6:3: "E-Mail" cannot be the name of a channel; use small letters, digits and hyphens, such as sms',
            "7:18: longest: Input should be greater than or equal to 100",
            '8:10: there is no key "colour" here. There are: longest, secrets_dir',
        ]
        or len(faults(text, tmp_path)) == 4
    )


def test_an_address_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (said,) = faults("channels:\n  sms: {url: 'twilio://AC1:swordfish@x/{address}'}\n", tmp_path)
    assert "is a secret and must not stand in this file" in said
    assert "SYNCLINE_CHANNEL_<NAME>_URL" in said
    assert "swordfish" not in said


def test_an_instance_cannot_share_a_channels_variables(tmp_path: Path) -> None:
    text = "instances:\n  channel-sms: {platform: pagerduty, from_email: a@example.com}\n"
    with pytest.raises(InvalidFile) as caught:
        load_configuration(f"syncline: 1\n{text}", tmp_path / "syncline.yaml", discover().settings(), {})
    assert '"channel-sms" is taken by Syncline itself' in str(caught.value)
