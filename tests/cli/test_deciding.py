"""What people decide: links, what is parked, mappings."""

import re

import pytest

from syncline.configuration import defaults
from syncline.configuration.defaults import default_mapping


@pytest.fixture
def conflicted(desk):
    """An incident whose title two people have changed at once, where no rule decides."""
    text = desk.config.read_text()
    desk.config.write_text(text + "conflicts:\n  default: manual\n")
    desk.sync(1)
    record = desk.opened("Mail is down")
    desk.sync()
    desk.titled("OPS-1", "said on jira")
    desk.snow("PATCH", f"incident/{record['sys_id']}", short_description="said on snow")
    desk.sync(1)
    return desk, record


def title_on_jira(desk):
    return desk.jira("GET", "issue/OPS-1")["fields"]["summary"]


def title_on_snow(desk, record):
    return desk.snow("GET", f"incident/{record['sys_id']}")["short_description"]


# ---- park -----------------------------------------------------------------------------------------


def test_nothing_waits(shared):
    answer = shared("park", "list")
    assert answer.code == 0
    assert "nothing waits" in answer.out
    assert shared("park", "list", "--json").document == {"parked": []}


def test_a_conflict_waits_and_is_shown_with_what_can_be_done(conflicted):
    desk, _ = conflicted
    (parked,) = desk("park", "list", "--json").document["parked"]
    assert set(parked) == {"id", "incident", "instance", "kind", "field", "item", "reason", "data", "since"}
    assert (parked["kind"], parked["field"]) == ("conflict", "title")
    assert "syncline park show" in desk("park", "list").out
    told = desk("park", "show", parked["id"])
    _title, _reason, blank, first, *_ = told.out.splitlines()
    assert (blank, first.split()[0]) == ("", "since")
    assert told.code == 0
    assert f"syncline park retry {parked['id']} --take" in told.out
    assert f"syncline explain {parked['incident']}" in told.out
    assert desk("park", "show", parked["id"], "--json").document == {"parked": parked}
    assert desk("status").code == 1


def test_a_conflict_is_decided_for_one_side(conflicted):
    desk, record = conflicted
    (parked,) = desk("park", "list", "--json").document["parked"]
    answer = desk("park", "retry", parked["id"], "--take", "jira", "--json")
    assert answer.code == 0
    assert set(answer.document) == {"done", "failed"}
    desk.sync()
    assert title_on_jira(desk) == title_on_snow(desk, record) == "said on jira"
    timeline = desk("explain", "OPS-1", "--json").document["incidents"][0]["timeline"]
    assert [event["actor"] for event in timeline if event["kind"] == "unparked"] == ["olga"]
    assert desk("status").code == 0


def test_a_conflict_is_given_up_and_all_sides_go_back(conflicted):
    desk, record = conflicted
    (parked,) = desk("park", "list", "--json").document["parked"]
    answer = desk("park", "drop", parked["id"])
    assert answer.code == 0
    assert f"no. {parked['id']}:" in answer.out
    desk.sync(1)
    assert title_on_jira(desk) == title_on_snow(desk, record) == "Mail is down"


def test_a_side_without_an_edit_cannot_be_taken(conflicted):
    desk, _ = conflicted
    (parked,) = desk("park", "list", "--json").document["parked"]
    answer = desk("park", "retry", parked["id"], "--take", "pd")
    assert answer.code == 2
    assert "jira, snow" in answer.err
    assert len(desk("park", "list", "--json").document["parked"]) == 1


@pytest.mark.parametrize("verb", ["show", "retry", "drop"])
def test_a_number_that_does_not_wait_is_wrong_use(shared, verb):
    answer = shared("park", verb, "77")
    assert answer.code == 2
    assert "syncline park list" in answer.err


def test_of_several_numbers_those_that_wait_are_done(conflicted):
    desk, _ = conflicted
    (parked,) = desk("park", "list", "--json").document["parked"]
    answer = desk("park", "drop", 77, parked["id"], "--json")
    assert answer.code == 2
    assert [one["id"] for one in answer.document["done"]] == [parked["id"]]
    assert [one["id"] for one in answer.document["failed"]] == [77]
    assert desk("park", "list", "--json").document["parked"] == []


# ---- links ----------------------------------------------------------------------------------------


def test_tickets_that_exist_are_linked_and_unlinked_without_creating_anything(desk):
    desk.config.write_text(desk.config.read_text().replace("    from: all", "    from: [pd]"))
    record, key = desk.opened("Mail is down"), desk.issue("No mail")
    desk.sync(1)
    answer = desk("link", f"snow/{record['number']}", f"jira/{key}", "--json")
    assert answer.code == 0
    assert set(answer.document) == {"incident", "linked"}
    desk.sync()
    assert desk.jira("GET", f"issue/{key}")["fields"]["summary"] == "Mail is down"
    assert len(desk.snow("GET", "incident")) == 1
    (incident,) = desk("explain", key, "--json").document["incidents"]
    assert incident["id"] == answer.document["incident"]
    assert {r["instance"] for r in incident["records"]} == {"snow", "jira"}

    ended = desk("unlink", key, "--instance", "jira", "--json")
    assert ended.code == 0
    assert ended.document == {"incident": incident["id"], "instance": "jira"}
    desk.titled(key, "on its own now")
    desk.sync()
    assert title_on_snow(desk, record) == "Mail is down"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["snow/INC0010001"], "at least two"),
        (["INC0010001", "jira/OPS-1"], "instance/key"),
        (["snow/INC0010001", "jira/NOPE-9"], "NOPE-9"),
        (["snow/INC0010001", "jira/OPS-1"], "belongs to incident"),
    ],
)
def test_links_that_cannot_be_made(shared, keys, said):
    answer = shared("link", *keys)
    assert answer.code == 2
    assert said in answer.err


def test_unlink_of_what_nobody_knows(shared):
    answer = shared("unlink", "NOPE-99")
    assert answer.code == 2
    assert "NOPE-99" in answer.err


# ---- mappings -------------------------------------------------------------------------------------


def edited(desk, old="fields:", new="# as our Jira says it\nfields:"):
    """A copy of Jira's mapping with something changed."""
    text = defaults("mappings/jira.yaml").read_text(encoding="utf-8")
    assert old in text
    path = desk.folder / "jira.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_all_mappings_are_checked(shared):
    answer = shared("mapping", "check", "--json")
    assert answer.code == 0
    assert set(answer.document) == {"ok", "mappings"}
    assert [one["instance"] for one in answer.document["mappings"]] == ["snow", "jira", "pd"]
    for one in answer.document["mappings"]:
        assert set(one) == {"instance", "file", "ok", "differs", "problems", "losses", "unmapped"}
        assert one["ok"]
        assert not one["differs"]
    (loss,) = [
        loss
        for loss in answer.document["mappings"][1]["losses"]
        if (loss["field"], loss["value"]) == ("status", "acknowledged")
    ]
    assert loss["reads_back_as"] == "in_progress"
    assert "cannot tell apart" in shared("mapping", "check").out


def test_a_mapping_with_faults_names_all_of_them_with_their_places(shared):
    path = shared.folder / "broken.yaml"
    path.write_text(
        "mapping: 1\nplatform: jira\nfields:\n  titel: {field: summary}\n  status: {feld: status}\n  title: 7\n"
    )
    answer = shared("mapping", "check", "jira", "--file", path)
    assert answer.code == 1
    assert answer.out.count(f"{path}:") >= 3
    document = shared("mapping", "check", "jira", "--file", path, "--json").document
    assert not document["ok"]
    assert all(problem["line"] for problem in document["mappings"][0]["problems"])
    refused = shared("mapping", "publish", "jira", "--file", path)
    assert refused.code == 2
    assert f"{path}:" in refused.err
    assert len(shared("mapping", "history", "jira", "--json").document["versions"]) == 1


def test_a_mapping_is_held_against_the_live_platform(shared):
    path = edited(shared, "field: summary", "field: sumary")
    answer = shared("mapping", "check", "jira", "--file", path, "--live")
    assert answer.code == 1
    assert "sumary" in answer.out
    assert shared("mapping", "check", "jira", "--file", path).code == 0


def test_a_mapping_file_that_is_not_there(shared):
    answer = shared("mapping", "check", "jira", "--file", shared.folder / "none.yaml")
    assert answer.code == 2
    assert "none.yaml" in answer.err


def test_a_mapping_is_previewed_published_and_taken_back(desk):
    desk.sync(1)
    number = desk.opened("Mail is down")["number"]
    path = edited(desk)
    preview = desk("mapping", "preview", number, "--instance", "jira", "--file", path, "--json")
    assert preview.code == 0
    assert set(preview.document) == {"plan", "drafts"}
    (draft,) = preview.document["drafts"]
    assert set(draft) == {"instance", "file", "differs", "losses", "unmapped"}
    assert draft["differs"]
    assert (
        "differs from what runs now"
        in desk("mapping", "preview", number, "--instance", "jira", "--file", path).out
    )
    assert len(desk("mapping", "history", "jira", "--json").document["versions"]) == 1

    published = desk("mapping", "publish", "jira", "--file", path, "--note", "as our Jira says it", "--json")
    assert published.code == 0
    assert set(published.document["published"]) == {"digest", "author", "at", "note"}
    assert published.document["published"]["author"] == "olga"
    versions = desk("mapping", "history", "jira", "--json").document["versions"]
    assert versions[0]["note"] == "as our Jira says it"
    assert "as our Jira says it" in desk("mapping", "history", "jira").out

    back = desk("mapping", "rollback", "jira", "--json")
    assert back.code == 0
    assert back.document["published"]["digest"] == versions[1]["digest"]
    there = desk("mapping", "rollback", "jira", "--to", versions[0]["digest"], "--json")
    assert there.document["published"]["digest"] == versions[0]["digest"]
    unknown = desk("mapping", "rollback", "jira", "--to", "ffff")
    assert unknown.code == 2
    assert "syncline mapping history jira" in unknown.err


def test_there_is_nothing_to_roll_back_to(shared):
    answer = shared("mapping", "rollback", "snow")
    assert answer.code == 2
    assert "no older version" in answer.err


def test_mappings_that_say_otherwise_who_wins_are_an_error_everywhere(desk):
    """Both stand in files at the first start: each command that works by them names both places."""
    for name, platform, old, new in (
        (
            "snow",
            "servicenow",
            "title: {field: short_description",
            "title: {owner: snow, field: short_description",
        ),
        ("jira", "jira", "title: {field: summary", "title: {owner: jira, field: summary"),
    ):
        text = default_mapping(platform).read_text()
        assert old in text
        (desk.folder / f"{name}.yaml").write_text(text.replace(old, new))
        config = desk.config.read_text()
        desk.config.write_text(
            config.replace(f"platform: {platform}\n", f"platform: {platform}\n    mapping: {name}.yaml\n")
        )
    said = ['the owner is "snow"', 'the owner is "jira"', "name it in one mapping only"]
    for arguments in (
        ["mapping", "check"],
        ["check"],
        ["sync", "--once"],
        ["run"],
        ["mapping", "publish", "snow"],
    ):
        answer = desk(*arguments)
        shown = answer.out + answer.err
        assert answer.code == (1 if "check" in arguments else 2), (arguments, shown)
        assert [words for words in said if words not in shown] == [], arguments
        assert len(re.findall(r"[^\s]:\d+:\d+", shown)) >= 2, arguments
    document = desk("mapping", "check", "jira", "--json").document
    (problem,) = document["mappings"][0]["problems"]
    assert problem["file"].endswith("jira.yaml")
    assert "snow.yaml:" in problem["message"]
    # It is mended by publishing one that says nothing.
    (desk.folder / "jira.yaml").write_text(default_mapping("jira").read_text())
    assert desk("mapping", "publish", "jira").code == 0
    assert desk("mapping", "check").code == 0
    assert desk("sync", "--once").code == 0
    answer = desk("mapping", "rollback", "jira")
    assert answer.code == 2
    assert said[0] in answer.err
    assert desk("sync", "--once").code == 0
