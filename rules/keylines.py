"""Where each key of a TOML text stands: its line, for messages that name one."""

from __future__ import annotations

import re
import tomllib

KeyPath = tuple[str | int, ...]
"""Table names and keys as strings, places in an array as integers from 0."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACES = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[ \t]*(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*""")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


def key_lines(source: str) -> dict[KeyPath, int]:
    """The line, from 1, of every table, key and array item of `source`, which tomllib must have accepted.

    Of a key that is opened several times (a table and its subtables) the first line counts.
    """
    return _Walk(source).lines


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int | None:
    """The line of `path`, or of the nearest table or array around it; None when there is none."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


class _Walk:
    def __init__(self, source: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._source = source.replace("\r\n", "\n")
        self._at = 0
        self._line = 1
        self._counted_to = 0
        self._tables_in: dict[KeyPath, int] = {}
        self._walk()

    def _walk(self) -> None:
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self._source):
            if self._source.startswith("[[", self._at):
                self._at += 2
                table = self._resolve(self._key(), opens_item=True)
                self._at += 2
            elif self._source[self._at] == "[":
                self._at += 1
                table = self._resolve(self._key(), opens_item=False)
                self._at += 1
            else:
                self._pair(table)

    def _resolve(self, key: KeyPath, *, opens_item: bool) -> KeyPath:
        """The path a table's header means: within an array of tables, its last table."""
        path: KeyPath = ()
        for place, part in enumerate(key, start=1):
            path = (*path, part)
            self._note(path)
            if opens_item and place == len(key):
                self._tables_in[path] = self._tables_in.get(path, 0) + 1
            if path in self._tables_in:
                path = (*path, self._tables_in[path] - 1)
                self._note(path)
        return path

    def _pair(self, table: KeyPath) -> None:
        path = table
        for part in self._key():
            path = (*path, part)
            self._note(path)
        self._at += 1  # the equals sign
        self._skip(_SPACES)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        opening = self._source[self._at]
        if opening in "\"'":
            self._skip(_STRING)
        elif opening == "[":
            self._at += 1
            index = 0
            while self._source[self._skip(_BLANK)] != "]":
                self._note((*path, index))
                self._value((*path, index))
                self._skip(_BLANK)
                if self._source[self._at] == ",":
                    self._at += 1
                index += 1
            self._at += 1
        elif opening == "{":
            self._at += 1
            while self._source[self._skip(_BLANK)] != "}":
                self._pair(path)
                self._skip(_BLANK)
                if self._source[self._at] == ",":
                    self._at += 1
            self._at += 1
        else:
            self._skip(_SCALAR)

    def _key(self) -> KeyPath:
        parts: list[str] = []
        while True:
            start = self._at
            written = self._source[start : self._skip(_KEY)].strip(" \t")
            parts.extend(tomllib.loads(f"{written} = 0") if written[0] == '"' else [written.strip("'")])
            if self._source[self._at] != ".":
                return tuple(parts)
            self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._source, self._at)
        if match is None:
            raise ValueError(f"no TOML at character {self._at}")
        self._at = match.end()
        return self._at

    def _note(self, path: KeyPath) -> None:
        self._line += self._source.count("\n", self._counted_to, self._at)
        self._counted_to = self._at
        self.lines.setdefault(path, self._line)
