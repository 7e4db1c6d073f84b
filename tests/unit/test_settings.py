"""The settings: what is wrong is named by file, line and key, with what is allowed there."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.platforms.replay_kind import ReplayOptions
from console.settings import TEMPLATE, PlatformSettings, Settings, SettingsError, load, parse
from store.records import ANSWERS, Decision, Role

FILE = Path("/etc/vigil/vigil.toml")

WHOLE = """
store = "data/vigil.db"
rulebook = "/rules/rulebook.toml"
language = "zh"
members_language = "en"
[outbox]
undo_seconds = 0.5
mute = "2h"
[access]
delete = "moderator"
ban = "owner"
approve = "owner"
undo_others = "moderator"
rules = "owner"
[platforms.recorded]
kind = "replay"
file = "chat.ndjson"
speed = "max"
[keys]
"case.warn" = "W"
"""


PLATFORM_LINES = (
    "# kind",
    "# file",
    "# speed",
    "# homeserver",
    "# user",
    "# password_file",
    "# inviters",
    "# connect",
    "# token_file",
    "# groups",
    "# connect",
)
"""How lines of the template begin that show a platform's table, not a default."""


def refused(source: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(source, FILE)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_every_setting_is_read() -> None:
    found = parse(WHOLE, FILE)
    assert (found.store, found.rulebook) == (FILE.with_name("data") / "vigil.db", Path("/rules/rulebook.toml"))
    assert (found.language, found.members_language) == ("zh", "en")
    assert (found.undo_seconds, found.mute_seconds) == (0.5, 7_200)
    assert found.access[Decision.DELETE] is Role.MODERATOR
    assert found.access[Decision.WARN] is Role.ADMIN
    assert found.access[Decision.BAN] is Role.OWNER
    assert (found.approve, found.undo_others, found.rules) == (Role.OWNER, Role.MODERATOR, Role.OWNER)
    assert found.platforms == (
        PlatformSettings("recorded", "replay", ReplayOptions(FILE.with_name("chat.ndjson"), None)),
    )
    assert found.keys == {"case.warn": "W"}


def test_nothing_need_be_set() -> None:
    found = parse("", FILE)
    assert found.access == Settings(FILE, FILE, FILE).access
    assert found.rulebook == FILE.with_name("rulebook.toml")
    alone = (Decision.DISMISS, *ANSWERS)
    assert {found.access[d] for d in alone} == {Role.MODERATOR}
    assert {found.access[d] for d in found.access if d not in alone} == {Role.ADMIN}
    assert (found.undo_seconds, found.mute_seconds, found.platforms) == (5.0, 600, ())


def test_the_template_says_the_defaults() -> None:
    plain = TEMPLATE.replace("{store}", "/s/vigil.db").replace("{language}", "zh")
    shown = "\n".join(
        line.removeprefix("# ") if " = " in line and not line.startswith(PLATFORM_LINES) else line
        for line in plain.splitlines()
    )
    found, default = parse(shown, FILE), parse("", FILE, Path("/s/vigil.db"))
    assert found.access == default.access
    assert (found.undo_seconds, found.mute_seconds) == (default.undo_seconds, default.mute_seconds)
    assert (found.store, found.language, found.members_language) == (default.store, "auto", "zh")


def test_the_platforms_that_the_template_shows_can_be_used() -> None:
    lines = (line.removeprefix("# ") for line in TEMPLATE.splitlines())
    tables = [
        line for line in lines if line.startswith(("[platforms", *(p.removeprefix("# ") for p in PLATFORM_LINES)))
    ]
    found = parse("\n".join(tables), FILE)
    assert [(one.name, one.kind) for one in found.platforms] == [
        ("recorded", "replay"),
        ("matrix", "matrix"),
        ("telegram", "telegram"),
        ("qq", "onebot"),
    ]


@pytest.mark.parametrize(
    ("source", "place", "key", "allowed"),
    [
        ("colour = 1", 1, "colour", "allowed are store, rulebook"),
        ('\nlanguage = "fr"', 2, "language", "auto, en, zh"),
        ("store = 5", 1, "store", "text"),
        ("outbox = 5", 1, "outbox", "table"),
        ("[outbox]\n\nundo_seconds = -1", 3, "outbox.undo_seconds", "between 0 and 3600"),
        ('[outbox]\nundo_seconds = "5"', 2, "outbox.undo_seconds", "number"),
        ("[outbox]\nundo_seconds = nan", 2, "outbox.undo_seconds", "between 0 and 3600"),
        ('[outbox]\nmute = "soon"', 2, "outbox.mute", '"10m"'),
        ("[outbox]\nmute = 10", 2, "outbox.mute", '"10m"'),
        ('[access]\nban = "viewer"', 2, "access.ban", "moderator, admin, owner"),
        ('[access]\nladder = "admin"', 2, "access.ladder", "dismiss, delete"),
        ('[access]\nfeed = "admin"', 2, "access.feed", "allowed are"),
        ('# x\n[access]\napprove = "boss"', 3, "access.approve", "moderator, admin, owner"),
        ('[platforms.chat]\nkind = "irc"\nfile = "x"', 2, "platforms.chat.kind", "replay, matrix"),
        ('[platforms.chat]\nfile = "x"', 1, "platforms.chat.kind", "is missing"),
        ('[platforms.chat]\nkind = "replay"', 1, "platforms.chat.file", "is missing"),
        ('[platforms.chat]\nkind = "replay"\nfile = "x"\nspeed = "fast"', 4, "platforms.chat.speed", '"max"'),
        ('[platforms.chat]\nkind = "replay"\nfile = "x"\ntoken = "t"', 4, "platforms.chat.token", "kind, file, speed"),
        ('[platforms."a b"]\nkind = "replay"\nfile = "x"', 1, "a b", "letters, digits"),
        ("[keys]\n\n'case.warn' = 3", 3, "case.warn", "text"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_key_with_what_is_allowed(
    source: str, place: int, key: str, allowed: str
) -> None:
    said = refused(source)
    assert said.startswith(f"{FILE}:{place}: ")
    assert key in said
    assert allowed in said


@pytest.mark.parametrize("source", ["store = ", "[a\n", "a = 1\na = 2", "\0", "x = " + "[" * 10_000])
def test_what_is_no_toml_is_said_so(source: str) -> None:
    assert refused(source).startswith(f"{FILE}: is not TOML: ")


@pytest.mark.parametrize("place", ["~nobody-of-this-name/vigil.db", "a\\u0000b"])
@pytest.mark.parametrize("key", ["store", "rulebook", "file"])
def test_a_place_that_cannot_be_is_named(key: str, place: str) -> None:
    table = '[platforms.chat]\nkind = "replay"\n' if key == "file" else ""
    assert f"{key}: " in refused(f'{table}{key} = "{place}"')


def test_a_store_on_the_command_line_comes_before_the_files(tmp_path: Path) -> None:
    (tmp_path / "vigil.toml").write_text('store = "one.db"')
    assert load(tmp_path / "vigil.toml").store == tmp_path / "one.db"
    assert load(tmp_path / "vigil.toml", tmp_path / "two.db").store == tmp_path / "two.db"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(SettingsError, match=str(path)):
            load(path)
    (tmp_path / "latin.toml").write_bytes(b'store = "caf\xe9.db"')
    with pytest.raises(SettingsError, match="is not UTF-8"):
        load(tmp_path / "latin.toml")


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "vigil.toml").write_bytes(b'\xef\xbb\xbflanguage = "en"\r\n')
    assert load(tmp_path / "vigil.toml").language == "en"


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    found = load()
    assert found.store.name == "vigil.db"
    assert str(found.store).startswith(str(tmp_path / "data"))
    assert found.rulebook.parent == found.path.parent == tmp_path / "config" / "vigil"
