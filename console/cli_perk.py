"""`vigil perk`: perks, their codes, and giving them to members."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from console.arguments import NUMBER, Places, UserError, as_json, at_desk, example, places
from console.cli_members import choosing, chosen_members
from store.errors import StoreError
from store.perk_records import Cause, Eligibility, GrantState, NewPerk, PerkKind

FILE = click.Path(path_type=Path, allow_dash=True)
COUNT = click.IntRange(0, 1_000_000_000)


@click.group("perk", no_args_is_help=False, epilog=example("vigil perk list"))
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
        start, end = (_moment(text, zone, last) for text, last in ((valid_from, False), (valid_until, True)))
        new = NewPerk(title, PerkKind(kind), valid_from=start, valid_until=end, eligibility=who, **values)
        secret = _fixed_code(code_file) if new.kind is PerkKind.FIXED or code_file else ""
        click.echo(f"perk {desk.perks.add(new, secret)}: {' '.join(title.split())}, kind {kind}")


def _fixed_code(file: Path | None) -> str:
    """The code or link of a fixed perk, from a file or typed unseen."""
    from console.csv_column import LONGEST_FIELD

    if file is not None:
        code = _bytes(file).decode("utf-8-sig", "replace").strip()
    elif sys.stdin.isatty():
        code = click.prompt("code or link (is not shown)", hide_input=True, err=True).strip()
    else:
        raise UserError("a fixed perk needs its code or link: --code-file FILE, or a terminal to type it on")
    if not code or not code.isprintable() or "\ufffd" in code or len(code) > LONGEST_FIELD:
        raise UserError(f"the code or link is one line of 1 to {LONGEST_FIELD} printable characters")
    return code


def _moment(text: str | None, zone: str, last: bool) -> float | None:
    """A date or time by the zone's clock as epoch seconds; of a date the first or `last` second."""
    from datetime import date, datetime, time
    from zoneinfo import ZoneInfo

    if text is None:
        return None
    try:
        if len(text) == 10:
            at = datetime.combine(date.fromisoformat(text), time(23, 59, 59) if last else time(), ZoneInfo(zone))
        else:
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
        return at.timestamp()
    except (ValueError, OverflowError):
        raise click.BadParameter(f'{text!r} is no time; "2027-03-31" or "2027-03-31 18:00"') from None


@perk.command("list", epilog=example("vigil perk list --json"))
@click.option("--all", "all_", is_flag=True, help="Closed ones as well.")
@as_json
@places
def perk_list(found: Places, all_: bool, json_: bool) -> None:
    """Name the perks, with how many were given and are left."""
    from console.printing import echo_json
    from console.printing_perks import print_perks
    from store import perks

    with at_desk(found) as desk:
        rows = perks.listed(desk.db, closed=all_)
        if json_:
            for row in rows:
                echo_json(row)
        elif rows:
            print_perks(rows)
        else:
            click.echo("no perks; `vigil perk add` makes one")


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
        codes = read_column(_bytes(file), _source(file), ("code",))
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
            data = _bytes(file)
            rows = read_column(data, _source(file), ("member",))
            wanted = _meant(
                desk.db, [text for _, text in rows], [f"{_source(file)}: line {line}: " for line, _ in rows]
            )
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


def _meant(db: Any, named: Any, places_: list[str]) -> list[int]:
    """The members meant. Raises UserError for the first that is nobody."""
    from store import member_lookup

    wanted: list[int] = []
    for place, found in zip(places_, member_lookup.find_all(db, named), strict=True):
        if isinstance(found, str):
            raise UserError(f"{place}{found}")
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
    from console.printing import echo_json
    from console.printing_perks import print_grants
    from store import member_lookup, perks

    with at_desk(found) as desk:
        rows = desk.perks.grants(
            perk_id=perks.find(desk.db, which) if which else None,
            member_id=member_lookup.find(desk.db, member) if member else None,
            states=(GrantState(state),) if state else (),
            limit=limit,
        )
        if json_:
            for row in rows:
                echo_json(row)
        elif rows:
            print_grants(rows)
        else:
            click.echo("no grants")


@perk.command("waiting", epilog=example("vigil perk waiting --json"))
@as_json
@places
def perk_waiting(found: Places, json_: bool) -> None:
    """List the perks that wait for an admin."""
    from console.printing import echo_json
    from console.printing_perks import print_waiting

    with at_desk(found) as desk:
        rows = desk.perks.waiting()
        if json_:
            for row in rows:
                echo_json(row)
        elif rows:
            print_waiting(rows)
        else:
            click.echo("no perks wait")


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

    _each(found, ids, answer)


@perk.command("reject", epilog=example('vigil perk reject 7 --reason "they had one last week"'))
@click.argument("ids", type=NUMBER, nargs=-1, required=True, metavar="DISPATCH...")
@click.option("--reason", required=True, help="Why; the moderator shall know.")
@places
def perk_reject(found: Places, ids: tuple[int, ...], reason: str) -> None:
    """Say no to perks that wait: nothing is given."""

    def answer(desk: Any, number: int) -> None:
        desk.perks.reject(number, reason)
        click.echo(f"dispatch {number} rejected")

    _each(found, ids, answer)


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

    _each(found, grants, answer)


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


def _each(found: Places, ids: tuple[int, ...], answer: Callable[[Any, int], None]) -> None:
    """Do it for each; what fails is told, and the others go on."""
    failed = False
    with at_desk(found) as desk:
        for number in dict.fromkeys(ids):
            try:
                answer(desk, number)
            except StoreError as error:
                failed = True
                click.echo(f"vigil: {' '.join(str(error).split())}", err=True)
    if failed:
        raise click.exceptions.Exit(2)


def _bytes(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


def _source(file: Path) -> str:
    return "standard input" if str(file) == "-" else str(file)
