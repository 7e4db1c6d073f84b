"""Messages that are one awaited word and nothing else, as members say to enter a draw or to redeem a perk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from console.listening import Heard
from rules.community import as_word
from rules.records import Mode

_ROOM = 8
"""Characters beside the word that may be there without counting: spaces, exclamation marks."""


def said_alone(heard: Sequence[Heard], awaited: Collection[str]) -> Iterator[tuple[str, Heard, int]]:
    """Each message that is one of the words (as `as_word` writes them), with the word and its member's id. A message
    that a rule found does not count."""
    if not awaited:
        return
    longest = 2 * max(map(len, awaited)) + _ROOM
    flagged = {
        key
        for one in heard
        for finding in one.findings
        if finding.mode is not Mode.SHADOW
        for key in (one.message.key, *finding.earlier)
    }
    for one in heard:
        text, member = one.message.text, one.stored.member_id
        if member is None or one.message.kind != "text" or not 0 < len(text) <= longest:
            continue
        word = as_word(text)
        if word in awaited and one.message.key not in flagged:
            yield word, one, member
