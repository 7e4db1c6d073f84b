"""A make-believe Telegram: chats, people and one bot, by the Bot API's documentation. What happens to it is given as
entries, one after the other; the same entries make the same world."""

from __future__ import annotations

from typing import Any

BOT = 424_242
BOT_NAME = "vigil_test_bot"
KEPT_SECONDS = 2 * 86_400
RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members", "can_promote_members",
    "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
    "can_pin_messages", "can_send_welcome_messages",
)  # fmt: skip
PERMISSIONS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews", "can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics",
    "can_react_to_messages", "can_edit_tag",
)  # fmt: skip
BY_DEFAULT = frozenset(["message", "edited_message", "my_chat_member", "chat_join_request"])
"""Updates of members come only to who asks for them."""

Entry = dict[str, Any]


class No(Exception):
    """A refusal: code, description, parameters."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        names = {400: "Bad Request", 403: "Forbidden", 409: "Conflict", 429: "Too Many Requests"}
        super().__init__(f"{names[code]}: {description}")
        self.code = code
        self.parameters = parameters


class World:
    """All there is. `effects` are the changes the bot has made, each a method with chat and what it was done to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.users: dict[int, Entry] = {}
        self.chats: dict[int, Entry] = {}
        self.updates: list[Entry] = []
        self.next_update = 700_000_001
        self.effects: list[list[Any]] = []
        self.started: set[int] = set()
        self.private = 0
        self.allowed = set(BY_DEFAULT)
        self.privacy = False

    def apply(self, entry: Entry) -> Any:
        """Let something happen; returns what comes of it. Raises No."""
        self.now = entry["at"]
        if entry["do"] == "bot":
            return getattr(self, f"bot_{entry['method']}")(entry["values"])
        return getattr(self, f"do_{entry['do']}")(**entry["values"])

    # What people do.

    def do_person(self, name: str) -> int:
        number = 5_000 + len(self.users)
        self.users[number] = {"id": number, "is_bot": False, "first_name": name, "username": name.lower()}
        return number

    def do_group(self, owner: int, title: str, kind: str = "supergroup", bot: str = "administrator") -> int:
        number = len(self.chats) + 1
        chat = -1_000_000_000_000 - number if kind == "supergroup" else -4_000 - number
        self.chats[chat] = {
            "id": chat, "type": kind, "title": title, "members": {}, "messages": {}, "next": 1, "requests": {},
            "channels": [], "moved": 0,
        }  # fmt: skip
        self._set(chat, owner, {"status": "creator", "is_anonymous": False})
        if bot:
            self.do_add_bot(chat, owner, bot)
        return chat

    def do_add_bot(self, chat: int, by: int, status: str = "administrator", **rights: bool) -> None:
        old = self._member(chat, BOT)
        self._set(chat, BOT, self._administrator(rights) if status == "administrator" else {"status": status})
        self._changed(chat, by, BOT, old, "my_chat_member")

    def do_join(self, chat: int, user: int, by: int = 0, link: int = 0, via_request: bool = False) -> None:
        old = self._member(chat, user)
        self._set(chat, user, {"status": "member"})
        more: Entry = {"via_join_request": True} if via_request else {}
        if link:
            more["invite_link"] = self._link(link)
        self._changed(chat, by or user, user, old, **more)
        self._message(chat, by or user, new_chat_members=[self._user(user)])

    def do_leave(self, chat: int, user: int, by: int = 0, status: str = "left") -> None:
        old = self._member(chat, user)
        self._set(chat, user, {"status": status, **({"until_date": 0} if status == "kicked" else {})})
        self._changed(chat, by or user, user, old)
        self._message(chat, by or user, left_chat_member=self._user(user))

    def do_say(self, chat: int, user: int, **fields: Any) -> int:
        return int(self._message(chat, user, **fields)["message_id"])

    def do_edit(self, chat: int, message: int, **fields: Any) -> None:
        old = self.chats[chat]["messages"][message]
        new = {**old, **fields, "edit_date": int(self.now)}
        self.chats[chat]["messages"][message] = new
        self._tell("edited_message", new)

    def do_request(self, chat: int, user: int, bio: str = "") -> None:
        self.chats[chat]["requests"][user] = int(self.now)
        request = {"chat": self._chat(chat), "from": self._user(user), "user_chat_id": user, "date": int(self.now)}
        owner = next(iter(self.chats[chat]["members"]))
        more = {"bio": bio} if bio else {}
        self._tell("chat_join_request", {**request, **more, "invite_link": self._link(owner)})

    def do_withdraw(self, chat: int, user: int) -> None:
        del self.chats[chat]["requests"][user]

    def do_migrate(self, chat: int) -> int:
        old = self.chats[chat]
        new = -1_000_000_000_000 - len(self.chats) - 1
        self.chats[new] = {**old, "id": new, "type": "supergroup", "messages": {}, "next": 1}
        owner = next(iter(old["members"]))
        self._message(chat, owner, migrate_to_chat_id=new)
        old["moved"] = new
        self._message(new, owner, migrate_from_chat_id=chat)
        return new

    def do_start(self, user: int) -> None:
        self.started.add(user)
        chat = {"id": user, "type": "private", "first_name": self.users[user]["first_name"]}
        entity = {"type": "bot_command", "offset": 0, "length": 6}
        self.private += 1
        self._tell(
            "message",
            {"message_id": self.private, "date": int(self.now), "chat": chat, "from": self._user(user),
             "text": "/start", "entities": [entity]},
        )  # fmt: skip

    def do_age(self, chat: int, message: int, seconds: int) -> None:
        self.chats[chat]["messages"][message]["date"] -= seconds

    def do_privacy(self, on: bool) -> None:
        self.privacy = on

    def do_strange(self, update: Entry) -> None:
        """An update as it should not be."""
        self.updates.append({"update_id": self.next_update, **update})
        self.next_update += 1

    def do_confirm(self, offset: int) -> None:
        self.updates = [update for update in self.updates if update["update_id"] >= offset]

    def do_allow(self, kinds: list[str]) -> None:
        self.allowed = set(kinds)

    # What the bot does.

    def bot_getMe(self, values: Entry) -> Entry:
        return {
            **self._user(BOT), "can_join_groups": True, "can_read_all_group_messages": not self.privacy,
            "supports_inline_queries": False,
        }  # fmt: skip

    def bot_getWebhookInfo(self, values: Entry) -> Entry:
        return {"url": "", "has_custom_certificate": False, "pending_update_count": len(self.updates)}

    def bot_getChat(self, values: Entry) -> Entry:
        chat = self._group(values)
        gifts = dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), True
        )
        return {
            **self._chat(chat), "accent_color_id": 1, "max_reaction_count": 11, "accepted_gift_types": gifts,
            "permissions": dict.fromkeys(PERMISSIONS, True),
        }  # fmt: skip

    def bot_getChatMember(self, values: Entry) -> Entry:
        chat, user = self._group(values), int(values["user_id"])
        if user != BOT and user not in self.users:
            raise No(400, "PARTICIPANT_ID_INVALID")
        return self._member(chat, user)

    def bot_sendMessage(self, values: Entry) -> Entry:
        chat, text = int(values["chat_id"]), str(values.get("text", ""))
        if not text:
            raise No(400, "message text is empty")
        if len(text.encode("utf-16-le")) > 2 * 4096:
            raise No(400, "message is too long")
        for entity in values.get("entities") or []:
            end = entity["offset"] + entity["length"]
            if end > len(text.encode("utf-16-le")) // 2:
                raise No(400, "entity ends after the end of the text")
        if chat > 0:
            return self._private(chat, text)
        chat = self._group(values)
        if self._member(chat, BOT)["status"] in ("left", "kicked"):
            raise No(403, "bot was kicked from the supergroup chat")
        known = {"entities": values["entities"]} if values.get("entities") else {}
        sent = self._message(chat, BOT, tell=False, text=text, **known)
        self.effects.append(["sendMessage", chat, text])
        return sent

    def _private(self, user: int, text: str) -> Entry:
        if user not in self.users:
            raise No(400, "chat not found")
        if user not in self.started:
            raise No(403, "bot can't initiate conversation with a user")
        self.private += 1
        self.effects.append(["sendMessage", user, text])
        chat = {"id": user, "type": "private", "first_name": self.users[user]["first_name"]}
        return {
            "message_id": self.private, "date": int(self.now), "chat": chat, "from": self._user(BOT), "text": text,
        }  # fmt: skip

    def bot_deleteMessage(self, values: Entry) -> bool:
        chat, number = self._group(values), int(values["message_id"])
        if number not in self.chats[chat]["messages"]:
            raise No(400, "message to delete not found")
        self._deletable(chat, number)
        self._delete(chat, number)
        return True

    def bot_deleteMessages(self, values: Entry) -> bool:
        chat, wanted = self._group(values), [int(number) for number in values["message_ids"]]
        if not 1 <= len(wanted) <= 100:
            raise No(400, "too many message identifiers specified")
        there = [number for number in wanted if number in self.chats[chat]["messages"]]
        for number in there:
            self._deletable(chat, number)
        for number in there:
            self._delete(chat, number)
        return True

    def _deletable(self, chat: int, number: int) -> None:
        message = self.chats[chat]["messages"][number]
        right = self._member(chat, BOT).get("can_delete_messages")
        if not right or self.now >= message["date"] + KEPT_SECONDS:
            raise No(400, "message can't be deleted")

    def _delete(self, chat: int, number: int) -> None:
        del self.chats[chat]["messages"][number]
        self.effects.append(["deleteMessage", chat, number])

    def bot_banChatMember(self, values: Entry) -> bool:
        chat, user = self._restrictable(values)
        old = self._member(chat, user)
        until = int(values.get("until_date") or 0)
        until = until if 30 <= until - self.now <= 366 * 86_400 else 0
        if old["status"] != "kicked" or old["until_date"] != until:
            banned = {"status": "kicked", "until_date": until}
            self._set(chat, user, banned if self._is_super(chat) else {"status": "left"})
            self.effects.append(["banChatMember", chat, user, until])
            self._changed(chat, BOT, user, old)
        return True

    def bot_unbanChatMember(self, values: Entry) -> bool:
        chat, user = self._restrictable(values)
        if not self._is_super(chat):
            raise No(400, "method is available for supergroup and channel chats only")
        old = self._member(chat, user)
        if old["status"] == "kicked" or not values.get("only_if_banned"):
            self._set(chat, user, {"status": "left"})
            self.effects.append(["unbanChatMember", chat, user])
            self._changed(chat, BOT, user, old)
        return True

    def bot_restrictChatMember(self, values: Entry) -> bool:
        chat, user = self._restrictable(values)
        if not self._is_super(chat):
            raise No(400, "method is available only for supergroups")
        old = self._member(chat, user)
        allowed = values["permissions"]
        until = int(values.get("until_date") or 0)
        until = until if 30 <= until - self.now <= 366 * 86_400 else 0
        within = old["status"] in ("member", "restricted") and old.get("is_member", True)
        if all(allowed.get(name) for name in PERMISSIONS[:10]):
            new: Entry = {"status": "member" if within else "left"}
        else:
            rights = {name: bool(allowed.get(name)) for name in PERMISSIONS}
            new = {"status": "restricted", "is_member": within, "until_date": until, **rights}
        self._set(chat, user, new)
        self.effects.append(["restrictChatMember", chat, user, new["status"], until])
        self._changed(chat, BOT, user, old)
        return True

    def bot_banChatSenderChat(self, values: Entry) -> bool:
        chat = self._group(values)
        self._right(chat, "can_restrict_members")
        self.chats[chat]["channels"].append(int(values["sender_chat_id"]))
        self.effects.append(["banChatSenderChat", chat, int(values["sender_chat_id"])])
        return True

    def bot_unbanChatSenderChat(self, values: Entry) -> bool:
        chat = self._group(values)
        self._right(chat, "can_restrict_members")
        self.chats[chat]["channels"].remove(int(values["sender_chat_id"]))
        self.effects.append(["unbanChatSenderChat", chat, int(values["sender_chat_id"])])
        return True

    def bot_approveChatJoinRequest(self, values: Entry) -> bool:
        chat, user = self._asked(values)
        self.effects.append(["approveChatJoinRequest", chat, user])
        self.do_join(chat, user, by=BOT, via_request=True)
        return True

    def bot_declineChatJoinRequest(self, values: Entry) -> bool:
        chat, user = self._asked(values)
        self.effects.append(["declineChatJoinRequest", chat, user])
        return True

    def _asked(self, values: Entry) -> tuple[int, int]:
        chat, user = self._group(values), int(values["user_id"])
        self._right(chat, "can_invite_users")
        if self._member(chat, user)["status"] == "member":
            raise No(400, "USER_ALREADY_PARTICIPANT")
        if self.chats[chat]["requests"].pop(user, None) is None:
            raise No(400, "HIDE_REQUESTER_MISSING")
        return chat, user

    # How things are told.

    def _restrictable(self, values: Entry) -> tuple[int, int]:
        chat, user = self._group(values), int(values["user_id"])
        self._right(chat, "can_restrict_members")
        if user not in self.users:
            raise No(400, "PARTICIPANT_ID_INVALID")
        status = self._member(chat, user)["status"]
        if status == "creator":
            raise No(400, "can't remove chat owner")
        if status == "administrator":
            raise No(400, "user is an administrator of the chat")
        return chat, user

    def _right(self, chat: int, right: str) -> None:
        own = self._member(chat, BOT)
        if own["status"] in ("left", "kicked"):
            raise No(403, "bot is not a member of the supergroup chat")
        if not own.get(right):
            raise No(400, "not enough rights to restrict/unrestrict chat member")

    def _group(self, values: Entry) -> int:
        """The chat that a method names."""
        chat = int(values["chat_id"])
        if chat not in self.chats:
            raise No(400, "chat not found")
        moved = self.chats[chat]["moved"]
        if moved and not self._is_super(chat):
            raise No(400, "group chat was upgraded to a supergroup chat", migrate_to_chat_id=moved)
        return chat

    def _is_super(self, chat: int) -> bool:
        return bool(self.chats[chat]["type"] == "supergroup")

    def _user(self, user: int) -> Entry:
        if user == BOT:
            return {"id": BOT, "is_bot": True, "first_name": "Vigil", "username": BOT_NAME}
        return self.users[user]

    def _chat(self, chat: int) -> Entry:
        found = self.chats[chat]
        return {"id": chat, "type": found["type"], "title": found["title"]}

    def _set(self, chat: int, user: int, member: Entry) -> None:
        self.chats[chat]["members"][user] = member

    def _member(self, chat: int, user: int) -> Entry:
        found = self.chats[chat]["members"].get(user, {"status": "left"})
        if found.get("until_date") and self.now >= found["until_date"]:
            found = {"status": "member" if found.get("is_member") else "left"}
        return {"user": self._user(user), **found}

    @staticmethod
    def _administrator(rights: Entry) -> Entry:
        given = dict.fromkeys(RIGHTS, True) | rights
        return {"status": "administrator", "can_be_edited": False, "is_anonymous": False, **given}

    def _link(self, creator: int) -> Entry:
        return {
            "invite_link": "https://t.me/+example", "creator": self._user(creator), "creates_join_request": False,
            "is_primary": False, "is_revoked": False,
        }  # fmt: skip

    def _message(self, chat: int, user: int, *, tell: bool = True, **fields: Any) -> Entry:
        room = self.chats[chat]
        number = room["next"]
        room["next"] += 1
        message = {
            "message_id": number, "date": int(self.now), "chat": self._chat(chat), "from": self._user(user), **fields,
        }  # fmt: skip
        room["messages"][number] = message
        if tell:
            self._tell("message", message)
        return message

    def _changed(self, chat: int, by: int, user: int, old: Entry, kind: str = "chat_member", **more: Any) -> None:
        if kind == "chat_member" and self._member(chat, BOT)["status"] != "administrator":
            return
        self._tell(
            kind,
            {"chat": self._chat(chat), "from": self._user(by), "date": int(self.now), "old_chat_member": old,
             "new_chat_member": self._member(chat, user), **more},
        )  # fmt: skip

    def _tell(self, kind: str, what: Entry) -> None:
        if kind in self.allowed:
            self.updates.append({"update_id": self.next_update, kind: what})
            self.next_update += 1
