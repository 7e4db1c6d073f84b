"""Plain text and JSON of how a platform is, and of what Vigil may do on it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import click

from console.limiting import age_words, cannot_words
from console.platform_health import PlatformRow, health_words
from console.platforms.base import Access
from console.platforms.limits import Limits
from widgets.safe import safe


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
            click.echo(f"      {safe(words)}")


def print_access(name: str, access: Access) -> None:
    groups = "1 group" if len(access.groups) == 1 else f"{len(access.groups)} groups"
    click.echo(f"{name}: logged in as {safe(access.account)}, in {groups}")
    for group in access.groups:
        verdict = "LOOK" if group.lacking or group.remarks else "ok  "
        click.echo(f"{verdict}  {safe(group.name)}  ({safe(group.key)})")
        by_reason: dict[str, list[str]] = {}
        for kind, words in group.lacking:
            by_reason.setdefault(words, []).append(kind)
        for words, kinds in by_reason.items():
            _print(f"cannot {', '.join(kinds)}: {safe(words)}", "      ")
        for remark in group.remarks:
            _print(safe(remark), "      ")
    for remark in access.remarks:
        _print(safe(remark), "")
    if not access.groups and not access.remarks:
        _print(
            "it is in no group yet; docs/platforms.md says how it comes into yours, which the worker has to run for", ""
        )


def _print(text: str, indent: str) -> None:
    """A line, broken at the words where it goes to a terminal; a file or a pipe gets it whole."""
    if not sys.stdout.isatty():
        click.echo(indent + text)
        return
    width = shutil.get_terminal_size().columns
    click.echo(click.wrap_text(text, width, initial_indent=indent, subsequent_indent=indent + "  "))
