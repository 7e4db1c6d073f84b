"""What a Telegram message says, in words: its kind, its text, and whom it mentions."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from console.platforms.telegram_shapes import Chat, Entity, Message, Origin, Quote, User

LONGEST_TEXT = 4096
"""UTF-16 units of a text that can be sent."""

_KINDS = {
    "photo": "image", "paid_media": "image", "animation": "video", "video": "video", "video_note": "video",
    "voice": "voice", "audio": "voice", "document": "file", "sticker": "sticker", "venue": "location",
    "location": "location", "contact": "contact", "poll": "poll", "checklist": "checklist", "dice": "dice",
    "game": "game", "story": "story", "invoice": "invoice", "giveaway": "giveaway", "text": "text",
}  # fmt: skip
"""By the key that a message of the kind has, the first that it has of these."""

_SERVICE = (
    "new_chat_", "left_chat_", "delete_chat_", "group_chat_", "supergroup_chat_", "channel_chat_", "message_auto_",
    "migrate_", "pinned_", "successful_", "refunded_", "users_shared", "chat_shared", "connected_", "write_access_",
    "passport_", "proximity_", "boost_added", "chat_background_", "checklist_tasks_", "direct_message_", "forum_topic_",
    "general_forum_", "giveaway_created", "giveaway_completed", "giveaway_winners", "video_chat_", "web_app_", "gift",
    "unique_gift", "paid_message_", "suggested_post_", "chat_owner_", "poll_option_",
)  # fmt: skip
"""How the keys begin by which a message tells of the group, and nobody has written anything."""


def kind_of(keys: Collection[str]) -> str:
    """The kind of a message with these keys: "" where nobody wrote it, "other" for one not known."""
    kind = next((kind for key, kind in _KINDS.items() if key in keys), "")
    if kind or not any(key.startswith(_SERVICE) for key in keys):
        return kind or "other"
    return ""


def text_of(message: Message) -> str:
    """All that can be read in a message, the addresses behind its links and buttons included. What it replies to is
    another member's, except where that was brought in from elsewhere."""
    body = message.text or message.caption
    parts = [body, *_besides(message)]
    entities = message.entities or message.caption_entities
    links = [entity.url for entity in entities if entity.type == "text_link"]
    if message.reply_markup:
        buttons = [button for row in message.reply_markup.inline_keyboard for button in row]
        parts += [button.text for button in buttons]
        links += [button.url for button in buttons]
    whole = "\n".join(filter(None, parts))
    return sound(" ".join(filter(None, [whole, *(link for link in dict.fromkeys(links) if link not in whole)])))


def mentions_of(message: Message) -> tuple[str, ...]:
    """Whom a message mentions: ids, or "@name" where it does not tell the id."""
    text = message.text or message.caption
    found = (_mentioned(entity, text) for entity in message.entities or message.caption_entities)
    return tuple(dict.fromkeys(filter(None, found)))


def name_of(user: User) -> str:
    """What a member is called, for people."""
    return one_line(f"{user.first_name} {user.last_name}") or one_line(user.username)


def title_of(chat: Chat) -> str:
    return one_line(chat.title)


def origin_of(origin: Origin) -> dict[str, str]:
    """Where a forwarded message comes from: kind, name, and id where it is told."""
    found: dict[str, str] = {"kind": one_line(origin.type), "name": one_line(origin.sender_user_name)}
    if origin.sender_user:
        found |= {"name": name_of(origin.sender_user), "id": str(origin.sender_user.id)}
    chat = origin.chat or origin.sender_chat
    if chat:
        found |= {"name": title_of(chat), "id": str(chat.id)}
    return found


def mention(member: str, name: str, text: str) -> dict[str, object]:
    """What to send so that a text mentions a member."""
    shown = one_line(name, 60) or member
    user = {"id": int(member), "is_bot": False, "first_name": shown}
    entity = {"type": "text_mention", "offset": 0, "length": units(shown), "user": user}
    return {"text": f"{shown}: {text}", "entities": [entity]}


def units(text: str) -> int:
    """The length of a text in UTF-16 units, in which Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def sound(text: str) -> str:
    """The text as any store can hold it."""
    return text.replace("\x00", "\ufffd")


def one_line(text: str, longest: int = 200) -> str:
    return sound(" ".join(text.split())[:longest])


def _besides(message: Message) -> Iterable[str]:
    """What a message says beside its text."""
    if message.contact:
        contact = message.contact
        yield " ".join(filter(None, (contact.first_name, contact.last_name, contact.phone_number)))
    if message.poll:
        yield from (message.poll.question, *(option.text for option in message.poll.options))
    if message.checklist:
        yield from (message.checklist.title, *(task.text for task in message.checklist.tasks))
    if message.document:
        yield message.document.file_name
    for titled in filter(None, (message.venue, message.game, message.invoice)):
        yield from (titled.title, titled.address, titled.description)
    if message.external_reply is not None and isinstance(message.quote, Quote):
        yield message.quote.text


def _mentioned(entity: Entity, text: str) -> str:
    if entity.type == "text_mention" and entity.user:
        return str(entity.user.id)
    if entity.type != "mention" or entity.offset < 0 or entity.length < 0:
        return ""
    encoded = text.encode("utf-16-le", "surrogatepass")
    return encoded[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le", "replace")[:100]


def as_extra(values: dict[str, object]) -> str:
    """What is known besides, as `Message.extra` holds it; "" for nothing."""
    return msgspec.json.encode(values).decode() if values else ""
