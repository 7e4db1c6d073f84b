"""Fits a store's model in a process of its own: `python -m console.fitting STORE RULE`, the rule as JSON."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec

from console.learning import learn
from rules.kinds import LearnedRule
from store.database import open_database
from store.errors import StoreError


def main(store: str, rule: str) -> None:
    """Leave the model in the store. Ends with one line on standard error where that fails."""
    try:
        db = open_database(Path(store))
        learn(db, msgspec.json.decode(rule, type=LearnedRule), time.time(), keep=True)
        db.close()
    except StoreError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
