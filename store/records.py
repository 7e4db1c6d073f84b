"""What the store hands out: rows for the feed, cases with their card, proposals, actions, staff."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

AUTOMATIC = "vigil"
"""Under this name the worker takes decisions of its own; no person can have it."""


class Decision(StrEnum):
    """What a moderator says of a case. LADDER stands for each member's own next step."""

    DISMISS = "dismiss"
    DELETE = "delete"
    WARN = "warn"
    MUTE = "mute"
    REMOVE = "remove"
    BAN = "ban"
    LADDER = "ladder"
    ADMIT = "admit"
    """Let whoever asked for it into the group."""
    REFUSE = "refuse"


ANSWERS = (Decision.ADMIT, Decision.REFUSE)
"""The decisions that answer a join request, and are for nothing else."""


class ActionKind(StrEnum):
    """One thing to do on a platform, or the inverse of one."""

    DELETE = "delete"
    WARN = "warn"
    MUTE = "mute"
    REMOVE = "remove"
    BAN = "ban"
    SEND = "send"
    UNMUTE = "unmute"
    UNBAN = "unban"
    ADMIT = "admit"
    """Let somebody in who asked for it."""
    REFUSE = "refuse"
    """Turn somebody away who asked to be let in."""


INVERSE: dict[ActionKind, ActionKind] = {ActionKind.MUTE: ActionKind.UNMUTE, ActionKind.BAN: ActionKind.UNBAN}
"""The actions that another action takes back. All others stay done once they are done."""


class CaseState(StrEnum):
    OPEN = "open"
    PROPOSED = "proposed"
    DECIDED = "decided"
    DISMISSED = "dismissed"
    MERGED = "merged"


class DecisionState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    """Also a decision that needed nobody's approval."""
    REJECTED = "rejected"
    UNDONE = "undone"


class ActionState(StrEnum):
    PROPOSED = "proposed"
    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


class Role(StrEnum):
    VIEWER = "viewer"
    MODERATOR = "moderator"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """0 for a viewer up to 3 for an owner."""
        return list(Role).index(self)


@dataclass(frozen=True, slots=True)
class Staff:
    id: int
    name: str
    role: Role


class Mark(StrEnum):
    """What a feed row's first column says of the message."""

    NONE = ""
    FLAG = "flag"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One message as the feed shows it. `time` in epoch seconds, None where the platform gave none."""

    id: int
    time: float | None
    group: str
    name: str
    text: str
    kind: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of the case list. `sample` is the text of its first message, `who` and `where` name its
    only member and group, or are "" when there are several. `time` is its latest message's. `seen` is its
    latest flag: a decision taken with it covers what was there then, and nothing that joined later."""

    id: int
    version: int
    state: CaseState
    campaign: bool
    rule: str
    score: float
    messages: int
    members: int
    groups: int
    who: str
    where: str
    sample: str
    time: float | None
    seen: int


@dataclass(frozen=True, slots=True)
class Span:
    """Marked characters of a message: `start` to `end` in code points of the original text."""

    start: int
    end: int
    rule: str
    matched: str


@dataclass(frozen=True, slots=True)
class CaseMessage:
    id: int
    time: float | None
    group: str
    name: str
    text: str
    rule: str
    score: float
    matched: str
    spans: tuple[Span, ...]
    deleted: bool


@dataclass(frozen=True, slots=True)
class CaseMember:
    """A member of a case: how many messages in it, how many strikes in force, how many earlier decided
    cases, and when the member was first seen (epoch seconds)."""

    id: int
    key: str
    name: str
    messages: int
    strikes: int
    earlier: int
    seen: float | None


@dataclass(frozen=True, slots=True)
class Reach:
    """What a decision on a case would do. `steps` counts members by action, in the ladder's order;
    `lasting` names the actions nothing can take back; `refused` says why it is not available, or "";
    `needs_approval` is whether an admin must say yes first; `remarks` is what of it the platforms do not do,
    `failing` what of it failed in the same group the last time."""

    decision: Decision
    deletes: int
    steps: tuple[tuple[str, int], ...]
    groups: int
    lasting: tuple[str, ...]
    refused: str
    needs_approval: bool
    remarks: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PastDecision:
    """A decision once taken on a case: `steps` counts what it does as in `Reach`, deletions first; `actions`
    counts its actions by state; `failure` is what a platform said of the first that failed. Of one that waits for
    approval `remarks` is what the platforms do not do of it, `lasting` the actions that nothing can take back, and
    `failing` what of it failed in the same group the last time. `notes` are what the platforms said of actions that
    were done, each with how many it was said of."""

    id: int
    at: float
    by: str
    decision: Decision
    state: DecisionState
    reason: str
    approver: str
    answer: str
    steps: tuple[tuple[str, int], ...]
    actions: tuple[tuple[ActionState, int], ...]
    failure: str
    remarks: tuple[str, ...] = ()
    lasting: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    notes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CaseCard:
    """All a moderator needs to decide. `messages` holds the first of `case.messages`; `around` the messages
    before and after the first one in its group; `rule_text` the text members were shown; `step` what the
    ladder proposes, in words."""

    case: CaseRow
    rule_text: str
    step: str
    messages: tuple[CaseMessage, ...]
    members: tuple[CaseMember, ...]
    around: tuple[FeedRow, ...]
    reaches: tuple[Reach, ...]
    decisions: tuple[PastDecision, ...]

    @property
    def in_force(self) -> PastDecision | None:
        """The newest decision that waits for approval or holds."""
        kept = (DecisionState.PROPOSED, DecisionState.APPROVED)
        return next((past for past in self.decisions if past.state in kept), None)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A decision that waits for an admin. `steps` as in `Reach`, deletions first."""

    id: int
    case_id: int
    version: int
    decision: Decision
    by: str
    at: float
    reason: str
    rule: str
    sample: str
    steps: tuple[tuple[str, int], ...]
    groups: int


@dataclass(frozen=True, slots=True)
class Order:
    """An action as the worker hands it to a platform. `key` is unique and stays the same over retries. SEND goes to
    the member alone, without a member to the group. `secret` is what stands in `text` that may be written down nowhere
    ("" for nothing); `grant_id` is the grant it carries out, None for none."""

    id: int
    key: str
    kind: ActionKind
    platform: str
    group: str
    member: str
    message: str
    text: str = field(repr=False)
    seconds: int
    grant_id: int | None = None
    secret: str = field(default="", repr=False)
