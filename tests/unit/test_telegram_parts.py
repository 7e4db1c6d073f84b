"""Parts of the Telegram platform that need no server: ids, kinds, albums, settings."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.platforms.base import edit_id, original_id, sound_id
from console.platforms.telegram_albums import Album, Read, Waiting, joined
from console.platforms.telegram_ids import album_id, change_id, message_id, numbers, request_id, requester
from console.platforms.telegram_kind import TelegramOptions
from console.platforms.telegram_text import kind_of, mention, units
from console.settings import SettingsError, parse
from rules.records import Message

FILE = Path("/etc/vigil/vigil.toml")
BASIC, SUPER = -4_001, -1_000_000_004_001


@given(st.lists(st.integers(1, 2**40), min_size=1, max_size=10), st.sampled_from([BASIC, SUPER]), st.booleans())
def test_an_id_leads_back_to_the_numbers_it_was_made_of(parts: list[int], chat: int, edited: bool) -> None:
    made = album_id([message_id(chat, part) for part in parts])
    if edited:
        made = edit_id(made, change_id(1_780_000_000, 5))
    assert numbers(made) == (chat == BASIC, parts)
    assert sound_id(original_id(made))
    assert not requester(made)


def test_what_is_no_message_has_no_number() -> None:
    assert numbers(change_id(1_780_000_000, 7)) == (False, [])
    assert numbers(request_id(5, 1_780_000_000)) == (False, [])
    assert requester(request_id(5, 1_780_000_000)) == "5"
    assert numbers(f"{message_id(SUPER, 7)}:5") == (False, [7]), "the note that somebody came is a message"
    assert requester("knock:x:1") == ""


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (["message_id", "text"], "text"),
        (["photo", "caption"], "image"),
        (["animation", "document"], "video"),
        (["venue", "location"], "location"),
        (["message_id", "something_new"], "other"),
        (["pinned_message"], ""),
        (["new_chat_title"], ""),
        (["forum_topic_created"], ""),
        (["video_chat_started"], ""),
        (["giveaway"], "giveaway"),
        (["giveaway_created"], ""),
    ],
)
def test_kinds_go_by_what_a_message_has(keys: list[str], kind: str) -> None:
    assert kind_of(keys) == kind


def test_a_name_is_mentioned_in_the_units_telegram_counts() -> None:
    content = mention("5", "🎈 Bob", "no ads")
    assert content["text"] == "🎈 Bob: no ads"
    entities: Any = content["entities"]
    (entity,) = entities
    assert entity["length"] == units("🎈 Bob") == 6


@given(
    st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.floats(0, 0.5)), min_size=1, max_size=40),
    st.integers(11, 50),
    st.floats(0.05, 2),
)
def test_every_part_comes_once_and_albums_whose_parts_come_soon_are_whole(
    sent: list[tuple[str, float]], limit: int, pause: float
) -> None:
    """`limit` updates come with an answer; `pause` passes when none can be taken. Ten parts make an album."""
    now = 0.0
    counts: dict[str, int] = {}
    updates: list[tuple[float, Album | None]] = []
    for name, gap in sent:
        now += gap
        counts[name] = counts.get(name, 0) + 1
        updates.append((now, (1, f"{name}{(counts[name] - 1) // 10}") if name else None))
    clock = [0.0]
    waiting = Waiting(1.0, lambda: clock[0])
    messages: list[Message] = []
    at = 0
    while at < len(updates):
        there = [(index, album) for index, (when, album) in enumerate(updates) if when <= clock[0]][at : at + limit]
        ready = waiting.ready([album for _, album in there], [0] * len(there), more=len(there) == limit)
        read = [Read(Message("tg", "g", str(index), "m", "", None), album) for index, album in there[:ready]]
        messages += joined(read)
        at += ready
        if not ready:
            clock[0] += pause
    ids = [one.id for one in messages]
    assert sorted(int(part) for id_ in ids for part in id_.split("+")) == list(range(len(updates)))
    if limit > len(updates):
        for album in {album for _, album in updates if album}:
            parts = [(index, when) for index, (when, of) in enumerate(updates) if of == album]
            if all(later - when < 1 for (_, when), (_, later) in pairwise(parts)):
                assert "+".join(str(index) for index, _ in parts) in ids


GOOD = '[platforms.tg]\nkind = "telegram"\ntoken_file = "tg.token"\n'


def test_settings_hold_where_the_token_is() -> None:
    (platform,) = parse(GOOD, FILE).platforms
    assert platform.options == TelegramOptions("https://api.telegram.org", FILE.with_name("tg.token"), "", ())
    (platform,) = parse(f'{GOOD}groups = ["-1001"]\nserver = "http://127.0.0.1:8081/"\n', FILE).platforms
    assert (platform.options.server, platform.options.groups) == ("http://127.0.0.1:8081", ("-1001",))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('token = "1:AA"', "must not stand here"),
        ('token_env = "VIGIL_TOKEN"', "give one of"),
        ('groups = ["tea"]', "must be a group's id"),
        ('server = "http://api.telegram.org"', "must begin with https://"),
        ('server = "api.telegram.org"', "must be the address"),
        ('inviters = ["@ada"]', "is not a key here"),
    ],
)
def test_settings_that_cannot_be_used_name_file_and_line(lines: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(f"{GOOD}{lines}\n", FILE)
    assert str(caught.value).startswith(f"{FILE}:")
    assert said in str(caught.value)


def test_without_a_token_there_is_no_platform() -> None:
    with pytest.raises(SettingsError, match="give one of token_file, token_env"):
        parse('[platforms.tg]\nkind = "telegram"\n', FILE)
