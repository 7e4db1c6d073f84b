"""What a kind of platform cannot do, known without connecting to it: said before a key is pressed, held to after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from store.records import ActionKind


@dataclass(frozen=True, slots=True)
class Limits:
    """`can` are the actions there are. `delete_seconds` is how old a message may be that is deleted, None for any age.

    `words` says of an action that is not among them, or of DELETE where messages grow too old, why that is or what to
    do instead: a short phrase in English, which is translated when it is shown if `widgets.language.mark` marks it.
    """

    can: frozenset[ActionKind] = frozenset(ActionKind)
    delete_seconds: float | None = None
    words: Mapping[ActionKind, str] = field(default_factory=dict)

    @property
    def cannot(self) -> tuple[ActionKind, ...]:
        return tuple(kind for kind in ActionKind if kind not in self.can)


NONE = Limits()
"""Of a platform that can do everything, and of one that does not say."""
