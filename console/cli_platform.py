"""`vigil platform`: the platforms that are set up, and what Vigil may do in their groups."""

from __future__ import annotations

import click

from console.arguments import Commands, Places, UserError, as_json, example, places


@click.group("platform", cls=Commands, no_args_is_help=False, epilog=example("vigil platform test matrix"))
def platform_group() -> None:
    """The chat services Vigil is connected to."""


@platform_group.command("list", epilog=example("vigil platform list --json"))
@as_json
@places
def platform_list(found: Places, json_: bool) -> None:
    """Name the platforms of vigil.toml, how the worker finds them, and what they have no way to do."""
    from console.language import translation
    from console.platform_health import platform_rows
    from console.printing import echo_json
    from console.printing_platforms import print_platform
    from widgets.language import install, say

    settings = found.settings()
    install(translation(settings.language))
    rows = platform_rows(settings)
    for row in rows:
        if json_:
            echo_json(row)
        else:
            print_platform(row, settings.limits(row.name))
    if not rows and not json_:
        click.echo(say("no platforms are set up in vigil.toml; docs/platforms.md says how"))


@platform_group.command("test", epilog=example("vigil platform test matrix --json"))
@click.argument("which", metavar="NAME")
@as_json
@places
def platform_test(found: Places, which: str, json_: bool) -> None:
    """Log in to a platform, name the groups it sees, and say what Vigil has no right to do there.

    Nothing is sent to any group. It ends with 1 when a right is lacking somewhere.
    """
    import asyncio

    from console.language import translation
    from console.platform_health import look
    from console.printing import echo_json
    from console.printing_platforms import access_shape, print_access
    from widgets.language import install, say

    settings = found.settings()
    install(translation(settings.language))
    chosen = next((one for one in settings.platforms if one.name == which), None)
    if chosen is None:
        known = ", ".join(one.name for one in settings.platforms) or "none"
        raise UserError(f"{which!r} is no platform in {settings.path}; set up are: {known}")

    def waiting(seconds: float) -> None:
        words = say("{platform}: no answer yet after {seconds:.0f} s; Ctrl-C gives up", platform=which, seconds=seconds)
        click.echo(words, err=True)

    access = asyncio.run(look(chosen, settings.store, waiting))
    if json_:
        for row in access_shape(which, access):
            echo_json(row)
    else:
        print_access(which, access)
    if any(group.lacking for group in access.groups):
        raise click.exceptions.Exit(1)
