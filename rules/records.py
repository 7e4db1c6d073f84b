"""The records that travel the whole way: message, finding, evidence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

UNJUDGED_KINDS = frozenset(
    ["join", "leave", "invite", "kick", "ban", "unban", "mute", "unmute", "rename", "topic", "pin", "system"]
)
"""Kinds of message that nobody wrote. Rules take no notice of them."""

UNCOUNTED_KINDS = UNJUDGED_KINDS | {"edit", "knock"}
"""What is no further message of its member in the group, though an edit's or a request's text is judged: rules that
count leave it out, or whoever mends a letter three times would be a campaign."""

JOIN_REQUEST = "join-request"
"""Under this name a join request is a finding, and a case, though no rule found it; no rule can have it."""


class Mode(StrEnum):
    """What a rule's finding leads to."""

    OFF = "off"
    SHADOW = "shadow"
    """Counted and stored; opens no case."""
    ASK = "ask"
    """Joins or opens a case for a moderator."""
    AUTO = "auto"
    """Opens a case and decides it by the ladder; still in the log, still undoable."""


class MessageKey(NamedTuple):
    """What makes a message unique: the platform's name, the platform's group id and its message id."""

    platform: str
    group: str
    id: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a member posted.

    `time` is the platform's own time in epoch seconds, None where the platform gave none: then only the
    order counts. `text` is what the member wrote, untouched. `kind` is "text", "image", "join", "leave" or
    whatever else the platform calls it; of a join `inviter` is who brought the member, "" for nobody. `extra` is
    the JSON text of the keys nobody here knows, or "".
    """

    platform: str
    group: str
    id: str
    member: str
    text: str
    time: float | None
    kind: str = "text"
    name: str = ""
    group_name: str = ""
    reply_to: str = ""
    mentions: tuple[str, ...] = ()
    extra: str = ""
    inviter: str = ""

    @property
    def key(self) -> MessageKey:
        return MessageKey(self.platform, self.group, self.id)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Characters of the original text, `start` to `end` (code points, end exclusive), and what they matched."""

    start: int
    end: int
    matched: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's result on one message.

    `score` runs from 0 to 100. `matched` says in a few words what the message matched: a template, a word,
    an earlier message, a rate. `campaign` is a key shared by near-identical messages, "" for none.
    `earlier` holds the messages already judged that this finding, by reaching a count, makes part of the
    same campaign: they count as found by the same rule with the same score.
    """

    rule: str
    kind: str
    mode: Mode
    score: float
    evidence: tuple[Evidence, ...]
    matched: str
    campaign: str = ""
    earlier: tuple[MessageKey, ...] = ()
