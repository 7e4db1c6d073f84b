"""`vigil perk`: perks, their codes, and giving them to members."""

from __future__ import annotations

import click

from console.arguments import example


@click.group("perk", no_args_is_help=False, epilog=example("vigil perk list"))
def perk() -> None:
    """What the community gives: coupon codes, gifts, points, draws, seats."""
