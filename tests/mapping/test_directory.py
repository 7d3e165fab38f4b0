"""Who is who."""

from syncline.connector import Party, PartyKind
from syncline.mapping import Parties

PERSON, GROUP = PartyKind.PERSON, PartyKind.GROUP


def test_people_go_by_address_then_name_and_groups_by_name(people: Parties) -> None:
    assert people.handle(PERSON, "u-amina") == "amina.diallo@example.com"
    assert people.handle(PERSON, "u-nomail") == "Olga Petrova"
    assert people.handle(GROUP, "g-net") == "Network"
    assert people.handle(GROUP, "u-amina") is None
    assert people.native(PERSON, " AMINA.diallo@example.com ") == "u-amina"
    assert people.native(PERSON, "amina diallo") == "u-amina"
    assert people.native(PERSON, "u-amina") == "u-amina"
    assert people.native(GROUP, "network@example.com") == "g-net"
    assert people.native(PERSON, "Network") is None


def test_a_name_that_two_people_bear_names_nobody(people: Parties) -> None:
    twice = people.including([Party(PERSON, "u-2", "Amina Diallo", "other@example.com")])
    assert twice.native(PERSON, "Amina Diallo") is None
    assert twice.native(PERSON, "other@example.com") == "u-2"
    thrice = twice.including([Party(PERSON, "u-3", "Amina Diallo")])
    assert thrice.native(PERSON, "Amina Diallo") is None


def test_a_changed_address_replaces_the_old_one(people: Parties) -> None:
    moved = people.including([Party(PERSON, "u-amina", "Amina Keita", "amina.keita@example.com")])
    assert moved.handle(PERSON, "u-amina") == "amina.keita@example.com"
    assert moved.native(PERSON, "amina.diallo@example.com") is None
    assert people.native(PERSON, "amina.diallo@example.com") == "u-amina"


def test_what_is_known_already_makes_no_new_directory(people: Parties) -> None:
    assert people.including(people.parties.values()) is people


def test_aliases_stand_for_ids_addresses_and_names() -> None:
    directory = Parties.of(
        [Party(PERSON, "7:1", "A"), Party(PERSON, "7:2", "B", "b@x.example"), Party(GROUP, "g", "Net Ops")],
        people={"A@example.com": "7:1", "b@example.com": "b@X.example"},
        groups={"Network": "net ops"},
    )
    assert directory.native(PERSON, "a@example.com") == "7:1"
    assert directory.handle(PERSON, "7:1") == "a@example.com"
    assert directory.native(PERSON, "b@example.com") == "7:2"
    assert directory.handle(PERSON, "7:2") == "b@example.com"
    assert directory.native(GROUP, "network") == "g"
    assert directory.handle(GROUP, "g") == "Network"
    assert directory.sought(GROUP, "NETWORK") == "net ops"
    assert directory.sought(GROUP, "Other") == "Other"
