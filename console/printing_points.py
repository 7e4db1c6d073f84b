"""Plain text of points, layers and tiers, for commands."""

from __future__ import annotations

from collections.abc import Sequence

import click

from console.printing import clock
from console.standing import MemberStanding, missing_words
from store.ledger import LedgerRow
from store.standings import Change
from widgets.safe import safe
from widgets.words import layer_word


def print_history(called: str, standing: MemberStanding, rows: Sequence[LedgerRow]) -> None:
    click.echo(f"{safe(called)}: {standing.balance} points to spend, {standing.earned} earned")
    for row in rows:
        parts = [row.kind, row.perk, row.group, row.reason, f"by {row.staff}" if row.staff else ""]
        if row.reverses is not None:
            parts.insert(0, f"takes {row.reverses} back:")
        told = "  ".join(safe(part, 80) for part in parts if part)
        click.echo(f"{row.id:<7} {clock(row.at, date=True)}  {row.points:+6d}  {told}{'  (taken back)' * row.reversed}")


def print_standing(called: str, standing: MemberStanding, changes: Sequence[Change]) -> None:
    tier = safe(standing.tier) or "no tier"
    click.echo(f"{safe(called)}: {layer_word(standing.layer)}, {tier}")
    click.echo(f"{standing.balance} points to spend, {standing.earned} earned")
    if standing.streak:
        click.echo(f"{standing.streak} days in a row checked in")
    for line in missing_words(standing):
        click.echo(f"missing: {safe(line)}")
    if standing.falls_at is not None:
        click.echo(f"has too few points for {tier}: keeps it until {clock(standing.falls_at, date=True)}")
    for change in changes:
        click.echo(_change_words(change))


def print_changes(counted: Sequence[tuple[str, str, bool, int]], changes: Sequence[Change], days: float) -> None:
    """The counts, then who: the newest fifty."""
    for what, after, rose, number in counted:
        how = "rose to" if rose else "fell to" if what == "tier" else "became" if after != "gone" else "are"
        click.echo(f"{number:>6} {how} {_name(what, after)}")
    if not changes:
        click.echo(f"nobody moved in the last {days:g} days")
    for change in changes[:50]:
        click.echo(_change_words(change, named=True))
    if len(changes) > 50:
        click.echo(f"… and {len(changes) - 50} more; --json lists all")


def _change_words(change: Change, *, named: bool = False) -> str:
    who = f"{safe(change.member)} (id {change.member_id}): " if named else ""
    return (
        f"{clock(change.at, date=True)}  {who}{_name(change.what, change.before)} -> {_name(change.what, change.after)}"
    )


def _name(what: str, name: str) -> str:
    if what == "layer":
        return layer_word(name) or "unknown"
    return safe(name) or "no tier"
