"""Plain text of perks, previews, grants and dispatches that wait."""

from __future__ import annotations

from collections.abc import Sequence

import click

from console.perk_words import moment
from console.printing import clock
from console.printing_rules import print_table
from store.perk_records import Eligibility, Grant, Perk, Preview, Sent, Waiting
from widgets.safe import safe


def print_perks(rows: Sequence[Perk]) -> None:
    lines = [("id", "perk", "kind", "state", "given", "left", "cost")]
    for row in rows:
        left = "any" if row.left is None else f"{row.left:,}"
        cost = f"{row.cost:,}" if row.cost else "-"
        state = "closed" if row.closed_at is not None else "open"
        lines.append((str(row.id), safe(row.name, 60), row.kind, state, f"{row.taken:,}", left, cost))
    print_table(lines, left=4)


def print_perk(perk: Perk, zone: str) -> None:
    state = f"closed {clock(perk.closed_at, date=True)}" if perk.closed_at is not None else "open"
    left = "" if perk.left is None else f", {perk.left:,} left"
    click.echo(f"perk {perk.id}  {safe(perk.name)}  {perk.kind}  {state}  {perk.taken:,} given{left}")
    span = [f"from {moment(perk.valid_from, zone)}"] if perk.valid_from is not None else []
    span += [f"until {moment(perk.valid_until, zone)}"] if perk.valid_until is not None else []
    click.echo(f"valid: {' '.join(span) or 'always'}")
    click.echo(f"for: {who_words(perk.eligibility)}, {perk.per_member} a member at most")
    if perk.cost:
        click.echo(f"costs: {perk.cost:,} points")
    if perk.points:
        click.echo(f"gives: {perk.points:,} points")
    if perk.approval_from:
        click.echo(f"a moderator needs an admin's yes from {perk.approval_from} members on")
    if perk.redeem_word:
        click.echo(f"redeemed by the word: {safe(perk.redeem_word)}")
    for line in perk.text.splitlines():
        click.echo(f"  {safe(line)}")


def who_words(who: Eligibility) -> str:
    words = [", ".join(map(safe, names)) for names in (who.tiers, who.layers, who.groups) if names]
    words += [f"{who.days} days in the group"] if who.days else []
    words += ["without strikes"] if who.clean else []
    return "; ".join(words) or "everybody"


def print_preview(preview: Preview) -> None:
    perk = preview.perk
    left = "" if perk.left is None else f", {perk.left:,} left"
    click.echo(f"{safe(perk.name)}: {len(preview.members):,} may get it{left}")
    print_refused(preview.refused)
    if preview.needs_approval:
        click.echo("needs approval")
    if preview.why_not:
        click.echo(f"not available: {safe(preview.why_not)}")
    if preview.members and preview.message:
        click.echo("the first of them would read:")
        for line in preview.message.splitlines():
            click.echo(f"  {safe(line, 2_000)}")


def print_refused(refused: Sequence[tuple[str, int]]) -> None:
    for words, count in refused:
        click.echo(f"  {count:,} not: {safe(words)}")


def sent_words(sent: Sent) -> str:
    many = f"{sent.members:,} member{'' if sent.members == 1 else 's'}"
    if sent.known:
        return f"dispatch {sent.dispatch_id}: {safe(sent.perk)} was given before; nothing was given again ({many})"
    did = f"to {many}" if sent.approved else f"to {many} proposed, waits for approval"
    return f"dispatch {sent.dispatch_id}: {safe(sent.perk)} {did}"


def print_grants(rows: Sequence[Grant]) -> None:
    for row in rows:
        facts = [str(row.state)]
        facts += [f"handed over {clock(row.fulfilled_at, date=True)}"] if row.fulfilled_at is not None else []
        facts += [f"redeemed {clock(row.redeemed_at, date=True)}"] if row.redeemed_at is not None else []
        why = f"  ({safe(row.result, 100)})" if row.result else ""
        click.echo(
            f"grant {row.id}  dispatch {row.dispatch_id}  {safe(row.perk)}  {', '.join(facts)}  by {safe(row.by)} at"
            f" {clock(row.made_at, date=True)}  {safe(row.member)}{why}"
        )


def print_waiting(rows: Sequence[Waiting]) -> None:
    for row in rows:
        reason = f"  ({safe(row.reason, 80)})" if row.reason else ""
        names = ", ".join(safe(name, 30) for name in row.names)
        more = f" and {row.members - len(row.names)} more" if row.members > len(row.names) else ""
        click.echo(
            f"dispatch {row.id}  {safe(row.perk)} to {row.members:,}  by {safe(row.by)} at {clock(row.at, date=True)}"
            f"{reason}: {names}{more}"
        )
