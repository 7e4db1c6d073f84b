"""Why a message was found: one sentence for each kind of rule."""

from __future__ import annotations

from widgets.language import mark, say

_SENTENCES = {
    "similar": mark("reads like a known text ({score} of 100): {matched}"),
    "words": mark("holds what must not be said: {matched}"),
    "pattern": mark("is written as it must not be: {matched}"),
    "contact": mark("gives a contact or an invitation: {matched}"),
    "link": mark("leads where it must not: {matched}"),
    "duplicates": mark("is nearly the same ({score} of 100) as: {matched}"),
    "flood": mark("is too much at once: {matched}"),
    "burst": mark("is one of many newcomers at once: {matched}"),
    "newcomer": mark("is held against a newcomer ({score} of 100): {matched}"),
    "learned": mark("is like what was confirmed before ({score} of 100): {matched}"),
}
_ANY = mark("was found ({score} of 100): {matched}")


def why(kind: str, score: float, matched: str) -> str:
    """The sentence, in the reader's language. What is quoted in it is as hostile as the message."""
    return say(_SENTENCES.get(kind, _ANY), score=f"{score:.0f}", matched=matched)
