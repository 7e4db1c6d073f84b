"""Plain text of a backtest."""

from __future__ import annotations

from collections.abc import Sequence

import click

from console.backtest import AtThreshold, Backtest, Example, Hits
from console.printing import clock
from console.printing_rules import print_table, share
from store.statistics import Decided
from widgets.safe import safe

_EXAMPLE_LENGTH = 160


def print_backtest(done: Backtest) -> None:
    when = f" of {_minute(done.first)} to {_minute(done.last)}" if done.first is not None else ""
    click.echo(f"{done.messages:,} messages{when}")
    if done.warmed:
        click.echo(f"{done.warmed:,} before them filled the windows")
    if done.decided.decided:
        click.echo(
            f"people decided of {done.decided.decided:,} of them:"
            f" {done.decided.confirmed:,} confirmed, {done.decided.dismissed:,} dismissed"
        )
    else:
        click.echo("people have decided of none of them yet: no precision, no recall")
    _print_hits(done)
    if done.decided.decided:
        _print_decided(done)
    for name, rows in done.thresholds:
        _print_thresholds(name, rows, decided=bool(done.decided.decided))
    _print_examples("hit by the new rules only", done.only_new, done.any.new - done.any.both)
    _print_examples("hit by the rules in force only", done.only_old, done.any.force - done.any.both)


def backtest_shape(done: Backtest) -> dict[str, object]:
    """The JSON object of a backtest. Shares run from 0 to 1, times are epoch seconds; both may be null."""
    return {
        "differs": done.differs,
        "messages": done.messages,
        "warmed": done.warmed,
        "first": done.first,
        "last": done.last,
        **_decided_shape(done.decided),
        "rules": [_hits_shape(one) for one in done.rules],
        "any": _hits_shape(done.any),
        "thresholds": [
            {"rule": name, "threshold": row.threshold, "set": row.set, "hits": row.hits,
             **_decided_shape(row.decided), "recall": row.recall}
            for name, rows in done.thresholds
            for row in rows
        ],
        "only_new": done.only_new,
        "only_old": done.only_old,
    }  # fmt: skip


def _hits_shape(one: Hits) -> dict[str, object]:
    counts = {"new": one.new, "in_force": one.force, "both": one.both}
    only = {"only_new": one.new - one.both, "only_old": one.force - one.both}
    modes = {"rule": one.rule, "mode": one.mode, "was": one.was} if one.rule else {}
    return {**modes, **counts, **only, **_decided_shape(one.decided), "recall": one.recall}


def _decided_shape(found: Decided) -> dict[str, object]:
    return {"confirmed": found.confirmed, "dismissed": found.dismissed, "precision": found.precision}


def _print_hits(done: Backtest) -> None:
    click.echo("\nMessages hit")
    counted = (*done.rules, done.any)
    if not done.differs:
        lines = [("rule", "mode", "hits"), *((_name(one), one.mode or "", f"{one.new:,}") for one in counted)]
        print_table(lines, left=2, indent="  ")
        click.echo("  (the rules in force are the same)")
        return
    lines_ = [("rule", "mode", "new", "in force", "both", "only new", "only old")]
    for one in counted:
        numbers = (one.new, one.force, one.both, one.new - one.both, one.force - one.both)
        new, force, both, only_new, only_old = (f"{number:,}" for number in numbers)
        lines_.append((_name(one), _mode(one), new, force, both, only_new, only_old))
    print_table(lines_, left=2, indent="  ")


def _print_decided(done: Backtest) -> None:
    click.echo("\nWhat people decided of the messages hit" + (" by the new rules" if done.differs else ""))
    lines = [("rule", "confirmed", "dismissed", "undecided", "precision", "recall")]
    for one in (*done.rules, done.any):
        found = one.decided
        undecided = one.new - found.decided
        lines.append(
            (
                _name(one), f"{found.confirmed:,}", f"{found.dismissed:,}", f"{undecided:,}",
                share(found.precision), share(one.recall),
            )
        )  # fmt: skip
    print_table(lines, left=1, indent="  ")


def _print_thresholds(name: str, rows: Sequence[AtThreshold], *, decided: bool) -> None:
    if not rows[0].hits:
        click.echo(f"\n{name}: no message scores {rows[0].threshold:g} or more")
        return
    click.echo(f"\n{name}, by threshold (* as written)")
    lines: list[tuple[str, ...]] = [("", "hits", "confirmed", "dismissed", "precision", "recall")]
    for row in rows:
        found = row.decided
        lines.append(
            (
                f"{row.threshold:g}{'*' if row.set else ' '}", f"{row.hits:,}", f"{found.confirmed:,}",
                f"{found.dismissed:,}", share(found.precision), share(row.recall),
            )
        )  # fmt: skip
    print_table(lines if decided else [line[:2] for line in lines], left=0, indent="  ")


def _print_examples(what: str, examples: Sequence[Example], count: int) -> None:
    if not examples:
        return
    click.echo(f"\n{count:,} {what}" + (f", {len(examples)} of them:" if count > len(examples) else ":"))
    for one in examples:
        click.echo(f"  {_minute(one.time)} {safe(one.group, 30)} {safe(one.name, 30)} ({', '.join(one.rules)})")
        click.echo(f"    {safe(one.text, _EXAMPLE_LENGTH)}")


def _name(one: Hits) -> str:
    return one.rule or "any rule"


def _mode(one: Hits) -> str:
    if not one.rule or one.mode == one.was:
        return one.mode
    if not one.was:
        return f"{one.mode} (new)"
    return f"{one.mode} (was {one.was})" if one.mode else f"gone (was {one.was})"


def _minute(at: float | None) -> str:
    return clock(at, date=True)[:-3]
