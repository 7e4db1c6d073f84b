"""The commands about what members earned: `vigil points` and `vigil standing`."""

from __future__ import annotations

from pathlib import Path

import click

from console.arguments import Commands, Places, UserError, as_json, at_desk, counted, example, places

SHOWN_PROBLEMS = 20
"""Bad lines that are named; the rest are counted."""


@click.group("points", cls=Commands, no_args_is_help=False, epilog=example("vigil points show 17"))
def points_group() -> None:
    """The ledger of points: what members earned, spent and lost."""


@points_group.command("show", epilog=example("vigil points show replay:10001 --json"))
@click.argument("member")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1_000_000))
@as_json
@places
def points_show(found: Places, member: str, limit: int, json_: bool) -> None:
    """A member's balance and the newest rows behind it.

    MEMBER is an id, platform:key, or a name that only one has.
    """
    from console.printing import echo_json
    from console.printing_points import print_history
    from store import member_lookup

    with at_desk(found) as desk:
        number = member_lookup.find(desk.db, member)
        rows = desk.points.history(number, limit)
        if json_:
            for row in rows:
                echo_json(row)
        else:
            print_history(member_lookup.called(desk.db, number), desk.points.standing(number), rows)


@points_group.command(
    "give",
    context_settings={"ignore_unknown_options": True},
    epilog=example('vigil points give 17 -20 --reason "typo"'),
)
@click.argument("member")
@click.argument("points", type=click.INT)
@click.option("--reason", required=True, help="Why; it stands in the member's history.")
@places
def points_give(found: Places, member: str, points: int, reason: str) -> None:
    """Give a member points by hand, or take some with a number below 0.

    MEMBER is an id, platform:key, or a name that only one has.
    """
    from store import member_lookup
    from widgets.safe import safe

    with at_desk(found) as desk:
        number = member_lookup.find(desk.db, member)
        balance = desk.points.give(number, points, reason)
        click.echo(f"{safe(member_lookup.called(desk.db, number))}: {points:+d}, {balance} points now")


@points_group.command("import", epilog=example('vigil points import quiz.csv --event "quiz of May"'))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--event", required=True, help="What the points are for; the same event gives a member points once.")
@places
def points_import(found: Places, file: Path, event: str) -> None:
    """Give members points for an event, from a CSV file with the columns member and points.

    Nothing is given unless every line is good. Once more with the same event gives nothing twice.
    """
    from console.crediting import read_credits

    with at_desk(found) as desk:
        desk.check_role(desk.settings.points)
        rows, problems = read_credits(desk.db, file)
        for line, problem in problems[:SHOWN_PROBLEMS]:
            click.echo(f"vigil: {file}:{line}: {problem}", err=True)
        if problems:
            bad = f"{len(problems)} bad line{'s' if len(problems) > 1 else ''}"
            raise UserError(f"{file}: {bad}; nobody was given anything")
        done = desk.points.credit(event, rows)
        known = f", {done.known} were credited before" if done.known else ""
        click.echo(f"{counted(done.members, 'member')} credited with {counted(done.points, 'point')}{known}")


@click.group("standing", cls=Commands, no_args_is_help=False, epilog=example("vigil standing changes --days 7"))
def standing_group() -> None:
    """Layers and tiers: where members stand, and who has moved."""


@standing_group.command("show", epilog=example("vigil standing show 17"))
@click.argument("member")
@as_json
@places
def standing_show(found: Places, member: str, json_: bool) -> None:
    """A member's layer and tier, and what is missing for the next.

    MEMBER is an id, platform:key, or a name that only one has.
    """
    from console.printing import echo_json
    from console.printing_points import print_standing
    from store import member_lookup, standings

    with at_desk(found) as desk:
        number = member_lookup.find(desk.db, member)
        standing = desk.points.standing(number)
        if json_:
            echo_json(standing)
        else:
            changes = standings.changes_of(desk.db, number, limit=10)
            print_standing(member_lookup.called(desk.db, number), standing, changes)


@standing_group.command("changes", epilog=example("vigil standing changes --days 30 --json"))
@click.option("--days", default=7.0, show_default=True, type=click.FloatRange(0.01, 36_500), help="How far back.")
@as_json
@places
def standing_changes(found: Places, days: float, json_: bool) -> None:
    """Who came to which layer and tier lately: to greet, or to win back.

    The counts are of members who are still there; --json lists every change.
    """
    from console.printing import echo_json
    from console.printing_points import print_changes

    with at_desk(found) as desk:
        if json_:
            for row in desk.points.changes(days):
                echo_json(row)
        else:
            print_changes(desk.points.counted(days), desk.points.changes(days), days)
