"""Who sits at the console: the name the key stands for, or the operating system's user."""

from __future__ import annotations

import getpass
import os
import time

from console.desk import Desk
from console.settings import Settings
from store import staff
from store.database import Database


def system_user() -> str:
    """The operating system's name for who runs this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid{os.getuid()}"


def sit_down(db: Database, settings: Settings, name: str | None = None) -> Desk:
    """The desk of `name`, without one of the system's user, who owns a store that has no staff yet.

    Raises NotFound for somebody who is no staff.
    """
    user = system_user()
    if not staff.people(db):
        staff.found(db, user, time.time())
    return Desk(db, settings, name or user)


def is_forced_session(name: str | None) -> bool:
    """Whether this is a session that sshd forces on a key: a name was given, and a connection is there."""
    return name is not None and "SSH_CONNECTION" in os.environ
