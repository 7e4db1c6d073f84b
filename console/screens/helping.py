"""The list of keys that work in a pane, and why one does not."""

from __future__ import annotations

from collections.abc import Mapping

from console.commands import Pane, Situation, here, key_name
from store.records import ANSWERS
from widgets.keys import Key
from widgets.language import say
from widgets.prompt import HelpRow, HelpScreen


def help_screen(pane: Pane, situation: Situation, keys: Mapping[str, str]) -> HelpScreen:
    """The window that lists them; `keys` holds the key of every command."""
    rows = []
    for command in here(pane):
        label = f"{say(command.help)}  ({command.id})"
        rows.append(HelpRow(key_name(keys[command.id]), label, command.why_not(situation)))
    moves = say("arrows, Page Up and Down, Home, End: move; space: mark")
    return HelpScreen([*rows, HelpRow("↑↓ j k", moves)], say("Keys that work here"))


def key_line(pane: Pane, situation: Situation, keys: Mapping[str, str]) -> list[Key]:
    """What the key line shows."""
    shown = [command for command in here(pane) if command.stands_in(situation)]
    if any(command.decision in ANSWERS for command in shown):
        # Where somebody asks to be let in, the answers are what the case is for, and most else does not work.
        shown.sort(key=lambda command: (command.decision not in ANSWERS, bool(command.why_not(situation))))
    return [(key_name(keys[c.id]), say(c.label), not c.why_not(situation)) for c in shown]
