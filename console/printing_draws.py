"""Plain text of draws, of redemptions, and of what perks brought."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import click

from console.printing import clock
from console.printing_perks import who_words
from console.printing_rules import print_table
from console.redeem_desk import Report
from rules.comparison import Compared
from rules.draw_result import Verified
from store.draw_records import Draw, DrawState
from store.redemptions import Marked, Redeemed
from widgets.safe import safe

_NAMED_LINES = 20


def print_draws(rows: Sequence[Draw]) -> None:
    lines = [("id", "draw", "state", "word", "entries", "winners")]
    lines += [
        (str(row.id), safe(row.name, 80), row.state, safe(row.word, 20) or "-", f"{row.entries:,}", f"{row.winners:,}")
        for row in rows
    ]
    print_table(lines, left=4)


def print_draw(draw: Draw) -> None:
    click.echo(
        f"draw {draw.id}  {safe(draw.name)}  {draw.state}  {draw.entries:,} entries, {draw.winners:,} to win"
        f"  opened by {safe(draw.opened_by)} at {clock(draw.opened_at, date=True)}"
    )
    if draw.word:
        click.echo(f"entered by the word: {safe(draw.word)}")
    if draw.eligible is not None:
        click.echo(f"{'counts for' if draw.word else 'entered'}: {who_words(draw.eligible)}")
    if draw.without_winners:
        click.echo("without winners of other draws")
    if draw.public_value_of:
        known = f" = {safe(draw.public_value)}" if draw.public_value else ""
        click.echo(f"public value: {safe(draw.public_value_of)}{known}")
    click.echo(f"SHA-256 of the secret: {draw.secret_sha256}")
    if draw.list_sha256:
        click.echo(f"SHA-256 of the list: {draw.list_sha256}, closed at {clock(draw.committed_at, date=True)}")
    if draw.state is DrawState.DRAWN:
        click.echo(f"secret: {draw.revealed}, drawn at {clock(draw.drawn_at, date=True)}")


def print_lines(text: str) -> None:
    """A text to publish, each of its lines made safe to show."""
    for line in text.splitlines():
        click.echo(safe(line, 2_000))


def print_verified(found: Verified, compared: bool) -> None:
    more = [f"{found.skipped:,} skipped"] if found.skipped else []
    more += [f"{found.redraws:,} redrawn"] if found.redraws else []
    click.echo(f"the result holds: {safe(found.name)}, {', '.join([f'{found.entries:,} entries', *more])}")
    for seat, line in enumerate(found.winners, 1):
        click.echo(f"winner {seat}: {safe(line)}")
    if compared:
        click.echo("both hashes are among what was published before")
    else:
        click.echo("it counts if these were published before the draw (--published FILE compares them):")
        click.echo(f"  SHA-256 of the list: {found.list_sha256}\n  SHA-256 of the secret: {found.secret_sha256}")


def redeemed_words(done: Redeemed) -> str:
    late = "" if done.in_time else ", after its validity"
    return f"grant {done.grant_id}: {safe(done.perk)}, {safe(done.member)}, redeemed{late}"


def print_marked(done: Marked, source: str) -> None:
    known = f", {done.known:,} were before" if done.known else ""
    click.echo(f"{done.marked:,} redeemed{known}")
    if done.unknown:
        named = ", ".join(map(str, done.unknown[:_NAMED_LINES]))
        more = f" and {len(done.unknown) - _NAMED_LINES:,} more" if len(done.unknown) > _NAMED_LINES else ""
        count = len(done.unknown)
        lines = f"line {named} fits" if count == 1 else f"{count:,} lines fit"
        click.echo(f"{source}: {lines} no grant of this perk" + ("" if count == 1 else f": {named}{more}"), err=True)


def print_reports(rows: Sequence[Report]) -> None:
    lines = [["perk", "granted", "waiting", "sent", "failed", "taken back", "unknown", "redeemed", "in time"]]
    for row in rows:
        one = row.figures
        counts = (one.granted, one.waiting, one.sent, one.failed, one.withdrawn, one.unknown, one.redeemed, one.in_time)
        lines.append([safe(one.perk, 60), *(f"{count:,}" for count in counts)])
    print_table(lines, left=1)
    for row in rows:
        if any(compared.people for _, compared in row.spoke):
            click.echo(f"\n{safe(row.figures.perk, 60)}: spoke again")
            for window, compared in row.spoke:
                for line in spoke_words(window, compared):
                    click.echo(f"  {line}")


def spoke_words(window: int, found: Compared) -> list[str]:
    """Whether receivers spoke again within so many days, beside others."""
    if not found.people:
        return [f"within {window} days: no receiver's {window} days are over yet"]
    lines = [f"within {window} days: {found.did:,} of {found.people:,} receivers, {_share(found.did / found.people)}"]
    if found.share is None or found.others_share is None or found.low is None or found.high is None:
        return [*lines, "  there is no member like them who got none to compare with"]
    alike = "all" if found.matched == found.people else f"{found.matched:,} of them"
    lines.append(
        f"  {alike} compared with {found.others:,} members like them who got none:"
        f" {_share(found.share)} against {_share(found.others_share)}"
    )
    points = [round(100 * value, 1) for value in (found.share - found.others_share, found.low, found.high)]
    lines.append("  difference {:+.1f} points, 95 % interval {:+.1f} to {:+.1f}".format(*points))
    if found.small:
        lines.append("  small numbers: this says little")
    elif found.low <= 0 <= found.high:
        lines.append("  this can be chance")
    return lines


def write_reports(rows: Sequence[Report], path: Path) -> None:
    """A line for each perk. Raises OSError."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow([
            "perk", "kind", "granted", "waiting", "sent", "failed", "taken_back", "unknown", "redeemed", "in_time",
            *(f"{name}_{window}" for window in (7, 30) for name in _SPOKE),
        ])  # fmt: skip
        for row in rows:
            one = row.figures
            spoke = [getattr(compared, name) for _, compared in row.spoke for name in _SPOKE]
            table.writerow([
                _cell(one.perk), one.kind, one.granted, one.waiting, one.sent, one.failed, one.withdrawn, one.unknown,
                one.redeemed, one.in_time, *(f"{value:.4f}" if isinstance(value, float) else value for value in spoke),
            ])  # fmt: skip


_SPOKE = ("people", "did", "matched", "others", "share", "others_share", "difference", "low", "high")


def _cell(text: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
