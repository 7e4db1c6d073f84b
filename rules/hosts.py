"""Where in a marked text names with dots stand: hosts of links, with their disguises taken off.

Whether such a name is a host at all, the caller decides by its last label: see `rules.domains` and
`rules.contact_links`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from rules.marked import FULL_STOP, SYMBOL, Marked, marked

_COMMON_WORDS = """
    com net org ru cn top xyz shop vip club info cc io site online store icu cyou live fun app dev tk ml ga cf
    gq win bet su ua by kz biz pro link click work space website tech mobi asia in uk de fr jp tw hk pw ws tv me
    gg ly pф
"""
COMMON = frozenset(_COMMON_WORDS.split())
"""Last labels that are taken for a domain's though the dot before them is written as a word or set apart."""

_WORDS_WORDS = "top shop vip club info live fun app link click work space tech in me by pro win bet store"
_WORDS = frozenset(_WORDS_WORDS.split())
_SECOND = frozenset(("co", "com", "net", "org", "gov", "edu", "ac"))
_PREPOSITIONS = frozenset(("in", "me", "by"))
_SHORT_HOSTS = frozenset(("t", "wa", "telegram", "vk"))
_LETTER = r"0-9a-z_\-\u00df-\u1fff"
_IDEOGRAPH = r"\u2e80-\ud7ff\uf900-\ufaff"
_DOT_WORD = rf"(?:\.|{FULL_STOP}|dot|点|{re.escape(marked('точка').text)})"
_DOT = rf"(?:\. | \. | ?[\[({{<] ?{_DOT_WORD} ?[\])}}>] ?| ?{FULL_STOP} ?| ?点 ?| (?:dot|{marked('точка').text}) |\.)"
_NAME = re.compile(rf"(?<![{_LETTER}])[{_LETTER}]{{1,63}}+(?:{_DOT}[{_LETTER}]{{1,63}}+)++")
# Ideographs only after a scheme: in Chinese prose nothing says where a name begins.
_WIDE = rf"[{_LETTER}{_IDEOGRAPH}]"
_AFTER_SCHEME = re.compile(
    rf"(?:https?|h[x*]{{2}}ps?|ftp) ?: ?[/\\]{{1,3}} ?"
    rf"(\[[0-9a-f:.]{{2,45}}+\]|{_WIDE}{{1,63}}+(?:{_DOT}{_WIDE}{{1,63}}+)*+)"
)
_SCHEME = re.compile(r"(?:https?|h[x*]{2}ps?|ftp) ?: ?[/\\]{1,3} ?(?:[^\s/@]{0,80}@)?\Z")
_USER_INFO = re.compile(rf"(?::[^\s/@]{{0,80}}+)?@[{_LETTER}]")
_PART = re.compile(rf"[{_LETTER}{_IDEOGRAPH}]++")
_SEPARATOR = re.compile(_DOT)
_LONGEST_PATH = 500
_PATH = re.compile(rf"(?::\d{{1,5}}+)?(?:[/?#\\][^\s<>{_IDEOGRAPH}\uff00-\uffef]{{0,{_LONGEST_PATH}}}+)?")
_LONGEST_SCHEME = 14
_LONGEST_USER = 100
_MOST_LABELS = 20
_HINTS = (".", FULL_STOP, "点", " dot ", "dot)", "dot]", marked("точка").text, "://")


class Named(NamedTuple):
    """A name with dots. `labels` are spans of the marked text; `start` to `end` covers scheme and path too.

    `host_end` is where the path, if any, begins. `plain`: every dot is a dot. `scheme`: one stands before it.
    `user`: what stands between scheme and host, "" for nothing.
    """

    labels: tuple[tuple[int, int], ...]
    start: int
    host_end: int
    end: int
    plain: bool
    scheme: bool
    user: str

    def name(self, text: str) -> str:
        """The host as the marked `text` has it."""
        return ".".join(text[start:end] for start, end in self.labels)


def may_name(text: str) -> bool:
    """Whether the marked `text` could hold a name: a quick no."""
    return any(hint in text for hint in _HINTS)


def named(one: Marked) -> list[Named]:
    """The names with dots in a text, from left to right. Linear in its length.

    A name inside another link's path counts only with a scheme of its own.
    """
    text = one.text
    found = sorted(
        {each.labels[0][0]: each for source in (_bare(text), _schemed(text)) for each in source}.values(),
        key=lambda each: each.labels[0][0],
    )
    result = []
    past = 0
    for each in found:
        if each.start >= past or each.scheme:
            result.append(each)
            if each.scheme or each.end > each.host_end:
                past = max(past, each.end)
    return result


def _schemed(text: str) -> Iterator[Named]:
    """Links with a scheme whose hosts `_bare` does not know: ideographs, addresses in brackets, single numbers."""
    if ":" not in text:
        return
    for match in _AFTER_SCHEME.finditer(text):
        start, end = match.span(1)
        if _USER_INFO.match(text, end):
            continue
        host = match[1]
        if host.startswith("["):
            labels: tuple[tuple[int, int], ...] = ((start, end),)
        else:
            labels = _labels(text, start, end)[-_MOST_LABELS:]
            if all(ord(char) < 0x2E80 for char in host) and len(labels) > 1:
                continue
        yield Named(labels, match.start(), end, _path_end(text, end), True, True, "")


def _bare(text: str) -> Iterator[Named]:
    for match in _NAME.finditer(text):
        labels = _labels(text, match.start(), match.end())
        for first, last in _pieces(text, labels):
            if last - first >= 2:
                each = _completed(text, labels[first:last])
                if each is not None:
                    yield each


def _labels(text: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """The labels of a name: what its dots leave."""
    labels = []
    place = start
    for dot in _SEPARATOR.finditer(text, start, end):
        labels.append((place, dot.start()))
        place = dot.end()
    labels.append((place, end))
    return tuple((first, last) for first, last in labels if first < last)


def _pieces(text: str, labels: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int]]:
    """The runs of labels that belong together: a sentence's end is no dot of a name."""
    first = 0
    for place in range(1, len(labels)):
        if not _joined(text, labels, first, place):
            yield first, place
            first = place
    yield first, len(labels)


def _joined(text: str, labels: tuple[tuple[int, int], ...], first: int, place: int) -> bool:
    """Whether the dot before label `place` joins it to the one before."""
    dot = text[labels[place - 1][1] : labels[place][0]]
    if dot == ".":
        return True
    before, label = text[slice(*labels[place - 1])], text[slice(*labels[place])]
    if before == "www" or label == "www":
        return before == "www"
    if label not in COMMON and not (label in _SECOND and _next_label(text, labels, place) in COMMON):
        return False
    if label == "me" and before in _SHORT_HOSTS:
        return True
    if before.isdigit() or (label in _PREPOSITIONS and dot.strip() in (".", FULL_STOP)):
        return False
    if dot == ". ":
        return any(map(str.isdigit, before)) or (label not in _WORDS and _scheme(text, labels[first][0]))
    return True


def _next_label(text: str, labels: tuple[tuple[int, int], ...], place: int) -> str:
    return text[slice(*labels[place + 1])] if place + 1 < len(labels) else ""


def _scheme(text: str, start: int) -> bool:
    return _SCHEME.search(text, max(0, start - _LONGEST_SCHEME), start) is not None


def _completed(text: str, labels: tuple[tuple[int, int], ...]) -> Named | None:
    """The name with its scheme and path; None for an e-mail address, a file's path, and what stands before an @."""
    labels = labels[-_MOST_LABELS:]
    start, host_end = labels[0][0], labels[-1][1]
    before = text[start - 1] if start else ""
    begin, user = start, ""
    scheme = False
    if before in ("/", "\\", "@", " ", ":") and start:
        reach = _LONGEST_USER if before == "@" else _LONGEST_SCHEME
        match = _SCHEME.search(text, max(0, start - reach), start)
        if match is not None:
            scheme, begin = True, match.start()
            user = match[0].rpartition("@")[0].rpartition("/")[2]
    if not scheme and before in ("/", "\\", "@"):
        return None
    if text.startswith("@", host_end) or (scheme and _USER_INFO.match(text, host_end)):
        return None
    end = _path_end(text, host_end)
    plain = all(text[one[1] : two[0]] == "." for one, two in pairwise(labels))
    return Named(labels, begin, host_end, end, plain, scheme, user)


def _path_end(text: str, host_end: int) -> int:
    """Where port, path and query end; what closes a sentence or a bracket is none of them."""
    path = _PATH.match(text, host_end)
    if path is None:
        return host_end
    return host_end + len(path[0].rstrip(".,;:!?)]}'*" + SYMBOL))
