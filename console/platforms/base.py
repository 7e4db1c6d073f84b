"""What every platform offers: batches of messages with the position after them, and actions carried out.

Messages travel as `rules.records.Message`, whatever the platform calls its events:

- what a member wrote: kind "text", "image", "file", "voice", "video", "sticker", or another word for it;
- an edit: kind "edit", the text as it is now, and the id that `edit_id` makes of the edited message's id and the
  edit's own. Rules judge it as a message of its own; deleting it deletes the message that was edited;
- somebody came in, left or was removed: kinds "join" and "leave". Of a join `inviter` is who brought the member;
- somebody asks to be let in: kind "knock", the text is what they wrote along with it.

What was deleted on the platform is no message: `Batch.gone` names it.

Another distribution adds a platform by an entry point in the group `vigil.platforms`, see `console.platforms.registry`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rules.records import Message, MessageKey
from store.records import ActionKind, ActionState, Order

if TYPE_CHECKING:
    from store.listed import ListedMember

_BETWEEN = " "
"""Stands between the two ids of an edit. No platform has a space in its ids, and `sound_id` holds them to that."""


class PlatformError(Exception):
    """The platform cannot be used, and trying again cures nothing: one line that says why and what to do. It holds no
    token or password."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in the platform's order. `position` says where to go on after them; it is stored in the same
    transaction as they are, "" leaves the stored one as it is. `problems` tells, a line each, of what could not be
    taken in and why. `gone` names messages that are deleted on the platform now; an edited message takes its edits
    along, and an edit may be named by its own id alone."""

    messages: tuple[Message, ...]
    position: str
    problems: tuple[str, ...] = ()
    gone: tuple[MessageKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an action: DONE, FAILED for good, UNKNOWN (a person has to look), or WAITING with
    `retry_after` seconds (a day at most) when it may be carried out later: until then the platform is asked for nothing
    else in that group, so that actions stay in order; nor in any other, once a second group has to wait as well.
    `words` are the platform's, and of a failure what to do about it."""

    state: ActionState
    words: str = ""
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class GroupAccess:
    """A group that the platform's account is in. `lacking` says for each action it has no right to what it takes, in
    words for the people who run the group; `remarks` is what else they should know."""

    key: str
    name: str
    lacking: tuple[tuple[ActionKind, str], ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """Whom the platform knows Vigil as, and the groups that account is in. `remarks` concern all of them."""

    account: str
    groups: tuple[GroupAccess, ...]
    remarks: tuple[str, ...] = ()


class Platform(Protocol):
    """A chat service. `name` is how groups and members of it are stored; `can` the actions it can do;
    `repeatable` whether performing the same order twice (same key) has one effect; `health` one short phrase for the
    status line, in English: what `widgets.language.mark` marks is translated, all but a detail in parentheses."""

    name: str
    can: frozenset[ActionKind]
    repeatable: bool
    health: str

    @property
    def source(self) -> str:
        """The name under which the position is stored."""
        ...

    def batches(self, position: str | None) -> AsyncIterator[Batch]:
        """Batches from `position` on (None: from the start), until there are no more.

        A service that is out of reach is waited for, and told of in `health` and `problems`. Raises PlatformError.
        """
        ...

    async def perform(self, order: Order) -> Receipt:
        """Carry out one action. Orders come one at a time, while `batches` runs; one that takes more than ten minutes
        is cancelled."""
        ...

    async def access(self) -> Access:
        """Log in where that is needed, and see what may be done where. Raises PlatformError."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class ListsMembers(Protocol):
    """What a platform may offer besides: who is in its groups."""

    name: str

    def groups(self) -> Sequence[str]:
        """The ids of the groups that can be listed now, none before it is connected."""
        ...

    async def members(self, group: str) -> Sequence[ListedMember]:
        """All members of a group but Vigil's own account. Called while `batches` runs, and seldom. Raises
        PlatformError."""
        ...


def edit_id(original: str, edit: str) -> str:
    """The id of a message of kind "edit": of the message edited, then of the edit."""
    return f"{original}{_BETWEEN}{edit}"


def original_id(message: str) -> str:
    """The id of the message to delete: of an edit that of the message it edits, of another its own."""
    return message.partition(_BETWEEN)[0]


def own_id(message: str) -> str:
    """The id of the edit itself, of another message its own."""
    return message.rpartition(_BETWEEN)[2]


def sound_id(text: str) -> bool:
    """Whether a platform's id can be told from an edit's."""
    return 0 < len(text) <= 255 and text.isprintable() and _BETWEEN not in text
