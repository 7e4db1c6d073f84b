"""Lessons: what files and decisions teach, what is taken back, and that nobody turns a rule round alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.desk import Desk, NotAllowed
from console.learning import counted
from console.settings import Settings
from console.settings import load as load_settings
from rules.records import Message
from store import audit, lessons, staff
from store.database import Database, open_database
from store.errors import NotFound
from store.lessons import Label, Lesson
from store.records import CaseState, Decision, Role
from tests.unit.made import NOON, finding, message, take

AD = "二手教材八折出售，欢迎来看"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    db = open_database(tmp_path / "s.db", create=True)
    for name, role in (("own", Role.OWNER), ("adm", Role.ADMIN), ("mo", Role.MODERATOR), ("vic", Role.VIEWER)):
        staff.add(db, name, role, "own", NOON)
    yield db
    db.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    config = tmp_path / "vigil.toml"
    config.write_text(f'store = "{tmp_path / "s.db"}"\n', "utf-8")
    return load_settings(config, None)


def at(db: Database, settings: Settings, name: str) -> Desk:
    return Desk(db, settings, name, clock=lambda: NOON + 100)


def open_case(db: Database, text: str, number: int = 1, kind: str = "words") -> int:
    flag = replace(finding(), rule=kind, kind=kind)
    (case,) = take(db, [(message(number, text, member=f"m{number}"), [flag])])
    return case


def texts(db: Database) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(lesson.label.value, lesson.text, lesson.people) for lesson in lessons.lessons(db)]


def test_a_file_teaches_each_example_once(db: Database, settings: Settings) -> None:
    desk = at(db, settings, "adm")
    number, new = desk.teach("a.ndjson", [(Label.SPAM, AD), (Label.HAM, "好"), (Label.SPAM, AD)])
    assert (number, new) == (1, 2)
    assert desk.teach("b.ndjson", [(Label.SPAM, AD)]) == (0, 0)
    assert texts(db) == [("spam", AD, ("adm",)), ("ham", "好", ("adm",))]
    assert not any(lesson.alone for lesson in lessons.lessons(db))
    desk.forget("i1")
    assert texts(db) == []
    assert desk.teach("b.ndjson", [(Label.SPAM, AD)]) == (2, 1)
    assert audit.verify(db)[1] == ""


@pytest.mark.parametrize("name", ["mo", "vic"])
def test_only_an_admin_teaches_from_files(db: Database, settings: Settings, name: str) -> None:
    with pytest.raises(NotAllowed):
        at(db, settings, name).teach("a", [(Label.SPAM, AD)])
    with pytest.raises(NotAllowed):
        at(db, settings, name).forget("I1")
    assert texts(db) == []


@pytest.mark.parametrize("id", ["", "I", "D0", "X1", "I99", "D99", "I1x", "I²", "I" + "9" * 30])
def test_what_was_never_taught_cannot_be_forgotten(db: Database, settings: Settings, id: str) -> None:
    with pytest.raises(NotFound, match="vigil learned"):
        at(db, settings, "adm").forget(id)


def test_an_approved_decision_teaches_and_undoing_it_unteaches(db: Database, settings: Settings) -> None:
    case = open_case(db, AD)
    before = lessons.fingerprint(db)
    taken = at(db, settings, "mo").decide(case, Decision.WARN)
    assert not taken.approved
    assert texts(db) == []
    at(db, settings, "adm").approve(taken.decision_id)
    assert texts(db) == [("spam", AD, ("mo", "adm"))]
    assert not lessons.lessons(db)[0].alone
    assert lessons.fingerprint(db) != before
    at(db, settings, "own").undo(taken.decision_id)
    assert texts(db) == []
    assert lessons.fingerprint(db) == before


def test_a_dismissal_teaches_that_it_was_no_spam(db: Database, settings: Settings) -> None:
    at(db, settings, "mo").decide(open_case(db, AD), Decision.DISMISS)
    assert texts(db) == [("ham", AD, ("mo",))]
    assert lessons.lessons(db)[0].alone


def test_act_without_learning_and_floods_teach_nothing(db: Database, settings: Settings) -> None:
    desk = at(db, settings, "own")
    desk.decide(open_case(db, AD, 1), Decision.DELETE, learn=False)
    desk.decide(open_case(db, "哈哈哈哈哈哈哈", 2, kind="flood"), Decision.DELETE)
    assert texts(db) == []


def test_a_decision_can_be_forgotten_and_still_stands(db: Database, settings: Settings) -> None:
    case = open_case(db, AD)
    taken = at(db, settings, "own").decide(case, Decision.DELETE)
    assert [row.id for row in lessons.taught(db)] == [f"D{taken.decision_id}"]
    at(db, settings, "adm").forget(f"D{taken.decision_id}")
    assert texts(db) == []
    assert at(db, settings, "own").card(case).case.state is CaseState.DECIDED


def test_a_campaigns_variants_teach_a_few(db: Database, settings: Settings) -> None:
    flag = finding(campaign="c")
    (case,) = take(db, [(message(n, f"{AD}{n}", member=f"m{n}"), [flag]) for n in range(60)])
    at(db, settings, "own").decide(case, Decision.DELETE)
    assert len(texts(db)) == lessons.TEXTS_A_DECISION
    assert lessons.taught(db)[0].spam == lessons.TEXTS_A_DECISION


def test_background_is_what_nobody_disputes(db: Database, settings: Settings) -> None:
    take(db, [(message(n, f"第{n}句话", member=f"t{n}"), []) for n in range(100, 110)])
    case = open_case(db, AD, 1)
    dismissed = open_case(db, "这是误判", 2)
    at(db, settings, "mo").decide(dismissed, Decision.DISMISS)
    talk, until = lessons.background(db, 100)
    assert talk == [f"第{n}句话" for n in range(100, 110)] + ["这是误判"]
    assert until > 0
    assert lessons.background(db, 3)[0] == talk[-3:]
    at(db, settings, "mo").decide(case, Decision.DISMISS)
    assert AD in lessons.background(db, 100)[0]


def lesson(person: str, label: Label, number: int, *, vouched: bool) -> Lesson:
    return Lesson(f"{person}{number}", label, (person, "adm") if vouched else (person,), True)


LESSONS = st.lists(
    st.builds(
        lesson, st.sampled_from(["a", "b", "c"]), st.sampled_from([Label.SPAM, Label.HAM]), st.integers(),
        vouched=st.booleans(),
    ),
    max_size=60,
)  # fmt: skip


@given(LESSONS, st.integers(1, 10))
def test_nobody_alone_teaches_much_more_than_all_others(taught: list[Lesson], limit: int) -> None:
    kept, left_out = counted(taught, limit)
    assert len(kept) + sum(left_out.values()) == len(taught)
    assert [one for one in kept if not one.alone] == [one for one in taught if not one.alone]
    for person in ("a", "b", "c"):
        for label in Label:
            own = sum(one.alone and one.people[0] == person and one.label is label for one in kept)
            others = sum(one.label is label and not (one.alone and one.people[0] == person) for one in taught)
            assert own <= others + limit
    assert counted(taught, 0) == (taught, {})


def test_shown_is_who_taught_what(db: Database, settings: Settings) -> None:
    at(db, settings, "adm").teach("a.ndjson", [(Label.SPAM, AD), (Label.BACKGROUND, "早")])
    at(db, settings, "mo").decide(open_case(db, "不是广告"), Decision.DISMISS)
    decided, imported = lessons.taught(db)
    assert (decided.what, decided.staff, decided.alone, decided.ham) == ("dismiss", "mo", True, 1)
    assert (imported.what, imported.spam, imported.background, imported.removed) == ("a.ndjson", 1, 1, "")


def test_messages_without_text_teach_nothing(db: Database, settings: Settings) -> None:
    (case,) = take(db, [(Message("replay", "g", "1", "m", "", NOON, "image"), [finding()])])
    at(db, settings, "own").decide(case, Decision.DELETE)
    assert texts(db) == []
