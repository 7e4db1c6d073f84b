"""What a platform cannot do is read before the key: in an ordinary terminal, in both languages."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from console.language import translation
from rules.records import Message
from store import staff
from store.database import open_database
from store.records import Role
from tests.home import COMMAND, Home
from tests.terminal.tmux import AVAILABLE, Tmux
from tests.unit.made import finding, take
from widgets.listing import SETTLED

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.skipif(not AVAILABLE and not os.environ.get("CI"), reason="needs tmux"),
]

TOO_OLD = "Telegram bots delete for 48 hours, later only by hand"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Three days old messages of Telegram's make one case, and with a new one of another member another."""
    home = Home(tmp_path)
    platform = ["[platforms.tg]", 'kind = "telegram"', 'server = "http://127.0.0.1:9"', 'token_env = "TG_TOKEN"']
    home.settle(*platform)
    db = open_database(home.store, create=True)
    now = time.time()
    for name, role in {"ad": Role.ADMIN, "mo": Role.MODERATOR}.items():
        staff.add(db, name, role, "ad", now)

    def said(number: int, member: str, days: float) -> Message:
        return Message("tg", "-1001", str(number), member, "an ad", now - days * 86_400, name=member)

    take(db, [(said(1, "bob", 3), [finding()]), (said(2, "bob", 3), [finding()])], now)
    take(db, [(said(3, "eve", 3), [finding()]), (said(4, "eve", 0), [finding()])], now)
    db.close()
    return home


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_card_the_key_and_the_help_say_what_cannot_be_deleted(home: Home, language: str) -> None:
    speak = translation(language)
    why = speak.gettext(TOO_OLD)
    refused = speak.gettext("too old: {why}").format(why=why)
    partly = speak.gettext("{n} of {all} too old: {why}").format(n=1, all=2, why=why)
    delete = speak.gettext("delete")
    locale = {"en": "C.UTF-8", "zh": "zh_CN.UTF-8"}[language]
    with Tmux() as terminal:
        env = home.env | {"LC_ALL": locale, "TG_TOKEN": "1234567:" + "A" * 35}
        terminal.start(["env", "-u", "SSH_CONNECTION", *COMMAND, "--as", "mo"], 80, 24, env)
        terminal.wait_for("mo (")
        terminal.keys("2")
        terminal.wait_for(
            lambda lines: any(re.search(rf"^x +{delete} +× {re.escape(refused)}", line) for line in lines)
        )
        settled = time.monotonic() + SETTLED + 0.1
        terminal.wait_until(lambda: time.monotonic() > settled)
        keys = terminal.command("capture-pane", "-p", "-e").split("\n")[-3]
        bold = re.findall(r"\x1b\[1m(?:\x1b\[[\d;]*m)* *(\S)", keys)
        assert "w" in bold, keys
        assert "x" not in bold, "the key is greyed out"
        terminal.keys("x")
        terminal.wait_for(lambda lines: refused in lines[-1])
        terminal.keys("?")
        terminal.wait_for(lambda lines: any("│" in line and f"× {refused}" in line for line in lines))
        terminal.keys("Escape", "Down")
        terminal.wait_for(lambda lines: any(line.startswith(f"! {partly}") for line in lines))
        settled = time.monotonic() + SETTLED + 0.1
        terminal.wait_until(lambda: time.monotonic() > settled)
        terminal.keys("x")
        terminal.wait_for(lambda lines: lines[0].rstrip().endswith(" 1"))
        terminal.keys("3")
        terminal.wait_for(lambda lines: any(line.startswith(f"    ! {partly}") for line in lines))
        terminal.keys("q")
        terminal.wait_until(lambda: terminal.ended)
    (proposal,) = home.ok("--as", "ad", "proposals", "--json").rows
    assert proposal["steps"] == [["delete", 1]]
    said = home.ok("--as", "ad", "proposals").out
    assert f"not done: 1 of 2 too old: {TOO_OLD}" in said


def test_the_commands_refuse_and_say_the_same(home: Home) -> None:
    first, second = (row["id"] for row in home.ok("--as", "ad", "cases", "--json").rows)
    assert home.refused("--as", "ad", "decide", first, "delete") == f"not allowed: too old: {TOO_OLD}"
    shown = home.ok("--as", "ad", "show", second).lines
    assert f"  not done: 1 of 2 too old: {TOO_OLD}" in shown
    done = home.ok("--as", "ad", "decide", second, "delete").out
    assert done.endswith(f"taken: delete 1; not done: 1 of 2 too old: {TOO_OLD}\n")
    assert home.ok("platform", "list").lines == ["tg  telegram  no worker runs", f"      {TOO_OLD}"]
