"""`vigil perk grant` and what follows it: who gets a perk, who says yes to it, and what became of each grant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from console.arguments import (
    NUMBER,
    Places,
    UserError,
    as_json,
    at_desk,
    example,
    file_bytes,
    file_name,
    for_each,
    places,
)
from console.cli_members import choosing, chosen_members
from console.cli_perk import FILE
from console.cli_perk import perk as perk
from store.perk_records import Cause, GrantState


@perk.command("grant", epilog=example('vigil perk grant "Spring coupon" --layer silent --silent-days 30 --clean'))
@click.argument("which", metavar="PERK")
@click.argument("members", nargs=-1, metavar="[MEMBER]...")
@click.option("--file", type=FILE, help='Members from a CSV file: one column, or one that is headed "member".')
@choosing
@click.option("--key", default="", help="A word of your own: the same key gives nothing twice.")
@click.option("--reason", default="", help="Why, for the log and the admin.")
@click.option("--dry-run", is_flag=True, help="Show what it would do, and do nothing.")
@places
def perk_grant(
    found: Places, which: str, members: tuple[str, ...], file: Path | None, key: str, reason: str, dry_run: bool,
    **choice: Any,
) -> None:  # fmt: skip
    """Give a perk to members, or propose to where your role needs an approval.

    MEMBER is an id, platform:key or a name that only one has; --group to --limit choose members as `vigil members
    list` does. Who may not get it is left out, with the reason. The same file gives the same perk once, however often
    it is given here.
    """
    import hashlib
    from secrets import token_hex

    from console.csv_column import read_column
    from console.printing_perks import print_preview, print_refused, sent_words
    from store import perks

    chosen = any(value for name, value in choice.items() if name not in ("sort", "reverse"))
    if sum(map(bool, (members, file, chosen))) != 1:
        raise UserError("name members, or give --file, or choose them by --tier, --layer and the like: one of these")
    with at_desk(found) as desk:
        number = perks.find(desk.db, which)
        cause = Cause.HAND
        if file is not None:
            data = file_bytes(file)
            rows = read_column(data, file_name(file), ("member",))
            wheres = [f"{file_name(file)}: line {line}: " for line, _ in rows]
            wanted = _meant(desk.db, [text for _, text in rows], wheres)
            key = key or f"{hashlib.sha256(data).hexdigest()}.{number}"
            cause = Cause.IMPORT
        elif chosen:
            wanted = list(chosen_members(desk, **choice))
        else:
            wanted = _meant(desk.db, members, [""] * len(members))
        if not wanted:
            raise UserError("no member is so; nothing was given")
        if dry_run:
            print_preview(desk.perks.preview(number, wanted))
            return
        key = f"key.{key}" if key else f"hand.{token_hex(16)}"
        sent = desk.perks.dispatch(number, wanted, key=key, cause=cause, reason=reason.strip())
        click.echo(sent_words(sent))
        print_refused(sent.refused)


def _meant(db: Any, named: Sequence[str], wheres: Sequence[str]) -> list[int]:
    """The members meant. Raises UserError for the first that is nobody, after where they were named."""
    from store import member_lookup

    wanted: list[int] = []
    for where, found in zip(wheres, member_lookup.find_all(db, named), strict=True):
        if isinstance(found, str):
            raise UserError(f"{where}{found}")
        wanted.append(found)
    return wanted


@perk.command("grants", epilog=example("vigil perk grants --state unknown"))
@click.option("--perk", "which", help="Only of this perk.")
@click.option("--member", help="Only of this member.")
@click.option("--state", type=click.Choice([state.value for state in GrantState]), help="Only in this state.")
@click.option("--limit", default=1_000, show_default=True, type=click.IntRange(1, 10_000_000))
@as_json
@places
def perk_grants(
    found: Places, which: str | None, member: str | None, state: str | None, limit: int, json_: bool
) -> None:
    """List who was given what, the newest first, and what became of it."""
    from console.printing import echo_rows
    from console.printing_perks import print_grants
    from store import member_lookup, perks

    with at_desk(found) as desk:
        rows = desk.perks.grants(
            perk_id=perks.find(desk.db, which) if which else None,
            member_id=member_lookup.find(desk.db, member) if member else None,
            states=(GrantState(state),) if state else (),
            limit=limit,
        )
        echo_rows(rows, json_, print_grants, "no grants")


@perk.command("waiting", epilog=example("vigil perk waiting --json"))
@as_json
@places
def perk_waiting(found: Places, json_: bool) -> None:
    """List the perks that wait for an admin."""
    from console.printing import echo_rows
    from console.printing_perks import print_waiting

    with at_desk(found) as desk:
        echo_rows(desk.perks.waiting(), json_, print_waiting, "no perks wait")


@perk.command("approve", epilog=example("vigil perk approve 7"))
@click.argument("ids", type=NUMBER, nargs=-1, required=True, metavar="DISPATCH...")
@places
def perk_approve(found: Places, ids: tuple[int, ...]) -> None:
    """Say yes to perks that wait; who may not get one any more is left out."""
    from console.printing_perks import print_refused, sent_words

    def answer(desk: Any, number: int) -> None:
        sent = desk.perks.approve(number)
        click.echo(sent_words(sent))
        print_refused(sent.refused)

    for_each(found, ids, answer)


@perk.command("reject", epilog=example('vigil perk reject 7 --reason "they had one last week"'))
@click.argument("ids", type=NUMBER, nargs=-1, required=True, metavar="DISPATCH...")
@click.option("--reason", required=True, help="Why; the moderator shall know.")
@places
def perk_reject(found: Places, ids: tuple[int, ...], reason: str) -> None:
    """Say no to perks that wait: nothing is given."""

    def answer(desk: Any, number: int) -> None:
        desk.perks.reject(number, reason)
        click.echo(f"dispatch {number} rejected")

    for_each(found, ids, answer)


@perk.command("undo", epilog=example("vigil perk undo 7"))
@click.argument("dispatch", type=NUMBER, required=False)
@places
def perk_undo(found: Places, dispatch: int | None) -> None:
    """Take back what was not sent yet; without an id of your own latest dispatch."""
    with at_desk(found) as desk:
        number = desk.perks.latest() if dispatch is None else dispatch
        back, stay = desk.perks.undo(number)
        click.echo(f"dispatch {number}: {back:,} taken back" + (f", {stay:,} stay" if stay else ""))


@perk.command("settle", epilog=example("vigil perk settle 12 arrived"))
@click.argument("grant", type=NUMBER)
@click.argument("what", type=click.Choice(["arrived", "lost"]))
@places
def perk_settle(found: Places, grant: int, what: str) -> None:
    """Say whether a message arrived of which nobody knows.

    A lost one gives back stock and points; its code is given to nobody any more.
    """
    with at_desk(found) as desk:
        desk.perks.settle(grant, arrived=what == "arrived")
        click.echo(f"grant {grant} {'has arrived' if what == 'arrived' else 'was lost, and is given back'}")


@perk.command("fulfil", epilog=example("vigil perk fulfil 12"))
@click.argument("grants", type=NUMBER, nargs=-1, required=True, metavar="GRANT...")
@places
def perk_fulfil(found: Places, grants: tuple[int, ...]) -> None:
    """Note that a gift was handed over, or a seat taken."""

    def answer(desk: Any, number: int) -> None:
        desk.perks.fulfil(number)
        click.echo(f"grant {number} is handed over")

    for_each(found, grants, answer)


@perk.command("reveal", epilog=example("vigil perk reveal 12"))
@click.argument("grant", type=NUMBER)
@places
def perk_reveal(found: Places, grant: int) -> None:
    """Show the code of a grant until a key is pressed; the log keeps who looked.

    Only on a terminal, and nothing of it stays in its scroll-back.
    """
    from console.showing import check_terminal, show
    from store import grants

    check_terminal()
    with at_desk(found) as desk:
        secret = desk.perks.reveal(grant)
        given = grants.get(desk.db, grant)
        show(f"grant {grant}: {given.perk}, {given.member}", secret)
    click.echo(f"grant {grant}: was shown; the log says so")
