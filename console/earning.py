"""What members earn by what they write: activity, points for speaking, for checking in, for bringing somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from console.listening import Heard
from rules.community import CheckIn, Community, Points, as_word
from rules.records import UNCOUNTED_KINDS, Message, MessageKey, Mode
from rules.rulebook import Rulebook
from store import activity, invitations, ledger, member_lookup, messages
from store.database import Database
from store.ledger import Entry

KEPT_DAYS = 10_000
"""So many members' days are kept in mind; the others are read again from the ledger."""

COMPARED_CHARACTERS = 500
"""The same words are the same in so many of their first characters."""


@dataclass(slots=True)
class _Day:
    """What a member has earned by speaking on a day, and the keys of the words that earned it, until that is all that
    can be earned."""

    earned: int = 0
    keys: set[str] = field(default_factory=set)


class Earning:
    """Hears what members write. Every row it adds has a key of its cause, so nothing is earned twice."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._community = Community()
        self._points = Points()
        self._words: frozenset[str] = frozenset()
        self._longest = 0
        self._names: dict[int, str] = {}
        self._days: dict[tuple[int, int], _Day] = {}

    def follow(self, rulebook: Rulebook) -> None:
        self._community, self._points = rulebook.community, rulebook.points
        self._words = frozenset(rulebook.points.check_in.words)
        # Room for what is not compared: spaces, an exclamation mark.
        self._longest = 2 * max(map(len, self._words), default=0) + 8
        self._days.clear()

    def hear(self, heard: Sequence[Heard], now: float) -> None:
        # Between batches only: rows of this one are not in the ledger yet.
        while len(self._days) > KEPT_DAYS:
            del self._days[next(iter(self._days))]
        flagged = self._flagged(heard, now)
        counts: Counter[tuple[int, int, int]] = Counter()
        earned: list[Entry] = []
        for one in heard:
            member, group, message = one.stored.member_id, one.stored.group_id, one.message
            if member is None:
                continue
            time = now if message.time is None else message.time
            if message.kind == "join":
                self._joined(one, member, time)
            elif message.kind == "leave":
                self._left(group, member, time)
            elif message.kind not in UNCOUNTED_KINDS:
                day = self._day(group, message, time)
                counts[member, day, group] += 1
                if self._is_check_in(message.text):
                    self._check_in(one, member, day, time)
                elif not (flagged and message.key in flagged) and (entry := self._spoken(one, member, day, time)):
                    earned.append(entry)
        activity.add(self._db, counts)
        ledger.add_all(self._db, earned)

    def _flagged(self, heard: Sequence[Heard], now: float) -> set[MessageKey]:
        """The messages that earn nothing; those of earlier batches that turned out to be flagged lose what they
        earned."""
        flagged: set[MessageKey] = set()
        earlier: set[MessageKey] = set()
        for one in heard:
            for finding in one.findings:
                if finding.mode is not Mode.SHADOW:
                    flagged.add(one.message.key)
                    earlier.update(finding.earlier)
        if earlier and (before := earlier.difference(one.message.key for one in heard)):
            stored = messages.stored_ids(self._db, sorted(before))
            losing = ledger.reverse_speaking(self._db, sorted(stored.values()), "flagged", now)
            for known in [known for known in self._days if known[0] in losing]:
                del self._days[known]
        return flagged | earlier

    def _day(self, group: int, message: Message, time: float) -> int:
        if not self._community.time_zones:
            return self._community.day(time)
        # Not every message says what its group is called.
        if message.group_name:
            self._names[group] = message.group_name
        elif group not in self._names:
            self._names[group] = messages.group_name(self._db, group)
        return self._community.day(time, message.group, self._names[group])

    def _spoken(self, one: Heard, member: int, day: int, time: float) -> Entry | None:
        speaking = self._points.speaking
        if not speaking.points or not one.message.text:
            return None
        known = self._known(member, day)
        points = min(speaking.points, speaking.daily_cap - known.earned)
        if points <= 0:
            return None
        letters = "".join(filter(str.isalpha, one.message.text[:COMPARED_CHARACTERS].casefold()))
        if len(letters) < speaking.min_length:
            return None
        words = blake2b(letters.encode(), digest_size=6).hexdigest()
        key = f"speaking:{member}:{day}:{words}"
        if key in known.keys:
            return None
        known.keys.add(key)
        known.earned += points
        if known.earned >= speaking.daily_cap:
            known.keys.clear()
        return Entry(key, member, points, "speaking", time, one.stored.group_id, day, one.stored.id)

    def _known(self, member: int, day: int) -> _Day:
        known = self._days.get((member, day))
        if known is None:
            rows = ledger.spoken(self._db, member, day)
            known = _Day(sum(points for _, points in rows), {key for key, _ in rows})
            self._days[member, day] = known
        return known

    def _is_check_in(self, text: str) -> bool:
        return 0 < len(text) <= self._longest and as_word(text) in self._words

    def _check_in(self, one: Heard, member: int, day: int, time: float) -> None:
        rules = self._points.check_in
        cause = (one.stored.group_id, day, one.stored.id)
        if not self._add(Entry(f"check-in:{member}:{day}", member, rules.points, "check-in", time, *cause)):
            return
        for days, points in _reached(self._db, rules, member, day):
            reason = f"{days} days in a row"
            self._add(Entry(f"streak:{member}:{day}", member, points, "streak", time, *cause, reason=reason))

    def _joined(self, one: Heard, member: int, time: float) -> None:
        message, group = one.message, one.stored.group_id
        if not message.inviter or message.inviter == message.member:
            return
        inviter = member_lookup.find_or_add(self._db, message.platform, message.inviter)
        brought = invitations.add(self._db, group, inviter, member, time)
        points = self._points.invitation.points
        if brought and points and not invitations.was_there(self._db, member, one.stored.id, time):
            key = _invitation(group, member)
            self._add(Entry(key, inviter, points, "invitation", time, group, None, one.stored.id))

    def _left(self, group: int, member: int, time: float) -> None:
        invited = invitations.invited_at(self._db, group, member)
        if invited is not None and time - invited < self._points.invitation.stay:
            key = _invitation(group, member)
            ledger.reverse(self._db, key, f"{key}.left", "left again", "", time)

    def _add(self, entry: Entry) -> bool:
        return ledger.add_all(self._db, [entry]) > 0


def _reached(db: Database, rules: CheckIn, member: int, day: int) -> Iterable[tuple[int, int]]:
    """The streak that is full with this check-in, as days and points."""
    if not rules.streaks:
        return ()
    longest = max(days for days, _ in rules.streaks)
    days = ledger.streak(db, member, day, longest + 1)
    return [streak for streak in rules.streaks if streak[0] == days]


def _invitation(group: int, member: int) -> str:
    return f"invitation:{group}:{member}"
