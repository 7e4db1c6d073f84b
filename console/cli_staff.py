"""The commands about the people with access: `vigil staff`, and `vigil audit`, the log of what they did."""

from __future__ import annotations

import click

from console.arguments import Commands, Places, UserError, as_json, at_desk, example, places
from store.records import Role


@click.group("staff", cls=Commands, no_args_is_help=False, epilog=example("vigil staff add mo --role moderator"))
def staff_group() -> None:
    """The people with access."""


@staff_group.command("list", epilog=example("vigil staff list --json"))
@as_json
@places
def staff_list(found: Places, json_: bool) -> None:
    """Name everybody with access and their role."""
    from console.printing import echo_json
    from store import staff as stored

    with at_desk(found, create=True) as desk:
        for person in stored.people(desk.db):
            if json_:
                echo_json(person)
            else:
                click.echo(f"{person.role:<10} {person.name}")


@staff_group.command("add", epilog=example("vigil staff add mo --role moderator"))
@click.argument("who", metavar="NAME")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@places
def staff_add(found: Places, who: str, role: str) -> None:
    """Give somebody access, or another role."""
    with at_desk(found, create=True) as desk:
        person = desk.add_staff(who, Role(role))
        click.echo(f"{person.name} is {person.role} now")


@staff_group.command("remove", epilog=example("vigil staff remove mo"))
@click.argument("who", metavar="NAME")
@places
def staff_remove(found: Places, who: str) -> None:
    """Take somebody's access away; what they did stays in the log."""
    with at_desk(found) as desk:
        desk.remove_staff(who)
        click.echo(f"{who} has no access any more")


@click.group("audit", cls=Commands, no_args_is_help=False, epilog=example("vigil audit verify"))
def audit_group() -> None:
    """The log of every change of state."""


@audit_group.command("list", epilog=example("vigil audit list --limit 20"))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1_000_000))
@as_json
@places
def audit_list(found: Places, limit: int, json_: bool) -> None:
    """The newest rows, newest first."""
    from console.printing import clock, echo_json
    from store import audit as stored
    from widgets.safe import safe

    with at_desk(found) as desk:
        for row in stored.rows(desk.db, limit):
            if json_:
                echo_json(row)
            else:
                when = clock(row.at, date=True)
                click.echo(f"{row.id} {when} {safe(row.staff)} {row.event} {row.subject} {safe(row.detail)}")


@audit_group.command("verify", epilog=example("vigil audit verify"))
@places
def audit_verify(found: Places) -> None:
    """Recompute the chain of hashes: finds a row that was changed or is missing."""
    from store import audit as stored

    with at_desk(found) as desk:
        good, problem = stored.verify(desk.db)
        if problem:
            raise UserError(f"audit: {problem}; the {good} rows before it hold")
        click.echo("its only row holds" if good == 1 else f"all {good} rows hold")
