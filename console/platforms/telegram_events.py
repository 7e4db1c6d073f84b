"""Updates of the Bot API as messages: what was written and edited, who came, who left, and who asks to be let in."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from console.platforms.base import edit_id, original_id, own_id
from console.platforms.telegram_albums import Album, Read, joined
from console.platforms.telegram_changes import Pairs, Told
from console.platforms.telegram_ids import change_id, is_album, message_id, request_id
from console.platforms.telegram_shapes import Change, Chat, Message, Part, Request, Update, User
from console.platforms.telegram_text import as_extra, kind_of, mentions_of, name_of, origin_of, text_of, title_of
from rules import records

BAD_UPDATE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
FUTURE_SECONDS = 86_400.0
"""A time further ahead of the clock than this is some error."""
REMEMBERED = 5_000
"""So many parts of albums are remembered, to know what an edit edits."""
KEPT_ALBUMS = 100
"""So many of the newest albums are remembered over a restart."""
GROUPS = ("group", "supergroup")


@dataclass(slots=True)
class Found:
    """What came of some updates."""

    messages: list[records.Message] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Reading:
    """Reads updates for the platform `name`; `bot` is the bot's own id. `moved` maps a supergroup's id to the key under
    which it is stored: that of the basic group it once was, so that a group stays one. `pairs` finds what is told
    twice."""

    def __init__(self, name: str, groups: Sequence[str] = (), clock: Callable[[], float] = time.time) -> None:
        self.bot = 0
        self.moved: dict[int, str] = {}
        self.pairs = Pairs([])
        self.known: dict[str, tuple[int, str]] = {}
        """The groups by key: the chat's id, and its name."""
        self._name = name
        self._groups = frozenset(groups)
        self._clock = clock
        self._albums: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._strange: set[int] = set()

    def key(self, chat: int) -> str:
        """Under which key a group is stored."""
        return self.moved.get(chat, str(chat))

    def chat(self, key: str) -> int:
        """The id the group has now. Raises ValueError when the key is no group's."""
        return next((chat for chat, stored in self.moved.items() if stored == key), 0) or int(key)

    def move(self, before: int, after: int) -> None:
        """A basic group became a supergroup."""
        self.moved.setdefault(after, self.key(before))

    def group(self, chat: Chat) -> str:
        """What a group is called, for people."""
        return title_of(chat) or str(chat.id)

    def albums(self, updates: Sequence[msgspec.Raw]) -> list[Album | None]:
        """For each update the album it is part of."""
        return [self._album(update) for update in updates]

    def dates(self, updates: Sequence[msgspec.Raw]) -> list[int]:
        """For each update when its message was written (epoch seconds), 0 for what is none."""
        return [part.date if (part := self._part(update)) else 0 for update in updates]

    def next_offset(self, updates: Sequence[msgspec.Raw]) -> int | None:
        """The number after the last update. It may be lower than before: after a week without any the numbers begin
        anew, and a server that does not know the one asked for gives what it has."""
        for raw in reversed(updates):
            try:
                return msgspec.json.decode(raw, type=Update).update_id + 1
            except BAD_UPDATE:
                continue
        return None

    def read(self, updates: Sequence[msgspec.Raw]) -> Found:
        """Read updates in their order."""
        for raw in updates:
            # First of all, because what came before the move in one answer belongs to the same group.
            if (part := self._part(raw)) is not None:
                self._migrated(part)
        found = Found()
        read: list[Read] = []
        for raw in updates:
            number = "an update"
            try:
                update = msgspec.json.decode(raw, type=Update)
                number = f"update {update.update_id}"
                read += self._read(update, found.problems)
            except BAD_UPDATE as error:
                found.problems.append(f"{number}: of another shape: {error}")
        messages = joined(read)
        self.remember([(one.group, one.id) for one in messages if one.kind != "edit" and is_album(one.id)])
        found.messages = [self._of_album(one) for one in messages]
        return found

    def remember(self, albums: Sequence[tuple[str, str]]) -> None:
        """Know these albums, each a group's key and the album's id, by the ids of their parts."""
        self._albums.update(((group, part), album) for group, album in albums for part in album.split("+"))
        while len(self._albums) > REMEMBERED:
            self._albums.popitem(last=False)

    def recent_albums(self) -> list[tuple[str, str]]:
        """The newest KEPT_ALBUMS, the newest last."""
        found: dict[tuple[str, str], None] = {}
        for (group, _), album in reversed(self._albums.items()):
            found[group, album] = None
            if len(found) == KEPT_ALBUMS:
                break
        return list(found)[::-1]

    def _of_album(self, message: records.Message) -> records.Message:
        """What edits or answers a part of an album edits or answers the album."""
        edited = self._albums.get((message.group, original_id(message.id))) if message.kind == "edit" else None
        id_ = edit_id(edited, own_id(message.id)) if edited else message.id
        answered = self._albums.get((message.group, message.reply_to), message.reply_to)
        if id_ == message.id and answered == message.reply_to:
            return message
        return replace(message, id=id_, reply_to=answered)

    def _read(self, update: Update, problems: list[str]) -> list[Read]:
        for raw, edited in ((update.message, False), (update.edited_message, True)):
            if len(bytes(raw)):
                return self._message(update, raw, problems, edited=edited)
        if len(bytes(update.chat_member)):
            return self._change(update, problems)
        if len(bytes(update.my_chat_member)):
            return self._own(msgspec.json.decode(update.my_chat_member, type=Change), problems)
        if len(bytes(update.chat_join_request)):
            request = msgspec.json.decode(update.chat_join_request, type=Request)
            if not self._ours(request.chat, problems):
                return []
            id_ = request_id(request.sender.id, request.date)
            return [self._made(request.chat, id_, request.sender, "knock", request.date, request.bio)]
        return []

    def _message(self, update: Update, raw: msgspec.Raw, problems: list[str], *, edited: bool) -> list[Read]:
        message = msgspec.json.decode(raw, type=Message)
        if not self._ours(message.chat, problems):
            return []
        if message.migrate_to_chat_id or message.migrate_from_chat_id:
            if message.migrate_from_chat_id:
                problems.append(f"{self.group(message.chat)}: is a supergroup now, and goes on here as the same group")
            return []
        if message.community_chat_joined is not None and message.sender:
            message.new_chat_members = [message.sender]
        if message.new_chat_members or message.left_chat_member:
            return self._told(message)
        if not message.message_id:
            # One member alone can see it.
            return []
        keys = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).keys()
        kind = kind_of(keys)
        if not kind or (edited and kind == "location"):
            # Of a place that is shared as it moves, every step is an edit.
            return []
        id_ = message_id(message.chat.id, message.message_id)
        time_, album = message.date, None
        if edited:
            id_ = edit_id(id_, change_id(message.edit_date, update.update_id))
            kind, time_ = "edit", message.edit_date or message.date
        elif message.media_group_id and not message.is_automatic_forward:
            album = (message.chat.id, message.media_group_id)
        if message.is_automatic_forward:
            # A post of the channel that belongs to the group: no member's, so no rule's to judge.
            kind = "system"
        made = self._written(message, id_, kind, time_)
        return [Read(made, album)] if made else []

    def _written(self, message: Message, id_: str, kind: str, time_: int) -> records.Message | None:
        sender = message.sender_chat or message.sender
        if sender is None:
            return None
        if message.sender and message.sender.id == self.bot:
            return None
        extra: dict[str, object] = {}
        if message.forward_origin:
            extra["forwarded"] = origin_of(message.forward_origin)
        if message.sender_chat:
            extra["written_as"] = "group" if message.sender_chat.id == message.chat.id else "channel"
        replied = message.reply_to_message
        if replied and message.is_topic_message and replied.message_id == message.message_thread_id:
            # Of what answers nothing in a topic, Telegram says that it answers the topic's beginning.
            replied = None
        reply_to = message_id(message.chat.id, replied.message_id) if replied else ""
        name = name_of(sender) if isinstance(sender, User) else title_of(sender)
        return records.Message(
            self._name, self.key(message.chat.id), id_, str(sender.id), text_of(message), self._time(time_), kind,
            name, title_of(message.chat), reply_to, mentions_of(message), as_extra(extra),
        )  # fmt: skip

    def _told(self, message: Message) -> list[Read]:
        """Who came and who left, by a message of the group's."""
        read = []
        for user in message.new_chat_members:
            if user.id != self.bot and not self._is_second(message.chat, user, "join", "message", message.date):
                id_ = f"{message_id(message.chat.id, message.message_id)}:{user.id}"
                inviter = message.sender
                brought = inviter.id if inviter and inviter.id != user.id and not inviter.is_bot else ""
                read.append(self._made(message.chat, id_, user, "join", message.date, inviter=str(brought)))
        user_ = message.left_chat_member
        if user_ and user_.id != self.bot and not self._is_second(
            message.chat, user_, "leave", "message", message.date
        ):  # fmt: skip
            id_ = f"{message_id(message.chat.id, message.message_id)}:{user_.id}"
            by = message.sender.id if message.sender and message.sender.id != user_.id else 0
            extra = {"by": str(by), "how": "kick"} if by else {}
            read.append(self._made(message.chat, id_, user_, "leave", message.date, extra=as_extra(dict(extra))))
        return read

    def _change(self, update: Update, problems: list[str]) -> list[Read]:
        """Who came and who left, as a bot that is an administrator is told."""
        change = msgspec.json.decode(update.chat_member, type=Change)
        before, after = change.old_chat_member, change.new_chat_member
        user = after.user
        if before.within == after.within or user.id == self.bot or not self._ours(change.chat, problems):
            return []
        kind = "join" if after.within else "leave"
        if self._is_second(change.chat, user, kind, "update", change.date):
            return []
        id_ = change_id(change.date, update.update_id)
        if kind == "join":
            return [self._made(change.chat, id_, user, kind, change.date, inviter=self._inviter(change))]
        extra: dict[str, object] = {}
        if change.by.id != user.id:
            extra = {"by": str(change.by.id), "how": "ban" if after.status == "kicked" else "kick"}
        return [self._made(change.chat, id_, user, kind, change.date, extra=as_extra(extra))]

    def _inviter(self, change: Change) -> str:
        """Who brought somebody: who added them, or made the link they came by. Who asked and was let in was brought by
        nobody, nor was who came by the group's own link."""
        user, link = change.new_chat_member.user, change.invite_link
        who = None
        if link and not link.is_primary and not change.via_join_request:
            who = link.creator
        elif not link and not change.via_join_request:
            who = change.by
        return str(who.id) if who and who.id not in (user.id, self.bot) and not who.is_bot else ""

    def _own(self, change: Change, problems: list[str]) -> list[Read]:
        """What became of the bot itself."""
        chat = change.chat
        before, after = change.old_chat_member, change.new_chat_member
        if chat.type not in GROUPS:
            return []
        who = name_of(change.by) or str(change.by.id)
        key = self.key(chat.id)
        if not after.within and self.known.get(key, (chat.id, ""))[0] != chat.id:
            # A basic group that became a supergroup is left behind by everybody.
            return []
        if not after.within:
            self.known.pop(key, None)
            if before.within:
                problems.append(
                    f"{self.group(chat)}: {who} has removed the bot from the group; nothing there can be seen or done"
                    " until it is added again"
                )
        elif self._ours(chat, problems):
            if not before.within:
                problems.append(f"{self.group(chat)}: came in, added by {who}")
            if not after.is_administrator:
                problems.append(
                    f"{self.group(chat)}: the bot is no administrator: it can delete and forbid nothing there, and may"
                    " not see every message; make it one"
                )
        return []

    def _ours(self, chat: Chat, problems: list[str]) -> bool:
        """Whether a chat is a group that Vigil looks after."""
        if chat.type not in GROUPS:
            return False
        key = self.key(chat.id)
        if self._groups and not self._groups & {key, str(chat.id)}:
            if chat.id not in self._strange:
                self._strange.add(chat.id)
                problems.append(
                    f"{self.group(chat)}: is not among `groups` in vigil.toml: what is written there is not read; to"
                    f' change that, add "{chat.id}"'
                )
            return False
        self.known[key] = (chat.id, title_of(chat))
        return True

    def _is_second(self, chat: Chat, user: User, kind: str, by: str, date: int) -> bool:
        return self.pairs.is_second(Told(self.key(chat.id), str(user.id), kind, by, date))

    def _made(
        self, chat: Chat, id_: str, user: User, kind: str, date: int, text: str = "", extra: str = "", inviter: str = ""
    ) -> Read:
        text = text.replace("\x00", "\ufffd")
        return Read(
            records.Message(
                self._name, self.key(chat.id), id_, str(user.id), text, self._time(date), kind, name_of(user),
                title_of(chat), extra=extra, inviter=inviter,
            )
        )  # fmt: skip

    def _time(self, seconds: int) -> float | None:
        return float(seconds) if 0 < seconds < self._clock() + FUTURE_SECONDS else None

    def _part(self, raw: msgspec.Raw) -> Part | None:
        try:
            message = msgspec.json.decode(raw, type=Update).message
            return msgspec.json.decode(message, type=Part) if len(bytes(message)) else None
        except BAD_UPDATE:
            return None

    def _album(self, raw: msgspec.Raw) -> Album | None:
        part = self._part(raw)
        return (part.chat.id, part.media_group_id) if part and part.media_group_id else None

    def _migrated(self, part: Part) -> None:
        if part.migrate_to_chat_id:
            self.move(part.chat.id, part.migrate_to_chat_id)
        if part.migrate_from_chat_id:
            self.move(part.migrate_from_chat_id, part.chat.id)
