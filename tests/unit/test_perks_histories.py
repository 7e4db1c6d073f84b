"""Whatever happens to perks in whatever order, stock, codes and points add up."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from console.platforms.base import Receipt
from console.settings import Settings
from store.database import open_database
from store.errors import Conflict, NotFound
from store.perk_records import Eligibility, GrantState, NewPerk, PerkKind
from store.records import ActionState, Order, Role
from store.vouchers import DuplicateCodes
from tests.unit.made import NOON
from tests.unit.perks_made import Told, check_books, codes, community, desk_of, numbered, worker

MEMBERS = 8
CHOSEN = st.lists(st.integers(1, MEMBERS + 1), min_size=1, max_size=5)
ANSWERS = st.sampled_from(
    [ActionState.DONE, ActionState.DONE, ActionState.FAILED, ActionState.UNKNOWN, ActionState.WAITING]
)
LEAKED = "SELECT count(*) FROM actions WHERE text || result LIKE '%GOLD-%' OR text || result LIKE '%LINK-%'"


class Perks(RuleBasedStateMachine):
    """A community of eight with 25 points each, and people who give, import, settle, undo and close at random."""

    dispatches = Bundle("dispatches")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        store = Path(self.folder.name) / "vigil.db"
        self.db = open_database(store, create=True)
        settings = Settings(store.with_name("vigil.toml"), store, store.with_name("none"), undo_seconds=0)
        self.desk = desk_of(self.db, settings, role=Role.OWNER)
        community(self.db, MEMBERS, points=25)
        self.imported = 0
        self.keys = 0
        # Who got which code, as the platform knows it.
        self.got: dict[str, set[str]] = {}
        add = self.desk.perks.add
        self.perks = [
            add(NewPerk("Coupon", PerkKind.CODE, "{code}", cost=10, per_member=2)),
            add(NewPerk("Points", PerkKind.POINTS, points=7, stock=5, per_member=3)),
            add(NewPerk("Seat", PerkKind.SEAT, "come", stock=3, cost=5)),
            add(NewPerk("Link", PerkKind.FIXED, "{code}", eligibility=Eligibility(layers=("active",))), "LINK-FOR-ALL"),
            add(NewPerk("Mug", PerkKind.GIFT, stock=2)),
        ]

    def teardown(self) -> None:
        self.db.close()
        self.folder.cleanup()

    @rule(count=st.integers(1, 3), again=st.booleans())
    def import_codes(self, count: int, again: bool) -> None:
        first = max(0, self.imported - 1) if again else self.imported
        fresh = codes(self.imported + count)[first:]
        said = ""
        try:
            self.desk.perks.import_codes(self.perks[0], numbered(fresh))
            self.imported += count
        except (DuplicateCodes, NotFound) as error:
            said = str(error)
        assert [code for code in fresh if code in said] == []
        assert not said or again or "no open perk" in said

    @rule(target=dispatches, perk=st.integers(0, 4), members=CHOSEN)
    def give(self, perk: int, members: list[int]) -> int:
        self.keys += 1
        try:
            sent = self.desk.perks.dispatch(self.perks[perk], members, key=str(self.keys))
        except Conflict:
            return 0
        count = self.db.value("SELECT count(*) FROM grants")
        assert self.desk.perks.dispatch(self.perks[perk], members, key=str(self.keys)).known
        assert self.db.value("SELECT count(*) FROM grants") == count
        return sent.dispatch_id

    @rule(answers=st.lists(ANSWERS, min_size=1, max_size=6), repeatable=st.booleans())
    def work(self, answers: list[ActionState], repeatable: bool) -> None:
        left = list(answers)

        def answer(order: Order) -> Receipt:
            state = left.pop() if left else ActionState.WAITING
            if state in (ActionState.DONE, ActionState.UNKNOWN) and order.secret.startswith("GOLD"):
                self.got.setdefault(order.secret, set()).add(order.member)
            return Receipt(state, f"about {order.text}", 0.0)

        asyncio.run(worker(self.db, Told(answer, repeatable=repeatable)).step())

    @rule(arrived=st.booleans(), repeatable=st.booleans())
    @precondition(lambda self: self.db.value("SELECT count(*) FROM actions WHERE state = 'waiting'"))
    def kill(self, arrived: bool, repeatable: bool) -> None:
        """A worker ends while it sends, and another comes."""
        row = self.db.execute("SELECT id, grant_id FROM actions WHERE state = 'waiting' ORDER BY id").fetchone()
        self.db.execute("UPDATE actions SET state = 'sending', generation = 0 WHERE id = ?", (row[0],))
        bound = self.db.execute(
            "SELECT g.voucher_id, m.key FROM grants g JOIN members m ON m.id = g.member_id"
            " WHERE g.id = ? AND g.voucher_id IS NOT NULL",
            (row[1],),
        ).fetchone()
        if arrived and bound:
            self.got.setdefault(codes(self.imported)[bound[0] - 1], set()).add(bound[1])
        worker(self.db, Told(repeatable=repeatable))

    @rule(arrived=st.booleans())
    def settle(self, arrived: bool) -> None:
        for grant in self.desk.perks.grants(states=(GrantState.UNKNOWN,))[:1]:
            self.desk.perks.settle(grant.id, arrived=arrived)

    @rule(dispatch=consumes(dispatches))
    def undo(self, dispatch: int) -> None:
        with suppress(Conflict, NotFound):
            self.desk.perks.undo(dispatch)

    @rule()
    def fulfil_and_redeem(self) -> None:
        for grant in self.desk.perks.grants(states=(GrantState.SENT,))[:2]:
            self.db.execute("UPDATE grants SET redeemed_at = ? WHERE id = ?", (NOON, grant.id))
            if grant.kind in (PerkKind.GIFT, PerkKind.SEAT) and grant.fulfilled_at is None:
                self.desk.perks.fulfil(grant.id)

    @rule(member=st.integers(1, MEMBERS))
    def leave_or_come_back(self, member: int) -> None:
        self.db.execute(
            "UPDATE memberships SET left_at = CASE WHEN left_at IS NULL THEN ? END WHERE member_id = ?", (NOON, member)
        )

    @rule(perk=st.integers(0, 4), chance=st.integers(0, 5))
    def close(self, perk: int, chance: int) -> None:
        if not chance:
            with suppress(Conflict):
                self.desk.perks.close(self.perks[perk])

    @rule()
    def rekey(self) -> None:
        self.desk.perks.rekey()

    @invariant()
    def everything_adds_up(self) -> None:
        check_books(self.db)
        assert all(len(members) == 1 for members in self.got.values()), "no code reached two members"
        assert self.db.value("SELECT count(*) FROM vouchers") == self.imported
        assert not self.db.value(LEAKED)
        # Nobody can spend what they have not; only what is taken back can leave less than nothing.
        assert not self.db.value("SELECT count(*) FROM members WHERE balance < -21")


TestPerks = Perks.TestCase
TestPerks.settings = hypothesis_settings(max_examples=60, stateful_step_count=30, deadline=None)
