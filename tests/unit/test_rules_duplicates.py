"""Campaigns of near-identical messages."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

import rules.copies
import rules.duplicates
from rules.engine import Engine
from rules.fold import fold
from rules.records import Finding, Message
from rules.rulebook import parse

AD = "内部优惠券每天更新，扫码进群免费领取，联系 12345678"


def engine(**keys: float | str) -> Engine:
    settings = {"count": 4, "window": "10m", "min_members": 1, "min_length": 8, **keys}
    lines = "".join(f"{key} = {value!r}\n" for key, value in settings.items())
    return Engine(parse(f'version = 1\n[rules.d]\nkind = "duplicates"\nmode = "ask"\n{lines}'))


def message(number: int, text: str, time: float | None, group: str = "g", member: str = "m") -> Message:
    return Message("p", group, str(number), member, text, time)


def only(found: Sequence[tuple[Finding, ...]]) -> list[Finding | None]:
    return [findings[0] if findings else None for findings in found]


def copies(count: int, step: float = 1.0, text: str = AD) -> list[Message]:
    return [message(number, text, 1_000 + number * step) for number in range(count)]


def disguised(number: int, chance: random.Random) -> str:
    swaps = {"内": "內", "优": "優", "码": "碼", "领": "領", "1": "①", "3": "３"}
    text = "".join(swaps.get(char, char) if chance.random() < 0.5 else char for char in AD)
    text = "".join(char + chance.choice(["", "", "\u200b", ".", " "]) for char in text)
    return f"{text.replace('5', str(number % 10))}{chance.choice(['', '！', '😀', '哦'])}"


def test_forty_disguised_copies_by_nine_members_in_five_groups_are_one_campaign() -> None:
    chance = random.Random(1)
    stream: list[Message] = []
    ours: list[int] = []
    for number in range(40):
        ours.append(len(stream))
        stream.append(message(len(stream), disguised(number, chance), number, f"g{number % 5}", f"m{number % 9}"))
        stream.append(message(len(stream), f"今天第{number}次有人问怎么安装{'的吗呢吧'[number % 4] * 3}", number))
    found = only(engine(count=4, min_members=2).judge(stream))
    ads = [found[place] for place in ours]
    assert ads[:3] == [None, None, None]
    reaching, *later = ads[3:]
    assert reaching is not None
    assert reaching.earlier == tuple(stream[place].key for place in ours[:3])
    for finding in later:
        assert finding is not None
        assert finding.earlier == ()
        assert finding.campaign == reaching.campaign
        assert finding.score >= 85


def test_the_finding_shows_the_first_copy_and_the_whole_message() -> None:
    found = only(engine().judge(copies(5, text=AD * 10)))
    assert found[4] is not None
    assert found[4].matched == (AD * 10)[:120]
    (evidence,) = found[4].evidence
    assert (evidence.start, evidence.end) == (0, len(AD * 10))
    assert found[4].score == 100
    assert len(found[4].campaign) == 16
    int(found[4].campaign, 16)


def test_copies_further_apart_than_the_window_are_none() -> None:
    assert only(engine().judge(copies(40, step=250))) == [None] * 40


def test_a_message_at_the_edge_of_the_window_counts() -> None:
    assert only(engine().judge(copies(4, step=200)))[3] is not None


def test_long_messages_that_only_begin_alike_are_not_copies() -> None:
    ends = [chr(0x4E00 + n) * 600 for n in range(4)]
    assert only(engine().judge([message(n, AD * 8 + end, n) for n, end in enumerate(ends)])) == [None] * 4
    same = [message(n, AD * 8 + ends[0] + chr(0x5E00 + n) * 9, n) for n in range(4)]
    assert only(engine().judge(same))[3] is not None


def test_other_messages_are_not_copies() -> None:
    stream = [message(n, text, n) for n, text in enumerate(["今天天气真不错啊朋友们", "晚上一起吃火锅好不好呀"] * 3)]
    assert only(engine().judge(stream)) == [None] * 6


def test_short_messages_never_count() -> None:
    assert only(engine(min_length=8).judge(copies(9, text="早上好 12345678"))) == [None] * 9


def test_a_member_counts_once_in_each_group() -> None:
    same = copies(6)
    assert only(engine(min_members=2, alone=0).judge(same)) == [None] * 6
    across = [message(n, AD, n, group=f"g{n % 2}") for n in range(4)]
    assert only(engine(min_members=2, alone=0).judge(across))[3] is not None


def test_enough_copies_of_one_member_count_too() -> None:
    found = only(engine(min_members=2, alone=6).judge(copies(7)))
    assert found[:5] == [None] * 5
    assert found[5] is not None
    assert len(found[5].earlier) == 5


def test_a_message_that_comes_again_counts_once() -> None:
    first, *rest = copies(3)
    assert only(engine().judge([first, first, first, first, *rest])) == [None] * 6


def test_messages_without_time_count_as_at_the_time_before_them() -> None:
    stream = [message(n, AD, None) for n in range(4)]
    assert only(engine().judge(stream))[3] is not None
    before = [message(9, "很久以前说过的别的什么话", 1_000.0), message(8, AD, 1_000.0)]
    later = [message(7, "很久以后说的另一句什么话", 9_000.0)]
    assert only(engine(count=2).judge([*before, *later, message(6, AD, None)])) == [None] * 4


@pytest.mark.parametrize("absurd", [4e12, -1e15, float("inf"), float("nan"), 0.0])
def test_one_absurd_time_empties_no_window(absurd: float) -> None:
    stream = [*copies(3), message(99, "另一条完全不相干的普通消息", absurd), message(98, AD, 1_010.0)]
    assert only(engine().judge(stream))[4] is not None


def test_a_recording_of_one_group_after_another_is_judged_by_its_times() -> None:
    one = [message(n, AD, 1_000 + n, "a") for n in range(2)]
    hours_later = [
        message(n, f"一句接一句的闲聊，编号是{chr(0x4E00 + n)}{chr(0x5E00 + 7 * n)}", 9_000 + n) for n in range(300)
    ]
    other = [message(n, AD, 1_100 + n, "b") for n in range(2)]
    found = only(engine().judge([*one, *hours_later, *other]))
    assert found[-1] is not None
    assert found[-1].earlier == (one[0].key, one[1].key, other[0].key)
    assert found[:-1] == [None] * 303


def test_the_window_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules.duplicates, "MOST_MESSAGES", 50)
    chatter = [
        message(100 + n, f"闲聊{chr(0x4E00 + 31 * n) * 3}之后又说{chr(0x6000 + 17 * n) * 5}", 5) for n in range(200)
    ]
    judged = engine()
    assert only(judged.judge(copies(3) + chatter))[-1] is None
    assert only(judged.judge([message(99, AD, 1_005)])) == [None]


def test_what_no_window_reaches_any_more_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules.duplicates, "FEWEST_MESSAGES", 5)
    chatter = [
        message(100 + n, f"闲聊{chr(0x4E00 + 31 * n) * 3}之后又说{chr(0x6000 + 17 * n) * 5}", 5_000 + n)
        for n in range(100)
    ]
    again = [message(number, AD, 5_100) for number in range(3)]
    last = message(99, AD, 5_101)
    found = only(engine().judge([*copies(3), *chatter, *again, last]))[-1]
    assert found is not None, "a message that is known still would have been passed over"
    assert found.earlier == tuple(one.key for one in again)


def test_one_message_from_the_future_makes_nothing_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules.duplicates, "FEWEST_MESSAGES", 5)
    chatter = [
        message(100 + n, f"闲聊{chr(0x4E00 + 31 * n) * 3}之后又说{chr(0x6000 + 17 * n) * 5}", 1_010) for n in range(50)
    ]
    stream = [*copies(3), message(99, "谁的钟走得这么快呀真奇怪", 1e12), *chatter, message(98, AD, 1_020)]
    assert only(engine().judge(stream))[-1] is not None


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [AD, "cheap followers here, write me", "今天天气真不错啊朋友们一起出去玩吧", "早上好呀大家"]
            ),
            st.sampled_from([0.0, 1.0, 1.0, 7.0, 61.0]),
            st.floats(0, 59.9),
            st.integers(0, 3),
        ),
        max_size=80,
    ),
    st.integers(1, 9),
)
def test_what_comes_late_by_less_than_a_window_still_finds_what_it_is_like(
    rows: list[tuple[str, float, float, int]], recent: int
) -> None:
    stream: list[Message] = []
    now = 1_000.0
    for number, (text, step, late, changed) in enumerate(rows):
        now += step
        stream.append(
            message(number, text[:changed] + "哦" * changed + text[changed:], now - late, member=f"m{changed}")
        )
    whole = only(engine(window="1m", count=3).judge(stream))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules.duplicates, "FEWEST_MESSAGES", 1)
        patch.setattr(rules.duplicates, "_RECENT", recent)
        assert only(engine(window="1m", count=3).judge(stream)) == whole


def test_a_campaign_keeps_its_key_while_copies_come() -> None:
    found = only(engine(count=2).judge(copies(30, step=500)))
    assert {finding.campaign for finding in found[1:] if finding is not None} == {found[1].campaign if found[1] else ""}
    assert all(found[1:])


def test_a_campaign_begins_with_the_first_copy_that_counts_though_there_were_copies_before() -> None:
    early = [message(number, AD, time) for number, time in enumerate((0, 540, 1_080, 1_140, 1_200))]
    whole, later = engine(), engine()
    assert not any(whole.judge(early))
    later.warm([one for one in early if (one.time or 0) >= 1_200 - later.horizon()])
    last = message(9, AD, 1_260)
    (finding,) = whole.judge([last])[0]
    assert [key.id for key in finding.earlier] == ["2", "3", "4"]
    assert later.judge([last]) == [(finding,)]


def test_a_new_engine_keeps_the_stored_key_of_a_campaign_older_than_its_window() -> None:
    stream = copies(30, step=250)
    whole = only(engine(count=3).judge(stream))
    campaigns = {m.key: found.campaign for m, found in zip(stream, whole, strict=True) if found is not None}
    resumed = engine(count=3)
    recent = [m for m in stream[:20] if m.time is not None and m.time >= 1_000 + 19 * 250 - resumed.horizon()]
    resumed.warm(recent, {"d": campaigns})
    assert only(resumed.judge(stream[20:])) == whole[20:]


def test_a_restart_does_not_take_one_rules_campaign_for_anothers() -> None:
    rule = '[rules.{}]\nkind = "duplicates"\nmode = "ask"\nmin_members = 1\nalone = 0\ncount = {}\n'
    book = parse("version = 1\n" + rule.format("few", 2) + rule.format("many", 6))
    stream = copies(7)
    whole = Engine(book).judge(stream)
    assert [len(found) for found in whole] == [0, 1, 1, 1, 1, 2, 2]
    resumed = Engine(book)
    resumed.warm(stream[:3], {"few": dict.fromkeys([one.key for one in stream[:3]], whole[1][0].campaign)})
    assert resumed.judge(stream[3:]) == whole[3:]


TEXTS = st.sampled_from(
    [AD, AD + "！", AD.replace("优惠", "优 惠"), AD[:-3], "今天天气真不错啊朋友们", "cheap followers here", "短"]
)
STREAMS = st.lists(
    st.tuples(TEXTS, st.one_of(st.none(), st.floats(0, 2_000)), st.sampled_from("ab"), st.sampled_from("xyz")),
    max_size=40,
)


@given(STREAMS)
def test_every_message_is_found_at_most_once(rows: list[tuple[str, float | None, str, str]]) -> None:
    stream = [message(n, text, time, group, member) for n, (text, time, group, member) in enumerate(rows)]
    named = []
    for one, finding in zip(stream, only(engine(count=3).judge(stream)), strict=True):
        if finding is not None:
            assert one.key not in finding.earlier
            named.extend([one.key, *finding.earlier])
    assert len(named) == len(set(named))


class Plain:
    """The same decisions by comparing everything with everything."""

    def __init__(self, threshold: float, reach: float, most: int) -> None:
        self.threshold, self.reach, self.most = threshold, reach, most
        self.seen: list[tuple[str, float, int]] = []
        self.clusters = 0

    def nearest(self, text: str, time: float) -> tuple[int, float]:
        """The cluster the text joins, and its score; 0 when it begins one."""
        best: tuple[float, float, int, str] | None = None
        cluster = 0
        near = [one for one in self.seen if abs(one[1] - time) <= self.reach]
        for other, _, number in sorted(near, key=lambda one: one[1]):
            score = 100.0 if other == text else fuzz.ratio(text, other)
            last = max(when for what, when, _ in self.seen if what == other)
            rank = (score, last, -len(other), "".join(chr(0x10FFFF - ord(letter)) for letter in other))
            if score >= self.threshold and (best is None or rank >= best):
                best, cluster = rank, number
        if best is None:
            self.clusters += 1
            cluster = self.clusters
        self.seen.append((text, time, cluster))
        del self.seen[: -self.most]
        return cluster, 0.0 if best is None else best[0]


@st.composite
def copied(draw: st.DrawFn) -> list[tuple[str, float]]:
    letters = st.text(draw(st.sampled_from(["ab", "内部优惠券群", "abcdefgh"])), min_size=1, max_size=12)
    stems = draw(st.lists(st.tuples(letters, st.integers(1, 12)), min_size=1, max_size=4))
    rows = []
    now = 0.0
    for _ in range(draw(st.integers(1, 30))):
        stem, times = draw(st.sampled_from(stems))
        text = list(stem * times)
        for _ in range(draw(st.integers(0, 1 + len(text) // 6))):
            place = draw(st.integers(0, len(text)))
            text[place : place + draw(st.integers(0, 1))] = draw(letters)[:1]
        now += draw(st.sampled_from([0.0, 1.0, 1.0, 30.0, 61.0, -100.0]))
        rows.append(("".join(text), now))
    return rows


@settings(max_examples=300, deadline=None)
@given(copied(), st.sampled_from([50, 66.6, 70, 85, 95, 100]), st.sampled_from([3, 9, 1_000]), st.data())
def test_the_window_loses_nothing_against_comparing_everything(
    rows: list[tuple[str, float]], threshold: float, most: int, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules.duplicates, "MOST_MESSAGES", most)
        judged = engine(count=2, window="1m", threshold=threshold, min_length=1, pieces=0)
        stream = [message(n, text, time) for n, (text, time) in enumerate(rows)]
        found: list[Finding | None] = []
        while len(found) < len(stream):
            size = data.draw(st.integers(1, 12))
            found.extend(only(judged.judge(stream[len(found) : len(found) + size])))
    plain = Plain(threshold, 60, most)
    campaigns: dict[str, int] = {}
    for (text, time), finding in zip(rows, found, strict=True):
        cluster, score = plain.nearest(text, time)
        if finding is None:
            assert score == 0
        else:
            assert finding.score == pytest.approx(score)
            assert campaigns.setdefault(finding.campaign, cluster) == cluster


@st.composite
def crowded(draw: st.DrawFn) -> list[tuple[str, float]]:
    """Many texts hard to tell apart: one with small changes, one with its letters in another order, repeats."""
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    letters = draw(st.sampled_from(["ab", "内部优惠券群扫码", "the quick brown fox"]))
    base = [chance.choice(letters) for _ in range(draw(st.sampled_from([9, 30, 63, 64, 65, 140, 300])))]
    rows: list[tuple[str, float]] = []
    for number in range(draw(st.integers(2, 150))):
        text = list(base)
        for _ in range(chance.choice([0, 1, 1, 2, len(base) // 6, len(base) // 3])):
            place = chance.randrange(len(text))
            text[place : place + chance.choice([0, 1])] = chance.choice([[], [chance.choice(letters + "新")]]) or ["x"]
        if chance.random() < 0.2:
            chance.shuffle(text)
        rows.append(("".join(text), number + chance.choice([0.0, 0.0, 0.0, -90.0, 1e9])))
        if chance.random() < 0.2:
            rows.append((chance.choice(rows)[0], float(number)))
    return rows


@settings(max_examples=60, deadline=None)
@given(crowded(), st.sampled_from([60, 85, 98]), st.sampled_from([20, 100_000]))
def test_texts_hard_to_tell_apart_lose_nothing_either(
    rows: list[tuple[str, float]], threshold: float, most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules.duplicates, "MOST_MESSAGES", most)
        judged = engine(count=2, window="1m", threshold=threshold, min_length=1, pieces=0)
        found = only(judged.judge([message(n, text, time) for n, (text, time) in enumerate(rows)]))
    plain = Plain(threshold, 60, most)
    for (text, time), finding in zip(rows, found, strict=True):
        _, score = plain.nearest(fold(text).text, time)
        assert (0 if finding is None else finding.score) == pytest.approx(score)


@st.composite
def talk(draw: st.DrawFn) -> list[Message]:
    """Chat of a few members in two groups, with copies in it, changed a little."""
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    stems = [AD, "cheap followers here, write me", "今天天气真不错啊朋友们一起出去玩吧", "早上好"]
    stream = []
    for number in range(draw(st.integers(2, 300))):
        text = list(chance.choice(stems) if chance.random() < 0.5 else chance.choice("天地玄黄宇宙洪荒") * 14)
        for _ in range(chance.randrange(4)):
            text[chance.randrange(len(text))] = chance.choice("内外上下abc")
        stream.append(message(number, "".join(text), 1_000.0 + 2 * number, chance.choice("gh"), chance.choice("mnopq")))
    return stream


@settings(max_examples=25, deadline=None)
@given(talk(), st.sampled_from([5, 100_000]), st.data())
def test_findings_depend_neither_on_batches_nor_on_a_restart(
    stream: list[Message], most: int, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules.duplicates, "MOST_MESSAGES", most)
        whole = only(engine(count=3, min_members=2).judge(stream))
        for size in (1, 16, 256):
            judged = engine(count=3, min_members=2)
            parts = [only(judged.judge(stream[start : start + size])) for start in range(0, len(stream), size)]
            assert [finding for part in parts for finding in part] == whole
        cut = data.draw(st.integers(0, len(stream)))
        campaigns = {}
        for one, finding in zip(stream[:cut], whole, strict=False):
            if finding is not None:
                campaigns.update(dict.fromkeys([one.key, *finding.earlier], finding.campaign))
        resumed = engine(count=3, min_members=2)
        resumed.warm(stream[:cut], {"d": campaigns})
        assert only(resumed.judge(stream[cut:])) == whole[cut:]


def test_a_text_is_found_among_more_that_are_alike_than_can_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules.copies, "BUDGET", 2_000)
    chance = random.Random(4)
    letters = list(AD * 4)
    stream = []
    for number in range(60):
        chance.shuffle(letters)
        stream.append(message(number, "".join(letters), number))
    stream.append(message(60, AD * 4, 60))
    stream.extend(message(61 + number, AD * 4 + "哦哟嗯"[number], 61 + number) for number in range(3))
    whole = only(engine(count=4).judge(stream))
    assert whole[:-1] == [None] * 63
    assert whole[-1] is not None
    judged = engine(count=4)
    assert [finding for one in stream for finding in only(judged.judge([one]))] == whole
