"""`vigil perk`: what perks there are, and their codes."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from console.arguments import (
    Commands,
    Places,
    UserError,
    as_json,
    at_desk,
    example,
    file_bytes,
    file_name,
    moment,
    places,
)
from store.perk_records import Eligibility, NewPerk, PerkKind

FILE = click.Path(path_type=Path, allow_dash=True)
COUNT = click.IntRange(0, 1_000_000_000)


@click.group("perk", cls=Commands, no_args_is_help=False, epilog=example("vigil perk list"))
def perk() -> None:
    """What the community gives: coupon codes, gifts, points, draws, seats."""


@perk.command(
    "add",
    epilog=example(
        'vigil perk add "Spring coupon" --kind code --text "{name}, your code: {code}" --valid-until 2027-03-31'
    ),
)
@click.argument("title", metavar="NAME")
@click.option("--kind", type=click.Choice([kind.value for kind in PerkKind]), required=True)
@click.option("--text", default="", help="What the member reads; see above for what may stand in braces.")
@click.option("--stock", type=click.IntRange(1, 1_000_000_000), help="How many there are; for codes, those imported.")
@click.option("--valid-from", metavar="WHEN", help="A date or a date and time, by the community's clock.")
@click.option("--valid-until", metavar="WHEN", help="The same; a date counts to its end.")
@click.option("--tier", "tiers", multiple=True, help="Only for members of this tier; may be repeated.")
@click.option("--layer", "layers", multiple=True, help="Only for members of this layer; may be repeated.")
@click.option("--days", type=COUNT, default=0, help="Only for members so many days in the group.")
@click.option("--clean", is_flag=True, help="Only for members without a strike in force.")
@click.option("--group", "groups", multiple=True, help="Only in this group (id or name); may be repeated.")
@click.option("--per-member", type=click.IntRange(1, 1_000), default=1, show_default=True)
@click.option("--cost", type=COUNT, default=0, help="Points it costs the member.")
@click.option("--approval-from", type=COUNT, default=1, show_default=True,
              help="From so many members at once on, a moderator needs an admin's yes; 0 never.")  # fmt: skip
@click.option("--points", type=COUNT, default=0, help="For kind points: how many it gives.")
@click.option("--draw", default="", help="For kind draw: the draw it enters the member into.")
@click.option("--redeem-word", default="", help="The word in chat by which a member redeems it.")
@click.option("--code-file", type=FILE, help="For kind fixed: a file with the code or link; else you are asked for it.")
@places
def perk_add(
    found: Places, title: str, kind: str, valid_from: str | None, valid_until: str | None, tiers: tuple[str, ...],
    layers: tuple[str, ...], days: int, clean: bool, groups: tuple[str, ...], code_file: Path | None, **values: Any,
) -> None:  # fmt: skip
    """Add a perk.

    In the text may stand {name}, {perk}, {code}, {valid_until}, {group}, {points} (what the member has then) and
    {tier}. Without a text nobody is told. Kinds: code (one of a pool for each, see import-codes), fixed (the same
    code or link for all), gift, points, draw, seat.
    """
    with at_desk(found) as desk:
        zone = desk.rulebook().community.time_zone
        who = Eligibility(tiers, layers, days, clean, groups)
        start, end = moment(valid_from, zone), moment(valid_until, zone, end=True)
        new = NewPerk(title, PerkKind(kind), valid_from=start, valid_until=end, eligibility=who, **values)
        secret = _fixed_code(code_file) if new.kind is PerkKind.FIXED or code_file else ""
        click.echo(f"perk {desk.perks.add(new, secret)}: {' '.join(title.split())}, kind {kind}")


def _fixed_code(file: Path | None) -> str:
    """The code or link of a fixed perk, from a file or typed unseen."""
    from console.csv_column import LONGEST_FIELD

    if file is not None:
        code = file_bytes(file).decode("utf-8-sig", "replace").strip()
    elif sys.stdin.isatty():
        code = click.prompt("code or link (is not shown)", hide_input=True, err=True).strip()
    else:
        raise UserError("a fixed perk needs its code or link: --code-file FILE, or a terminal to type it on")
    if not code or not code.isprintable() or "\ufffd" in code or len(code) > LONGEST_FIELD:
        raise UserError(f"the code or link is one line of 1 to {LONGEST_FIELD} printable characters")
    return code


@perk.command("list", epilog=example("vigil perk list --json"))
@click.option("--all", "all_", is_flag=True, help="Closed ones as well.")
@as_json
@places
def perk_list(found: Places, all_: bool, json_: bool) -> None:
    """Name the perks, with how many were given and are left."""
    from console.printing import echo_rows
    from console.printing_perks import print_perks
    from store import perks

    with at_desk(found) as desk:
        echo_rows(perks.listed(desk.db, closed=all_), json_, print_perks, "no perks; `vigil perk add` makes one")


@perk.command("show", epilog=example('vigil perk show "Spring coupon"'))
@click.argument("which", metavar="PERK")
@as_json
@places
def perk_show(found: Places, which: str, json_: bool) -> None:
    """Show a perk: what it gives, to whom, and its text."""
    from console.printing import echo_json
    from console.printing_perks import print_perk
    from store import perks

    with at_desk(found) as desk:
        shown = perks.get(desk.db, perks.find(desk.db, which))
        if json_:
            echo_json(shown)
        else:
            print_perk(shown, desk.rulebook().community.time_zone)


@perk.command("close", epilog=example('vigil perk close "Spring coupon"'))
@click.argument("which", metavar="PERK")
@places
def perk_close(found: Places, which: str) -> None:
    """Give a perk to nobody any more; what was given stays."""
    from store import perks

    with at_desk(found) as desk:
        number = perks.find(desk.db, which)
        desk.perks.close(number)
        click.echo(f"perk {number} is closed")


@perk.command("import-codes", epilog=example('vigil perk import-codes "Spring coupon" codes.csv'))
@click.argument("which", metavar="PERK")
@click.argument("file", type=FILE)
@click.option("--skip-duplicates", is_flag=True, help="Pass over codes that are there already.")
@places
def perk_import(found: Places, which: str, file: Path, skip_duplicates: bool) -> None:
    """Put codes from a CSV file (- is standard input) into a perk's pool.

    One column, or one that is headed "code". All are taken in or none; no code is ever shown.
    """
    from console.csv_column import read_column
    from store import perks

    with at_desk(found) as desk:
        number = perks.find(desk.db, which)
        codes = read_column(file_bytes(file), file_name(file), ("code",))
        bar = (
            click.progressbar(length=len(codes), label="encrypting", file=sys.stderr)
            if sys.stderr.isatty()
            else nullcontext()
        )
        with bar as shown:
            progress = shown.update if shown is not None else lambda _: None
            done = desk.perks.import_codes(number, codes, skip_duplicates=skip_duplicates, progress=progress)
        passed = f", {done.skipped:,} were there already" if done.skipped else ""
        click.echo(f"{done.codes:,} codes imported{passed}; {perks.get(desk.db, number).left:,} can be given")


@perk.command("rekey", epilog=example("vigil perk rekey"))
@places
def perk_rekey(found: Places) -> None:
    """Encrypt all codes with a new key, in place of the old one.

    The key is in a file beside the store, or in the environment variable VIGIL_KEY. A new one is made up, unless
    VIGIL_NEW_KEY holds one (openssl rand -base64 32). A backup of the store goes with the key of its time.
    """
    with at_desk(found) as desk:
        count, place = desk.perks.rekey()
        click.echo(f"{count:,} secrets encrypted anew; the key is {place}")
