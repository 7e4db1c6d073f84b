"""What to do about a refusal of Telegram's, by what it says."""

from __future__ import annotations

from console.platforms.telegram_access import SUPERGROUP
from widgets.language import mark, say

NEVER_WROTE = mark(
    "Telegram lets a bot write to nobody who has not written to it first: the member has to open {bot} and press Start"
)
_ADMINISTRATOR = mark("administrators are out of a bot's reach: take the rights away first, by hand")
_OUTSIDE = mark("{bot} is not in the group: add it again")
_ADVICE = (
    ("initiate conversation", NEVER_WROTE),
    ("bot was blocked", mark("the member has blocked {bot}")),
    ("user is deactivated", mark("the account is deleted")),
    ("administrator of the chat", _ADMINISTRATOR),
    ("chat owner", mark("the owner is out of reach of everybody else")),
    ("user_admin_invalid", _ADMINISTRATOR),
    ("for supergroup", SUPERGROUP),
    ("topic_closed", mark("the topic is closed: open it, or let the bot manage topics")),
    ("bot was kicked", _OUTSIDE),
    ("bot is not a member", _OUTSIDE),
    ("chat not found", _OUTSIDE),
)
"""Parts of what Telegram says, in small letters, and what to do about it."""


def advised(said: str, bot: str) -> str:
    """What Telegram says, and after it what to do where that is known. `bot` is what the bot is called."""
    advice = next((advice for part, advice in _ADVICE if part in said.casefold()), "")
    return say("{said}; {advice}", said=said, advice=say(advice, bot=bot)) if advice else said
