"""Changes the mode of one rule in a rulebook's text, and leaves every other character as it is."""

from __future__ import annotations

import re
import tomllib

from rules.keylines import key_lines
from rules.records import Mode
from rules.rulebook import RulebookError

_MODE = re.compile(r"""([ \t]*(?:mode|"mode"|'mode')[ \t]*=[ \t]*)("[a-z]*"|'[a-z]*')(?!["'])""")
_KIND = re.compile(r"""([ \t]*)(?:kind|"kind"|'kind')[ \t]*=[ \t]*(?:"[a-z]*"|'[a-z]*')[ \t]*(?:#[^\n]*)?\r?""")


def with_mode(source: str, path: str, name: str, mode: Mode) -> str:
    """The rulebook `source`, one that is accepted and has a rule of that `name`, with that rule in `mode`.

    Where the rule has no line for its mode, one follows the line of its kind. Raises RulebookError, with what to
    write by hand, where the rule is written in another way: in an inline table, or by keys with dots.
    """
    table = ("rules", name)
    places = key_lines(source)
    lines = source.split("\n")
    written = "mode" in tomllib.loads(source)["rules"][name]
    number = places[(*table, "mode" if written else "kind")]
    line = lines[number - 1]
    if written and (match := _MODE.match(line)):
        quote = match[2][0]
        lines[number - 1] = f"{match[1]}{quote}{mode}{quote}{line[match.end() :]}"
    elif not written and (match := _KIND.fullmatch(line)):
        last = number == len(lines)
        ending = "\r" if line.endswith("\r") else ""
        lines[number - 1] = line if not last else line.removesuffix("\r")
        lines.insert(number, f'{match[1]}mode = "{mode}"{"" if last else ending}')
    changed = "\n".join(lines)
    # Whatever the lines looked like: what was changed is the rule's mode, and that alone, or nothing is.
    wanted = tomllib.loads(source)
    wanted["rules"][name]["mode"] = mode.value
    try:
        good = tomllib.loads(changed) == wanted
    except tomllib.TOMLDecodeError:
        good = False
    if not good:
        raise RulebookError(
            path,
            number,
            f"rules.{name}.mode",
            f'is written in a way that only a person should change: make it mode = "{mode}" there by hand',
        )
    return changed
