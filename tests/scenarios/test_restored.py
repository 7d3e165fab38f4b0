"""A database that comes from a backup, or is a copy: held until it is adopted; then nothing is lost and nothing is done twice."""

import shutil

import pytest
from old_store import Backup, jira_create, numbers, pd_create, settle, state, wait

from syncline.errors import Configuration, RetryLater


def much_happens(trio, minutes):
    """Everything that can happen in a day, after the backup."""
    world, people = trio.world, trio.world.people
    people.snow_set(trio.sys_id, short_description="Mail is slow", work_notes="I restarted the relay.")
    world.settle()
    people.jira("POST", f"issue/{trio.key}/comment", {"body": "It is the queue."})
    people.pd("POST", f"incidents/{trio.pd_id}/notes", {"note": {"content": "Called the provider."}})
    people.snow_attach(trio.sys_id, "trace.txt", b"hop 1\nhop 2\n")
    people.jira_attach(trio.key, "queue.log", b"stuck\n")
    world.settle()
    people.pd_set(trio.pd_id, status="acknowledged")
    people.snow_create(short_description="The shop is down")
    jira_create(world, "The network is down")
    pd_create(world, "The phones are down")
    world.settle()
    wait(world, minutes)
    for issue in people.jira_all():
        people.jira(
            "POST", f"issue/{issue['key']}/comment", {"body": f"Looked at {issue['fields']['summary']}"}
        )
    world.settle()
    (shop,) = [r for r in people.snow_all() if r["short_description"] == "The shop is down"]
    people.snow_set(shop["sys_id"], impact="1", urgency="1", comments="Customers call.")
    people.snow_attach(shop["sys_id"], "basket.txt", b"empty\n")
    world.settle()


@pytest.mark.parametrize("minutes", [1, 30, 600])
def test_after_all_that_can_happen_nothing_is_lost_and_nothing_is_done_twice(both, minutes):
    world = both.world
    backup = Backup(world)
    much_happens(both, minutes)
    before, counts = state(world), numbers(world)
    assert counts == (4, 4, 4)
    backup.restore()
    with pytest.raises(Configuration, match="comes from a backup"):
        world.sync()
    marks = world.marks()
    found = world.app.adopt(lambda _text: None)
    assert world.writes(marks) == []
    assert found.incidents == 3
    assert not found.orphans
    settle(world)
    assert world.writes(marks) == []
    assert state(world) == before
    assert numbers(world) == counts
    assert world.parked() == []
    # And all goes on as if nothing had been.
    world.people.snow_set(both.sys_id, short_description="Mail works")
    for row in world.people.snow_all():
        world.people.snow_set(row["sys_id"], work_notes=f"Seen again {row['number']}")
    settle(world)
    assert both.titles() == ("Mail works",) * 3
    for issue in world.people.jira_all():
        texts = [c["body"] for c in world.people.jira("GET", f"issue/{issue['key']}/comment")["comments"]]
        assert sum("Seen again" in str(text) for text in texts) == 1
    assert numbers(world) == counts


# ---- what was under way --------------------------------------------------------------------------


def test_a_create_that_was_under_way_is_found(cloud):
    world = cloud
    world.sync()
    made = []

    def copy_it():
        made.append(Backup.__new__(Backup))
        made[0].world, made[0].file, made[0].copy = (
            world,
            world.folder / "syncline.db",
            world.folder / "backup.db",
        )
        shutil.copy(made[0].file, made[0].copy)

    world.before("jira", "POST", r"/issue$", copy_it)
    world.people.snow_create(short_description="Mail is down")
    world.settle()
    before = state(world)
    made[0].restore()
    marks = world.marks()
    made[0].adopt()
    assert numbers(world) == (1, 1, 1)
    assert world.writes(marks) == []
    assert state(world) == before


def test_a_copy_that_was_owed_in_the_backup_is_not_made_twice(trio):
    world, people = trio.world, trio.world.people
    people.snow_set(trio.sys_id, work_notes="I restarted the relay.")
    people.snow_attach(trio.sys_id, "trace.txt", b"hop 1\n")
    world.poll("snow")
    world.reconcile()
    backup = Backup(world)
    world.settle()
    before = state(world)
    backup.restore()
    marks = world.marks()
    backup.adopt()
    assert world.writes(marks) == []
    assert state(world) == before


def test_two_equal_comments_of_one_minute_have_two_copies_each(trio):
    world, people = trio.world, trio.world.people
    backup = Backup(world)
    for _ in range(2):
        people.jira("POST", f"issue/{trio.key}/comment", {"body": "Any news?"})
    world.settle()
    before = state(world)
    backup.restore()
    marks = world.marks()
    found = world.app.adopt(lambda _text: None)
    assert found.copies == 4
    settle(world)
    assert world.writes(marks) == []
    assert state(world) == before


def test_comments_that_nobody_had_copied_yet_are_copied_once(trio):
    world, people = trio.world, trio.world.people
    backup = Backup(world)
    people.snow_set(trio.sys_id, work_notes="The first.")
    world.settle()
    people.snow_set(trio.sys_id, work_notes="The second.")
    backup.restore()
    backup.adopt()
    assert [sum(text in c for c in trio.comments()) for text in ("The first.", "The second.")] == [1, 1]
    assert [sum(text in c for c in trio.notes()) for text in ("The first.", "The second.")] == [1, 1]


def test_links_back_of_which_some_stand_are_written_whole(cloud):
    """Found by the simulation: one of Jira's two links was lost with its request, and nobody ever wrote it."""
    cloud.sync()
    backup = Backup(cloud)
    issue = jira_create(cloud, "Mail is down")
    settle(cloud)
    first, _second = cloud.people.jira("GET", f"issue/{issue}/remotelink")
    cloud.people.jira("DELETE", f"issue/{issue}/remotelink/{first['id']}")
    backup.restore()
    backup.adopt()
    links = cloud.people.jira("GET", f"issue/{issue}/remotelink")
    assert len({link["globalId"] for link in links}) == 2


# ---- adopting itself -----------------------------------------------------------------------------


def test_killed_at_any_moment_and_run_again(trio, monkeypatch):
    world = trio.world
    backup = Backup(world)
    much_happens(trio, 1)
    before = state(world)
    backup.restore()
    marks = world.marks()
    for moment in (3, 9, 14, 17, 18, 19, 20, 21):
        world.reopen()
        database = world.app.database
        whole, left = database.transact, [moment]

        def dying(work, whole=whole, left=left):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            return whole(work)

        monkeypatch.setattr(database, "transact", dying)
        try:
            world.app.adopt(lambda _text: None)
        except KeyboardInterrupt:
            continue
    world.reopen()
    if world.app.recognised() is not None:
        world.app.adopt(lambda _text: None)
    settle(world)
    assert world.writes(marks) == []
    assert state(world) == before
    assert world.parked() == []


def test_it_can_be_done_again_and_again(trio):
    world = trio.world
    backup = Backup(world)
    much_happens(trio, 1)
    before = state(world)
    backup.restore()
    backup.adopt()
    marks = world.marks()
    found = world.app.adopt(lambda _text: None)
    assert (found.incidents, found.links, found.copies, found.edits) == (0, 0, 0, 0)
    settle(world)
    assert world.writes(marks) == []
    assert state(world) == before


def test_a_platform_that_cannot_be_asked_leaves_all_as_it_was(trio):
    world = trio.world
    backup = Backup(world)
    world.people.snow_set(trio.sys_id, short_description="Mail is slow")
    world.settle()
    backup.restore()
    world.sandbox["pd"].take_down()
    with pytest.raises(RetryLater):
        world.app.adopt(lambda _text: None)
    assert world.app.recognised() is not None
    world.sandbox["pd"].take_down(None)
    world.reopen()
    backup.adopt()
    assert trio.titles() == ("Mail is slow",) * 3


# ---- clones --------------------------------------------------------------------------------------


def test_a_clone_writes_nothing_and_sends_nothing(desk, tmp_path):
    world = desk.world
    trio = desk.urgent(short_description="Mail is down")
    world.people.snow_set(trio.sys_id, work_notes="To be copied.")
    world.poll("snow")
    for name in ("syncline.db", "syncline.db.stamp", "escalation.yaml"):
        shutil.copy(world.folder / name, tmp_path / name)
    world.app.close()
    home, world.folder = world.folder, tmp_path
    world.app = world.open()
    marks, told = world.marks(), list(desk.hook.got)
    world.clock.advance(3600)
    for forbidden in (
        lambda: world.sync(),
        lambda: world.app.backfill("snow", None, lambda *_: None),
        lambda: world.app.link(["snow/INC0010001", "jira/OPS-1"]),
        lambda: world.app.unlink(trio.number),
        lambda: world.app.escalate(trio.number, "now"),
        lambda: world.app.look("snow", trio.number),
    ):
        with pytest.raises(Configuration, match="moved, or is a copy"):
            forbidden()
    assert world.app.status().held is not None
    assert not world.app.status().well
    assert world.app.explain(trio.number)
    assert world.calls(marks) == {"snow": [], "jira": [], "pd": []}
    assert desk.hook.got == told
    world.app.close()
    world.folder = home
    world.app = world.open()
    world.settle()
    assert sum("To be copied." in text for text in trio.comments()) == 1


# ---- escalations ---------------------------------------------------------------------------------


def pages(desk, trio):
    return [(who, title) for who, title in desk.hook.got], desk.asked(trio)


def test_nobody_is_paged_again_about_what_somebody_has(desk):
    world = desk.world
    trio = desk.urgent(short_description="Mail is down")
    world.settle()
    backup = Backup(world)
    desk.at(trio, 16)
    desk.acknowledge(trio, "pd")
    world.settle()
    before = pages(desk, trio)
    assert before[0] or before[1]
    backup.restore()
    backup.adopt()
    assert pages(desk, trio) == before


def test_who_is_paged_again_is_told_that_it_may_be_a_repeat(desk):
    world = desk.world
    trio = desk.urgent(short_description="Mail is down")
    world.settle()
    backup = Backup(world)
    desk.at(trio, 16)
    notes = desk.notes(trio)
    before = len(desk.outbox(trio))
    backup.restore()
    backup.adopt()
    rows = [r for r in desk.outbox(trio)]
    assert rows
    assert len(rows) <= before + 1
    assert [list(dict.fromkeys(n)) for n in desk.notes(trio)] == [list(n) for n in notes]
    flagged = world.app.database.transact(
        lambda tx: tx.connection.exec_driver_sql(
            "SELECT repeated FROM messages WHERE created_at > 0"
        ).fetchall()
    )
    assert any(row[0] for row in flagged)


def test_a_snapshot_of_the_whole_machine_is_said(trio):
    """Database and stamp go back together: only the platforms know better."""
    world = trio.world
    backup = Backup(world)
    stamp = world.folder / "syncline.db.stamp"
    shutil.copy(stamp, world.folder / "stamp.backup")
    world.people.snow_create(short_description="The shop is down")
    world.settle()
    backup.restore()
    shutil.copy(world.folder / "stamp.backup", stamp)
    assert world.app.recognised() is None
    marks = world.marks()
    found = world.app.adopt(lambda _text: None)
    assert found.incidents == 1
    settle(world)
    assert world.writes(marks) == []
    assert numbers(world) == (2, 2, 2)


def test_an_unknown_marker_is_said_where_nobody_adopts(trio):
    world = trio.world
    backup = Backup(world)
    stamp = world.folder / "syncline.db.stamp"
    shutil.copy(stamp, world.folder / "stamp.backup")
    jira_create(world, "The shop is down")
    world.settle()
    backup.restore()
    shutil.copy(world.folder / "stamp.backup", stamp)
    world.sync()
    said = [event.text for event in world.events() if event.kind == "restored"]
    assert said
    assert "syncline adopt --anyway" in said[0]
