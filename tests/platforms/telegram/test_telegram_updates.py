"""What Vigil makes of single updates: what can be read in a message, who wrote it, and which message is meant."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from console.platforms.base import original_id
from console.platforms.telegram_events import Found, Reading
from console.platforms.telegram_text import mention
from rules.records import Message
from tests.platforms.telegram.packets import ANONYMOUS, BOB, CHAT, GROUP, changed, message, update

URL = "https://example.org/ad"
LINK = {"type": "text_link", "offset": 0, "length": 2, "url": URL}
CHANNEL = {"id": -1_009_999, "type": "channel", "title": "News"}


def read(*updates: dict[str, Any], by: Reading | None = None) -> Found:
    reading = by or Reading("tg")
    return reading.read([msgspec.Raw(json.dumps(one).encode()) for one in updates])


def one(what: dict[str, Any], kind: str = "message") -> Message:
    (found,) = read(update(1, what, kind)).messages
    return found


def rich(*blocks: Any) -> dict[str, Any]:
    return {"rich_message": {"blocks": list(blocks)}}


BUTTON = {"text": "Open"}
SAID: dict[str, tuple[dict[str, Any], str]] = {
    "a link in a quote from elsewhere": (
        {"text": "hi", "external_reply": {}, "quote": {"text": "so cheap", "position": 0, "entities": [LINK]}},
        f"hi\nso cheap {URL}",
    ),
    "the page that is shown below": ({"text": "hi", "link_preview_options": {"url": URL}}, f"hi {URL}"),
    "no page is shown below": ({"text": "hi", "link_preview_options": {"url": URL, "is_disabled": True}}, "hi"),
    "the beginning of another address": (
        {"text": f"see {URL}-not-me", "entities": [LINK]}, f"see {URL}-not-me {URL}",
    ),
    "the address itself": ({"text": f"see {URL}", "entities": [LINK]}, f"see {URL}"),
    "a button that logs in": (
        {"text": "hi", "reply_markup": {"inline_keyboard": [[{**BUTTON, "login_url": {"url": URL}}]]}},
        f"hi\nOpen {URL}",
    ),
    "a button that copies": (
        {"text": "hi", "reply_markup": {"inline_keyboard": [[{**BUTTON, "copy_text": {"text": "code 5"}}]]}},
        "hi\nOpen\ncode 5",
    ),
    "a song": (
        {"audio": {"file_id": "f", "performer": "Cheap tickets", "title": "add me", "file_name": "a.mp3"}},
        "Cheap tickets\nadd me\na.mp3",
    ),
    "a poll": (
        {"poll": {"question": "Well?", "options": [{"text": "yes"}], "explanation": "ha",
                  "explanation_entities": [LINK], "description": "more"}},
        f"Well?\nyes\nha\nmore {URL}",
    ),
    "a rich message": (
        rich(
            {"type": "heading", "size": 1, "text": ["Cheap ", {"type": "bold", "text": "tick"}, "ets"]},
            {"type": "list", "items": [{"label": "1.", "blocks": [{"type": "paragraph", "text": "first"}]}]},
            {"type": "table", "cells": [[{"text": "a"}, {"text": {"type": "url", "text": "b", "url": URL}}]]},
            {"type": "details", "summary": "more", "blocks": [{"type": "footer", "text": "inside"}]},
            {"type": "photo", "photo": [], "caption": {"text": "below", "credit": "by me"}},
            {"type": "buttons", "buttons": [{"text": "Open", "url": f"{URL}/2"}]},
            {"type": "something new", "text": "and new"},
        ),
        f"Cheap tickets\n1.\nfirst\na\nb\nmore\ninside\nbelow\nby me\nOpen\nand new {URL} {URL}/2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SAID)
def test_nothing_that_people_see_is_hidden_from_the_rules(what: str) -> None:
    fields, text = SAID[what]
    assert one(message(1, **fields)).text == text


def test_a_rich_message_is_a_text_and_mentions() -> None:
    inline = [{"type": "mention", "text": "@ada", "username": "ada"},
              {"type": "text_mention", "text": "Eve", "user": {"id": 6, "first_name": "Eve"}}]  # fmt: skip
    found = one(message(1, **rich({"type": "paragraph", "text": inline})))
    assert (found.kind, found.text, found.mentions) == ("text", "@adaEve", ("@ada", "6"))
    assert one(message(2, **rich(5, {"text": {"text": 7}}, None, {"blocks": {"a": []}}))).text == ""


@pytest.mark.parametrize("key", ["managed_bot_created", "community_chat_added"])
def test_what_nobody_wrote_is_no_message(key: str) -> None:
    assert read(update(1, {**message(1), key: {}})).messages == []


def test_messages_that_one_member_alone_can_see_are_none_of_the_groups() -> None:
    """They all have the number 0: the first would be stored, and the others taken for the same."""
    alone = {"ephemeral_message_id": 4, "receiver_user": BOB}
    assert read(update(1, message(0, "one", **alone)), update(2, message(0, "two", **alone))).messages == []


def test_who_comes_out_of_a_community_has_come_once() -> None:
    fay = {"id": 9, "is_bot": False, "first_name": "Fay"}
    told = update(1, {**message(1), "from": fay, "community_chat_joined": {"community": {"id": 1}}})
    also = update(2, changed(fay, "left", "member", fay), "chat_member")
    for order in ((told, also), (also, told), (told,), (also,)):
        assert [(one.kind, one.member, one.inviter) for one in read(*order).messages] == [("join", "9", "")]


def test_a_channels_post_is_no_members_also_when_it_was_edited() -> None:
    post = message(1, "news", sender_chat=CHANNEL, is_automatic_forward=True)
    assert one(post).kind == "system"
    assert one({**post, "edit_date": 1_780_000_100}, "edited_message").kind == "system"


def test_a_topic_is_nothing_that_a_message_answers() -> None:
    start = {"message_id": 7, "date": 1, "chat": GROUP}
    topic: dict[str, Any] = {"is_topic_message": True, "message_thread_id": 7, "reply_to_message": start}
    assert one(message(9, "hello", **topic)).reply_to == ""
    assert one(message(9, "hello", **{**topic, "message_thread_id": 6})).reply_to == "7"


def test_an_answer_to_a_part_of_an_album_is_one_to_the_album() -> None:
    parts = [update(n, message(n, media_group_id="a", photo=[])) for n in (1, 2)]
    answer = message(3, "nice", reply_to_message={"message_id": 2, "date": 1, "chat": GROUP})
    assert read(*parts, update(3, answer)).messages[-1].reply_to == "1+2"


def test_who_comes_by_an_anonymous_administrators_hand_was_brought_by_nobody() -> None:
    fay = {"id": 9, "is_bot": False, "first_name": "Fay"}
    told = update(1, {**message(1), "new_chat_members": [fay], "sender_chat": GROUP, "from": ANONYMOUS})
    (joined,) = read(told).messages
    assert (joined.member, joined.inviter) == ("9", "")
    (joined,) = read(update(1, changed(fay, "left", "member", ANONYMOUS), "chat_member")).messages
    assert joined.inviter == ""


def test_what_an_administrator_writes_as_the_group_is_the_groups() -> None:
    found = one({**message(1, "hello"), "sender_chat": GROUP, "from": ANONYMOUS})
    assert found.member == str(CHAT), "not the account that all anonymous administrators share"


def test_a_basic_group_that_has_moved_on_is_not_forgotten() -> None:
    old = {"id": -5, "type": "group", "title": "Tea"}
    reading = Reading("tg")
    reading.bot = 7
    own = {"id": 7, "is_bot": True, "first_name": "V"}
    moved = {**message(1), "chat": {**GROUP, "id": CHAT}, "migrate_from_chat_id": -5}
    gone = {**changed(own, "member", "left", BOB), "chat": old}
    found = read(update(1, moved), update(2, gone, "my_chat_member"), by=reading)
    assert reading.known == {"-5": (CHAT, "Tea")}
    assert not any("has removed the bot" in problem for problem in found.problems)


def test_an_edit_of_an_album_that_a_worker_before_read_leads_to_the_whole_album() -> None:
    before = Reading("tg")
    read(*[update(n, message(n, media_group_id="a", photo=[])) for n in (1, 2)], by=before)
    after = Reading("tg")
    after.remember(before.recent_albums())
    edit = message(1, photo=[], media_group_id="a", caption="an ad", edit_date=1_780_000_100)
    (found,) = read(update(3, edit, "edited_message"), by=after).messages
    assert original_id(found.id) == "1+2"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("\u202egnp.exe\u202c", "gnp.exe"), ("\u200b\u2060", "5"), ("a\x1b[31m\nb", "a[31m b"), ("Ada", "Ada")],
)  # fmt: skip
def test_a_name_in_a_warning_is_one_that_can_be_seen(name: str, shown: str) -> None:
    assert mention("5", name, "no ads")["text"] == f"{shown}: no ads"
