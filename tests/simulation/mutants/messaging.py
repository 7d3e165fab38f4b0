"""Messages out: what became of one, and whether it is said again."""

from typing import Final

from mutants.mutant import Mutant

SENDING: Final = "sync/syncline/messages/sending.py"
PAGING: Final = "sync/syncline/messages/paging.py"

MUTANTS: Final = (
    Mutant(
        name="unknown-message-counts-as-sent",
        fault="messages",
        breaks="A message without a verdict has mostly arrived, and people hate to be told twice.",
        expects="missed",
        file=SENDING,
        before="            _doubt(tx, station, lease, message, verdict.reason)\n",
        after="            _arrived(tx, station, lease, message, State.SENT)\n",
        needs={"escalation": True, "faults": ["silent"]},
    ),
    Mutant(
        name="unknown-message-counts-as-not-sent",
        fault="messages",
        breaks="A message without a verdict is tried again like one that was turned away.",
        expects="doubled",
        file=SENDING,
        before="            _doubt(tx, station, lease, message, verdict.reason)\n",
        after="            _later(tx, station, lease, message, verdict)\n",
        needs={"escalation": True, "faults": ["silent"]},
    ),
    Mutant(
        name="interrupted-message-counts-as-sent",
        fault="messages",
        breaks="What was on its way when we were stopped has left.",
        expects="missed",
        file=SENDING,
        before='        _doubt(tx, station, lease, message, "Syncline was interrupted while it was on its way")\n',
        after="        _arrived(tx, station, lease, message, State.SENT)\n",
        needs={"escalation": True, "faults": ["kill", "killwrite"]},
    ),
    Mutant(
        name="interrupted-message-counts-as-due",
        fault="messages",
        breaks="What was on its way when we were stopped has not been sent: no word of it was stored.",
        expects="doubled",
        file=SENDING,
        before="    if message.state is State.SENDING:\n",
        after="    if message.state is State.SENDING and message.repeated:\n",
        needs={"escalation": True, "faults": ["kill", "killwrite"]},
    ),
    Mutant(
        name="repeat-does-not-say-so",
        fault="messages",
        breaks="A repeated page is the same page, so it has the same text.",
        expects="doubled",
        file=SENDING,
        before='    text = f"{wording.REPEAT}\\n\\n{message.text}" if message.repeated else message.text\n',
        after="    text = message.text\n",
        needs={"escalation": True, "faults": ["silent", "kill", "killwrite"]},
    ),
    Mutant(
        name="message-to-stakeholders-repeated",
        fault="messages",
        breaks="A message without a verdict is sent once more, whoever it is for.",
        expects="doubled",
        file=SENDING,
        before="    last = message.repeated or not message.urgent\n",
        after="    last = message.repeated\n",
        needs={"escalation": True, "faults": ["silent", "kill", "killwrite"]},
    ),
    Mutant(
        name="page-of-a-platform-counts-as-not-sent",
        fault="messages",
        breaks="A platform that did not answer did not page anybody: the request is tried again.",
        expects="doubled",
        file=PAGING,
        before="        return Verdict(Fate.UNKNOWN, str(error))\n",
        after="        return Verdict(Fate.LATER, str(error))\n",
        needs={"escalation": True, "faults": ["error", "reset", "late"]},
    ),
    Mutant(
        name="refused-page-ends-silently",
        fault="messages",
        breaks="A page that was refused is on the timeline; the incident is looked at again when something changes.",
        expects="missed",
        file=SENDING,
        before='    log.warning("%s could not be delivered: %s", wording.about(message), reason)\n    _tell(tx, station, message)\n',
        after='    log.warning("%s could not be delivered: %s", wording.about(message), reason)\n',
        also=(
            (
                "sync/syncline/escalation/deeds.py",
                "    s.look(s.now + c.policy.undelivered.after)\n",
                "",
            ),
            (
                "sync/syncline/escalation/undelivered.py",
                "    c.sitting.look(patience)\n",
                "",
            ),
        ),
        needs={"escalation": True, "faults": ["refuses"]},
    ),
    Mutant(
        name="message-without-its-mark",
        fault="messages",
        breaks="Pages are marked, since they are urgent; whatever else is in the outbox goes with them.",
        expects="missed",
        file="sync/syncline/escalating.py",
        before="        station.ledger.mark(tx, ledger.message(message.id), message.due, message.urgency)\n",
        after="""\
        if message.urgent:
            station.ledger.mark(tx, ledger.message(message.id), message.due, message.urgency)
""",
        needs={"escalation": True},
    ),
)
