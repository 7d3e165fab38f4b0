"""What an instance must know of itself to understand its issues: our account, its address, its fields, its people.

All of it is asked for once, when it is first needed, and kept; none of it changes while a connector lives. Two
workers that ask at the same time get the same answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from syncline.errors import Gone
from syncline_jira import records, shape
from syncline_jira.catalogue import EMPTY, Catalogue, FieldType, catalogue
from syncline_jira.client import JiraClient
from syncline_jira.history import user_keys, users_in
from syncline_jira.records import Lens
from syncline_jira.settings import JiraSettings

_REMEMBERED: Final = 10_000


class Perspective:
    """One instance's way of looking.

    Args:
        client: The instance's client.
        settings: Its settings.
        fields: Native fields that the mapping names.
    """

    def __init__(self, client: JiraClient, settings: JiraSettings, fields: frozenset[str]) -> None:
        self._client = client
        self._settings = settings
        self._fields = fields
        self._lens: Lens | None = None
        self._catalogue: Catalogue | None = None
        self._names: dict[str, str] = {}
        self._markers: dict[str, tuple[str, ...]] = {}

    def lens(self) -> Lens:
        """The lens of this instance; the first time up to three requests."""
        if self._lens is None:
            custom = any(name.startswith("customfield_") for name in self._fields)
            known = self.catalogue() if custom else EMPTY
            self._lens = Lens(
                instance=self._settings.name,
                cloud=self._settings.is_cloud,
                site=self._site(),
                fields=self._fields,
                own=self._own(),
                custom=known.custom,
                people=known.people,
                teams=known.teams,
            )
        return self._lens

    def lens_for(self, issue: Mapping[str, Any], histories: Sequence[Mapping[str, Any]]) -> Lens:
        """The lens, with the names of all people that a history names by key (Data Center)."""
        lens = self.lens()
        if lens.cloud:
            return lens
        for user in users_in(dict(issue)):
            self._names[shape.text(user.get("key"))] = shape.text(user.get("name"))
        for key in sorted(user_keys(list(histories), replace(lens, names=self._names))):
            try:
                user = shape.mapping(self._client.get("user", {"key": key}))
                self._names[key] = shape.text(user.get("name")) or key
            except Gone:
                self._names[key] = key
        return replace(lens, names=self._names)

    def catalogue(self) -> Catalogue:
        """All fields of the instance; the first time one request."""
        if self._catalogue is None:
            self._catalogue = catalogue(self._client.get("field"))
        return self._catalogue

    def known_catalogue(self) -> Catalogue:
        """The fields, as far as they were asked for already."""
        return self._catalogue or EMPTY

    def type_of(self, name: str) -> FieldType:
        """The type of a field; one without a type where there is none of that name."""
        return self.catalogue().fields.get(name) or FieldType(name, name, "")

    def learn(self, record_id: str, issue: Mapping[str, Any]) -> None:
        """Take note of our labels on an issue: who writes its labels must write them, too."""
        if len(self._markers) >= _REMEMBERED:
            self._markers = {}
        self._markers[record_id] = records.marker_labels(issue)

    def marker_labels(self, record_id: str) -> tuple[str, ...]:
        """Our labels on an issue; one request where no look at it brought them yet."""
        if record_id not in self._markers:
            self.learn(record_id, shape.mapping(self._client.issue_json(record_id, ("labels",))))
        return self._markers.get(record_id, ())

    def _own(self) -> frozenset[str]:
        me = self._client.account()
        # Not the key on Cloud: there it can be that of somebody's old user name.
        parts = ("accountId",) if self._settings.is_cloud else ("name", "key")
        return frozenset(
            {*(shape.text(me.get(part)) for part in parts), *self._settings.former_accounts} - {""}
        )

    def _site(self) -> str:
        if self._settings.site:
            return self._settings.site
        if not self._settings.through_gateway:
            return self._settings.url
        return shape.text(self._client.server().get("baseUrl")).rstrip("/") or self._settings.url
