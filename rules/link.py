"""Links, by the domain somebody can register."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rules.domains import SURE, UNLIKELY, comparable, registered
from rules.hosts import Named, may_name, named
from rules.kinds import LinkRule
from rules.lookalikes import Lookalikes, looks_of
from rules.marked import Marked, MarkedBatch
from rules.patterns import MOST_EVIDENCE
from rules.patterns import named as names_of
from rules.prepared import Prepared
from rules.records import Evidence, Finding

DENIED = 100.0
ELSEWHERE = 80.0

_MOST_LINKS = 200
_LONGEST_HOST = 253


class Link:
    """A rule of kind link at work.

    A link counts with or without scheme. Against `allow`, a bare name (no scheme, no www, no path) must have an
    ending that people do not write for files and sentences: see `rules.domains.UNLIKELY`.
    """

    def __init__(self, rule: LinkRule) -> None:
        self._rule = rule
        self.cut = rule.cut
        self._deny = frozenset(map(comparable, rule.deny))
        self._deny_looks = frozenset(map(looks_of, self._deny))
        self._allow = frozenset(map(comparable, rule.allow))
        self._protected = frozenset(map(comparable, rule.protect))
        self._lookalikes = Lookalikes(rule.protect)

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A result or None for each message, whatever its score."""
        if not batch:
            return []
        texts = MarkedBatch([prepared.text for prepared in batch])
        bounds = texts.bounds
        return [
            self._judge(prepared, texts[place]) if may_name(texts.whole[bounds[place] : bounds[place + 1]]) else None
            for place, prepared in enumerate(batch)
        ]

    def _judge(self, prepared: Prepared, text: Marked) -> Finding | None:
        found: dict[Evidence, float] = {}
        for each in named(text)[:_MOST_LINKS]:
            for score, matched in self._scored(prepared.text, text, each):
                found.setdefault(Evidence(*text.span(each.start, each.end), matched), score)
        if not found:
            return None
        rule = self._rule
        best = sorted(found, key=lambda evidence: -found[evidence])[:MOST_EVIDENCE]
        evidence = tuple(sorted(best, key=lambda one: (one.start, one.end)))
        return Finding(rule.name, rule.kind, rule.mode, found[best[0]], evidence, names_of(best))

    def _scored(self, original: str, text: Marked, each: Named) -> Iterator[tuple[float, str]]:
        """What is wrong with a link: the strongest, if anything, with its score."""
        host = host_of(original, text, each)[-_LONGEST_HOST:].lstrip(".")
        if any(below in self._deny for below in _upwards(host)):
            yield DENIED, host
            return
        looks = looks_of(host)
        if any(below in self._deny_looks for below in _upwards(looks)):
            yield DENIED, f"{host} ({looks})"
            return
        number = address(host)
        if not number and not registered(host)[0]:
            return
        if any(below in self._allow or below in self._protected for below in _upwards(host)):
            return
        like = self._lookalikes.nearest(host, each.user)
        if like is not None:
            yield like.score, f"{host} {like.how} {like.domain}"
        elif self._allow and (each.scheme or (not number and _is_link(host, original, text, each))):
            yield ELSEWHERE, host


def host_of(original: str, text: Marked, each: Named) -> str:
    """The comparable host of a name, from the original's letters."""
    if len(each.labels) == 1 and text.text[each.labels[0][0]] == "[":
        return text.text[slice(*each.labels[0])]
    return comparable(".".join(original[slice(*text.span(*label))] for label in each.labels))


def address(host: str) -> bool:
    """Whether a host is a number on the net and no name: four numbers, one, or colons in brackets."""
    if host.startswith("["):
        return True
    parts = host.split(".")
    if len(parts) == 1:
        return host.isascii() and (host.isdigit() or host.startswith("0x"))
    return len(parts) == 4 and all(part.isascii() and part.isdigit() and int(part[:4]) < 256 for part in parts)


def _upwards(host: str) -> Iterator[str]:
    """The host and the domains it is below."""
    while host:
        yield host
        host = host.partition(".")[2]


def _is_link(host: str, original: str, text: Marked, each: Named) -> bool:
    """Whether a name without scheme is meant as a link."""
    path = text.text[each.host_end : each.end]
    ending = host.rpartition(".")[2]
    if host.startswith("www.") or len(path.partition("/")[2]) > 0 or ending in SURE:
        return True
    labels = [original[slice(*text.span(*label))] for label in each.labels]
    if labels[-1][:1].isupper() and not all(map(str.isupper, labels)):
        return False
    return not each.plain or (ending not in UNLIKELY and not text.text.startswith("(", each.host_end))
