"""What one instance is like: its business objects, how it writes times, and who we are there. Asked for once, and again each hour."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from syncline.errors import Configuration
from syncline.http.client import Http
from syncline_cherwell.client import Client
from syncline_cherwell.records import Shape
from syncline_cherwell.schema import BusinessObject
from syncline_cherwell.settings import CherwellSettings
from syncline_cherwell.values import CULTURES, Dates, said

FRESH: Final = timedelta(hours=1)
"""Blueprints are published now and then; ids stay."""

_SKEW: Final = 90.0

T = TypeVar("T")


class Discovery:
    """Remembers what an instance is like, as a cache."""

    def __init__(
        self, client: Client, http: Http, settings: CherwellSettings, fields: frozenset[str]
    ) -> None:
        self._client = client
        self._http = http
        self._settings = settings
        self._fields = tuple(sorted(fields))
        self._known: dict[str, tuple[datetime, object]] = {}

    def forget(self) -> None:
        """Ask for all of it anew."""
        self._known = {}

    def incident(self) -> BusinessObject:
        """The business object of incidents.

        Raises:
            Configuration: there is none, or we may not see it.
        """
        return self._known_as(self._settings.object_name)

    def people(self) -> BusinessObject:
        """The business object of users. Raises as `incident`."""
        return self._known_as("UserInfo")

    def note(self) -> BusinessObject:
        """The journal of notes. Raises as `incident`."""
        return self._known_as("Journal", self._settings.note_journal)

    def request(self) -> BusinessObject | None:
        """The journal in which customers write; None: there is none such, or none is wanted."""
        return self._journal(self._settings.request_journal)

    def history(self) -> BusinessObject | None:
        """The journal of what people changed; None: there is none such, or none is wanted."""
        return self._journal(self._settings.history_journal)

    def shape(self) -> Shape:
        """What is asked for of records, and how they are read. Raises as `incident`."""
        return self._once("shape", self._shape)

    def dates(self) -> Dates:
        """How times are written.

        Raises:
            Configuration: the settings are not those of the instance.
        """
        return self._once("dates", self._dates)

    def account(self) -> tuple[str, str]:
        """Record id and full name of our account.

        Raises:
            Configuration: the instance does not tell.
        """
        return self._once("account", self._account)

    def _once(self, name: str, ask: Callable[[], T]) -> T:
        now = self._http.platform_now()
        known = self._known.get(name)
        if known is None or not timedelta(0) <= now - known[0] < FRESH:
            # The first reply tells the platform's time.
            found = ask()
            known = self._known[name] = (self._http.platform_now(), found)
        return known[1]  # type: ignore[return-value]

    def _journal(self, name: str) -> BusinessObject | None:
        there = bool(name) and name in self._ids("Journal")
        return self._known_as("Journal", name) if there else None

    def _known_as(self, name: str, member: str = "") -> BusinessObject:
        ident = self._ids(name).get(member or name)
        if ident is None:
            raise Configuration(
                f"{self._http.instance}: there is no business object {member or name}, or the account may not see it"
            )
        return self._once(ident, lambda: self._client.business_object(ident))

    def _ids(self, name: str) -> Mapping[str, str]:
        return self._once(f"ids of {name}", lambda: self._client.ids(name))

    def _shape(self) -> Shape:
        settings, incident = self._settings, self.incident()
        return Shape(
            web=settings.web or f"{self._http.base_url}/CherwellClient/Access",
            kind=settings.object_name,
            marker=settings.marker_field,
            modified=settings.modified_field,
            values=self._fields,
            times=incident.times,
            dates=self.dates(),
            account=self.account(),
            public=settings.public_field,
            history_line=settings.history_line,
        )

    def _account(self) -> tuple[str, str]:
        settings = self._settings
        mode = "Internal" if settings.auth_mode == "Internal" else "Windows"
        user = self._client.account(settings.username, mode)
        ident, name = said(user.get("recordId")), said(user.get("publicId")) or said(user.get("displayName"))
        if not ident:
            raise Configuration(
                f"{self._http.instance}: nobody has the login {settings.username}, so our own edits could not be told from those of"
                " people; correct username, or let the account read users"
            )
        return ident, name

    def _dates(self) -> Dates:
        settings, instance = self._settings, self._http.instance
        told = self._client.service()
        culture = said(told.get("csmCulture"))
        pattern = settings.date_format or CULTURES.get(culture, "")
        if not pattern:
            raise Configuration(
                f"{instance}: how the culture {culture or 'of the instance'} writes times is not known here; set date_format"
            )
        self._client.locale = "" if settings.date_format else culture
        offset = _seconds(said(told.get("systemUtcOffset")))
        meant = self._http.platform_now().astimezone(ZoneInfo(settings.time_zone)).utcoffset() or timedelta(0)
        if offset is not None and abs(offset - meant.total_seconds()) > _SKEW:
            raise Configuration(
                f"{instance}: the server is {offset / 3600:+g} h from UTC, and {settings.time_zone} is"
                f" {meant.total_seconds() / 3600:+g} h; set time_zone to the server's"
            )
        return Dates(pattern, settings.time_zone)


def _seconds(offset: str) -> float | None:
    """An offset such as `-05:00:00` in seconds; None: it is none."""
    sign = -1 if offset.startswith("-") else 1
    numbers = offset.lstrip("+-").split(":")
    if len(numbers) not in (2, 3) or not all(one.isdecimal() and one.isascii() for one in numbers):
        return None
    hours, minutes = int(numbers[0][:3]), int(numbers[1][:3])
    return sign * (hours * 3600 + minutes * 60)
