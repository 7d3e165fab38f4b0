"""Comments and files: who may see a copy, and how one is known again."""

from typing import Final

from mutants.mutant import Mutant

COPIES: Final = "sync/syncline/delivery/copies.py"
COPYING: Final = "sync/syncline/intake/copying.py"
ITEMS: Final = "sync/syncline/store/items.py"

MUTANTS: Final = (
    Mutant(
        name="copies-are-public",
        fault="F29",
        breaks="A copy is as public as its target allows: that comments are kept public was asked for by the settings.",
        expects="leaked",
        file=COPIES,
        before="    if item.visibility is Visibility.PUBLIC and keep and Visibility.PUBLIC in offered:\n",
        after="    if keep and Visibility.PUBLIC in offered:\n",
    ),
    Mutant(
        name="notes-of-other-platforms-are-public",
        fault="F29",
        breaks="What no customer of that platform reads is marked internal there; everywhere else it is for all who may read it.",
        expects="leaked",
        file=COPIES,
        before="    return Visibility.INTERNAL if Visibility.INTERNAL in offered else item.visibility\n",
        after="    return Visibility.PUBLIC if Visibility.PUBLIC in offered else item.visibility\n",
    ),
    Mutant(
        name="marker-of-a-copy-not-recognised",
        fault="F29",
        breaks="The ledger of ids knows our copies, so that the mark in their text is for people only.",
        expects="duplicate",
        file=COPYING,
        before="        marker = marker_of(thing.body)\n",
        after="        marker = marker_of(thing.body) if not thing.own else None\n",
    ),
    Mutant(
        name="pasted-copy-taken-for-ours",
        fault="F29",
        breaks="A text with our mark is our copy.",
        expects="lost",
        file=COPYING,
        before="        if marker is not None and not _pasted(tx, endpoint, marker, thing):\n",
        after="        if marker is not None:\n",
        needs={"people": "paste our copy of a comment, with its mark, into a comment of their own"},
    ),
    Mutant(
        name="own-comments-are-copies",
        fault="F28",
        breaks="What our own account has said is a copy of what somebody said elsewhere.",
        expects="lost",
        file=COPYING,
        before="    if isinstance(thing, Remark):\n        marker = marker_of(thing.body)\n",
        after="    if isinstance(thing, Remark):\n        if thing.own:\n            return False\n        marker = marker_of(thing.body)\n",
        needs={"bots": "comment with our own account"},
    ),
    Mutant(
        name="file-known-by-its-id-only",
        fault="F29",
        breaks="Several files may bear one name, so only the id tells whether one is our copy.",
        expects="duplicate",
        file=ITEMS,
        before='        or (native_id is None and (content["name"], content["size"]) == (file.name, file.size))\n',
        after="",
        needs={"people": "attach files"},
    ),
    Mutant(
        name="own-files-are-copies",
        fault="F28",
        breaks="A file that our own account attached is a copy.",
        expects="lost",
        file=COPYING,
        before="        if thing.own and items.is_copy(tx, link.incident_id, endpoint.name, thing):\n",
        after="        if thing.own:\n",
        needs={"bots": "attach files with our own account"},
    ),
    Mutant(
        name="comments-and-files-share-their-ids",
        fault="F29",
        breaks="An id is an id: whether it is that of a comment or of a file makes no difference.",
        expects="lost",
        file=ITEMS,
        before="            items.c.instance == instance, items.c.kind == kind, items.c.native_id.in_(native_ids)\n",
        after="            items.c.instance == instance, items.c.native_id.in_(native_ids)\n",
        needs={"people": "attach files, and comment, on Jira, where both are numbered alike"},
    ),
    Mutant(
        name="copy-done-when-it-is-sent",
        fault="F7",
        breaks="A copy is done when its request has been sent: what becomes of it shows on the platform.",
        expects="lost",
        file="sync/syncline/delivery/turn.py",
        before='            return self._log(tx, s, "comment", operation, marker=item.id, item=item, link=link)\n',
        after="""\
            items.copied(tx, item.id, self.endpoint.name, None)
            return self._log(tx, s, "comment", operation, marker=item.id, item=item, link=link)
""",
        needs={"faults": ["error", "reset", "throttle", "kill", "killwrite"]},
    ),
    Mutant(
        name="newest-copy-first",
        fault="F29",
        breaks="What is copied first is what people wait for: the latest word.",
        expects="disordered",
        file=ITEMS,
        before="    .order_by(items.c.created_at, items.c.id)\n    .limit(1)\n",
        after="    .order_by(items.c.created_at.desc(), items.c.id)\n    .limit(1)\n",
        needs={"faults": ["outage", "throttle"]},
    ),
    Mutant(
        name="copy-loses-its-lines",
        fault="F25",
        breaks="White space is no part of what was said.",
        expects="garbled",
        file="sync/syncline/remarks.py",
        before="    text = body if len(body) <= room else body[: room - len(CUT)] + CUT\n",
        after='    body = " ".join(body.split())\n    text = body if len(body) <= room else body[: room - len(CUT)] + CUT\n',
    ),
    Mutant(
        name="copy-under-the-last-editors-name",
        fault="F29",
        breaks="Who wrote on a ticket is who changed it last.",
        expects="garbled",
        file=COPIES,
        before="        item.author,\n        source.title",
        after="""\
        next((li.seen_by or item.author for li in s.links if li.instance == item.instance), item.author),
        source.title""",
    ),
    Mutant(
        name="file-is-text",
        fault="F25",
        breaks="A log is text, and text is decoded when it is read.",
        expects="garbled",
        file=COPIES,
        before='item.content["content_type"], content)\n',
        after='item.content["content_type"], content.decode("latin-1").encode("ascii", "replace"))\n',
    ),
    Mutant(
        name="link-back-to-the-first-ticket-only",
        fault="F29",
        breaks="A ticket leads to the one with which the incident began; from there the others are found.",
        expects="unlinked",
        file=COPIES,
        before="        if li.instance != link.instance\n",
        after="        if li.instance != link.instance and li.origin\n",
    ),
)
