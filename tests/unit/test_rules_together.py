"""All kinds of rule at once, on the sample community: batches and restarts change nothing."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console import sample
from console.platforms.recorded import parse_line
from rules.engine import Engine, Judged
from rules.kinds import KINDS
from rules.knowledge import Knowledge
from rules.learned import fit
from rules.records import Message, MessageKey
from rules.rulebook import DEFAULT_RULEBOOK, Rulebook, parse
from rules.standing import Membership
from tests.unit.test_rules_learned import examples, talk

MORE = """
[rules.written]
kind = "pattern"
mode = "ask"
patterns = ["满[0-9]+减[0-9]+"]
[rules.links]
kind = "link"
mode = "ask"
deny = ["example.org"]
"""


@cache
def stream() -> list[Message]:
    """The sample's messages, with members who join in a crowd and then advertise."""
    lines = sample.chat().read_bytes().splitlines()
    chat = [parsed.message for line in lines if (parsed := parse_line(line, "replay", 2e9))]
    last = max(message.time or 0.0 for message in chat)
    crowd = [
        Message("replay", "g", f"j{n}", f"new{n}", "", last + n, kind="join", group_name="茶馆") for n in range(20)
    ]
    ads = [
        Message("replay", "g", f"a{n}", f"new{n % 20}", text, last + 30 + n, group_name="茶馆")
        for n, text in enumerate(["需要的加V：abc12345", "满100减20 example.org/a", "低价出会员账号，需要的私聊"] * 8)
    ]
    return [*chat, *crowd, *ads]


@cache
def knowledge() -> Knowledge:
    return Knowledge(fit(examples(), talk(400, 2)), ("低价出优惠券，需要的私聊123456",), ("明天几点开会呢大家说说",))


@cache
def book() -> Rulebook:
    return parse(DEFAULT_RULEBOOK + MORE)


@cache
def whole() -> list[Judged]:
    return Engine(book(), knowledge()).scored(stream())


def test_the_stream_has_something_for_most_kinds() -> None:
    found = {finding.kind for judged in whole() for finding in judged.findings}
    assert {rule.kind for rule in book().rules} == set(KINDS)
    assert set(KINDS) - found <= {"similar"}


@pytest.mark.parametrize("size", [1, 16, 256, 1_024])
def test_findings_do_not_depend_on_the_batch(size: int) -> None:
    engine = Engine(book(), knowledge())
    found = [one for at in range(0, len(stream()), size) for one in engine.scored(stream()[at : at + size])]
    assert found == whole()


@settings(max_examples=15)
@given(st.data())
def test_findings_do_not_depend_on_restarts(data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(stream()) - 1))
    before, after = stream()[:cut], stream()[cut:]
    engine = Engine(book(), knowledge())
    engine.know(memberships(before))
    # A finding's campaign is stored with its message, and with the earlier ones it names.
    campaigns: dict[str, dict[MessageKey, str]] = {}
    for message, judged in zip(before, whole(), strict=False):
        for finding in judged.findings:
            if finding.campaign:
                named = (message.key, *finding.earlier)
                campaigns.setdefault(finding.rule, {}).update(dict.fromkeys(named, finding.campaign))
    engine.warm(before, campaigns)
    assert engine.scored(after) == whole()[cut:]


def memberships(messages: list[Message]) -> list[Membership]:
    """What the store would tell of them."""
    found: dict[tuple[str, str, str], Membership] = {}
    for message in messages:
        if not message.member:
            continue
        key = (message.platform, message.group, message.member)
        known = found.get(key, Membership(*key, 0, None, None))
        if message.kind == "join":
            found[key] = known._replace(joined=message.time)
        else:
            first = message.time if known.first is None else known.first
            found[key] = known._replace(messages=known.messages + 1, first=first)
    return list(found.values())


@given(st.integers(11_900, 12_100), st.integers(150, 250), st.integers(1, 12))
def test_every_score_changes_no_finding_of_a_flood(characters: int, lines: int, mentions: int) -> None:
    book = parse('version = 1\n[rules.flood]\nkind = "flood"\nmode = "ask"\n')
    named = tuple(f"m{number}" for number in range(mentions))
    text = "\n" * (lines - 1) + "话" * (characters - lines + 1)
    message = Message("p", "g", "1", "m", text, 1_003.0, mentions=named)
    assert Engine(book, every_score=True).judge([message]) == Engine(book).judge([message])


def test_every_score_hides_nothing_that_counts_for_newcomers() -> None:
    book = parse(
        'version = 1\n[rules.known]\nkind = "similar"\nmode = "ask"\ntemplates = ["周末自习室招管理员包午饭"]\n'
        '[rules.new]\nkind = "newcomer"\nmode = "ask"\nthresholds = { known = 25 }\n'
    )
    message = Message("p", "g", "1", "m", "周末有空的同学去图书馆看书吧", 1_003.0)
    (plain,) = Engine(book).judge([message])
    assert [finding.rule for finding in plain] == ["new"]
    assert Engine(book, every_score=True).judge([message]) == [plain]
