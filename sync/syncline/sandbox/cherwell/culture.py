"""Times as text, in the culture and the time zone of the instance. Pure.

Cherwell gives and takes them as people there write them; a client id has a culture of its own (Ivanti, "Obtaining API Client
IDs"). Recorded replies of getbusinessobject show no seconds (`4/28/2019 1:57 PM`); filters of public clients are written with
seconds, or in ISO 8601 without an offset.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

CULTURES: Final = ("en-US", "en-GB", "de-DE")

_DAYS: Final = {"en-US": "%m/%d/%Y", "en-GB": "%d/%m/%Y", "de-DE": "%d.%m.%Y"}
_CLOCKS: Final = {
    "en-US": ("%I:%M:%S %p", "%I:%M %p"),
    "en-GB": ("%H:%M:%S", "%H:%M"),
    "de-DE": ("%H:%M:%S", "%H:%M"),
}


@dataclass(frozen=True, slots=True)
class Culture:
    """How an instance writes times.

    Attributes:
        name: One of `CULTURES`.
        zone: Its time zone.
        seconds_shown: Whether replies show seconds.
    """

    name: str
    zone: ZoneInfo
    seconds_shown: bool

    def written(self, at: int) -> str:
        """A time as a reply gives it."""
        local = datetime.fromtimestamp(at, self.zone)
        clock = f"{local:%H:%M}"
        if self.name == "en-US":
            clock = f"{local.hour % 12 or 12}:{local:%M}"
        if self.seconds_shown:
            clock += f":{local:%S}"
        if self.name == "en-US":
            return f"{local.month}/{local.day}/{local.year} {clock} {'PM' if local.hour >= 12 else 'AM'}"
        return f"{local.strftime(_DAYS[self.name])} {clock}"

    def read(self, text: str) -> int:
        """The time that a client wrote. Raises ValueError where it does not read."""
        day = _DAYS[self.name]
        patterns = [f"{day} {clock}" for clock in _CLOCKS[self.name]] + [day, "%Y-%m-%dT%H:%M:%S"]
        for pattern in patterns:
            try:
                return int(datetime.strptime(text.strip(), pattern).replace(tzinfo=self.zone).timestamp())
            except ValueError:
                continue
        raise ValueError(f"String '{text}' was not recognized as a valid DateTime.")

    def said(self, now: datetime) -> dict[str, str | dict[str, str]]:
        """What `serviceinfo` says of time. How the values are laid out is assumed."""
        local = now.astimezone(self.zone)
        minutes = int((local.utcoffset() or now.astimezone(UTC) - now).total_seconds() // 60)
        sign, hours, rest = "-" if minutes < 0 else "", *divmod(abs(minutes), 60)
        offset = f"{sign}{hours:02}:{rest:02}:00"
        return {
            "csmCulture": self.name,
            "systemDateTime": local.replace(microsecond=0).isoformat(),
            "systemUtcOffset": offset,
            "timeZone": {"id": str(self.zone), "baseUtcOffset": offset},
        }
