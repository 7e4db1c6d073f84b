"""What members earn by what they write: points for talk, for checking in, for bringing somebody; and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from console.earning import KEPT_DAYS
from rules.records import Mode
from store import activity, ledger
from store.database import Database
from tests.unit.earned import RULEBOOK, ZONES, Town
from tests.unit.made import NOON, finding

DAY = 86_400.0
TALK = ("first we pack", "then we walk", "and then we eat", "at last we sleep")


@pytest.fixture
def town(db: Database) -> Town:
    return Town(db)


def local(group: str, *when: int) -> float:
    """Epoch seconds of a moment on the clocks of a group."""
    return datetime(*when, tzinfo=ZoneInfo(ZONES[group])).timestamp()  # type: ignore[misc,arg-type]


def test_talk_earns_up_to_the_daily_cap_over_all_groups(town: Town) -> None:
    for number, words in enumerate(TALK):
        town.say("m", words, NOON + number, "g" if number % 2 else "g2")
    assert town.rows("m") == [("speaking", 2), ("speaking", 2), ("speaking", 1)]
    town.restart()
    town.say("m", "something new after a restart", NOON + 9)
    assert town.balance("m") == 5
    town.say("m", "the day after", NOON + DAY)
    assert town.balance("m") == 7


@pytest.mark.parametrize("text", ["ok", "a b c", "12345678", "👍👍👍👍👍👍", "", "。。。。。。"])
def test_tiny_messages_earn_nothing(town: Town, text: str) -> None:
    town.say("m", text)
    assert town.rows("m") == []


def test_the_same_words_earn_once_a_day_whatever_is_put_around_them(town: Town) -> None:
    for text in ("good morning", "Good Morning!!", "good  morning 2", "GOODMORNING"):
        town.say("m", text)
        town.restart()
    assert town.balance("m") == 2
    town.say("n", "good morning")
    town.say("m", "good morning", NOON + DAY)
    assert (town.balance("m"), town.balance("n")) == (4, 2)


@pytest.mark.parametrize(("mode", "points"), [(Mode.SHADOW, 2), (Mode.ASK, 0), (Mode.AUTO, 0)])
def test_a_flagged_message_earns_nothing(town: Town, mode: Mode, points: int) -> None:
    town.say("m", findings=[finding(mode=mode)])
    assert town.balance("m") == points


def test_messages_that_turn_out_to_be_a_campaign_lose_what_they_earned(town: Town) -> None:
    first = town.say("a", "buy this now", group="g")
    second = town.say("b", "buy this now", group="ny")
    innocent = town.say("a", "what a fine day", group="g")
    third = town.written("c", "buy this now", NOON, "g")
    fourth = town.written("d", "buy this now", NOON, "g")
    earlier = [first.key, second.key, third.key]
    town.hear([(third, ()), (fourth, [finding(campaign="c", earlier=earlier)])])
    assert town.rows("a") == [("speaking", 2), ("speaking", 2), ("speaking", -2)]
    assert town.rows("b") == [("speaking", 2), ("speaking", -2)]
    assert town.rows("c") == town.rows("d") == []
    again = finding(campaign="c", earlier=[first.key])
    town.say("d", "buy this now", findings=[again])
    assert town.balance("a") == 2, "a row is taken back once"
    town.say("a", innocent.text)
    town.say("a", "buy this now")
    assert town.balance("a") == 2, "words that were taken back earn nothing again on that day"
    town.say("a", "quite another matter")
    town.say("a", "and one more matter")
    assert town.balance("a") == 5, "what was taken back leaves room below the cap"


def test_messages_by_nobody_and_pictures_earn_nothing(town: Town) -> None:
    town.say("", "spoken by the platform")
    town.say("m", "", kind="image")
    assert ledger.wrong_balances(town.db) == []
    assert town.rows("m") == []
    assert activity.by_day(town.db, town.id("m"), 0) != {}, "a picture is a sign of life"


@pytest.mark.parametrize("text", ["签到", " 签到！", "check in", "CHECK IN.", "checkin"])
def test_a_word_checks_in_once_a_day(town: Town, text: str) -> None:
    town.say("m", text)
    town.say("m", text, NOON + 60, "g2")
    assert town.rows("m") == [("check-in", 3)]


@pytest.mark.parametrize("text", ["今天签到了吗", "please check in", "签到签到"])
def test_a_word_amid_others_does_not(town: Town, text: str) -> None:
    town.say("m", text)
    assert ("check-in", 3) not in town.rows("m")


@pytest.mark.parametrize("group", ZONES)
def test_the_day_begins_at_the_groups_own_midnight(town: Town, group: str) -> None:
    midnight = local(group, 2026, 3, 8)
    town.say("m", "签到", midnight - 1, group)
    town.say("m", "签到", midnight, group)
    town.say("m", "签到", midnight + 3_600, group)
    assert town.rows("m") == [("check-in", 3)] * 2


@pytest.mark.parametrize(
    ("group", "first", "hours"),
    [("ny", (2026, 3, 8), 23), ("ny", (2026, 11, 1), 25), ("sy", (2026, 10, 4), 23), ("sy", (2026, 4, 5), 25)],
)
def test_days_on_which_clocks_change_are_one_day(
    town: Town, group: str, first: tuple[int, int, int], hours: int
) -> None:
    start = local(group, *first)
    for hour in range(hours):
        town.say("m", "签到", start + 3_600 * hour, group)
    assert town.rows("m") == [("check-in", 3)]
    town.say("m", "签到", start + 3_600 * hours, group)
    assert town.rows("m") == [("check-in", 3)] * 2


def test_a_group_is_known_by_its_name_in_messages_that_do_not_say_it(town: Town) -> None:
    town.say("m", time=NOON, group="sy")
    town.restart()
    midnight = local("sy", 2026, 7, 1)
    quiet = [town.written("m", "签到", at, "sy") for at in (midnight - 1, midnight + 1)]
    town.hear([(replace(one, group_name=""), ()) for one in quiet])
    assert [kind for kind, _ in town.rows("m")].count("check-in") == 2


def test_days_in_a_row_earn_more_once(town: Town) -> None:
    for day in (0, 1, 3, 4, 5, 6, 7):
        town.say("m", "签到", NOON + day * DAY)
    kinds = [kind for kind, _ in town.rows("m")]
    assert kinds == ["check-in"] * 5 + ["streak"] + ["check-in"] * 2
    assert ledger.streak(town.db, town.id("m"), ledger.last_check_in(town.db, town.id("m")) or 0) == 5


def test_a_clock_set_back_checks_nobody_in_twice(town: Town) -> None:
    for time in (NOON, NOON + DAY, NOON, NOON + DAY + 1, NOON - 5):
        town.say("m", "签到", time)
    assert town.rows("m") == [("check-in", 3)] * 2


def test_a_message_without_a_time_counts_when_it_was_received(town: Town) -> None:
    town.say("m", "签到", None)
    town.say("m", "签到", NOON)
    assert town.rows("m") == [("check-in", 3)]


# --- invitations ---


def test_bringing_somebody_new_earns_once(town: Town) -> None:
    town.say("new", kind="join", inviter="host")
    town.say("new", kind="join", inviter="host", time=NOON + 5)
    town.say("new", kind="join", inviter="other", group="g2")
    assert town.rows("host") == [("invitation", 7)]
    assert town.rows("other") == [], "who is in the community already is not brought again"


@pytest.mark.parametrize(("after", "left"), [(7 * DAY - 1, 0), (7 * DAY, 7), (-60.0, 0)])
def test_points_for_who_leaves_soon_are_taken_back(town: Town, after: float, left: int) -> None:
    town.say("new", kind="join", inviter="host")
    town.restart()
    town.say("new", kind="leave", time=NOON + after)
    assert town.balance("host") == left
    town.say("new", kind="join", inviter="host", time=NOON + 9 * DAY)
    town.say("new", kind="leave", time=NOON + 10 * DAY)
    assert town.balance("host") == left


def test_who_was_there_before_or_comes_by_themselves_earns_nobody_anything(town: Town) -> None:
    town.say("old", "here for years")
    town.say("old", kind="leave")
    town.say("old", kind="join", inviter="host")
    town.say("self", kind="join", inviter="self")
    town.say("alone", kind="join")
    town.say("alone", kind="leave")
    town.say("alone", kind="join", inviter="host")
    assert town.db.value("SELECT count(*) FROM ledger WHERE kind = 'invitation'") == 0


def test_joining_and_leaving_in_one_batch_comes_to_nothing(town: Town) -> None:
    made = [town.written("new", "", NOON + n, "g", kind=kind, inviter="host" * (kind == "join"))
            for n, kind in enumerate(("join", "leave", "join"))]  # fmt: skip
    town.hear([(one, ()) for one in made])
    assert town.rows("host") == [("invitation", 7), ("invitation", -7)]


def test_points_already_spent_leave_a_debt_when_the_invited_leaves(town: Town) -> None:
    town.say("new", kind="join", inviter="host")
    with town.db.transaction():
        assert ledger.spend(town.db, town.id("host"), 7, "grant:1", None, NOON)
    town.say("new", kind="leave", time=NOON + 60)
    assert town.balance("host") == -7


# --- activity ---


def test_activity_is_counted_by_the_groups_own_day(town: Town) -> None:
    midnight = local("ny", 2026, 1, 1)
    for time in (midnight - 2, midnight - 1, midnight):
        town.say("m", time=time, group="ny")
    town.say("m", time=midnight, group="g")
    town.say("m", kind="join", time=midnight, group="ny")
    new_year = datetime(2026, 1, 1).toordinal()  # noqa: DTZ001
    assert activity.by_day(town.db, town.id("m"), 0) == {new_year - 1: 2, new_year: 2}


def test_a_rulebook_that_allows_more_counts_from_the_next_message_on(town: Town) -> None:
    for number, words in enumerate(TALK):
        town.say("m", words, NOON + number)
    town.follow(RULEBOOK.replace("daily_cap = 5", "daily_cap = 9"))
    for number, words in enumerate((*TALK, "and now some more of it", "and more of it still"), 10):
        town.say("m", words, NOON + number)
    assert town.balance("m") == 9
    assert [points for _, points in town.rows("m")] == [2, 2, 1, 2, 2]


def test_the_cap_holds_within_a_batch_of_more_members_than_are_kept_in_mind(town: Town) -> None:
    others = [town.written(f"m{number}", "good morning all", NOON, "g") for number in range(KEPT_DAYS + 1)]
    before, after = ([town.written("m", words, NOON, "g") for words in part] for part in (TALK[:2], TALK[2:]))
    town.hear([(one, ()) for one in (*before, *others, *after)])
    assert town.balance("m") == 5
