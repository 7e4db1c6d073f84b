"""What Vigil's bot may do in each of its groups, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping

from console.platforms.base import Access, GroupAccess
from console.platforms.http import BRIEF, Refusal
from console.platforms.telegram_client import Client, is_passing, moved_to
from console.platforms.telegram_ids import is_basic
from console.platforms.telegram_kind import TelegramOptions
from console.platforms.telegram_shapes import Chat, Member, Webhook
from console.platforms.telegram_text import one_line, title_of
from store.records import ActionKind
from widgets.language import mark, say

_BANS = ("can_restrict_members", mark("ban users"))
_INVITES = ("can_invite_users", mark("invite users via link"))
RIGHTS = {
    ActionKind.DELETE: ("can_delete_messages", mark("delete messages")),
    ActionKind.MUTE: _BANS,
    ActionKind.UNMUTE: _BANS,
    ActionKind.REMOVE: _BANS,
    ActionKind.BAN: _BANS,
    ActionKind.UNBAN: _BANS,
    ActionKind.ADMIT: _INVITES,
    ActionKind.REFUSE: _INVITES,
}
"""The right each action takes: the Bot API's name of it, and what Telegram's apps call it."""
CHECKED = (ActionKind.DELETE, ActionKind.MUTE, ActionKind.REMOVE, ActionKind.BAN, ActionKind.ADMIT)
SUPERGROUP = mark("make the group a supergroup first: set its chat history to be visible for new members")


async def access_of(client: Client, known: Mapping[str, tuple[int, str]], options: TelegramOptions) -> Access:
    """Raises LoginRefused, HttpError."""
    groups = dict(known) | {key: (int(key), "") for key in options.groups if key not in known}
    if options.groups:
        wanted = set(options.groups)
        groups = {key: one for key, one in groups.items() if key in wanted or str(one[0]) in wanted}
    found = [await _group(client, key, chat, name) for key, (chat, name) in groups.items()]
    remarks: list[str] = []
    if not groups:
        remarks.append(
            say(
                "Telegram tells no bot which groups it is in: Vigil knows a group once something happened there while"
                " the worker ran, or by `groups` in vigil.toml"
            )
        )
    if not client.me.can_read_all_group_messages:
        remarks.append(
            say(
                "its privacy mode is on: where it is no administrator it sees next to nothing of what is written; make"
                " it one, or have @BotFather turn that off (/setprivacy)"
            )
        )
    if not options.groups:
        remarks.append(
            say(
                "anybody can add it to a group and have it read there; name yours as `groups` in vigil.toml, or have"
                " @BotFather forbid it (/setjoingroups)"
            )
        )
    if (await client.ask("getWebhookInfo", Webhook, patience=BRIEF)).url:
        remarks.append(say("a webhook takes its updates, so Vigil gets none: remove it by deleteWebhook"))
    account = f"@{one_line(client.me.username)}" if client.me.username else str(client.me.id)
    return Access(account, tuple(sorted(found, key=lambda group: group.name)), tuple(remarks))


async def _group(client: Client, key: str, chat: int, name: str) -> GroupAccess:
    for _ in range(2):
        try:
            name = title_of(await client.ask("getChat", Chat, patience=BRIEF, chat_id=chat)) or name
            own = await client.ask("getChatMember", Member, patience=BRIEF, chat_id=chat, user_id=client.me.id)
        except Refusal as error:
            if is_passing(error):
                raise
            if (moved := moved_to(error)) is not None:
                chat = moved
                continue
            why = say("the bot is not in the group ({said}): add it", said=error.said)
            return GroupAccess(key, name or key, tuple((kind, why) for kind in CHECKED))
        return GroupAccess(key, name or key, lacking(own, chat), _remarks(key, chat))
    return GroupAccess(key, name or key, (), (say("Telegram says again and again that the group has moved"),))


def lacking(own: Member, chat: int) -> tuple[tuple[ActionKind, str], ...]:
    """What the bot cannot do in a chat, and why, by what it is there."""
    found = []
    if not own.within or (own.status == "restricted" and not own.can_send_messages):
        found.append((ActionKind.WARN, say("the bot may not write there: add it, and make it an administrator")))
    for kind in CHECKED:
        if why := lack(kind, own, chat):
            found.append((kind, why))
    return tuple(found)


def lack(kind: ActionKind, own: Member, chat: int) -> str:
    """Why the bot has no right to an action, "" where it has."""
    if kind not in RIGHTS:
        return ""
    right, called = RIGHTS[kind]
    if kind in (ActionKind.MUTE, ActionKind.UNMUTE) and is_basic(chat):
        return say("Telegram mutes nobody in a basic group; {advice}", advice=say(SUPERGROUP))
    if own.status == "creator" or (own.is_administrator and getattr(own, right)):
        return ""
    if not own.is_administrator:
        return say("the bot is no administrator: make it one, with the right to {right}", right=say(called))
    return say("the bot is an administrator without the right to {right}: give it that", right=say(called))


def _remarks(key: str, chat: int) -> tuple[str, ...]:
    if key != str(chat):
        return (say("it became a supergroup, {chat}; here it goes on under {group}", chat=chat, group=key),)
    return ()
