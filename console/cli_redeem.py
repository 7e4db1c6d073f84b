"""`vigil perk redeem` and `vigil perk report`: what became of perks after they were sent."""

from __future__ import annotations

from pathlib import Path

import click

from console.arguments import Places, UserError, as_json, at_desk, example, moment, places
from console.cli_grant import perk as perk

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@perk.command("redeem", epilog=example('vigil perk redeem "Spring coupon" --file till.csv'))
@click.argument("which", metavar="GRANT|PERK")
@click.option("--member", help="The member who redeemed the perk: their oldest grant of it counts.")
@click.option("--file", type=_FILE, help='A CSV file with a column "code" or "member", and "time" if it is known.')
@click.option("--at", metavar="WHEN", help="When, by the community's clock; else now.")
@click.option("--undo", is_flag=True, help="Correct a grant that was marked by mistake.")
@places
def perk_redeem(found: Places, which: str, member: str | None, file: Path | None, at: str | None, undo: bool) -> None:
    """Mark that a perk was used: one grant by its number, a perk's by its member, or many from a file.

    A line of a file that was marked before marks nothing again; one that fits no grant is named by its number, and no
    code is ever shown. Members redeem a perk themselves by its word in a chat.
    """
    from console.printing_draws import print_marked, redeemed_words
    from console.redeem_file import read_redemptions
    from store import member_lookup, perks

    if (member is not None) + (file is not None) + undo > 1 or (at and (file or undo)):
        raise UserError(
            "--member, --file and --undo are three things: one at a time, and --at with a grant or a member"
        )
    with at_desk(found) as desk:
        zone = desk.rulebook().community.time_zone
        when = moment(at, zone)
        if file is not None:
            number = perks.find(desk.db, which)
            column, rows = read_redemptions(file.read_bytes(), str(file), zone)
            mark = desk.redemptions.redeem_codes if column == "code" else desk.redemptions.redeem_members
            print_marked(mark(number, rows), str(file))
        elif member is not None:
            number = perks.find(desk.db, which)
            click.echo(redeemed_words(desk.redemptions.redeem_of(number, member_lookup.find(desk.db, member), when)))
        elif undo:
            desk.redemptions.take_back(_grant(which))
            click.echo(f"grant {_grant(which)} is not redeemed any more")
        else:
            click.echo(redeemed_words(desk.redemptions.redeem(_grant(which), when)))


def _grant(text: str) -> int:
    number = text.strip().removeprefix("#")
    if not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise UserError(f"{text!r} is no grant's number (vigil perk grants); for a perk name its --member or a --file")
    return int(number)


@perk.command("report", epilog=example('vigil perk report "Spring coupon" --json'))
@click.argument("which", metavar="[PERK]", required=False)
@click.option("--csv", "table", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a CSV file as well.")
@as_json
@places
def perk_report(found: Places, which: str | None, table: Path | None, json_: bool) -> None:
    """Say what perks brought: granted, sent, redeemed, and whether receivers spoke again.

    Receivers are compared with members who never got the perk and were in the same group at that time, silent as long
    and as active before. Counted are words in any group on the 7 and the 30 days after the day of sending.
    """
    from console.printing import echo_json
    from console.printing_draws import print_reports, write_reports
    from store import perks

    with at_desk(found) as desk:
        rows = desk.redemptions.reports(perks.find(desk.db, which) if which else None)
    if table is not None:
        write_reports(rows, table)
    if json_:
        for row in rows:
            spoke = {str(window): compared._asdict() for window, compared in row.spoke}
            echo_json({"figures": row.figures, "spoke_again": spoke})
    elif rows:
        print_reports(rows)
    else:
        click.echo("no perks; `vigil perk add` makes one")
