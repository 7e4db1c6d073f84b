"""`vigil draw`: draws that anyone can recompute."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.arguments import Commands, Places, UserError, as_json, at_desk, example, places

if TYPE_CHECKING:
    from console.desk import Desk

MOST_BYTES = 64 * 1024 * 1024
"""A result file of a million entries is smaller."""

_COUNT = click.IntRange(1, 1_000_000)
_DRAW = click.argument("which", metavar="DRAW")


@click.group("draw", cls=Commands, no_args_is_help=False, epilog=example("vigil draw list"))
def draw_group() -> None:
    """Draws: entries, a published commitment, and winners anyone can recompute."""


@draw_group.command(
    "open", epilog=example('vigil draw open "Spring draw" --winners 3 --word 抽奖 --clean --without-winners')
)
@click.argument("title", metavar="NAME")
@click.option("--winners", type=_COUNT, required=True, help="How many win.")
@click.option("--word", default="", help="Who says this word in a chat, and nothing else, enters.")
@click.option("--tier", "tiers", multiple=True, help="Only members of this tier; may be repeated.")
@click.option("--layer", "layers", multiple=True, help="Only members of this layer; may be repeated.")
@click.option("--days", type=click.IntRange(0, 36_500), default=0, help="Only members so many days in a group.")
@click.option("--clean", is_flag=True, help="Only members without a strike in force.")
@click.option("--group", "groups", multiple=True, help="Only in this group (id or name); may be repeated.")
@click.option("--everybody", is_flag=True, help="Everybody in a group enters, without saying anything.")
@click.option("--without-winners", is_flag=True, help="Leave out who won another draw.")
@click.option("--public-value", "value", default="", help="A value named now and known later that counts as well.")
@places
def draw_open(
    found: Places, title: str, winners: int, word: str, tiers: tuple[str, ...], layers: tuple[str, ...], days: int,
    clean: bool, groups: tuple[str, ...], everybody: bool, without_winners: bool, value: str,
) -> None:  # fmt: skip
    """Open a draw and make its secret.

    With a word those enter who say it; without one all who are eligible enter when the list is closed; and those whom
    `vigil draw enter` or a perk of kind draw enters. A public value, such as "closing value of the SSE Composite on
    2027-03-31, two decimals", keeps even who runs the draw from choosing its winners.
    """
    from store.draw_records import NewDraw
    from store.perk_records import Eligibility

    limited = bool(tiers or layers or days or clean or groups)
    if everybody and (limited or word):
        raise UserError("--everybody stands alone: without --word and without what limits who may enter")
    who = Eligibility(tiers, layers, days, clean, groups) if limited or everybody else None
    with at_desk(found, create=True) as desk:
        new = NewDraw(" ".join(title.split()), winners, word.strip(), who, without_winners, " ".join(value.split()))
        opened = desk.draws.open(new)
        click.echo(f"draw {opened.id}: {opened.name} is open; SHA-256 of its secret: {opened.secret_sha256}")


@draw_group.command("list", epilog=example("vigil draw list --json"))
@as_json
@places
def draw_list(found: Places, json_: bool) -> None:
    """Name the draws, the newest first."""
    from console.printing import echo_rows
    from console.printing_draws import print_draws
    from store import draws

    with at_desk(found) as desk:
        echo_rows(draws.listed(desk.db), json_, print_draws, "no draws; `vigil draw open` opens one")


@draw_group.command("show", epilog=example('vigil draw show "Spring draw"'))
@_DRAW
@click.option("--entries", is_flag=True, help="Print the list that was closed, to publish it: nothing else.")
@as_json
@places
def draw_show(found: Places, which: str, entries: bool, json_: bool) -> None:
    """Show a draw: its state, who may enter, its hashes."""
    from console.printing import echo_json
    from console.printing_draws import print_draw
    from store import draws

    with at_desk(found) as desk:
        shown = draws.get(desk.db, draws.find(desk.db, which))
        if entries:
            text = draws.entries(desk.db, shown.id)
            if not text:
                raise UserError(f"the list of {shown.name} is not closed yet: vigil draw commit")
            # UTF-8, whatever the locale: its hash is taken of these bytes.
            click.echo(text.encode(), nl=False)
        elif json_:
            echo_json(shown)
        else:
            print_draw(shown)


@draw_group.command("enter", epilog=example('vigil draw enter "Spring draw" anna matrix:@bo:example.org'))
@_DRAW
@click.argument("members", nargs=-1, required=True, metavar="MEMBER...")
@places
def draw_enter(found: Places, which: str, members: tuple[str, ...]) -> None:
    """Enter members by hand, named by id, platform:id or a name that only one has."""
    from store import draws, member_lookup

    with at_desk(found) as desk:
        number = draws.find(desk.db, which)
        count = desk.draws.enter(number, [member_lookup.find(desk.db, member) for member in members])
        known = f", {len(members) - count} had entered before" if count < len(members) else ""
        click.echo(f"{count} entered{known}")


@draw_group.command("commit", epilog=example('vigil draw commit "Spring draw" --post "Tea group"'))
@_DRAW
@click.option("--post", metavar="GROUP", help="Have this group told.")
@places
def draw_commit(found: Places, which: str, post: str | None) -> None:
    """Close the list and print what to publish before the draw.

    The banned and who is in no group any more are not on it, nor, if set, winners of other draws. Done again it prints
    the same.
    """
    from console.printing_draws import print_lines
    from store import draws

    with at_desk(found) as desk:
        group = _group(desk, post)
        closed = desk.draws.commit(draws.find(desk.db, which))
        if closed.left_out:
            click.echo(f"{closed.left_out:,} entered and are not on the list", err=True)
        print_lines(closed.text)
        _post(desk, closed.draw.id, group)


@draw_group.command("draw", epilog=example('vigil draw draw "Spring draw" --public-value 3127.44'))
@_DRAW
@click.option("--public-value", "value", default="", help="The value that was named when the draw was opened.")
@click.option("--post", metavar="GROUP", help="Have this group told.")
@places
def draw_draw(found: Places, which: str, value: str, post: str | None) -> None:
    """Draw the winners, publish the secret, and print the result.

    Who was banned or left since the list was closed is passed over, and the result says so. Done again it prints the
    same.
    """
    from console.printing_draws import print_lines
    from store import draws

    with at_desk(found) as desk:
        group = _group(desk, post)
        held = desk.draws.draw(draws.find(desk.db, which), value)
        print_lines(held.text)
        _post(desk, held.draw.id, group)


@draw_group.command("result", epilog=example('vigil draw result "Spring draw" --full > result.txt'))
@_DRAW
@click.option("--full", is_flag=True, help="The file that anyone can verify, with the list of entries.")
@click.option("--post", metavar="GROUP", help="Have this group told the short form.")
@places
def draw_result(found: Places, which: str, full: bool, post: str | None) -> None:
    """Print the result of a draw, ready to post or to attach."""
    from console.printing_draws import print_lines
    from store import draws

    with at_desk(found) as desk:
        group = _group(desk, post)
        shown = draws.get(desk.db, draws.find(desk.db, which))
        if full:
            click.echo(desk.draws.full(shown).encode(), nl=False)
        else:
            print_lines(desk.draws.told(shown))
        _post(desk, shown.id, group)


@draw_group.command(
    "redraw", epilog=example('vigil draw redraw "Spring draw" --instead-of anna --reason "does not answer"')
)
@_DRAW
@click.option("--instead-of", "member", required=True, metavar="MEMBER", help="The winner whose place is taken.")
@click.option("--reason", required=True, help="Why; it is part of the result.")
@click.option("--post", metavar="GROUP", help="Have this group told.")
@places
def draw_redraw(found: Places, which: str, member: str, reason: str, post: str | None) -> None:
    """Give one winner's place to the next ticket, and print the new result."""
    from console.printing_draws import print_lines
    from store import draws, member_lookup

    with at_desk(found) as desk:
        group = _group(desk, post)
        held = desk.draws.redraw(draws.find(desk.db, which), member_lookup.find(desk.db, member), reason)
        if held.known:
            click.echo(f"{member} was replaced before; nothing was drawn", err=True)
        print_lines(held.text)
        _post(desk, held.draw.id, group)


@draw_group.command("cancel", epilog=example('vigil draw cancel "Spring draw"'))
@_DRAW
@places
def draw_cancel(found: Places, which: str) -> None:
    """Call a draw off that was not drawn yet."""
    from store import draws

    with at_desk(found) as desk:
        draw = desk.draws.cancel(draws.find(desk.db, which))
        click.echo(f"draw {draw.id}: {draw.name} is cancelled")


@draw_group.command("verify", epilog=example("vigil draw verify result.txt --published announcement.txt"))
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--published", type=click.Path(path_type=Path), help="A file with what was published before the draw.")
def draw_verify(file: Path, published: Path | None) -> None:
    """Recompute a full result (- is standard input). It needs no store: anyone can do it."""
    from console.printing_draws import print_verified
    from rules.draw_result import DrawProblem, verify

    before = _read(published) if published is not None else ""
    try:
        found = verify(_read(file), before)
    except DrawProblem as problem:
        from widgets.safe import safe

        raise UserError(f"{file}: {safe(str(problem), 1_000)}") from None
    print_verified(found, compared=published is not None)


def _read(file: Path) -> str:
    """A text file as a whole. Raises UserError for one that is too large or no text."""
    if str(file) == "-":
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UserError(f"{file}: is larger than {MOST_BYTES // 1024 // 1024} MB; a result is not")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: is no UTF-8 text, from byte {error.start + 1} on") from None


def _group(desk: Desk, name: str | None) -> int | None:
    """The group to tell, found before anything is done."""
    from store import posts

    return None if name is None else posts.find_group(desk.db, name)


def _post(desk: Desk, draw_id: int, group: int | None) -> None:
    if group is not None:
        queued = desk.draws.post(draw_id, group)
        click.echo("the group will be told" if queued else "the group was told so before", err=True)
