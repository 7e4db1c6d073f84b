"""The sample community is what it says it is, and its rulebook finds in it exactly what it should."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import msgspec
import pytest
from rapidfuzz import fuzz

from console import sample
from rules.engine import Engine
from rules.fold import fold
from rules.records import Finding, Message, MessageKey, Mode
from rules.rulebook import load

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2}")


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    group: str
    group_name: str
    user: str
    name: str
    text: str
    ts: str
    kind: str
    reply_to: str = ""
    mentions: tuple[str, ...] = ()

    @property
    def time(self) -> datetime:
        return datetime.strptime(self.ts, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

    def message(self) -> Message:
        return Message(
            platform="replay",
            group=self.group,
            id=self.id,
            member=self.user,
            text=self.text,
            time=self.time.timestamp(),
            kind=self.kind,
            name=self.name,
            group_name=self.group_name,
            reply_to=self.reply_to,
            mentions=self.mentions,
        )


LINES = [msgspec.json.decode(line, type=Line) for line in sample.chat().read_bytes().splitlines()]
BY_ID = {line.id: line for line in LINES}
TEXTS = [line for line in LINES if line.kind == "text"]
EXPECTED = sample.expected()
ADS = {ad.message for ad in EXPECTED.ads}
UNWANTED = {*EXPECTED.campaign.messages, *ADS, *EXPECTED.flood.messages, EXPECTED.scam.message}


def folded(message: str) -> str:
    return fold(BY_ID[message].text).text


def test_lines_are_unique_and_in_order_over_two_hours() -> None:
    assert len(BY_ID) == len(LINES)
    times = [line.time for line in LINES]
    assert times == sorted(times)
    assert times[0] >= datetime(2026, 5, 16, 19, tzinfo=UTC)
    assert times[-1] < datetime(2026, 5, 16, 21, tzinfo=UTC)
    assert (times[-1] - times[0]).total_seconds() > 7000
    assert max(after - before for before, after in pairwise(times)).total_seconds() < 90


def test_groups_members_and_messages_are_as_many_as_the_demo_shows() -> None:
    assert len({line.group for line in LINES}) == len({line.group_name for line in LINES}) == 6
    assert len({line.user for line in TEXTS}) >= 60
    assert len({line.user for line in LINES}) == len({(line.user, line.name) for line in LINES})
    assert len(TEXTS) >= 620
    kinds = Counter(line.kind for line in LINES)
    assert set(kinds) == {"text", "image", "join", "leave"}
    assert all(bool(line.text) == (line.kind == "text") for line in LINES)


def test_chinese_and_english_are_mixed_across_and_within_groups() -> None:
    chinese = Counter(line.group for line in TEXTS if CHINESE.search(line.text))
    english = Counter(line.group for line in TEXTS if LATIN.search(line.text))
    assert min(chinese[line.group] for line in TEXTS) >= 20
    assert min(english[line.group] for line in TEXTS) >= 15


def test_ordinary_lines_are_written_once() -> None:
    ordinary = Counter(line.text for line in TEXTS if line.id not in UNWANTED)
    repeated = {text: count for text, count in ordinary.items() if count > 1 and len(text) > 7}
    assert list(repeated.values()) == [3], "only the organiser's reminder comes more than once"


def test_replies_and_mentions_lead_somewhere() -> None:
    members = {line.user for line in LINES}
    for line in LINES:
        assert set(line.mentions) <= members
        if line.reply_to:
            earlier = BY_ID[line.reply_to]
            assert earlier.group == line.group
            assert earlier.time <= line.time
    assert sum(bool(line.reply_to) for line in LINES) >= 100


def test_members_join_before_they_speak() -> None:
    joined: dict[tuple[str, str], datetime] = {}
    for line in LINES:
        if line.kind == "join":
            joined[line.group, line.user] = line.time
    for line in TEXTS:
        assert joined.get((line.group, line.user), line.time) <= line.time
    for member in EXPECTED.campaign.members:
        assert [key for key in joined if key[1] == member]


def test_every_link_and_address_is_made_up() -> None:
    said = "\n".join(line.text for line in TEXTS)
    hosts = re.findall(r"https?://([^/\s]+)", said)
    assert len(hosts) >= 4
    for host in hosts:
        assert host.endswith((".example", ".test", ".example.com", ".example.org"))
    assert not re.search(r"(?<!\.example)\.(com|net|org|cn|io)\b", said)
    assert not re.search(r"\d{7,}", said), "no telephone numbers"


def test_campaign_is_forty_copies_by_nine_members_in_five_groups() -> None:
    campaign = EXPECTED.campaign
    copies = [BY_ID[message] for message in campaign.messages]
    assert len(copies) == len({copy.text for copy in copies}) == 40
    assert {copy.user for copy in copies} == set(campaign.members)
    assert {copy.group for copy in copies} == set(campaign.groups)
    assert (len(campaign.members), len(campaign.groups)) == (9, 5)
    assert (copies[-1].time - copies[0].time).total_seconds() <= 8 * 60
    first = folded(copies[0].id)
    for copy in copies:
        assert len(folded(copy.id)) >= 45
        assert fuzz.ratio(first, folded(copy.id)) >= 88
    said = Counter(t.user for t in TEXTS if t.user in campaign.members and t.id not in campaign.messages)
    assert set(said) == set(campaign.members)
    assert set(said.values()) <= {2, 3}


def test_single_ads_come_from_six_members() -> None:
    assert len(ADS) == len({ad.member for ad in EXPECTED.ads}) == 6
    assert all(BY_ID[ad.message].user == ad.member for ad in EXPECTED.ads)


def test_flood_is_fourteen_messages_within_twelve_seconds_and_one_long_cry() -> None:
    by_member = Counter(BY_ID[message].user for message in EXPECTED.flood.messages)
    assert sorted(by_member.values()) == [1, 14]
    assert set(by_member) == set(EXPECTED.flood.members)
    rapid = [BY_ID[m] for m in EXPECTED.flood.messages if by_member[BY_ID[m].user] == 14]
    assert len({line.group for line in rapid}) == 1
    assert (rapid[-1].time - rapid[0].time).total_seconds() <= 12
    (cry,) = (BY_ID[m] for m in EXPECTED.flood.messages if by_member[BY_ID[m].user] == 1)
    assert re.search(r"(.)\1{59}", cry.text)


def test_innocent_lines_look_a_little_like_the_others() -> None:
    innocent = [BY_ID[message] for message in EXPECTED.innocent]
    assert not UNWANTED & set(EXPECTED.innocent)
    texts = [line.text for line in innocent]
    counts = Counter(texts)
    assert "哈" * 12 in counts
    assert 3 in counts.values(), "an organiser's reminder in three groups"
    assert 2 in counts.values(), "two members ask the same"
    assert any("https://" in text for text in texts)
    assert any("领券的广告" in text for text in texts)
    assert any("包邮" in text for text in texts)
    assert any(
        sum(b.user == a.user and 0 <= (b.time - a.time).total_seconds() <= 20 for b in innocent) == 5 for a in innocent
    ), "five messages within twenty seconds"


@pytest.fixture(scope="module")
def verdicts() -> dict[str, set[str]]:
    """By rule in mode ask: the messages found, those found afterwards among them."""
    return _found(batch=64)


def _found(*, batch: int) -> dict[str, set[str]]:
    engine = Engine(load(sample.rulebook()))
    messages = [line.message() for line in LINES]
    found: dict[str, set[str]] = {}
    for start in range(0, len(messages), batch):
        part = messages[start : start + batch]
        findings: list[tuple[Finding, ...]] = engine.judge(part)
        assert len(findings) == len(part)
        for message, of_message in zip(part, findings, strict=True):
            for finding in of_message:
                if finding.mode is Mode.ASK:
                    keys: tuple[MessageKey, ...] = (message.key, *finding.earlier)
                    found.setdefault(finding.rule, set()).update(key.id for key in keys)
    return found


def test_the_rulebook_finds_the_campaign_whole(verdicts: dict[str, set[str]]) -> None:
    assert verdicts["campaign"] == set(EXPECTED.campaign.messages)


def test_the_rulebook_finds_the_single_ads(verdicts: dict[str, set[str]]) -> None:
    assert verdicts["ads"] == ADS


def test_the_rulebook_finds_the_flood(verdicts: dict[str, set[str]]) -> None:
    assert verdicts["flood"] == set(EXPECTED.flood.messages)


def test_the_rulebook_finds_the_scam(verdicts: dict[str, set[str]]) -> None:
    assert verdicts["scam"] == {EXPECTED.scam.message}


def test_the_rulebook_finds_nothing_else(verdicts: dict[str, set[str]]) -> None:
    assert set().union(*verdicts.values()) == UNWANTED


def test_the_rule_on_trial_counts_and_asks_nobody(verdicts: dict[str, set[str]]) -> None:
    findings = Engine(load(sample.rulebook())).judge([line.message() for line in LINES])
    trial = [finding for of_message in findings for finding in of_message if finding.rule == "trade"]
    assert len(trial) >= 3
    assert {finding.mode for finding in trial} == {Mode.SHADOW}
    assert "trade" not in verdicts


@pytest.mark.parametrize("batch", [1, 17, 2000])
def test_the_size_of_batches_makes_no_difference(verdicts: dict[str, set[str]], batch: int) -> None:
    assert _found(batch=batch) == verdicts
