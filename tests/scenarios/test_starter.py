"""The policies that are shipped as an example."""

from syncline import policies
from syncline.configuration import defaults
from syncline.store import published


def in_force(world):
    return world.app.database.transact(lambda tx: published.current(tx, policies.NAME))


def test_the_example_pages_nobody_until_somebody_edits_it(cloud):
    text = defaults("config/escalation.yaml").read_text(encoding="utf-8")
    path = cloud.folder / "escalation.yaml"
    path.write_text(text, encoding="utf-8")
    cloud.reopen()
    assert cloud.app.station.policies is None
    path.write_text(text + "# ours\n", encoding="utf-8")
    cloud.reopen()
    assert cloud.app.station.policies is not None
    assert in_force(cloud).author == "first start"
