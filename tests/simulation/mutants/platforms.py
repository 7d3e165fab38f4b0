"""What only one platform's connector can get wrong: cursors, pages, stamps, markers."""

from typing import Final

from mutants.mutant import Mutant

SNOW: Final = "connectors/syncline_servicenow/"
JIRA: Final = "connectors/syncline_jira/"
PAGERDUTY: Final = "connectors/syncline_pagerduty/"

MUTANTS: Final = (
    Mutant(
        name="jira-cursor-without-overlap",
        fault="F14",
        breaks="`updated >= mark` includes the mark, so nothing lies behind it.",
        expects="lost",
        file=JIRA + "polling.py",
        before="    reach = max(int(overlap * 1000), REACH) if long else REACH\n",
        after="    reach = 0\n",
        needs={"nets": "poll", "faults": ["stale"]},
    ),
    Mutant(
        name="jira-mark-at-the-newest-change",
        fault="F14",
        breaks="The newest change on the last page says how far we have come.",
        expects="lost",
        file=JIRA + "polling.py",
        before="    mark = max(at.mark, at.began if now is not None else newest)\n",
        after="    mark = max(at.mark, at.newest) + 1\n",
        also=(
            (
                JIRA + "polling.py",
                "    since = max(at.mark - reach, at.floor)\n",
                "    since = max(at.mark, at.floor)\n",
            ),
        ),
        needs={"nets": "poll", "faults": ["stale"]},
    ),
    Mutant(
        name="jira-clone-hijacks-the-marker",
        fault="F35",
        breaks="A label that begins with ours is our marker.",
        expects="lost",
        file=JIRA + "records.py",
        before="    if creator and lens.own and not is_own(creator, lens):\n        return None\n",
        after="    _ = creator\n",
        needs={"people": "clone issues"},
    ),
    Mutant(
        name="servicenow-clone-hijacks-the-marker",
        fault="F35",
        breaks="A correlation that says Syncline is our marker.",
        expects="lost",
        file=SNOW + "records.py",
        before='    marked = text(plain(row.get("correlation_display"))) == ORIGIN and (not own or creator in {"", own})\n',
        after='    marked = creator is not None and text(plain(row.get("correlation_display"))) == ORIGIN\n',
        needs={"people": "copy incidents"},
    ),
    Mutant(
        name="servicenow-cursor-passes-a-running-second",
        fault="F12",
        breaks="The last row's place is how far we have come, and rows before it were read: no second is held, none read again.",
        expects="lost",
        file=SNOW + "polling.py",
        before="            mark = max(self.mark, reached if hold is None else min(reached, hold))\n",
        after="            mark = max(self.mark, reached)\n",
        also=(
            (
                SNOW + "polling.py",
                "        if _reach_due(self, now, overlap):\n",
                "        if not self.reached and _reach_due(self, now, overlap):\n",
            ),
        ),
        needs={"nets": "poll", "people": "edit different tickets within one second"},
    ),
    Mutant(
        name="servicenow-pages-by-offset",
        fault="F13",
        breaks="The next page begins so many rows further on, as in every tutorial.",
        expects="lost",
        file=SNOW + "polling.py",
        before="        return replace(self, page=max(settled or rows), offset=0, hold=hold)\n",
        after="        return replace(self, offset=self.offset + limit, hold=hold)\n",
        also=(
            (
                SNOW + "polling.py",
                "        if _reach_due(self, now, overlap):\n",
                "        if not self.reached and _reach_due(self, now, overlap):\n",
            ),
        ),
        needs={"nets": "poll", "page_size": "small", "people": "edit tickets while pages are read"},
    ),
    Mutant(
        name="servicenow-row-known-by-its-id",
        fault="F12",
        breaks="A look back brings rows a second time: those whose id was brought already are dropped.",
        expects="lost",
        file=SNOW + "feed.py",
        before="            if before.get(key) != mark:\n",
        after="            if key not in before:\n",
        needs={"nets": "poll"},
    ),
    Mutant(
        name="pagerduty-second-known-by-one-entry",
        fault="F12",
        breaks="What bears a stamp that was reported before was reported before.",
        expects="lost",
        file=PAGERDUTY + "cursor.py",
        before="        return entry_id in self.seen.get(int(at.timestamp()), ())\n",
        after="        return int(at.timestamp()) in self.seen\n",
    ),
    Mutant(
        name="pagerduty-cursor-without-overlap",
        fault="F14",
        breaks="The log is insert-only, so a window begins where the last one ended.",
        expects="lost",
        file=PAGERDUTY + "cursor.py",
        before="    since = position.thorough_at - reach if thorough else position.at - BRIEF\n",
        after="    since = position.at\n",
        needs={"nets": "poll", "faults": ["stale"]},
    ),
    Mutant(
        name="pagerduty-row-of-a-doubtful-second-believed",
        fault="F10",
        breaks="A row that a poll brings while we write is as good as any other.",
        expects="lost",
        file=PAGERDUTY + "polling.py",
        before="        return not records.is_final(record.revision) and self._reader.writes.disturbed(record.id, mark)\n",
        after="        return False\n",
    ),
    Mutant(
        name="pagerduty-held-rows-remembered",
        fault="F12",
        breaks="Entries of a page are remembered as reported, those too whose incident was held back as doubtful.",
        expects="lost",
        file=PAGERDUTY + "polling.py",
        before='        if entry_id is None or at is None or at < floor or identity(entry.get("incident")) in held:\n',
        after="        if entry_id is None or at is None or at < floor:\n",
    ),
    Mutant(
        name="pagerduty-resolution-note-unmarked",
        fault="F29",
        breaks="A resolution is a field, and fields bear no marker.",
        expects="duplicate",
        file=PAGERDUTY + "writing.py",
        before='    return f"{text}\\n{mark(token)}"\n',
        after='    return text if token else ""\n',
        needs={"people": "resolve with a resolution note on ServiceNow or Jira"},
    ),
    Mutant(
        name="work-notes-written-as-comments",
        fault="F29",
        breaks="A remark that does not say that it is a work note is a comment; the word for it is the wrong one.",
        expects="leaked",
        file=SNOW + "connector.py",
        before='                name = "comments" if visibility is Visibility.PUBLIC else "work_notes"\n',
        after='                name = "work_notes" if visibility.value == "work_note" else "comments"\n',
    ),
)
