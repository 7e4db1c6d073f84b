"""What a community taught: the model, the confirmed advertisements, and what was dismissed."""

from __future__ import annotations

from dataclasses import dataclass

from rules.learned import Model


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`confirmed` are texts that were confirmed and tell an advertisement, `dismissed` those that were found wrongly.

    All of them as written.
    """

    model: Model | None = None
    confirmed: tuple[str, ...] = ()
    dismissed: tuple[str, ...] = ()


NOTHING_KNOWN = Knowledge()
