"""Where the tiers of a book stand on one platform."""

from collections.abc import Mapping

from syncline.escalation.book import Book


def tier_groups(book: Book, instance: str, platform: str) -> Mapping[str, str]:
    """Common group of each tier to what it is called on an instance: for `Mapping.with_groups`.

    What is said of the instance goes before what is said of its platform. Of two tiers with one group the first counts;
    a tier without a target there, and one that only informs, has none.
    """
    found: dict[str, str] = {}
    for tier in book.tiers.values():
        target = tier.to.get(instance, tier.to.get(platform))
        if target and tier.group and not tier.hierarchical:
            found.setdefault(tier.group, target)
    return found
