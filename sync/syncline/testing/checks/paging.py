"""Platforms that call people."""

from datetime import timedelta

from syncline.connector import Paged, PagePerson, Pager, mark
from syncline.errors import Refused
from syncline.testing.check import Tier, check
from syncline.testing.checks import needs
from syncline.testing.stand import Responds
from syncline.testing.trial import Trial


def _pager(t: Trial) -> tuple[Pager, Responds]:
    if not isinstance(t.stand, Responds):
        t.cannot("the stand calls nobody (Responds)")
    if not isinstance(t.connector, Pager):
        t.cannot("the connector is no Pager")
    return t.connector, t.stand


@check(
    Tier.BRONZE,
    "Send one request, whose text ends with mark(marker); tell by `paged` what came of it.",
    needs.pages,
)
def person_is_called(t: Trial) -> None:
    """A page that is thought sent and reaches nobody is an outage that nobody works on."""
    connector, stand = _pager(t)
    record = t.create()
    since = t.stand.clock.now() - timedelta(seconds=1)
    before = t.writes()
    marker, asked = t.token(), len(t.tap.seen)
    connector.write(PagePerson(record.id, marker, stand.callable_person, "Mail is down."))
    t.claim(t.writes() - before == 1, f"{t.writes() - before} requests that change something went out")
    sent = " ".join(str(one.body) for one in t.tap.seen[asked:])
    t.claim(mark(marker) in sent, "the text that the person reads does not end with our mark")
    came = connector.paged(record.id, stand.callable_person, since)
    t.claim(came in {Paged.PENDING, Paged.REACHED}, f"just called, `paged` says {came}")
    stand.respond(record.id, stand.callable_person, joins=True)
    t.stand.wait(5)
    came = connector.paged(record.id, stand.callable_person, since)
    t.claim(came is Paged.ANSWERED, f"the person accepted, and `paged` says {came}")


@check(Tier.BRONZE, "Give FAILED for whoever declines.", needs.pages)
def declined_page_has_failed(t: Trial) -> None:
    """The escalation goes on to the next person by nothing else."""
    connector, stand = _pager(t)
    record = t.create()
    since = t.stand.clock.now() - timedelta(seconds=1)
    connector.write(PagePerson(record.id, t.token(), stand.callable_person, "Mail is down."))
    stand.respond(record.id, stand.callable_person, joins=False)
    t.stand.wait(5)
    came = connector.paged(record.id, stand.callable_person, since)
    t.claim(came is Paged.FAILED, f"the person declined, and `paged` says {came}")


@check(Tier.BRONZE, "Raise Refused for somebody whom the platform does not know.", needs.pages)
def page_to_nobody_is_refused(t: Trial) -> None:
    """The escalation then goes on by another way at once."""
    connector, _ = _pager(t)
    record = t.create()
    operation = PagePerson(record.id, t.token(), "nobody@nowhere.example", "Mail is down.")
    t.raises(Refused, lambda: connector.write(operation), "a page to nobody@nowhere.example")


@check(Tier.BRONZE, "Raise Refused for PagePerson; or state `pages`.", needs.no_pages)
def no_pages_is_true(t: Trial) -> None:
    """A page that is swallowed wakes nobody."""
    record = t.create()
    before = t.writes()
    operation = PagePerson(record.id, t.token(), "somebody@example.com", "Mail is down.")
    t.raises(Refused, lambda: t.connector.write(operation), "a page on a platform that calls nobody")
    t.claim(t.writes() == before, "it was refused, and something was sent")
