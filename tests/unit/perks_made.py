"""Members, perks and codes as the tests of perks need them, and what must hold of them at any moment."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from console.desk import Desk
from console.dispatch import Dispatch
from console.platforms.base import Access, Batch, Platform, Receipt
from console.platforms.replay import effects_path
from console.settings import Settings
from store import audit, lease, ledger, staff, vouchers
from store.database import Database
from store.perk_records import NewPerk, PerkKind
from store.records import ActionKind, ActionState, Order, Role
from store.vault import open_vault
from tests.unit.made import NOON

DAY = 86_400.0
TEXT = "{name}: {code}"


def community(
    db: Database, count: int, *, groups: int = 2, points: int = 100, layer: str = "active", at: float = NOON
) -> list[int]:
    """Members m1, m2 … called Mia 1, Mia 2 …, each in one of the groups g0, g1 … for ten days; their ids."""
    with db.transaction():
        for number in range(groups):
            db.execute(
                "INSERT INTO groups (platform, key, name) VALUES ('replay', ?, ?)", (f"g{number}", f"Group {number}")
            )
        first = int(db.value("SELECT coalesce(max(id), 0) FROM members")) + 1
        ids = list(range(first, first + count))
        db.executemany(
            "INSERT INTO members (id, platform, key, name, layer, tier) VALUES (?, 'replay', ?, ?, ?, 'Bronze')",
            [(number, f"m{number}", f"Mia {number}", layer) for number in ids],
        )
        db.executemany(
            "INSERT INTO memberships (group_id, member_id, joined_at, last_at) VALUES"
            " ((SELECT id FROM groups WHERE key = ?), ?, ?, ?)",
            [(f"g{number % groups}", number, at - 10 * DAY, at - number) for number in ids],
        )
        for number in ids:
            if points:
                ledger.add(db, number, points, "hand", f"start.{number}", at)
    return ids


def desk_of(db: Database, settings: Settings, name: str = "ada", role: Role = Role.ADMIN, *, at: float = NOON) -> Desk:
    """The desk of a staff member, who is added."""
    staff.add(db, name, role, name, at)
    return Desk(db, settings, name, clock=lambda: at)


def codes(count: int, prefix: str = "GOLD") -> list[str]:
    return [f"{prefix}-{number:05d}-XK" for number in range(count)]


def numbered(texts: Iterable[str]) -> list[tuple[int, str]]:
    return list(enumerate(texts, 1))


def coupon(desk: Desk, pool: Sequence[str], **more: object) -> int:
    """A perk of codes with these in its pool; its id."""
    number = desk.perks.add(NewPerk("Coupon", PerkKind.CODE, TEXT, **more))  # type: ignore[arg-type]
    if pool:
        desk.perks.import_codes(number, numbered(pool))
    return number


class Told:
    """A platform that notes what it was told to send, and answers as `answer` says."""

    can = frozenset(ActionKind)
    health = ""
    source = "told"

    def __init__(
        self, answer: Callable[[Order], Receipt] = lambda order: Receipt(ActionState.DONE), *, repeatable: bool = True
    ) -> None:
        self.name = "replay"
        self.repeatable = repeatable
        self.answer = answer
        self.orders: list[Order] = []

    async def batches(self, position: str | None) -> AsyncIterator[Batch]:
        nothing: tuple[Batch, ...] = ()
        for batch in nothing:
            yield batch

    async def perform(self, order: Order) -> Receipt:
        self.orders.append(order)
        return self.answer(order)

    async def access(self) -> Access:
        return Access(self.name, ())

    async def close(self) -> None: ...


def worker(db: Database, platform: Platform, *, at: float = NOON + 60) -> Dispatch:
    """A worker's outbox, as after it took the store over."""
    with db.transaction():
        db.execute("UPDATE lease SET released = 1")
    generation = lease.take(db, "serve", at)
    dispatch = Dispatch(db, {platform.name: platform}, generation, clock=lambda: at)
    dispatch.recover()
    return dispatch


def check_books(db: Database) -> None:
    """What must hold at any moment, whatever happened before."""
    assert ledger.wrong_balances(db) == []
    in_force = "state IN ('reserved', 'sent', 'unknown')"
    for name, stock, taken, count in db.execute(
        f"SELECT p.name, p.stock, p.taken, (SELECT count(*) FROM grants g WHERE g.perk_id = p.id AND g.{in_force})"
        " FROM perks p"
    ):
        assert taken == count, name
        assert stock is None or 0 <= taken <= stock
    # Free, bound and spoiled are all there are, and none is two of them.
    for perk_id, imported in db.execute("SELECT perk_id, count(*) FROM vouchers GROUP BY perk_id").fetchall():
        free = vouchers.free(db, perk_id, imported + 1)
        bound = [row[0] for row in db.execute(
            f"SELECT voucher_id FROM grants WHERE perk_id = ? AND {in_force} AND voucher_id IS NOT NULL", (perk_id,)
        )]  # fmt: skip
        spoiled = [row[0] for row in db.execute(
            "SELECT id FROM vouchers WHERE perk_id = ? AND spoiled_at IS NOT NULL", (perk_id,)
        )]  # fmt: skip
        assert len({*free, *bound, *spoiled}) == len(free) + len(bound) + len(spoiled) == imported
    for member, perk, count, most in db.execute(
        f"SELECT g.member_id, p.name, count(*), p.per_member FROM grants g JOIN perks p ON p.id = g.perk_id"
        f" WHERE g.{in_force} GROUP BY g.member_id, g.perk_id"
    ):
        assert count <= most, (member, perk)
    # Each grant in force has cost what its perk costs, and no other has cost anything.
    for number, state, cost, gives, total in db.execute(
        "SELECT g.id, g.state, p.cost, p.points, (SELECT coalesce(sum(l.points), 0) FROM ledger l"
        " WHERE l.grant_id = g.id) FROM grants g JOIN perks p ON p.id = g.perk_id"
    ):
        assert total == (gives - cost if state in ("reserved", "sent", "unknown") else 0), number
    assert audit.verify(db)[1] == ""
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def pool_of(db: Database) -> list[str]:
    """Every code in the store, in the order of its voucher."""
    vault = open_vault(db)
    rows = db.execute("SELECT perk_id, code, fingerprint FROM vouchers ORDER BY id").fetchall()
    return [vault.open(code, f"vouchers of perk {perk}/{mark.hex()}").reveal() for perk, code, mark in rows]


def received(store: Path) -> dict[str, list[str]]:
    """The SHA-256 of each code that went out on the replay platform, by who received it."""
    path = effects_path(store)
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        effect = json.loads(line)
        found.setdefault(effect["user"], []).append(effect["secret_sha256"])
    return found


def marks(texts: Iterable[str]) -> set[str]:
    """What `received` tells of these codes."""
    return {sha256(text.encode()).hexdigest() for text in texts}


def once_each(store: Path, pool: Sequence[str]) -> int:
    """How many codes went out: every one of the pool, to one member, who got one."""
    by_member = received(store)
    assert all(len(got) == 1 for got in by_member.values())
    sent = Counter(mark for got in by_member.values() for mark in got)
    assert set(sent.values()) <= {1}
    assert set(sent) <= marks(pool)
    return len(sent)


def now() -> float:
    return time.time()
