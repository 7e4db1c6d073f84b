"""The commands that set Vigil up, run it, and look whether it is well: `vigil init`, `serve`, `demo` and others."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from console.arguments import Places, UserError, as_json, counted, example, pace, places
from store.records import Role


@click.command(epilog=example("vigil init --config ~/community/vigil.toml"))
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


@click.command(epilog=example("vigil serve --config /etc/vigil/vigil.toml"))
@click.option("--child", is_flag=True, hidden=True, help="Started by a console: ends with it.")
@places
def serve(found: Places, child: bool) -> None:
    """Run the worker in the foreground, logging one line an event to standard error."""
    from console.serving import serve as run

    run(found.settings(), child=child)


@click.command(epilog=example("vigil demo --role moderator"))
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


@click.command(epilog=example("vigil replay chat.ndjson --speed max"))
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
        f"{ending}: {counted(done.taken, 'message')} taken in, {done.known} already there, {done.flagged} flagged,"
        f" {counted(done.problems, 'line')} with problems; line {done.lines}"
    )
    if done.stopped:
        raise click.exceptions.Exit(130)


@click.command(epilog=example("vigil check chat.ndjson --rulebook rulebook.toml | jq 'select(.verdict == \"flag\")'"))
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


@click.command(epilog=example("vigil doctor"))
@as_json
@places
def doctor(found: Places, json_: bool) -> None:
    """Look at store, worker, platforms, rulebook, terminal and locale, and say what to do."""
    from console.doctor import examine
    from console.fitted import print_fitted
    from console.printing import echo_json

    results = examine(found.get("config"), found.get("store"))
    for result in results:
        if json_:
            echo_json(result)
        else:
            print_fitted(f"{'ok  ' if result.ok else 'LOOK'}  {result.what}: {result.found}", further=8)
            if result.advice:
                print_fitted(f"      {result.advice}")
    if not all(result.ok for result in results):
        raise click.exceptions.Exit(1)
