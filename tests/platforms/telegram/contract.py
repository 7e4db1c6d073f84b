"""Drives the make-believe Telegram with python-telegram-bot, and has aiogram's models look at all it says.

Run by an interpreter that has both, which clash with what Vigil is tested with: `make .venv-telegram/made.stamp`.
`python -m tests.platforms.telegram.contract BASE TOKEN`, on a server just started; it ends with 0 when all is in order.
"""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request
from typing import Any

import telegram
from aiogram import types
from pydantic import BaseModel, TypeAdapter
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter

PHOTO = {"photo": [{"file_id": "f", "file_unique_id": "u", "width": 90, "height": 90}]}
MEMBERS = (
    types.ChatMemberOwner | types.ChatMemberAdministrator | types.ChatMemberMember | types.ChatMemberRestricted
    | types.ChatMemberLeft | types.ChatMemberBanned
)  # fmt: skip
SHAPES = {
    "getUpdates": list[types.Update], "getMe": types.User, "getChat": types.ChatFullInfo, "getChatMember": MEMBERS,
    "sendMessage": types.Message, "getWebhookInfo": types.WebhookInfo,
}  # fmt: skip
"""What a method's result is; of all others True."""


class People:
    """What people do, by the server's own way in."""

    def __init__(self, base: str) -> None:
        self._base = base

    def do(self, what: str, **values: Any) -> Any:
        request = urllib.request.Request(f"{self._base}/test/{what}", json.dumps(values).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())


async def happenings(bot: telegram.Bot, people: People) -> list[telegram.Update]:
    """Everything that people can do; returns what the bot was told."""
    asked = [name for name in telegram.Update.ALL_TYPES if name in WANTED]
    assert await bot.get_updates(allowed_updates=asked) == ()
    ada, bob, dan = (people.do("person", name=name) for name in ("Ada", "Bob", "Dan"))
    tea = people.do("group", owner=ada, title="Tea")
    people.do("join", chat=tea, user=bob, by=ada)
    people.do("join", chat=tea, user=dan, link=ada)
    entities = [
        {"type": "text_link", "offset": 0, "length": 2, "url": "https://example.org"},
        {"type": "mention", "offset": 3, "length": 4},
    ]
    first = people.do("say", chat=tea, user=bob, text="hi @ada", entities=entities)
    people.do("edit", chat=tea, message=first, text="hi @ada, cheap tickets", entities=entities)
    for number in range(3):
        more = {"caption": "three"} if number == 0 else {}
        people.do("say", chat=tea, user=bob, media_group_id="album", **PHOTO, **more)
    people.do("request", chat=tea, user=people.do("person", name="Eve"), bio="let me in")
    people.do("leave", chat=tea, user=dan, by=ada, status="kicked")
    people.do("start", user=bob)
    basic = people.do("group", owner=ada, title="Small", kind="group")
    people.do("migrate", chat=basic)
    found: list[telegram.Update] = []
    offset = 0
    while batch := await bot.get_updates(offset=offset, limit=4, timeout=0, allowed_updates=asked):
        found += batch
        offset = batch[-1].update_id + 1
    return found


WANTED = ("message", "edited_message", "chat_member", "my_chat_member", "chat_join_request")


def check_told(found: list[telegram.Update]) -> None:
    kinds = [next(name for name in WANTED if getattr(update, name)) for update in found]
    assert set(kinds) == set(WANTED), kinds
    messages = [update.message for update in found if update.message]
    assert [len(m.new_chat_members) for m in messages[:2]] == [1, 1]
    assert next(m.parse_entities() for m in messages if m.entities), "entities fit the text"
    assert [m.media_group_id for m in messages].count("album") == 3
    assert any(m.migrate_to_chat_id for m in messages)
    assert any(m.migrate_from_chat_id for m in messages)
    joined = [update.chat_member for update in found if update.chat_member]
    assert [c.new_chat_member.status for c in joined] == ["member", "member", "kicked"]
    assert joined[1].invite_link
    assert [u.chat_join_request.bio for u in found if u.chat_join_request] == ["let me in"]


async def doings(bot: telegram.Bot, people: People) -> None:
    """Everything that Vigil has its bot do, each with an answer of the class the client expects."""
    ada, bob, eve, fay = (people.do("person", name=name) for name in ("Ada", "Bob", "Eve", "Fay"))
    tea = people.do("group", owner=ada, title="Tea")
    for person in (bob, eve):
        people.do("join", chat=tea, user=person)
    me = await bot.get_me()
    assert (me.username, me.is_bot) == ("vigil_test_bot", True)
    assert (await bot.get_chat(tea)).title == "Tea"
    assert (await bot.get_webhook_info()).url == ""
    assert isinstance(await bot.get_chat_member(tea, ada), telegram.ChatMemberOwner)
    assert isinstance(await bot.get_chat_member(tea, me.id), telegram.ChatMemberAdministrator)
    assert isinstance(await bot.get_chat_member(tea, bob), telegram.ChatMemberMember)
    sent = await bot.send_message(tea, "hello", entities=[telegram.MessageEntity("bold", 0, 5)])
    assert (sent.text, sent.chat.id) == ("hello", tea)
    numbers = [people.do("say", chat=tea, user=bob, text="ad") for _ in range(4)]
    assert await bot.delete_message(tea, numbers[0])
    await refused(bot.delete_message(tea, numbers[0]), BadRequest, "not found")
    assert await bot.delete_messages(tea, numbers), "those that are gone are skipped"
    old = people.do("say", chat=tea, user=bob, text="old")
    people.do("age", chat=tea, message=old, seconds=49 * 3600)
    await refused(bot.delete_message(tea, old), BadRequest, "can't be deleted")
    assert await bot.restrict_chat_member(tea, bob, telegram.ChatPermissions.no_permissions(), until_date=None)
    assert isinstance(await bot.get_chat_member(tea, bob), telegram.ChatMemberRestricted)
    assert await bot.restrict_chat_member(tea, bob, telegram.ChatPermissions.all_permissions())
    assert isinstance(await bot.get_chat_member(tea, bob), telegram.ChatMemberMember)
    assert await bot.ban_chat_member(tea, bob)
    assert isinstance(await bot.get_chat_member(tea, bob), telegram.ChatMemberBanned)
    assert await bot.unban_chat_member(tea, bob, only_if_banned=True)
    assert isinstance(await bot.get_chat_member(tea, bob), telegram.ChatMemberLeft)
    await refused(bot.ban_chat_member(tea, ada), BadRequest, "owner")
    assert await bot.ban_chat_sender_chat(tea, -100999)
    assert await bot.unban_chat_sender_chat(tea, -100999)
    for person, answer in [(fay, bot.approve_chat_join_request), (bob, bot.decline_chat_join_request)]:
        people.do("request", chat=tea, user=person)
        assert await answer(tea, person)
    await refused(bot.decline_chat_join_request(tea, bob), BadRequest, "missing")
    await refused(bot.send_message(eve, "hello"), Forbidden, "initiate conversation")
    people.do("start", user=eve)
    assert (await bot.send_message(eve, "hello")).chat.type == "private"
    basic = people.do("group", owner=ada, title="Small", kind="group")
    new = people.do("migrate", chat=basic)
    moved = await refused(bot.send_message(basic, "hello"), ChatMigrated, "supergroup")
    assert moved.new_chat_id == new
    people.do("limits", per_second=0.01, burst=1)
    assert await bot.send_message(tea, "hello")
    limited = await refused(bot.send_message(tea, "hello"), RetryAfter, "retry in")
    assert 1 < limited._retry_after.total_seconds() <= 100


async def refused(doing: Any, kind: type[Exception], words: str) -> Any:
    """The error that a client makes of a refusal."""
    caught: Exception | None = None
    try:
        await doing
    except kind as error:
        caught = error
    assert caught is not None, f"was not refused: {words}"
    assert words in str(caught).lower(), caught
    return caught


def unknown(model: Any) -> list[str]:
    """The fields of a packet that its documentation does not have."""
    if isinstance(model, list):
        return [name for one in model for name in unknown(one)]
    if not isinstance(model, BaseModel):
        return []
    names = [f"{type(model).__name__}.{name}" for name in model.model_extra or {}]
    return names + [name for field in model.__class__.model_fields for name in unknown(getattr(model, field))]


async def main() -> None:
    base, token = sys.argv[1:]
    people = People(base)
    async with telegram.Bot(token, base_url=f"{base}/bot") as bot:
        check_told(await happenings(bot, people))
        await doings(bot, people)
    packets = people.do("packets")
    adapters = {method: TypeAdapter[Any](shape) for method, shape in SHAPES.items()}
    for method, result in packets:
        adapter = adapters.get(method)
        if adapter is None:
            assert result is True, (method, result)
            continue
        found = adapter.validate_python(result)
        assert unknown(found) == [], (method, result)
    print(f"{len(packets)} packets of {len({method for method, _ in packets})} methods")


if __name__ == "__main__":
    asyncio.run(main())
