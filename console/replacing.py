"""Replacing a file as a whole: whoever reads it finds the old content or the new one, whatever happens meanwhile."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from store.lasting import sync_folder


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in place of what the file at `path` holds, keeping its permissions and, where that is allowed,
    its owner. A symbolic link stays one: what it leads to is replaced.

    Raises OSError, with the file's name; the file is then as it was.
    """
    target = Path(os.path.realpath(path))
    try:
        status = target.stat()
        if not os.access(target, os.W_OK):
            raise PermissionError(None, "cannot be written: its mode forbids it")
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                with suppress(PermissionError):
                    os.fchown(handle, status.st_uid, status.st_gid)
                os.fchmod(handle, status.st_mode & 0o7777)
                os.fsync(handle)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
