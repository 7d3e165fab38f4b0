"""Where tiers stand on a platform."""

from syncline.escalation.book import Book, Tier
from syncline.escalation.conditions import STANDARD
from syncline.escalation.targets import tier_groups

BOOK = Book(
    "digest",
    STANDARD,
    tiers={
        "L1": Tier(
            "L1", ("desk",), group="Service Desk", to={"servicenow": "Service Desk", "pagerduty": "PDESK"}
        ),
        "L2": Tier("L2", ("db",), group="DBA", to={"pagerduty": "PDBA", "pd-emea": "PDBAEU"}),
        "L2b": Tier("L2b", ("db",), group="DBA", to={"pagerduty": "PELSE", "servicenow": "Databases"}),
        "MGMT": Tier("MGMT", ("duty",), hierarchical=True, group="Board", to={"pagerduty": "PMGMT"}),
        "L3": Tier("L3", ("lab",), to={"pagerduty": "PLAB"}),
    },
)


def test_each_tier_goes_by_its_target_there() -> None:
    assert tier_groups(BOOK, "pd", "pagerduty") == {"Service Desk": "PDESK", "DBA": "PDBA"}


def test_what_is_said_of_the_instance_goes_first() -> None:
    assert tier_groups(BOOK, "pd-emea", "pagerduty")["DBA"] == "PDBAEU"


def test_a_tier_without_a_target_there_leaves_the_mapping_alone() -> None:
    assert tier_groups(BOOK, "snow", "servicenow") == {"Service Desk": "Service Desk", "DBA": "Databases"}
    assert tier_groups(BOOK, "jira", "jira") == {}
