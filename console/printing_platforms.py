"""Plain text and JSON of how a platform is, and of what Vigil may do on it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from console.fitted import print_fitted
from console.limiting import age_words, cannot_words
from console.platform_health import PlatformRow, health_words
from console.platforms.base import Access
from console.platforms.limits import Limits
from widgets.language import say, say_n
from widgets.safe import cells, safe
from widgets.words import step_word


def access_shape(name: str, access: Access) -> Iterator[dict[str, object]]:
    """One object for the account, then one a group."""
    yield {"platform": name, "account": access.account, "groups": len(access.groups), "remarks": access.remarks}
    for group in access.groups:
        yield {
            "platform": name,
            "group": group.key,
            "name": group.name,
            "lacking": dict(group.lacking),
            "remarks": group.remarks,
        }


def print_platform(row: PlatformRow, limits: Limits) -> None:
    """How the worker finds it, then what it has no way to do."""
    click.echo(f"{row.name}  {row.kind}  {safe(health_words(row.health))}")
    for words in (*(cannot_words(row.name, kind, limits) for kind in limits.cannot), age_words(row.name, limits)):
        if words:
            print_fitted("      " + safe(words))


def print_access(name: str, access: Access) -> None:
    groups = say_n("{n} group", "{n} groups", len(access.groups))
    click.echo(say("{platform}: logged in as {account}, in {groups}", platform=name, account=safe(access.account),
                   groups=groups))  # fmt: skip
    look, fine = say("LOOK"), say("ok")
    width = max(cells(look), cells(fine))
    for group in access.groups:
        verdict = look if group.lacking or group.remarks else fine
        click.echo(f"{verdict}{' ' * (width - cells(verdict))}  {safe(group.name)}  ({safe(group.key)})")
        by_reason: dict[str, list[str]] = {}
        for kind, words in group.lacking:
            by_reason.setdefault(words, []).append(step_word(kind))
        for words, steps in by_reason.items():
            print_fitted("      " + say("cannot {steps}: {why}", steps=say(", ").join(steps), why=safe(words)))
        for remark in group.remarks:
            print_fitted("      " + safe(remark))
    for remark in access.remarks:
        print_fitted(safe(remark))
    if not access.groups and not access.remarks:
        print_fitted(
            say(
                "it is in no group yet; docs/platforms.md says how it comes into yours, which the worker has to run for"
            )
        )
