"""A perk's text: its placeholders checked, and filled in for a member in one pass, all but the code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from store.perk_records import NewPerk, PerkKind
from store.secret import MASK, Secret

PLACEHOLDERS = ("name", "perk", "code", "valid_until", "group", "points", "tier")
LONGEST_TEXT = 2_000
LONGEST_VALUE = 120

CODE = "\x1a"
"""Stands in a stored message for the code, which is put in when it is sent. No text and no name can hold it."""

_BRACES = re.compile(r"\{([^{}\n]*)\}")
_CODED = (PerkKind.CODE, PerkKind.FIXED)


def check_text(new: NewPerk) -> str:
    """What is wrong with the text of a perk, in words with what is allowed, or ""."""
    text = new.text
    names = _BRACES.findall(text)
    unknown = [name for name in names if name not in PLACEHOLDERS]
    if unknown:
        return f"{{{unknown[0]}}} is no placeholder; there are {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}"
    if len(text) > LONGEST_TEXT:
        return f"has {len(text)} characters; at most {LONGEST_TEXT} are allowed"
    if any(unicodedata.category(char) == "Cc" and char not in "\n\t" for char in text):
        return "holds a control character"
    if new.kind in _CODED and "code" not in names:
        return "must hold {code}, where the code stands"
    if new.kind not in _CODED and "code" in names:
        return f"holds {{code}}, and a perk of kind {new.kind} has none"
    if "valid_until" in names and new.valid_until is None:
        return "holds {valid_until}, and the perk has no end; give it one"
    return ""


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with `values` in it. The code's place is marked; what stands in a value is never taken for a
    placeholder, whatever a member is called."""
    return _BRACES.sub(lambda match: CODE if match[1] == "code" else _clean(values[match[1]]), text)


def masked(text: str) -> str:
    """A filled text as it may be shown."""
    return text.replace(CODE, MASK)


def with_code(text: str, secret: Secret) -> str:
    """A filled text as the member reads it. It may be written down nowhere."""
    return text.replace(CODE, secret.reveal())


def _clean(value: str) -> str:
    one_line = " ".join("".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in value).split())
    return one_line[:LONGEST_VALUE]
