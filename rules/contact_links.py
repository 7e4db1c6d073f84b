"""Links that are contacts: invitations, links to a chat with somebody, short links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.hosts import may_name, named
from rules.marked import Marked

INVITATION = 92.0
CHAT = 90.0
HANDLE = 75.0
"""A link to somebody's account or channel."""
POST = 55.0
"""A link to one message of a channel: people quote."""
SHORT = 50.0

_TELEGRAM = frozenset(("t.me", "telegram.me", "telegram.dog"))
_NOBODY_WORDS = "addstickers addemoji addtheme setlanguage share proxy socks iv login confirmphone bg s k c joinchat"
_NOBODY = frozenset(_NOBODY_WORDS.split())
_NAME = re.compile(r"[a-z][a-z0-9_]{3,31}+")
# Host, how its path begins, kinds, score.
_INVITING = (
    ("chat.whatsapp.com", "", ("whatsapp", "group", "invite"), INVITATION),
    ("whatsapp.com", "channel", ("whatsapp", "invite"), HANDLE),
    ("wa.me", "", ("whatsapp", "phone"), CHAT),
    ("wa.link", "", ("whatsapp",), CHAT),
    ("api.whatsapp.com", "send", ("whatsapp", "phone"), CHAT),
    ("line.me", "r", ("line", "invite"), CHAT),
    ("line.me", "ti", ("line", "invite"), CHAT),
    ("lin.ee", "", ("line",), CHAT),
    ("discord.gg", "", ("invite", "group"), INVITATION),
    ("discord.com", "invite", ("invite", "group"), INVITATION),
    ("discordapp.com", "invite", ("invite", "group"), INVITATION),
    ("qm.qq.com", "", ("qq", "group", "invite"), INVITATION),
    ("jq.qq.com", "", ("qq", "group", "invite"), INVITATION),
    ("qun.qq.com", "", ("qq", "group", "invite"), INVITATION),
    ("pd.qq.com", "s", ("qq", "group", "invite"), INVITATION),
    ("wpa.qq.com", "", ("qq",), CHAT),
    ("u.wechat.com", "", ("wechat",), CHAT),
    ("weixin.qq.com", "g", ("wechat", "group", "invite"), INVITATION),
    ("weixin.qq.com", "r", ("wechat",), CHAT),
    ("work.weixin.qq.com", "ca", ("wechat",), CHAT),
    ("work.weixin.qq.com", "gm", ("wechat", "group", "invite"), INVITATION),
    ("kook.top", "", ("invite", "group"), INVITATION),
    ("invite.viber.com", "", ("invite", "group"), INVITATION),
    ("chats.viber.com", "", ("invite",), CHAT),
    ("signal.group", "", ("invite", "group"), INVITATION),
    ("signal.me", "", ("invite",), CHAT),
    ("join.skype.com", "", ("invite", "group"), INVITATION),
    ("vk.me", "", ("invite",), HANDLE),
)  # fmt: skip
_INVITING_HOSTS = frozenset(host for host, *_ in _INVITING)
_SHORTENERS_WORDS = """
    bit.ly bitly.com t.cn tinyurl.com goo.gl is.gd v.gd ow.ly cutt.ly cutt.us rb.gy dwz.cn url.cn suo.im suo.nz
    clck.ru u.to vk.cc s.id shorturl.at t.ly rebrand.ly adf.ly tiny.cc buff.ly 6du.in mrw.so t.hk dwz.mk 0x3.me
    m6z.cn r6a.cn x.co soo.gd shrtco.de gg.gg bc.vc ouo.io shorte.st linktr.ee qr.ae lnkd.in snip.ly bl.ink
    tr.im goo.su kurl.cn w.url.cn 985.so c1n.cn ft12.com tb.cn m.tb.cn s.click.taobao.com u.jd.com
    p.pinduoduo.com clk.im rrd.me sourl.cn surl.cn dlvr.it fb.me trib.al tny.im inx.lv da.gd chilp.it urlzs.com
"""
_SHORTENERS = frozenset(_SHORTENERS_WORDS.split())
_SCHEME_OF_ITS_OWN = re.compile(
    r"\b(tg|whatsapp|weixin|mqqapi|tencent|viber|line)://((?!user|emoji|settings)[^\s\u2e80-\uffff]{3,200}+)"
)
_OF_SCHEME = {"tg": "telegram", "whatsapp": "whatsapp", "weixin": "wechat", "line": "line", "viber": "invite"}
_PATH_APART = re.compile(r" ?[/\\] ?([a-z0-9_+][a-z0-9_\-+]*+(?: ?/ ?[a-z0-9_\-+]++){0,2})")


class Linked(NamedTuple):
    """A link from `start` to before `end` of a marked text. `name` is whom or what it leads to, `kinds` are its kinds
    of contact, the first the one it is called by."""

    start: int
    end: int
    kinds: tuple[str, ...]
    name: str
    host: str
    score: float


def linked(one: Marked) -> Iterator[Linked]:
    """The links in a text that are contacts, from left to right."""
    text = one.text
    if "://" in text:
        for match in _SCHEME_OF_ITS_OWN.finditer(text):
            kind = _OF_SCHEME.get(match[1], "qq")
            yield Linked(*match.span(), (kind, "invite"), match[2], match[1], CHAT)
    if not may_name(text):
        return
    for each in named(one):
        host = each.name(text).removeprefix("www.")
        if host not in _TELEGRAM and host not in _INVITING_HOSTS and host not in _SHORTENERS:
            if host.endswith(".t.me"):
                yield Linked(each.start, each.end, ("telegram",), host.removesuffix(".t.me"), host, HANDLE)
            continue
        path = text[each.host_end : each.end].lstrip("/\\")
        end = each.end
        if not path and (apart := _PATH_APART.match(text, each.host_end)):
            path, end = apart[1].replace(" ", ""), apart.end()
        found = _of(host, path) if path else None
        if found is not None:
            yield Linked(each.start, end, found[0], path, host, found[1])


def _of(host: str, path: str) -> tuple[tuple[str, ...], float] | None:
    if host in _TELEGRAM:
        return _telegram(path)
    first, _, rest = path.partition("/")
    for known, beginning, kinds, score in _INVITING:
        if known == host and (not beginning or (first == beginning and (rest or "?" in path)) or first == beginning):
            return kinds, score
    return (("short-link",), SHORT) if host in _SHORTENERS else None


def _telegram(path: str) -> tuple[tuple[str, ...], float] | None:
    """Invitations begin with "+" or "joinchat/", everything else with a name."""
    first, _, rest = path.partition("/")
    if path.startswith("+"):
        return ("telegram", "invite", "phone" if path[1:].isdigit() else "group"), INVITATION
    if first == "joinchat" and rest:
        return ("telegram", "invite", "group"), INVITATION
    if first == "s" and rest:
        first, _, rest = rest.partition("/")
    name = _NAME.match(first)
    if name is None or first in _NOBODY:
        return None
    return ("telegram",), POST if rest[:1].isdigit() else HANDLE
