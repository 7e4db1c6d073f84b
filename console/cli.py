"""The command `vigil` and all it can be followed by; errors end as one clear line."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path

import click

import console
from console.arguments import NUMBER, Places, UserError, as_json, at_desk, example, pace, places
from console.cli_draw import draw_group
from console.cli_learning import learn, learned
from console.cli_members import members_group
from console.cli_outbox import outbox_group
from console.cli_platform import platform_group
from console.cli_points import points_group, standing_group
from console.cli_redeem import perk
from console.cli_rules import rules_group
from console.platforms.base import PlatformError
from console.settings import SettingsError
from store.errors import StoreError
from store.records import CaseState, Decision, Role

DECISIONS = [decision.value for decision in Decision]


def main() -> None:
    """Run the command. A user's mistake ends with one line on standard error and exit code 2."""
    from console.commands import KeysError
    from rules.rulebook import RulebookError

    # Whatever is written here, store, settings, logs, is its owner's alone.
    os.umask(0o077)
    _open_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal or pipe of another encoding gets what it can show, not an error.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = cli.main(prog_name="vigil", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as ending:
        status = ending.exit_code
    except click.Abort:
        status = 130
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "vigil"
        status = _say(f"{error.format_message().rstrip('.')}; see `{where} --help`")
    except click.ClickException as error:
        status = _say(error.format_message())
    except (UserError, StoreError, SettingsError, KeysError, RulebookError, PlatformError) as error:
        status = _say(str(error))
    except sqlite3.Error as error:
        status = _say(f"the store cannot be used: {error}; see `vigil doctor`")
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; nobody is left to be told.
        status = 141
    except OSError as error:
        status = _say(f"{error.filename or 'system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        status = 130
    try:
        sys.stdout.flush()
    except OSError:
        # What nobody takes is dropped, or the interpreter would try again at its end and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status if isinstance(status, int) else 0)


def _open_streams() -> None:
    """Standard streams that were closed become the null device, before another file gets their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


def _say(problem: str) -> int:
    print(f"vigil: {' '.join(problem.split())}", file=sys.stderr)  # noqa: T201
    return 2


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]},
             epilog=example("vigil --store community.db"))  # fmt: skip
@click.version_option(console.__version__, prog_name="vigil")
@places
@click.pass_context
def cli(context: click.Context, found: Places) -> None:
    """A terminal console for the people who keep community groups in order.

    Without a command it opens the console.
    """
    if context.invoked_subcommand is None:
        _need_terminal("vigil cases, vigil proposals and their kin do the same as plain text")
        from console.opening import open_console

        context.exit(open_console(found.settings(), found.get("name")))


def _need_terminal(instead: str) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError(f"the console needs a terminal; {instead}")


@cli.command(epilog=example("vigil serve --config /etc/vigil/vigil.toml"))
@click.option("--child", is_flag=True, hidden=True, help="Started by a console: ends with it.")
@places
def serve(found: Places, child: bool) -> None:
    """Run the worker in the foreground, logging one line an event to standard error."""
    from console.serving import serve as run

    run(found.settings(), child=child)


@cli.command(epilog=example("vigil demo --role moderator"))
@click.option("--role", type=click.Choice(["admin", "moderator"]), default="admin", show_default=True)
@click.option("--plain", is_flag=True, help="As text, at full speed; so it is without a terminal, too.")
@click.option("--speed", default="20x", show_default=True, metavar="SPEED", help='A factor such as "20x", or "max".')
def demo(role: str, plain: bool, speed: str) -> None:
    """Open the console on a sample community, in a store that is thrown away."""
    factor = pace(speed)
    if plain or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from console.demo_plain import run_plain

        sys.exit(run_plain(sys.stdout))
    from console.demo import run_demo

    raise click.exceptions.Exit(run_demo(Role(role), factor))


@cli.command(epilog=example("vigil init --config ~/community/vigil.toml"))
@places
def init(found: Places) -> None:
    """Write a commented vigil.toml and rulebook.toml to start from."""
    from console.language import wanted
    from console.settings import TEMPLATE, default_path, default_store
    from rules.rulebook import DEFAULT_RULEBOOK

    config = (found.get("config") or default_path()).expanduser().absolute()
    rulebook = config.with_name("rulebook.toml")
    for path in (config, rulebook):
        if path.exists():
            raise UserError(f"{path}: is there already and was left as it is; move it away to start afresh")
    config.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    store: Path | None = found.get("store")
    settings = TEMPLATE.replace('"{store}"', json.dumps(str((store or default_store()).absolute()), ensure_ascii=False))
    if store:
        settings = settings.replace("# store = ", "store = ")
    settings = settings.replace("{language}", wanted())
    for path, text in ((config, settings), (rulebook, DEFAULT_RULEBOOK)):
        path.write_text(text, "utf-8")
        click.echo(f"wrote {path}")


@cli.command(epilog=example("vigil replay chat.ndjson --speed max"))
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--speed", default="1x", show_default=True, metavar="SPEED", help='A factor such as "20x", or "max".')
@places
def replay(found: Places, file: Path, speed: str) -> None:
    """Take a recorded chat (NDJSON; - is standard input) into the store.

    It goes on where it stopped, and skips what the store has already.
    """
    from console.platforms.replay import NAME
    from console.replaying import replay as run

    done = run(found.settings(), None if str(file) == "-" else file, pace(speed), NAME)
    ending = "stopped; the same command goes on from here" if done.stopped else "read to the end"
    click.echo(
        f"{ending}: {done.taken} messages taken in, {done.known} already there, {done.flagged} flagged,"
        f" {done.problems} lines with problems; line {done.lines}"
    )
    if done.stopped:
        raise click.exceptions.Exit(130)


@cli.command(epilog=example("vigil check chat.ndjson --rulebook rulebook.toml | jq 'select(.verdict == \"flag\")'"))
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--rulebook", type=click.Path(path_type=Path), help="The rules to judge by; else those of the settings.")
@click.option("--scores", is_flag=True, help="Add every rule's score, also below its threshold (slower).")
@click.option("--explain", is_flag=True, help="As text for people: why each message is found, and where in it.")
@places
def check(found: Places, file: Path, rulebook: Path | None, scores: bool, explain: bool) -> None:
    """Judge messages (NDJSON; - is standard input) without storing anything.

    Prints one JSON object a message in the input's order: id, group, verdict ("flag", "shadow" or "pass")
    and findings, each with rule, kind, mode, score (0 to 100), matched, why, and evidence as offsets of
    characters in the text. A campaign's finding names in "earlier" the messages before it that it takes in.
    With --store it judges by what was learned there.
    """
    import asyncio

    from console.checking import check as run
    from console.checking import known, streams
    from console.language import translation
    from console.rulebook import load_rulebook
    from rules.rulebook import load
    from widgets.language import install

    if scores and explain:
        raise UserError("--scores adds to the JSON, --explain is text instead: choose one")
    rules = load(rulebook) if rulebook else load_rulebook(found.settings())
    knowledge = known(found.get("store"), rules)
    if explain:
        install(translation(found.settings().language))
    source = None if str(file) == "-" else file
    asyncio.run(run(source, rules, *streams(), knowledge=knowledge, scores=scores, explain=explain))


@cli.command(epilog=example("vigil cases --json"))
@click.option("--all", "all_", is_flag=True, help="Decided, dismissed and merged ones as well.")
@as_json
@places
def cases(found: Places, all_: bool, json_: bool) -> None:
    """List the open cases, the oldest first."""
    from console.printing import echo_json, print_cases
    from store import cases as stored

    with at_desk(found) as desk:
        rows = stored.listed(desk.db, tuple(CaseState) if all_ else (CaseState.OPEN,), limit=100_000)
        if json_:
            for row in rows:
                echo_json(row)
        else:
            print_cases(rows)
            if not rows:
                click.echo("no open cases")


@cli.command(epilog=example("vigil show 12"))
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


@cli.command(epilog=example('vigil decide 12 warn --reason "third copy today"'))
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


@cli.command(epilog=example("vigil proposals --json"))
@as_json
@places
def proposals(found: Places, json_: bool) -> None:
    """List the decisions that wait for an admin."""
    from console.printing import echo_json, print_proposals
    from store import decisions

    with at_desk(found) as desk:
        rows = decisions.proposals(desk.db, limit=100_000)
        if json_:
            for row in rows:
                echo_json(row)
        else:
            print_proposals(rows, {row.id: desk.proposal_remarks(row) for row in rows})
            if not rows:
                click.echo("no proposals wait")


@cli.command(epilog=example("vigil approve 7 8 9"))
@click.argument("ids", type=NUMBER, nargs=-1, required=True)
@places
def approve(found: Places, ids: tuple[int, ...]) -> None:
    """Say yes to proposals: their actions go out after the undo time."""
    with at_desk(found) as desk:
        _answer(ids, lambda number: f"proposal {number} approved, case {desk.approve(number)} decided")


@cli.command(epilog=example('vigil reject 7 --reason "that was a quotation"'))
@click.argument("ids", type=NUMBER, nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; the moderator sees it on the case.")
@places
def reject(found: Places, ids: tuple[int, ...], reason: str) -> None:
    """Say no to proposals: nothing is carried out, the case is open again."""
    with at_desk(found) as desk:
        _answer(ids, lambda number: f"proposal {number} rejected, case {desk.reject(number, reason)} open again")


def _answer(ids: tuple[int, ...], answer: Callable[[int], str]) -> None:
    failed = False
    for number in dict.fromkeys(ids):
        try:
            click.echo(answer(number))
        except StoreError as error:
            failed = True
            _say(str(error))
    if failed:
        raise click.exceptions.Exit(2)


@cli.command(epilog=example("vigil undo 7"))
@click.argument("decision", type=NUMBER, required=False)
@places
def undo(found: Places, decision: int | None) -> None:
    """Take a decision back by its id, without one your own latest."""
    from console.printing import undone_words

    with at_desk(found) as desk:
        click.echo(undone_words(desk.undo(decision)))


@cli.command(epilog=example("vigil doctor"))
@as_json
@places
def doctor(found: Places, json_: bool) -> None:
    """Look at store, worker, rulebook, terminal and locale, and say what to do."""
    from console.doctor import examine
    from console.printing import echo_json

    results = examine(found.get("config"), found.get("store"))
    for result in results:
        if json_:
            echo_json(result)
        else:
            click.echo(f"{'ok  ' if result.ok else 'LOOK'}  {result.what}: {result.found}")
            if result.advice:
                click.echo(f"      {result.advice}")
    if not all(result.ok for result in results):
        raise click.exceptions.Exit(1)


@cli.group(no_args_is_help=False, epilog=example("vigil staff add mo --role moderator"))
def staff() -> None:
    """The people with access."""


@staff.command("list", epilog=example("vigil staff list --json"))
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


@staff.command("add", epilog=example("vigil staff add mo --role moderator"))
@click.argument("who", metavar="NAME")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@places
def staff_add(found: Places, who: str, role: str) -> None:
    """Give somebody access, or another role."""
    with at_desk(found, create=True) as desk:
        person = desk.add_staff(who, Role(role))
        click.echo(f"{person.name} is {person.role} now")


@staff.command("remove", epilog=example("vigil staff remove mo"))
@click.argument("who", metavar="NAME")
@places
def staff_remove(found: Places, who: str) -> None:
    """Take somebody's access away; what they did stays in the log."""
    with at_desk(found) as desk:
        desk.remove_staff(who)
        click.echo(f"{who} has no access any more")


@cli.group(no_args_is_help=False, epilog=example("vigil audit verify"))
def audit() -> None:
    """The log of every change of state."""


@audit.command("list", epilog=example("vigil audit list --limit 20"))
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


@audit.command("verify", epilog=example("vigil audit verify"))
@places
def audit_verify(found: Places) -> None:
    """Recompute the chain of hashes: finds a row that was changed or is missing."""
    from store import audit as stored

    with at_desk(found) as desk:
        good, problem = stored.verify(desk.db)
        if problem:
            raise UserError(f"audit: {problem}; the {good} rows before it hold")
        click.echo(f"all {good} rows hold")


for command in (
    learn,
    learned,
    rules_group,
    perk,
    points_group,
    standing_group,
    draw_group,
    members_group,
    platform_group,
    outbox_group,
):
    cli.add_command(command)
