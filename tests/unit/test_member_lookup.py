"""Whom somebody means: by id, by platform and key, by a name that only one has; else who it could be."""

from __future__ import annotations

import pytest

from store import member_lookup
from store.database import Database
from store.errors import NotFound

PEOPLE = [
    ("qq", "10001", "阳光"),
    ("qq", "10002", "Anna"),
    ("qq", "2", "anna"),
    ("irc", "3", "Bo_b"),
    ("irc", "x:y", "阳光"),
]


@pytest.fixture
def people(db: Database) -> Database:
    with db.transaction():
        db.executemany("INSERT INTO groups (platform, key) VALUES (?, '1')", [("qq",), ("irc",)])
        db.executemany("INSERT INTO members (platform, key, name) VALUES (?, ?, ?)", PEOPLE)
    return db


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1), ("#3", 3), (" 2 ", 2), ("qq:2", 3), ("irc:3", 4), ("10001", 1), ("irc:x:y", 5), ("x:y", 5),
        ("Anna", 2), ("anna", 3), ("BO_B", 4),
    ],
)  # fmt: skip
def test_one_is_found(people: Database, text: str, number: int) -> None:
    assert member_lookup.find(people, text) == number


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("阳光", "阳光 (qq:10001, id 1), 阳光 (irc:x:y, id 5)"),
        ("ANNA", "Anna (qq:10002, id 2), anna (qq:2, id 3)"),
        ("Bo", "Bo_b (irc:3, id 4)"),
        ("", "no member ''"),
        ("9", "no member '9'"),
        ("%", "no member '%'"),
        ("B%", "no member 'B%'"),
        ("99999999999999999999999", "no member"),
        ("qq:", "no member"),
    ],
)
def test_else_it_is_said_who_it_could_be(people: Database, text: str, says: str) -> None:
    with pytest.raises(NotFound) as caught:
        member_lookup.find(people, text)
    assert says in str(caught.value)


def test_a_hostile_name_reaches_no_terminal(people: Database) -> None:
    people.execute("INSERT INTO members (platform, key, name) VALUES ('qq', '7', ?)", ("Zed\x1b[2J\u202e",))
    with pytest.raises(NotFound) as caught:
        member_lookup.find(people, "Zed")
    assert str(caught.value).isprintable()
