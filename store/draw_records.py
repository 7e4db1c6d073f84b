"""What the store hands out about draws."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from store.perk_records import Eligibility


class DrawState(StrEnum):
    OPEN = "open"
    COMMITTED = "committed"
    """The list is closed and its hash published."""
    DRAWN = "drawn"
    CANCELLED = "cancelled"


class PlaceState(StrEnum):
    WINNER = "winner"
    SKIPPED = "skipped"
    REPLACED = "replaced"
    """Won, and gave the seat to a later place."""


@dataclass(frozen=True, slots=True)
class NewDraw:
    """A draw to open. Who says `word` in a group enters, "" for no word; with `eligible` and no word all who are so
    enter when the list is closed, with a word it limits whose word counts. `without_winners` leaves out who won
    another draw. `public_value_of` names the value that will count as well, "" for none."""

    name: str
    winners: int
    word: str = ""
    eligible: Eligibility | None = None
    without_winners: bool = False
    public_value_of: str = ""


@dataclass(frozen=True, slots=True)
class Draw:
    """A draw. `entries` counts those who entered so far, and once the list is closed those on it; hashes are "" until
    then. `revealed` is the secret once it was drawn. Times are epoch seconds."""

    id: int
    name: str
    state: DrawState
    version: int
    winners: int
    word: str
    eligible: Eligibility | None
    without_winners: bool
    public_value_of: str
    public_value: str
    secret_sha256: str
    list_sha256: str
    revealed: str
    entries: int
    opened_by: str
    opened_at: float
    committed_at: float | None
    drawn_at: float | None


@dataclass(frozen=True, slots=True)
class Entrant:
    """A member as the list names them."""

    member_id: int
    platform: str
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """One ticket's place, 1 for the lowest. `reason` is why it was skipped ("banned", "left") or replaced;
    `instead_of` the winner's place it takes, None for one drawn at first."""

    place: int
    entry: str
    member_id: int
    state: PlaceState
    instead_of: int | None = None
    reason: str = ""
