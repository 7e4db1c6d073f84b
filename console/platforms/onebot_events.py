"""OneBot events as messages: what was written and recalled, who came and left, who asks to be let in."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote

import msgspec

from console.platforms.base import sound_id
from console.platforms.http import mended
from console.platforms.onebot_shapes import Event, Mark, Status, sequence, spelled
from console.platforms.onebot_text import Said, one_line, said
from rules.records import Message, MessageKey

REMEMBERED = 20_000
"""So many members' names are remembered, for mentions, which name nobody."""
FUTURE_SECONDS = 86_400.0
BAD_EVENT = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)

MOST_ACCOUNTS = 20
"""So many other accounts are named."""

_KNOCK = "knock."
_ANONYMOUS = "anonymous."
_LEFT = {"leave": "", "kick": "kick", "kick_me": "kick", "disband": "disband"}


@dataclass(slots=True)
class Found:
    """What came of some events. `online` is whether the account is, None where that was not said. `marks` are the
    newest messages by group."""

    messages: list[Message] = field(default_factory=list)
    gone: list[MessageKey] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    marks: dict[str, Mark] = field(default_factory=dict)
    online: bool | None = None


@dataclass(frozen=True, slots=True)
class Knock:
    """A request to be let in, as approving or refusing it needs it: `flag` is the implementation's own word for it,
    `kind` "add" of somebody who wants in, "invite" of somebody who wants Vigil's account in a group."""

    kind: str
    flag: str


class Reading:
    """Reads events for the platform `name`. `account` is Vigil's own, whose messages are nobody's to judge; `wanted`
    says which groups are looked at. `uploads`: files are told of by a notice alone."""

    def __init__(
        self, name: str, wanted: Callable[[str], bool] = lambda group: True, clock: Callable[[], float] = time.time
    ) -> None:
        self.account = ""
        self.uploads = False
        self._others: set[str] = set()
        self.groups: dict[str, str] = {}
        self._name = name
        self._wanted = wanted
        self._clock = clock
        self._names: OrderedDict[tuple[str, str], str] = OrderedDict()

    def group(self, group: str) -> str:
        """What a group is called, for people."""
        return self.groups.get(group) or group

    def read(self, raw: bytes, found: Found) -> None:
        """Read one event as it came."""
        try:
            event = decoded(raw)
        except BAD_EVENT as error:
            found.problems.append(f"an event of another shape: {one_line(str(error))}")
            return
        self.take(event, found)

    def take(self, event: Event, found: Found) -> None:
        """Read one event."""
        try:
            self._take(event, found)
        except BAD_EVENT as error:
            group = self.group(spelled(event.group_id))
            what = one_line(f"{event.post_type} {spelled(event.message_id)} of {spelled(event.user_id)}")
            found.problems.append(f"{group}: {what}: of another shape: {one_line(str(error))}")

    def _take(self, event: Event, found: Found) -> None:
        if event.post_type == "meta_event":
            if event.meta_event_type == "heartbeat" and not self._is_anothers(event, found):
                found.online = msgspec.convert(event.status, Status).online
            return
        group = spelled(event.group_id)
        if group in ("", "0") or not self._wanted(group):
            if event.notice_type == "bot_offline" and not self._is_anothers(event, found):
                found.online = False
            return
        if not sound_id(group) or not sound_id(spelled(event.user_id)):
            raise msgspec.ValidationError("ids are no text without spaces of at most 255 characters")
        if self._is_anothers(event, found):
            return
        if name := one_line(event.group_name):
            self.groups[group] = name
        match event.post_type:
            case "message" if event.message_type in ("group", None):
                self._message(group, event, found)
            case "message_sent":
                self._mark(group, event, found)
            case "notice":
                self._notice(group, event, found)
            case "request" if event.request_type == "group":
                self._request(group, event, found)

    def _is_anothers(self, event: Event, found: Found) -> bool:
        """Whether an event came to another account, which a program may hold beside Vigil's: it is said once."""
        own = spelled(event.self_id)
        if not self.account or own in ("", "0", self.account):
            return False
        if own not in self._others and len(self._others) < MOST_ACCOUNTS:
            self._others.add(own)
            found.problems.append(
                f"what comes to the account {one_line(own)} is passed over: Vigil's is {self.account}"
            )
        return True

    def _message(self, group: str, event: Event, found: Found) -> None:
        number, member = spelled(event.message_id), spelled(event.user_id)
        if not sound_id(number):
            raise msgspec.ValidationError("its message_id is none")
        self._mark(group, event, found)
        if member in (self.account, spelled(event.self_id)):
            return
        member = _writer(event)
        name = _sender(event)
        if name:
            self._names[group, member] = name
            self._names.move_to_end((group, member))
            if len(self._names) > REMEMBERED:
                self._names.popitem(last=False)
        content = event.message if event.message is not None else event.raw_message
        what = said(content, lambda user: self._names.get((group, user), ""))
        if event.sub_type == "notice":
            what = Said("system", what.text)
        found.messages.append(self._made(group, event, number, member, what.kind, what.text, name, what))

    def _mark(self, group: str, event: Event, found: Found) -> None:
        found.marks[group] = Mark(self._time(event) or self._clock(), spelled(event.message_id))

    def _notice(self, group: str, event: Event, found: Found) -> None:
        member, by = spelled(event.user_id), spelled(event.operator_id)
        match event.notice_type:
            case "group_recall":
                found.gone.append(MessageKey(self._name, group, spelled(event.message_id)))
            case "group_increase" if member == self.account:
                found.problems.append(f"{self.group(group)}: came in")
            case "group_increase":
                brought = event.sub_type == "invite" and by not in ("", "0", member, self.account)
                made = self._made(group, event, self._moment("join", event), member, "join", "")
                found.messages.append(replace(made, inviter=by if brought else ""))
            case "group_decrease" if member == self.account:
                how = f"{by} has removed Vigil's account" if by not in ("", "0", member) else "Vigil's account has left"
                found.problems.append(f"{self.group(group)}: {how}; nothing there can be seen or done until it is back")
            case "group_decrease":
                how = _LEFT.get(event.sub_type or "", "")
                extra = ""
                if how and by not in ("", "0", member):
                    extra = msgspec.json.encode({"by": by, "how": how, "reason": ""}).decode()
                made = self._made(group, event, self._moment("leave", event), member, "leave", "")
                found.messages.append(replace(made, extra=extra))
            case "group_upload" if self.uploads and member != self.account:
                file = event.file if isinstance(event.file, dict) else {}
                known = quote(spelled(file.get("id")), safe="")[:200]
                number = f"file.{known}" if known else self._moment("file", event)
                text = one_line(file.get("name"))
                found.messages.append(self._made(group, event, number, member, "file", text))

    def _request(self, group: str, event: Event, found: Found) -> None:
        kind = "invite" if event.sub_type == "invite" else "add"
        number = knock_id(Knock(kind, spelled(event.flag)))
        member = spelled(event.user_id)
        if not number:
            raise msgspec.ValidationError("its flag cannot be kept: nobody can be let in or refused by it")
        text = event.comment if isinstance(event.comment, str) else ""
        text = text.replace("\x00", "\ufffd")[:4_000]
        made = self._made(group, event, number, member, "knock", text, _sender(event))
        extra = msgspec.json.encode({"invites": "this account"}).decode() if kind == "invite" else ""
        found.messages.append(replace(made, extra=extra))

    def _moment(self, what: str, event: Event) -> str:
        """An id for what has none of its own."""
        return f"{what}.{spelled(event.user_id)}.{event.time:.0f}"

    def _made(
        self,
        group: str,
        event: Event,
        number: str,
        member: str,
        kind: str,
        text: str,
        name: str = "",
        what: Said | None = None,
    ) -> Message:
        mentions: Sequence[str] = what.mentions if what else ()
        return Message(
            self._name, group, number, member, text, self._time(event), kind, name, self.groups.get(group, ""),
            what.reply_to if what else "", tuple(one for one in mentions if one != "all"),
        )  # fmt: skip

    def _time(self, event: Event) -> float | None:
        return event.time if 0 < event.time < self._clock() + FUTURE_SECONDS else None


def decoded(raw: bytes) -> Event:
    """An event, or a message of history. Raises one of BAD_EVENT."""
    try:
        return msgspec.json.decode(raw, type=Event)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Half a surrogate pair, which anybody can write into a message, must not hide it.
        return msgspec.json.decode(mended(raw), type=Event)


def knock_id(knock: Knock) -> str:
    """The id of the message a request to be let in becomes; "" where its flag is too long."""
    number = f"{_KNOCK}{knock.kind}.{quote(knock.flag, safe='|')}"
    return number if knock.flag and sound_id(number) else ""


def knock_of(number: str) -> Knock | None:
    """The request that a message's id stands for, None for another message."""
    if not number.startswith(_KNOCK):
        return None
    kind, _, flag = number.removeprefix(_KNOCK).partition(".")
    return Knock(kind, unquote(flag))


def is_written(number: str) -> bool:
    """Whether a message of this id was written in its group, so that it can be deleted there."""
    return not number.startswith((_KNOCK, "join.", "leave.", "file."))


def in_order(events: Sequence[Event]) -> list[Event]:
    """A page of history, the oldest first, whichever way the implementation lists it."""
    if len(events) > 1 and all(sequence(event) is not None for event in events):
        return sorted(events, key=lambda event: sequence(event) or 0)
    newest_first = len(events) > 1 and events[0].time > events[-1].time
    return list(reversed(events)) if newest_first else list(events)


def _writer(event: Event) -> str:
    """The id of who wrote a message. All who write anonymously share one account: each is somebody else here."""
    hidden = spelled(event.anonymous.get("id")) if isinstance(event.anonymous, dict) else ""
    return f"{_ANONYMOUS}{hidden}" if hidden and sound_id(f"{_ANONYMOUS}{hidden}") else spelled(event.user_id)


def is_anonymous(member: str) -> bool:
    """Whether this id stands for somebody of whom QQ does not say who it is."""
    return member.startswith(_ANONYMOUS)


def _sender(event: Event) -> str:
    """What a member is called in the group."""
    if isinstance(event.anonymous, dict) and (name := one_line(event.anonymous.get("name"))):
        return name
    sender = event.sender if isinstance(event.sender, dict) else {}
    return one_line(sender.get("card")) or one_line(sender.get("nickname"))
