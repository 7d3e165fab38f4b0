"""What platforms show becomes rows and marks: polls, sweeps, adoption, what is gone."""

from typing import Final

from mutants.mutant import Mutant

ADOPTION: Final = "sync/syncline/intake/adoption.py"
ASKING: Final = "sync/syncline/intake/asking.py"
POLLING: Final = "sync/syncline/intake/polling.py"
SIGHTINGS: Final = "sync/syncline/intake/sightings.py"

MUTANTS: Final = (
    Mutant(
        name="own-events-dropped-at-intake",
        fault="F28",
        breaks="A row that our own account wrote last is our echo: it is left out, as every loop filter does.",
        expects="lost",
        file=SIGHTINGS,
        before="    taken = Taken()\n",
        after="""\
    taken = Taken()
    if listed:
        sightings = [s for s in sightings if s.record is None or not s.record.own]
""",
    ),
    Mutant(
        name="cursor-saved-before-the-page",
        fault="F11",
        breaks="The cursor is saved as soon as the page is here, so that a page that cannot be stored is not asked for for ever.",
        expects="lost",
        file=POLLING,
        before="    page = endpoint.connector.poll(progress.cursor, PAGE)\n",
        after="""\
    page = endpoint.connector.poll(progress.cursor, PAGE)
    station.database.transact(lambda tx: instances.update(tx, endpoint.name, cursor=dict(page.cursor)))
""",
        needs={"nets": "poll", "faults": ["kill", "killwrite"]},
    ),
    Mutant(
        name="cursor-by-our-own-clock",
        fault="F17",
        breaks="Machines keep time by NTP, so our clock is as good as the platform's.",
        expects="lost",
        file="sync/syncline/http/line.py",
        before="            return at + timedelta(seconds=max(0.0, self.clock.monotonic() - then))",
        after="            return self.clock.now()",
        needs={"nets": "poll", "faults": ["skew"]},
    ),
    Mutant(
        name="stale-row-believed",
        fault="F10",
        breaks="A row comes from the platform, and the platform is right: it is compared whatever its revision.",
        expects="lost",
        file=SIGHTINGS,
        before="        if record.revision < link.revision or (listed and link.stale):\n",
        after="        if record.revision < link.revision and not listed:\n",
        needs={"faults": ["stale"]},
    ),
    Mutant(
        name="row-of-before-our-write-believed",
        fault="F10",
        breaks="A row of the revision that we know cannot be older than what we know.",
        expects="lost",
        file=SIGHTINGS,
        before="        if record.revision < link.revision or (listed and link.stale):\n",
        after="        if record.revision < link.revision:\n",
    ),
    Mutant(
        name="row-of-the-known-second-skipped",
        fault="F12",
        breaks="A row whose stamp is not newer than the one we know shows nothing new.",
        expects="lost",
        file=SIGHTINGS,
        before="        if record.revision < link.revision or (listed and link.stale):\n",
        after="        if listed and (record.updated_at <= link.seen_at or link.stale):\n",
        needs={"people": "several edits of one ticket within one second"},
    ),
    Mutant(
        name="comment-wakes-nobody",
        fault="F6",
        breaks="A comment changes no field, so the incident need not be looked at again.",
        expects="stuck",
        file=SIGHTINGS,
        before="    taken.dirty.update(news)\n",
        after="",
    ),
    Mutant(
        name="first-comment-lost",
        fault="F8",
        breaks="Links are looked up once for a page: what is adopted from that page has its comments in the next one.",
        expects="lost",
        file=SIGHTINGS,
        before="            links.update(incidents.links_to(tx, endpoint.name, [sighting.record_id]))\n",
        after="",
        needs={"people": "comment on a ticket within seconds of making it"},
    ),
    Mutant(
        name="our-own-new-record-begins-an-incident",
        fault="F1",
        breaks="A record of ours is linked by the reply to its create; what a poll shows without a link is somebody's.",
        expects="duplicate",
        file=ADOPTION,
        before="    if record.marker is not None:\n",
        after="    if record.marker is not None and backfill:\n",
    ),
    Mutant(
        name="earlier-comments-not-copied-to-a-new-record",
        fault="F29",
        breaks="A comment is copied when it is seen, to the records that there are.",
        expects="lost",
        file=ADOPTION,
        before="        spread(tx, station, item, [endpoint.name])",
        after="        _ = item",
        needs={"people": "comment on a ticket before it stands on all platforms"},
    ),
    Mutant(
        name="tombstone-after-one-look",
        fault="F33",
        breaks="A direct read that finds nothing is proof: the record is gone.",
        expects="diverged",
        file=ASKING,
        before="    patience = station.configuration.gone_after\n",
        after="""\
    patience = timedelta(0)
    link = replace(link, missing_since=link.missing_since or tx.now)
""",
        needs={"faults": ["hidden"]},
    ),
    Mutant(
        name="deleted-record-recreated",
        fault="F33",
        breaks="A record that is gone has no link, and an incident without a record there needs one.",
        expects="duplicate",
        file=ASKING,
        before="    incidents.update_link(tx, link.incident_id, link.instance, gone_at=tx.now, stale=False)\n",
        after="    incidents.forget_link(tx, link)\n",
        needs={"faults": ["delete"]},
    ),
    Mutant(
        name="absence-from-a-list-is-deletion",
        fault="F19",
        breaks="The sweep asked for the record by its id, and it was not among the answers.",
        expects="diverged",
        file=POLLING,
        before="        incidents.update_link(tx, link.incident_id, link.instance, stale=True)\n",
        after="        incidents.update_link(tx, link.incident_id, link.instance, gone_at=tx.now)\n",
        needs={"faults": ["pages", "hidden"]},
    ),
    Mutant(
        name="sweep-stops-after-a-full-page",
        fault="F8",
        breaks="The round is over when the page is not longer than what was asked for: off by one.",
        expects="diverged",
        file=POLLING,
        before="        finished = len(links) < count\n",
        after="        finished = len(links) <= count\n",
        needs={"nets": "sweep", "people": "more than fifty tickets on one platform"},
    ),
    Mutant(
        name="sweep-believes-equal-stamps",
        fault="F12",
        breaks="The sweep compares only what bears a newer stamp than what was seen.",
        expects="diverged",
        file=POLLING,
        before="        taken = take_in(tx, station, endpoint, sightings, listed=True)\n        drifted = taken.changed\n",
        after="""\
        at = {li.record_id: li.seen_at + timedelta(seconds=1) for li in links}
        newer = [s for s in sightings if s.record is not None and s.record.updated_at > at[s.record_id]]
        taken = take_in(tx, station, endpoint, newer, listed=True)
        drifted = taken.changed
""",
        needs={"nets": "sweep", "people": "edit a ticket within a second of our own write to it"},
    ),
    Mutant(
        name="sweep-marks-nothing",
        fault="F8",
        breaks="The sweep is an audit: it says what drifted, and leaves it to the next poll to bring it in.",
        expects="diverged",
        file=POLLING,
        before="        taken = take_in(tx, station, endpoint, sightings, listed=True)\n        drifted = taken.changed\n",
        after="""\
        seen = {s.record_id: s.record.values for s in sightings if s.record is not None}
        drifted = [li for li in links if li.record_id in seen and seen[li.record_id] != li.seen]
""",
        needs={"nets": "sweep"},
    ),
    Mutant(
        name="idle-instances-polled-rarely",
        fault="F8",
        breaks="Where a poll found nothing there is little to be found: the next one can wait.",
        expects="slow",
        file=POLLING,
        before="(0.0 if page.more else endpoint.settings.poll_every))\n",
        after="(0.0 if page.more else endpoint.settings.poll_every * (1 if taken.changed else 10)))\n",
        needs={"fair": True},
    ),
    Mutant(
        name="one-link-back-stands-for-all",
        fault="F44",
        breaks="Links back are written together: where one of them stands, all do.",
        expects="unlinked",
        file="sync/syncline/restoring/hearing.py",
        before="whole = whole or all((marker, other.instance) in sheet.linked for other in siblings)",
        after="whole = whole or any((marker, other.instance) in sheet.linked for other in siblings)",
        needs={"faults": ["pages", "reset", "killwrite"]},
    ),
    Mutant(
        name="overwritten-by-the-lost-store-forgotten",
        fault="F44",
        breaks="When a backup is adopted, what stands on a side last is all that it has to say.",
        expects="lost",
        file="sync/syncline/restoring/standing.py",
        before="            return not said.own and not said.automatic\n",
        after="            return False\n",
        needs={"faults": ["restore"]},
    ),
    Mutant(
        name="account-of-a-held-daemon-is-ours",
        fault="F44",
        breaks="When a backup is adopted, what our account wrote was written by us, or it was none of our business.",
        expects="lost",
        file="sync/syncline/restoring/adopting.py",
        before="    if idle_since is not None:\n",
        after="    if idle_since is None:\n        idle_since = station.clock.monotonic()\n    if idle_since > station.clock.monotonic():\n",
        needs={"faults": ["restore"], "bots": "some use our account"},
    ),
)
