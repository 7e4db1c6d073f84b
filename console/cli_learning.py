"""The commands about learning: `vigil learn` and `vigil learned`."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.arguments import Commands, Places, UserError, as_json, at_desk, example, places

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from console.learning import Learned
    from rules.kinds import LearnedRule

SHOWN_PROBLEMS = 20
"""Bad lines that are named; the rest are counted."""

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(epilog=example("vigil learn examples.ndjson --background chat.ndjson --store community.db"))
@click.argument("file", type=_FILE, required=False)
@click.option("--background", type=_FILE, help="A recorded chat of this community: presumed to be no spam.")
@places
def learn(found: Places, file: Path | None, background: Path | None) -> None:
    """Teach the rules from labelled messages (NDJSON with "text" and "label": "spam" or "ham").

    Decisions teach by themselves. What was taught is listed, and taken back, by `vigil learned`.
    """
    import time

    from console import examples
    from console.learning import learn as learn_from
    from console.learning import learned_rule
    from console.rulebook import load_rulebook

    if file is None and background is None:
        raise UserError("name a file of labelled messages, or --background FILE, or both; see `vigil learn --help`")
    sources = [(path, read) for path, read in ((file, examples.labelled), (background, examples.background)) if path]
    rule = learned_rule(load_rulebook(found.settings()))
    with at_desk(found, create=True) as desk:
        problems = _Problems()
        with _progress(sum(path.stat().st_size for path, _ in sources)) as advance:
            taught = chain.from_iterable(read(path, problems.of(path), advance) for path, read in sources)
            number, new = desk.teach(" ".join(path.name for path, _ in sources), taught)
        problems.say_how_many()
        click.echo(f"learned {new} new examples (I{number})" if new else "nothing new: all of it was learned before")
        if rule is None:
            click.echo("the rulebook has no rule of kind learned, so nothing goes by it yet")
            return
        click.echo(_summary(rule, learn_from(desk.db, rule, time.time(), keep=True)))


@click.group(cls=Commands, no_args_is_help=False, invoke_without_command=True, epilog=example("vigil learned"))
@as_json
@places
@click.pass_context
def learned(context: click.Context, found: Places, json_: bool) -> None:
    """What the rules learned, from whom, and what it comes to."""
    if context.invoked_subcommand is not None:
        return
    import time

    from console.learning import learn as learn_from
    from console.learning import learned_rule
    from console.printing import clock, echo_json
    from console.rulebook import load_rulebook
    from store import lessons
    from widgets.safe import safe

    rule = learned_rule(load_rulebook(found.settings()))
    with at_desk(found) as desk:
        for row in lessons.taught(desk.db):
            if json_:
                echo_json(row)
                continue
            counts = ", ".join(
                f"{count} {what}"
                for count, what in ((row.spam, "spam"), (row.ham, "ham"), (row.background, "background"))
                if count
            )
            state = f"  forgotten by {safe(row.removed)}" if row.removed else "  alone" if row.alone else ""
            click.echo(
                f"{row.id:<5} {clock(row.at, date=True)}  {safe(row.staff)}  {safe(row.what)}  {counts}{state}"
                f"  {safe(row.example, 60)}"
            )
        if not json_:
            if rule is None:
                click.echo("the rulebook has no rule of kind learned")
            else:
                click.echo(_summary(rule, learn_from(desk.db, rule, time.time(), keep=True)))


@learned.command("forget", epilog=example("vigil learned forget D12"))
@click.argument("lesson")
@places
def forget(found: Places, lesson: str) -> None:
    """Take back what a file (I3) or a decision (D12) taught; the decision itself stands."""
    with at_desk(found) as desk:
        desk.forget(lesson)
        click.echo(f"{lesson.upper()} teaches nothing any more")


def _summary(rule: LearnedRule, learned: Learned) -> str:
    model = learned.knowledge.model
    lines = [f"from {learned.spam} spam and {learned.ham} ham, beside {learned.background} messages of everyday talk"]
    if model is None:
        lines.append("too little for a model yet: it needs spam, and ham or everyday talk to tell it from")
    else:
        # Cut, not rounded: nothing scores 100.
        score = math.floor(100 * max(rule.threshold, model.threshold)) / 100
        lines.append(f"flags from a score of {score} on, {_ground(rule, model.background)}")
    for person, count in sorted(learned.left_out.items()):
        lines.append(
            f"{count} texts that {person} decided alone do not count: beyond {rule.per_person} more than all others"
        )
    return "\n".join(lines)


def _ground(rule: LearnedRule, background: int) -> str:
    if background < rule.background:
        return (
            f"but only counts (shadow) while it knows fewer than {rule.background} messages of this community,"
            f" {background} so far: see `vigil learn --background`"
        )
    return f"so that of this community's own talk at most one in {rule.alarms_in} is"


class _Problems:
    """Names the first bad lines, and counts all."""

    def __init__(self) -> None:
        self.count = 0

    def of(self, path: Path) -> Callable[[int, str], None]:
        def report(line: int, problem: str) -> None:
            self.count += 1
            if self.count <= SHOWN_PROBLEMS:
                click.echo(f"vigil: {path}:{line}: {problem}", err=True)

        return report

    def say_how_many(self) -> None:
        if self.count > SHOWN_PROBLEMS:
            click.echo(f"vigil: {self.count} lines with problems in all", err=True)


@contextmanager
def _progress(size: int) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal for so many bytes; nothing where standard error is none."""
    if not sys.stderr.isatty():
        yield _nothing
        return
    bar: ProgressBar[int]
    with click.progressbar(length=size, label="reading", file=sys.stderr) as bar:
        yield bar.update


def _nothing(count: int) -> None:
    pass
