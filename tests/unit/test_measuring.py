"""A rule in mode auto that people contradict too often asks, until they do so no more."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from console.desk import Desk
from console.measuring import AGAIN_SECONDS, Measuring, percent
from console.platforms.replay import Replay
from console.settings import Settings
from console.worker import Worker
from rules.records import Mode
from rules.rulebook import parse
from store import audit, cases, lease, staff
from store.database import Database
from store.records import CaseState, Decision, Role
from tests.home import Home, wait_until
from tests.unit.made import NOON, Clock, finding, line, message, record, take

BOOK = """\
version = 1
[auto]
precision = 0.9
decisions = 10
[rules.ads]
kind = "words"
mode = "auto"
words = ["free cash"]
[rules.trial]
kind = "words"
mode = "auto"
words = ["casino"]
[groups.fair.ads]
mode = "shadow"
"""
DAY = 86_400.0


@pytest.fixture
def admin(db: Database, settings: Settings, clock: Clock) -> Desk:
    staff.add(db, "ada", Role.OWNER, "ada", NOON)
    return Desk(db, settings, "ada", clock=clock)


def decide(desk: Desk, decisions: Sequence[Decision], rule: str = "ads") -> None:
    """A case of the rule for each decision, taken by a person."""
    for decision in decisions:
        key = f"k{desk.db.value('SELECT count(*) FROM messages')}"
        (case_id,) = take(desk.db, [(message(key, member=key), [finding(rule)])])
        desk.decide(case_id, decision)


def fallbacks(db: Database) -> list[tuple[str, str]]:
    """What the audit log says of rules that fell back or came back, the oldest first."""
    rows = [row for row in audit.rows(db, 10_000)[::-1] if row.event in ("rule.fallback", "rule.restore")]
    return [(row.event.removeprefix("rule."), row.subject) for row in rows]


def modes(measuring: Measuring) -> dict[str, str]:
    return {f"{rule.name} {''.join(rule.groups)}".strip(): rule.mode.value for rule in measuring.in_force().rules}


@pytest.fixture
def eye(db: Database, clock: Clock) -> Callable[[], Measuring]:
    """A worker's eye on the rules, as a worker that starts has it."""
    log: list[str] = []
    generation = lease.take(db, "serve", NOON)
    return lambda: Measuring(db, generation, parse(BOOK), log.append, clock)


RIGHT, WRONG = Decision.WARN, Decision.DISMISS


@pytest.mark.parametrize(
    ("right", "wrong", "mode"),
    [(0, 0, "auto"), (0, 1, "auto"), (0, 2, "ask"), (9, 1, "auto"), (8, 2, "ask"), (89, 11, "ask")],
)
def test_it_asks_once_enough_decisions_speak_against_it(
    admin: Desk, eye: Callable[[], Measuring], right: int, wrong: int, mode: str
) -> None:
    decide(admin, [RIGHT] * right + [WRONG] * wrong)
    assert modes(eye()) == {"ads": mode, "ads fair": "shadow", "trial": "auto"}
    assert fallbacks(admin.db) == ([] if mode == "auto" else [("fallback", "ads")])


def test_it_acts_again_once_the_decisions_speak_for_it_and_both_are_audited_once(
    admin: Desk, eye: Callable[[], Measuring]
) -> None:
    decide(admin, [RIGHT] * 8 + [WRONG] * 2)
    measuring = eye()
    for _ in range(3):
        assert modes(measuring)["ads"] == "ask"
    assert modes(eye())["ads"] == "ask", "a worker that starts again knows"
    assert fallbacks(admin.db) == [("fallback", "ads")]
    decide(admin, [RIGHT] * 10)
    assert modes(measuring)["ads"] == "auto"
    assert modes(eye())["ads"] == "auto"
    assert fallbacks(admin.db) == [("fallback", "ads"), ("restore", "ads")]
    detail = json.loads(audit.rows(admin.db, 1)[0].detail)
    assert detail == {"confirmed": 18, "decided": 20, "precision": 0.9, "decisions": 10}
    assert audit.verify(admin.db)[1] == ""


def test_old_decisions_are_forgotten(admin: Desk, eye: Callable[[], Measuring], clock: Clock) -> None:
    decide(admin, [WRONG] * 10)
    measuring = eye()
    assert modes(measuring)["ads"] == "ask"
    clock.now += 91 * DAY
    assert modes(measuring)["ads"] == "auto"


def test_a_rulebook_that_demands_nothing_is_left_alone(admin: Desk, eye: Callable[[], Measuring]) -> None:
    decide(admin, [WRONG] * 50)
    measuring = eye()
    assert modes(measuring)["ads"] == "ask"
    for off in ("precision = 0", "decisions = 0"):
        measuring.written = parse(BOOK.replace("precision = 0.9", "").replace("decisions = 10", off))
        assert modes(measuring)["ads"] == "auto"


def test_a_measurement_holds_for_a_minute(eye: Callable[[], Measuring], clock: Clock) -> None:
    measuring = eye()
    assert measuring.due()
    measuring.in_force()
    assert not measuring.due()
    clock.now += AGAIN_SECONDS
    assert measuring.due()


def test_what_it_did_alone_counts_only_where_a_person_took_it_back(
    db: Database, admin: Desk, settings: Settings, eye: Callable[[], Measuring], clock: Clock
) -> None:
    automatic = Desk.automatic(db, settings, clock=clock)
    taken = []
    for number in range(30):
        (case_id,) = take(db, [(message(number, member=f"m{number}"), [finding("ads", Mode.AUTO)])])
        taken.append(automatic.decide(case_id, Decision.LADDER).decision_id)
    assert modes(eye())["ads"] == "auto"
    for decision_id in taken[:10]:
        admin.undo(decision_id)
    assert modes(eye())["ads"] == "ask"


@pytest.mark.parametrize(
    ("share", "words"), [(1.0, "100 %"), (0.9999, "99.9 %"), (0.98, "98 %"), (0.965, "96.5 %"), (0.0, "0 %")]
)
def test_a_percentage_never_says_more_than_there_is(share: float, words: str) -> None:
    assert percent(share) == words


# --- workers ---


def work(settings: Settings, chat: Path, clock: Clock, log: list[str] | None = None) -> None:
    """Let a worker read the chat to its end."""
    platform = Replay(settings.store.with_suffix(".effects"), path=chat, speed=None)
    said = (log if log is not None else []).append
    asyncio.run(Worker(settings, "serve", [platform], said, clock=clock).run(until_read=True))


def test_a_worker_acts_asks_and_acts_again(
    db: Database, admin: Desk, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    settings.rulebook.write_text(BOOK, "utf-8")
    log: list[str] = []
    chat = [message("1", "free cash", member="a")]
    work(settings, record(tmp_path / "chat", chat), clock, log)
    assert [row.state for row in cases.listed(db, tuple(CaseState))] == [CaseState.DECIDED]
    decide(admin, [RIGHT] * 2 + [WRONG] * 8)
    chat.append(message("2", "free cash", member="b"))
    work(settings, record(tmp_path / "chat", chat), clock, log)
    (asked,) = cases.listed(db)
    assert (asked.rule, asked.who) == ("ads", "b")
    said = "rule ads asks instead of acting by itself: 2 of 10 cases decided in the last 90 days were confirmed, 20 %"
    assert [words for words in log if words.startswith("rule ads")] == [f"{said}; auto takes 90 % of at least 10"]
    decide(admin, [RIGHT] * 70)
    chat.append(message("3", "free cash", member="c"))
    work(settings, record(tmp_path / "chat", chat), clock, log)
    assert [row.id for row in cases.listed(db)] == [asked.id], "what was asked is a person's to decide"
    assert fallbacks(db) == [("fallback", "ads"), ("restore", "ads")]


def test_what_a_killed_worker_left_for_a_rule_that_fell_back_is_a_persons_to_decide(
    db: Database, admin: Desk, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    settings.rulebook.write_text(BOOK, "utf-8")
    decide(admin, [WRONG] * 10)
    (left,) = take(db, [(message("left", member="left"), [finding("ads", Mode.AUTO)])])
    (other,) = take(db, [(message("other", member="other"), [finding("trial", Mode.AUTO)])])
    work(settings, record(tmp_path / "chat", []), clock)
    assert cases.get(db, left).state is CaseState.OPEN
    assert cases.get(db, other).state is CaseState.DECIDED


def test_a_worker_notices_while_it_runs(
    db: Database, admin: Desk, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    settings.rulebook.write_text(BOOK, "utf-8")
    log: list[str] = []

    async def run() -> None:
        worker = Worker(settings, "serve", [], log.append, clock=clock)
        working = asyncio.create_task(worker.run())
        await said("windows filled")
        decide(admin, [WRONG] * 10)
        clock.now += AGAIN_SECONDS
        await said("rule ads asks instead")
        settings.rulebook.write_text(BOOK.replace("decisions = 10", "decisions = 0"), "utf-8")
        await said("rule ads acts by itself again")
        worker.stop()
        await working

    async def said(start: str) -> None:
        async with asyncio.timeout(20):
            while not any(words.startswith(start) for words in log):
                await asyncio.sleep(0.01)

    asyncio.run(run())
    assert fallbacks(db) == [("fallback", "ads"), ("restore", "ads")]


def test_a_rule_that_fell_back_is_shown_by_list_and_doctor(tmp_path: Path) -> None:
    home = Home(tmp_path)
    rulebook = home.write("rulebook.toml", BOOK.replace('"auto"', '"ask"'))
    home.config.write_text(f'rulebook = "{rulebook}"\n', "utf-8")
    first = [message(n, "free cash", member=f"m{n}", time=NOON + n) for n in range(10)]
    home.ok("replay", home.write("chat.ndjson", "".join(map(line, first))), "--speed", "max")
    for row in home.ok("cases", "--json").rows:
        home.ok("decide", row["id"], "dismiss")
    assert home.ok("rules", "list", "--json").rows[0]["in_force"] == "ask"

    rulebook.write_text(BOOK, "utf-8")
    with home.running("serve") as worker:
        wait_until(lambda: home.ok("rules", "list", "--json").rows[0]["fell_back"] is not None)
        (ads, fair, trial) = home.ok("rules", "list", "--json").rows
        shown = home.ok("rules", "list").out
        examined = {row["what"]: row for row in home.run("doctor", "--json").rows}
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=20)
    assert (ads["rule"], ads["mode"], ads["in_force"]) == ("ads", "auto", "ask")
    assert (ads["hits"], ads["decided"], ads["confirmed"], ads["dismissed"]) == (10, 10, 0, 10)
    assert (ads["precision"], ads["lower"]) == (0.0, 0.0)
    assert (fair["group"], fair["mode"]) == ("fair", "shadow")
    assert (trial["mode"], trial["in_force"], trial["precision"]) == ("auto", "auto", None)
    assert "instead of acting by itself:\n  0 of 10 cases decided" in shown
    assert not examined["rules"]["ok"]
    assert examined["rules"]["found"].endswith(": ads")
    assert max(map(len, shown.splitlines())) <= 80
