"""Contact details and invitations, however they are disguised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from rules.contact_cues import BRAND, CALLED, EXPLICIT, SOUND_COST, TOUCHING, WEAK, Said, said
from rules.contact_links import SHORT, Linked, linked
from rules.contact_names import TRADE_CODE, Name, code_at, name_at, names_with_at, trade_codes
from rules.contact_numbers import NUMERALS, Number, is_digits, is_phone, numbers, priced, spelled
from rules.contact_own import Own
from rules.contact_view import Stretches, View, alphabetic
from rules.fold import text_of
from rules.kinds import ContactRule
from rules.marked import MarkedBatch, flags
from rules.patterns import MOST_EVIDENCE
from rules.patterns import named as names_of
from rules.prepared import Prepared
from rules.records import Evidence, Finding
from rules.weaker import sounds

PLUS = 85.0
"""The same with the sign to send: nobody but an advertiser counts answers that way."""
SHORT_WITH_CUE = 70.0

REACH = 10
"""Letters that may stand between a cue and its contact."""
NEAR = 2
"""Letters between them that cost nothing; each further one costs STEP."""
STEP = 3.0

_SHORTEST_JOINED = 6
_LONGEST_NAME = 80
_REACH_BACK = 3
_REACH_OF_CALL = 30
_REACH_OF_PLUS = 6
_REACH_OF_LINK = 40
_FEWEST_DIGITS = 7
_FEWEST_TOUCHING = 8
_SKIPPED = frozenset("是为号码id")
# Between a cue and a number: the number is of something else.
_OTHER_NUMBERS = ("订单", "单号", "编号", "版本", "端口", "工号", "ticket", "bug", "issue", "version", "invoice")
# How many digits a number has that a cue of that kind announces.
_DIGITS = {
    "wechat": (5, 13), "qq": (5, 11), "group": (6, 11), "phone": (7, 15), "telegram": (7, 15), "whatsapp": (8, 15),
    "line": (6, 12), "write": (7, 15),
}  # fmt: skip


# Everything with a scheme, up to a space or an ideograph.
_WEB = re.compile(r"://[^\s\u2e80-\uffff]*+")


class _Found(NamedTuple):
    """A contact from `start` to before `end` of a marked text; `kinds` are those it may be looked for as."""

    score: float
    start: int
    end: int
    kinds: tuple[str, ...]
    name: str
    cue: tuple[int, int] | None = None
    own: str = ""


class Contact:
    """A rule of kind contact at work.

    A contact scores by what it is, and by a cue before it (or right behind it): the nearer and the surer the cue, the
    higher. Numbers and names are hardly anything without one. The way of a message: cues by Aho-Corasick over the
    squeezed text by sound; numbers, names and links by scans of the marked one; everything linear.
    """

    def __init__(self, rule: ContactRule) -> None:
        self._rule = rule
        self.cut = rule.cut
        self._look_for = frozenset(rule.look_for)
        self._own = Own(rule.own)
        self._digits = flags("0123456789" + "".join(NUMERALS))
        self._hints = flags("@/¥₤₳₰₲₴¢$€£₵<[(")

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A result or None for each message, whatever its score."""
        if not batch:
            return []
        texts = MarkedBatch([prepared.text for prepared in batch])
        sounded = text_of(sounds(texts.squeezed_codes))
        cues = said(texts.squeezed, sounded, texts.squeezed_ends.tolist())
        digits, hints = texts.count(self._digits), texts.count(self._hints)
        results: list[Finding | None] = [None] * len(batch)
        for place, prepared in enumerate(batch):
            if place in cues or hints[place] or digits[place] >= _FEWEST_DIGITS:
                by_sound = sounded[slice(*texts.squeezed_span(place))]
                view = View(prepared.text, texts[place], by_sound, cues.get(place, []))
                results[place] = self._judge(view)
        return results

    def _judge(self, view: View) -> Finding | None:
        found = [one for one in _contacts(view) if self._look_for.intersection(one.kinds)]
        if not found:
            return None
        ours = [one for one in found if self._own.holds(one.own)]
        # What announces our own contact announces nothing else.
        own = Stretches(span for one in ours for span in ((one.start, one.end), one.cue) if span is not None)
        if own:
            found = [one for one in found if not own.touch(one.start, one.end)]
        best = _strongest(found)
        if not best:
            return None
        rule = self._rule
        evidence = {span: None for one in best[:MOST_EVIDENCE] for span in self._evidence(view, one)}
        return Finding(rule.name, rule.kind, rule.mode, best[0].score, tuple(evidence), names_of(evidence))

    def _evidence(self, view: View, one: _Found) -> Iterator[Evidence]:
        kind = next(kind for kind in one.kinds if kind in self._look_for)
        matched = f"{kind} {one.name}".strip()
        if one.cue is None:
            yield Evidence(*view.marked.span(one.start, one.end), matched)
            return
        start, end = min(one.start, one.cue[0]), max(one.end, one.cue[1])
        yield Evidence(*view.marked.span(start, end), matched)


def _contacts(view: View) -> Iterator[_Found]:
    links = list(linked(view.marked)) if "/" in view.text else []
    spans = [(one.start, one.end) for one in links]
    yield from (_link(view, one) for one in links)
    taken = Stretches([*spans, *(match.span() for match in _WEB.finditer(view.text))])
    yield from _numbers(view, taken)
    for cue in view.cues:
        yield from _named(view, cue)
        yield from _spelled(view, cue)
        yield from _private(view, cue)
    if "@" in view.text:
        yield from _with_at(view)
    yield from _trade_codes(view, taken)


def _link(view: View, one: Linked) -> _Found:
    score = one.score
    index = view.index(one.start)
    cue = None
    if score == SHORT:
        near = next((said for said, _ in view.before(index, _REACH_OF_LINK) if said.cue.power), None)
        if near is not None:
            score, cue = SHORT_WITH_CUE, view.span_of(near)
    whole = f"{one.host}/{one.name}"
    return _Found(score, one.start, one.end, one.kinds, whole[:_LONGEST_NAME], cue, own=whole)


def _numbers(view: View, taken: Stretches) -> Iterator[_Found]:
    for number in numbers(view.text):
        if taken.touch(number.start, number.end) or view.text.startswith("@", number.end):
            continue
        start, end = view.index(number.start), view.index(number.end)
        best = None
        near = [(cue, gap, False) for cue, gap in view.before(start, REACH)]
        near += [(cue, gap, True) for cue, gap in view.behind(end, _REACH_BACK)]
        for cue, gap, behind in near:
            score = _number_score(view, number, cue, gap, behind=behind)
            if score > 0 and (best is None or score > best.score):
                kind = _kind_of_number(cue.cue.kind, number)
                best = _Found(
                    score, number.start, number.end, kind, number.digits, view.span_of(cue), own=number.digits
                )
        if best is not None:
            yield best
        elif number.alone and not number.date:
            kinds = ("phone", "qq") if number.phone else ("qq", "group", "phone")
            yield _Found(number.alone, number.start, number.end, kinds, number.digits, own=number.digits)


def _number_score(view: View, number: Number, cue: Said, gap: int, *, behind: bool) -> float:
    """What a number scores by a cue; 0 when it is none of the cue's."""
    kind, power = cue.cue
    if kind not in _DIGITS:
        return 0.0
    fewest, most = _DIGITS[kind]
    count = len(number.digits)
    if not fewest <= count <= most or (number.digits[0] == "0" and kind in ("qq", "group")):
        return 0.0
    if power <= TOUCHING and (gap or behind or count < _FEWEST_TOUCHING):
        return 0.0
    if power <= WEAK and (number.apart or count < _FEWEST_DIGITS) and not number.phone:
        return 0.0
    if behind and (power <= WEAK or gap > 1) and not number.phone:
        return 0.0
    if not number.phone and (priced(view.text, number) or (number.date and power < EXPLICIT)):
        return 0.0
    end = view.end_of(cue)
    attached = number.start > 0 and view.text[number.start - 1] in "/#_=\\" and end != number.start
    between = view.text[end : number.start] if not behind else ""
    if attached or any(map(str.isdigit, between)) or any(word in between for word in _OTHER_NUMBERS):
        return 0.0
    if gap and alphabetic(view.text[number.start - 1]) and view.text[number.start - 1 : number.start] != "":
        return 0.0
    if not number.bare and power <= WEAK and not number.phone:
        return 0.0
    return power - STEP * max(0, gap - NEAR) - (SOUND_COST if cue.sounds else 0)


def _kind_of_number(kind: str, number: Number) -> tuple[str, ...]:
    if kind == "write":
        return ("phone",) if number.phone else ("qq", "phone")
    if kind == "group":
        return "group", "qq"
    return (kind, "phone") if number.phone else (kind,)


def _named(view: View, cue: Said) -> Iterator[_Found]:
    """The account name or the code that a cue announces."""
    kind, power = cue.cue
    end = view.end_of(cue)
    if kind in ("wechat", "telegram", "line"):
        name = name_at(view.text, end)
        if name is not None and (score := _name_score(view, name, cue)):
            yield _Found(score, name.start, name.end, (kind,), name.name, view.span_of(cue), own=name.name)
    elif kind == "invite":
        name = code_at(view.text, end)
        if name is not None and len(name.name) <= 16 and not name.joined:
            written = view.original[slice(*view.marked.span(name.start, name.end))]
            if name.sure or (written.upper() == written and written.isascii()):
                score = power - (SOUND_COST if cue.sounds else 0) - 10
                yield _Found(score, name.start, name.end, (kind,), name.name, view.span_of(cue), own=name.name)


def _name_score(view: View, name: Name, cue: Said) -> float:
    kind, power = cue.cue
    score = float(power) - (SOUND_COST if cue.sounds else 0)
    after = name.joined and alphabetic(view.squeezed[cue.end - 1])
    if after and (not name.sure or len(name.name) < _SHORTEST_JOINED or alphabetic(view.squeezed[cue.start])):
        return 0.0
    if not _latin(view.original[slice(*view.marked.span(name.start, name.end))]):
        return 0.0
    if is_digits(name.name):
        return 0.0
    if name.at:
        return score if kind == "telegram" else score - 10
    if name.sure:
        return score if len(name.name) >= 5 else 0.0
    if len(name.name) < 6 or not (name.told or power == EXPLICIT) or (kind == "telegram" and not name.told):
        return 0.0
    return score - 15


def _spelled(view: View, cue: Said) -> Iterator[_Found]:
    """The number that a cue announces, its digits written by other characters."""
    kind, power = cue.cue
    if kind not in _DIGITS or power < BRAND:
        return
    index = cue.end
    while index < len(view.squeezed) and index < cue.end + 4 and view.squeezed[index] in _SKIPPED:
        index += 1
    found = spelled(view.squeezed, view.sounded, view.places, index)
    if found is None:
        return
    end, digits = found
    fewest, most = _DIGITS[kind]
    written = view.squeezed[index:end]
    if fewest <= len(digits) <= most and not written.isdigit():
        kinds = (kind, "phone") if is_phone(digits) else (kind,)
        score = power - (SOUND_COST if cue.sounds else 0)
        yield _Found(score, view.places[index], view.places[end - 1] + 1, kinds, digits, view.span_of(cue), own=digits)


def _private(view: View, cue: Said) -> Iterator[_Found]:
    kind, power = cue.cue
    if kind != "private":
        return
    score, near = float(power), None
    around = [*view.before(cue.start, _REACH_OF_CALL), *view.behind(cue.end, _REACH_OF_CALL)]
    asking = [(gap, one) for one, gap in around if one.cue.kind in ("ask", "write")]
    ask = min(asking, key=lambda each: each[0])[1] if asking else None
    if ask is not None:
        score, near = float(CALLED), view.span_of(ask)
    if "+" in view.squeezed[max(0, cue.start - _REACH_OF_PLUS) : cue.end + _REACH_OF_PLUS]:
        score = PLUS
    start, end = view.span_of(cue)
    yield _Found(score, start, end, ("private",), "", near)


def _with_at(view: View) -> Iterator[_Found]:
    for name in names_with_at(view.text):
        index = view.index(name.start)
        cue = next((one for one, gap in view.before(index, REACH) if one.cue.kind in ("write", "ask")), None)
        score = name.alone if cue is None else max(name.alone, WEAK - 4.0)
        if score:
            span = None if cue is None else view.span_of(cue)
            yield _Found(score, name.start, name.end, ("telegram",), f"@{name.name}", span, own=name.name)


def _trade_codes(view: View, taken: Stretches) -> Iterator[_Found]:
    for code in trade_codes(view.text):
        if taken.touch(code.start, code.end):
            continue
        written = view.original[slice(*view.marked.span(code.start + 1, code.end - 1))]
        mixed = sum(one.isupper() != other.isupper() for one, other in pairwise(written))
        if code.alone < TRADE_CODE and not any(map(str.isdigit, written)):
            continue
        if mixed >= 3 and written.isascii() and written.isalnum():
            yield _Found(code.alone, code.start, code.end, ("invite",), written, own=written)


def _strongest(found: list[_Found]) -> list[_Found]:
    """The contacts by score, without those that overlap a stronger one or its cue."""
    best: list[_Found] = []
    ends: list[tuple[int, int]] = []
    for one in sorted(found, key=lambda one: (-one.score, one.start)):
        if len(best) == MOST_EVIDENCE:
            break
        if not any(one.start < end and start < one.end for start, end in ends):
            best.append(one)
            ends.append((one.start, one.end))
            if one.cue is not None:
                ends.append(one.cue)
    return best


def _latin(written: str) -> bool:
    """Whether no letter of another alphabet that looks Latin is in it, unless a digit is as well."""
    return not any("\u0370" <= char < "\u0590" for char in written) or any(map(str.isdigit, written))
