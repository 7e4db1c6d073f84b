"""What is asked in a window of its own: a line of text, a choice; and the list of keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from widgets.language import say
from widgets.lines import Line, Page, cut, fit
from widgets.listing import Listing
from widgets.safe import safe
from widgets.window import window_css

_SIZE = "width: 76; max-width: 96%; height: auto; max-height: 90%"


class LineInput(Input):
    """A line to type in. What is pasted into it is made safe like any text."""

    def __init__(self, value: str = "", *, placeholder: str = "", max_length: int = 500) -> None:
        super().__init__(
            safe(value, max_length),
            placeholder=safe(placeholder),
            max_length=max_length,
            select_on_focus=False,
            compact=True,
        )
        self.cursor_blink = False  # a blinking cursor writes 3 kB a second down the line

    def validate_value(self, value: str) -> str:
        """Let nothing in that could steer the terminal."""
        return safe(value, self.max_length or 500)


class Prompt(ModalScreen[str | None]):
    """Asks for one line: a reason, a filter. Enter gives it, Escape gives None."""

    DEFAULT_CSS = window_css("Prompt", _SIZE)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False, id="prompt.cancel"),
    ]

    def __init__(self, title: str, value: str = "", *, placeholder: str = "", max_length: int = 500) -> None:
        super().__init__()
        self._asked = title
        self._line = LineInput(value, placeholder=placeholder, max_length=max_length)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content(safe(self._asked)), classes="title", markup=False)
            yield self._line
            yield Static(Content(say("Enter: accept   Esc: cancel")), classes="hint", markup=False)

    def on_mount(self) -> None:
        self._line.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        self.dismiss(None)


class HelpRow(NamedTuple):
    """A key, what it does, and why it does not work now: "" if it does."""

    key: str
    label: str
    why_not: str = ""


class HelpPage(Page):
    """The keys, one below the other."""

    DEFAULT_CSS = """
    HelpPage {
        height: auto;
        & > .help--key { text-style: bold; color: $text-accent; }
        & > .help--off { text-style: dim; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"help--key", "help--off"}

    def __init__(self, rows: Sequence[HelpRow]) -> None:
        super().__init__()
        self._rows = rows

    def build(self, width: int) -> list[Line]:
        """One line a key, and one more for the reason why it does not work."""
        keys = min(16, max((len(row.key) for row in self._rows), default=1))
        lines: list[Line] = []
        for row in self._rows:
            key, label = fit(safe(row.key, 40), keys) + "  ", safe(row.label)
            if row.why_not:
                # The reason has a line of its own: beside the label it would be cut.
                lines.append([(key + label, "help--off")])
                lines.append([(" " * (keys + 2) + "× " + safe(row.why_not), "help--off")])
            else:
                lines.append([(key, "help--key"), (label, "")])
        return lines


class HelpScreen(ModalScreen[None]):
    """Lists the keys that work here, and why one does not."""

    DEFAULT_CSS = window_css("HelpScreen", _SIZE)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,enter", "close", "Close", show=False, id="help.close"),
    ]

    def __init__(self, rows: Sequence[HelpRow], title: str = "") -> None:
        super().__init__()
        self._asked = title
        self._rows = [HelpRow(*row) for row in rows]
        self._page = HelpPage(self._rows)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content(safe(self._asked) or say("Keys")), classes="title", markup=False)
            yield self._page
            yield Static(Content(say("Esc: close")), classes="hint", markup=False)

    def on_mount(self) -> None:
        self._page.styles.height = max(1, len(self._rows) + sum(bool(row.why_not) for row in self._rows))
        self._page.styles.max_height = max(1, self.app.size.height - 8)
        self._page.focus()

    def action_close(self) -> None:
        self.dismiss(None)


class Choice(NamedTuple):
    """What can be chosen: the id that is given back, and what is shown."""

    id: str
    label: str


class ChoiceList(Listing[tuple[int, Choice]], can_focus=False):
    """The choices that hold what was typed."""

    def key_of(self, row: tuple[int, Choice]) -> int:
        """A choice's number among all."""
        return row[0]

    def paint_row(self, row: tuple[int, Choice], width: int) -> Line:
        """One choice."""
        return [(cut(safe(row[1].label), width), "")]


class PickScreen(ModalScreen[str | None]):
    """Asks for one of several: by arrows, or by typing a part of its name. Escape gives None."""

    DEFAULT_CSS = window_css("PickScreen", _SIZE)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False, id="pick.cancel"),
        Binding("up", "move(-1)", "Up", show=False, id="pick.up"),
        Binding("down", "move(1)", "Down", show=False, id="pick.down"),
        Binding("pageup", "move(-10)", "Page up", show=False, id="pick.page-up"),
        Binding("pagedown", "move(10)", "Page down", show=False, id="pick.page-down"),
    ]

    def __init__(self, choices: Sequence[tuple[str, str]], title: str = "", chosen: str | None = None) -> None:
        """`chosen` is the id the cursor stands on at first."""
        super().__init__()
        self._asked = title
        self._all = [(at, Choice(*choice)) for at, choice in enumerate(choices)]
        self._chosen = chosen
        self._line = LineInput(max_length=60)
        self._list = ChoiceList(empty=lambda: say("Nothing has that in its name."))

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content(safe(self._asked) or say("Choose")), classes="title", markup=False)
            yield self._line
            yield self._list
            yield Static(Content(say("Type to search   Enter: choose   Esc: cancel")), classes="hint", markup=False)

    def on_mount(self) -> None:
        self._list.styles.height = max(1, min(len(self._all), self.app.size.height - 9))
        self._list.show(self._all)
        for at, choice in self._all:
            if choice.id == self._chosen:
                self._list.select(at)
        self._line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        sought = event.value.casefold()
        self._list.show([row for row in self._all if sought in safe(row[1].label).casefold()])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        row = self._list.selected
        if row is not None:
            self.dismiss(row[1].id)

    def action_move(self, rows: int) -> None:
        self._list.move(rows)

    def action_cancel(self) -> None:
        self.dismiss(None)
