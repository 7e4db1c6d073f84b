"""Runs every benchmark and prints a table of ratios to their baselines.

`python -m tests.bench platforms` is one of its own: it takes minutes, options and a Matrix server.
"""

from __future__ import annotations

import sys

from tests.bench import (
    bench_backtest,
    bench_contact,
    bench_duplicates,
    bench_effect,
    bench_engine,
    bench_feed,
    bench_hostile,
    bench_intake,
    bench_platforms,
    bench_roster,
    bench_similar,
    bench_store,
)

MODULES = {
    "engine": bench_engine,
    "similar": bench_similar,
    "contact": bench_contact,
    "duplicates": bench_duplicates,
    "intake": bench_intake,
    "hostile": bench_hostile,
    "store": bench_store,
    "backtest": bench_backtest,
    "effect": bench_effect,
    "feed": bench_feed,
    "roster": bench_roster,
}


def main(names: list[str]) -> None:
    if names[:1] == ["platforms"]:
        bench_platforms.main(names[1:])
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join([*MODULES, 'platforms'])}")
    print(f"{'what':<36} {'against':<44} {'ours':>12} {'baseline':>12} {'ratio':>8}")
    for name in names or list(MODULES):
        for row in MODULES[name].run():
            ours, baseline = (f"{1e6 * seconds / row.units:,.1f} {row.unit}" for seconds in (row.ours, row.baseline))
            print(f"{row.what:<36} {row.against:<44} {ours:>12} {baseline:>12} {row.ratio:>7.1f}x", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
