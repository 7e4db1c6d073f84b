"""Whatever happens in whatever order, balances are the ledger's sums and nothing is earned twice."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from console.desk import Desk
from console.settings import Settings
from rules.records import Finding, Message
from store import ledger, rulebooks, staff
from store.database import open_database
from store.errors import Conflict
from store.records import Decision, Role
from tests.unit.earned import RULEBOOK, ZONES, Town
from tests.unit.made import NOON, finding

MEMBERS = ("a", "b")
TEXTS = ("good morning", "see you there", "a long way home", "what a day", "never mind", "hm")
COSTS = {Decision.WARN: 4, Decision.MUTE: 8, Decision.REMOVE: 0, Decision.BAN: 30}
DAY = 86_400

members = st.sampled_from(MEMBERS)
groups = st.sampled_from(tuple(ZONES))


class Histories(RuleBasedStateMachine):
    """Beside the store runs a plain account of what everybody should have."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name)
        self.db = open_database(path / "s.db", create=True)
        rulebooks.put_in_force(self.db, RULEBOOK, NOON)
        staff.add(self.db, "olga", Role.OWNER, "olga", NOON)
        self.now = NOON
        place = Settings(path / "vigil.toml", path / "s.db", path / "rulebook.toml")
        self.desk = Desk(self.db, place, "olga", clock=lambda: self.now)
        self.town = Town(self.db)
        self.batch: list[tuple[Message, Sequence[Finding]]] = []
        # What should be: by member.
        self.expected: dict[str, int] = defaultdict(int)
        self.spoken: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
        self.words: dict[tuple[str, int], set[str]] = defaultdict(set)
        self.by_message: dict[str, tuple[str, int, str]] = {}
        self.said: list[Message] = []
        self.days: dict[str, set[int]] = defaultdict(set)
        self.seen: set[str] = set()
        self.invited: dict[tuple[str, str], tuple[str, float]] = {}
        self.owing: dict[tuple[str, str], str] = {}
        self.in_force: dict[int, tuple[str, int]] = {}
        self.spendings: dict[str, tuple[str, int]] = {}
        self.number = 0

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()
            self.folder.cleanup()

    def day(self, group: str) -> int:
        return datetime.fromtimestamp(self.now, ZoneInfo(ZONES[group])).toordinal()

    def flush(self) -> None:
        if self.batch:
            self.town.hear(self.batch, self.now)
            self.batch = []

    # --- the clock ---

    @rule(seconds=st.sampled_from((1, 600, 7_200, DAY - 60, DAY, 3 * DAY, 8 * DAY, -90, -5_400, -DAY, -9 * DAY)))
    def clock_moves(self, seconds: int) -> None:
        self.now += seconds

    @rule(group=groups, after=st.integers(-1, 1))
    def midnight_comes(self, group: str, after: int) -> None:
        tomorrow = datetime.fromordinal(self.day(group) + 1).replace(tzinfo=ZoneInfo(ZONES[group]))
        self.now = tomorrow.timestamp() + after

    # --- what members do ---

    @rule(member=members, group=groups, text=st.sampled_from(TEXTS), flagged=st.booleans())
    def speak(self, member: str, group: str, text: str, flagged: bool) -> None:
        made = self.town.written(member, text, self.now, group)
        self.batch.append((made, [finding()] if flagged else []))
        self.seen.add(member)
        self.said.append(made)
        day = self.day(group)
        letters = text.replace(" ", "")
        earned = self.spoken[member, day]
        points = min(2, 5 - sum(earned.values()))
        if flagged or len(letters) < 4 or letters in self.words[member, day] or points <= 0:
            return
        self.words[member, day].add(letters)
        earned[letters] = points
        self.by_message[made.id] = (member, day, letters)
        self.expected[member] += points

    @precondition(lambda self: self.said)
    @rule(member=members, group=groups, data=st.data())
    def campaign_is_found(self, member: str, group: str, data: st.DataObject) -> None:
        late = st.sampled_from(self.said[-6:])
        earlier = data.draw(st.lists(late, min_size=1, max_size=3, unique_by=lambda message: message.id))
        self.flush()
        made = self.town.written(member, "buy this now", self.now, group)
        self.batch.append((made, [finding(campaign=f"c{made.id}", earlier=[one.key for one in earlier])]))
        self.seen.add(member)
        for one in earlier:
            if one.id in self.by_message:
                who, day, letters = self.by_message.pop(one.id)
                self.expected[who] -= self.spoken[who, day].pop(letters)
        self.flush()

    @rule(member=members, group=groups)
    def check_in(self, member: str, group: str) -> None:
        self.batch.append((self.town.written(member, "签到!", self.now, group), []))
        self.seen.add(member)
        day = self.day(group)
        if day in self.days[member]:
            return
        self.days[member].add(day)
        before = next(n for n in range(10_000) if day - n not in self.days[member])
        self.expected[member] += 3 + (20 if before == 3 else 0)

    @rule(member=members, group=groups, days=st.integers(2, 4))
    def check_in_on_days_in_a_row(self, member: str, group: str, days: int) -> None:
        for _ in range(days):
            self.check_in(member, group)
            self.now += DAY

    @rule(member=members, group=groups)
    def talk_on(self, member: str, group: str) -> None:
        for text in TEXTS:
            self.speak(member, group, text, False)

    @rule(
        member=st.sampled_from((*MEMBERS, "new1", "new2", "new3")),
        group=groups,
        inviter=st.sampled_from(("", *MEMBERS)),
    )
    def join(self, member: str, group: str, inviter: str) -> None:
        self.batch.append((self.town.written(member, "", self.now, group, kind="join", inviter=inviter), []))
        new, known = member not in self.seen, (member, group) in self.invited
        self.seen.add(member)
        if not inviter or inviter == member or known:
            return
        self.invited[member, group] = (inviter, self.now)
        if new:
            self.expected[inviter] += 7
            self.owing[member, group] = inviter

    @rule(member=st.sampled_from((*MEMBERS, "new1", "new2", "new3")), group=groups)
    def leave(self, member: str, group: str) -> None:
        self.batch.append((self.town.written(member, "", self.now, group, kind="leave"), []))
        self.seen.add(member)
        if (member, group) in self.owing and self.now - self.invited[member, group][1] < 7 * DAY:
            self.expected[self.owing.pop((member, group))] -= 7

    @rule()
    def batch_ends(self) -> None:
        self.flush()

    @rule()
    def worker_restarts(self) -> None:
        self.batch_ends()
        self.town.restart()

    # --- what staff do ---

    @rule(member=members, group=groups, decision=st.sampled_from(tuple(COSTS)))
    def sanction(self, member: str, group: str, decision: Decision) -> None:
        self.flush()
        made = self.town.say(member, "an ad of sorts", self.now, group, findings=[finding()])
        self.seen.add(member)
        case_id = self.db.value(
            "SELECT f.case_id FROM flags f JOIN messages m ON m.id = f.message_id JOIN groups g ON g.id = m.group_id"
            " WHERE m.key = ? AND g.key = ?", (made.id, group),
        )  # fmt: skip
        taken = self.desk.decide(case_id, decision)
        for who in self.acted_on(taken.decision_id):
            self.expected[who] -= COSTS[decision]
        self.in_force[taken.decision_id] = (decision, COSTS[decision])

    def acted_on(self, decision_id: int) -> list[str]:
        found = self.db.execute(
            "SELECT DISTINCT m.key FROM actions a JOIN members m ON m.id = a.member_id WHERE a.decision_id = ?"
            " AND a.kind <> 'delete'", (decision_id,),
        )  # fmt: skip
        return [row[0] for row in found]

    @precondition(lambda self: self.in_force)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        self.flush()
        chosen = data.draw(st.sampled_from(sorted(self.in_force)))
        _, cost = self.in_force.pop(chosen)
        hit = self.acted_on(chosen)
        assert self.desk.undo(chosen).points == cost * len(hit)
        for who in hit:
            self.expected[who] += cost
        with pytest.raises(Conflict):
            self.desk.undo(chosen)

    @rule(member=members, points=st.integers(1, 12))
    def spend(self, member: str, points: int) -> None:
        self.flush()
        if member not in self.seen:
            return
        self.number += 1
        key, has = f"grant:{self.number}", self.expected[member]
        with self.db.transaction():
            if points > has:
                with pytest.raises(Conflict):
                    ledger.spend(self.db, self.town.id(member), points, key, None, self.now)
                return
            assert ledger.spend(self.db, self.town.id(member), points, key, None, self.now)
            assert not ledger.spend(self.db, self.town.id(member), points, key, None, self.now)
        self.expected[member] -= points
        self.spendings[key] = (member, points)

    @precondition(lambda self: self.spendings)
    @rule(data=st.data())
    def perk_comes_back(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.spendings)))
        member, points = self.spendings.pop(key)
        with self.db.transaction():
            assert ledger.reverse(self.db, key, f"{key}.back", "not sent", "", self.now)
            assert not ledger.reverse(self.db, key, f"{key}.again", "not sent", "", self.now)
        self.expected[member] += points

    @rule(member=members, points=st.integers(-9, 9).filter(bool))
    def correct_by_hand(self, member: str, points: int) -> None:
        self.flush()
        if member not in self.seen:
            return
        if points < 0 and self.expected[member] + points < 0:
            with pytest.raises(Conflict):
                self.desk.points.give(self.town.id(member), points, "correction")
            return
        self.expected[member] += points
        assert self.desk.points.give(self.town.id(member), points, "correction") == self.expected[member]

    # --- what always holds ---

    @invariant()
    def balances_are_what_they_should_be(self) -> None:
        if not hasattr(self, "db") or self.batch:
            return
        found = dict(self.db.execute("SELECT key, balance FROM members").fetchall())
        assert {who: points for who, points in found.items() if points} == {
            who: points for who, points in self.expected.items() if points
        }
        assert ledger.wrong_balances(self.db) == []

    @invariant()
    def caps_hold_and_nobody_checks_in_twice(self) -> None:
        if not hasattr(self, "db"):
            return
        assert not self.db.value(
            "SELECT count(*) FROM (SELECT 1 FROM ledger WHERE kind = 'speaking' GROUP BY member_id, day"
            " HAVING sum(points) > 5 OR sum(points) < 0)"
        )
        assert not self.db.value(
            "SELECT count(*) FROM (SELECT 1 FROM ledger WHERE kind = 'check-in' GROUP BY member_id, day"
            " HAVING count(*) > 1)"
        )
        assert not self.db.value(
            "SELECT count(*) FROM ledger r JOIN ledger l ON l.id = r.reverses WHERE r.points <> -l.points"
            " OR r.member_id <> l.member_id OR l.reverses IS NOT NULL"
        )


Histories.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestHistories = Histories.TestCase
