"""A rule gets another mode by whoever may change the rules, and mode auto only with the precision for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.arguments import UserError
from console.desk import Desk, NotAllowed
from console.promoting import promote
from console.settings import Settings
from rules.records import Mode
from rules.rulebook import RulebookError
from store import audit, staff
from store.database import Database
from store.errors import StoreUnavailable
from store.records import Decision, Role
from tests.unit.made import NOON, finding, message, take

BOOK = """\
# Ours. 我们的规则
version = 1
[auto]
decisions = 10
precision = 0.9
[rules.ads] # the worst
kind = "words"   # a list
mode = "ask"     # for now
words = ["free cash"]
[rules.trial]
  kind = "words"
  words = ["casino"]
[groups.fair.ads]
mode = "shadow"
"""
DAY = 86_400.0


@pytest.fixture
def sit(db: Database, settings: Settings) -> Callable[[str], Desk]:
    """Gives a desk to ada the admin, mo the moderator or vic the viewer."""
    settings.rulebook.write_bytes(BOOK.encode())
    for name, role in (("olga", "owner"), ("ada", "admin"), ("mo", "moderator"), ("vic", "viewer")):
        staff.add(db, name, Role(role), "olga", NOON)
    return lambda name: Desk(db, settings, name, clock=lambda: NOON)


def change(desk: Desk, rule: str, mode: Mode, now: float = NOON) -> None:
    promote(desk, rule, mode, clock=lambda: now)


def decide(desk: Desk, right: int, wrong: int, rule: str = "ads") -> None:
    """So many cases of a rule that were confirmed, and so many that were dismissed."""
    for number in range(right + wrong):
        key = f"{rule}{right}{wrong}{number}"
        (case_id,) = take(desk.db, [(message(key, member=key), [finding(rule)])])
        desk.decide(case_id, Decision.DISMISS if number < wrong else Decision.WARN)


def test_only_the_mode_changes_in_the_file_and_the_audit_log_has_it(
    db: Database, sit: Callable[[str], Desk], settings: Settings
) -> None:
    done = promote(sit("ada"), "ads", Mode.SHADOW, clock=lambda: NOON)
    assert (done.before, done.after, done.elsewhere) == (Mode.ASK, Mode.SHADOW, ())
    expected = BOOK.replace('mode = "ask"     # for now', 'mode = "shadow"     # for now')
    assert settings.rulebook.read_bytes() == expected.encode()
    (row,) = audit.rows(db, 1)
    assert (row.staff, row.event, row.subject) == ("ada", "rule.mode", "ads")
    assert '"before":"ask"' in row.detail
    assert '"after":"shadow"' in row.detail
    assert audit.verify(db)[1] == ""


def test_a_rule_without_a_mode_gets_one(sit: Callable[[str], Desk], settings: Settings) -> None:
    change(sit("ada"), "trial", Mode.ASK)
    written = BOOK.replace('  kind = "words"\n  words', '  kind = "words"\n  mode = "ask"\n  words')
    assert settings.rulebook.read_bytes() == written.encode()


def test_a_mark_in_front_and_the_line_ends_of_windows_stay(sit: Callable[[str], Desk], settings: Settings) -> None:
    book = b"\xef\xbb\xbf" + BOOK.replace("\n", "\r\n").encode()
    settings.rulebook.write_bytes(book)
    change(sit("ada"), "ads", Mode.SHADOW)
    assert settings.rulebook.read_bytes() == book.replace(b'mode = "ask"', b'mode = "shadow"')


def test_the_mode_it_has_already_is_no_change(db: Database, sit: Callable[[str], Desk], settings: Settings) -> None:
    before = audit.rows(db)
    done = promote(sit("ada"), "ads", Mode.ASK)
    assert done.before is done.after is Mode.ASK
    assert done.elsewhere == ("fair",)
    assert settings.rulebook.read_bytes() == BOOK.encode()
    assert audit.rows(db) == before


@pytest.mark.parametrize("name", ["mo", "vic"])
def test_who_may_not_change_the_rules_does_not(sit: Callable[[str], Desk], settings: Settings, name: str) -> None:
    with pytest.raises(NotAllowed, match="takes the role admin"):
        change(sit(name), "ads", Mode.SHADOW)
    assert settings.rulebook.read_bytes() == BOOK.encode()


def test_the_settings_say_who_may(db: Database, sit: Callable[[str], Desk], settings: Settings) -> None:
    sit("mo")
    change(Desk(db, replace(settings, rules=Role.MODERATOR), "mo"), "ads", Mode.SHADOW)
    with pytest.raises(NotAllowed, match="owner"):
        change(Desk(db, replace(settings, rules=Role.OWNER), "ada"), "ads", Mode.ASK)


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        (0, 0, "no case of it was decided by a person in the last 90 days; auto takes 90 % of at least 10"),
        (9, 0, "9 of 9 cases decided in the last 90 days were confirmed, 100 %"),
        (8, 2, "8 of 10 cases decided in the last 90 days were confirmed, 80 %"),
        (17, 2, "17 of 19 cases decided in the last 90 days were confirmed, 89.4 %"),
        (9, 1, ""),
        (10, 0, ""),
    ],
)
def test_mode_auto_takes_the_precision_that_the_rulebook_demands(
    sit: Callable[[str], Desk], settings: Settings, right: int, wrong: int, says: str
) -> None:
    decide(sit("ada"), right, wrong)
    if says:
        with pytest.raises(UserError, match="ads may not act by itself yet") as caught:
            change(sit("ada"), "ads", Mode.AUTO)
        assert says in str(caught.value)
        assert settings.rulebook.read_bytes() == BOOK.encode()
    else:
        change(sit("ada"), "ads", Mode.AUTO)
        assert b'mode = "auto"     # for now' in settings.rulebook.read_bytes()


def test_old_decisions_are_no_evidence(sit: Callable[[str], Desk]) -> None:
    decide(sit("ada"), 10, 0)
    with pytest.raises(UserError, match="no case of it"):
        change(sit("ada"), "ads", Mode.AUTO, NOON + 91 * DAY)
    change(sit("ada"), "ads", Mode.AUTO, NOON + 89 * DAY)


@pytest.mark.parametrize("off", ["precision = 0", "decisions = 0"])
def test_a_community_may_demand_nothing(sit: Callable[[str], Desk], settings: Settings, off: str) -> None:
    key = off.partition(" ")[0]
    lines = [off if line.startswith(key) else line for line in BOOK.splitlines()]
    settings.rulebook.write_text("\n".join(lines), "utf-8")
    change(sit("ada"), "ads", Mode.AUTO)
    assert 'mode = "auto"' in settings.rulebook.read_text("utf-8")


def test_an_unknown_rule_is_answered_with_those_there_are(sit: Callable[[str], Desk]) -> None:
    with pytest.raises(UserError, match="has no rule 'adds'; there are ads, trial"):
        change(sit("ada"), "adds", Mode.ASK)


def test_without_a_file_there_is_nothing_to_change(sit: Callable[[str], Desk], settings: Settings) -> None:
    sit("ada")
    settings.rulebook.unlink()
    with pytest.raises(UserError, match="`vigil init` writes them to change"):
        change(sit("ada"), "ads", Mode.ASK)


def test_a_broken_rulebook_is_named_and_left(sit: Callable[[str], Desk], settings: Settings) -> None:
    sit("ada")
    broken = BOOK.replace('words = ["casino"]', 'patterns = ["("]')
    settings.rulebook.write_text(broken, "utf-8")
    with pytest.raises(RulebookError, match=r"rules\.trial\.patterns"):
        change(sit("ada"), "ads", Mode.SHADOW)
    assert settings.rulebook.read_text("utf-8") == broken


def test_lists_beside_the_rulebook_are_read_from_beside_it(
    sit: Callable[[str], Desk], settings: Settings, tmp_path: Path
) -> None:
    sit("ada")
    (tmp_path / "words.txt").write_text("casino\n")
    settings.rulebook.write_text(BOOK.replace('words = ["casino"]', 'words_file = "words.txt"'), "utf-8")
    change(sit("ada"), "trial", Mode.ASK)
    (tmp_path / "words.txt").unlink()
    with pytest.raises(RulebookError, match=r"words\.txt"):
        change(sit("ada"), "trial", Mode.SHADOW)


def again_and_again(desk: Desk) -> None:
    for _ in range(500):
        change(desk, "ads", Mode.SHADOW)
        change(desk, "ads", Mode.ASK)


def test_what_cannot_be_written_down_has_not_happened(
    db: Database, sit: Callable[[str], Desk], settings: Settings
) -> None:
    desk = sit("ada")
    pages = db.value("PRAGMA page_count")
    db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable, match="full"):
        again_and_again(desk)
    rows = [row for row in audit.rows(db, 10_000) if row.event == "rule.mode"]
    last = rows[0].detail if rows else '"after":"ask"'
    written = "shadow" if b'mode = "shadow"     #' in settings.rulebook.read_bytes() else "ask"
    assert f'"after":"{written}"' in last


def test_a_folder_that_cannot_be_written_leaves_file_and_log(
    db: Database, sit: Callable[[str], Desk], settings: Settings, tmp_path: Path
) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everything")
    folder = tmp_path / "closed"
    folder.mkdir()
    desk = sit("ada")
    settings.rulebook.rename(folder / "rulebook.toml")
    folder.chmod(0o500)
    before = audit.rows(db)
    moved = Desk(db, replace(desk.settings, rulebook=folder / "rulebook.toml"), "ada")
    with pytest.raises(OSError, match="denied"):
        change(moved, "ads", Mode.SHADOW)
    folder.chmod(0o700)
    assert (folder / "rulebook.toml").read_bytes() == BOOK.encode()
    assert audit.rows(db) == before
