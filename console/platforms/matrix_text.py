"""The text of a Matrix message as its readers see it, and text as Matrix messages carry it."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from urllib.parse import quote

LONGEST_MARKUP = 60_000
_QUOTE = re.compile(r"> (?:\* )?<@[^>\n]{1,255}>")
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


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.quoted = 0
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "mx-reply":
            self.quoted += 1
        if tag in _LINES:
            self.parts.append("\n")
        link = dict(attrs).get("href") if tag == "a" else None
        if link and not self.quoted and not link.startswith("https://matrix.to/"):
            self.links.append(link)

    def handle_endtag(self, tag: str) -> None:
        if tag == "mx-reply":
            self.quoted = max(0, self.quoted - 1)
        if tag in _LINES:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.quoted:
            self.parts.append(data)


def _shown(markup: str) -> str:
    """The text that marked-up text shows, with the addresses behind its links."""
    reader = _Reader()
    try:
        reader.feed(markup)
        reader.close()
    except (AssertionError, ValueError):
        return markup
    text = re.sub(r"\n{2,}", "\n", "".join(reader.parts)).strip()
    return " ".join([text, *(link for link in dict.fromkeys(reader.links) if link not in text)])
