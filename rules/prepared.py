"""A message as the rules look at it: cut to what is judged, and folded."""

from __future__ import annotations

from dataclasses import dataclass

from rules.fold import Folded
from rules.records import Evidence, Message
from rules.standing import NOBODY, Newness


@dataclass(frozen=True, slots=True)
class Prepared:
    """`text` is the judged part of the message's text, `folded` that part folded."""

    message: Message
    text: str
    folded: Folded
    newness: Newness = NOBODY

    def whole(self, matched: str) -> tuple[Evidence, ...]:
        """All of the judged text as evidence; none where there is no text."""
        return (Evidence(0, len(self.text), matched),) if self.text else ()
