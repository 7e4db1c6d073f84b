"""The staff: names fit for logs, roles, and always an owner."""

from __future__ import annotations

import pytest

from store import audit, staff
from store.database import Database
from store.errors import Conflict, NotFound, StoreError
from store.records import Role, Staff
from tests.unit.made import NOON


def add(db: Database, name: str, role: Role = Role.MODERATOR) -> Staff:
    return staff.add(db, name, role, "olga", NOON)


def test_people_come_with_their_roles_and_go(db: Database) -> None:
    add(db, "olga", Role.OWNER)
    mo = add(db, "mo")
    assert [(person.name, person.role) for person in staff.people(db)] == [("olga", "owner"), ("mo", "moderator")]
    assert staff.find(db, "mo") == mo
    staff.remove(db, "mo", "olga", NOON)
    assert staff.find(db, "mo") is None
    assert add(db, "mo", Role.ADMIN).role is Role.ADMIN
    assert [person.name for person in staff.people(db)] == ["olga", "mo"]


def test_roles_are_ranked() -> None:
    assert sorted([Role.OWNER, Role.VIEWER, Role.ADMIN, Role.MODERATOR], key=lambda role: role.rank) == list(Role)


def test_the_last_owner_stays(db: Database) -> None:
    add(db, "olga", Role.OWNER)
    with pytest.raises(Conflict, match="olga is the only owner"):
        staff.remove(db, "olga", "olga", NOON)
    with pytest.raises(Conflict, match="olga is the only owner"):
        add(db, "olga", Role.ADMIN)
    add(db, "oleg", Role.OWNER)
    staff.remove(db, "olga", "oleg", NOON)
    assert [person.name for person in staff.people(db)] == ["oleg"]
    with pytest.raises(Conflict, match="oleg is the only owner"):
        staff.remove(db, "oleg", "oleg", NOON)


def test_who_is_not_on_the_staff_cannot_be_removed(db: Database) -> None:
    with pytest.raises(NotFound, match="nobody"):
        staff.remove(db, "nobody", "olga", NOON)


def test_the_first_person_becomes_the_owner_and_the_second_does_not(db: Database) -> None:
    staff.found(db, "first", NOON)
    staff.found(db, "second", NOON)
    assert [(person.name, person.role) for person in staff.people(db)] == [("first", Role.OWNER)]
    assert staff.is_single(db)
    add(db, "second")
    assert not staff.is_single(db)
    staff.remove(db, "second", "first", NOON)
    assert staff.is_single(db)


@pytest.mark.parametrize("name", ["mo", "Mo-2", "林小满", "o_o.x", "Ж", "a" * 40, " mo "])
def test_ordinary_names_are_taken(db: Database, name: str) -> None:
    assert add(db, name).name == name.strip()


@pytest.mark.parametrize(
    "name",
    ["", " ", "a" * 41, "a b", "a\nb", "a\tb", "\x1b[31m", "a\u202eb", "a\u200bb", "a,b", "a:b", "a/b",
     'a"b', "a'b", "a\\b", "vigil", "Vigil", "WORKER"],
)  # fmt: skip
def test_names_that_would_mislead_are_refused(db: Database, name: str) -> None:
    with pytest.raises(StoreError, match="staff name"):
        add(db, name)
    assert staff.people(db) == []


def test_one_name_written_in_two_ways_is_one_person(db: Database) -> None:
    assert add(db, "Zoe\u0301") == add(db, "Zo\u00e9")


def test_every_change_is_in_the_audit_log(db: Database) -> None:
    staff.found(db, "olga", NOON)
    add(db, "mo")
    add(db, "mo", Role.ADMIN)
    staff.remove(db, "mo", "olga", NOON)
    told = [(row.event, row.subject, row.detail) for row in reversed(audit.rows(db))]
    assert told == [
        ("staff.add", "olga", '{"before":null,"role":"owner"}'),
        ("staff.add", "mo", '{"before":null,"role":"moderator"}'),
        ("staff.add", "mo", '{"before":"moderator","role":"admin"}'),
        ("staff.remove", "mo", '{"role":"admin"}'),
    ]
