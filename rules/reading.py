"""Reading values out of a decoded table, each with what is allowed there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from rules.beside import Beside, FileProblem
from rules.keylines import KeyPath

LONGEST_DURATION = 3650 * 86_400
"""Seconds, ten years."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,9})\s*([smhd])")


class Refused(ValueError):
    """A value that is not allowed: `key` is where it stands, `problem` what is allowed there.

    Where it stands in a file beside, `file` is that file's name and `line` its line.
    """

    def __init__(self, key: KeyPath, problem: str, file: str = "", line: int | None = None) -> None:
        super().__init__(key, problem)
        self.key = key
        self.problem = problem
        self.file = file
        self.line = line


def spelled_duration(seconds: int) -> str:
    """Seconds as a duration is written in a rulebook, in the largest unit that fits: 600 is "10m"."""
    unit = max((unit for unit, size in _UNITS.items() if seconds % size == 0), key=_UNITS.__getitem__)
    return f"{seconds // _UNITS[unit]}{unit}"


def text_in(texts: Sequence[tuple[str, str]], language: str) -> str:
    """The text in `language` ("zh", "zh_CN", "zh-Hans"), else the first one written, "" where there is none."""
    known = dict(texts)
    wanted = language.replace("_", "-")
    for one in (wanted, wanted.partition("-")[0]):
        if one in known:
            return known[one]
    return texts[0][1] if texts else ""


def quoted(text: str) -> str:
    """A text as it may stand in a message of one line: in quotation marks, escaped, cut at 60 characters."""
    return json.dumps(text if len(text) <= 60 else text[:59] + "…", ensure_ascii=False)


class Table:
    """A table of a document. `allowed` are the keys it may hold, None for any. All methods raise Refused.

    `within` gives the tables that hold the keys written elsewhere. `beside` reads the files that are named; without
    it they are left unread, and count as empty.
    """

    def __init__(
        self,
        values: Mapping[str, object],
        key: KeyPath,
        allowed: Sequence[str] | None,
        beside: Beside | None = None,
        within: Mapping[str, KeyPath] | None = None,
    ) -> None:
        self._values = values
        self._key = key
        self.beside = beside
        self._within = within or {}
        for name in values if allowed is not None else ():
            if name not in (allowed or ()):
                self.refuse(name, f"is not a key here; allowed are {', '.join(allowed or ())}")

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def names(self) -> tuple[str, ...]:
        return tuple(self._values)

    def refuse(self, name: str, problem: str, index: int | None = None) -> NoReturn:
        raise Refused(self._place(name, index), problem)

    def _place(self, name: str, index: int | None = None) -> KeyPath:
        key = self._within.get(name, self._key)
        return (*key, name) if index is None else (*key, name, index)

    def values(self) -> Mapping[str, object]:
        """What stands in the table, unchecked."""
        return self._values

    def holds_table(self, name: str) -> bool:
        return isinstance(self._values.get(name), dict)

    def table(self, name: str, allowed: Sequence[str] | None) -> Table:
        value = self._values.get(name, {})
        if not isinstance(value, dict):
            self.refuse(name, f"must be a table, not {_described(value)}")
        return Table(value, self._place(name), allowed, self.beside)

    def tables(self, name: str, allowed: Sequence[str]) -> tuple[Table, ...]:
        """An array of tables; empty when absent."""
        value = self._values.get(name, [])
        if not isinstance(value, list):
            self.refuse(name, f"must be an array of tables, not {_described(value)}")
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                self.refuse(name, f"must be a table, such as {{ {allowed[0]} = … }}, not {_described(item)}", index)
        return tuple(Table(item, self._place(name, index), allowed, self.beside) for index, item in enumerate(value))

    def text(self, name: str, default: str) -> str:
        value = self._values.get(name, default)
        if not isinstance(value, str):
            self.refuse(name, f"must be a text in quotation marks, not {_described(value)}")
        return value

    def texts_by_language(self, name: str) -> tuple[tuple[str, str], ...]:
        """Pairs of a language ("" for any) and a text: of a table such as { zh = "…", en = "…" }, or of one text."""
        if self.holds_table(name):
            languages = self.table(name, None)
            return tuple((one.replace("_", "-"), languages.text(one, "")) for one in languages.names())
        text = self.text(name, "")
        return (("", text),) if text else ()

    def texts(self, name: str) -> tuple[str, ...]:
        """An array of texts; empty when absent."""
        value = self._values.get(name, [])
        if not isinstance(value, list):
            self.refuse(name, f'must be an array of texts, such as ["one", "two"], not {_described(value)}')
        texts = []
        for index, item in enumerate(value):
            if not isinstance(item, str):
                self.refuse(name, f"must be a text in quotation marks, not {_described(item)}", index)
            texts.append(item)
        return tuple(texts)

    def texts_and_lines(self, name: str, file: str, problem: Callable[[str], str]) -> tuple[str, ...]:
        """The array of texts at `name`, and the lines of the file that is named at `file`.

        `problem` says of each what is wrong with it, "" for nothing.
        """
        texts = self.texts(name)
        for index, text in enumerate(texts):
            if found := problem(text):
                self.refuse(name, found, index)
        return (*texts, *self._lines(file, problem))

    def _lines(self, name: str, problem: Callable[[str], str]) -> list[str]:
        file = self.text(name, "")
        if not file and name in self:
            self.refuse(name, "must name a file")
        if not file or self.beside is None:
            return []
        path = str(self.beside.path(file))
        try:
            lines = self.beside.lines(file)
        except FileProblem as error:
            raise Refused(self._place(name), error.problem, path, error.line) from None
        for line, text in lines:
            if found := problem(text):
                raise Refused(self._place(name), found, path, line)
        return [text for _, text in lines]

    def choices(self, name: str, allowed: Sequence[str]) -> tuple[str, ...]:
        """An array of some of `allowed`; all of them when absent."""
        if name not in self:
            return tuple(allowed)
        chosen = self.texts(name)
        for index, one in enumerate(chosen):
            if one not in allowed:
                self.refuse(name, f"must be one of {', '.join(allowed)}, not {quoted(one)}", index)
        if not chosen:
            self.refuse(name, f"must hold at least one of {', '.join(allowed)}")
        return tuple(dict.fromkeys(chosen))

    def truth(self, name: str, *, default: bool) -> bool:
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            self.refuse(name, f"must be true or false, not {_described(value)}")
        return value

    def choice(self, name: str, allowed: Sequence[str], default: str | None) -> str:
        """One of `allowed`; with no default the key must be there."""
        value = self._values.get(name, default)
        if value is None:
            self.refuse(name, f"is missing; it must be one of {', '.join(allowed)}")
        if not isinstance(value, str) or value not in allowed:
            written = quoted(value) if isinstance(value, str) else _described(value)
            self.refuse(name, f"must be one of {', '.join(allowed)}, not {written}")
        return value

    def number(self, name: str, lowest: float, highest: float, default: float) -> float:
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(name, f"must be a number between {lowest} and {highest}, not {_described(value)}")
        if not lowest <= value <= highest:
            self.refuse(name, f"must be between {lowest} and {highest}, not {value}")
        return float(value)

    def whole(self, name: str, lowest: int, highest: int, default: int | None, *, off: bool = False) -> int:
        """A whole number; with no default the key must be there. `off`: 0 is allowed too."""
        value = self._values.get(name, default)
        allowed = f"{'0 (off) or ' if off else ''}between {lowest} and {highest}"
        if value is None:
            self.refuse(name, f"is missing; it must be {lowest}")
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(name, f"must be a whole number, {allowed}, not {_described(value)}")
        if not (lowest <= value <= highest or (off and value == 0)):
            self.refuse(name, f"must be {allowed}, not {value}")
        return value

    def duration(self, name: str, default: int, *, off: bool = False) -> int:
        """Seconds, of a text such as "10s", "10m", "2h", "30d". `off`: "0s" and 0 are allowed too."""
        value = self._values.get(name)
        if value is None:
            return default
        if off and value == 0 and not isinstance(value, bool | float):
            return 0
        if not isinstance(value, str):
            self.refuse(name, f"must be {_durations(off)}, not {_described(value)}")
        return self.seconds(value, name, off=off)

    def seconds(self, written: str, name: str, index: int | None = None, *, off: bool = False) -> int:
        """The seconds of a duration `written` at `name`."""
        match = _DURATION.fullmatch(written.strip())
        if match is None:
            self.refuse(name, f"must be {_durations(off)}, not {quoted(written)}", index)
        seconds = int(match[1]) * _UNITS[match[2]]
        if not (1 <= seconds <= LONGEST_DURATION or (off and seconds == 0)):
            allowed = f'{"0 (off) or " if off else ""}a duration between "1s" and "3650d"'
            self.refuse(name, f"must be {allowed}, not {quoted(written)}", index)
        return seconds


def _durations(off: bool) -> str:
    return f'{"0 (off) or " if off else ""}a duration such as "10s", "10m", "2h" or "30d"'


def _described(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    names = {str: "a text", list: "an array", dict: "a table"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a date or time")
