"""The result of a draw as a text file, and the check of such a file with nothing but itself.

Every line of the file is either checked or an explanation somebody gave: what was read is written again, and any line
that then differs is refused. What no file can prove is that its two hashes are those published before the draw: whoever
checks compares them, or gives `verify` what was published.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, NoReturn

from rules.draw import HEAD, digest, one_line, order, tickets


class DrawProblem(ValueError):
    """A result or list that does not hold: one line that says what is wrong."""


class _Labels(NamedTuple):
    title: str
    draw: str
    drawn: str
    winner: str
    secret: str
    secret_sha256: str
    list_sha256: str
    value: str
    place: str
    skipped: str
    instead: str
    list: str


_LABELS = {
    "en": _Labels(
        "Vigil draw result 1", "draw", "drawn at", "winner {0}", "secret", "SHA-256 of the secret",
        "SHA-256 of the list", "public value", "place {0}", "place {0} is skipped", "place {0} instead of place {1}",
        "list",
    ),
    "zh": _Labels(
        "Vigil 抽奖结果 1", "抽奖", "开奖时间", "中奖 {0}", "密钥", "密钥的 SHA-256", "名单的 SHA-256", "公开数值",
        "第 {0} 签", "第 {0} 签跳过", "第 {0} 签替补第 {1} 签", "名单",
    ),
}  # fmt: skip

LANGUAGES = tuple(_LABELS)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of entries: the draw's name, how many win, which public value counts as well ("" for none), and a line
    for each entry."""

    name: str
    winners: int
    public_value_of: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """A draw that was held. `places` are the entries' lines by ticket as far as they were needed; `skipped` pairs of a
    place and why; `redraws` a later place, the winner's place it takes, and why, in the order they were made."""

    drawn_at: str
    secret: str
    public_value: str
    list_text: str
    places: tuple[str, ...]
    skipped: tuple[tuple[int, str], ...] = ()
    redraws: tuple[tuple[int, int, str], ...] = ()


def parse_list(text: str) -> Listed:
    """Read a list of entries. Raises DrawProblem."""
    lines = text.split("\n")
    at = 0

    def field(label: str, *, optional: bool = False) -> str:
        nonlocal at
        line = lines[at] if at < len(lines) else ""
        if not line.startswith(f"{label}: "):
            if optional:
                return ""
            raise DrawProblem(f'line {at + 1} of the list: "{label}: …" is expected, not {_quoted(line)}')
        at += 1
        return line[len(label) + 2 :]

    if lines[0] != HEAD:
        raise DrawProblem(f'a list begins with the line "{HEAD}", not with {_quoted(lines[0])}')
    at = 1
    name, winners = field("draw"), _count(field("winners"))
    public_value_of, count = field("public value", optional=True), _count(field("entries"))
    if lines[-1]:
        raise DrawProblem("the list ends in the middle of a line")
    found = lines[at:-1]
    _check_entries(found, count)
    return Listed(name, winners, public_value_of, tuple(found))


def _check_entries(lines: Sequence[str], count: int) -> None:
    keys = []
    for number, line in enumerate(lines, 1):
        written, _, rest = line.partition(" ")
        if written != str(number):
            raise DrawProblem(
                f"entry {number} of the list: has the number {_quoted(written)}; one was added, removed or moved"
            )
        key = rest.partition(" ")[0]
        if ":" not in key:
            raise DrawProblem(f"entry {number} of the list: names no member")
        keys.append(key)
    if len(lines) != count:
        raise DrawProblem(f"the list says it has {count} entries, and has {len(lines)}; some were added or removed")
    for number, (before, after) in enumerate(pairwise(keys), 2):
        if before >= after:
            why = "is there twice" if before == after else "is not in its place; entries stand in the order of ids"
            raise DrawProblem(f"entry {number} of the list: {_quoted(after)} {why}")


def seats(
    wanted: int, available: int, drawn: int, skipped: Collection[int], redraws: Sequence[tuple[int, int, str]]
) -> list[int]:
    """The places of the winners after all redraws, when `drawn` places were needed. Raises DrawProblem when that is
    not by the rule: each seat goes to the next place that is not skipped, and no place is drawn for nobody."""
    if drawn > available:
        raise DrawProblem(f"{drawn} places were drawn from {available} entries")
    found: list[int] = []
    last = 0
    while len(found) < wanted and last < drawn:
        last += 1
        if last not in skipped:
            found.append(last)
    if len(found) < wanted and drawn < available:
        raise DrawProblem(f"{len(found)} of {wanted} winners were drawn, though the list has more entries")
    for new, old, _ in redraws:
        if old not in found:
            raise DrawProblem(f"redraw: place {new} is given instead of place {old}, which is no winner's then")
        last += 1
        while last in skipped:
            last += 1
        if new != last:
            raise DrawProblem(f"redraw: place {new} is given instead of place {old}; by the rule it is place {last}")
        found[found.index(old)] = new
    if last != drawn:
        raise DrawProblem(
            f"place {last + 1} was drawn though nobody's seat was free"
            if last < drawn
            else f"place {last} won, and is not among the places"
        )
    return found


def winners_of(result: Result, listed: Listed) -> list[str]:
    """The winners' lines by seat. Raises DrawProblem."""
    skipped = {place for place, _ in result.skipped}
    places = seats(listed.winners, len(listed.lines), len(result.places), skipped, result.redraws)
    return [result.places[place - 1] for place in places]


def render(result: Result, language: str) -> str:
    """The file. `language` is one of LANGUAGES; any other is English. Raises DrawProblem."""
    label = _LABELS.get(language, _LABELS["en"])
    listed = parse_list(result.list_text)
    lines = [label.title, f"{label.draw}: {listed.name}", f"{label.drawn}: {result.drawn_at}"]
    lines += [f"{label.winner.format(seat)}: {line}" for seat, line in enumerate(winners_of(result, listed), 1)]
    lines.append(f"{label.secret}: {result.secret}")
    if listed.public_value_of:
        lines.append(f"{label.value}: {result.public_value}")
    lines += [
        f"{label.secret_sha256}: {digest(result.secret)}",
        f"{label.list_sha256}: {digest(result.list_text)}",
    ]
    drawn = tickets(result.secret, digest(result.list_text), result.public_value, result.places)
    lines += [
        f"{label.place.format(place)}: {ticket} {line}"
        for place, (ticket, line) in enumerate(zip(drawn, result.places, strict=True), 1)
    ]
    lines += [f"{label.skipped.format(place)}: {why}" for place, why in result.skipped]
    lines += [f"{label.instead.format(new, old)}: {why}" for new, old, why in result.redraws]
    return "\n".join([*lines, f"{label.list}:", result.list_text])


@dataclass(frozen=True, slots=True)
class Verified:
    """A result that holds: the draw, its entries, the winners' lines, and the hashes to compare with what was
    published before the draw."""

    name: str
    entries: int
    winners: tuple[str, ...]
    skipped: int
    redraws: int
    secret_sha256: str
    list_sha256: str


def verify(text: str, published: str = "") -> Verified:
    """Check a result file, and that `published`, if given, names both its hashes. Raises DrawProblem."""
    text = text.replace("\r\n", "\n").rstrip("\n") + "\n"
    language, head, list_text = _split(text)
    read = _Reader(_LABELS[language], head)
    listed = parse_list(list_text)
    secret_sha256, list_sha256 = read.one("secret_sha256"), read.one("list_sha256")
    result = Result(
        read.one("drawn"),
        read.one("secret"),
        read.one("value") if listed.public_value_of or read.has("value") else "",
        list_text,
        tuple(said.partition(" ")[2] for said in read.numbered("place")),
        tuple((place, why) for (place,), why in read.all("skipped")),
        tuple((new, old, why) for (new, old), why in read.all("instead")),
    )
    if not re.fullmatch("[0-9a-f]{64}", result.secret):
        raise DrawProblem("the secret is not 64 hexadecimal digits")
    if digest(result.secret) != secret_sha256:
        raise DrawProblem("the secret is not the one that was committed to: its SHA-256 is another")
    if digest(list_text) != list_sha256:
        raise DrawProblem("the list is not the one that was committed to, an entry was changed: its SHA-256 is another")
    if read.one("draw") != listed.name:
        raise DrawProblem("the draw's name is not that of the list")
    if bool(listed.public_value_of) != bool(result.public_value):
        missing = "is missing" if listed.public_value_of else "counts, though none was named in advance"
        raise DrawProblem(f"the public value {missing}")
    _check_places(result, listed, list_sha256)
    _check_tickets(result, list_sha256, read.numbered("place"))
    if tuple(read.numbered("winner")) != tuple(winners := winners_of(result, listed)):
        raise DrawProblem("the winners named are not those of the places drawn")
    _check_rest(text, render(result, language))
    for what, hashed in (("secret", secret_sha256), ("list", list_sha256)):
        if published and hashed not in published.lower():
            raise DrawProblem(f"the {what} is not the one that was published before: its SHA-256 {hashed} is not there")
    return Verified(
        listed.name, len(listed.lines), tuple(winners), len(result.skipped), len(result.redraws), secret_sha256,
        list_sha256,
    )  # fmt: skip


def _split(text: str) -> tuple[str, list[str], str]:
    """The language of a file, its lines before the list, and the list."""
    first = text.partition("\n")[0]
    if first == HEAD:
        raise DrawProblem("this is a list of entries; the file to verify is the result, which holds the list")
    language = next((key for key, label in _LABELS.items() if label.title == first), None)
    if language is None:
        raise DrawProblem(f'is no result of a draw: the first line is {_quoted(first)}, not "{_LABELS["en"].title}"')
    head, mark, listed = text.partition(f"\n{_LABELS[language].list}:\n")
    if not mark:
        raise DrawProblem("the list of entries is missing: the file was cut short, or is not the full result")
    return language, head.split("\n"), listed


class _Reader:
    """The lines before the list, by what they say."""

    def __init__(self, labels: _Labels, lines: Sequence[str]) -> None:
        self._labels = labels
        self._found: dict[str, list[tuple[tuple[int, ...], str]]] = {name: [] for name in _Labels._fields}
        number = "([1-9][0-9]{0,8})"
        shapes: list[tuple[str, Callable[[str], re.Match[str] | None]]] = []
        for name, label in labels._asdict().items():
            pattern = re.escape(label).replace(r"\{0\}", number).replace(r"\{1\}", number)
            shapes.append((name, re.compile(f"{pattern}: (.*)", re.DOTALL).fullmatch))
        for at, line in enumerate(lines[1:], 2):
            for name, fits in shapes:
                if match := fits(line):
                    *numbers, said = match.groups()
                    self._found[name].append((tuple(map(int, numbers)), said))
                    break
            else:
                raise DrawProblem(f"line {at}: does not belong here: {_quoted(line)}")

    def has(self, name: str) -> bool:
        return bool(self._found[name])

    def one(self, name: str) -> str:
        found = self._found[name]
        if len(found) != 1:
            self._object(name, "is missing" if not found else "is there more than once")
        return found[0][1]

    def all(self, name: str) -> list[tuple[tuple[int, ...], str]]:
        return self._found[name]

    def numbered(self, name: str) -> list[str]:
        """What is said with the numbers 1, 2, 3 and so on."""
        found = self._found[name]
        for expected, ((number,), _) in enumerate(found, 1):
            if number != expected:
                self._object(name, f"is expected, and {number} is there", expected)
        return [said for _, said in found]

    def _object(self, name: str, problem: str, *numbers: int) -> NoReturn:
        raise DrawProblem(f'"{self._labels._asdict()[name].format(*numbers or (1, 1))}" {problem}')


def _check_places(result: Result, listed: Listed, list_sha256: str) -> None:
    if len(result.places) > len(listed.lines):
        raise DrawProblem(f"{len(result.places)} places were drawn from {len(listed.lines)} entries")
    by_ticket = order(result.secret, list_sha256, result.public_value, listed.lines)
    for place, line in enumerate(result.places, 1):
        right = listed.lines[by_ticket[place - 1]]
        if line != right:
            also = ", or the public value was changed" if listed.public_value_of else ""
            raise DrawProblem(f"place {place}: by the tickets it is {_quoted(right)}, not {_quoted(line)}{also}")
    numbers = [place for place, _ in result.skipped]
    if numbers != sorted({place for place in numbers if place <= len(result.places)}):
        raise DrawProblem("the places skipped are not places of this draw, each once and in order")


def _check_tickets(result: Result, list_sha256: str, said: Sequence[str]) -> None:
    right = tickets(result.secret, list_sha256, result.public_value, result.places)
    for place, (ticket, written) in enumerate(zip(right, said, strict=True), 1):
        if written.partition(" ")[0] != ticket:
            raise DrawProblem(f"place {place}: its ticket is {ticket}; it or the public value was changed")


def _check_rest(text: str, right: str) -> None:
    if text == right:
        return
    pairs = zip(text.split("\n"), right.split("\n"), strict=False)
    at, (said, wanted) = next((at, pair) for at, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    raise DrawProblem(f"line {at}: {_quoted(wanted)} is expected, and {_quoted(said)} is there")


def _count(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,8}|0", text):
        raise DrawProblem(f"{_quoted(text)} is no number of winners or entries")
    return int(text)


def _quoted(text: str) -> str:
    return f'"{one_line(text, 80)}"'
