"""Who counts as being in a group: for the list of members, for perks and for draws alike."""

from __future__ import annotations

from console.desk import Desk
from console.settings import Settings
from rules.records import Message
from store import draws, roster
from store.database import Database
from store.draw_records import NewDraw
from store.perk_records import Eligibility, NewPerk, PerkKind
from store.roster_records import Chosen, Sort
from tests.unit.made import NOON, take
from tests.unit.perks_made import desk_of


def say(db: Database, *said: tuple[str, str, float]) -> None:
    take(db, [(Message("replay", "g", f"{kind} {at}", who, "hello", NOON + at, kind), ()) for who, kind, at in said])


def test_who_writes_after_leaving_is_there_again_everywhere(db: Database, settings: Settings) -> None:
    desk: Desk = desk_of(db, settings, at=NOON + 100)
    say(db, ("stays", "text", 0), ("back", "text", 1), ("away", "text", 2))
    say(db, ("back", "leave", 10), ("away", "leave", 11), ("back", "text", 20))
    there = [db.value("SELECT id FROM members WHERE key = ?", (key,)) for key in ("stays", "back")]
    everybody = [*there, db.value("SELECT id FROM members WHERE key = 'away'")]
    group = db.value("SELECT id FROM groups")
    assert sorted(roster.ids(db, Chosen(group_id=group), Sort.NAME, NOON)) == there
    perk = desk.perks.add(NewPerk("Tea", PerkKind.SEAT, "come", eligibility=Eligibility(groups=("g",))))
    assert list(desk.perks.preview(perk, everybody).members) == there
    for name, who in (("all", Eligibility()), ("group", Eligibility(groups=("g",)))):
        drawn = desk.draws.commit(desk.draws.open(NewDraw(name, 1, eligible=who)).id).draw
        listed = draws.entries(db, drawn.id)
        assert ["replay:stays" in listed, "replay:back" in listed, "replay:away" in listed] == [True, True, False]
