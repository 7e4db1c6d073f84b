"""Whatever a recorded chat holds: what is wrong is named by its line, and no message around it is lost."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from store import messages
from store.database import open_database
from tests.home import Done, Home

STEERING = [
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b[2J\x1b[H\x1b[31mred",
    "\x9b31m\x85\x9c",
    "\r\nvigil: all is well\x08\x08\x7f\x00",
    "abc\u202edef\u2066ghi\u2069",
    "zero\u200bwidth\ufeff\u00ad\u2028\u2029",
    "tags \U000e0067\U000e007f",
    "[bold]markup[/] [@click=app.quit]x[/] %s {x} $x",
]
UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.write(
        "rules.toml",
        "version = 1\n[rules.all]\nkind = 'words'\nmode = 'ask'\npatterns = ['(?s).']\n",
    )
    home.config.write_text(f'rulebook = "{home.folder / "rules.toml"}"\n')
    return home


def line(key: str, text: object = "hello", **more: object) -> bytes:
    return json.dumps({"id": key, "group": "g", "user": "u", "text": text, **more}).encode() + b"\n"


def between(*bad: bytes) -> bytes:
    """Bad lines, each with good messages around it: g0, the first, g1, the second, g2 ..."""
    parts = [line("g0")]
    for number, content in enumerate(bad, 1):
        parts += [content if content.endswith(b"\n") else content + b"\n", line(f"g{number}")]
    return b"".join(parts)


def keys_in(home: Home) -> list[str]:
    """The platform's ids of all stored messages, in the order of intake."""
    db = open_database(home.store)
    try:
        return [key for (key,) in db.execute("SELECT key FROM messages ORDER BY id")]
    finally:
        db.close()


def problems(done: Done) -> list[int]:
    """The numbers of the lines that were complained about."""
    return [int(number) for number in re.findall(r"^vigil: (?:.*: )?line (\d+): ", done.err, re.MULTILINE)]


BROKEN = {
    "not JSON": b"nonsense",
    "cut short": b'{"id": "x", "group": "g", "te',
    "a list": b"[1, 2]",
    "a number": b"17",
    "null": b"null",
    "control byte in JSON": b'{"id": "x", "group": "g", "text": "a\x01b"}',
    "binary": bytes(range(256)).replace(b"\n", b""),
    "deeply nested": b"[" * 100_000 + b"]" * 100_000,
    "deeply nested extra": b'{"id": "x", "group": "g", "text": "a", "more": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "no id": b'{"group": "g", "text": "a"}',
    "empty id": b'{"id": "", "group": "g", "text": "a"}',
    "no group": b'{"id": "x", "text": "a"}',
    "no text": b'{"id": "x", "group": "g"}',
    "text is a number": b'{"id": "x", "group": "g", "text": 5}',
    "endless id": line("x" * 501),
    "text is a list": b'{"id": "x", "group": "g", "text": ["a"]}',
    "id is a list": b'{"id": [], "group": "g", "text": "a"}',
    "id is true": b'{"id": true, "group": "g", "text": "a"}',
    "user is an object": b'{"id": "x", "group": "g", "text": "a", "user": {}}',
    "9 MB": b'{"id": "x", "group": "g", "text": "' + b"a" * 9_000_000 + b'"}',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_line_that_is_no_message_is_named_and_passed_over(home: Home, name: str) -> None:
    chat = home.write("chat.ndjson", between(BROKEN[name]))
    done = home.ok("replay", chat, "--speed", "max")
    assert problems(done) == [2]
    assert "1 line with problems" in done.out
    assert keys_in(home) == ["g0", "g1"]
    assert not UNSAFE.search(done.err.replace("\n", ""))
    assert len(done.err) < 500

    checked = home.ok("check", chat)
    assert problems(checked) == [2]
    assert [row["id"] for row in checked.rows] == ["g0", "g1"]


def test_every_bad_line_is_named_with_its_own_number(home: Home) -> None:
    chat = home.write("chat.ndjson", between(*BROKEN.values()))
    done = home.ok("check", chat)
    assert problems(done) == list(range(2, 2 * len(BROKEN) + 2, 2))
    assert [row["id"] for row in done.rows] == [f"g{number}" for number in range(len(BROKEN) + 1)]


ODD = {
    "1 MB": (line("x", "long " * 200_000), False),
    "broken UTF-8": (b'{"id": "x", "group": "g", "text": "caf\xe9 \xff"}', True),
    "lone surrogate": (b'{"id": "x", "group": "g", "text": "half \\ud83d a pair"}', True),
    "NUL": (b'{"id": "x", "group": "g", "text": "a\\u0000b"}', True),
    "future time": (line("x", ts=time.time() + 10 * 86_400), True),
    "time in milliseconds": (line("x", ts=time.time() * 1000), True),
    "negative time": (line("x", ts=-5), True),
    "endless time": (b'{"id": "x", "group": "g", "text": "a", "ts": 1e400}', True),
    "no number": (b'{"id": "x", "group": "g", "text": "a", "ts": NaN}', False),
    "a number too long": (b'{"id": "x", "group": "g", "text": "a", "ts": ' + b"9" * 400 + b"}", True),
    "year 9999": (line("x", ts="9999-12-31T23:59:59Z"), True),
    "year 1": (line("x", ts="0001-01-01T00:00:00Z"), True),
    "kind is a list": (b'{"id": "x", "group": "g", "text": "a", "kind": []}', True),
    "mentions is a text": (b'{"id": "x", "group": "g", "text": "a", "mentions": "u"}', True),
    "mentions holds lists": (b'{"id": "x", "group": "g", "text": "a", "mentions": [[]]}', True),
    "time is a word": (b'{"id": "x", "group": "g", "text": "a", "ts": "yesterday"}', True),
    "time is a list": (b'{"id": "x", "group": "g", "text": "a", "ts": []}', True),
    "endless name": (line("x", name="n" * 100_000, kind="k" * 100_000), True),
    "no user": (b'{"id": "x", "group": "g", "text": "a"}', False),
    "numbers for ids": (b'{"id": 5, "group": -7, "user": 12345678901234567890, "text": "a"}', False),
    "empty text": (line("x", ""), False),
    "unknown keys": (line("x", more={"deep": [1, {"a": None}]}), False),
    "byte order mark": (b"\xef\xbb\xbf" + line("x"), False),
    "carriage return": (line("x").replace(b"\n", b"\r\n"), False),
    "join": (b'{"id": "x", "group": "g", "user": "u", "kind": "join"}', False),
    "two keys of one name": (b'{"id": "y", "id": "x", "group": "g", "text": "a"}', False),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_line_is_taken_in_and_what_was_changed_is_said(home: Home, name: str) -> None:
    content, remarked = ODD[name]
    done = home.ok("replay", home.write("chat.ndjson", between(content)), "--speed", "max")
    assert problems(done) == ([2] if remarked else [])
    kept = keys_in(home)
    assert len(kept) == 3
    assert (kept[0], kept[-1]) == ("g0", "g1")
    for words in (["cases"], ["show", "1"]):
        assert not UNSAFE.search(home.ok(*words).out.replace("\n", ""))


def test_a_file_without_messages_is_read_to_its_end(home: Home) -> None:
    for name, content in (("empty", b""), ("blank", b"\n\n  \n\r\n"), ("mark", b"\xef\xbb\xbf")):
        chat = home.write(name, content)
        assert "read to the end: 0 messages taken in" in home.ok("replay", chat, "--speed", "max").out
        assert home.ok("check", chat).out == ""


def test_a_last_line_without_its_end_is_taken_in(home: Home) -> None:
    chat = home.write("chat.ndjson", line("a") + line("b").rstrip(b"\n"))
    home.ok("replay", chat, "--speed", "max")
    assert keys_in(home) == ["a", "b"]
    assert [row["id"] for row in home.ok("check", chat).rows] == ["a", "b"]


def test_a_binary_file_ends_with_complaints_and_nothing_else(home: Home) -> None:
    binary = home.write("picture.png", bytes(range(256)) * 2000)
    done = home.ok("replay", binary, "--speed", "max")
    assert "0 messages taken in" in done.out
    assert problems(done)
    assert not UNSAFE.search(done.err.replace("\n", ""))
    assert keys_in(home) == []


def test_a_hundred_thousand_bad_lines_are_counted_but_not_all_printed(home: Home) -> None:
    chat = home.write("chat.ndjson", line("first") + b"{\n" * 100_000 + line("last"))
    done = home.ok("replay", chat, "--speed", "max")
    assert "100000 lines with problems; line 100002" in done.out
    assert 1 < len(done.err.splitlines()) < 50
    assert "only counted" in done.err.splitlines()[-1]
    assert keys_in(home) == ["first", "last"]


def test_hostile_text_reaches_no_terminal_from_any_command(home: Home) -> None:
    chat = home.write(
        "chat.ndjson",
        b"".join(
            line(f"m{number}{text}", "say " + text, user=f"u{number}{text}", name=text, group_name=text)
            for number, text in enumerate(STEERING)
        ),
    )
    done = home.ok("replay", chat, "--speed", "max")
    assert f"{len(STEERING)} messages taken in" in done.out
    shown = [["show", str(number)] for number in range(1, len(STEERING) + 1)]
    for text, (_, number) in zip(STEERING, shown, strict=True):
        home.ok("decide", number, "warn", "--reason", text.replace("\x00", ""))
    said = [done.out + done.err]
    for words in (
        ["cases", "--all"], ["cases", "--all", "--json"], *shown, [*shown[0], "--json"], ["proposals"],
        ["audit", "list"], ["audit", "list", "--json"], ["check", str(chat)],
    ):  # fmt: skip
        ended = home.ok(*words)
        said.append(ended.out + ended.err)
        if "--json" in words or words[0] == "check":
            assert len(ended.rows) > 0
    for output in said:
        assert not UNSAFE.search(output.replace("\n", ""))
        assert not any(out.startswith("vigil: all is well") for out in output.splitlines())


def test_what_was_judged_is_what_was_written(home: Home) -> None:
    """The safe form is for the eye: the JSON holds the original, escaped."""
    text = "".join(STEERING).replace("\x00", "")
    home.ok("replay", home.write("chat.ndjson", line("m", text)), "--speed", "max")
    (message,) = home.ok("show", 1, "--json").rows[0]["messages"]
    assert message["text"] == text


def test_a_message_of_a_million_characters_is_found_and_shown_in_short(home: Home) -> None:
    chat = home.write("chat.ndjson", line("long", "needle" + "长" * 1_000_000))
    home.ok("replay", chat, "--speed", "max")
    assert len(home.ok("show", 1).out) < 20_000
    db = open_database(home.store)
    try:
        assert len(messages.ids(db, text="needle")) == 1
    finally:
        db.close()
