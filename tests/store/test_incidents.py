"""Incidents as rows: which earlier ones are found by a value, whatever stands in the others."""

from datetime import UTC, datetime, timedelta

import pytest

from syncline.merge import Origin
from syncline.model import Incident
from syncline.store import incidents

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
LONG = "é%_\\'\"{}" * 20_000
VALUES = ["olga", "OLGA@example.com", 'a "quoted" 100 %_\\ name', "Zoë 東京 \U0001f692", "nul \0 here", LONG]


def kept(database, values):
    """Incidents that have those values in one field; SL-0 and so on."""

    def store(tx):
        for number, value in enumerate(values):
            incident = Incident(f"SL-{number}", {"title": "t", "custom.account": value})
            incidents.insert(tx, incident, Origin("snow", "amina", AT))
        return tx.now

    return database.transact(store)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_what_names_a_value_is_found_by_it(database, value):
    now = kept(database, [*VALUES, value, None, "", ("a", "b")])
    since = now - timedelta(minutes=1)
    found = database.transact(lambda tx: incidents.known_since(tx, since, value))
    wanted = {f"SL-{n}" for n, one in enumerate([*VALUES, value]) if one == value}
    assert wanted <= {incident.id for incident in found}
    assert len(found) <= 3
    assert all(len(incident.values) == 2 for incident in found)


def test_without_a_value_all_are(database):
    now = kept(database, VALUES)
    assert len(database.transact(lambda tx: incidents.known_since(tx, now))) == len(VALUES)
    assert database.transact(lambda tx: incidents.known_since(tx, now + timedelta(hours=1))) == []
