"""Domains: which names with dots are ones, who could register them, and how they are written for comparing.

Public suffixes are those of publicsuffix.org, as the library publicsuffixlist brings them along; nothing is fetched.
Its private suffixes count too: what stands before github.io or blogspot.com is somebody's own, so "one.github.io" is
a domain of its own and `deny = ["github.io"]` holds for all of them. Hosts whose users stand in the path (t.me,
bit.ly) are one domain.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

_ACE = "xn--"
_SURE_WORDS = "com net org ru cn рф 中国 eu de fr uk jp tw hk su ua xyz"
SURE = frozenset(_SURE_WORDS.split())
"""Endings of which a bare name is a link, however its letters are written."""
# A name ending in one of these is a file, a method or two sentences without a space far more often than a link:
# written bare, without scheme, www or path, it is none.
_UNLIKELY_WORDS = """
    cf py md sh rs pl ps so cc zip mov do bz la am ac in id is it me no to at be us as by my hm pm ml mk mm ms st
    tf vi gs sc ad tr cd al im ag et va ch es ie cat bat java map name info pub app page play read call run box
    new foo now open bar sucks target abc you select show xxx docs ooo today tools vip work zone here how got re
    ae like one help windows drive channel lol support network af able software directory menu ls tab next best
    man wine data gb mp guide build wow ping dell security auto mint giving report talk email care repair rest
    dad secure life fail party apple storage properties direct office chrome money microsoft plus family red
    blue final smart tips house pid trust fi ing eg pay stream global school camera fire art rocks radio contact
    ups dot samsung beer pictures exchange kids technology black press fast safe cool media graphics gives post
    case place audio day games dance deal search watch
"""
UNLIKELY = frozenset(_UNLIKELY_WORDS.split())


def comparable(name: str) -> str:
    """A host as it is compared: lower case, NFKC, without invisible characters, punycode as what it stands for."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = "".join(char for char in plain if unicodedata.category(char)[0] != "C").strip(".")
    return ".".join(map(_label, plain.split(".")))


def _label(label: str) -> str:
    if not label.startswith(_ACE):
        return label
    try:
        plain = label.removeprefix(_ACE).encode("ascii").decode("punycode")
    except (ValueError, OverflowError):
        return label
    return (
        unicodedata.normalize("NFKC", plain).casefold() if plain and plain.isprintable() and "." not in plain else label
    )


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@lru_cache(1 << 12)
def registered(host: str) -> tuple[str, str]:
    """The name somebody registered in a comparable host, and its public suffix: ("example", "co.uk").

    ("", "") where there is none: no known suffix, or nothing before it.
    """
    suffix = _suffixes().publicsuffix(host)
    if not suffix or suffix == host or not host.endswith(f".{suffix}"):
        return "", ""
    return host[: -len(suffix) - 1].rpartition(".")[2], suffix


def within(host: str, domain: str) -> bool:
    """Whether a comparable host is that domain or below it."""
    return host == domain or host.endswith(f".{domain}")
