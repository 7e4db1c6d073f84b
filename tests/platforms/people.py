"""Who takes part in a test: an admin of the group, members, and Vigil's own account."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from console.platforms.matrix_kind import MatrixOptions
from tests.platforms.synapse import Person, Synapse

_numbers = itertools.count(1)


class People:
    """`ada` runs the group, `vigil` is Vigil's account, `bob` and `eve` are members."""

    def __init__(self, synapse: Synapse, folder: Path) -> None:
        number = next(_numbers)
        self.synapse = synapse
        self.ada = synapse.person(f"ada{number}")
        self.vigil = synapse.person(f"vigil{number}")
        self.bob = synapse.person(f"bob{number}")
        self.eve = synapse.person(f"eve{number}")
        self.login_file = folder / "vigil.mx.login"
        self.password_file = folder / "password"
        self.password_file.touch(0o600)
        self.password_file.write_text(self.vigil.password + "\n")

    def options(self, inviters: Sequence[Person] | None = None) -> MatrixOptions:
        """Vigil's settings: a password in a file, and who may invite."""
        chosen = (self.ada,) if inviters is None else inviters
        users = tuple(person.user for person in chosen)
        return MatrixOptions(self.synapse.base, self.vigil.user, None, "", self.password_file, "", users)

    def settings(self, *, base: str = "") -> list[str]:
        """The same as lines of vigil.toml."""
        return [
            "[platforms.mx]",
            'kind = "matrix"',
            f'homeserver = "{base or self.synapse.base}"',
            f'user = "{self.vigil.user}"',
            f'password_file = "{self.password_file}"',
            f'inviters = ["{self.ada.user}"]',
        ]

    def group(self, name: str = "Tea", version: str = "12", power: int = 100, *, joined: bool = True) -> str:
        """A group of ada's with bob and eve in it, and Vigil with this power."""
        room = self.ada.make_group(name, version)
        for person in (self.bob, self.eve):
            person.join(room)
        if joined:
            self.vigil.join(room)
        if power:
            self.ada.set_power(room, {self.vigil.user: power})
        return room
