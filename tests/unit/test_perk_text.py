"""A perk's text says of each member what the community wrote, whatever the member is called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.perk_text import CODE, LONGEST_TEXT, PLACEHOLDERS, check_text, fill, masked, with_code
from store.perk_records import NewPerk, PerkKind
from store.secret import MASK, Secret

VALUES = {"name": "Mia", "perk": "Coupon", "valid_until": "2027-03-31", "group": "G", "points": "70", "tier": "Gold"}


def new(text: str, kind: PerkKind = PerkKind.CODE, until: float | None = 1.0) -> NewPerk:
    return NewPerk("Coupon", kind, text, valid_until=until)


def test_every_placeholder_is_filled_in_and_the_code_last() -> None:
    text = fill(" ".join(f"{{{name}}}" for name in PLACEHOLDERS), VALUES)
    assert masked(text) == f"Mia Coupon {MASK} 2027-03-31 G 70 Gold"
    assert with_code(text, Secret(b"GOLD-1")) == "Mia Coupon GOLD-1 2027-03-31 G 70 Gold"


@given(st.text(max_size=80))
def test_no_name_becomes_a_placeholder_or_the_codes_place(name: str) -> None:
    text = fill("{name}|{code}|{name}", VALUES | {"name": name})
    assert text.count(CODE) == 1
    before, _, after = text.partition(f"|{CODE}|")
    assert before == after
    assert before.isprintable() or not name.isprintable()


@pytest.mark.parametrize("name", ["{code}", "{name}{code}", "{{code}}", "\x1a", "a\x1ab", "{points}"])
def test_a_member_called_like_a_placeholder_gets_one_code_like_any_other(name: str) -> None:
    text = fill("{name}: {code}", VALUES | {"name": name})
    assert with_code(text, Secret(b"GOLD-1")).count("GOLD-1") == 1


@pytest.mark.parametrize(
    ("perk", "said"),
    [
        (new("{code} {coed}"), "{coed} is no placeholder; there are {name}, {perk}, {code}"),
        (new("{code} {}"), "{} is no placeholder"),
        (new("hello"), "must hold {code}"),
        (new("hello", PerkKind.FIXED), "must hold {code}"),
        (new("{code}", PerkKind.GIFT), "a perk of kind gift has none"),
        (new("{code} until {valid_until}", until=None), "the perk has no end"),
        (new("{code}\x1b[31m"), "control character"),
        (new("{code}\x1a"), "control character"),
        (new("{code}" + "x" * LONGEST_TEXT), "at most"),
        (new("{name}, {code}\n{valid_until}"), ""),
        (new("", PerkKind.POINTS), ""),
    ],
)
def test_a_text_that_cannot_be_filled_in_is_refused_with_what_is_allowed(perk: NewPerk, said: str) -> None:
    problem = check_text(perk)
    assert said in problem
    assert bool(problem) == bool(said)
