"""Codes in a real terminal: imported, given and listed without being shown, and shown to one person for a moment."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.home import COMMAND, Home
from tests.terminal.tmux import AVAILABLE, Tmux
from tests.unit.perks_made import codes

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.skipif(not AVAILABLE and not os.environ.get("CI"), reason="needs tmux"),
]

POOL = codes(300, "SPRING")
_HOLDING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("UPDATE perks SET name = name")
connection.execute("UPDATE vouchers SET code = code")
connection.commit()
connection.execute("VACUUM INTO ?", (sys.argv[1] + ".backup",))
print("open", flush=True)
sys.stdin.read()
"""
LINK = "https://example.org/only-for-members-8812"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose store holds forty members, and a perk with a pool of codes that its file still holds."""
    home = Home(tmp_path)
    home.settle()
    chat = [
        {"id": str(n), "group": f"g{n % 2}", "user": f"m{n}", "name": f"Mia {n}", "text": f"hello {n}", "ts": 1e9 + n}
        for n in range(40)
    ]
    home.ok("replay", home.write("chat.ndjson", "\n".join(map(json.dumps, chat)) + "\n"), "--speed", "max")
    home.write("codes.csv", "code\r\n" + "\r\n".join(POOL) + "\r\n")
    home.write("link.txt", LINK + "\n")
    home.write("nothing.ndjson", "")
    home.ok("perk", "add", "Spring coupon", "--kind", "code", "--text", "{name}, your code: {code}")
    return home


@pytest.fixture
def terminal() -> Iterator[Tmux]:
    with Tmux() as tmux:
        yield tmux


def start(terminal: Tmux, home: Home, lines: list[str]) -> None:
    """Run these command lines in a shell that has the home's environment; `vigil` is the program."""
    begin = ["vigil() { " + shlex.join(COMMAND) + ' "$@"; }', f"cd {shlex.quote(str(home.folder))}"]
    script = [*begin, "echo before", "read -rsn1", *lines, "echo all done"]
    terminal.start(["bash", "-c", "\n".join(script)], 160, 30, home.env)
    terminal.wait_for("before")
    terminal.keys("x")


def leaks(home: Home, secrets: list[str]) -> list[str]:
    """Files under the home and beside it that hold a secret, besides those they were read from."""
    found = []
    for path in home.folder.rglob("*"):
        if path.is_file() and path.name not in ("codes.csv", "link.txt"):
            data = path.read_bytes()
            found += [f"{path.name}: {secret}" for secret in secrets if secret.encode() in data]
    return found


def test_no_code_is_seen_or_kept_anywhere_from_its_import_to_the_member(home: Home, terminal: Tmux) -> None:
    start(
        terminal,
        home,
        [
            "vigil perk import-codes Spring codes.csv",
            "vigil perk import-codes Spring codes.csv",
            "vigil perk import-codes Spring codes.csv --skip-duplicates",
            "vigil perk add Link --kind fixed --code-file link.txt --text 'here: {code}'",
            "vigil perk grant Spring --group g0 --dry-run",
            "vigil perk grant Spring --group g0",
            "vigil perk grant Link m1 m3",
            "vigil replay nothing.ndjson --speed max",
            "vigil perk grant Spring m1 m3",
            "vigil perk list; vigil perk list --json; vigil perk show Spring; vigil perk show Link --json",
            "vigil perk grants; vigil perk grants --json --limit 5",
            "vigil perk rekey; vigil audit list; vigil audit verify",
            "vigil perk grant Spring m1 --as nobody; vigil perk reveal 99",
        ],
    )
    terminal.wait_for("all done", timeout=120)
    # While connections are open, log and shared memory stand beside the store.
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDING, home.store], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline() == b"open\n"
        assert Path(f"{home.store}-wal").exists()
        assert leaks(home, [*POOL, LINK]) == []
    finally:
        holder.communicate()
    said = terminal.output().decode("utf-8", "replace")
    assert "300 codes imported" in said
    assert "encrypting" in said, "a progress bar is shown"
    assert "are in the store already" in said
    assert "to 20 members" in said
    assert "sent" in said
    assert not any(secret in said for secret in [*POOL, LINK])
    effects = home.effects.read_text("utf-8")
    assert effects.count("secret_sha256") == 22
    assert "Mia 0, your code: ••••••••" in effects


def test_a_code_is_shown_until_a_key_is_pressed_and_is_gone_then(home: Home, terminal: Tmux) -> None:
    home.ok("perk", "import-codes", "Spring", "codes.csv")
    home.ok("perk", "grant", "Spring", "m1")
    start(terminal, home, ["vigil perk reveal 1"])
    shown = terminal.wait_for(POOL[0])
    assert any("Mia 1" in line for line in shown)
    assert terminal.value("alternate_on") == "1"
    audited = home.ok("audit", "list", "--limit", 1, "--json").rows[0]
    assert (audited["event"], audited["subject"]) == ("grant.reveal", "1"), "the log knows before the person does"
    assert POOL[0] not in audited["detail"]
    terminal.keys("x")
    terminal.wait_for("all done")
    assert terminal.value("alternate_on") == "0"
    scrolled = terminal.command("capture-pane", "-p", "-S", "-")
    assert scrolled.split("\n")[:2] == ["before", "grant 1: was shown; the log says so"]
    assert POOL[0] not in scrolled
    assert leaks(home, POOL) == []


@pytest.mark.parametrize("how", ["INT", "TERM"])
def test_whoever_is_interrupted_while_looking_leaves_no_code_behind(home: Home, terminal: Tmux, how: str) -> None:
    home.ok("perk", "import-codes", "Spring", "codes.csv")
    home.ok("perk", "grant", "Spring", "m1")
    start(terminal, home, ["trap : INT", "vigil perk reveal 1", "stty -a | grep -oE -- '-?icanon'"])
    terminal.wait_for(POOL[0])
    if how == "INT":
        terminal.keys("C-c")
    else:
        shell = terminal.value("pane_pid")
        (child,) = Path(f"/proc/{shell}/task/{shell}/children").read_text("ascii").split()
        os.kill(int(child), signal.SIGTERM)
    after = terminal.wait_for("all done")
    assert "icanon" in after, "the terminal takes lines again"
    assert terminal.value("alternate_on") == "0"
    assert POOL[0] not in terminal.command("capture-pane", "-p", "-S", "-")


def test_a_code_is_shown_to_no_pipe_and_on_no_terminal_without_a_second_screen(home: Home, terminal: Tmux) -> None:
    home.ok("perk", "import-codes", "Spring", "codes.csv")
    home.ok("perk", "grant", "Spring", "m1")
    assert "on a terminal only" in home.refused("perk", "reveal", 1)
    start(terminal, home, ["TERM=dumb vigil perk reveal 1"])
    lines = terminal.wait_for("all done")
    assert any("no second screen" in line for line in lines)
    assert "grant.reveal" not in home.ok("audit", "list").out
    assert not any(code in line for line in lines for code in POOL)
