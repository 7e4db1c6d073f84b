"""Plain text of members: lines of the list, and the card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import click

from console.arguments import counted
from console.printing import clock, counts_words
from store.roster_records import MemberCard, MemberRow
from widgets.lines import fit, fit_right
from widgets.member_card import sparkline
from widgets.safe import safe
from widgets.words import ago

_TITLES = (("id", 7), ("tier", 10), ("layer", 6), ("points", 7), ("last", 5), ("strikes", 7), ("groups", 6))
_RIGHT = {"id", "points", "last", "strikes", "groups"}


def print_members(rows: Sequence[MemberRow], now: float, *, header: bool = True) -> None:
    """A line a member; free text stands last."""
    if header and rows:
        click.echo(_line([title for title, _ in _TITLES]) + "  joined      name")
    for row in rows:
        last, strikes = ago(row.last_at, now), str(row.strikes or "-")
        values = (
            str(row.id),
            safe(row.tier, 40) or "-",
            row.layer or "-",
            str(row.balance),
            last,
            strikes,
            str(row.groups),
        )
        remark = f"  ({safe(row.remark, 100)})" if row.remark else ""
        click.echo(f"{_line(values)}  {_day(row.joined_at)}  {safe(row.called, 100)}{remark}")


def _line(values: Sequence[str]) -> str:
    cells = zip(_TITLES, values, strict=True)
    return "  ".join((fit_right if title in _RIGHT else fit)(value, width) for (title, width), value in cells)


def _day(at: float | None) -> str:
    try:
        return "----------" if at is None else clock(at, date=True)[:10]
    except (ValueError, OverflowError, OSError):
        return "----------"


def print_member_card(card: MemberCard, now: float) -> None:
    member = card.member
    click.echo(f"member {member.id}  {safe(member.called)}  {safe(member.platform)}:{safe(member.key)}")
    if member.remark:
        click.echo(f"remark: {safe(member.remark)}")
    standing = [safe(member.tier) or "no tier", f"layer {member.layer or 'not worked out yet'}"]
    standing += [f"{member.balance} points", f"{card.earned} earned", f"{counted(member.strikes, 'strike')} in force"]
    click.echo(" · ".join(standing))
    if card.missing:
        click.echo(f"missing: {safe(card.missing)}")
    last = "never" if member.last_at is None else f"{ago(member.last_at, now)} ago"
    click.echo(f"joined {_day(member.joined_at)} · last word {last}")
    first = date.fromordinal(max(1, card.today - len(card.activity) + 1))
    click.echo(f"messages by day since {first}: {sum(card.activity)}")
    click.echo(f"  {sparkline(card.activity)}")
    _print("notes", (f"{n.id}  {_day(n.at)} {safe(n.staff)}: {safe(n.text, 1_000)}" for n in card.notes))
    _print("groups", (
        f"{safe(g.name)}: {counted(g.messages, 'message')}, last {ago(g.last_at, now)}, joined {_day(g.joined_at)}"
        + (f", left {_day(g.left_at)}" if g.left_at is not None else "") for g in card.groups
    ))  # fmt: skip
    _print("points", (
        f"{_day(p.at)} {p.points:+} {p.kind}"
        + "".join(f" · {safe(text)}" for text in (p.perk, p.group, p.staff, p.reason) if text)
        + (" (taken back)" if p.reversed else "") for p in card.points
    ))  # fmt: skip
    _print("strikes", (
        f"{_day(s.given_at)} {safe(s.rule)} by {safe(s.by)}, "
        + (f"revoked {_day(s.revoked_at)}" if s.revoked_at is not None else f"expires {_day(s.expires_at)}")
        for s in card.strikes
    ))  # fmt: skip
    _print("perks", (
        f"{_day(x.made_at)} {safe(x.perk)}: {x.state}, by {safe(x.by)}"
        + (f", redeemed {_day(x.redeemed_at)}" if x.redeemed_at is not None else "") for x in card.grants
    ))  # fmt: skip
    _print("decisions", (
        f"{d.id}  {_day(d.at)} {d.decision} by {safe(d.by)}, {d.state}, {safe(d.rule)}: {counts_words(0, d.steps)}"
        + (": " + ", ".join(f"{count} {state}" for state, count in d.actions) if d.actions else "")
        + (f" ({safe(d.reason)})" if d.reason else "") + (f"; {safe(d.failure, 600)}" if d.failure else "")
        for d in card.decisions
    ))  # fmt: skip


def _print(title: str, lines: Iterable[str]) -> None:
    found = list(lines)
    if found:
        click.echo(f"{title}:")
    for line in found:
        click.echo(f"  {line}")
