"""Entering a draw by its word in a chat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from console.listening import Heard
from console.said_alone import said_alone
from rules.community import as_word
from rules.rulebook import Rulebook
from store import draws
from store.database import Database


class Entering:
    """Hears who says the word of an open draw: each enters once. A message that a rule found does not count, nor one
    from before the draw was opened."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def follow(self, rulebook: Rulebook) -> None:
        """No rule has a say in this."""

    def hear(self, heard: Sequence[Heard], now: float) -> None:
        awaited: dict[str, list[tuple[int, float | None]]] = defaultdict(list)
        for draw_id, word, after in draws.words(self._db):
            awaited[as_word(word)].append((draw_id, after))
        entering: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
        for word, one, member in said_alone(heard, awaited):
            for draw_id, after in awaited[word]:
                if one.message.time is None or after is None or one.message.time >= after:
                    entering[draw_id].append((member, one.stored.group_id))
        for draw_id, members in entering.items():
            draws.enter(self._db, draw_id, members, "word", now)
