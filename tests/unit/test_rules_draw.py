"""A draw is fair, anyone can recompute it, and a result that was touched is refused."""

from __future__ import annotations

import string
from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules import draw, draw_words
from rules.draw import Person
from rules.draw_result import LANGUAGES, DrawProblem, Result, parse_list, render, seats, verify, winners_of

SECRET = "5e" * 32


def people(count: int) -> list[Person]:
    return [Person("replay", f"u{number}", f"Name {number}") for number in range(count)]


def held(
    persons: Sequence[Person],
    winners: int,
    *,
    value_of: str = "",
    value: str = "",
    secret: str = SECRET,
    skipping: frozenset[int] = frozenset(),
    replacing: Sequence[int] = (),
) -> Result:
    """A draw held by the rule: places in `skipping` are passed over, and for each number in `replacing` the seat of
    that number (modulo the seats) goes to the next place, while there are any."""
    lines = draw.entries(persons)
    text = draw.list_text("Spring draw", winners, value_of, lines)
    places = [lines[index] for index in draw.order(secret, draw.digest(text), value, lines)]
    last, won = 0, list[int]()
    while len(won) < winners and last < len(places):
        last += 1
        if last not in skipping:
            won.append(last)
    redraws = []
    for number in replacing:
        new = next((place for place in range(last + 1, len(places) + 1) if place not in skipping), None)
        if new is None or not won:
            break
        seat = number % len(won)
        redraws.append((new, won[seat], "no answer"))
        won[seat], last = new, new
    skipped = tuple((place, "banned") for place in sorted(skipping) if place <= last)
    return Result("2026-05-01", secret, value, text, tuple(places[:last]), skipped, tuple(redraws))


# --- fairness ---


def chi_square(counts: Sequence[int]) -> float:
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 for count in counts) / expected


def test_a_hundred_thousand_draws_favour_nobody() -> None:
    # Upper critical values at 0.001 of the chi-square distribution with 99 and 98 degrees of freedom: NIST/SEMATECH
    # e-Handbook of Statistical Methods, table 1.3.6.7.4.
    of_100, of_99 = 148.230, 147.010
    lines = draw.entries(people(100))
    sha256_of_list = draw.digest(draw.list_text("Fair", 3, "", lines))
    first, second, fourth, after_skip = [0] * 100, [0] * 100, [0] * 100, [0] * 100
    for number in range(100_000):
        secret = sha256(f"seed {number}".encode()).hexdigest()
        places = draw.order(secret, sha256_of_list, "", lines)
        first[places[0]] += 1
        second[places[1]] += 1
        # With three winners a redraw gives a seat to the fourth place.
        fourth[places[3]] += 1
        after_skip[places[0] if places[0] != 17 else places[1]] += 1
    assert chi_square(first) < of_100
    assert chi_square(second) < of_100
    assert chi_square(fourth) < of_100
    assert after_skip.pop(17) == 0
    assert chi_square(after_skip) < of_99


def test_places_are_drawn_without_regard_to_each_other() -> None:
    # 12 ordered pairs of four entries, 11 degrees of freedom at 0.001 (the same table).
    lines = draw.entries(people(4))
    pairs: dict[tuple[int, int], int] = {}
    for number in range(12_000):
        one, two, *_ = draw.order(sha256(f"pair {number}".encode()).hexdigest(), "0" * 64, "", lines)
        pairs[one, two] = pairs.get((one, two), 0) + 1
    assert len(pairs) == 12
    assert chi_square(list(pairs.values())) < 31.264


def test_the_tickets_are_those_the_documents_describe() -> None:
    line = "7 replay:u7 阳光"
    seed = sha256(f"{SECRET}\n{'ab' * 32}\n3127.44\n".encode()).hexdigest()
    assert draw.tickets(SECRET, "ab" * 32, "3127.44", [line]) == [sha256(f"{seed} {line}".encode()).hexdigest()]


def test_another_list_secret_or_value_gives_other_tickets() -> None:
    base = draw.tickets(SECRET, "ab" * 32, "1", ["x"])
    assert base != draw.tickets("5f" * 32, "ab" * 32, "1", ["x"])
    assert base != draw.tickets(SECRET, "ac" * 32, "1", ["x"])
    assert base != draw.tickets(SECRET, "ab" * 32, "2", ["x"])


# --- the list ---

hostile = st.text(st.characters(codec=None) | st.sampled_from("\n\r\t\x00\x1b\u202e\u2028\u0301 :%"), max_size=60)


@given(hostile, st.integers(1, 50))
def test_words_on_one_line_stay_as_they_are(text: str, limit: int) -> None:
    once = draw.one_line(text, limit)
    assert draw.one_line(once, limit) == once
    assert len(once) <= limit
    assert once == once.strip()
    assert len(once.splitlines()) <= 1
    once.encode()


@given(st.text(st.characters(max_codepoint=0x300) | st.sampled_from("阳光ひカ한 "), max_size=60), st.integers(1, 50))
def test_words_that_need_no_second_look_get_what_it_would_give(text: str, limit: int) -> None:
    assert draw.one_line(text, limit) == draw.one_line("\u200b" + text[: 4 * limit - 1], limit)


@given(st.lists(st.tuples(st.sampled_from(["replay", "qq"]), hostile.filter(bool), hostile), max_size=12))
def test_any_names_and_ids_make_a_list_that_is_read_back_as_it_is(members: list[tuple[str, str, str]]) -> None:
    persons = [Person(*member) for member in members]
    lines = draw.entries(persons)
    listed = parse_list(draw.list_text("Draw", 2, "", lines))
    assert list(listed.lines) == lines
    assert sorted(map(draw.member_of, lines)) == sorted({(platform, key) for platform, key, _ in members})


def test_each_member_is_on_the_list_once_and_in_one_order() -> None:
    some = people(20)
    assert draw.entries([*some, *some]) == draw.entries(reversed(some))
    assert len(draw.entries([*some, *some])) == 20


def test_a_name_cannot_pass_for_another_line() -> None:
    (line,) = draw.entries([Person("replay", "u 1\n2 replay:u2", "Eve\n3 replay:u3 Bob\x1b[2J\u202e")])
    assert line == "1 replay:u%201%0A2%20replay:u2 Eve 3 replay:u3 Bob [2J"


def test_words_of_several_lines_are_no_name_of_a_draw() -> None:
    with pytest.raises(ValueError, match="on one line"):
        draw.list_text("a\nentries: 1", 1, "", [])


# --- the result ---

shapes = st.fixed_dictionaries(
    {
        "count": st.integers(1, 12),
        "winners": st.integers(1, 14),
        "valued": st.booleans(),
        "skipping": st.frozensets(st.integers(1, 12), max_size=5),
        "replacing": st.lists(st.integers(0, 20), max_size=4),
        "language": st.sampled_from(LANGUAGES),
    }
)


def made(shape: dict[str, object]) -> tuple[Result, str]:
    result = held(
        people(shape["count"]),  # type: ignore[arg-type]
        shape["winners"],  # type: ignore[arg-type]
        value_of="closing value" if shape["valued"] else "",
        value="3127.44" if shape["valued"] else "",
        skipping=shape["skipping"],  # type: ignore[arg-type]
        replacing=shape["replacing"],  # type: ignore[arg-type]
    )
    return result, render(result, str(shape["language"]))


@given(shapes)
def test_a_draw_held_by_the_rule_verifies(shape: dict[str, object]) -> None:
    result, text = made(shape)
    listed = parse_list(result.list_text)
    found = verify(text, draw_words.closed(listed, draw.digest(result.secret), draw.digest(result.list_text), "en"))
    assert found.winners == tuple(winners_of(result, listed))
    assert found.entries == shape["count"]
    assert verify(text.replace("\n", "\r\n") + "\r\n\r\n") == found


FREE = ("drawn at", "开奖时间", "skipped", "跳过", "instead", "替补")
"""Lines with words of a person, which nothing can be recomputed from."""


@given(shapes, st.data())
def test_no_character_of_a_result_can_be_changed_unnoticed(shape: dict[str, object], data: st.DataObject) -> None:
    _, text = made(shape)
    lines = text.split("\n")
    number = data.draw(st.sampled_from([n for n, line in enumerate(lines[:-1]) if not any(f in line for f in FREE)]))
    at = data.draw(st.integers(0, len(lines[number])))
    kept = data.draw(st.sampled_from([0, 1]))
    new = data.draw(st.text(string.ascii_letters + string.digits + " :%\n\t\u200b阳", min_size=1 - kept, max_size=2))
    changed = lines[number][:at] + new + lines[number][at + 1 - kept :]
    assume(changed != lines[number])
    with pytest.raises(DrawProblem):
        verify("\n".join([*lines[:number], changed, *lines[number + 1 :]]))


@given(shapes, st.data())
def test_no_line_of_a_result_can_be_moved_left_out_or_added(shape: dict[str, object], data: st.DataObject) -> None:
    _, text = made(shape)
    lines = text.split("\n")[:-1]
    one = data.draw(st.integers(0, len(lines) - 1))
    two = data.draw(st.integers(0, len(lines) - 1))
    touched = list(lines)
    match data.draw(st.sampled_from(["move", "leave out", "add"])):
        case "move":
            touched.insert(two, touched.pop(one))
        case "leave out":
            touched.pop(one)
        case "add":
            touched.insert(two, lines[one])
    assume(touched != lines)
    with pytest.raises(DrawProblem):
        verify("\n".join([*touched, ""]))


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_what_is_no_result_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(DrawProblem) as refused:
        verify(text)
    assert len(str(refused.value).splitlines()) == 1


@given(shapes, st.data())
def test_a_result_that_was_cut_short_is_refused(shape: dict[str, object], data: st.DataObject) -> None:
    _, text = made(shape)
    with pytest.raises(DrawProblem):
        verify(text[: data.draw(st.integers(0, len(text) - 2))])


RESULT = held(people(9), 3, value_of="closing value", value="3127.44", skipping=frozenset({2}), replacing=[1])
TEXT = render(RESULT, "en")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("\n4 replay:u3 Name 3\n", "\n4 replay:u3 Name 33\n", "an entry was changed"),
        ("entries: 9\n1 replay:u0 Name 0\n", "entries: 8\n", "added, removed or moved"),
        ("\n9 replay:u8 Name 8\n", "\n9 replay:u8 Name 8\n10 replay:u9 Name 9\n", "9 entries, and has 10"),
        ("\n9 replay:u8 Name 8\n", "\n", "9 entries, and has 8"),
        ("2 replay:u1 Name 1\n3 replay:u2 Name 2", "3 replay:u2 Name 2\n2 replay:u1 Name 1", "moved"),
        ("2 replay:u1 Name 1\n3 replay:u2 Name 2", "2 replay:u2 Name 2\n3 replay:u1 Name 1", "the order of ids"),
        ("\n2 replay:u1 ", "\n2 replay:u0 ", "is there twice"),
        ("\nsecret: 5e", "\nsecret: 5f", "the secret is not the one that was committed to"),
        ("\nsecret: 5e", "\nsecret: 5E", "64 hexadecimal digits"),
        ("public value: 3127.44", "public value: 3127.45", "public value was changed"),
        ("public value: 3127.44\n", "", '"public value" is missing'),
        ("Spring draw\ndrawn", "Autumn draw\ndrawn", "the draw's name"),
        ("winners: 3", "winners: 4", "an entry was changed"),
        ("place 5 instead of place 3", "place 5 instead of place 1", "the winners named"),
        ("place 5 instead of place 3", "place 4 instead of place 3", "by the rule it is place 5"),
        ("place 5 instead of place 3", "place 5 instead of place 2", "which is no winner's"),
        ("place 2 is skipped: banned\n", "", "by the rule it is place 4"),
        ("place 2 is skipped: banned\n", "place 9 is skipped: banned\n", "places skipped"),
    ],
)
def test_a_touched_result_is_refused_with_what_is_wrong(before: str, after: str, said: str) -> None:
    assert TEXT.count(before) == 1
    with pytest.raises(DrawProblem, match=said):
        verify(TEXT.replace(before, after))


def test_another_winner_is_refused() -> None:
    winner = next(line for line in TEXT.split("\n") if line.startswith("winner 1: "))
    loser = next(line for line in parse_list(RESULT.list_text).lines if line not in RESULT.places)
    with pytest.raises(DrawProblem, match="the winners named"):
        verify(TEXT.replace(winner, f"winner 1: {loser}"))
    with pytest.raises(DrawProblem, match="place 1: by the tickets"):
        verify(render(RESULT, "en").replace(RESULT.places[0] + "\nplace 2", loser + "\nplace 2"))


def test_a_whole_other_draw_is_told_by_what_was_published_before() -> None:
    listed = parse_list(RESULT.list_text)
    published = draw_words.closed(listed, draw.digest(SECRET), draw.digest(RESULT.list_text), "zh")
    assert verify(TEXT, published).winners
    other = held(people(9), 3, value_of="closing value", value="3127.44", secret="6f" * 32)
    assert verify(render(other, "en")).winners
    with pytest.raises(DrawProblem, match="the secret is not the one that was published before"):
        verify(render(other, "en"), published)
    fewer = held(people(8), 3, value_of="closing value", value="3127.44")
    with pytest.raises(DrawProblem, match="the list is not the one that was published before"):
        verify(render(fewer, "en"), published)


def test_a_list_alone_is_told_from_a_result() -> None:
    with pytest.raises(DrawProblem, match="this is a list of entries"):
        verify(RESULT.list_text)


def test_numbers_beyond_all_bounds_are_refused() -> None:
    for before, after in (("winners: 3", f"winners: {'9' * 5_000}"), ("place 1: ", f"place {'1' * 5_000}: ")):
        with pytest.raises(DrawProblem):
            verify(TEXT.replace(before, after))


@given(st.integers(1, 6), st.integers(0, 8), st.frozensets(st.integers(1, 8)), st.lists(st.integers(1, 9), max_size=3))
def test_seats_go_to_the_next_place_that_is_not_skipped(
    wanted: int, available: int, skipped: frozenset[int], replaced: list[int]
) -> None:
    free = [place for place in range(1, available + 1) if place not in skipped]
    won, rest = free[:wanted], free[wanted:]
    redraws = []
    for old in replaced:
        if old in won and rest:
            redraws.append((rest[0], old, "why"))
            won[won.index(old)] = rest.pop(0)
    drawn = max(won) if len(won) == wanted else available
    assert seats(wanted, available, drawn, {place for place in skipped if place <= drawn}, redraws) == won
    for wrong in {drawn - 1, drawn + 1} - {-1}:
        with pytest.raises(DrawProblem):
            seats(wanted, available, wrong, skipped, redraws)


# --- what members are told ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_message_holds_all_that_is_needed_beside_the_list(language: str) -> None:
    told = draw_words.told(RESULT, parse_list(RESULT.list_text), language)
    for needed in (SECRET, draw.digest(SECRET), draw.digest(RESULT.list_text), "3127.44", "banned", "no answer"):
        assert needed in told
    assert all(draw_words.who(line) in told for line in winners_of(RESULT, parse_list(RESULT.list_text)))


def test_a_message_names_so_many_winners_and_counts_the_others() -> None:
    result = held(people(200), 120)
    told = draw_words.told(result, parse_list(result.list_text), "en")
    assert f"{draw_words.NAMED_WINNERS}. " in told
    assert f"{draw_words.NAMED_WINNERS + 1}. " not in told
    assert "and 100 more" in told


def test_a_message_does_not_grow_with_those_who_are_passed_over() -> None:
    result = held(people(200), 120, skipping=frozenset(range(1, 61)), replacing=[0])
    told = draw_words.told(result, parse_list(result.list_text), "en")
    assert told.count("Skipped: ") == draw_words.NAMED_CHANGES - 1
    assert told.count(" instead of ") == 1
    assert "51 more were skipped or replaced" in told
