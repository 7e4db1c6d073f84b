"""The shapes of what the Bot API answers: only what is used, each part of the type the documentation gives it."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

Result = TypeVar("Result")

Number = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""An id. The documentation promises at most 52 bits."""
Time = Annotated[int, msgspec.Meta(ge=0, le=2**40)]
"""Epoch seconds."""

_NOTHING = msgspec.Raw(b"")


class Answered(msgspec.Struct, Generic[Result]):
    """What every answer that is no refusal is wrapped in."""

    ok: Literal[True]
    result: Result


class Parameters(msgspec.Struct):
    retry_after: float | None = None
    migrate_to_chat_id: Number | None = None


class ErrorBody(msgspec.Struct):
    error_code: int = 0
    description: str = ""
    parameters: Parameters = msgspec.field(default_factory=Parameters)


class User(msgspec.Struct):
    id: Number
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    can_read_all_group_messages: bool = True
    """Told of the bot itself only."""


class Chat(msgspec.Struct):
    id: Number
    type: str = ""
    title: str = ""
    linked_chat_id: Number = 0
    """The channel whose posts come into the group; told by getChat only."""


class Entity(msgspec.Struct):
    """A part of a text, in UTF-16 units."""

    type: str
    offset: Number
    length: Number
    url: str = ""
    user: User | None = None


class Origin(msgspec.Struct):
    """Where a forwarded message comes from, by one of these."""

    type: str
    sender_user: User | None = None
    sender_user_name: str = ""
    sender_chat: Chat | None = None
    chat: Chat | None = None


class Replied(msgspec.Struct):
    message_id: Number
    chat: Chat | None = None


class Quote(msgspec.Struct):
    text: str = ""
    entities: list[Entity] = []


class Contact(msgspec.Struct):
    phone_number: str = ""
    first_name: str = ""
    last_name: str = ""


class Titled(msgspec.Struct):
    """A place, a game, an invoice: what of them can be read."""

    title: str = ""
    address: str = ""
    description: str = ""


class Option(msgspec.Struct):
    text: str = ""


class Poll(msgspec.Struct):
    question: str = ""
    options: list[Option] = []
    explanation: str = ""
    explanation_entities: list[Entity] = []
    description: str = ""
    description_entities: list[Entity] = []


class Task(msgspec.Struct):
    text: str = ""


class Checklist(msgspec.Struct):
    title: str = ""
    tasks: list[Task] = []


class Document(msgspec.Struct):
    file_name: str = ""


class Audio(msgspec.Struct):
    performer: str = ""
    title: str = ""
    file_name: str = ""


class Preview(msgspec.Struct):
    """The page that is shown below a text, which need not be one that the text names."""

    url: str = ""
    is_disabled: bool = False


class Rich(msgspec.Struct):
    """Blocks of many kinds, one within the other; see `telegram_rich`."""

    blocks: Any = None


class Address(msgspec.Struct):
    url: str = ""


class Copied(msgspec.Struct):
    text: str = ""


class Button(msgspec.Struct):
    text: str = ""
    url: str = ""
    login_url: Address | None = None
    web_app: Address | None = None
    copy_text: Copied | None = None


class Keyboard(msgspec.Struct):
    inline_keyboard: list[list[Button]] = []


class Message(msgspec.Struct, rename={"sender": "from"}):
    """A message of a group. What kind it is goes by the keys it has."""

    message_id: Number
    date: Time
    chat: Chat
    sender: User | None = None
    sender_chat: Chat | None = None
    is_automatic_forward: bool = False
    is_topic_message: bool = False
    message_thread_id: Number = 0
    edit_date: Time = 0
    media_group_id: str = ""
    text: str = ""
    caption: str = ""
    entities: list[Entity] = []
    caption_entities: list[Entity] = []
    forward_origin: Origin | None = None
    reply_to_message: Replied | None = None
    external_reply: Any = None
    quote: Quote | None = None
    reply_markup: Keyboard | None = None
    contact: Contact | None = None
    poll: Poll | None = None
    checklist: Checklist | None = None
    document: Document | None = None
    audio: Audio | None = None
    link_preview_options: Preview | None = None
    rich_message: Rich | None = None
    venue: Titled | None = None
    game: Titled | None = None
    invoice: Titled | None = None
    new_chat_members: list[User] = []
    left_chat_member: User | None = None
    community_chat_joined: Any = None
    migrate_to_chat_id: Number = 0
    migrate_from_chat_id: Number = 0


class Member(msgspec.Struct):
    """What somebody is in a group, with the rights that go with it."""

    user: User
    status: str
    is_member: bool = False
    until_date: Time = 0
    can_delete_messages: bool = False
    can_restrict_members: bool = False
    can_invite_users: bool = False
    can_send_messages: bool = True

    @property
    def within(self) -> bool:
        """Whether somebody is in the group."""
        return self.status in ("creator", "administrator", "member") or (self.status == "restricted" and self.is_member)

    @property
    def is_administrator(self) -> bool:
        return self.status in ("creator", "administrator")


class Link(msgspec.Struct):
    creator: User | None = None
    is_primary: bool = False


class Change(msgspec.Struct, rename={"by": "from"}):
    """Somebody's membership has changed."""

    chat: Chat
    by: User
    date: Time
    old_chat_member: Member
    new_chat_member: Member
    invite_link: Link | None = None
    via_join_request: bool = False


class Request(msgspec.Struct, rename={"sender": "from"}):
    """Somebody asks to be let in."""

    chat: Chat
    sender: User
    date: Time
    bio: str = ""


class Update(msgspec.Struct):
    """One thing that happened; the part that is there is looked at by itself."""

    update_id: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
    message: msgspec.Raw = _NOTHING
    edited_message: msgspec.Raw = _NOTHING
    chat_member: msgspec.Raw = _NOTHING
    my_chat_member: msgspec.Raw = _NOTHING
    chat_join_request: msgspec.Raw = _NOTHING


class Part(msgspec.Struct):
    """As much of a message as tells which album it is part of."""

    chat: Chat
    date: Time = 0
    media_group_id: str = ""
    migrate_to_chat_id: Number = 0
    migrate_from_chat_id: Number = 0


class Sent(msgspec.Struct):
    message_id: Number


class Webhook(msgspec.Struct):
    url: str = ""


READ = ("message", "edited_message", "chat_member", "my_chat_member", "chat_join_request")
"""The updates asked for. Those of members come only where they are asked for by name."""
