"""Plain text of the rules and how often they were right."""

from __future__ import annotations

from collections.abc import Sequence

import click

from console.measured_rules import MeasuredRule
from console.measuring import demand_words, measured_words, percent
from console.printing import clock
from rules.rulebook import Auto
from widgets.safe import cells, safe


def print_rules(rows: Sequence[MeasuredRule], demand: Auto) -> None:
    lines = [("rule", "kind", "mode", "in force", "hits", "confirmed", "precision")]
    for row in rows:
        modes = (row.kind, row.mode, row.in_force or "-")
        if row.group:
            lines.append((f"  in {safe(row.group, 20)}", *modes, "", "", ""))
            continue
        confirmed = f"{row.confirmed:,} of {row.decided:,}" if row.decided else "-"
        precision = "-" if row.precision is None else f"{percent(row.precision)} (≥ {share(row.lower)})"
        lines.append((row.rule, *modes, f"{row.hits:,}", confirmed, precision))
    print_table(lines, left=4)
    click.echo(
        "\nIn the last 90 days. hits: messages flagged. confirmed: of the cases that people\n"
        "decided. ≥: the lower end of the precision's 95 % interval."
    )
    for row in rows:
        if row.fell_back is not None and not row.group:
            click.echo(f"\n{row.rule} asks since {clock(row.fell_back, date=True)} instead of acting by itself:")
            click.echo(f"  {measured_words(row.record)};\n  {demand_words(demand)}")


def share(value: float | None) -> str:
    """A share from 0 to 1 as a percentage, a dash where there is none."""
    return "-" if value is None else percent(value)


def print_table(lines: Sequence[Sequence[str]], *, left: int, indent: str = "") -> None:
    """Columns as wide as what stands in them: the first `left` of them to the left, the others to the right."""
    widths = [max(map(cells, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        spaces = [" " * (width - cells(cell)) for cell, width in zip(line, widths, strict=True)]
        padded = [
            cell + space if place < left else space + cell
            for place, (cell, space) in enumerate(zip(line, spaces, strict=True))
        ]
        click.echo((indent + "  ".join(padded)).rstrip())
