"""Who sits at the console: the name the key stands for, or the operating system's user."""

from __future__ import annotations

import os
import pwd
import time

from console.desk import Desk
from console.settings import Settings
from store import staff
from store.database import Database
from store.errors import StoreError


def system_user() -> str:
    """The operating system's name for who runs this process; the environment has no say in it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"


def sit_down(db: Database, settings: Settings, name: str | None = None) -> Desk:
    """The desk of `name`, without one of the system's user. Whoever comes first owns a store without staff.

    Raises NotFound for somebody who is no staff, StoreError where the system's user has no fit name.
    """
    user = system_user()
    if not staff.people(db):
        try:
            staff.found(db, user, time.time())
        except StoreError as error:
            if name is None:
                raise StoreError(f"{error}: name yourself with --as NAME") from None
            staff.found(db, name, time.time())
    return Desk(db, settings, name or user)


def is_forced_session(name: str | None) -> bool:
    """Whether this is a session that sshd forces on a key: a name was given, and a connection is there."""
    return name is not None and "SSH_CONNECTION" in os.environ
