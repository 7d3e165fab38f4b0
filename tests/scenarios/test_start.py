"""The very beginning: what is made while Syncline starts for the first time."""

from itertools import count

from syncline import ledger


def test_what_is_made_in_the_second_of_the_first_start_is_taken_up(cloud, monkeypatch):
    # The platforms stamp whole seconds, and some time passes between their reply and our look at the clock.
    ticks, monotonic = count(), cloud.clock.monotonic
    monkeypatch.setattr(type(cloud.clock), "monotonic", lambda _clock: monotonic() + next(ticks) / 1e6)
    cloud.sync(0)
    cloud.people.snow_create(short_description="In the same second")
    cloud.settle()
    assert [issue["fields"]["summary"] for issue in cloud.people.jira_all()] == ["In the same second"]


def test_what_is_made_while_the_first_poll_waits_for_its_turn_is_news(cloud):
    station = cloud.app.station
    station.database.transact(lambda tx: station.ledger.mark(tx, ledger.poll("snow")))
    cloud.clock.advance(20)
    sys_id = cloud.people.snow_create(short_description="Mail is down")
    cloud.clock.advance(20)
    cloud.settle()
    assert cloud.said(sys_id, "began")
