"""`vigil outbox`: the actions that failed, or perhaps were carried out, and what to do about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.arguments import NUMBER, Commands, Places, as_json, at_desk, example, places
from console.fitted import print_fitted

if TYPE_CHECKING:
    from store.undelivered import Undelivered


@click.group("outbox", cls=Commands, no_args_is_help=False, epilog=example("vigil outbox list"))
def outbox_group() -> None:
    """Actions that a platform did not carry out."""


@outbox_group.command("list", epilog=example("vigil outbox list --json"))
@as_json
@places
def outbox_list(found: Places, json_: bool) -> None:
    """List what failed or is unknown, in the platform's words, with what to do; the oldest first."""
    from console.printing import echo_json
    from store import undelivered
    from widgets.safe import safe

    with at_desk(found) as desk:
        rows = undelivered.listed(desk.db, 100_000)
        for row in rows:
            if json_:
                echo_json(row)
            else:
                _print(row)
        if json_:
            return
        stranded = desk.outbox.stranded()
        for name, count in sorted(stranded.items()):
            waits = "1 action waits" if count == 1 else f"{count} actions wait"
            print_fitted(f"{waits} for the platform {safe(name, 40)}, which is not in vigil.toml any more")
            print_fitted("  put its table back, by that name; or give up what waits:")
            print_fitted(f"    vigil outbox drop --platform {name}")
        if not rows and not stranded:
            click.echo("nothing failed")


def _print(row: Undelivered) -> None:
    from console.printing import clock
    from widgets.safe import safe

    whom = ", ".join(safe(one, 60) for one in (row.member, row.message and f"message {row.message}") if one)
    belongs = f", case {row.case_id} decision {row.decision_id}" if row.case_id is not None else ""
    print_fitted(
        f"action {row.id}  {row.state}  {row.kind}{f' {whom}' if whom else ''} in {safe(row.group, 60)} on"
        f" {safe(row.platform, 40)}{belongs}, {clock(row.at, date=True)}"
    )
    print_fitted(f"  {safe(row.words, 600) or 'the worker ended while it was sent'}")
    for line in _advice(row):
        print_fitted(f"  {line}")


def _advice(row: Undelivered) -> tuple[str, ...]:
    """What to do about it. No line has two commands, so that each can be copied as it stands."""
    if row.state == "unknown":
        perk = row.grant_id is not None
        settle = f"vigil perk settle {row.grant_id}" if perk else f"vigil outbox settle {row.id}"
        return (
            "look whether it arrived, and say so:" if perk else "look whether it was carried out, and say so:",
            f"  if it was:  {settle} arrived",
            f"  if not:     {settle} lost",
        )
    if row.grant_id is not None:
        return (f"the perk came back; give it again, then: vigil outbox drop {row.id}",)
    return (
        f"once its cause is cured: vigil outbox retry {row.id}",
        f"or give it up: vigil outbox drop {row.id}",
    )


@outbox_group.command("retry", epilog=example("vigil outbox retry 31 32"))
@click.argument("ids", metavar="ACTION...", type=NUMBER, nargs=-1, required=True)
@places
def outbox_retry(found: Places, ids: tuple[int, ...]) -> None:
    """Send actions that failed again."""
    with at_desk(found) as desk:
        for number in dict.fromkeys(ids):
            action = desk.outbox.retry(number)
            click.echo(f"action {number} ({action.kind}) waits to be sent again")


@outbox_group.command("settle", epilog=example("vigil outbox settle 31 arrived"))
@click.argument("action", type=NUMBER)
@click.argument("what", type=click.Choice(["arrived", "lost"]))
@places
def outbox_settle(found: Places, action: int, what: str) -> None:
    """Say whether an action was carried out of which nobody knows.

    A lost one has failed, and may be sent again.
    """
    with at_desk(found) as desk:
        settled = desk.outbox.settle(action, arrived=what == "arrived")
        ending = "was carried out" if what == "arrived" else f"was lost; vigil outbox retry {action} sends it again"
        click.echo(f"action {action} ({settled.kind}) {ending}")


@outbox_group.command("drop", epilog=example("vigil outbox drop 31"))
@click.argument("ids", metavar="[ACTION...]", type=NUMBER, nargs=-1)
@click.option("--platform", metavar="NAME", help="All that waits for a platform that is not in vigil.toml any more.")
@places
def outbox_drop(found: Places, ids: tuple[int, ...], platform: str | None) -> None:
    """Give actions up that failed: the status line counts them no longer."""
    if not ids and platform is None:
        raise click.UsageError("name actions that failed, or a platform that is gone (--platform)")
    with at_desk(found) as desk:
        for number in dict.fromkeys(ids):
            action = desk.outbox.drop(number)
            click.echo(f"action {number} ({action.kind}) is given up")
        if platform is not None:
            count = desk.outbox.drop_waiting(platform)
            waited = "1 action that waited" if count == 1 else f"{count} actions that waited"
            click.echo(f"{waited} for {platform} {'is' if count == 1 else 'are'} given up")
