"""Links by their domains, and what is made to look like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.engine import Engine
from rules.fold import fold
from rules.kinds import LinkRule
from rules.link import Link
from rules.patterns import MOST_EVIDENCE
from rules.prepared import Prepared
from rules.records import Finding, Message
from rules.rulebook import RulebookError, parse

BOOK = """\
version = 1
[rules.l]
kind = "link"
mode = "ask"
{}
"""


def engine(settings: str) -> Engine:
    return Engine(parse(BOOK.format(settings)))


def message(text: str) -> Message:
    return Message("p", "g", "1", "m", text, 0.0)


def judge(text: str, rules: Engine) -> Finding | None:
    findings = rules.judge([message(text)])[0]
    return findings[0] if findings else None


DENY = engine('deny = ["bad.example.net", "evil.com", "github.io", "пример.рф"]')
ALLOW = engine('allow = ["good.org", "docs.example.com"]')
PROTECT = engine('protect = ["paypal.com", "example.co.uk", "steamcommunity.com", "qq.com"]\nthreshold = 70')


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://evil.com/a?b=c now", "https://evil.com/a?b=c"),
        ("see evil.com.", "evil.com"),
        ("(www.evil.com/x)", "www.evil.com/x"),
        ("EVIL.COM!", "EVIL.COM"),
        ("http://a.b.evil.com:8080/", "http://a.b.evil.com:8080/"),
        ("evil . com", "evil . com"),
        ("evil[.]com", "evil[.]com"),
        ("evil (dot) com", "evil (dot) com"),
        ("evil dot com", "evil dot com"),
        ("看evil点com吧", "evil点com"),
        ("evil。com", "evil。com"),
        ("ｅｖｉｌ．ｃｏｍ", "ｅｖｉｌ．ｃｏｍ"),
        ("e\u200bvil.com", "e\u200bvil.com"),
        ("hxxps://evil[.]com/x", "hxxps://evil[.]com/x"),
        ("http://good.org@evil.com/x", "http://good.org@evil.com/x"),
        ("http://user:pw@evil.com", "http://user:pw@evil.com"),
        ("еvіl.com", "еvіl.com"),
        ("访问https://evil.com，谢谢", "https://evil.com"),
        ("https://web.archive.org/web/http://evil.com/x", "http://evil.com/x"),
        ("somebody.github.io", "somebody.github.io"),
        ("http://xn--e1afmkfd.xn--p1ai/", "http://xn--e1afmkfd.xn--p1ai/"),
        ("пример.рф", "пример.рф"),
        ("x.bad.example.net", "x.bad.example.net"),
    ],
)
def test_a_denied_domain_is_found_however_it_is_written(text: str, shown: str) -> None:
    finding = judge(text, DENY)
    assert finding is not None
    assert finding.score == 100
    assert [text[one.start : one.end] for one in finding.evidence] == [shown]


@pytest.mark.parametrize(
    "text",
    [
        "notevil.com",
        "evil.com.au",
        "example.net",
        "other.example.net",
        "mail to me@evil.com",
        "evil. Coming",
        "github.com",
    ],
)
def test_other_domains_are_not_denied(text: str) -> None:
    assert judge(text, DENY) is None


@pytest.mark.parametrize(
    "text",
    [
        "https://good.org/x", "sub.good.org", "docs.example.com", "v2.docs.example.com/a",
        "main.py README.md setup.sh lib.rs Makefile.am configure.ac archive.zip", "1.2.3 and v5.10.2",
        "e.g. this, i.e. that",
        "10.0.0.1", "end.Then more", "System.IO and GHC.Types.IO", "foo.bar(1)", "someone@elsewhere.com",
        "/etc/apt/sources.list.d/x.list", "~/elsewhere.com", "nothing.here", "wait...what", "好的。然后呢", "",
    ],
)  # fmt: skip
def test_allowed_links_and_what_is_no_link(text: str) -> None:
    assert judge(text, ALLOW) is None


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://elsewhere.com/x", "elsewhere.com"),
        ("elsewhere.com", "elsewhere.com"),
        ("example.com", "example.com"),
        ("www.elsewhere.info", "www.elsewhere.info"),
        ("https://script.py", "script.py"),
        ("bit.ly/abc", "bit.ly"),
        ("http://192.168.1.1:8080/x", "192.168.1.1"),
        ("http://3232235777/", "3232235777"),
        ("http://[2001:db8::1]/x", "[2001:db8::1]"),
        ("http://例子.中国/", "例子.中国"),
        ("shop7. top", "shop7.top"),
        ("good.org.elsewhere.ru", "good.org.elsewhere.ru"),
        ("gооd.org", "gооd.org"),
    ],
)
def test_with_a_list_of_allowed_domains_links_elsewhere_are_found(text: str, host: str) -> None:
    finding = judge(text, ALLOW)
    assert finding is not None
    assert finding.score == 80
    assert finding.matched == host


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("http://раураl.com", 100),
        ("http://xn--l-7sba6dbr.com", 100),
        ("paypal.com.example.ru", 95),
        ("http://paypal.com@example.ru/", 95),
        ("paypa1.com", 95),
        ("steamcornmunity.com", 95),
        ("paypall.com", 90),
        ("paypla.com", 90),
        ("paypal-login.com", 85),
        ("login.paypal.example.ru", 85),
        ("paypal.ru", 85),
        ("example.com", 85),
        ("pavpal.ru", 80),
        ("paypal-Iogin.xyz/a", 85),
        ("paypallogin.com", 80),
        ("mypaypalx.com", 0),
        ("steamcommunitygame.com", 70),
        ("paypal.com", 0),
        ("www.paypal.com/x", 0),
        ("steamcommunity.com", 0),
        ("qqmusic.com", 0),
        ("qq.com.evil.ru", 95),
        ("elsewhere.com", 0),
    ],
)
def test_what_looks_like_a_protected_domain_is_found(text: str, score: float) -> None:
    finding = judge(text, PROTECT)
    assert (0 if finding is None else finding.score) == score


def test_a_domain_is_needed() -> None:
    with pytest.raises(RulebookError, match="deny"):
        engine("")
    with pytest.raises(RulebookError, match=r"example\.org"):
        engine('deny = ["https://evil.com/"]')


NAMES = st.from_regex(r"[a-z]{3,8}[0-9]{0,2}", fullmatch=True)


@given(NAMES, st.sampled_from(["com", "ru", "top", "co.uk", "com.cn"]), st.integers(0, 5))
def test_a_denied_domain_is_found_in_every_disguise(name: str, suffix: str, way: int) -> None:
    domain = f"{name}.{suffix}"
    dots = [".", "[.]", " . ", "。", "．", "(dot)"][way]
    text = f"look {dots.join(domain.split('.'))} now"
    finding = judge(text, engine(f'deny = ["{domain}"]'))
    assert finding is not None
    assert [text[one.start : one.end] for one in finding.evidence] == [text[5:-4]]


@given(st.sampled_from(["google.com", "telegram.org", "binance.com"]), st.data())
def test_one_edit_of_a_protected_name_is_found(domain: str, data: st.DataObject) -> None:
    name, _, suffix = domain.partition(".")
    place = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    changed = data.draw(
        st.sampled_from(
            [
                name[:place] + letter + name[place:],
                name[:place] + name[place + 1 :],
                name[:place] + letter + name[place + 1 :],
                name[:place] + name[place : place + 2][::-1] + name[place + 2 :],
            ]
        )
    )
    finding = judge(f"https://{changed}.{suffix}/", engine(f'protect = ["{domain}"]'))
    assert (finding is None) == (changed == name)


TEXTS = st.text(st.sampled_from("abcom. /:@[]()-_点。evil.com://wwhtps1\u200bа例") | st.characters(), max_size=50)


@given(TEXTS)
def test_evidence_is_inside_the_text(text: str) -> None:
    finding = judge(text, ALLOW)
    if finding is not None:
        assert finding.evidence
        for one in finding.evidence:
            assert 0 <= one.start < one.end <= len(text)


@given(st.lists(TEXTS, max_size=8), st.integers(1, 8))
def test_findings_do_not_depend_on_the_batch(texts: list[str], size: int) -> None:
    together = ALLOW.judge(list(map(message, texts)))
    apart = [
        found
        for start in range(0, len(texts), size)
        for found in ALLOW.judge(list(map(message, texts[start : start + size])))
    ]
    assert together == apart


@given(st.from_regex(r"xn--[a-z0-9-]{1,20}", fullmatch=True))
def test_a_host_of_broken_punycode_is_a_host_as_well(label: str) -> None:
    finding = judge(f"https://{label}.com/", ALLOW)
    assert finding is not None
    finding.matched.encode()


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        ".",
        "a.",
        "a.com ",
        "http://",
        "http://a.com/",
        "http://a@",
        "a. ",
        "[.]",
        "a点",
        "1.1.1.1 ",
        "xn--a.com ",
        "a" * 63 + ".",
        "。",
    ],
)  # fmt: skip
def test_a_hostile_text_makes_no_more_work_than_its_length(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    prepared = Prepared(message(text), text, fold(text))
    (rule,) = parse(BOOK.format('allow = ["good.org"]\nprotect = ["paypal.com"]')).rules
    assert isinstance(rule, LinkRule)
    (finding,) = Link(rule).judge([prepared])
    assert finding is None or len(finding.evidence) <= MOST_EVIDENCE
