"""What is recognised of a database, from its stamp, from itself, and from where it lies."""

from dataclasses import replace

import pytest

from syncline.lineage import Doubt, Home, Kept, Stamp, Unreadable, recognise

HERE = Home("m1", "/srv/syncline.db")
KEPT = Kept("store", 4, 70, HERE, "/srv/syncline.db.stamp")
STAMP = Stamp("store", 4, 70, HERE)
NEW = Kept("store", 1, 0, None)


def doubt(stamp, kept=KEPT, here=HERE):
    found = recognise(stamp, kept, here)
    return None if found is None else found.doubt


def test_a_database_beside_its_stamp_is_the_one():
    assert doubt(STAMP) is None


def test_a_new_one_is_the_one():
    assert doubt(None, NEW) is None


def test_one_that_a_version_without_stamps_has_made_is_no_clone():
    assert doubt(None, replace(NEW, generation=9)) is None


def test_a_crash_between_the_count_and_the_first_stamp_is_no_clone():
    assert doubt(None, replace(NEW, generation=2, beat=1)) is None


def test_a_crash_between_the_first_stamp_and_its_note_is_no_clone():
    assert doubt(replace(STAMP, generation=2, beat=1), replace(NEW, generation=2, beat=1)) is None


@pytest.mark.parametrize("behind", [{"generation": 3}, {"beat": 69}, {"generation": 3, "beat": 1}])
def test_a_stamp_that_is_behind_is_that_of_a_crash(behind):
    assert doubt(replace(STAMP, **behind)) is None


@pytest.mark.parametrize("ahead", [{"generation": 5}, {"beat": 71}, {"generation": 5, "beat": 71}])
def test_a_stamp_that_is_ahead_means_a_backup(ahead):
    assert doubt(replace(STAMP, **ahead)) is Doubt.RESTORED


def test_a_backup_from_before_the_upgrade_is_one_too():
    assert doubt(STAMP, replace(NEW, generation=3)) is Doubt.RESTORED


def test_a_copy_elsewhere_on_the_machine():
    there = replace(HERE, place="/srv/test/syncline.db")
    assert doubt(None, here=there) is Doubt.MOVED
    assert doubt(STAMP, here=there) is Doubt.MOVED  # with its folder
    assert doubt(replace(STAMP, home=there), here=there) is Doubt.MOVED


def test_a_copy_on_another_machine():
    assert doubt(STAMP, here=replace(HERE, machine="m2")) is Doubt.ELSEWHERE
    assert doubt(None, here=Home("m2", "/elsewhere.db")) is Doubt.ELSEWHERE


@pytest.mark.parametrize(("before", "now"), [("", "m1"), ("m1", ""), ("", "")])
def test_a_machine_without_a_name_could_be_any(before, now):
    there = replace(HERE, machine=before)
    assert doubt(replace(STAMP, home=there), replace(KEPT, home=there), replace(HERE, machine=now)) is None


def test_a_stamp_that_is_gone():
    assert doubt(None) is Doubt.UNSTAMPED


def test_none_is_missed_where_none_could_be_written():
    assert doubt(None, replace(KEPT, stamp="")) is None


def test_a_stamp_that_says_nothing():
    found = recognise(Unreadable("it is no JSON"), KEPT, HERE)
    assert found is not None
    assert found.doubt is Doubt.UNREADABLE
    assert "it is no JSON" in found.text


def test_the_stamp_of_another_database():
    assert doubt(replace(STAMP, identity="other")) is Doubt.STRANGER
    found = recognise(replace(STAMP, identity="other"), NEW, HERE)
    assert found is not None
    assert "delete its stamp" in found.text


@pytest.mark.parametrize(
    "stamp", [None, Unreadable("x"), replace(STAMP, beat=99), replace(STAMP, identity="other")]
)
def test_the_sentence_says_what_why_and_what_to_do(stamp):
    found = recognise(stamp, KEPT, HERE)
    assert found is not None
    assert "syncline adopt" in found.text
    assert "nothing is polled, written or sent" in found.text
    assert "twice" in found.text
