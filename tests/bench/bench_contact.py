"""Contacts and links against the patterns one would write for those that hide nothing."""

from __future__ import annotations

import re

from rules.contact import Contact
from rules.fold import fold_batch
from rules.kinds import ContactRule, LinkRule
from rules.link import Link
from rules.prepared import Prepared
from rules.records import Message
from rules.rulebook import parse
from tests.bench.measured import Measured, compare
from tests.bench.messages import many

COUNT = 5_000
BOOK = """\
version = 1
[rules.contact]
kind = "contact"
[rules.link]
kind = "link"
allow = ["example.org"]
protect = ["example.com"]
"""

# Every seventh message holds one, which is far more than chat does.
_ENDINGS = (
    "加微信 abc12345",
    "qq群：123456789",
    "https://shop.example.net/a?b=c",
    "пиши в лс",
    "t.me/+AbCdEf123",
    "13800138000",
)
_CONTACTS = re.compile(
    r"(?:加|\+)?(?:微信|薇信|威信|v信|vx|wx|wechat|weixin)[号:：\s]*[a-z][\w-]{5,19}|(?:qq|q群|群|扣扣)[号:：\s]*[1-9]\d{4,10}|"
    r"1[3-9]\d{9}|\+\d{10,15}|(?:t\.me|wa\.me|discord\.gg|chat\.whatsapp\.com)/\S+|"
    r"(?:whatsapp|telegram|телеграм|телега|тг)[:\s]*[@+]\w{4,}|(?:пиши|пишите|напиши|напишите)\s+в\s+(?:лс|личку)|邀请码[:：]?\w{4,}",
    re.IGNORECASE,
)
_LINKS = re.compile(
    r"https?://\S+|www\.\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|ru|cn|io|me|top|xyz)\b", re.IGNORECASE
)


def run() -> list[Measured]:
    contact, link = parse(BOOK).rules
    assert isinstance(contact, ContactRule)
    assert isinstance(link, LinkRule)
    messages = _messages()
    texts = [message.text for message in messages]
    prepared = [Prepared(one, one.text, folded) for one, folded in zip(messages, fold_batch(texts), strict=True)]
    contacts, links = Contact(contact), Link(link)
    return [
        compare(
            f"contacts, {COUNT} messages",
            "a regular expression without disguises",
            COUNT,
            lambda: contacts.judge(prepared),
            lambda: [_CONTACTS.findall(text) for text in texts],
        ),
        compare(
            f"links, {COUNT} messages",
            "a regular expression without disguises",
            COUNT,
            lambda: links.judge(prepared),
            lambda: [_LINKS.findall(text) for text in texts],
        ),
    ]


def _messages() -> list[Message]:
    made = []
    for place, message in enumerate(many(COUNT)):
        ending = _ENDINGS[place // 7 % len(_ENDINGS)] if place % 7 == 0 else ""
        made.append(
            Message("replay", "g", message.id, message.member, f"{message.text} {ending}".strip(), message.time)
        )
    return made
