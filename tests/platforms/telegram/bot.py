"""What the bot of a make-believe Telegram does there, by the Bot API's documentation: a method for each of its methods,
which is given the values of a request and returns the result."""

from __future__ import annotations

from typing import Any

from tests.platforms.telegram.world import BOT, Entry, No, World

KEPT_SECONDS = 2 * 86_400
"""For so long a bot may delete a message."""
PERMISSIONS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews", "can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics",
    "can_react_to_messages", "can_edit_tag",
)  # fmt: skip


class Bot:
    """The bot in `world`. Its methods raise No."""

    def __init__(self, world: World) -> None:
        self._world = world

    def does(self, method: str, values: Entry) -> Any:
        """The result of a method."""
        return getattr(self, method)(values)

    def knows(self, method: str) -> bool:
        return not method.startswith("_") and method not in ("does", "knows") and hasattr(self, method)

    def getMe(self, values: Entry) -> Entry:
        return {
            **self._world.user(BOT), "can_join_groups": True, "can_read_all_group_messages": not self._world.privacy,
            "supports_inline_queries": False,
        }  # fmt: skip

    def getWebhookInfo(self, values: Entry) -> Entry:
        return {"url": "", "has_custom_certificate": False, "pending_update_count": len(self._world.updates)}

    def getChat(self, values: Entry) -> Entry:
        chat = self._group(values)
        gifts = dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), True
        )
        linked = self._world.chats[chat]["linked"]
        return {
            **self._world.chat(chat), "accent_color_id": 1, "max_reaction_count": 11, "accepted_gift_types": gifts,
            "permissions": dict.fromkeys(PERMISSIONS, True), **({"linked_chat_id": linked} if linked else {}),
        }  # fmt: skip

    def getChatMember(self, values: Entry) -> Entry:
        chat, user = self._group(values), int(values["user_id"])
        if user != BOT and user not in self._world.users:
            raise No(400, "PARTICIPANT_ID_INVALID")
        return self._world.member(chat, user)

    def sendMessage(self, values: Entry) -> Entry:
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
        if self._world.member(chat, BOT)["status"] in ("left", "kicked"):
            raise No(403, "bot was kicked from the supergroup chat")
        known = {"entities": values["entities"]} if values.get("entities") else {}
        sent = self._world.message(chat, BOT, tell=False, text=text, **known)
        self._world.effects.append(["sendMessage", chat, text])
        return sent

    def _private(self, user: int, text: str) -> Entry:
        if user not in self._world.users:
            raise No(400, "chat not found")
        if user not in self._world.started:
            raise No(403, "bot can't initiate conversation with a user")
        self._world.private += 1
        self._world.effects.append(["sendMessage", user, text])
        chat = {"id": user, "type": "private", "first_name": self._world.users[user]["first_name"]}
        return {
            "message_id": self._world.private, "date": int(self._world.now), "chat": chat,
            "from": self._world.user(BOT), "text": text,
        }  # fmt: skip

    def deleteMessage(self, values: Entry) -> bool:
        chat, number = self._group(values), int(values["message_id"])
        if number not in self._world.chats[chat]["messages"]:
            raise No(400, "message to delete not found")
        self._deletable(chat, number)
        self._delete(chat, number)
        return True

    def deleteMessages(self, values: Entry) -> bool:
        chat, wanted = self._group(values), [int(number) for number in values["message_ids"]]
        if not 1 <= len(wanted) <= 100:
            raise No(400, "too many message identifiers specified")
        there = [number for number in wanted if number in self._world.chats[chat]["messages"]]
        for number in there:
            self._deletable(chat, number)
        for number in there:
            self._delete(chat, number)
        return True

    def _deletable(self, chat: int, number: int) -> None:
        message = self._world.chats[chat]["messages"][number]
        right = self._world.member(chat, BOT).get("can_delete_messages")
        if not right or self._world.now >= message["date"] + KEPT_SECONDS:
            raise No(400, "message can't be deleted")

    def _delete(self, chat: int, number: int) -> None:
        del self._world.chats[chat]["messages"][number]
        self._world.effects.append(["deleteMessage", chat, number])

    def banChatMember(self, values: Entry) -> bool:
        chat, user = self._restrictable(values)
        old = self._world.member(chat, user)
        until = int(values.get("until_date") or 0)
        until = until if 30 <= until - self._world.now <= 366 * 86_400 else 0
        if old["status"] != "kicked" or old["until_date"] != until:
            banned = {"status": "kicked", "until_date": until}
            self._world.set_member(chat, user, banned if self._world.is_super(chat) else {"status": "left"})
            self._world.effects.append(["banChatMember", chat, user, until])
            self._world.changed(chat, BOT, user, old)
        return True

    def unbanChatMember(self, values: Entry) -> bool:
        chat, user = self._restrictable(values)
        if not self._world.is_super(chat):
            raise No(400, "method is available for supergroup and channel chats only")
        old = self._world.member(chat, user)
        if old["status"] == "kicked" or not values.get("only_if_banned"):
            self._world.set_member(chat, user, {"status": "left"})
            self._world.effects.append(["unbanChatMember", chat, user])
            self._world.changed(chat, BOT, user, old)
        return True

    def restrictChatMember(self, values: Entry) -> bool:
        chat, user = self._restrictable(values)
        if not self._world.is_super(chat):
            raise No(400, "method is available only for supergroups")
        old = self._world.member(chat, user)
        allowed = values["permissions"]
        until = int(values.get("until_date") or 0)
        until = until if 30 <= until - self._world.now <= 366 * 86_400 else 0
        within = old["status"] in ("member", "restricted") and old.get("is_member", True)
        if all(allowed.get(name) for name in PERMISSIONS):
            new: Entry = {"status": "member" if within else "left"}
        else:
            rights = {name: bool(allowed.get(name)) for name in PERMISSIONS}
            new = {"status": "restricted", "is_member": within, "until_date": until, **rights}
        self._world.set_member(chat, user, new)
        self._world.effects.append(["restrictChatMember", chat, user, new["status"], until])
        self._world.changed(chat, BOT, user, old)
        return True

    def banChatSenderChat(self, values: Entry) -> bool:
        chat = self._group(values)
        self._right(chat, "can_restrict_members")
        self._world.chats[chat]["channels"].append(int(values["sender_chat_id"]))
        self._world.effects.append(["banChatSenderChat", chat, int(values["sender_chat_id"])])
        return True

    def unbanChatSenderChat(self, values: Entry) -> bool:
        chat = self._group(values)
        self._right(chat, "can_restrict_members")
        self._world.chats[chat]["channels"].remove(int(values["sender_chat_id"]))
        self._world.effects.append(["unbanChatSenderChat", chat, int(values["sender_chat_id"])])
        return True

    def approveChatJoinRequest(self, values: Entry) -> bool:
        chat, user = self._asked(values)
        self._world.effects.append(["approveChatJoinRequest", chat, user])
        self._world.do_join(chat, user, by=BOT, via_request=True)
        return True

    def declineChatJoinRequest(self, values: Entry) -> bool:
        chat, user = self._asked(values)
        self._world.effects.append(["declineChatJoinRequest", chat, user])
        return True

    def _asked(self, values: Entry) -> tuple[int, int]:
        chat, user = self._group(values), int(values["user_id"])
        self._right(chat, "can_invite_users")
        if self._world.member(chat, user)["status"] == "member":
            raise No(400, "USER_ALREADY_PARTICIPANT")
        if self._world.chats[chat]["requests"].pop(user, None) is None:
            raise No(400, "HIDE_REQUESTER_MISSING")
        return chat, user

    def _restrictable(self, values: Entry) -> tuple[int, int]:
        chat, user = self._group(values), int(values["user_id"])
        self._right(chat, "can_restrict_members")
        if user not in self._world.users:
            raise No(400, "PARTICIPANT_ID_INVALID")
        status = self._world.member(chat, user)["status"]
        if status == "creator":
            raise No(400, "can't remove chat owner")
        if status == "administrator":
            raise No(400, "user is an administrator of the chat")
        return chat, user

    def _right(self, chat: int, right: str) -> None:
        own = self._world.member(chat, BOT)
        if own["status"] in ("left", "kicked"):
            raise No(403, "bot is not a member of the supergroup chat")
        if not own.get(right):
            raise No(400, "not enough rights to restrict/unrestrict chat member")

    def _group(self, values: Entry) -> int:
        """The chat that a method names."""
        chat = int(values["chat_id"])
        if chat not in self._world.chats:
            raise No(400, "chat not found")
        moved = self._world.chats[chat]["moved"]
        if moved and not self._world.is_super(chat):
            raise No(400, "group chat was upgraded to a supergroup chat", migrate_to_chat_id=moved)
        return chat
