"""What to do about a refusal of Telegram's, by what it says."""

from __future__ import annotations

from console.platforms.telegram_access import SUPERGROUP

NEVER_WROTE = (
    "Telegram lets a bot write to nobody who has not written to it first: the member has to open {bot} and press Start"
)
_ADVICE = (
    ("initiate conversation", NEVER_WROTE),
    ("bot was blocked", "the member has blocked {bot}"),
    ("user is deactivated", "the account is deleted"),
    ("administrator of the chat", "administrators are out of a bot's reach: take the rights away first, by hand"),
    ("chat owner", "the owner is out of reach of everybody else"),
    ("user_admin_invalid", "administrators are out of a bot's reach: take the rights away first, by hand"),
    ("for supergroup", SUPERGROUP),
    ("topic_closed", "the topic is closed: open it, or let the bot manage topics"),
    ("bot was kicked", "{bot} is not in the group: add it again"),
    ("bot is not a member", "{bot} is not in the group: add it again"),
    ("chat not found", "{bot} is not in the group: add it again"),
)
"""Parts of what Telegram says, in small letters, and what to do about it."""


def advised(said: str, bot: str) -> str:
    """What Telegram says, and after it what to do where that is known. `bot` is what the bot is called."""
    advice = next((advice for part, advice in _ADVICE if part in said.casefold()), "")
    return f"{said}; {advice.format(bot=bot)}" if advice else said
