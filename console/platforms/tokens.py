"""A platform's token or password, from a file that is its owner's alone or from the environment."""

from __future__ import annotations

import os
from pathlib import Path

from console.platforms.base import PlatformError


def read_secret(file: Path | None, variable: str, what: str) -> str:
    """The token or password (`what`) in `file`, or without one in the environment variable. Raises PlatformError."""
    if file is None:
        found = os.environ.get(variable, "")
        place = f"the environment variable {variable}"
    else:
        place = str(file)
        try:
            with file.open("rb") as opened:
                if os.fstat(opened.fileno()).st_mode & 0o077:
                    raise PlatformError(f"{file}: others may read the {what} there; chmod 600 {file}")
                found = opened.read(10_000).decode()
        except OSError as error:
            raise PlatformError(f"{file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise PlatformError(f"{file}: is not UTF-8") from None
    found = found.strip("\r\n")
    if not found or not found.isprintable() or (what == "token" and not found.isascii()):
        raise PlatformError(f"{place}: holds no {what}" if not found else f"{place}: what it holds is no {what}")
    return found
