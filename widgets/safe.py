"""Makes text of strangers safe to show: no byte of it can steer the terminal, shift a row or hide itself."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

Stretch = tuple[int, int]
"""A stretch of a text, in code points, end exclusive."""

LIMIT = 400
"""How many code points of a text are shown where nothing else is said."""

MARKS = 3
"""How many combining marks may stand on one character."""

_REPLACED = "\ufffd"
_BREAK = "⏎"
_MORE = "…"

# Nothing in these ranges combines, is invisible, or is measured differently by rich and by terminals. Text
# made of them alone needs no second look; all else goes through _rebuild one code point at a time.
_PLAIN = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u058a\u2010-\u2027\u2030-\u205e\u2070-\u20bf"
    "\u2100-\u262f\u2638-\u2689\u2690-\u2cee\u2e80-\u3029\u3030-\u3098\u309b-\u3163\u3165-\u3247\u3250-\ua48c"
    "\uac00-\ud7a3\uff01-\uff9f\uffe0-\uffe6\ufffd\U0001f000-\U0001f3fa\U0001f400-\U0001faff]*"
)

# Removed although they are neither control nor format characters: blank letters and what only changes the
# look of the character before it. Terminals and rich count the cells of these differently.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u20e3\u3164\uffa0\ufe00-\ufe0f"
    "\U0001d159\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
)

# Symbols that rich and terminals give different widths.
_DISPUTED = re.compile("[\u2630-\u2637\u268a-\u268f\u3248-\u324f\U0001d300-\U0001d376]")

_JAMO = re.compile("[\u1161-\u11ff\ud7b0-\ud7ff]")  # Hangul vowels and finals: they join the syllable before

# One stretch of marks may be this long before it is composed (the length of a Stream-Safe Text, UAX 15).
_STRETCH = 30


def _plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text.isprintable() and unicodedata.is_normalized("NFC", text)


def safe(text: str, limit: int = LIMIT) -> str:
    """Return `text` as it may be shown on one line, at most `limit` code points of it.

    Control bytes become visible signs, line breaks `⏎`, other white space a space; what is invisible, turns
    the direction of writing or changes a width is removed or shown as U+FFFD. The result is in NFC, and
    making it safe again changes nothing.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    return _safe(text, limit)[0]


def cells(text: str) -> int:
    """How many cells of a terminal the safe `text` takes."""
    return cell_len(text)


def safe_spans(text: str, spans: Sequence[Stretch], limit: int = LIMIT) -> tuple[str, list[Stretch]]:
    """Return `safe(text, limit)`, and where in it the `spans` of the original text have come to stand.

    A span that holds only removed characters marks the character that now stands in its place. Spans that
    begin beyond what is shown are left out.
    """
    shown, origins = _safe(text, limit)
    result: list[Stretch] = []
    for start, end in spans:
        start, end = max(0, min(start, len(text))), max(0, min(end, len(text)))
        if start >= end:
            continue
        if origins is None:
            first, last = start, end
            if first >= len(shown):
                continue
        else:
            starts, ends = origins
            first, last = bisect_right(ends, start), bisect_left(starts, end)
            if first >= len(shown) and len(shown) < limit and shown:
                first = len(shown) - 1  # removed characters at the very end
        last = min(max(last, first + 1), len(shown))
        if first < last:
            result.append((first, last))
    return shown, result


def window(text: str, spans: Sequence[Stretch], width: int) -> tuple[str, list[Stretch]]:
    """Return the part of a safe `text` that fits `width` cells and shows the first of `spans`, and the
    spans in it.

    Where something is left out stands `…`.
    """
    if cell_len(text) <= width:
        return text, list(spans)
    if width <= 1:
        return _MORE[:width], []
    start = 0
    if spans:
        first, last = min(spans)
        room = max(0, width - 2 - cell_len(text[first:last]))
        if cell_len(text[:last]) > width - 1:
            # A third of the spare room before the evidence, the rest after it.
            start = _back(text, first, room // 3)
    lead = _MORE if start else ""
    stop = _forward(text, start, width - len(lead))
    if stop < len(text):
        stop = _forward(text, start, width - len(lead) - 1)
    elif start:
        # The end of the text fits: use the room that is left for what stands before it.
        start = _back(text, len(text), width - 1)
    shown = lead + text[start:stop] + (_MORE if stop < len(text) else "")
    shift = len(lead) - start
    moved = [(max(a, start) + shift, min(b, stop) + shift) for a, b in spans if max(a, start) < min(b, stop)]
    return shown, moved


def _forward(text: str, start: int, cells: int) -> int:
    """The end of the longest part of `text` from `start` on that takes no more than `cells`."""
    stop = start
    while stop < len(text) and (cells := cells - cell_len(text[stop])) >= 0:
        stop += 1
    return stop


def _back(text: str, stop: int, cells: int) -> int:
    """The beginning of the longest part of `text` before `stop` that takes no more than `cells`."""
    start = stop
    while start and (cells := cells - cell_len(text[start - 1])) >= 0:
        start -= 1
    while start < stop and _joins(text[start]):  # never begin with a mark whose letter was left out
        start += 1
    return start


def _joins(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me") or _JAMO.match(char) is not None


def _safe(text: str, limit: int) -> tuple[str, tuple[list[int], list[int]] | None]:
    """The safe text, and for each of its code points where its origin begins and ends: None when nothing
    moved.
    """
    head = text[:limit]
    if _plain(head):
        return (head if len(text) <= limit else head[:-1] + _MORE if limit else ""), None
    return _rebuild(text, limit)


def _rebuild(text: str, limit: int) -> tuple[str, tuple[list[int], list[int]]]:
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    cluster, begin, end, more = "", 0, 0, False

    def flush() -> None:
        nonlocal cluster
        marks = 0
        for char in cluster if len(cluster) == 1 and cluster < "\u0300" else unicodedata.normalize("NFC", cluster):
            char = char if char < "\u0300" else _shown(char)  # what a character falls apart into may be unsafe
            marks = marks + 1 if _joins(char) else 0
            if marks <= MARKS:
                out.append(char)
                starts.append(begin)
                ends.append(end)
        cluster = ""

    # A text may be megabytes of invisible characters: look at so many and no more.
    reach = limit * 20 + 1000
    for at, char in enumerate(text[:reach]):
        shown = char if "!" <= char <= "~" else _shown(char)
        if not shown or (char == "\r" and text[at + 1 : at + 2] == "\n"):
            continue
        if shown == char and char > "~" and _joins(char):
            if cluster and len(cluster) <= _STRETCH:
                cluster += char
                end = at + 1
            continue
        flush()
        if len(out) > limit:
            break
        cluster, begin, end = shown, at, at + 1
    else:
        flush()
        more = len(text) > reach
    if len(out) > limit or (more and len(out) == limit):
        del out[limit:], starts[limit:], ends[limit:]
        more = True
        if out:
            out[-1] = _MORE
    elif more:
        out.append(_MORE)
        starts.append(reach)
        ends.append(len(text))
    return "".join(out), (starts, ends)


def _shown(char: str) -> str:
    """What stands for one code point: itself, another, or nothing."""
    code = ord(char)
    if char == "\n":
        return _BREAK
    if char == "\t":
        return " "
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if _BLANK.match(char):
        return ""
    if _DISPUTED.match(char):
        return _REPLACED
    match unicodedata.category(char):
        case "Cf":
            return ""
        case "Cc" | "Cs" | "Co" | "Cn" | "Mc":
            # Mc: marks that take room of their own. rich gives them none, terminals a cell.
            return _REPLACED
        case "Zl" | "Zp":
            return _BREAK
        case "Zs":
            return char if code == 0x3000 else " "  # the ideographic space takes two cells everywhere
    return char


def joined(spans: Iterable[Stretch]) -> list[Stretch]:
    """Return `spans` in order, those that touch or overlap made one."""
    result: list[Stretch] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result
