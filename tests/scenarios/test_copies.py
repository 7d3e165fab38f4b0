"""Remarks, files and links back: copied once, with their author, and never to more eyes than they were meant for."""

import hashlib

import pytest

from syncline.store import items


def comment(world, key, text, who="bruno"):
    world.people.jira("POST", f"issue/{key}/comment", {"body": text}, who)


def test_a_copy_names_its_author_and_where_it_was_written(both):
    world = both.world
    comment(world, both.key, "The queue is full.")
    world.settle()
    (copy,) = [text for text in both.journal() if "The queue is full." in text]
    assert copy.startswith(f"Bruno Keller on Jira {both.key}, 2026-11-23 09:00 UTC:\n")
    (note,) = [text for text in both.notes() if "The queue is full." in text]
    assert note.startswith("Bruno Keller on Jira")


def test_an_internal_note_is_never_public(trio):
    world = trio.world
    world.people.snow_set(trio.sys_id, work_notes="Between us: it was the intern.")
    comment(world, trio.key, "Internal by nature.")
    world.settle()
    public = [e["value"] for e in world.people.snow_journal(trio.sys_id) if e["element"] == "comments"]
    assert public == []
    assert sum("intern" in text for text in trio.comments()) == 1
    assert sum("intern" in text for text in trio.notes()) == 1


def test_a_public_comment_of_servicenow_is_copied_too(trio):
    world = trio.world
    world.people.snow_set(trio.sys_id, comments="Dear customer, we are on it.")
    world.settle()
    assert sum("Dear customer" in text for text in trio.comments()) == 1
    assert sum("Dear customer" in text for text in trio.notes()) == 1


def test_many_remarks_on_all_sides_are_copied_once_each_and_in_order(trio):
    world = trio.world
    for n in range(4):
        world.people.snow_set(trio.sys_id, work_notes=f"desk {n}.")
        comment(world, trio.key, f"operations {n}.")
        world.people.pd("POST", f"incidents/{trio.pd_id}/notes", {"note": {"content": f"on call {n}."}})
        world.sync(7)
    world.settle(6)
    for side in (trio.journal(), trio.comments(), trio.notes()):
        for author in ("desk", "operations", "on call"):
            places = [next(i for i, text in enumerate(side) if f"{author} {n}." in text) for n in range(4)]
            assert len(set(places)) == 4
            assert sum(f"{author} " in text for text in side) == 4
    assert len(trio.comments()) == 12


def test_what_was_said_within_one_second_keeps_its_order(trio):
    """Found by the simulation: PagerDuty stamps whole seconds, and copies of one second came in any order."""
    world = trio.world
    for n in range(6):
        world.people.pd("POST", f"incidents/{trio.pd_id}/notes", {"note": {"content": f"on call {n}."}})
    world.settle(6)
    # ServiceNow itself does not tell the order of a second.
    side = trio.comments()
    places = [next(i for i, text in enumerate(side) if f"on call {n}." in text) for n in range(6)]
    assert places == sorted(places)


def test_an_answer_that_quotes_a_copy_is_a_remark_of_its_own(trio):
    world = trio.world
    world.people.snow_set(trio.sys_id, work_notes="Have you tried turning it off?")
    world.settle()
    (copy,) = trio.comments()
    comment(world, trio.key, f"> {copy}\n\nYes, twice.")
    world.settle()
    assert sum("Yes, twice." in text for text in trio.journal()) == 1


def test_a_whole_copy_pasted_by_a_person_is_still_a_persons_remark(trio):
    """It even ends with our mark; but the copy that bears this mark is known already, and is another."""
    world = trio.world
    world.people.snow_set(trio.sys_id, work_notes="Have you tried turning it off?")
    world.settle()
    (copy,) = trio.comments()
    comment(world, trio.key, f"Chloe asks again: {copy}")
    world.settle()
    assert sum("Chloe asks again" in text for text in trio.journal()) == 1
    assert sum("Chloe asks again" in text for text in trio.notes()) == 1


def test_a_long_remark_is_cut_and_says_so(trio):
    world = trio.world
    world.people.snow_set(trio.sys_id, work_notes="x" * 40_000)
    world.settle()
    (copy,) = trio.comments()
    assert len(copy) <= 32_767
    assert "[…]" in copy
    assert copy.rstrip().endswith("]")


def test_remarks_are_not_copied_where_that_is_switched_off(cloud):
    cloud.configure("conflicts:", "comments:\n  copy: false\nconflicts:")
    trio = cloud.trio()
    comment(cloud, trio.key, "Stays here.")
    cloud.settle()
    assert not any("Stays here." in text for text in trio.journal() + trio.notes())
    assert any("switched off" in text for text in trio.said("withheld"))


def test_public_comments_become_internal_where_that_is_wished(cloud):
    cloud.configure("conflicts:", "comments:\n  public: internal\nconflicts:")
    trio = cloud.trio()
    cloud.people.snow_set(trio.sys_id, comments="Dear customer.")
    cloud.settle()
    assert sum("Dear customer." in text for text in trio.comments()) == 1


# ---- files --------------------------------------------------------------------------------------


def test_files_are_copied_once_and_their_hash_is_kept(both):
    world = both.world
    world.people.snow_attach(both.sys_id, "log.txt", b"what happened")
    world.people.jira_attach(both.key, "graph.txt", b"a picture of it")
    world.settle(6)
    expected = [("graph.txt", b"a picture of it"), ("log.txt", b"what happened")]
    assert sorted(world.people.snow_files(both.sys_id)) == expected
    assert sorted(world.people.jira_files(both.key)) == expected
    incident_id = world.incident_id(both.key)
    kept = world.app.database.transact(lambda tx: items.of_incident(tx, incident_id))
    hashes = {
        item.content["name"]: item.content.get("sha256") for item in kept if item.kind == items.ATTACHMENT
    }
    assert hashes == {name: hashlib.sha256(content).hexdigest() for name, content in expected}


@pytest.mark.parametrize(("name", "path"), [("jira", "/attachment/|/secure/"), ("snow", "/file$")])
def test_a_page_that_comes_in_place_of_a_file_is_not_copied_as_the_file(both, name, path):
    """A gateway answers with its own page, and says that all is well."""
    world = both.world
    world.fault(name, "html", "GET", path)
    if name == "jira":
        world.people.jira_attach(both.key, "graph.txt", b"a picture of it")
    else:
        world.people.snow_attach(both.sys_id, "graph.txt", b"a picture of it")
    for _ in range(4):
        world.sync(30)
    expected = [("graph.txt", b"a picture of it")]
    assert world.people.snow_files(both.sys_id) == world.people.jira_files(both.key) == expected


def test_files_of_the_same_name_are_different_files(trio):
    world = trio.world
    for n in range(3):
        world.people.snow_attach(trio.sys_id, "image.png", f"picture {n}".encode())
        world.sync()
    world.settle()
    assert sorted(content for _, content in world.people.jira_files(trio.key)) == [
        b"picture 0",
        b"picture 1",
        b"picture 2",
    ]


def test_a_second_file_of_the_same_name_is_not_taken_for_the_first_when_its_outcome_is_unknown(trio):
    world = trio.world
    world.people.snow_attach(trio.sys_id, "image.png", b"picture 0")
    world.settle()
    world.fault("jira", "error_before", "POST", "/attachments$")
    world.people.snow_attach(trio.sys_id, "image.png", b"picture 1")
    for _ in range(8):
        world.sync(30)
    assert sorted(content for _, content in world.people.jira_files(trio.key)) == [b"picture 0", b"picture 1"]


def test_a_file_that_is_too_large_is_named_in_a_note_instead(cloud):
    cloud.configure("conflicts:", "attachments:\n  max_bytes: 1 kB\nconflicts:")
    trio = cloud.trio()
    cloud.people.snow_attach(trio.sys_id, "dump.bin", b"x" * 2000)
    cloud.settle(6)
    assert cloud.people.jira_files(trio.key) == []
    (note,) = [text for text in trio.comments() if "dump.bin" in text]
    assert "2,000 bytes" in note
    assert "1,000" in note
    assert trio.number in note
    assert not any("dump.bin" in text for text in trio.journal())


def test_a_file_beyond_the_limit_of_where_it_hangs_is_not_even_asked_for(cloud):
    cloud.configure("    username: syncline\n", "    username: syncline\n    max_attachment: 1000\n")
    trio = cloud.trio()
    marks = cloud.marks()
    cloud.people.snow_attach(trio.sys_id, "dump.bin", b"x" * 2000)
    cloud.settle(6)
    assert cloud.people.jira_files(trio.key) == []
    assert [call for call in cloud.calls(marks)["snow"] if call.endswith("/file")] == []
    assert len([line for line in cloud.timeline(trio.key) if "max_attachment is 1,000" in line]) == 1


def test_a_platform_without_files_is_told_of_them_in_a_note(trio):
    world = trio.world
    world.people.snow_attach(trio.sys_id, "log.txt", b"what happened")
    world.settle(6)
    (note,) = [text for text in trio.notes() if "log.txt" in text]
    assert trio.number in note
    assert len(world.people.jira_files(trio.key)) == 1
    assert not any("log.txt" in text for text in trio.comments())


def test_a_file_that_was_taken_away_before_it_was_copied_is_no_fault(trio):
    world = trio.world
    world.sandbox["snow"].take_down("unavailable")
    world.people.jira_attach(trio.key, "oops.txt", b"wrong ticket")
    world.sync()
    (file,) = world.people.jira("GET", f"issue/{trio.key}?fields=attachment")["fields"]["attachment"]
    world.people.jira("DELETE", f"attachment/{file['id']}")
    world.sandbox["snow"].take_down(None)
    for _ in range(6):
        world.sync(60)
    assert world.people.snow_files(trio.sys_id) == []
    assert any("no longer there" in text for text in trio.said("withheld"))


def test_a_comment_and_a_file_with_the_same_number_are_not_confused(trio):
    """Jira numbers comments and files apart: the two may bear the same id."""
    world = trio.world
    world.people.snow_set(trio.sys_id, work_notes="Copied as a comment.")
    world.settle()
    (comment_id,) = [c["id"] for c in world.people.jira("GET", f"issue/{trio.key}/comment")["comments"]]
    known = world.app.database.transact(lambda tx: items.known(tx, "jira", items.ATTACHMENT, [comment_id]))
    assert known == set()


# ---- links back ---------------------------------------------------------------------------------


def test_links_back_are_written_once_and_again_when_a_sibling_is_added(cloud):
    cloud.configure(
        "  - name: everywhere\n    from: [snow, jira, pd]\n    to: [snow, jira, pd]\n",
        "  - name: tickets\n    from: [snow]\n    to: [jira]\n"
        "  - name: rings\n    from: [snow]\n    to: [pd]\n    when:\n      priority: [1, 2]\n",
    )
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Slow mail", impact="3", urgency="3")
    cloud.settle()
    (issue,) = cloud.people.jira_all()
    assert cloud.people.pd_all() == []

    def links():
        titles = [
            link["object"]["url"] for link in cloud.people.jira("GET", f"issue/{issue['key']}/remotelink")
        ]
        notes = [
            e["value"]
            for e in cloud.people.snow_journal(sys_id)
            if "The same incident elsewhere" in e["value"]
        ]
        return titles, notes

    titles, notes = links()
    assert (len(titles), len(notes)) == (1, 1)
    cloud.people.snow_set(sys_id, impact="1", urgency="1")
    cloud.settle(6)
    (incident,) = cloud.people.pd_all()
    assert incident["priority"]["summary"] == "P1"
    titles, notes = links()
    assert (len(titles), len(notes)) == (2, 2)
    assert incident["html_url"] in notes[-1]
    (note,) = [n["content"] for n in cloud.people.pd_notes(incident["id"]) if "elsewhere" in n["content"]]
    assert issue["key"] in note
    cloud.people.snow_set(sys_id, short_description="Still slow")
    cloud.settle(6)
    assert [len(found) for found in links()] == [2, 2]


@pytest.mark.parametrize("fault", ["error_before", "error_after", "reset_after"])
def test_a_second_link_back_in_doubt_is_not_taken_for_the_first(cloud, fault):
    cloud.configure(
        "  - name: everywhere\n    from: [snow, jira, pd]\n    to: [snow, jira, pd]\n",
        "  - name: tickets\n    from: [snow]\n    to: [jira]\n"
        "  - name: rings\n    from: [snow]\n    to: [pd]\n    when:\n      priority: [1, 2]\n",
    )
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Slow mail", impact="3", urgency="3")
    cloud.settle()
    cloud.people.snow_set(sys_id, impact="1", urgency="1")
    cloud.fault("snow", fault, "PATCH", "table/incident/")
    for _ in range(8):
        cloud.sync(30)
    (incident,) = cloud.people.pd_all()
    notes = [e["value"] for e in cloud.people.snow_journal(sys_id) if incident["html_url"] in e["value"]]
    assert len(notes) == 1


def test_links_back_do_not_wait_for_ever_for_a_platform_that_is_down(cloud):
    cloud.sync()
    cloud.sandbox["pd"].take_down("reset")
    sys_id = cloud.people.snow_create(short_description="During an outage")
    cloud.settle()
    for _ in range(3):
        cloud.sync(300)
    (issue,) = cloud.people.jira_all()
    assert any(issue["key"] in e["value"] for e in cloud.people.snow_journal(sys_id))
    cloud.sandbox["pd"].take_down(None)
    for _ in range(6):
        cloud.sync(120)
    (incident,) = cloud.people.pd_all()
    notes = [e["value"] for e in cloud.people.snow_journal(sys_id) if "elsewhere" in e["value"]]
    assert len(notes) == 2
    assert incident["html_url"] in notes[-1]


def test_the_link_to_a_deleted_sibling_makes_no_new_note(trio):
    world = trio.world
    before = len(trio.journal())
    world.people.jira("DELETE", f"issue/{trio.key}")
    for _ in range(4):
        world.sync(700)
        world.sweep("jira")
    assert trio.said("gone")
    assert len(trio.journal()) == before


@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_what_no_poll_told_of_is_found_by_the_sweep_and_copied_once(trio, name):
    world = trio.world
    if name == "snow":
        world.people.snow_set(trio.sys_id, work_notes="Only the sweep")
        world.people.snow_attach(trio.sys_id, "trace.log", b"0123")
    elif name == "jira":
        comment(world, trio.key, "Only the sweep")
        world.people.jira_attach(trio.key, "trace.log", b"0123")
    else:
        world.people.pd("POST", f"incidents/{trio.pd_id}/notes", {"note": {"content": "Only the sweep"}})
    for _ in range(2):
        world.sweep(name)
        world.work()
    for texts in (trio.journal(), trio.comments(), trio.notes()):
        assert len([text for text in texts if "Only the sweep" in text]) == 1
    if name != "pd":
        assert [file for file, _ in world.people.snow_files(trio.sys_id)] == ["trace.log"]
        assert [file for file, _ in world.people.jira_files(trio.key)] == ["trace.log"]
