"""Two people deciding at once, each in a process of their own: one wins, the other is told."""

from __future__ import annotations

import pytest

from console.desk import Desk
from console.settings import Settings
from store import audit, staff
from store.database import Database
from store.records import Decision, Role
from tests.unit.at_once import at_once
from tests.unit.made import NOON, finding, message, take

_DECIDING = """
import sys
from pathlib import Path
from console.desk import Desk
from console.settings import Settings
from store.database import open_database
from store.errors import Conflict
from store.records import Decision
store, name, what, first, last = sys.argv[1:]
db = open_database(Path(store))
desk = Desk(db, Settings(Path(store), Path(store), Path("/nowhere")), name)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(first), int(last) + 1):
    try:
        desk.decide(number, Decision.BAN) if what == "decide" else desk.approve(number)
        print("won", flush=True)
    except Conflict as conflict:
        print(conflict, flush=True)
db.close()
"""


@pytest.mark.parametrize("what", ["decide", "approve"])
def test_of_two_people_at_once_one_wins_and_the_other_is_told(db: Database, settings: Settings, what: str) -> None:
    for name in ("ada", "ben", "mo"):
        staff.add(db, name, Role.MODERATOR if name == "mo" else Role.ADMIN, "ada", NOON)
    flagged = [(message(number, member=f"m{number}"), [finding()]) for number in range(60)]
    numbers = sorted(take(db, flagged))
    if what == "approve":
        mo = Desk(db, settings, "mo")
        numbers = [mo.decide(number, Decision.BAN).decision_id for number in numbers]
    arguments = [what, str(numbers[0]), str(numbers[-1])]
    said = [out.splitlines() for out in at_once(_DECIDING, [(db.path, name, *arguments) for name in ("ada", "ben")])]
    for number, answers in zip(numbers, zip(*said, strict=True), strict=True):
        assert sum(answer == "won" for answer in answers) == 1
        (told,) = [answer for answer in answers if answer != "won"]
        assert str(number) in told
        assert ("ada" if answers[0] == "won" else "ben") in told
    assert db.value("SELECT count(*) FROM actions WHERE state = 'waiting'") == 2 * len(numbers)
    assert db.value("SELECT count(*) FROM strikes") == len(numbers)
    assert audit.verify(db)[1] == ""
