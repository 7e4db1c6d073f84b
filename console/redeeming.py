"""Redeeming a perk by its word in a chat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from console.listening import Heard
from console.said_alone import said_alone
from rules.community import as_word
from rules.rulebook import Rulebook
from store import redemptions
from store.database import Database


class Redeeming:
    """Hears who says the word of a perk: the member's oldest grant of it that was sent is redeemed. A message that a
    rule found does not count."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def follow(self, rulebook: Rulebook) -> None:
        """No rule has a say in this."""

    def hear(self, heard: Sequence[Heard], now: float) -> None:
        awaited: dict[str, list[int]] = defaultdict(list)
        for perk_id, word in redemptions.words(self._db):
            awaited[as_word(word)].append(perk_id)
        for word, one, member in said_alone(heard, awaited):
            at = now if one.message.time is None else one.message.time
            for perk_id in awaited[word]:
                redemptions.by_word(self._db, perk_id, member, at, now)
