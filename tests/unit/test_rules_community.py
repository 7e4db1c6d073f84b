"""What a rulebook says of members: what is read, what is refused and where, and the groups' own days."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import sample
from rules.community import Community, Given, Layers, Points, Tier, Tiers, as_word
from rules.rulebook import DEFAULT_RULEBOOK, RulebookError, load, parse
from tests.unit.earned import RULEBOOK

PERKS = """
[[perks]]
give = "Welcome pack"
on = "join"
[[perks]]
give = "Gift"
on = "tier"
tier = "Gold"
[[perks]]
give = "Coupon"
on = "streak"
days = 7
"""


def test_all_of_it_is_read() -> None:
    book = parse(RULEBOOK + PERKS)
    assert book.community.zone("ny", "") == "America/New_York"
    assert book.community.zone("17", "Sydney circle") == "Australia/Sydney"
    assert book.community.zone("17", "") == "Asia/Shanghai"
    assert (book.layers.new, book.layers.core_days) == (7 * 86_400, 3)
    assert book.tiers.levels[2] == Tier("Gold", 300)
    assert book.points.check_in.words == ("签到", "checkin")
    assert book.points.check_in.streaks == ((3, 20),)
    assert dict(book.points.sanctions) == {"warn": 4, "mute": 8, "ban": 30}
    assert book.perks == (
        Given("Welcome pack", "join"),
        Given("Gift", "tier", "Gold"),
        Given("Coupon", "streak", days=7),
    )


def test_without_it_nothing_is_earned_and_there_are_no_tiers() -> None:
    book = parse("version = 1")
    assert (book.community, book.layers, book.tiers, book.points, book.perks) == (
        Community(), Layers(), Tiers(), Points(), (),
    )  # fmt: skip
    assert book.points.speaking.points == book.points.check_in.points == book.points.invitation.points == 0


def test_the_default_rulebook_and_the_samples_say_all_of_it() -> None:
    for book in (parse(DEFAULT_RULEBOOK), load(sample.rulebook())):
        assert book.tiers.levels
        assert book.points.speaking.points
        assert book.points.check_in.words
        assert book.points.invitation.points
        assert book.points.sanctions


@pytest.mark.parametrize(
    ("written", "line", "key", "says"),
    [
        ('[community]\ntime_zone = "Asia/Peking"', 3, "community.time_zone", 'such as "Asia/Shanghai"'),
        ('[community]\ntime_zone = "America"', 3, "community.time_zone", 'not "America"'),
        ('[community]\ntime_zone = "../../etc/passwd"', 3, "community.time_zone", "the name of a time zone"),
        ('[community]\ntime_zone = ""', 3, "community.time_zone", "the name of a time zone"),
        ("[community]\ntime_zone = 8", 3, "community.time_zone", "a text in quotation marks, not 8"),
        ('[community]\ntimezone = "UTC"', 3, "community.timezone", "allowed are time_zone, time_zones"),
        ('[community.time_zones]\n"1 2" = "Mars"', 3, 'community.time_zones."1 2"', 'not "Mars"'),
        ("[layers]\nnew = 7", 3, "layers.new", 'a duration such as "10s"'),
        ('[layers]\ncore_days = 9\ncore_within = "8d"', 3, "layers.core_days", "at most 8, the days there are"),
        ("[layers]\ncore_messages = 0", 3, "layers.core_messages", "between 1 and"),
        ('[tiers]\nby = "spent"', 3, "tiers.by", "earned, balance"),
        ("[tiers]\nmargin = 101", 3, "tiers.margin", "between 0 and 100"),
        ('[tiers]\nlevels = "Gold"', 3, "tiers.levels", "an array of tables, not a text"),
        ('[tiers]\nlevels = ["Gold"]', 3, "tiers.levels[0]", "must be a table"),
        ("[tiers]\nlevels = [{ points = 1 }]", 3, "tiers.levels[0].name", "is missing"),
        ('[tiers]\nlevels = [\n{ name = "a", points = 5 },\n{ name = "b", points = 5 }]', 5, "tiers.levels[1].points",
         'more than the 5 of "a"'),
        ('[tiers]\nlevels = [{ name = "a" }, { name = "a", points = 5 }]', 3, "tiers.levels[1].name", "two tiers"),
        ('[tiers]\nlevels = [{ name = "a" }, { name = "b" }]', 3, "tiers.levels[1].points", "is missing"),
        ("[points]\nspeech = 1", 3, "points.speech", "speaking, check_in, invitation, sanctions"),
        ("[points.speaking]\ndaily_cap = -1", 3, "points.speaking.daily_cap", "between 0 and"),
        ("[points.check_in]\npoints = 1", 2, "points.check_in.words", "at least one word"),
        ('[points.check_in]\nwords = ["ok", " "]', 3, "points.check_in.words[1]", "must be a word"),
        ('[points.check_in]\nwords = ["ok"]\nstreaks = [{ points = 1 }]', 4, "points.check_in.streaks[0].days",
         "is missing; it must be between 2"),
        ('[points.check_in]\nwords = ["ok"]\nstreaks = [{ days = 7, points = 1 }, { days = 7, points = 2 }]', 4,
         "points.check_in.streaks[1].days", "twice"),
        ("[points.sanctions]\ndelete = 1", 3, "points.sanctions.delete", "warn, mute, remove, ban"),
        ("[points.sanctions]\nwarn = -1", 3, "points.sanctions.warn", "between 0 and"),
        ('[[perks]]\non = "join"', 2, "perks[0].give", "is missing"),
        ('[[perks]]\ngive = "a"\non = "leave"', 4, "perks[0].on", 'join, tier, streak, not "leave"'),
        ('[[perks]]\ngive = "a"\non = "tier"\ntier = "Gold"', 4, "perks[0].on", "there are no tiers"),
        ('[tiers]\nlevels = [{ name = "Gold" }]\n[[perks]]\ngive = "a"\non = "tier"\ntier = "gold"', 7,
         "perks[0].tier", "must be one of Gold"),
        ('[[perks]]\ngive = "a"\non = "join"\n[[perks]]\ngive = "a"\non = "join"\ndays = 3', 8, "perks[1].days",
         'on = "streak" only'),
        ('[[perks]]\ngive = "a"\non = "streak"', 2, "perks[0].days", "is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_line_and_key_and_what_is_allowed(
    written: str, line: int, key: str, says: str
) -> None:
    with pytest.raises(RulebookError) as caught:
        parse(f"version = 1\n{written}\n")
    assert (caught.value.line, caught.value.key) == (line, key)
    assert says in caught.value.problem


@given(
    st.floats(0, 4e9),
    st.sampled_from(
        ("Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Africa/Monrovia")
    ),
)
def test_the_day_is_the_one_on_the_groups_wall(time: float, zone: str) -> None:
    there = datetime.fromtimestamp(time, UTC).astimezone(ZoneInfo(zone))
    assert Community(zone).day(time) == there.toordinal()
    assert Community("UTC", (("g", zone),)).day(time, "g", "") == there.toordinal()


@pytest.mark.parametrize(("one", "other"), [("ＣＨＥＣＫ　in!", "check in"), ("签到。", "签到"), ("✅ ", "✅")])
def test_a_word_is_the_same_in_other_clothes(one: str, other: str) -> None:
    assert as_word(one) == as_word(other) != ""
