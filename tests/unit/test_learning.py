"""Learning as users meet it: the commands, a worker that learns from decisions, and what undoing leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from console.desk import Desk
from console.intake import Intake
from console.learning import learn, learned_rule
from console.platforms.base import Batch
from console.settings import Settings
from console.study import Study
from rules.engine import Engine
from rules.knowledge import NOTHING_KNOWN
from rules.records import Message
from rules.rulebook import Rulebook, parse
from store import lease, lessons, rulebooks, staff
from store.database import Database
from store.records import Decision, Role
from tests.home import Home
from tests.unit.made import NOON, message
from tests.unit.test_rules_learned import spam, talk

BOOK = """\
version = 1
[rules.words]
kind = "words"
mode = "ask"
words = ["优惠券"]
[rules.learned]
kind = "learned"
mode = "ask"
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def labelled(spams: Sequence[str], hams: Sequence[str]) -> str:
    rows = [{"text": text, "label": "spam"} for text in spams] + [{"text": text, "label": "ham"} for text in hams]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def chat(texts: Sequence[str]) -> str:
    rows = [{"id": str(n), "group": "g", "user": f"u{n}", "text": text} for n, text in enumerate(texts)]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def flagged(home: Home, file: Path, *more: object) -> list[bool]:
    rows = home.ok("check", file, "--rulebook", home.folder / "book.toml", *more).rows
    return [any(finding["rule"] == "learned" for finding in row["findings"]) for row in rows]


def test_what_a_file_taught_is_found_and_can_be_forgotten(home: Home) -> None:
    home.write("book.toml", BOOK)
    home.config.write_text(f'rulebook = "{home.folder / "book.toml"}"\n', "utf-8")
    examples = home.write("examples.ndjson", labelled(spam(60, 1), talk(60, 1)))
    talked = home.write("talk.ndjson", chat(talk(400, 2)))
    said = home.ok("learn", examples, "--background", talked, "--store", home.store).out
    assert "learned" in said
    assert "at most one in 1000" in said
    unseen = home.write("unseen.ndjson", chat([*spam(40, 7), *talk(200, 8)]))
    found = flagged(home, unseen, "--store", home.store)
    assert sum(found[:40]) >= 38
    assert sum(found[40:]) <= 1
    assert flagged(home, unseen) == [False] * 240
    assert "learned nothing" not in home.ok("learned", "--store", home.store).out
    (row,) = home.ok("learned", "--json", "--store", home.store).rows
    assert row["id"] == "I1"
    home.ok("learned", "forget", "I1", "--store", home.store)
    assert flagged(home, unseen, "--store", home.store) == [False] * 240


def test_every_rules_score_is_shown_below_its_threshold_too(home: Home) -> None:
    home.write("book.toml", BOOK)
    home.config.write_text(f'rulebook = "{home.folder / "book.toml"}"\n', "utf-8")
    home.ok("learn", home.write("examples.ndjson", labelled(spam(60, 1), talk(400, 1))), "--store", home.store)
    unseen = home.write("unseen.ndjson", chat(["今天晚上吃什么好呢", *spam(20, 7)]))
    rows = home.ok("check", unseen, "--scores", "--store", home.store).rows
    harmless, *ads = [row["scores"] for row in rows]
    assert set(harmless) == {"words", "learned"}
    assert 0 < harmless["learned"] < min(ad["learned"] for ad in ads)


def test_with_too_little_of_the_communitys_own_talk_only_copies_of_ads_are_flagged(home: Home) -> None:
    home.write("book.toml", BOOK)
    home.config.write_text(f'rulebook = "{home.folder / "book.toml"}"\n', "utf-8")
    taught = spam(60, 1)
    examples = home.write("examples.ndjson", labelled(taught, talk(60, 1)))
    assert "only counts (shadow)" in home.ok("learn", examples, "--store", home.store).out
    unseen = home.write("unseen.ndjson", chat([*spam(20, 7)]))
    rows = home.ok("check", unseen, "--store", home.store).rows
    found = [finding for row in rows for finding in row["findings"] if finding["rule"] == "learned"]
    assert {finding["mode"] for finding in found if finding["matched"] not in taught} == {"shadow"}
    assert {finding["mode"] for finding in found if finding["matched"] in taught} == {"ask"}


def test_bad_lines_are_named_and_the_good_ones_learned(home: Home) -> None:
    content = (
        '{"text": "优惠券扫码领取速来", "label": "spam"}\n{"text": 5, "label": "spam"}\n\nnonsense\n{"text": "早"}\n'
    )
    done = home.ok("learn", home.write("bad.ndjson", content), "--store", home.store)
    assert [line.split(": ", 2)[1].rpartition(":")[2] for line in done.err.splitlines()] == ["2", "4", "5"]
    assert '"text" is a number' in done.err
    assert 'no "label": "spam" or "ham"' in done.err
    assert "learned 1 new examples" in done.out


def test_a_users_mistakes_are_one_line(home: Home) -> None:
    assert "name a file of labelled messages" in home.refused("learn", "--store", home.store)
    assert "does not exist" in home.refused("learn", "nowhere.ndjson", "--store", home.store)
    home.ok("learn", home.write("a.ndjson", labelled(["优惠券扫码领取速来"], [])), "--store", home.store)
    assert "vigil learned" in home.refused("learned", "forget", "I9", "--store", home.store)
    unseen = home.write("unseen.ndjson", chat(["早"]))
    assert "choose one" in home.refused("check", unseen, "--scores", "--explain")


def test_check_explains_to_people(home: Home) -> None:
    home.write("book.toml", BOOK)
    unseen = home.write("unseen.ndjson", chat(["大家早", "\x1b[31m这里有优惠券[b]"]))
    done = home.ok("check", unseen, "--explain", "--rulebook", home.folder / "book.toml")
    first, second = done.lines
    assert "‹优惠券›" in first
    assert second.strip() == "words (ask): holds what must not be said: 优惠券  [8-11]"
    assert "\x1b" not in done.out
    chinese = home.run(
        "check", unseen, "--explain", "--rulebook", home.folder / "book.toml", env={"LANG": "zh_CN.UTF-8"}
    )
    assert "含有禁用词：优惠券" in chinese.out


class Shop:
    """A worker's intake and study on a real store, with a staff that decides."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db, self.settings = db, settings
        self.book = parse(BOOK)
        for name, role in (("own", Role.OWNER), ("mo", Role.MODERATOR)):
            staff.add(db, name, role, "own", NOON)
        generation = lease.take(db, "serve", NOON)
        rulebook_id = rulebooks.put_in_force(db, BOOK, NOON)
        self.log: list[str] = []
        self.intake = Intake(db, settings, Engine(self.book), generation, rulebook_id, lambda: NOON)
        self.study = Study(db.path, self.intake, self.log.append, lambda: NOON)
        self.study.begin()
        self._position = 0

    def take(self, *messages: Message) -> list[list[str]]:
        self._position += 1
        taken = self.intake.take(Batch(messages, str(self._position), ()), "replay")
        return [[finding.rule for finding in findings] for _, findings in taken.messages]

    async def learned(self, count: int) -> None:
        """Returns when the study has learned so many times."""
        going_on = asyncio.create_task(self.study.go_on())
        try:
            async with asyncio.timeout(30):
                while len(self.log) < count:
                    await asyncio.sleep(0.01)
        finally:
            going_on.cancel()

    def case_of(self, number: int) -> int:
        return int(
            self.db.value(
                "SELECT f.case_id FROM flags f JOIN messages m ON m.id = f.message_id WHERE m.key = ?", (str(number),)
            )
        )


@pytest.fixture
def shop(db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr("console.study.LOOK_SECONDS", 0.01)
    return Shop(db, settings)


AD = "内部优惠券每天更新扫码进群免费领取"
VARIANT = "内部优会卷每天更新扫码进群免费领取"


def test_a_running_worker_learns_from_a_decision_and_from_its_undoing(shop: Shop) -> None:
    assert shop.take(message(1, AD), message(2, VARIANT, member="n")) == [["words"], []]
    desk = Desk(shop.db, shop.settings, "own", clock=lambda: NOON)
    taken = desk.decide(shop.case_of(1), Decision.DELETE)
    asyncio.run(shop.learned(1))
    assert shop.take(message(3, VARIANT, member="o")) == [["learned"]]
    desk.undo(taken.decision_id)
    asyncio.run(shop.learned(2))
    assert shop.take(message(4, VARIANT, member="p")) == [[]]


def test_a_dismissal_protects_its_like_but_not_what_says_more(shop: Shop) -> None:
    text = "请问食堂的优惠券在哪里可以换"
    assert shop.take(message(1, text)) == [["words"]]
    Desk(shop.db, shop.settings, "mo", clock=lambda: NOON).decide(shop.case_of(1), Decision.DISMISS)
    asyncio.run(shop.learned(1))
    assert shop.take(message(2, f"{text}呢", member="n")) == [[]]
    assert shop.take(message(3, f"{text}。不如来我店里，代开各种优惠券，量大从优，欢迎私聊", member="o")) == [["words"]]


def test_a_dismissal_does_not_outvote_two_who_confirmed(shop: Shop) -> None:
    desk = Desk(shop.db, shop.settings, "mo", clock=lambda: NOON)
    owner = Desk(shop.db, shop.settings, "own", clock=lambda: NOON)
    shop.take(message(1, AD))
    owner.approve(desk.decide(shop.case_of(1), Decision.WARN).decision_id)
    shop.take(message(2, f"{AD}！", member="n"))
    desk.decide(shop.case_of(2), Decision.DISMISS)
    asyncio.run(shop.learned(1))
    assert "words" in shop.take(message(3, AD, member="o"))[0]


def knowledge_of(db: Database, book: Rulebook) -> tuple[bytes, tuple[str, ...], tuple[str, ...]]:
    rule = learned_rule(book)
    assert rule is not None
    found = learn(db, rule, NOON, keep=False).knowledge
    return (found.model.to_bytes() if found.model else b""), found.confirmed, found.dismissed


@pytest.mark.parametrize("decision", [Decision.DELETE, Decision.DISMISS])
def test_undoing_leaves_exactly_what_would_be_without(shop: Shop, decision: Decision) -> None:
    lessons.teach(
        shop.db, "a", [(lessons.Label.SPAM, text) for text in spam(30, 1)]
        + [(lessons.Label.HAM, text) for text in talk(60, 1)], "own", NOON,
    )  # fmt: skip
    shop.take(message(1, AD), *(message(100 + n, text, member=f"t{n}") for n, text in enumerate(talk(50, 3))))
    case = shop.case_of(1)
    before = knowledge_of(shop.db, shop.book)
    desk = Desk(shop.db, shop.settings, "own", clock=lambda: NOON)
    taken = desk.decide(case, decision)
    assert knowledge_of(shop.db, shop.book) != before
    desk.undo(taken.decision_id)
    assert knowledge_of(shop.db, shop.book) == before


def test_a_model_is_kept_and_a_damaged_one_fitted_anew(shop: Shop) -> None:
    examples = [(lessons.Label.SPAM, text) for text in spam(30, 1)]
    lessons.teach(shop.db, "a", examples + [(lessons.Label.HAM, text) for text in talk(60, 1)], "own", NOON)
    rule = learned_rule(shop.book)
    assert rule is not None
    first = learn(shop.db, rule, NOON, keep=True).knowledge.model
    assert first is not None
    kept = lessons.model(shop.db)
    assert kept is not None
    assert kept.model == first.to_bytes()
    with shop.db.transaction():
        shop.db.execute("UPDATE models SET model = ?", (b"nonsense",))
    again = learn(shop.db, rule, NOON, keep=True).knowledge.model
    assert again is not None
    assert again.to_bytes() == first.to_bytes()


def test_after_a_restart_the_same_model_judges_until_the_one_for_more_talk_is_made(shop: Shop) -> None:
    examples = [(lessons.Label.SPAM, text) for text in spam(30, 1)]
    lessons.teach(shop.db, "a", examples + [(lessons.Label.HAM, text) for text in talk(60, 1)], "own", NOON)
    shop.study.begin()
    before = shop.intake.engine.knowledge.model
    assert before is not None
    shop.take(*(message(100 + n, text, member=f"t{n}") for n, text in enumerate(talk(80, 3))))
    shop.intake.learn(NOTHING_KNOWN)
    shop.study = Study(shop.db.path, shop.intake, shop.log.append, lambda: NOON)
    shop.study.begin()
    again = shop.intake.engine.knowledge.model
    assert again is not None
    assert again.to_bytes() == before.to_bytes()
    asyncio.run(shop.learned(len(shop.log) + 1))
    grown = shop.intake.engine.knowledge.model
    assert grown is not None
    assert grown.background > before.background


def test_where_only_ads_were_taught_a_model_comes_with_the_talk(shop: Shop) -> None:
    lessons.teach(shop.db, "a", [(lessons.Label.SPAM, text) for text in spam(30, 1)], "own", NOON)
    asyncio.run(shop.learned(1))
    assert shop.intake.engine.knowledge.model is None
    shop.take(*(message(100 + n, text, member=f"t{n}") for n, text in enumerate(talk(80, 3))))
    asyncio.run(shop.learned(2))
    assert shop.intake.engine.knowledge.model is not None
