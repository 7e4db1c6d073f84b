"""Sets of ids behave as sets do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.bitsets import Ids

FIRST, LAST = 5, 40
NUMBERS = st.sets(st.integers(0, 60))


def made(numbers: set[int]) -> Ids:
    ids = Ids(FIRST, LAST)
    for number in numbers:
        ids.add(number)
    return ids


@given(NUMBERS, NUMBERS)
def test_they_are_what_sets_are_of_the_ids_in_reach(one: set[int], other: set[int]) -> None:
    reach = set(range(FIRST, LAST + 1))
    mine, theirs = one & reach, other & reach
    ours, others = made(one), made(other)
    assert list(ours) == sorted(mine)
    assert len(ours) == len(mine)
    assert list(ours & others) == sorted(mine & theirs)
    assert list(ours | others) == sorted(mine | theirs)
    assert list(ours - others) == sorted(mine - theirs)
    assert {number for number in range(61) if number in ours} == mine


def test_no_reach_holds_nothing() -> None:
    nothing = Ids(1, 0)
    nothing.add(1)
    assert list(nothing) == []
    assert len(nothing & nothing) == 0
