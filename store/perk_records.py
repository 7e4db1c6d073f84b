"""What the store hands out about perks: perks, grants, dispatches that wait."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class PerkKind(StrEnum):
    """What a perk gives: a code of its own to each member, the same code or link to all, a gift that somebody
    hands over, points, an entry in a draw, early access or a seat."""

    CODE = "code"
    FIXED = "fixed"
    GIFT = "gift"
    POINTS = "points"
    DRAW = "draw"
    SEAT = "seat"


class GrantState(StrEnum):
    PROPOSED = "proposed"
    RESERVED = "reserved"
    """Bound to the member and waiting in the outbox, or being sent."""
    SENT = "sent"
    UNKNOWN = "unknown"
    """Perhaps sent: a person has to look."""
    RETURNED = "returned"
    """Surely not received: stock, code and points are back."""


class DispatchState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    UNDONE = "undone"


class Cause(StrEnum):
    """Why a perk goes out: by hand, from a file, or by itself."""

    HAND = "hand"
    IMPORT = "import"
    JOIN = "join"
    TIER = "tier"
    STREAK = "streak"


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who may get a perk; empty or 0 means anybody. `tiers` and `layers` by name, `days` in a group at least,
    `clean` without strikes in force, `groups` by id or name."""

    tiers: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    days: int = 0
    clean: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Perk:
    """A perk. `left` is what can still be given, None without a limit; for codes, the codes that are free. Times are
    epoch seconds. From `approval_from` members at once a moderator needs an admin's yes; 0 never."""

    id: int
    name: str
    kind: PerkKind
    text: str
    stock: int | None
    taken: int
    left: int | None
    valid_from: float | None
    valid_until: float | None
    eligibility: Eligibility
    per_member: int
    cost: int
    approval_from: int
    points: int
    redeem_word: str
    draw_id: int | None
    closed_at: float | None


@dataclass(frozen=True, slots=True)
class NewPerk:
    """A perk to be added, as `Perk`; `draw` is the name of the draw it enters members into. The secret of a fixed one
    is given beside it."""

    name: str
    kind: PerkKind
    text: str = ""
    stock: int | None = None
    valid_from: float | None = None
    valid_until: float | None = None
    eligibility: Eligibility = Eligibility()
    per_member: int = 1
    cost: int = 0
    approval_from: int = 1
    points: int = 0
    redeem_word: str = ""
    draw: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import of codes did: how many are new, and how many were there already and passed over."""

    codes: int
    skipped: int


class Refusal(StrEnum):
    """Why a member may not get a perk."""

    UNKNOWN = "unknown"
    TWICE = "twice"
    GONE = "gone"
    GROUPS = "groups"
    DAYS = "days"
    TIERS = "tiers"
    LAYERS = "layers"
    STRIKES = "strikes"
    HAS_IT = "has it"
    ENTERED = "entered"
    POINTS = "points"
    STOCK = "stock"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member who may get a perk, with what its text may say of them: the group it goes to, and what they have.
    `slot` is which of the member's grants of that perk it would be."""

    member_id: int
    name: str
    tier: str
    layer: str
    balance: int
    group_id: int
    group_key: str
    group: str
    slot: int


@dataclass(frozen=True, slots=True)
class Checked:
    """Who of a set of members may get a perk, in the order given, and who may not."""

    candidates: tuple[Candidate, ...]
    refused: tuple[tuple[int, Refusal], ...]

    def reasons(self) -> tuple[tuple[Refusal, int], ...]:
        """How many are refused for what, in the order of `Refusal`."""
        counts = Counter(why for _, why in self.refused)
        return tuple((why, counts[why]) for why in Refusal if counts[why])


@dataclass(frozen=True, slots=True)
class Grant:
    """One perk given to one member; `code` says whether a code is bound to it, never which."""

    id: int
    dispatch_id: int
    perk: str
    kind: PerkKind
    member_id: int
    member: str
    state: GrantState
    result: str
    code: bool
    by: str
    made_at: float
    sent_at: float | None
    redeemed_at: float | None
    fulfilled_at: float | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A dispatch that waits for an admin. `left` as the perk's, `cost` in points for each member."""

    id: int
    version: int
    perk: str
    kind: PerkKind
    by: str
    at: float
    reason: str
    members: int
    names: tuple[str, ...]
    left: int | None
    cost: int
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What giving a perk to a set of members would do. `members` may get it, in the order it would be given;
    `refused` says of the others why not, by words and how many; `message` is what the first of them will read, with
    the code masked. `why_not` says why it cannot be given at all, or ""."""

    perk: Perk
    members: tuple[int, ...]
    refused: tuple[tuple[str, int], ...]
    message: str
    needs_approval: bool
    why_not: str
    examples: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Sent:
    """A dispatch that was made. `approved` is False when it waits for an admin; `known` when the same key had made it
    before, and nothing was given again. `refused` says of the members left out why, by words and how many."""

    dispatch_id: int
    perk: str
    members: int
    approved: bool
    known: bool
    refused: tuple[tuple[str, int], ...] = ()
