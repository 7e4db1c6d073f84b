"""Measures what is found and what is flagged wrongly, on a folder of corpora: `python -m tests.bench.quality FOLDER`.

Each corpus stands alone; there are no means over corpora. Names of tables after the folder choose some of them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rules.fold import fold_batch
from rules.learned import Example, Model, fit
from tests.bench import detectors, loop, streams
from tests.bench.corpora import Rate, Row, halves, labelled, load, near_copies
from tests.bench.detectors import Detector, Scores
from tests.bench.disguises import STRENGTHS, all_disguises, disguised

ALARMS = 0.01
SALTS = 5
_FEWEST_DISGUISED = 10
_MANY = 3_000

Corpora = dict[str, list[Row]]


def main(arguments: list[str]) -> None:
    if not arguments or any(name not in TABLES for name in arguments[1:]):
        sys.exit(f"python -m tests.bench.quality FOLDER [{'|'.join(TABLES)}]...")
    folder = Path(arguments[0])
    corpora = load(folder)
    for name in arguments[1:] or TABLES:
        started = time.process_time()
        TABLES[name](corpora, folder)
        print(f"({time.process_time() - started:.0f} CPU seconds)\n", flush=True)


def halves_table(corpora: Corpora, _: Path) -> None:
    """Learned on one half, measured on the other, both ways; the threshold from the learning half, out of fold."""
    print(f"Learned on one half, measured on the other, at most {ALARMS:.0%} of the harmless flagged.")
    print("oracle: at the measured half's own threshold. P: precision where one message in a hundred is spam.")
    head = f"{'corpus':<26} {'half':>4} {'detector':<16} {'recall':>6} {'alarms':>6} {'P':>5} {'near':>10} {'rest':>10}"
    print(f"{head} {'oracle':>6}")
    for name, rows in labelled(corpora).items():
        parts = halves(rows)
        for side in (0, 1):
            _halves(name, side, parts[side], parts[1 - side])


def _halves(name: str, side: int, learning: list[Row], measured: list[Row]) -> None:
    spam, measured_spam = _labels(learning), _labels(measured)
    if not (spam.any() and measured_spam.any()):
        return
    near = np.array(near_copies(measured, [row for row in learning if row.spam]))
    chosen = {"ours": detectors.learned} | {key: make() for key, make in detectors.BASELINES.items()}
    for label, detector in chosen.items():
        limit = detectors.threshold(detectors.out_of_fold(detector, learning), spam, ALARMS)
        scores = detector(learning)([row.text for row in measured])
        found = scores > limit
        recall, alarms = float(found[measured_spam].mean()), float(found[~measured_spam].mean())
        best = detectors.threshold(scores, measured_spam, ALARMS)
        precision = recall / (recall + 99 * alarms) if recall else 0.0
        parts = [
            f"{found[group].mean():.2f}/{int(group.sum())}" if group.any() else "-"
            for group in (measured_spam & near, measured_spam & ~near)
        ]
        print(
            f"{name:<26} {side:>4} {label:<16} {recall:>6.3f} {alarms:>6.4f} {precision:>5.2f} {parts[0]:>10} "
            f"{parts[1]:>10} {(scores[measured_spam] > best).mean():>6.3f}",
            flush=True,
        )


def salts_table(corpora: Corpora, _: Path) -> None:
    """The oracle recall over other halvings, so that nothing is tuned to one of them."""
    print(f"Recall at {ALARMS:.0%} of the harmless (oracle), mean and standard error over {SALTS} halvings, both ways")
    chosen = {"ours": detectors.learned} | {key: make() for key, make in detectors.BASELINES.items()}
    print(f"{'corpus':<26} " + " ".join(f"{label:>16}" for label in chosen))
    for name, rows in labelled(corpora).items():
        cells = []
        for detector in chosen.values():
            recalls = [
                _oracle(detector, *((parts[side], parts[1 - side])))
                for salt in range(SALTS if len(rows) < _MANY else 2)
                for parts in [halves(rows, f"salt {salt} ")]
                for side in (0, 1)
            ]
            cells.append(f"{np.mean(recalls):.3f} ±{np.std(recalls) / np.sqrt(len(recalls)):.3f}")
        print(f"{name:<26} " + " ".join(f"{cell:>16}" for cell in cells), flush=True)


def _oracle(detector: Detector, learning: list[Row], measured: list[Row]) -> float:
    spam = _labels(measured)
    if not (spam.any() and not spam.all() and _labels(learning).any() and not _labels(learning).all()):
        return float("nan")
    scores = detector(learning)([row.text for row in measured])
    return float((scores[spam] > detectors.threshold(scores, spam, ALARMS)).mean())


def ground_table(corpora: Corpora, _: Path) -> None:
    """Learned elsewhere, the first half of a stream as background, measured on its second half."""
    print("Learned elsewhere, a stream's first half as background: flagged of its second half, for 1,000 messages,")
    print("and found of the ads held back (where they are from the same corpora)")
    print(f"{'stream':<30} {'learned on':<14} {'flagged':>14} {'per 1,000 (95 %)':>20} {'threshold':>10} {'recall':>7}")
    marked = labelled(corpora)
    for name, rows in corpora.items():
        if name in marked:
            continue
        middle = len(rows) // 2
        background, later = [row.text for row in rows[:middle]], [row.text for row in rows[middle:]]
        for what, chosen in (("all labelled", ""), ("all Chinese", "zh_")):
            parts = [halves(own) for key, own in marked.items() if key.startswith(chosen)]
            model = fit([_example(row) for part, _ in parts for row in part], background)
            if model is None:
                continue
            ads = [row.text for _, part in parts for row in part if row.spam]
            flagged = Rate(int((_scored(model, later) >= model.threshold).sum()), len(later))
            low, high = flagged.interval()
            recall = float((_scored(model, ads) >= model.threshold).mean())
            print(
                f"{name:<30} {what:<14} {f'{flagged.hits}/{flagged.total}':>14} "
                f"{f'{1000 * flagged.share:.2f} ({1000 * low:.2f}-{1000 * high:.2f})':>20} "
                f"{model.threshold:>10.3f} {recall:>7.3f}",
                flush=True,
            )


def disguises_table(corpora: Corpora, folder: Path) -> None:
    """The ads of the half held back, disguised, against the same ads as they were."""
    print(
        f"Recall of disguised ads, what it is more than undisguised, and of which share of the ads; "
        f"at a threshold for {ALARMS:.0%} of the harmless"
    )
    disguises = all_disguises(folder / "resources" / "evasion")
    print(f"{'corpus':<26} {'disguise':<13} " + " ".join(f"{f'{strength:.0%} (of ads)':>18}" for strength in STRENGTHS))
    for name, rows in labelled(corpora).items():
        learning, measured = halves(rows)
        score = detectors.learned(learning)
        spam = _labels(measured)
        texts = [row.text for row in measured]
        plain = score(texts)
        limit = detectors.threshold(plain, spam, ALARMS)
        ads = [text for text, is_spam in zip(texts, spam.tolist(), strict=True) if is_spam]
        for disguise in disguises:
            cells = []
            for strength in STRENGTHS:
                made = [disguised(disguise, ad, strength, disguises) for ad in ads]
                changed = np.array([one != other for one, other in zip(made, ads, strict=True)])
                if changed.sum() < _FEWEST_DISGUISED:
                    cells.append("-")
                    continue
                found = score([text for text, kept in zip(made, changed.tolist(), strict=True) if kept]) > limit
                before = (plain[spam] > limit)[changed]
                cells.append(f"{found.mean():.3f} {found.mean() - before.mean():+.3f} ({changed.mean():.2f})")
            if any(cell != "-" for cell in cells):
                print(f"{name:<26} {disguise:<13} " + " ".join(f"{cell:>18}" for cell in cells), flush=True)


def loop_table(corpora: Corpora, _: Path) -> None:
    """A moderator who teaches every miss, from nothing."""
    print("Replayed with its copies from nothing learned, every miss taught: the second half of the ads found,")
    print("and of the harmless messages of that half flagged for 1,000")
    print(f"{'corpus':<26} {'messages':>8} {'detector':<20} {'recall':>7} {'alarms':>7} {'taught':>7} {'fits':>5}")
    for name, rows in labelled(corpora).items():
        messages = loop.replayed(rows)
        for label, uses in (("templates", (True, False)), ("model", (False, True)), ("both", (True, True))):
            result = loop.run(messages, templates=uses[0], model=uses[1])
            print(
                f"{name:<26} {len(messages):>8} {label:<20} {result.found.share:>7.3f} "
                f"{1000 * result.alarms.share:>7.2f} {result.taught:>7} {result.fits:>5}",
                flush=True,
            )


def default_table(corpora: Corpora, _: Path) -> None:
    """The default rulebook with nothing learned."""
    streams.print_default(corpora)


def _labels(rows: list[Row]) -> NDArray[np.bool_]:
    return np.array([bool(row.spam) for row in rows], np.bool_)


def _example(row: Row) -> Example:
    return Example(row.text, bool(row.spam))


def _scored(model: Model, texts: list[str]) -> Scores:
    return model.scores(texts, fold_batch(texts))


TABLES: Mapping[str, Callable[[Corpora, Path], None]] = {
    "halves": halves_table,
    "salts": salts_table,
    "ground": ground_table,
    "disguises": disguises_table,
    "loop": loop_table,
    "default": default_table,
}

if __name__ == "__main__":
    main(sys.argv[1:])
