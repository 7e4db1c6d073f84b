"""What is said of lists of members and what has changed in them, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from store.roster_records import Change, Chosen, Sort
from widgets.language import say, say_n
from widgets.words import layer_word


def sort_word(sort: Sort) -> str:
    """What a list is sorted by."""
    match sort:
        case Sort.NAME:
            return say("name")
        case Sort.TIER:
            return say("tier")
        case Sort.POINTS:
            return say("points")
        case Sort.LAYER:
            return say("layer")
        case Sort.LAST:
            return say("last word")
        case Sort.STRIKES:
            return say("strikes")
        case Sort.JOINED:
            return say("joined")


def change_words(change: Change) -> str:
    """How many came to where: "12 new core members", "30 gone silent"."""
    n = change.members
    if change.what == "tier":
        if not change.after:
            return say_n("{n} without a tier now", "{n} without a tier now", n)
        if change.rose:
            return say_n("{n} rose to {tier}", "{n} rose to {tier}", n, tier=change.after)
        return say_n("{n} fell to {tier}", "{n} fell to {tier}", n, tier=change.after)
    match change.after:
        case "new":
            return say_n("{n} new member", "{n} new members", n)
        case "active":
            return say_n("{n} became active", "{n} became active", n)
        case "core":
            return say_n("{n} new core member", "{n} new core members", n)
        case "silent":
            return say_n("{n} gone silent", "{n} gone silent", n)
        case "gone":
            return say_n("{n} left", "{n} left", n)
    return f"{n} {change.after}"


def chosen_words(chosen: Chosen, group: str) -> Sequence[str]:
    """What a list is narrowed to, a few words each."""
    words = [say("group {group}", group=group)] if chosen.group_id is not None else []
    words += [change_words(chosen.changed)] if chosen.changed else []
    words += [chosen.tier] if chosen.tier else []
    words += [layer_word(chosen.layer)] if chosen.layer else []
    words += [say("clean record")] if chosen.clean else []
    words += [silent_words(chosen.silent_days)] if chosen.silent_days else []
    words += [say("the departed too")] if chosen.departed else []
    return words


def silent_words(days: int) -> str:
    """For how long a member has said nothing."""
    return say_n("silent for {n} day", "silent for {n} days", days)
