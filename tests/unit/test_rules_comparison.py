"""Two shares are compared like with like, and with an interval that holds for small numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.comparison import Stratum, compare, wilson


@st.composite
def strata(draw: st.DrawFn) -> Stratum:
    people, others = draw(st.integers(0, 60)), draw(st.integers(0, 60))
    return Stratum(people, draw(st.integers(0, people)), others, draw(st.integers(0, others)))


def test_the_interval_is_that_of_the_published_example() -> None:
    # Newcombe 1998, table II, example (a): 56/70 against 48/80, method 10: 0.0524 to 0.3339.
    found = compare([Stratum(70, 56, 80, 48)])
    assert found.difference == pytest.approx(0.2)
    assert found.low == pytest.approx(0.0524, abs=5e-5)
    assert found.high == pytest.approx(0.3339, abs=5e-5)


def test_the_interval_holds_where_nobody_did_it() -> None:
    # The same table, example (h): 10/10 against 0/10: 0.6075 to 1.
    found = compare([Stratum(10, 10, 10, 0)])
    assert found.low == pytest.approx(0.6075, abs=5e-5)
    assert found.high == pytest.approx(1.0)
    assert found.small


def test_strata_count_by_the_people_in_question() -> None:
    # Of the lively all speak, of the silent none; most receivers are silent and most others lively.
    found = compare([Stratum(90, 0, 10, 0), Stratum(10, 10, 900, 900)])
    assert found.share == pytest.approx(0.1)
    assert found.others_share == pytest.approx(0.1)
    assert found.difference == pytest.approx(0)


def test_people_without_anybody_like_them_are_left_out_and_told() -> None:
    found = compare([Stratum(40, 40, 0, 0), Stratum(50, 10, 100, 20), Stratum(0, 0, 70, 7)])
    assert (found.people, found.did, found.matched, found.matched_did, found.others) == (90, 50, 50, 10, 100)
    assert found.difference == pytest.approx(0)
    nothing = compare([Stratum(4, 4, 0, 0)])
    assert (nothing.people, nothing.matched, nothing.difference, nothing.small) == (4, 0, None, True)
    assert compare([]).people == 0


@given(st.lists(strata(), max_size=8))
def test_shares_and_intervals_are_what_they_can_be(found: list[Stratum]) -> None:
    compared = compare(found)
    assert compared.matched <= compared.people == sum(one.people for one in found)
    if compared.difference is None:
        assert not any(one.people and one.others for one in found)
        return
    assert compared.share is not None
    assert compared.others_share is not None
    assert compared.low is not None
    assert compared.high is not None
    assert 0 <= compared.share <= 1
    assert 0 <= compared.others_share <= 1
    assert -1 - 1e-9 <= compared.low <= compared.difference <= compared.high <= 1 + 1e-9


@given(strata(), st.integers(2, 5))
def test_the_same_stratum_in_pieces_is_the_same(one: Stratum, times: int) -> None:
    whole = compare([Stratum(*(times * value for value in one))])
    pieces = compare([one] * times)
    assert whole[:5] == pieces[:5]
    for left, right in zip(whole[5:10], pieces[5:10], strict=True):
        assert (left is None) == (right is None)
        assert left is None or math.isclose(left, right or 0, abs_tol=1e-9)


@given(st.integers(1, 500), st.data())
def test_a_share_lies_in_its_interval(number: int, data: st.DataObject) -> None:
    share = data.draw(st.integers(0, number)) / number
    low, high = wilson(share, number)
    assert 0 <= low <= share <= high <= 1
