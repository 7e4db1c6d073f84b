"""Contact details, and their disguises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.contact import Contact
from rules.engine import Engine
from rules.fold import fold
from rules.kinds import ContactRule
from rules.patterns import MOST_EVIDENCE
from rules.prepared import Prepared
from rules.records import Finding, Message
from rules.rulebook import RulebookError, parse

BOOK = """\
version = 1
[rules.c]
kind = "contact"
mode = "ask"
{}
"""


def engine(settings: str = "") -> Engine:
    return Engine(parse(BOOK.format(settings)))


def message(text: str) -> Message:
    return Message("p", "g", "1", "m", text, 0.0)


ALL = engine()
LOW = engine("threshold = 1")


def judge(text: str, rules: Engine = ALL) -> Finding | None:
    findings = rules.judge([message(text)])[0]
    return findings[0] if findings else None


def shown(text: str, finding: Finding) -> list[str]:
    return [text[one.start : one.end] for one in finding.evidence]


def scored(text: str) -> float:
    finding = judge(text, LOW)
    return 0.0 if finding is None else finding.score


@pytest.mark.parametrize(
    ("text", "matched", "evidence"),
    [
        ("有意加v:abc_12345 谢谢", "wechat abc_12345", "加v:abc_12345"),
        ("加微信 abc12345", "wechat abc12345", "加微信 abc12345"),
        ("加我 加薇 ab12345", "wechat ab12345", "加薇 ab12345"),
        ("加威：ab12345", "wechat ab12345", "加威：ab12345"),
        ("➕V ab12345", "wechat ab12345", "➕V ab12345"),
        ("微❤ ab12345", "wechat ab12345", "微❤ ab12345"),
        ("🇻🇽 ab12345", "wechat ab12345", "🇻🇽 ab12345"),
        ("ｖｘ：ab12345", "wechat ab12345", "ｖｘ：ab12345"),
        ("vх：ab12345", "wechat ab12345", "vх：ab12345"),
        ("微信：一三八零零一三八零零零", "wechat 13800138000", "微信：一三八零零一三八零零零"),
        ("嘉薇馨 ab12345", "wechat ab12345", "嘉薇馨 ab12345"),
        ("加卫星 m y i d _ 8 8 8", "wechat myid_888", "加卫星 m y i d _ 8 8 8"),
        ("加V 伞舞妖巴零期酒", "wechat 3518079", "加V 伞舞妖巴零期酒"),
        ("微信 l38OOl38OOO", "wechat 13800138000", "微信 l38OOl38OOO"),
        ("扣扣：1 2 8-4 5.6 7 8", "qq 12845678", "扣扣：1 2 8-4 5.6 7 8"),
        ("加企鹅 二三四五六七八九", "qq 23456789", "加企鹅 二三四五六七八九"),
        ("🐧 ⑨⑧⑦⑥⑤④③", "qq 9876543", "🐧 ⑨⑧⑦⑥⑤④③"),
        ("q裙：七三六五二一四九", "group 73652149", "q裙：七三六五二一四九"),
        ("群号1234567890长期有效", "group 1234567890", "群号1234567890"),
        ("加QQ12345678一起玩", "qq 12345678", "加QQ12345678"),
        ("联系 13800138000 王经理", "phone 13800138000", "联系 13800138000"),
        ("звоните 8 (916) 123-45-67", "phone 89161234567", "звоните 8 (916) 123-45-67"),
        ("tel 010-12345678", "phone 01012345678", "tel 010-12345678"),
        ("телеграм @ivan_99", "telegram ivan_99", "телеграм @ivan_99"),
        ("напиши в поиске телеграма: abc300", "telegram abc300", "поиске телеграма: abc300"),
        ("电报 @some_body", "telegram some_body", "电报 @some_body"),
        ("t.me/+AbCdEf123_x", "telegram t.me/+abcdef123_x", "t.me/+AbCdEf123_x"),
        ("t . me / joinchat / abcdef12", "telegram t.me/joinchat/abcdef12", "t . me / joinchat / abcdef12"),
        ("t点me/somebody", "telegram t.me/somebody", "t点me/somebody"),
        ("ｔ。ｍｅ／somebody", "telegram t.me/somebody", "ｔ。ｍｅ／somebody"),
        ("add me on WhatsApp +1 202 555 0143", "whatsapp 12025550143", "add me on WhatsApp +1 202 555 0143"),
        ("https://wa.me/79161234567", "whatsapp wa.me/79161234567", "https://wa.me/79161234567"),
        ("LINE ID: some_body1", "line some_body1", "LINE ID: some_body1"),
        ("邀请码：ABCD1234", "invite abcd1234", "邀请码：ABCD1234"),
        ("discord.gg/abcDEF", "invite discord.gg/abcdef", "discord.gg/abcDEF"),
        ("点这里联系 https://t.cn/A6abc", "short-link t.cn/a6abc", "联系 https://t.cn/A6abc"),
        ("复制 ￥AbC12dEfGhI￥ 打开", "invite AbC12dEfGhI", "￥AbC12dEfGhI￥"),
        ("кому интересно, пиши в лс", "private", "пиши в лс"),
        ("➕ в личку", "private", "в личку"),
        ("write me in private", "private", "write me in private"),
    ],
)
def test_a_contact_is_found_with_what_announces_it(text: str, matched: str, evidence: str) -> None:
    finding = judge(text)
    assert finding is not None
    assert finding.evidence[0].matched == matched
    assert shown(text, finding)[0] == evidence
    assert finding.matched.startswith(matched)


@pytest.mark.parametrize(
    "text",
    [
        "it costs 120000 or 1200,50",
        "version 10.0.19041.1237 of QQ 9.7.25.29411",
        "2024-01-15 12:30:45, 20240115",
        "ping 192.168.100.200 and 10.0.0.1:8080",
        "kernel 5.15.0-91-generic, 123456789 bytes",
        "commit 9f8e7d6c5b4a 1234567890abcdef",
        "bug 1234567 and #7654321",
        "room 40512, map 123456 654321",
        "ISBN 978-7-111-12345-6",
        "https://example.com/item/13800138000?id=12345678",
        "我有三百五十万，一二三四五六七八九十",
        "群里有1000000人",
        "下载QQ 2023版",
        "卫星 12345 公里",
        "有问题联系客服，订单号 1234567890",
        "call support, ticket 20231234567",
        "加VIP群 加wifi",
        "c++ vxlan wxWidgets0 tgz tg line 12345",
        "I wrote him privately yesterday",
        "написал ему в лс",
        "@some_body thanks",
        "mail me: someone@example.com",
        "use std::move(t.member) // see t.me",
        "",
        "\n",
    ],
)
def test_ordinary_numbers_and_names_are_left_alone(text: str) -> None:
    assert judge(text) is None


def test_the_surer_the_higher() -> None:
    number = "1234567890"
    assert 0 < scored(number) < scored("13800138000") < 60
    assert scored(f"群 {number}") < scored(f"qq {number}") < scored(f"加qq {number}")
    assert scored(f"加qq，先看置顶 {number}") < scored(f"加qq {number}")
    assert scored("https://bit.ly/abc123") < 60 <= scored("联系 https://bit.ly/abc123")
    assert scored("t.me/somebody/123") < scored("t.me/somebody") < scored("t.me/+abcdef1234")
    assert 0 < scored("в лс") < scored("пиши в лс") < scored("пиши + в лс")


def test_only_what_is_looked_for_is_found() -> None:
    wechat = engine('look_for = ["wechat"]')
    assert judge("加微信 abc12345", wechat) is not None
    assert judge("加qq 12345678", wechat) is None
    invitations = engine('look_for = ["invite"]')
    finding = judge("t.me/+AbCdEf123_x", invitations)
    assert finding is not None
    assert finding.matched.startswith("invite ")


def test_what_to_look_for_must_be_known() -> None:
    with pytest.raises(RulebookError, match="look_for"):
        engine('look_for = ["fax"]')


SPELLED = {
    "plain": "0123456789",
    "full-width": "０１２３４５６７８９",
    "circled": "⓪①②③④⑤⑥⑦⑧⑨",
    "mathematical": "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
    "numerals": "零一二三四五六七八九",
    "cheque numerals": "零壹贰叁肆伍陆柒捌玖",
    "homophones": "灵妖尔伞斯舞溜期芭酒",
    "arabic": "٠١٢٣٤٥٦٧٨٩",
}
WRITTEN = st.sampled_from(sorted(SPELLED))
BETWEEN = st.sampled_from(["", " ", "-", ".", "\u200b", "\u2060", "*", " _ "])
CUES = ["加微信", "加V：", "➕薇 ", "微信号 ", "qq ", "Ｑ Ｑ：", "q群:", "WhatsApp "]


@given(
    st.text("0123456789", min_size=8, max_size=10),
    st.sampled_from(CUES),
    WRITTEN,
    BETWEEN,
    st.sampled_from(["", "hello ", "大家好，", "привет "]),
)
def test_a_number_is_found_in_every_disguise(digits: str, cue: str, spelling: str, between: str, before: str) -> None:
    digits = f"3{digits[1:]}"
    hidden = between.join(SPELLED[spelling][int(digit)] for digit in digits)
    text = f"{before}{cue}{hidden}"
    finding = judge(text)
    assert finding is not None
    assert finding.evidence[0].matched.endswith(f" {digits}")
    assert text[finding.evidence[0].start : finding.evidence[0].end].endswith(hidden)
    own = engine(f'own = ["{digits}"]')
    assert judge(text, own) is None


@given(
    st.from_regex(r"[a-ln-z](?:_?[a-z]){3,8}[0-9]{2,4}", fullmatch=True),
    st.sampled_from(["加微信", "加V ", "薇信：", "wechat: ", "telegram @", "тг: @"]),
    st.sampled_from(["plain", "full-width", "capitals", "zero-width"]),
)
def test_a_name_is_found_in_every_disguise_and_allowed_when_it_is_our_own(name: str, cue: str, way: str) -> None:
    hidden = {
        "plain": name,
        "full-width": "".join(chr(ord(char) + 0xFEE0) for char in name),
        "capitals": name.upper(),
        "zero-width": "\u200b".join(name),
    }[way]
    text = cue + hidden
    finding = judge(text)
    assert finding is not None
    assert name in finding.evidence[0].matched
    assert text[finding.evidence[0].start : finding.evidence[0].end].endswith(hidden.rstrip("\uff3f_"))
    assert judge(text, engine(f'own = ["{name}"]')) is None


@pytest.mark.parametrize(
    ("own", "text"),
    [
        ("https://t.me/our_group", "all news: t . me / our_group"),
        ("https://t.me/our_group", "telegram @our_group"),
        ("t.me/+AbCdEf123", "ｔ.me/+AbCdEf123"),
        ("12345678", "qq群 1234 5678"),
        ("+7 916 123-45-67", "звоните 8 (916) 1234567"),
        ("discord.gg/abcdef", "https://discord.gg/abcdef"),
        ("ABCD1234", "邀请码：abcd1234"),
    ],
)
def test_our_own_contacts_are_allowed(own: str, text: str) -> None:
    assert judge(text) is not None
    assert judge(text, engine(f'own = ["{own}"]\nthreshold = 1')) is None


def test_a_cue_alone_is_a_call_and_no_more() -> None:
    assert 0 < scored("加我qq") < 60
    assert judge("加我qq 12345678", engine('own = ["12345678"]\nthreshold = 1')) is None


def test_an_own_contact_hides_no_other_one_beside_it() -> None:
    finding = judge("加微信 abc12345 12345678", engine('own = ["12345678"]'))
    assert finding is not None
    assert finding.matched == "wechat abc12345"


def test_an_own_contact_covers_no_other() -> None:
    finding = judge("qq群 12345678，加微信 abc12345", engine('own = ["12345678"]'))
    assert finding is not None
    assert finding.matched == "wechat abc12345"


TEXTS = st.text(
    st.sampled_from("0123456789一二三加微信vx群qQ:+@./-_ \n\u200bａ①tmeлс伞абв❤🐧¥()\ud800") | st.characters(),
    max_size=60,
)


@given(TEXTS)
def test_evidence_is_inside_the_text(text: str) -> None:
    finding = judge(text, LOW)
    if finding is not None:
        assert finding.evidence
        assert 0 < finding.score <= 100
        for one in finding.evidence:
            assert 0 <= one.start < one.end <= len(text)
            assert one.matched


@given(st.lists(TEXTS, max_size=8), st.integers(1, 8))
def test_findings_do_not_depend_on_the_batch(texts: list[str], size: int) -> None:
    together = LOW.judge(list(map(message, texts)))
    apart = [
        found
        for start in range(0, len(texts), size)
        for found in LOW.judge(list(map(message, texts[start : start + size])))
    ]
    assert together == apart


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "1",
        "1 ",
        "加",
        "加v",
        "加v 12345678 ",
        "微信伞",
        "@abcd ",
        "t.me/",
        "http://a.com/",
        "¥a",
        "в лс +",
        "tg://",
        "-",
        "(",
        "\ud800",
    ],
)  # fmt: skip
def test_a_hostile_text_makes_no_more_work_than_its_length(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    prepared = Prepared(message(text), text, fold(text))
    (rule,) = parse(BOOK.format('own = ["12345678"]')).rules
    assert isinstance(rule, ContactRule)
    (finding,) = Contact(rule).judge([prepared])
    assert finding is None or len(finding.evidence) <= MOST_EVIDENCE
