"""The ledger of copies: what is known, and what is news."""

from datetime import UTC, datetime

from syncline.model import Attachment, Remark, Visibility
from syncline.store import items

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def remark(native_id):
    return Remark(native_id, "1", "Amina", "Looking at it.", Visibility.INTERNAL, AT)


def file(native_id):
    return Attachment(native_id, "1", "trace.log", "text/plain", 12, "Amina", AT)


def test_a_comment_and_a_file_of_one_number_are_two_things(database):
    """Jira numbers its comments and its attachments each for itself."""

    def work(tx):
        item = items.insert_remark(tx, "remark000001", "SL-1", "snow", remark("a"))
        items.copy_to(tx, item, "jira")
        items.copied(tx, item.id, "jira", "10001")
        return (
            items.known(tx, "jira", items.REMARK, ["10001"]),
            items.known(tx, "jira", items.ATTACHMENT, ["10001"]),
        )

    assert database.transact(work) == ({"10001"}, set())


def test_an_original_of_one_kind_does_not_hide_the_other(database):
    def work(tx):
        items.insert_attachment(tx, "file00000001", "SL-1", "jira", file("10001"))
        return items.known(tx, "jira", items.REMARK, ["10001"]), items.known(
            tx, "jira", items.ATTACHMENT, ["10001"]
        )

    assert database.transact(work) == (set(), {"10001"})
