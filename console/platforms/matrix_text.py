"""The text of a Matrix message as its readers see it, and text as Matrix messages carry it."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from urllib.parse import quote

LONGEST_MARKUP = 60_000
MOST_LINKS = 20
_TAG = re.compile(r"/?([a-zA-Z][a-zA-Z0-9-]*)")
_HREF = re.compile(r"""\shref\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_QUOTE = re.compile(r"> (?:\* )?<@[^>\n]{1,255}>")
_POLLS = ("m.poll", "m.poll.start", "org.matrix.msc3381.poll.start")
_WORDS = ("m.text", "org.matrix.msc1767.text", "body")
_LINES = frozenset(["p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "hr"])


def readable(body: str, markup: str, *, reply: bool) -> str:
    """What a message says: `body`, and below it what only `markup` shows, which is what clients display.

    The quotation that replies used to begin with is left out: its words are another member's.
    """
    text = _without_quotation(body) if reply else body
    if not markup or len(markup) > LONGEST_MARKUP:
        return sound(text)
    shown = _shown(markup)
    return sound(text if _covers(text, shown) else f"{shown}\n{text}")


def poll_text(content: Mapping[str, object]) -> str:
    """What a poll says: its question and answers, a line each, and what only those see whose programs know no polls."""
    asked = next((part for key in _POLLS if isinstance(part := content.get(key), dict)), {})
    answers = asked.get("answers")
    lines = [_words(asked.get("question")), *(map(_words, answers) if isinstance(answers, list) else ())]
    shown, text = "\n".join(filter(None, lines)), _words(content)
    return sound(text if _covers(text, shown) else f"{shown}\n{text}".strip("\n"))


def _words(part: object) -> str:
    """The text of a part of a poll, in any of the ways in which programs write it."""
    if not isinstance(part, dict):
        return ""
    for key in _WORDS:
        match part.get(key):
            case str(text) | [{"body": str(text)}, *_]:
                return text
    return ""


def sound(text: str) -> str:
    """The text as any store can hold it."""
    return text.replace("\x00", "\ufffd")


def one_line(text: object, longest: int = 200) -> str:
    """A name of a stranger's making on one line; "" for what is no text."""
    return sound(" ".join(text.split())[:longest]) if isinstance(text, str) else ""


def mention(user: str, name: str, text: str) -> dict[str, object]:
    """The content of a notice that tells a member something before the group."""
    shown = one_line(name, 60) or user
    link = f'<a href="https://matrix.to/#/{quote(user)}">{html.escape(shown)}</a>'
    return {
        "msgtype": "m.notice",
        "body": f"{shown}: {text}",
        "format": "org.matrix.custom.html",
        "formatted_body": f"{link}: {html.escape(text).replace(chr(10), '<br>')}",
        "m.mentions": {"user_ids": [user]},
    }


def _without_quotation(body: str) -> str:
    if not _QUOTE.match(body):
        return body
    lines = body.split("\n")
    quoted = next((at for at, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[quoted:]).lstrip("\n") or body


def _covers(text: str, shown: str) -> bool:
    """Whether the plain text says all that is shown: it may hold signs of markup besides, but not much else."""
    letters = iter([c for c in text if c.isalnum()])
    wanted = [c for c in shown if c.isalnum()]
    return all(c in letters for c in wanted) and len(text) <= 2 * len(shown) + 200


def _shown(markup: str) -> str:
    """The text that marked-up text shows, with the addresses behind its links.

    One pass over it, whatever it is made of: the standard library's parser takes minutes for some texts.
    """
    parts: list[str] = []
    links: list[str] = []
    at = quoted = 0
    while (start := markup.find("<", at)) >= 0:
        if not quoted:
            parts.append(markup[at:start])
        if not markup[start + 1 : start + 2].isalpha() and markup[start + 1 : start + 2] not in ("/", "!", "?"):
            parts.append("&lt;" if not quoted else "")
            at = start + 1
            continue
        end = markup.find("-->" if markup.startswith("<!--", start) else ">", start)
        if end < 0:
            # A tag without an end shows nothing.
            at = len(markup)
            break
        tag = markup[start + 1 : end]
        at = end + (3 if tag.startswith("!--") else 1)
        name = (found[1] if (found := _TAG.match(tag)) else "").lower()
        if name == "mx-reply":
            quoted = max(0, quoted + (-1 if tag.startswith("/") else 1))
        elif name in _LINES:
            parts.append("\n")
        elif name == "a" and not quoted and (link := _HREF.search(tag)):
            links.append(html.unescape(link[1] or link[2] or link[3] or ""))
    if not quoted:
        parts.append(markup[at:])
    text = re.sub(r"\n{2,}", "\n", html.unescape("".join(parts))).strip()
    wanted = [link for link in dict.fromkeys(links) if link and not link.startswith("https://matrix.to/")]
    return " ".join([text, *(link for link in wanted[:MOST_LINKS] if link not in text)])
