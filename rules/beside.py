"""The files beside a rulebook: long lists, one entry a line."""

from __future__ import annotations

from pathlib import Path

LARGEST_FILE = 4 << 20
"""Bytes. A rulebook and its lists are written by hand; what is larger is some other file."""


class FileProblem(ValueError):
    """A file that cannot be used: `line` from 1 or None, and what is wrong."""

    def __init__(self, line: int | None, problem: str) -> None:
        super().__init__(line, problem)
        self.line = line
        self.problem = problem


def read_text(path: Path, what: str) -> str:
    """The text of a file of UTF-8, with or without a mark in front. `what` it is, for the error.

    Raises FileProblem.
    """
    try:
        if path.is_dir():
            raise FileProblem(None, f"is a directory, not a {what}")
        # A pipe nobody writes into would be waited for without end.
        if path.exists() and not path.is_file():
            raise FileProblem(None, f"is no ordinary file: not a {what}")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, FileProblem):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FileProblem(None, f"cannot be read: {reason}") from error
    if len(data) > LARGEST_FILE:
        raise FileProblem(None, f"is larger than {LARGEST_FILE >> 20} MiB: not a {what}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileProblem(line, f"is not UTF-8 (byte {data[error.start]:#04x})") from error


class Beside:
    """The lists a rulebook names, found from its folder. `files` are those that were asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[Path] = []

    def path(self, name: str) -> Path:
        """Where the file of that name is. Of a user nobody knows the folder of, "~" stands for itself."""
        try:
            return self.folder / Path(name).expanduser()
        except RuntimeError:
            return self.folder / name

    def lines(self, name: str) -> list[tuple[int, str]]:
        """The entries of a list, with their lines: without empty lines and those that begin with #.

        Raises FileProblem.
        """
        path = self.path(name)
        self.files.append(path)
        entries = []
        for number, line in enumerate(read_text(path, "list").split("\n"), start=1):
            entry = line.strip()
            if entry and not entry.startswith("#"):
                entries.append((number, entry))
        return entries
