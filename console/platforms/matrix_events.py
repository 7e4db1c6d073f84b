"""Events of Matrix rooms as messages: what was written, edited and deleted, who came and who left."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec

from console.platforms.base import edit_id, sound_id
from console.platforms.matrix_shapes import (
    Alias,
    Before,
    Content,
    Create,
    Event,
    Member,
    Mentions,
    Name,
    Redaction,
    Relation,
    Tombstone,
)
from console.platforms.matrix_text import one_line, poll_text, readable, sound
from rules.records import Message, MessageKey

Shape = TypeVar("Shape")

REMEMBERED = 20_000
"""So many invitations are remembered, to know who brought whoever joins later."""

FUTURE_SECONDS = 86_400.0
"""A time further ahead of the clock than this is some server's error."""

_KINDS = {
    "m.text": "text",
    "m.notice": "notice",
    "m.emote": "emote",
    "m.image": "image",
    "m.file": "file",
    "m.audio": "voice",
    "m.video": "video",
    "m.location": "location",
}
_NAMED_BY_PROGRAMS = frozenset(["image", "voice", "video", "sticker"])
"""Their names are mostly the program's, such as "image.png": not what a member wrote."""

BAD_EVENT = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(slots=True)
class Found:
    """What came of some events."""

    messages: list[Message] = field(default_factory=list)
    gone: list[MessageKey] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    kept: int = 0
    """So many of the messages were written before Vigil's own account left the group, while it was there."""


class Reading:
    """Reads events for the platform `name`, and remembers what later ones need. `user` is Vigil's own account, whose
    messages are nobody's to judge."""

    def __init__(self, name: str, clock: Callable[[], float] = time.time) -> None:
        self.user = ""
        self.groups: dict[str, str] = {}
        self.direct: dict[str, str] = {}
        """Rooms that Vigil made to talk to one member, and with whom, as events showed them."""
        self.replaced: dict[str, tuple[str, str]] = {}
        """Rooms of which events showed that another one has taken their place: which, and who said so."""
        self._name = name
        self._clock = clock
        self._encrypted: dict[str, bool] = {}
        self._invited: OrderedDict[tuple[str, str], str] = OrderedDict()

    def group(self, room: str) -> str:
        """What a group is called, for people."""
        return self.groups.get(room) or room

    def learn(self, room: str, events: Iterable[msgspec.Raw], names: dict[str, str]) -> None:
        """Take names and the like from state; members' names are put into `names`."""
        for raw in events:
            try:
                event = msgspec.json.decode(raw, type=Event)
                self._learn(room, event, names)
            except BAD_EVENT:
                continue

    def read(self, room: str, events: Sequence[msgspec.Raw], names: dict[str, str]) -> Found:
        """Read a room's events, in their order. What was written while Vigil was not there is left out."""
        found = Found()
        for raw in events:
            try:
                event = msgspec.json.decode(raw, type=Event)
            except BAD_EVENT as error:
                found.problems.append(f"{self.group(room)}: an event of another shape: {error}")
                continue
            try:
                if not sound_id(event.event_id) or not sound_id(event.sender):
                    raise msgspec.ValidationError("ids are no text without spaces of at most 255 characters")
                self._read(room, event, names, found)
            except BAD_EVENT as error:
                what = one_line(f"{event.type} {event.event_id} of {event.sender}")
                found.problems.append(f"{self.group(room)}: {what}: of another shape: {error}")
        return found

    def news(self, room: str) -> list[str]:
        """What has to be said of a group once."""
        if self._encrypted.get(room, True):
            return []
        self._encrypted[room] = True
        what = "is encrypted: its messages cannot be read, so no rule looks at them; who comes and who leaves is seen"
        return [f"{self.group(room)}: {what}"]

    def is_beginning(self, events: Iterable[msgspec.Raw]) -> bool:
        """Whether Vigil's own account, with one of these events, had to do with the group for the first time: who was
        there, left and came back has missed something before that as well."""
        for raw in events:
            try:
                event = msgspec.json.decode(raw, type=Event)
                if event.type == "m.room.member" and event.state_key == self.user:
                    before = msgspec.json.decode(event.unsigned, type=Before)
                    if not _membership(before):
                        return True
            except BAD_EVENT:
                continue
        return False

    def _learn(self, room: str, event: Event, names: dict[str, str]) -> None:
        match event.type:
            case "m.room.member":
                if name := one_line(msgspec.json.decode(event.content, type=Member).displayname):
                    names[event.state_key or ""] = name
            case "m.room.name":
                if name := one_line(msgspec.json.decode(event.content, type=Name).name):
                    self.groups[room] = name
            case "m.room.canonical_alias":
                if alias := one_line(msgspec.json.decode(event.content, type=Alias).alias):
                    self.groups.setdefault(room, alias)
            case "m.room.encryption":
                self._encrypted.setdefault(room, False)
            case "m.room.tombstone" if event.state_key == "":
                successor = msgspec.json.decode(event.content, type=Tombstone).replacement_room
                if sound_id(successor):
                    self.replaced[room] = (successor, event.sender)
            case "m.room.create":
                create = msgspec.json.decode(event.content, type=Create)
                if create.direct_with and event.sender == self.user:
                    self.direct[room] = create.direct_with

    def _read(self, room: str, event: Event, names: dict[str, str], found: Found) -> None:
        if event.state_key is not None:
            self._learn(room, event, names)
        match event.type:
            case "m.room.member":
                self._member(room, event, names, found)
            case "m.room.redaction":
                self._redaction(room, event, found)
            case "m.room.message" | "m.sticker" if event.sender != self.user:
                self._message(room, event, names, found)
            case "m.poll.start" | "org.matrix.msc3381.poll.start" if event.sender != self.user:
                if text := poll_text(msgspec.json.decode(event.content, type=dict[str, Any])):
                    found.messages.append(self._made(room, event, names, "poll", text))
            case "m.room.encrypted" if event.sender != self.user:
                self._encrypted.setdefault(room, False)
                found.messages.append(self._made(room, event, names, "encrypted", ""))

    def _message(self, room: str, event: Event, names: dict[str, str], found: Found) -> None:
        content = msgspec.json.decode(event.content, type=Content)
        if content.body is None and not content.new_content:
            return  # deleted before it came here
        relation = _converted(content.relates_to, Relation) or Relation()
        if (edited := _edited(content, relation)) is not None:
            _, text = _said(event, edited, relation)
            id_ = edit_id(relation.event_id, event.event_id)
            mentioned = _mentioned(edited) or _mentioned(content)
            found.messages.append(self._made(room, event, names, "edit", text, mentioned, id_=id_))
            return
        if content.body is None:
            raise msgspec.ValidationError("it is an edit to no text")
        kind, text = _said(event, content, relation)
        answered = relation.in_reply_to.event_id if relation.in_reply_to else ""
        found.messages.append(self._made(room, event, names, kind, text, _mentioned(content), reply_to=answered))

    def _redaction(self, room: str, event: Event, found: Found) -> None:
        target = event.redacts or msgspec.json.decode(event.content, type=Redaction).redacts
        found.gone.append(MessageKey(self._name, room, target))

    def _member(self, room: str, event: Event, names: dict[str, str], found: Found) -> None:
        content = msgspec.json.decode(event.content, type=Member)
        before = msgspec.json.decode(event.unsigned, type=Before)
        was = _membership(before)
        member = event.state_key or ""
        if not sound_id(member) or content.membership == was != "knock":
            return
        if member == self.user:
            self._own(room, event, content, was, found)
            return
        invited = self._invited.get((room, member), before.prev_sender if was == "invite" else "")
        if content.membership == "invite":
            # Whoever asked and was let in was brought by nobody.
            self._remember(self._invited, (room, member), "" if was == "knock" else event.sender)
        if was == "knock" and event.sender != self.user and sound_id(before.replaces_state):
            # Taken back, answered by somebody else, or asked again in other words.
            found.gone.append(MessageKey(self._name, room, before.replaces_state))
        made = self._made(room, event, names, "", "", member=member)
        match content.membership:
            case "join":
                inviter = invited if was in ("invite", "") and invited != self.user else ""
                found.messages.append(replace(made, kind="join", inviter=inviter))
            case "leave" | "ban" if was in ("join", ""):
                extra = ""
                if event.sender != member:
                    how = "ban" if content.membership == "ban" else "kick"
                    why = {"by": event.sender, "how": how, "reason": one_line(content.reason)}
                    extra = msgspec.json.encode(why).decode()
                found.messages.append(replace(made, kind="leave", extra=extra))
            case "knock":
                reason = sound(content.reason) if isinstance(content.reason, str) else ""
                found.messages.append(replace(made, kind="knock", text=reason))

    def _own(self, room: str, event: Event, content: Member, was: str, found: Found) -> None:
        if content.membership == "join":
            del found.messages[found.kept :]
            return
        if was == "join":
            found.kept = len(found.messages)
        if event.sender != self.user and was == "join":
            reason = one_line(content.reason)
            found.problems.append(
                f"{self.group(room)}: {event.sender} has removed Vigil from the group{f': {reason}' if reason else ''};"
                " nothing there can be seen or done until it is invited again"
            )

    def _made(
        self,
        room: str,
        event: Event,
        names: dict[str, str],
        kind: str,
        text: str,
        mentions: Sequence[str] = (),
        *,
        id_: str = "",
        member: str = "",
        reply_to: str = "",
    ) -> Message:
        seconds = event.origin_server_ts / 1000
        time_ = seconds if 0 < seconds < self._clock() + FUTURE_SECONDS else None
        member = member or event.sender
        return Message(
            self._name, room, id_ or event.event_id, member, text, time_, kind, names.get(member, ""),
            self.groups.get(room, ""), reply_to[:255], tuple(one[:255] for one in mentions[:1_000]),
        )  # fmt: skip

    @staticmethod
    def _remember(known: OrderedDict[tuple[str, str], str], key: tuple[str, str], value: str) -> None:
        known[key] = value
        if len(known) > REMEMBERED:
            known.popitem(last=False)


def _membership(before: Before) -> str:
    """A member's membership before an event, "" where the event does not say."""
    try:
        return msgspec.json.decode(before.prev_content, type=Member).membership
    except msgspec.ValidationError:
        return ""


def _edited(content: Content, relation: Relation) -> Content | None:
    """What a message becomes by an edit; None for what is no edit, or one that no client can make out: what it says
    itself is then what is shown."""
    if relation.rel_type != "m.replace" or not content.new_content or not sound_id(relation.event_id):
        return None
    try:
        edited = msgspec.json.decode(content.new_content, type=Content)
    except BAD_EVENT:
        return None
    return None if edited.body is None else edited


def _said(event: Event, content: Content, relation: Relation) -> tuple[str, str]:
    """Kind and text of what was written."""
    msgtype = content.msgtype if isinstance(content.msgtype, str) else ""
    kind = "sticker" if event.type == "m.sticker" else _KINDS.get(msgtype) or one_line(msgtype, 40) or "text"
    body = content.body or ""
    if kind in _NAMED_BY_PROGRAMS:
        captioned = isinstance(content.filename, str) and content.filename not in ("", body)
        body = body if captioned else ""
    markup = content.formatted_body if content.format == "org.matrix.custom.html" else ""
    return kind, readable(body, markup if isinstance(markup, str) else "", reply=relation.in_reply_to is not None)


def _mentioned(content: Content) -> Sequence[str]:
    mentions = _converted(content.mentions, Mentions)
    return mentions.user_ids if mentions else ()


def _converted(value: object, shape: type[Shape]) -> Shape | None:
    """A part of a content that messages can do without, None where it is of another shape."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError:
        return None
