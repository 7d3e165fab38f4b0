"""Public holidays of a country or of one of its regions, by the package `holidays`."""

from datetime import date
from functools import lru_cache
from typing import Final

from syncline.mapping.validation import suggestion

YEARS: Final = range(2015, 2041)
"""For which years holidays are known. Later ones are not decreed yet, or move."""


@lru_cache(maxsize=64)
def public_holidays(code: str) -> frozenset[date]:
    """The public holidays of `FR`, or of `DE-BY` with its region, in `YEARS`.

    Raises:
        ValueError: there is no such country or region.
    """
    # It takes an eighth of a second to load; most files name no country.
    import holidays

    country, _, region = code.partition("-")
    known = holidays.list_supported_countries()
    if country not in known:
        raise ValueError(f'no country has the code "{code[:40]}"{_country_near(country[:40], known)}')
    if region and region not in known[country]:
        near = suggestion(region[:40], known[country]) if known[country] else f"; write {country}"
        raise ValueError(f'{country} has no region "{region[:40]}"{near}')
    return frozenset(holidays.country_holidays(country, subdiv=region or None, years=YEARS))


def _country_near(name: str, known: dict[str, list[str]]) -> str:
    from holidays.registry import COUNTRIES

    codes = {module.replace("_", " "): entry[1] for module, entry in COUNTRIES.items()}
    code = codes.get(name.casefold())
    if code is None and name.upper() in known:
        code = name.upper()
    return (
        f'. Did you mean "{code}"?'
        if code
        else "; write its two letters, such as FR or DE, or DE-BY with a region"
    )
