"""The commands about cases and what is decided on them: `vigil cases`, `show`, `decide`, `approve` and others."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from console.arguments import NUMBER, Places, as_json, at_desk, example, for_each, places
from store.records import CaseState, Decision

DECISIONS = [decision.value for decision in Decision]


@click.command(epilog=example("vigil cases --json"))
@click.option("--all", "all_", is_flag=True, help="Decided, dismissed and merged ones as well.")
@as_json
@places
def cases(found: Places, all_: bool, json_: bool) -> None:
    """List the open cases, the oldest first."""
    from console.printing import echo_rows, print_cases
    from store import cases as stored

    with at_desk(found) as desk:
        rows = stored.listed(desk.db, tuple(CaseState) if all_ else (CaseState.OPEN,), limit=100_000)
        echo_rows(rows, json_, print_cases, "no open cases")


@click.command(epilog=example("vigil show 12"))
@click.argument("case", type=NUMBER)
@as_json
@places
def show(found: Places, case: int, json_: bool) -> None:
    """Show a case: messages with evidence, members, what each decision would do."""
    from console.printing import echo_json, print_card

    with at_desk(found) as desk:
        card = desk.card(case)
        if json_:
            echo_json(card)
        else:
            print_card(card)


@click.command(epilog=example('vigil decide 12 warn --reason "third copy today"'))
@click.argument("case", type=NUMBER)
@click.argument("decision", type=click.Choice(DECISIONS))
@click.option("--reason", default="", help="Why, for the log and the admin.")
@click.option("--no-learn", is_flag=True, help="Act, but teach the rules nothing.")
@places
def decide(found: Places, case: int, decision: str, reason: str, no_learn: bool) -> None:
    """Decide an open case, or propose it where your role needs an approval.

    "ladder" takes the next step of the ladder for each member.
    """
    from console.printing import taken_words

    with at_desk(found) as desk:
        click.echo(taken_words(desk.decide(case, Decision(decision), reason=reason, learn=not no_learn)))


@click.command(epilog=example("vigil proposals --json"))
@as_json
@places
def proposals(found: Places, json_: bool) -> None:
    """List the decisions that wait for an admin."""
    from console.printing import echo_rows, print_proposals
    from store import decisions

    with at_desk(found) as desk:
        rows = decisions.proposals(desk.db, limit=100_000)
        remarks = {row.id: desk.proposal_remarks(row) for row in rows}
        echo_rows(rows, json_, partial(print_proposals, remarks=remarks), "no proposals wait")


@click.command(epilog=example("vigil approve 7 8 9"))
@click.argument("ids", type=NUMBER, nargs=-1, required=True)
@places
def approve(found: Places, ids: tuple[int, ...]) -> None:
    """Say yes to proposals: their actions go out after the undo time."""

    def answer(desk: Any, number: int) -> None:
        click.echo(f"proposal {number} approved, case {desk.approve(number)} decided")

    for_each(found, ids, answer)


@click.command(epilog=example('vigil reject 7 --reason "that was a quotation"'))
@click.argument("ids", type=NUMBER, nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; the moderator sees it on the case.")
@places
def reject(found: Places, ids: tuple[int, ...], reason: str) -> None:
    """Say no to proposals: nothing is carried out, the case is open again."""

    def answer(desk: Any, number: int) -> None:
        click.echo(f"proposal {number} rejected, case {desk.reject(number, reason)} open again")

    for_each(found, ids, answer)


@click.command(epilog=example("vigil undo 7"))
@click.argument("decision", type=NUMBER, required=False)
@places
def undo(found: Places, decision: int | None) -> None:
    """Take a decision back by its id, without one your own latest."""
    from console.printing import undone_words

    with at_desk(found) as desk:
        click.echo(undone_words(desk.undo(decision)))
