"""Newcomers are greeted once, with the rules they have to keep; who is late, known or put out is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.desk import Desk
from console.intake import Intake
from console.platforms.base import Batch
from console.settings import Settings
from rules.engine import Engine
from rules.records import Message
from rules.rulebook import DEFAULT_RULEBOOK, RulebookError, parse
from rules.welcome import NAMED, welcome_words
from store import cases, lease, rulebooks, staff
from store.database import Database
from store.records import Decision, Role
from tests.unit.made import NOON, message

RULES = """
[rules.ads]
kind = "words"
mode = "ask"
words = ["cheap followers"]
text = { zh = "不要发广告。", en = "No ads." }
[rules.more-ads]
kind = "words"
mode = "auto"
words = ["free gifts"]
text = { zh = "不要发广告。", en = "No ads." }
[rules.counted]
kind = "words"
mode = "shadow"
words = ["maybe"]
text = "Not said to anybody."
[rules.contacts]
kind = "contact"
mode = "shadow"
text = "No contact details."
[rules.rush]
kind = "burst"
mode = "ask"
joins = 50
text = "Nobody in particular."
[rules.newcomers]
kind = "newcomer"
mode = "ask"
thresholds = { contacts = 60 }
[rules.elsewhere]
kind = "words"
mode = "ask"
words = ["rain"]
groups = ["Hiking"]
text = "No rain here."
"""
WELCOME = """
[welcome]
text = { zh = "欢迎 {name} 加入 {group}\\n{rules}", en = "Welcome to {group}, {name}!" }
"""


def came(number: int | str, member: str = "", group: str = "g", late: float = 0.0, name: str = "") -> Message:
    made = message(number, "", group, member or f"m{number}", NOON - late)
    return replace(made, kind="join", name=name or f"Member {number}", group_name="Gardening")


def work(db: Database, settings: Settings, welcome: str, *batches: Sequence[Message], now: float = NOON) -> None:
    """One worker's life: it starts, takes these batches in, and ends."""
    rulebook = parse(f"version = 1\n{RULES}{welcome}")
    generation = lease.take(db, "serve", now)
    number = rulebooks.put_in_force(db, rulebook.source, now)
    intake = Intake(db, settings, Engine(rulebook), generation, number, clock=lambda: now)
    for batch in batches:
        intake.take(Batch(tuple(batch), ""), "test")
    lease.release(db, generation, now)


def said(db: Database) -> list[str]:
    """What waits to be sent to groups."""
    found = db.execute("SELECT text FROM actions WHERE kind = 'send' AND member_id IS NULL ORDER BY id")
    return [text for (text,) in found]


def test_a_newcomer_is_told_the_rules_in_the_communitys_language(db: Database, settings: Settings) -> None:
    work(db, settings, WELCOME, [came(1, name="Ann")])
    assert said(db) == ["欢迎 Ann 加入 Gardening\n· 不要发广告。\n· No contact details."]


def test_the_rules_are_those_of_the_group(db: Database, settings: Settings) -> None:
    hiking = replace(came(1), group_name="Hiking")
    work(db, replace(settings, members_language="en"), '[welcome]\ntext = "{rules}"\n', [hiking])
    assert said(db) == ["· No ads.\n· No contact details.\n· No rain here."]


def test_without_the_section_nobody_is_greeted(db: Database, settings: Settings) -> None:
    work(db, settings, "", [came(1)])
    assert said(db) == []


def test_a_group_may_have_its_own_text_or_none(db: Database, settings: Settings) -> None:
    own = f'{WELCOME}[welcome.groups]\nh = "Hello {{name}}"\nGardening = ""\n'
    work(db, settings, own, [came(1, group="h", name="Ann"), came(2, group="g")])
    assert said(db) == ["Hello Ann"]


def test_catching_up_after_an_outage_greets_nobody(db: Database, settings: Settings) -> None:
    timeless = replace(came(3), time=None)
    work(db, settings, f'{WELCOME}within = "5m"\n', [came(1, late=301), came(2, late=299), timeless])
    assert [text.split("\n")[0] for text in said(db)] == ["欢迎 Member 2 加入 Gardening"]


def test_a_restart_greets_nobody_twice(db: Database, settings: Settings) -> None:
    for _ in range(3):
        work(db, settings, WELCOME, [came(1)])
    assert len(said(db)) == 1


def test_who_comes_and_goes_is_greeted_once_a_day(db: Database, settings: Settings) -> None:
    work(db, settings, WELCOME, [came(1, "m")], [came(2, "m"), came(3, "m")])
    assert len(said(db)) == 1
    later = NOON + 86_401.0
    work(db, settings, WELCOME, [replace(came(4, "m"), time=later)], now=later)
    assert len(said(db)) == 2


@pytest.mark.parametrize(("count", "messages"), [(1, 1), (2, 2), (3, 1), (9, 1)])
def test_many_at_once_share_one_message(db: Database, settings: Settings, count: int, messages: int) -> None:
    english = replace(settings, members_language="en")
    work(db, english, f"{WELCOME}at_once = 2\n", [came(number, name=f"P{number}") for number in range(count)])
    assert len(said(db)) == messages
    if count == 9:
        assert said(db) == ["Welcome to Gardening, P0, P1, P2 and 6 others!"]


def test_a_rush_that_a_rule_found_is_not_greeted_on_top(db: Database, settings: Settings) -> None:
    rush = [came(number) for number in range(60)]
    work(db, settings, WELCOME, *[[one] for one in rush])
    assert 0 < len(said(db)) <= 6


def test_a_raid_one_by_one_gets_few_messages_and_names_are_gathered(db: Database, settings: Settings) -> None:
    english = replace(settings, members_language="en")
    raid = [[came(number, name=f"P{number}")] for number in range(40)]
    work(db, english, f"{WELCOME}at_once = 2\n", *raid)
    assert said(db) == [
        "Welcome to Gardening, P0!",
        "Welcome to Gardening, P1!",
        "Welcome to Gardening, P2, P3, P4 and 35 others!",
    ]
    assert db.execute("SELECT not_before - ? FROM actions ORDER BY id", (NOON,)).fetchall()[1:] == [(-NOON,), (60.0,)]


def test_a_group_that_is_quiet_again_is_greeted_one_by_one_again(db: Database, settings: Settings) -> None:
    rulebook = parse(f"version = 1\n{RULES}{WELCOME}at_once = 2\n")
    generation, now = lease.take(db, "serve", NOON), [NOON]
    number = rulebooks.put_in_force(db, rulebook.source, NOON)
    intake = Intake(db, replace(settings, members_language="en"), Engine(rulebook), generation, number, lambda: now[0])
    for person in range(10):
        if person == 4:
            db.execute("UPDATE actions SET state = 'sending'")
        if person == 8:
            now[0] += 181
            db.execute("UPDATE actions SET state = 'done'")
        one = replace(came(person, name=f"P{person}"), time=now[0])
        intake.take(Batch((one,), ""), "test")
        elsewhere = replace(came(f"e{person}", group="h", name=f"E{person}"), time=now[0])
        if person == 0:
            intake.take(Batch((elsewhere,), ""), "test")
    assert [text.removeprefix("Welcome to Gardening, ") for text in said(db)] == [
        "P0!", "E0!", "P1!", "P2, P3!", "P4, P5, P6 and 1 other!", "P8!", "P9!",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("buy at https://ads.example/x", "buy at https：／／ads．example／x"),
        ("@everyone", "＠everyone"),
        ("t.me/ads", "t．me／ads"),
        ("Dr. Ann B. Cole", "Dr. Ann B. Cole"),
    ],
)
def test_a_name_becomes_no_link_and_no_mention(name: str, shown: str) -> None:
    assert welcome_words("{name}", [name], "g", [], "en") == shown


@pytest.mark.parametrize(
    ("decision", "later", "greeted"),
    [
        (Decision.BAN, 3_600, False),
        (Decision.REMOVE, 3_600, False),
        (Decision.REMOVE, 90_000, True),
        (Decision.WARN, 3_600, True),
    ],
)
def test_who_was_put_out_within_a_day_is_not_greeted(
    db: Database, settings: Settings, decision: Decision, later: float, greeted: bool
) -> None:
    work(db, settings, WELCOME, [message(1, "cheap followers", member="m")])
    staff.add(db, "ada", Role.OWNER, "ada", NOON)
    Desk(db, settings, "ada", clock=lambda: NOON).decide(cases.listed(db)[0].id, decision)
    now = NOON + later
    work(db, settings, WELCOME, [replace(came(2, "m", group="h"), time=now)], now=now)
    assert bool(said(db)) is greeted


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            'version = 1\n[welcome]\ntext = "Hello {nmae}"',
            ':3: welcome.text: "{nmae}" stands for nothing; there are {name}, {group}',
        ),
        ('version = 1\n[welcome]\ntext = { zh = "{Name}" }', ":3: welcome.text.zh: "),
        ('version = 1\n[welcome]\nwithin = "10m"', "welcome.text: is missing"),
        ('version = 1\n[welcome]\ntext = "a"\nat_once = 0', ":4: welcome.at_once: "),
        ('version = 1\n[welcome]\ntext = "a"\nwithin = "soon"', ":4: welcome.within: "),
        ('version = 1\n[welcome]\ntext = "a"\n[welcome.groups]\ng = 1', ":5: welcome.groups.g: "),
        (
            'version = 1\n[welcome]\ntext = "a"\nafter = 1',
            ":4: welcome.after: is not a key here; allowed are text, within",
        ),
    ],
)
def test_what_is_wrong_is_named(source: str, said: str) -> None:
    with pytest.raises(RulebookError) as caught:
        parse(f"{source}\n")
    assert said in str(caught.value)


def test_the_default_rulebooks_example_can_be_used() -> None:
    start = DEFAULT_RULEBOOK.index("# [welcome]\n")
    lines = DEFAULT_RULEBOOK[start:].split("\n\n")[0].splitlines()
    keys = [line.removeprefix("# ") for line in lines if line.startswith(("# [", "# text", "# within", '# "', "# at_"))]
    found = parse("version = 1\n" + "\n".join(keys)).welcome
    assert (found.within, found.at_once) == (parse("version = 1").welcome.within, parse("version = 1").welcome.at_once)
    assert "{rules}" in found.shown("zh", "1", "Gardening")
    assert found.shown("en", "12345", "") == "Welcome {name}, please read the notice first."


@given(st.lists(st.text(), min_size=1, max_size=9), st.text(), st.sampled_from(["zh", "en", "zh_CN"]))
def test_whatever_newcomers_are_called_they_stay_in_one_line(names: list[str], group: str, language: str) -> None:
    words = welcome_words("<{name}|{group}>", names, group, ["{name}", "rule"], language)
    assert words.isprintable()
    assert words.startswith("<")
    assert words.endswith(">")
    if len(names) > NAMED:
        assert str(len(names) - NAMED) in words or str(len(names)) in words
