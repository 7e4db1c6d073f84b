"""What the store hands out about members: lines of the list, the card, changes, and what a list can be narrowed to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from store.ledger import LedgerRow


class Sort(StrEnum):
    """What a list of members goes by."""

    NAME = "name"
    TIER = "tier"
    POINTS = "points"
    LAYER = "layer"
    LAST = "last"
    STRIKES = "strikes"
    JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Change:
    """How many members came to a layer or a tier (`what`) since a time in epoch seconds, and are there still."""

    what: str
    after: str
    rose: bool
    members: int
    since: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which members a list shows; what is None, empty, False or 0 narrows nothing.

    `silent_days` is for how many days at least they have said nothing; `clean` those without strikes in force;
    `departed` those who left every group as well, or the chosen one; `changed` those of a change, and `sought` those
    whose words to search hold it (`rules.names.sought_query`).
    """

    group_id: int | None = None
    tier: str = ""
    layer: str = ""
    clean: bool = False
    silent_days: int = 0
    departed: bool = False
    changed: Change | None = None
    sought: str = ""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One line of the list. `name` may be ""; `layer` and `tier` are, before they were worked out; `strikes` in
    force; `groups` the member is in; times in epoch seconds."""

    id: int
    platform: str
    key: str
    name: str
    remark: str
    tier: str
    layer: str
    balance: int
    last_at: float | None
    strikes: int
    groups: int
    joined_at: float | None

    @property
    def called(self) -> str:
        """The name, without one the id on the platform."""
        return self.name or self.key


@dataclass(frozen=True, slots=True)
class MemberGroup:
    """A group a member is or was in; `level` and `title` are what its platform shows of the member there."""

    name: str
    joined_at: float | None
    left_at: float | None
    last_at: float | None
    messages: int
    level: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class MemberStrike:
    """A strike; `by` is who decided it. In force until it expires, unless it was revoked."""

    rule: str
    by: str
    given_at: float
    expires_at: float
    revoked_at: float | None


@dataclass(frozen=True, slots=True)
class MemberGrant:
    """A perk the member got or was to get."""

    id: int
    perk: str
    state: str
    by: str
    made_at: float
    redeemed_at: float | None


@dataclass(frozen=True, slots=True)
class MemberDecision:
    """A decision on a case with messages of the member; `steps` is what it does to the member alone, `actions`
    counts these by what became of them, and `failure` is what a platform said of one that failed."""

    id: int
    at: float
    by: str
    decision: str
    state: str
    rule: str
    reason: str
    steps: tuple[tuple[str, int], ...]
    actions: tuple[tuple[str, int], ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody of the staff wrote down about a member."""

    id: int
    staff: str
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class MemberCard:
    """All there is to see of a member. `missing` says what is missing for the next tier and layer, "" for nothing;
    `activity` holds the messages of each day, the last one's is day `today` (counted from 1 January of the year 1);
    the rest is newest first."""

    member: MemberRow
    earned: int
    groups: tuple[MemberGroup, ...]
    today: int
    activity: tuple[int, ...]
    points: tuple[LedgerRow, ...]
    strikes: tuple[MemberStrike, ...]
    grants: tuple[MemberGrant, ...]
    decisions: tuple[MemberDecision, ...]
    notes: tuple[Note, ...]
    missing: str = ""
