"""Plain text and JSON of what Vigil may do on a platform."""

from __future__ import annotations

from collections.abc import Iterator

import click

from console.platforms.base import Access
from widgets.safe import safe


def access_shape(name: str, access: Access) -> Iterator[dict[str, object]]:
    """One object for the account, then one a group."""
    yield {"platform": name, "account": access.account, "groups": len(access.groups), "remarks": access.remarks}
    for group in access.groups:
        yield {
            "platform": name,
            "group": group.key,
            "name": group.name,
            "lacking": dict(group.lacking),
            "remarks": group.remarks,
        }


def print_access(name: str, access: Access) -> None:
    groups = "1 group" if len(access.groups) == 1 else f"{len(access.groups)} groups"
    click.echo(f"{name}: logged in as {safe(access.account)}, in {groups}")
    for group in access.groups:
        verdict = "LOOK" if group.lacking or group.remarks else "ok  "
        click.echo(f"{verdict}  {safe(group.name)}  ({safe(group.key)})")
        for kind, words in group.lacking:
            click.echo(f"      cannot {kind}: {safe(words)}")
        for remark in group.remarks:
            click.echo(f"      {safe(remark)}")
    for remark in access.remarks:
        click.echo(safe(remark))
