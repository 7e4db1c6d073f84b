"""The command `vigil`: what it can be followed by, and how errors end, as one clear line."""

from __future__ import annotations

import os
import sqlite3
import sys
from io import TextIOWrapper

import click

import console
from console.arguments import Commands, Places, UserError, example, places
from console.cli_deciding import approve, cases, decide, proposals, reject, show, undo
from console.cli_draw import draw_group
from console.cli_learning import learn, learned
from console.cli_members import members_group
from console.cli_outbox import outbox_group
from console.cli_platform import platform_group
from console.cli_points import points_group, standing_group
from console.cli_redeem import perk
from console.cli_rules import rules_group
from console.cli_running import check, demo, doctor, init, replay, serve
from console.cli_staff import audit_group, staff_group
from console.fitted import print_fitted
from console.platforms.base import PlatformError
from console.settings import SettingsError
from store.errors import StoreError


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
    print_fitted(f"vigil: {' '.join(problem.split())}", err=True)
    return 2


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]},
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


for command in (
    init,
    serve,
    demo,
    replay,
    check,
    doctor,
    cases,
    show,
    decide,
    proposals,
    approve,
    reject,
    undo,
    staff_group,
    audit_group,
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
