"""What a Telegram message says, in words: its kind, its text, and whom it mentions."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator

import msgspec

from console.platforms.telegram_rich import lines_of, links_of, mentioned_in
from console.platforms.telegram_shapes import Button, Chat, Entity, Message, Origin, User

LONGEST_TEXT = 4096
"""UTF-16 units of a text that can be sent."""

_KINDS = {
    "photo": "image", "live_photo": "image", "paid_media": "image", "animation": "video", "video": "video",
    "video_note": "video", "voice": "voice", "audio": "voice", "document": "file", "sticker": "sticker",
    "venue": "location", "location": "location", "contact": "contact", "poll": "poll", "checklist": "checklist",
    "dice": "dice", "game": "game", "story": "story", "invoice": "invoice", "giveaway": "giveaway",
    "rich_message": "text", "text": "text",
}  # fmt: skip
"""By the key that a message of the kind has, the first that it has of these."""

_SERVICE = (
    "new_chat_", "left_chat_", "delete_chat_", "group_chat_", "supergroup_chat_", "channel_chat_", "message_auto_",
    "migrate_", "pinned_", "successful_", "refunded_", "users_shared", "chat_shared", "connected_", "write_access_",
    "passport_", "proximity_", "boost_added", "chat_background_", "checklist_tasks_", "direct_message_", "forum_topic_",
    "general_forum_", "giveaway_created", "giveaway_completed", "giveaway_winners", "video_chat_", "web_app_", "gift",
    "unique_gift", "paid_message_", "suggested_post_", "chat_owner_", "poll_option_", "managed_bot_",
    "community_chat_",
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
    whole = "\n".join(filter(None, (message.text or message.caption, *_besides(message))))
    seen = {"", *whole.split()}
    hidden = (link for link in dict.fromkeys(_links(message)) if link not in seen)
    return sound(" ".join([*filter(None, [whole]), *hidden]))


def mentions_of(message: Message) -> tuple[str, ...]:
    """Whom a message mentions: ids, or "@name" where it does not tell the id."""
    text = message.text or message.caption
    found = [_mentioned(entity, text) for entity in message.entities or message.caption_entities]
    if message.rich_message:
        found += mentioned_in(message.rich_message.blocks)
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
    # What cannot be seen, or turns round the text after it, is left out.
    visible = "".join(sign for sign in " ".join(name.split()) if unicodedata.category(sign)[0] != "C")
    shown = one_line(visible, 60) or member
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
        poll = message.poll
        yield from (poll.question, *(option.text for option in poll.options), poll.explanation, poll.description)
    if message.checklist:
        yield from (message.checklist.title, *(task.text for task in message.checklist.tasks))
    if message.document:
        yield message.document.file_name
    if message.audio:
        yield from (message.audio.performer, message.audio.title, message.audio.file_name)
    if message.rich_message:
        yield from lines_of(message.rich_message.blocks)
    for titled in filter(None, (message.venue, message.game, message.invoice)):
        yield from (titled.title, titled.address, titled.description)
    if message.external_reply is not None and message.quote:
        yield message.quote.text
    for button in _buttons(message):
        yield button.text
        if button.copy_text:
            yield button.copy_text.text


def _links(message: Message) -> Iterator[str]:
    """The addresses that lie behind something."""
    entities = [*(message.entities or message.caption_entities)]
    if message.external_reply is not None and message.quote:
        entities += message.quote.entities
    if message.poll:
        entities += message.poll.explanation_entities + message.poll.description_entities
    yield from (entity.url for entity in entities if entity.type == "text_link")
    if message.link_preview_options and not message.link_preview_options.is_disabled:
        yield message.link_preview_options.url
    if message.rich_message:
        yield from links_of(message.rich_message.blocks)
    for button in _buttons(message):
        yield from (button.url, *(one.url for one in (button.login_url, button.web_app) if one))


def _buttons(message: Message) -> Iterator[Button]:
    if message.reply_markup:
        for row in message.reply_markup.inline_keyboard:
            yield from row


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
