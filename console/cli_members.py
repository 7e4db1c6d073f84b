"""`vigil members`: the list, a card, notes and remarks, and the list as a file."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from console.arguments import NUMBER, Commands, Places, UserError, as_json, at_desk, example, places

if TYPE_CHECKING:
    from console.desk import Desk

Command = TypeVar("Command", bound=Callable[..., Any])

SORTS = ["name", "tier", "points", "layer", "last", "strikes", "joined"]
LAYERS = ["new", "active", "core", "silent", "gone"]


def choosing(command: Command) -> Command:
    """The options that say which members, and in which order."""
    for option in reversed((
        click.option("--group", metavar="GROUP", help="Of this group: its id on the platform, or its name."),
        click.option("--tier", metavar="TIER", help="Of this tier."),
        click.option("--layer", type=click.Choice(LAYERS), help="Of this layer."),
        click.option("--clean", is_flag=True, help="Without strikes in force."),
        click.option("--silent-days", type=click.IntRange(1, 36_500), metavar="N",
                     help="Who have said nothing for N days at least."),
        click.option("--departed", is_flag=True, help="Who left every group as well."),
        click.option("--find", metavar="TEXT",
                     help="Whose name, remark or id holds this, also by pinyin or its initials."),
        click.option("--sort", type=click.Choice(SORTS), default="last", show_default=True),
        click.option("--reverse", is_flag=True, help="The other way round."),
        click.option("--limit", type=NUMBER, metavar="N", help="The first N only."),
    )):  # fmt: skip
        command = option(command)
    return command


def chosen_members(
    desk: Desk, *, group: str | None, tier: str | None, layer: str | None, clean: bool, silent_days: int | None,
    departed: bool, find: str | None, sort: str, reverse: bool, limit: int | None,
) -> array[int]:  # fmt: skip
    """Their ids. Raises UserError for a group that is none, or several."""
    from rules.names import sought_query
    from store import roster
    from store.roster_records import Chosen, Sort

    group_id = None
    if group is not None:
        found = roster.groups_called(desk.db, group)
        if len(found) != 1:
            raise UserError(
                f"no group {group!r}" if not found else f"{len(found)} groups are called {group!r}; name one by its id"
            )
        group_id = found[0]
    chosen = Chosen(group_id, tier or "", layer or "", clean, silent_days or 0, departed)
    if find is not None and find.strip():
        from dataclasses import replace

        chosen = replace(chosen, sought=sought_query(find))
    return desk.members.ids(chosen, Sort(sort), reverse=reverse, limit=limit or -1)


@click.group(
    "members",
    cls=Commands,
    no_args_is_help=False,
    epilog=example("vigil members list --layer silent --clean --tier Gold"),
)
def members_group() -> None:
    """The members: who they are, how they have been, and what the staff wrote down."""


@members_group.command("list", epilog=example("vigil members list --silent-days 30 --clean --sort points"))
@choosing
@as_json
@places
def members_list(found: Places, json_: bool, **chosen: Any) -> None:
    """List members, who spoke last first; those who left every group are left out.

    A name is found in any script: yg and yangguang find 阳光.
    """
    from console.exporting import shape
    from console.printing import echo_json
    from console.printing_members import print_members
    from store import roster

    with at_desk(found) as desk, desk.db.snapshot():
        ids = chosen_members(desk, **chosen)
        # In pieces: the first lines come at once.
        for start in range(0, len(ids), 1_000):
            rows = roster.rows(desk.db, ids[start : start + 1_000], desk.now())
            if json_:
                for row in rows:
                    echo_json(shape(row))
            else:
                print_members(rows, desk.now(), header=not start)
        if not ids and not json_:
            click.echo("no members like that")


@members_group.command("show", epilog=example("vigil members show 17"))
@click.argument("member")
@as_json
@places
def members_show(found: Places, member: str, json_: bool) -> None:
    """Show a member's card. MEMBER is an id, platform:key, or a name that only one has."""
    from console.printing import echo_json
    from console.printing_members import print_member_card
    from store import member_lookup

    with at_desk(found) as desk:
        card = desk.members.card(member_lookup.find(desk.db, member))
        if json_:
            echo_json(card)
        else:
            print_member_card(card, desk.now())


@members_group.command("export", epilog=example("vigil members export silent.csv --layer silent"))
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "ndjson"]),
    help="Else CSV for a file called .csv, NDJSON for any other.",
)
@choosing
@places
def members_export(found: Places, file: Path, form: str | None, **chosen: Any) -> None:
    """Write members to a new file, readable by its owner alone; - is standard output.

    CSV is for spreadsheets: names are as they are shown, and one that a spreadsheet would take for a formula has
    an apostrophe before it; times are UTC. NDJSON holds names as they are, and times as epoch seconds.
    """
    from console.exporting import FORMATS, export, format_of

    form = form or format_of(file.name)
    with at_desk(found) as desk:
        ids = chosen_members(desk, **chosen)
        if str(file) == "-":
            # Before the first line: whoever takes it may not wait for the last.
            desk.members.exported(len(ids), form)
            for line in FORMATS[form](desk.db, ids, desk.now()):
                click.echo(line.encode(), nl=False)
            return
        with desk.db.snapshot():
            export(desk.db, ids, file, form, desk.now())
        desk.members.exported(len(ids), form)
    click.echo(f"{len(ids)} member{'' if len(ids) == 1 else 's'} written to {file}")


@members_group.command("note", epilog=example('vigil members note 17 "helps newcomers, ask for the event"'))
@click.argument("member")
@click.argument("text", required=False)
@click.option("--remove", type=NUMBER, metavar="NOTE", help="Take this note off instead: one's own, or as an admin.")
@places
def members_note(found: Places, member: str, text: str | None, remove: int | None) -> None:
    """Write a note about a member, for the staff alone."""
    from store import member_cards, member_lookup

    if (text is None) == (remove is None):
        raise UserError("a note needs a text, or --remove and the note's number")
    with at_desk(found) as desk:
        number = member_lookup.find(desk.db, member)
        if remove is not None:
            if member_cards.note_of(desk.db, remove)[0] != number:
                raise UserError(f"note {remove} is about another member")
            desk.members.remove_note(remove)
            click.echo(f"note {remove} removed")
        else:
            click.echo(f"note {desk.members.note(number, text)} about member {number} written")


@members_group.command("remark", epilog=example('vigil members remark 17 "sells lenses, verified"'))
@click.argument("member")
@click.argument("text")
@places
def members_remark(found: Places, member: str, text: str) -> None:
    """Write a remark beside a member's name, by which they are found as well; "" takes it off."""
    from store import member_lookup

    with at_desk(found) as desk:
        number = member_lookup.find(desk.db, member)
        changed = desk.members.remark(number, text)
        click.echo(f"remark of member {number} {'written' if changed else 'is so already'}")
