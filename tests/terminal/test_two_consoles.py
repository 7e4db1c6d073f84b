"""Two consoles on one store, in real terminals: one key proposes, one key approves, each effect comes once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from console import sample
from store import lease
from store.database import open_database
from tests.home import COMMAND, Home, campaign_effects, wait_until
from tests.terminal.tmux import AVAILABLE, Tmux
from widgets.listing import SETTLED

NARROW, WIDE = (80, 24), (160, 48)
EXPECTED_CASES = len(sample.expected().ads) + len(sample.expected().flood.members) + 2

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.skipif(not AVAILABLE and not os.environ.get("CI"), reason="needs tmux"),
]

Open = Callable[..., Tmux]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.settle()
    return home


@pytest.fixture
def filled(home: Home) -> Home:
    """The sample chat in the store; mo is a moderator, ad an admin."""
    home.ok("replay", sample.chat(), "--speed", "max")
    home.ok("staff", "add", "mo", "--role", "moderator")
    home.ok("staff", "add", "ad", "--role", "admin")
    return home


@pytest.fixture
def console(home: Home) -> Iterator[Open]:
    """Opens consoles, each in a terminal of its own."""
    with ExitStack() as stack:

        def opened(*words: str, size: tuple[int, int] = NARROW, env: dict[str, str] | None = None) -> Tmux:
            terminal = stack.enter_context(Tmux())
            clean = [] if env else ["env", "-u", "SSH_CONNECTION"]
            terminal.start([*clean, *COMMAND, *words], *size, home.env | (env or {}))
            return terminal

        yield opened


def status(lines: list[str]) -> str:
    return lines[-1]


def settle(terminal: Tmux) -> None:
    """Wait for as long as a row must have stood still under the cursor before a key may decide on it."""
    settled = time.monotonic() + SETTLED + 0.1
    terminal.wait_until(lambda: time.monotonic() > settled)


def campaign_of(home: Home) -> int:
    (number,) = (int(row["id"]) for row in home.ok("cases", "--json").rows if row["campaign"])
    return number


def select_campaign(terminal: Tmux, home: Home) -> int:
    """Go to the cases and put the cursor on the campaign; returns the case's id."""
    number = campaign_of(home)
    above = [int(row["id"]) for row in home.ok("cases", "--json").rows].index(number)
    terminal.keys("2")
    terminal.wait_for(f"Cases {EXPECTED_CASES}]")
    terminal.keys(*["Down"] * above)
    terminal.wait_for(lambda lines: any(f"#{number} campaign" in line and "40 messages" in line for line in lines))
    settle(terminal)
    return number


def worker_of(home: Home) -> lease.Holder | None:
    db = open_database(home.store)
    try:
        return lease.holder(db, time.time())
    finally:
        db.close()


def serving(home: Home) -> bool:
    holder = worker_of(home)
    return holder is not None and holder.alive


# --- a proposal and its approval ---


@pytest.mark.parametrize(("first", "second"), [(NARROW, WIDE), (WIDE, NARROW)], ids=["narrow-wide", "wide-narrow"])
def test_one_key_proposes_and_one_key_approves_and_each_effect_comes_once(
    filled: Home, console: Open, first: tuple[int, int], second: tuple[int, int]
) -> None:
    moderator = console("--as", "mo", size=first)
    admin = console("--as", "ad", size=second)
    admin.wait_for("ad (admin)")
    moderator.wait_for("mo (moderator)")
    admin.keys("3")
    admin.wait_for("No proposals wait.")
    number = select_campaign(moderator, filled)
    moderator.wait_for(
        lambda lines: any(re.search(r"w +warn +delete 40 · warn 9 · 5 groups +\S*.*approval", line) for line in lines)
    )

    moderator.keys("w")
    moderator.wait_for(lambda lines: f"case {number} proposed warn: delete 40 · warn 9" in status(lines))
    moderator.wait_for("Proposals 1")
    assert filled.done_effects() == []

    shown = admin.wait_for("Proposals 1]")
    assert any("warn" in line and "delete 40 · warn 9" in line and " mo " in line for line in shown)
    admin.wait_for(lambda lines: any(f"#{number} campaign" in line for line in lines))
    settle(admin)
    admin.keys("a")
    admin.wait_for(lambda lines: "proposal 1 approved" in status(lines))
    admin.wait_for("Proposals 0]")
    moderator.wait_for("Proposals 0")

    wait_until(lambda: len(filled.done_effects()) >= 49)
    admin.wait_for(lambda lines: "to send" not in status(lines))
    for terminal in (moderator, admin):
        terminal.keys("q")
        terminal.wait_until(lambda terminal=terminal: terminal.ended)  # type: ignore[misc]
    assert sorted(filled.done_effects()) == campaign_effects()
    filled.ok("audit", "verify")


def test_what_is_taken_back_in_time_has_no_effect(filled: Home, console: Open) -> None:
    filled.settle(undo_seconds=3)
    admin = console("--as", "ad")
    number = select_campaign(admin, filled)
    admin.wait_for("worker: console's")
    admin.keys("w")
    admin.wait_for(lambda lines: "carried out in 3 s, u takes it back" in status(lines))
    admin.keys("u")
    admin.wait_for(lambda lines: f"taken back, case {number} is open again: 49 not sent" in status(lines))
    admin.wait_for(f"Cases {EXPECTED_CASES}]")
    # What is decided later is carried out later: once its effect is there, the other's is not to come.
    filled.ok("decide", 1, "delete", "--as", "ad")
    wait_until(lambda: len(filled.done_effects()) > 0)
    assert filled.done_effects() == [("delete", sample.expected().ads[0].message)]


def test_the_status_line_says_why_a_key_does_nothing(filled: Home, console: Open) -> None:
    filled.ok("decide", campaign_of(filled), "warn", "--as", "mo")
    moderator = console("--as", "mo")
    moderator.wait_for("mo (moderator)")
    moderator.keys("w")
    moderator.wait_for(lambda lines: "w works in: cases" in status(lines))
    moderator.keys("3")
    moderator.wait_for("Proposals 1]")
    moderator.keys("a")
    moderator.wait_for(lambda lines: status(lines).startswith("! ") and "approv" in status(lines))
    assert "moderator" in status(moderator.screen())
    assert len(filled.ok("proposals", "--json").rows) == 1


def test_a_row_that_comes_under_the_cursor_takes_no_decision_for_half_a_second(filled: Home, console: Open) -> None:
    moderator = console("--as", "mo")
    moderator.wait_for("mo (moderator)")
    moderator.keys("2")
    moderator.wait_for("#1 ads")
    settle(moderator)
    moderator.keys("d", "d", "d")
    moderator.wait_for(lambda lines: "has just changed" in status(lines))
    moderator.wait_for("#2 ads")
    assert [row["id"] for row in filled.ok("cases", "--json").rows] == list(range(2, EXPECTED_CASES + 1))
    settle(moderator)
    moderator.keys("d")
    moderator.wait_for(lambda lines: "case 2 dismissed" in status(lines))


def test_the_list_of_keys_names_what_works_here_and_why_something_does_not(filled: Home, console: Open) -> None:
    filled.ok("decide", campaign_of(filled), "warn", "--as", "mo")
    moderator = console("--as", "mo", size=WIDE)
    moderator.wait_for("mo (moderator)")
    moderator.keys("3")
    moderator.wait_for("Proposals 1]")
    moderator.keys("?")
    moderator.wait_for("Keys that work here")
    moderator.wait_for(
        lambda lines: (
            re.search(
                r"│ a +approve.*proposal\.approve[^\n]*\n[^\n]*× approving takes the role admin, yours is moderator",
                "\n".join(lines),
            )
            is not None
        )
    )
    moderator.wait_for(
        lambda lines: any(re.search(r"│ u +take your latest decision back[^×]*│", line) for line in lines)
    )
    assert not any("case.warn" in line for line in moderator.screen())
    moderator.keys("Escape")
    moderator.wait_for(lambda lines: not any("Keys that work here" in line for line in lines))


# --- the feed ---


def test_the_feed_is_filtered_by_text_and_by_group(filled: Home, console: Open) -> None:
    lines = [msgspec.json.decode(line) for line in sample.chat().read_bytes().splitlines()]
    holding = sum("耳机" in "".join(filter(str.isalnum, line["text"])) for line in lines)
    harbor = sum(line["group_name"] == "Pixel Harbor" for line in lines)
    assert 0 < holding < harbor < len(lines)
    viewer = console("--as", "mo")
    viewer.wait_for(f"Feed {len(lines)}]")

    viewer.keys("/")
    viewer.wait_for("Show only messages that hold")
    viewer.type("耳机")
    viewer.keys("Enter")
    shown = viewer.wait_for(f"Feed {holding}]")
    assert "耳机" in shown[0]
    assert all("耳" in line and "机" in line for line in shown[1:-2])
    viewer.keys("Escape")
    viewer.wait_for(f"Feed {len(lines)}]")

    viewer.keys("g")
    viewer.wait_for("all groups")
    viewer.type("pixel")
    viewer.wait_for(lambda found: not any("all groups" in line for line in found))
    viewer.keys("Enter")
    shown = viewer.wait_for(f"Feed {harbor}]")
    assert "Pixel Harbor" in shown[0]
    messages = [line for line in shown[1:-2] if line.strip()]
    assert len(messages) == 21
    assert all("Pixel Harb" in line for line in messages)


def test_the_feed_stays_where_the_reader_is_and_counts_what_is_new(home: Home, console: Open) -> None:
    reader = console(size=(80, 24))
    reader.wait_for("Feed 0]")
    with home.running("replay", sample.chat(), "--speed", "300x") as replay:
        reader.wait_for("worker: replay")
        reader.wait_for(lambda lines: lines[0].endswith("following") and int(re.findall(r"\d+", lines[0])[1]) > 60)
        reader.keys("PageUp")
        before = reader.wait_for(lambda lines: " new" in lines[0])
        after = reader.wait_for(
            lambda lines: (count := re.search(r"(\d+) new", lines[0])) is not None and int(count[1]) > 30
        )
        assert after[1:-2] == before[1:-2]
        assert all(re.match(r".\d\d:\d\d:\d\d ", line) or line.startswith("›") for line in after[1:-2])
        reader.keys("End")
        reader.wait_for(lambda lines: lines[0].endswith("following"))
        assert reader.screen()[1:-2] != before[1:-2]
        replay.send_signal(signal.SIGINT)
        said, _ = replay.communicate(timeout=20)
    assert said.startswith(b"stopped;")
    reader.wait_for("worker: console's", timeout=20)


def test_the_layout_follows_the_size_of_the_terminal_while_it_runs(filled: Home, console: Open) -> None:
    resized = console("--as", "ad")
    resized.wait_for("worker: console's")
    resized.keys("2")
    narrow = resized.wait_for(lambda lines: any("#1 ads" in line for line in lines))
    assert "Feed" not in narrow[0]
    for size in (WIDE, NARROW, WIDE):
        resized.resize(*size)
        wide = size == WIDE

        def fits(lines: list[str], size: tuple[int, int] = size, wide: bool = wide) -> bool:
            return (
                len(lines) == size[1]
                and ("Feed " in lines[0]) == wide
                and f"Cases {EXPECTED_CASES}]" in lines[0]
                and "ad (admin)" in lines[-1]
                and any("#1 ads" in line for line in lines)
            )

        resized.wait_for(fits)
        if not wide:
            resized.wait_for(lambda lines: lines == narrow)


# --- starting and ending ---


def test_leaving_gives_the_terminal_back_as_it_was(filled: Home) -> None:
    with Tmux() as terminal:
        terminal.start(["env", "-u", "SSH_CONNECTION", "PS1=ready> ", "sh", "-i"], env=filled.env)
        terminal.wait_for("ready>")
        words = " ".join([*COMMAND, "--as", "mo"])
        terminal.type(f"cd {filled.folder}; stty -g > before; {words}; stty -g > after; echo $?; echo bac'k'\n")
        terminal.wait_for("mo (moderator)")
        assert terminal.value("alternate_on") == "1"
        terminal.keys("q")
        terminal.wait_for(lambda lines: "back" in lines)
        assert terminal.value("alternate_on") == "0"
        assert terminal.value("cursor_flag") == "1"
        assert terminal.value("mouse_any_flag") == "0"
        terminal.type("echo he''re")
        shown = terminal.wait_for("ready> echo he''re")
        # Wherever the length of the test's folder breaks the line.
        assert "stty-g>before" in "".join(shown).replace(" ", ""), "what stood there before is there again"
        terminal.keys("Enter")
        terminal.wait_for(lambda lines: "here" in lines)
        terminal.type("cmp before after && echo sam'e'\n")
        terminal.wait_for(lambda lines: "same" in lines)


@pytest.mark.parametrize("how", ["hang up", "kill"])
def test_a_console_that_is_cut_off_ends_and_its_worker_with_it(filled: Home, console: Open, how: str) -> None:
    cut_off = console("--as", "mo")
    cut_off.wait_for("worker: console's")
    holder = worker_of(filled)
    assert holder is not None
    assert holder.alive
    asked = subprocess.run(["ps", "-o", "ppid=", "-p", str(holder.pid)], capture_output=True, check=True)
    parent = int(asked.stdout)
    assert lease.process_mark(parent)
    if how == "hang up":
        cut_off.kill()
    else:
        os.kill(parent, signal.SIGKILL)
    wait_until(lambda: not lease.process_mark(parent) and not lease.process_mark(holder.pid), timeout=8)
    assert not serving(filled)
    filled.ok("audit", "verify")


def test_the_console_that_is_left_starts_a_worker_when_the_other_took_its_own_along(
    filled: Home, console: Open
) -> None:
    first = console("--as", "mo")
    first.wait_for("worker: console's")
    second = console("--as", "ad")
    second.wait_for("worker: console's")
    before = worker_of(filled)
    assert before is not None
    first.keys("q")
    first.wait_until(lambda: first.ended)
    wait_until(lambda: (now := worker_of(filled)) is not None and now.alive and now.pid != before.pid, timeout=20)
    second.wait_for("worker: console's")


def test_a_session_forced_over_ssh_starts_no_worker_and_says_that_the_service_is_down(
    filled: Home, console: Open
) -> None:
    forced = console("--as", "mo", env={"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22"}, size=WIDE)
    forced.wait_for(lambda lines: status(lines).startswith("! ") and "the service is down" in status(lines))
    assert not serving(filled)
    with filled.running("serve") as service:
        forced.wait_for("worker: service", timeout=20)
        service.send_signal(signal.SIGTERM)
        service.communicate(timeout=20)
    forced.wait_for("the service is down")
    assert not serving(filled)


def test_keys_that_clash_are_refused_before_the_screen_opens(filled: Home) -> None:
    filled.settle("[keys]", '"case.warn" = "x"')
    with Tmux() as terminal:
        terminal.start(["sh", "-c", '"$@"; echo "ended with $?"', "sh", *COMMAND, "--as", "mo"], env=filled.env)
        said = b"vigil: keys: 'x' means both 'case.delete' and 'case.warn'\r\nended with 2\r\n"
        terminal.wait_until(lambda: len(terminal.output()) >= len(said))
        assert terminal.output() == said
    assert not serving(filled)


def test_a_key_may_be_another(filled: Home, console: Open) -> None:
    filled.settle("[keys]", '"case.warn" = "z"', '"list.down" = "f6"')
    moderator = console("--as", "mo")
    moderator.keys("2")
    moderator.wait_for("#1 ads")
    moderator.keys("F6")
    moderator.wait_for("#2 ads")
    settle(moderator)
    moderator.keys("z")
    moderator.wait_for(lambda lines: "case 2 proposed warn" in status(lines))
