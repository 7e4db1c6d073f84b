"""Members as platforms list them: stored beside what is known, believed where nothing newer is."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlite_utils

from console.listing import AGAIN_SECONDS, EVERY_SECONDS, PIECE, Listing
from console.platforms.base import PlatformError
from rules.names import sought
from rules.standing import Membership, Standing
from store import lease, listed, member_cards, members, messages, roster
from store.database import Database, open_database
from store.listed import LATELY, ListedMember
from store.roster_records import Chosen, Sort
from store.schema import migrations
from store.version import APPLICATION_ID
from tests.unit.made import NOON, Clock, message

DAY = 86_400.0
TEA = message(0).group
PLATFORM = message(0).platform


def one(member: str, **more: object) -> ListedMember:
    made = ListedMember(member, member.title(), "12", "", NOON - 400 * DAY, None)
    return made._replace(**more)  # type: ignore[arg-type]


def note(db: Database, found: Sequence[ListedMember], at: float = NOON) -> int:
    with db.transaction():
        listed.add(db, PLATFORM, TEA, found, at, sought)
        return listed.end(db, PLATFORM, TEA, at)


def wrote(db: Database, *found: tuple[str, float], kind: str = "text") -> None:
    with db.transaction():
        messages.MessageWriter(db, sought).add(
            [
                replace(message(number), id=f"{who}.{at}.{kind}", member=who, name=who, time=at, kind=kind)
                for number, (who, at) in enumerate(found)
            ],
            NOON,
        )


def membership(db: Database, member: str) -> tuple[object, ...]:
    """When they joined, left, and spoke last, and their level and title."""
    found = db.execute(
        "SELECT j.joined_at, j.left_at, j.last_at, j.level, j.title FROM memberships j"
        " JOIN members m ON m.id = j.member_id WHERE m.key = ?",
        (member,),
    ).fetchone()
    return tuple(found)


def test_who_never_wrote_is_listed_found_and_shown_with_level_and_title(db: Database) -> None:
    note(db, [one("ada", title="hat", spoke=NOON - DAY), one("bob", level="", joined=None)])
    assert membership(db, "ada") == (NOON - 400 * DAY, None, NOON - DAY, "12", "hat")
    assert membership(db, "bob") == (None, None, None, "", "")
    (ada,) = roster.ids(db, Chosen(sought="ada"), Sort.NAME, NOON)
    (group,) = member_cards.groups(db, ada)
    assert (group.level, group.title, group.messages) == ("12", "hat", 0)


def test_what_the_store_knows_better_stays(db: Database) -> None:
    wrote(db, ("ada", NOON - 60))
    wrote(db, ("bob", NOON - 90), kind="join")
    note(db, [one("ada", name="Other", spoke=NOON - DAY), one("bob", name="Bob", spoke=NOON - 30)])
    assert membership(db, "ada")[2] == NOON - 60
    assert membership(db, "bob")[:3] == (NOON - 90, None, NOON - 30)
    assert db.value("SELECT name FROM members WHERE key = 'ada'") == "ada"
    note(db, [one("ada", level="13", title="hat")], NOON + DAY)
    assert membership(db, "ada")[3:] == ("13", "hat")


def test_who_is_listed_no_more_has_left_and_who_is_again_has_come_back(db: Database) -> None:
    note(db, [one("ada"), one("bob"), one("eve")], NOON)
    assert note(db, [one("ada"), one("bob")], NOON + DAY) == 1
    assert membership(db, "eve")[1] == NOON + DAY
    assert note(db, [one("ada"), one("bob"), one("eve")], NOON + 2 * DAY) == 0
    assert membership(db, "eve")[1] is None


def test_who_wrote_or_joined_or_left_lately_is_believed_more_than_a_list(db: Database) -> None:
    note(db, [one("ada"), one("bob"), one("eve"), one("dan")], NOON)
    later = NOON + DAY
    wrote(db, ("eve", later - LATELY / 2))
    wrote(db, ("new", later - 5), kind="join")
    wrote(db, ("dan", later - 5), kind="leave")
    assert note(db, [one("ada"), one("bob"), one("dan")], later) == 0
    assert membership(db, "eve")[1] is None
    assert membership(db, "new")[1] is None
    assert membership(db, "dan")[1] == later - 5


@pytest.mark.parametrize("found", [[], [one("ada")]])
def test_a_list_that_lacks_most_is_not_believed(db: Database, found: list[ListedMember]) -> None:
    note(db, [one("ada"), one("bob"), one("eve"), one("dan")], NOON)
    assert note(db, found, NOON + DAY) == 0
    assert membership(db, "bob")[1] is None


def test_who_came_long_ago_and_never_wrote_is_no_newcomer_to_the_rules(db: Database) -> None:
    """Neither at once nor after a restart."""
    people = [one("bob"), one("new", joined=NOON - 3 * DAY), one("dan", joined=None)]
    known, restarted = Standing(), Standing()
    known.count(message("j", member="new", time=NOON - 3 * DAY), written=False)
    listing = Listing(db, lease.take(db, "serve", NOON), lambda line: None, lambda: NOON, known.know)
    steps(listing, Listed(g=people))
    restarted.know(Membership(*row) for row in members.memberships(db))
    for standing in (known, restarted):
        since = [
            standing.count(message(who, member=who, time=NOON + 60), written=True) for who in ("bob", "new", "dan")
        ]
        assert since == [(1, NOON - 400 * DAY, 1), (1, NOON - 3 * DAY, 2), (1, NOON + 60, 3)]


def test_who_has_written_is_counted_on_and_since_when_they_are_there_is_learned(db: Database) -> None:
    wrote(db, ("ada", NOON - DAY), ("eve", NOON - DAY))
    standing = Standing()
    standing.know(Membership(*row) for row in members.memberships(db))
    listing = Listing(db, lease.take(db, "serve", NOON), lambda line: None, lambda: NOON, standing.know)
    steps(listing, Listed(**{TEA: [one("ada"), one("eve", joined=None)]}))
    assert standing.count(message("a", member="ada"), written=True) == (2, NOON - 400 * DAY, 3)
    assert standing.count(message("e", member="eve"), written=True) == (2, NOON - DAY, 4)


def test_a_store_of_the_version_before_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "vigil.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(sqlite_utils.Database(connection), stop_before="members_as_listed")
        connection.execute("INSERT INTO groups (id, platform, key) VALUES (1, 'qq', 'tea')")
        connection.execute("INSERT INTO members (id, platform, key) VALUES (1, 'qq', 'ada')")
        connection.execute("INSERT INTO memberships (group_id, member_id, messages) VALUES (1, 1, 7)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 3")
    db = open_database(path)
    try:
        assert db.execute("SELECT messages, level, title, listed_at FROM memberships").fetchall() == [(7, "", "", None)]
        assert listed.due(db, "qq", ["tea"], NOON) == ["tea"]
    finally:
        db.close()


class Listed:
    """A platform whose groups can be listed."""

    name = PLATFORM

    def __init__(self, **found: list[ListedMember] | BaseException | None) -> None:
        self.found = found
        self.asked: list[str] = []

    def groups(self) -> list[str]:
        return list(self.found)

    async def members(self, group: str) -> list[ListedMember]:
        self.asked.append(group)
        found = self.found[group]
        if isinstance(found, BaseException):
            raise found
        return found  # type: ignore[return-value]


def steps(listing: Listing, platform: Listed) -> None:
    """Until nothing is due."""

    async def go() -> None:
        while await listing.step(platform, platform.groups()):
            pass

    asyncio.run(go())


def test_every_group_is_listed_once_a_day_also_over_restarts(db: Database) -> None:
    generation = lease.take(db, "serve", NOON)
    lines: list[str] = []
    clock = Clock()
    platform = Listed(tea=[one(f"m{number}") for number in range(PIECE + 5)], chess=[one("ada")])
    steps(Listing(db, generation, lines.append, clock), platform)
    assert sorted(platform.asked) == ["chess", "tea"]
    assert db.value("SELECT count(*) FROM memberships") == PIECE + 6
    steps(Listing(db, generation, lines.append, clock), platform)
    assert len(platform.asked) == 2
    clock.now += EVERY_SECONDS + 1
    platform.found["tea"] = platform.found["tea"][1:]  # type: ignore[index]
    steps(Listing(db, generation, lines.append, clock), platform)
    assert len(platform.asked) == 4
    assert any(line.endswith("; 1 of those known before are there no more") for line in lines)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PlatformError("no connection"), "no connection"),
        (KeyError("t"), "KeyError"),
        (asyncio.CancelledError(), "CancelledError"),
        (None, "TypeError"),
    ],
)
def test_a_group_that_cannot_be_listed_is_said_and_left_alone_for_a_while(
    db: Database, error: BaseException | None, words: str
) -> None:
    generation = lease.take(db, "serve", NOON)
    lines: list[str] = []
    clock = Clock()
    platform = Listed(tea=error, chess=[one("ada")])
    listing = Listing(db, generation, lines.append, clock)
    steps(listing, platform)
    assert sorted(platform.asked) == ["chess", "tea"]
    assert any(words in line for line in lines)
    clock.now += AGAIN_SECONDS + 1
    steps(listing, platform)
    assert platform.asked.count("tea") == 2
