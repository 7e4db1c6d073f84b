"""What is shown of perks: the list to choose from, what giving one would do, and a dispatch that waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from store.perk_records import Perk, PerkKind, Preview, Waiting
from widgets.language import say, say_n
from widgets.lines import Line, Page, clock, cut, day, fit, fit_right
from widgets.listing import Listing
from widgets.safe import safe
from widgets.wrapping import wrap

_MOST_LINES = 12
"""Of a message, however long it is."""


def perk_kind_word(kind: PerkKind) -> str:
    """What a kind of perk is called."""
    match kind:
        case PerkKind.CODE:
            return say("code")
        case PerkKind.FIXED:
            return say("fixed code")
        case PerkKind.GIFT:
            return say("gift")
        case PerkKind.POINTS:
            return say("points")
        case PerkKind.DRAW:
            return say("draw entry")
        case PerkKind.SEAT:
            return say("seat")


class PerkList(Listing[tuple[int, Perk]], can_focus=False):
    """Perks with the digit that chooses them: name, kind, how many are left, what one costs."""

    def key_of(self, row: tuple[int, Perk]) -> int:
        """A perk's id."""
        return row[1].id

    def header(self, width: int) -> Line:
        """The names of the columns."""
        name = _name_width(width)
        text = "   " + fit(say("perk"), name) + " " + fit(say("kind"), 10) + " " + fit_right(say("stock"), 7)
        return [(fit(text + " " + fit_right(say("costs"), 6) + "  " + say("until"), width), "listing--header")]

    def paint_row(self, row: tuple[int, Perk], width: int) -> Line:
        """One perk."""
        digit, perk = row
        name = _name_width(width)
        left = "–" if perk.left is None else str(perk.left)
        counts = fit(perk_kind_word(perk.kind), 10) + " " + fit_right(left, 7)
        counts += " " + fit_right(str(perk.cost) if perk.cost else "–", 6)
        return [
            (f"{digit}  " if digit <= 9 else "   ", "listing--mark"),
            (fit(safe(perk.name, 80), name) + " ", "listing--strong"),
            (counts, "listing--error" if perk.left == 0 else ""),
            ("  " + (day(perk.valid_until) if perk.valid_until else "–"), "listing--dim"),
        ]


def _name_width(width: int) -> int:
    return max(10, width - 42)


class PerkPage(Page):
    """Lines about a perk."""

    DEFAULT_CSS = """
    PerkPage {
        & > .perk--dim { text-style: dim; }
        & > .perk--strong { text-style: bold; }
        & > .perk--name { color: $text-secondary; }
        & > .perk--good { text-style: bold; color: $text-success; }
        & > .perk--caution { text-style: bold; color: $text-warning; }
        & > .perk--alarm { text-style: bold; color: $text-error; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "perk--dim",
        "perk--strong",
        "perk--name",
        "perk--good",
        "perk--caution",
        "perk--alarm",
    }


class PreviewView(PerkPage, can_focus=False):
    """What giving the chosen perk would do: who may get it, who not and why, what is left, what they will read."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.preview: Preview | None = None
        self._reading = False

    def show(self, preview: Preview | None, *, reading: bool = False) -> None:
        """Show this preview, or that it is being worked out."""
        self.preview, self._reading = preview, reading
        self.rebuild(0)

    def build(self, width: int) -> list[Line]:
        """The preview's lines, the most needed first."""
        preview = self.preview
        if preview is None:
            return [[(say("checking who may get it …") if self._reading else "", "perk--dim")]]
        if preview.why_not:
            return [[("× " + safe(preview.why_not), "perk--alarm")]]
        may, refused = len(preview.members), sum(count for _, count in preview.refused)
        lines: list[Line] = [
            [
                (
                    say_n("{n} member gets it", "{n} members get it", may),
                    "perk--good" if may else "perk--alarm",
                ),
                (" · " + say("{n} not", n=refused) if refused else "", "perk--caution"),
                (_stock(preview, may), ""),
                ("  " + say("needs approval") if preview.needs_approval else "", "perk--caution"),
            ]
        ]
        for why, count in preview.refused:
            lines.append([("  × " + safe(why, 200), "perk--dim"), (f"  {count}", "")])
        if preview.message:
            lines.append([(say("They will read:"), "perk--dim")])
            lines += message_lines(preview.message, width)
        return lines


def _stock(preview: Preview, may: int) -> str:
    perk = preview.perk
    words = "" if perk.left is None else " · " + say("stock {left}, then {then}", left=perk.left, then=perk.left - may)
    return words + (" · " + say("{n} points each", n=perk.cost) if perk.cost else "")


def message_lines(message: str, width: int) -> list[Line]:
    """A message as its reader will see it, its own line breaks kept."""
    lines: list[Line] = []
    for written in message.splitlines() or [""]:
        text = safe(written, 4_000)
        lines += [[("  " + text[a:b], "perk--name")] for a, b in wrap(text, width - 2, _MOST_LINES)] or [()]
    return [*lines[:_MOST_LINES], [("  …", "perk--dim")]] if len(lines) > _MOST_LINES else lines


class WaitingView(PerkPage):
    """A dispatch that waits for an admin, with all that is needed to say yes or no."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.waiting: Waiting | None = None

    def show(self, waiting: Waiting | None) -> None:
        """Show this one; the same again stays where the reader is."""
        if waiting == self.waiting:
            return
        same = waiting is not None and self.waiting is not None and waiting.id == self.waiting.id
        self.waiting = waiting
        self.rebuild(None if same else 0)

    def build(self, width: int) -> list[Line]:
        """The dispatch's lines."""
        waiting = self.waiting
        if waiting is None:
            return [[(say("No proposal selected."), "perk--dim")]]
        left = say("without limit") if waiting.left is None else say("{n} in stock", n=waiting.left)
        short = waiting.left is not None and waiting.left < waiting.members
        lines: list[Line] = [
            [
                (f"P{waiting.id} ", "perk--strong"),
                (cut(safe(waiting.perk, 80), max(10, width // 2)), "perk--strong"),
                (f" ({perk_kind_word(waiting.kind)})", "perk--dim"),
                ("  → " + say_n("{n} member", "{n} members", waiting.members), "perk--good"),
            ],
            [
                (left, "perk--alarm" if short else ""),
                (" · " + say("{n} points each", n=waiting.cost) if waiting.cost else "", ""),
                (" · " + say("proposed by {name}", name=safe(waiting.by, 60)), "perk--name"),
                (f" · {day(waiting.at)} {clock(waiting.at)}", "perk--dim"),
            ],
        ]
        if waiting.reason:
            lines.append([("“" + safe(waiting.reason) + "”", "perk--dim")])
        if waiting.text:
            lines += [(), [(say("They will read:"), "perk--dim")], *message_lines(waiting.text, width)]
        lines += [(), [(say("To:"), "perk--dim")]]
        for start, end in wrap(shown := _names(waiting), width - 2, 40):
            lines.append([("  " + shown[start:end], "perk--name")])
        return lines


def _names(waiting: Waiting) -> str:
    more = waiting.members - len(waiting.names)
    names = say(", ").join(safe(name, 60) for name in waiting.names)
    return names + (" " + say("and {n} others", n=more) if more > 0 else "")


def numbered(perks: Sequence[Perk]) -> list[tuple[int, Perk]]:
    """Perks with the digits that choose them."""
    return list(enumerate(perks, 1))
