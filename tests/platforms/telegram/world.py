"""A make-believe Telegram: its chats, what people do there, and how a bot is told of it, by the documentation. What
happens is given as entries, one after the other; the same entries make the same world."""

from __future__ import annotations

from typing import Any

BOT = 424_242
BOT_NAME = "vigil_test_bot"
RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members", "can_promote_members",
    "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
    "can_pin_messages", "can_send_welcome_messages",
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

    def happen(self, entry: Entry) -> Any:
        """Let something happen; returns what comes of it."""
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
            "channels": [], "moved": 0, "linked": 0,
        }  # fmt: skip
        self.set_member(chat, owner, {"status": "creator", "is_anonymous": False})
        if bot:
            self.do_add_bot(chat, owner, bot)
        return chat

    def do_add_bot(self, chat: int, by: int, status: str = "administrator", **rights: bool) -> None:
        old = self.member(chat, BOT)
        self.set_member(chat, BOT, self.administrator(rights) if status == "administrator" else {"status": status})
        self.changed(chat, by, BOT, old, "my_chat_member")

    def do_join(self, chat: int, user: int, by: int = 0, link: int = 0, via_request: bool = False) -> None:
        old = self.member(chat, user)
        self.set_member(chat, user, {"status": "member"})
        more: Entry = {"via_join_request": True} if via_request else {}
        if link:
            more["invite_link"] = self.link(link)
        self.changed(chat, by or user, user, old, **more)
        self.message(chat, by or user, new_chat_members=[self.user(user)])

    def do_leave(self, chat: int, user: int, by: int = 0, status: str = "left") -> None:
        old = self.member(chat, user)
        self.set_member(chat, user, {"status": status, **({"until_date": 0} if status == "kicked" else {})})
        self.changed(chat, by or user, user, old)
        self.message(chat, by or user, left_chat_member=self.user(user))

    def do_say(self, chat: int, user: int, **fields: Any) -> int:
        return int(self.message(chat, user, **fields)["message_id"])

    def do_edit(self, chat: int, message: int, **fields: Any) -> None:
        old = self.chats[chat]["messages"][message]
        new = {**old, **fields, "edit_date": int(self.now)}
        self.chats[chat]["messages"][message] = new
        self.tell("edited_message", new)

    def do_request(self, chat: int, user: int, bio: str = "") -> None:
        self.chats[chat]["requests"][user] = int(self.now)
        request = {"chat": self.chat(chat), "from": self.user(user), "user_chat_id": user, "date": int(self.now)}
        owner = next(iter(self.chats[chat]["members"]))
        more = {"bio": bio} if bio else {}
        self.tell("chat_join_request", {**request, **more, "invite_link": self.link(owner)})

    def do_withdraw(self, chat: int, user: int) -> None:
        del self.chats[chat]["requests"][user]

    def do_migrate(self, chat: int) -> int:
        old = self.chats[chat]
        new = -1_000_000_000_000 - len(self.chats) - 1
        self.chats[new] = {**old, "id": new, "type": "supergroup", "messages": {}, "next": 1}
        owner = next(iter(old["members"]))
        self.message(chat, owner, migrate_to_chat_id=new)
        old["moved"] = new
        self.message(new, owner, migrate_from_chat_id=chat)
        return new

    def do_start(self, user: int) -> None:
        self.started.add(user)
        chat = {"id": user, "type": "private", "first_name": self.users[user]["first_name"]}
        entity = {"type": "bot_command", "offset": 0, "length": 6}
        self.private += 1
        self.tell(
            "message",
            {"message_id": self.private, "date": int(self.now), "chat": chat, "from": self.user(user),
             "text": "/start", "entities": [entity]},
        )  # fmt: skip

    def do_age(self, chat: int, message: int, seconds: int) -> None:
        self.chats[chat]["messages"][message]["date"] -= seconds

    def do_link(self, chat: int, channel: int) -> None:
        """A channel's posts come into the group, too."""
        self.chats[chat]["linked"] = channel

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

    # How things are told.

    def is_super(self, chat: int) -> bool:
        return bool(self.chats[chat]["type"] == "supergroup")

    def user(self, user: int) -> Entry:
        if user == BOT:
            return {"id": BOT, "is_bot": True, "first_name": "Vigil", "username": BOT_NAME}
        return self.users[user]

    def chat(self, chat: int) -> Entry:
        found = self.chats[chat]
        return {"id": chat, "type": found["type"], "title": found["title"]}

    def set_member(self, chat: int, user: int, member: Entry) -> None:
        self.chats[chat]["members"][user] = member

    def member(self, chat: int, user: int) -> Entry:
        found = self.chats[chat]["members"].get(user, {"status": "left"})
        if found.get("until_date") and self.now >= found["until_date"]:
            found = {"status": "member" if found.get("is_member") else "left"}
        return {"user": self.user(user), **found}

    @staticmethod
    def administrator(rights: Entry) -> Entry:
        given = dict.fromkeys(RIGHTS, True) | rights
        return {"status": "administrator", "can_be_edited": False, "is_anonymous": False, **given}

    def link(self, creator: int) -> Entry:
        return {
            "invite_link": "https://t.me/+example", "creator": self.user(creator), "creates_join_request": False,
            "is_primary": False, "is_revoked": False,
        }  # fmt: skip

    def message(self, chat: int, user: int, *, tell: bool = True, **fields: Any) -> Entry:
        room = self.chats[chat]
        number = room["next"]
        room["next"] += 1
        message = {
            "message_id": number, "date": int(self.now), "chat": self.chat(chat), "from": self.user(user), **fields,
        }  # fmt: skip
        room["messages"][number] = message
        if tell:
            self.tell("message", message)
        return message

    def changed(self, chat: int, by: int, user: int, old: Entry, kind: str = "chat_member", **more: Any) -> None:
        if kind == "chat_member" and self.member(chat, BOT)["status"] != "administrator":
            return
        self.tell(
            kind,
            {"chat": self.chat(chat), "from": self.user(by), "date": int(self.now), "old_chat_member": old,
             "new_chat_member": self.member(chat, user), **more},
        )  # fmt: skip

    def tell(self, kind: str, what: Entry) -> None:
        if kind in self.allowed:
            self.updates.append({"update_id": self.next_update, kind: what})
            self.next_update += 1
