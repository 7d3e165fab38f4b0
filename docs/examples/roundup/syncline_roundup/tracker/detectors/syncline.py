"""For the folder `detectors` of a tracker: every change of an issue gives it a greater stamp.

Roundup tells times by the second, so that of two states of one second nobody could say which is the newer.
"""

import time


def stamp(_db, cl, nodeid, newvalues):
    """Before an issue is made or changed."""
    if nodeid is None:
        newvalues["stamp"] = int(time.time() * 1_000_000)
    elif any(cl.get(nodeid, name) != value for name, value in newvalues.items()):
        newvalues["stamp"] = max(int(cl.get(nodeid, "stamp") or 0) + 1, int(time.time() * 1_000_000))


def init(db):
    """Last of all: other detectors may change more."""
    db.issue.audit("create", stamp, priority=900)
    db.issue.audit("set", stamp, priority=900)
