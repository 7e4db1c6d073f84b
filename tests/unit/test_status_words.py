"""The status line says what is in trouble before all else, at any width, and never cuts how much failed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from console.child import Child
from console.settings import Settings
from console.status_words import (
    no_cases_words,
    no_messages_words,
    other_counts,
    platforms_said,
    pressing_counts,
    trouble_words,
    worker_words,
)
from console.words import TOLD_SECONDS, told_seconds
from store.lease import Holder
from store.records import ActionState
from widgets.status import StatusParts, arranged


def holder(health: dict[str, str] | None = None, *, alive: bool = True) -> Holder:
    note = msgspec.json.encode(health).decode() if health else ""
    return Holder(1, "child", "here", 32735, alive, False, 0.0, note)


def child(settings: Settings, failure: str = "") -> Child:
    child = Child(settings)
    child.stopped, child.failure = True, failure
    return child


def line(width: int, parts: StatusParts) -> str:
    """The parts as they stand in the line, which must hold them."""
    line = ("! " if parts.alarm else "") + "  ".join(filter(None, (parts.left, parts.middle)))
    room = width - cell_len(line) - cell_len(parts.right)
    assert room >= (1 if parts.right else 0)
    return line + " " * room + parts.right


def shown(width: int, health: dict[str, str], outbox: Counter[ActionState], opened: int = 0, proposed: int = 0) -> str:
    trouble, broken = trouble_words(platforms_said(holder(health)))
    worker, _ = worker_words(holder(health), None)
    counts = other_counts(outbox, opened, proposed)
    return line(
        width,
        arranged(width, "root (owner)", trouble, pressing_counts(outbox), counts, worker, alarm=broken),
    )


DEAD = {"matrix": "not reachable", "telegram": "not reachable"}
BUSY = Counter({ActionState.FAILED: 16, ActionState.UNKNOWN: 1, ActionState.WAITING: 18})


def test_platforms_that_are_away_stand_first_by_name_and_the_counts_that_matter_are_whole() -> None:
    words = shown(80, DEAD, BUSY, opened=1)
    assert words.startswith("! matrix, telegram not reachable")
    assert "16 failed · 1 to settle · 18 to send" in words
    assert "proposed" not in words
    assert "32735" not in words


def test_with_room_everything_is_there() -> None:
    words = shown(130, {**DEAD, "qq": "connected"}, BUSY, opened=1, proposed=2)
    assert words.startswith("! matrix, telegram not reachable  root (owner)  worker: console's")
    assert words.endswith("16 failed · 1 to settle · 18 to send · 1 open · 2 proposed")
    assert "32735 · qq connected" in shown(130, {**DEAD, "qq": "connected"}, Counter())


def test_different_reasons_are_told_apart_and_what_has_no_room_is_counted() -> None:
    health = {"matrix": "login refused (M_FORBIDDEN)", "telegram": "not reachable", "qq": "token refused"}
    assert "matrix login refused · telegram not reachable · qq token refused" in shown(100, health, BUSY)
    words = shown(60, health, BUSY)
    assert words.startswith("! matrix login refused · 2 more")
    assert "16 failed · 1 to settle" in words


def test_what_only_takes_its_time_is_no_alarm() -> None:
    words = shown(80, {"matrix": "connecting", "qq": "waiting to be connected to"}, Counter(), opened=3)
    assert words.startswith("matrix connecting · qq waiting to be connected to")
    assert words.endswith("3 open")


def test_where_all_is_well_the_worker_and_its_platforms_stand_there() -> None:
    words = shown(100, {"matrix": "connected", "wall": "looking at the wall"}, Counter(), opened=3)
    assert words.startswith("root (owner)  worker: console's 32735 · matrix connected · wall looking")


names = st.text("abcdefg_", min_size=1, max_size=12)
healths = st.sampled_from(["connected", "connecting", "not reachable", "has failed", "fine (x)", "token refused"])


@given(
    st.integers(40, 200),
    st.dictionaries(names, healths, max_size=8),
    st.integers(0, 99_999),
    st.integers(0, 999),
    st.integers(0, 9_999),
)
def test_at_any_width_the_line_holds_what_it_says_and_what_failed_whole(
    width: int, health: dict[str, str], failed: int, unknown: int, other: int
) -> None:
    outbox = Counter({ActionState.FAILED: failed, ActionState.UNKNOWN: unknown, ActionState.WAITING: other})
    words = shown(width, health, outbox, other, other)
    assert cell_len(words) == width
    assert not failed or f"{failed} failed" in words
    assert not unknown or f"{unknown} to settle" in words


def test_a_worker_that_died_is_said_to_be_started_again_and_why(settings: Settings) -> None:
    assert worker_words(holder(alive=False), child(settings)) == (["worker stopped, starting again"], True)
    words, _ = worker_words(None, child(settings, "rulebook.toml: line 3"))
    assert words == ["worker stopped, starting again: rulebook.toml: line 3"]


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("2026-11-22T11:00:00.123+00:00 matrix: 3 messages, 0 flagged", ""),
        ("vigil: rulebook.toml: no rule", "rulebook.toml: no rule"),
        ("MemoryError", "MemoryError"),
        ("", ""),
    ],
)
def test_an_everyday_line_of_the_log_is_no_reason(tmp_path: Path, last: str, reason: str) -> None:
    store = tmp_path / "no" / "vigil.db"
    ended = Child(Settings(tmp_path / "vigil.toml", store, tmp_path / "rulebook.toml"))
    ended.log = tmp_path / "worker.log"
    ended.log.write_text(f"2026-11-22T10:00:00.000+00:00 worker child started\n{last}\n")
    assert ended.last_words() == reason


def test_a_list_without_cases_says_what_failed_and_the_key() -> None:
    assert no_cases_words(Counter(), "F") == "No open cases. Nothing to decide."
    assert no_cases_words(Counter({ActionState.FAILED: 6}), "F") == "No open cases. 6 actions failed: F shows them."
    assert "1 action to settle: F" in no_cases_words(Counter({ActionState.UNKNOWN: 1}), "F")
    assert "2 failed, 1 to settle: F" in no_cases_words(Counter({ActionState.FAILED: 2, ActionState.UNKNOWN: 1}), "F")


def test_an_empty_feed_says_what_it_waits_for() -> None:
    assert "no platform is set up" in no_messages_words([], None)[0]
    assert "[platforms.NAME]" in no_messages_words([], holder())[1]
    assert no_messages_words(["matrix"], None)[1] == "  matrix: not looked at yet: the worker starts"
    lines = no_messages_words(["matrix"], holder({"matrix": "not reachable", "qq": "connected"}))
    assert lines[1:3] == ["  matrix: not reachable", "  qq: connected"]
    assert "vigil platform test" in lines[3]
    assert "appears here" in no_messages_words([], holder({"qq": "connected"}))[-1]


def test_what_says_when_it_is_carried_out_is_not_said_longer_than_that() -> None:
    assert told_seconds(5) == 5
    assert told_seconds(60) == TOLD_SECONDS
    assert 0 < told_seconds(0) < TOLD_SECONDS


def test_a_worker_that_ended_as_asked_is_no_alarm(settings: Settings) -> None:
    tended = Child(settings)
    tended.tend(holder())
    assert worker_words(holder(alive=False), tended) == (["worker stopped, starting again"], False)
    assert worker_words(None, Child(settings)) == (["no worker: starting one"], False)
