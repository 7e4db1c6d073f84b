"""The replay platform: reading goes on where it stopped, and what is done is written down once."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from console.platforms.base import Batch
from console.platforms.recorded import LONGEST_LINE
from console.platforms.replay import BATCH_LINES, Effects, Replay, ReplayError, effects_path
from console.platforms.replay_kind import parse_speed
from rules.records import Message
from store import messages
from store.database import Database, open_database
from store.records import ActionKind, ActionState, Order
from tests.unit.made import NOON, Vigil, line, message, record


def play(path: Path, position: str | None = None, speed: float | None = None) -> list[Batch]:
    async def read() -> list[Batch]:
        platform = Replay(path.with_name("effects"), path=path, speed=speed)
        return [batch async for batch in platform.batches(position)]

    return asyncio.run(read())


def played(batches: list[Batch]) -> list[str]:
    return [message.id for batch in batches for message in batch.messages]


def chat(count: int, first: int = 0, step: float = 1.0) -> list[Message]:
    return [message(number, time=NOON + step * number) for number in range(first, first + count)]


def problems(batches: list[Batch]) -> list[str]:
    return [problem for batch in batches for problem in batch.problems]


def test_a_file_is_played_in_order(tmp_path: Path) -> None:
    batches = play(record(tmp_path / "chat", chat(1_234)))
    assert played(batches) == [str(number) for number in range(1_234)]
    assert max(len(batch.messages) for batch in batches) <= BATCH_LINES
    assert problems(batches) == []


def test_every_position_leads_to_the_rest(tmp_path: Path) -> None:
    path = record(tmp_path / "chat", chat(2_000))
    batches = play(path)
    assert len(batches) > 3
    for number, batch in enumerate(batches):
        assert played(play(path, batch.position)) == played(batches[number + 1 :])


def test_a_file_that_grew_is_played_on(tmp_path: Path) -> None:
    path = record(tmp_path / "chat", chat(700))
    position = play(path)[-1].position
    with path.open("a") as file:
        file.writelines(map(line, chat(30, 700)))
    assert played(play(path, position)) == [str(number) for number in range(700, 730)]


@pytest.mark.parametrize("change", ["other", "shorter", "position"])
def test_a_file_that_is_another_one_now_is_played_from_the_start(tmp_path: Path, change: str) -> None:
    path = record(tmp_path / "chat", chat(700))
    position = play(path)[0].position
    if change == "other":
        record(path, chat(700, 1_000))
    elif change == "shorter":
        record(path, chat(5, 1_000))
    else:
        position = "nonsense"
    assert played(play(path, position)) == [json.loads(one)["id"] for one in path.read_text().splitlines()]


def test_lines_that_are_no_messages_are_named_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "chat"
    lines = [line(message(1)), "oops\n", "\n", line(message(2)), '{"id":"3","group":"g","text":"x","ts":-5}\n', "[]\n"]
    path.write_text("".join(lines))
    batches = play(path)
    assert played(batches) == ["1", "2", "3"]
    assert [problem.partition(":")[0] for problem in problems(batches)] == ["line 2", "line 5", "line 6"]
    assert played(play(path, batches[-1].position)) == []


@pytest.mark.parametrize("size", [LONGEST_LINE - 1, LONGEST_LINE, LONGEST_LINE + 1, 3 * LONGEST_LINE])
def test_a_line_longer_than_allowed_is_passed_over(tmp_path: Path, size: int) -> None:
    long = line(message("long", "x"))
    long = long.replace('"x"', f'"{"x" * (size - len(long) + 1)}"')
    assert len(long) == size
    path = tmp_path / "chat"
    path.write_text(line(message(1)) + long + line(message(2)))
    batches = play(path)
    if size <= LONGEST_LINE:
        assert (played(batches), problems(batches)) == (["1", "long", "2"], [])
    else:
        assert played(batches) == ["1", "2"]
        assert problems(batches) == [f"line 2: longer than {LONGEST_LINE} bytes; passed over"]


def test_a_last_line_without_an_end_counts(tmp_path: Path) -> None:
    path = tmp_path / "chat"
    path.write_text(line(message(1)) + line(message(2)).rstrip("\n"))
    assert played(play(path)) == ["1", "2"]


def test_a_chat_is_played_at_its_pace(tmp_path: Path) -> None:
    path = record(tmp_path / "chat", chat(5, step=100.0))
    started = time.monotonic()
    assert played(play(path, speed=1_000.0)) == ["0", "1", "2", "3", "4"]
    assert 0.4 <= time.monotonic() - started < 5


def test_a_recording_after_another_starts_its_own_clock(tmp_path: Path) -> None:
    both = [*chat(2, step=50.0), *(message(f"b{n}", time=NOON - 1e8 + n) for n in range(2)), message("c", time=None)]
    started = time.monotonic()
    assert len(played(play(record(tmp_path / "chat", both), speed=1_000.0))) == 5
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(("written", "speed"), [("max", None), ("1x", 1.0), ("20", 20.0), ("0.5x", 0.5)])
def test_speeds_are_factors_or_max(written: str, speed: float | None) -> None:
    assert parse_speed(written) == speed


@pytest.mark.parametrize("written", ["", "x", "0", "0x", "-1x", "nan", "inf", "1e9", "fast", "20 x x"])
def test_other_speeds_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_speed(written)


@pytest.mark.parametrize("name", ["none", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReplayError, match=str(tmp_path)):
        play(tmp_path / name)


def test_standard_input_is_taken_in(store: Path, vigil: Vigil) -> None:
    text = "".join(map(line, chat(1_200)))
    for taken, known in ((1_200, 0), (0, 1_200)):
        done = vigil("replay", "-", "--speed", "max", "--store", store, input=text)
        assert done.returncode == 0, done.stderr
        assert f"{taken} messages taken in, {known} already there" in done.stdout
    db = open_database(store)
    assert messages.newest_id(db) == 1_200
    db.close()


def test_standard_input_is_taken_in_as_it_comes(store: Path, db: Database, environment: dict[str, str]) -> None:
    command = [sys.executable, "-P", "-m", "console", "replay", "-", "--speed", "max", "--store", str(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) as process:
        try:
            assert process.stdin
            for number in range(3):
                process.stdin.write(line(message(number)).encode())
                process.stdin.flush()
                deadline = time.monotonic() + 20
                while messages.newest_id(db) <= number:
                    assert time.monotonic() < deadline
                    time.sleep(0.005)
            process.stdin.close()
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


def order(number: int, kind: ActionKind = ActionKind.WARN) -> Order:
    return Order(number, f"1.{number}", kind, "replay", "g", "m", "", "请不要发广告", 0)


def keys(path: Path) -> list[str]:
    return [json.loads(one)["key"] for one in path.read_text("utf-8").splitlines()]


def test_an_effect_is_one_line_with_what_was_done_to_whom(tmp_path: Path) -> None:
    path = effects_path(tmp_path / "vigil.db")
    assert path == tmp_path / "vigil.effects.ndjson"
    Effects(path).write(order(1), 0.0)
    assert json.loads(path.read_text("utf-8")) == {
        "key": "1.1", "action": "warn", "group": "g", "user": "m", "message": None, "text": "请不要发广告",
        "seconds": None, "at": "1970-01-01T00:00:00.000+00:00",
    }  # fmt: skip
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_effect_is_written_once_whoever_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "effects"
    one, other = Effects(path), Effects(path)
    for writer in (one, other, one, Effects(path)):
        for number in range(3):
            writer.write(order(number), NOON)
    assert keys(path) == ["1.0", "1.1", "1.2"]


_WRITING = """
import random, sys
from pathlib import Path
from console.platforms.replay import Effects
from tests.unit.test_replay import order
effects = Effects(Path(sys.argv[1]))
numbers = list(range(300))
random.Random(sys.argv[2]).shuffle(numbers)
for number in numbers:
    effects.write(order(number), 0.0)
"""


def test_two_writers_at_once_write_each_effect_once(tmp_path: Path) -> None:
    path = tmp_path / "effects"
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITING, str(path), name], cwd=Path(__file__).parents[2])
        for name in "ab"
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    assert sorted(keys(path)) == sorted(f"1.{number}" for number in range(300))


def test_a_line_cut_short_is_removed_and_written_again(tmp_path: Path) -> None:
    path = tmp_path / "effects"
    effects = Effects(path)
    effects.write(order(1), NOON)
    effects.write(order(2), NOON)
    os.truncate(path, path.stat().st_size - 10)
    Effects(path).write(order(2), NOON)
    assert keys(path) == ["1.1", "1.2"]
    with path.open("ab") as file:
        file.write(b'{"key":"1.3","act')
    effects.write(order(3), NOON)
    assert keys(path) == ["1.1", "1.2", "1.3"]


def test_a_file_of_effects_that_was_removed_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "effects"
    effects = Effects(path)
    for number in range(3):
        effects.write(order(number), NOON)
    path.unlink()
    effects.write(order(3), NOON)
    Effects(path).write(order(4), NOON)
    assert keys(path) == ["1.3", "1.4"]


def test_lines_of_others_in_the_file_of_effects_stay(tmp_path: Path) -> None:
    path = tmp_path / "effects"
    foreign = b'hello\n{}\n[]\n{"key":5}\n\0\0\n\xff\n'
    path.write_bytes(foreign)
    Effects(path).write(order(1), NOON)
    Effects(path).write(order(1), NOON)
    assert path.read_bytes().startswith(foreign)
    assert path.read_bytes().count(b'"1.1"') == 1


def test_an_action_waits_while_its_effect_cannot_be_written(tmp_path: Path) -> None:
    platform = Replay(tmp_path / "none" / "effects", idle=True)
    receipt = asyncio.run(platform.perform(order(1)))
    assert receipt.state is ActionState.WAITING
    assert receipt.retry_after > 0
    (tmp_path / "none").mkdir()
    assert asyncio.run(platform.perform(order(1))).state is ActionState.DONE
    assert keys(tmp_path / "none" / "effects") == ["1.1"]


def test_a_replay_goes_on_from_its_position_in_the_store(tmp_path: Path, store: Path, vigil: Vigil) -> None:
    path = record(tmp_path / "chat", chat(600))
    for taken, count in ((600, 600), (50, 650), (0, 650)):
        record(path, chat(count))
        done = vigil("replay", path, "--speed", "max", "--store", store)
        assert f"{taken} messages taken in, 0 already there" in done.stdout
    with closing(open_database(store)) as db:
        assert messages.newest_id(db) == 650
