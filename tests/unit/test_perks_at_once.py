"""Several people giving from one pool at the same moment, each in a process of their own."""

from __future__ import annotations

import asyncio

from console.platforms.replay import Replay, effects_path
from console.settings import Settings
from store.database import Database
from tests.unit.at_once import at_once
from tests.unit.perks_made import check_books, codes, community, coupon, desk_of, now, once_each, worker

_GIVING = """
import random, sys
from pathlib import Path
from console.desk import Desk
from console.settings import Settings
from store.database import open_database
from store.errors import Conflict
store, name, members, size = sys.argv[1:]
db = open_database(Path(store))
desk = Desk(db, Settings(Path(store), Path(store), Path("/nowhere")), name)
ids = list(range(1, int(members) + 1))
random.Random(name).shuffle(ids)
print("ready", flush=True)
sys.stdin.readline()
given = 0
for start in range(0, len(ids), int(size)):
    try:
        given += desk.perks.dispatch(1, ids[start : start + int(size)], key=f"{name}.{start}").members
    except Conflict:
        pass
print(given, flush=True)
db.close()
"""


def test_four_people_at_once_give_every_code_of_a_pool_to_one_member_each(db: Database, settings: Settings) -> None:
    names = ["ada", "ben", "cleo", "dan"]
    desks = [desk_of(db, settings, name, at=now()) for name in names]
    community(db, 500, at=now())
    pool = codes(200)
    coupon(desks[0], pool, cost=10)
    sizes = zip(names, (1, 3, 7, 500), strict=True)
    given = [int(out) for out in at_once(_GIVING, [(db.path, name, 500, size) for name, size in sizes])]
    assert sum(given) == 200
    assert db.value("SELECT count(*) FROM grants") == 200
    assert db.value("SELECT count(DISTINCT member_id) FROM grants") == 200
    assert db.value("SELECT count(DISTINCT voucher_id) FROM grants") == 200
    check_books(db)

    platform = Replay(effects_path(settings.store), idle=True)
    dispatch = worker(db, platform, at=now() + 60)
    while asyncio.run(dispatch.step()):
        pass
    assert once_each(settings.store, pool) == 200
    assert db.value("SELECT count(*) FROM grants WHERE state = 'sent'") == 200
    check_books(db)
