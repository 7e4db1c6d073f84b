"""What is measured against each other: the learned layer, a model of scikit-learn's, matching against templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.fold import fold_batch
from rules.learned import Example, fit
from tests.bench.corpora import Row

Scores = NDArray[np.float64]
Scoring = Callable[[Sequence[str]], Scores]
Detector = Callable[[Sequence[Row]], Scoring]
"""Learns from labelled rows, and then gives texts scores: the higher, the likelier spam."""

FOLDS = 5


def learned(rows: Sequence[Row]) -> Scoring:
    """The learned layer, from these rows alone."""
    model = fit([Example(row.text, bool(row.spam)) for row in rows], [])
    assert model is not None
    return lambda texts: model.scores(texts, fold_batch(texts))


def logistic(cost: float, folded: bool) -> Detector:
    """scikit-learn's counts of one to three characters and logistic regression, of inverse regularisation `cost`."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    def read(texts: Sequence[str]) -> Sequence[str]:
        return [each.text for each in fold_batch(texts)] if folded else texts

    def learn(rows: Sequence[Row]) -> Scoring:
        counts = CountVectorizer(analyzer="char", ngram_range=(1, 3))
        model: Any = LogisticRegression(C=cost, max_iter=400)
        model.fit(counts.fit_transform(read([row.text for row in rows])), [bool(row.spam) for row in rows])
        return lambda texts: np.asarray(model.decision_function(counts.transform(read(texts))), np.float64)

    return learn


BASELINES: dict[str, Callable[[], Detector]] = {
    "n-grams": lambda: logistic(1.0, folded=False),
    "n-grams, folded": lambda: logistic(1.0, folded=True),
    "n-grams, C=0.1": lambda: logistic(0.1, folded=False),
    "n-grams, C=10": lambda: logistic(10.0, folded=False),
}


def out_of_fold(detector: Detector, rows: Sequence[Row]) -> Scores:
    """The score of each row by the detector when it learned from the other folds, without the row's own."""
    scores = np.empty(len(rows))
    for fold in range(FOLDS):
        others = [row for place, row in enumerate(rows) if place % FOLDS != fold]
        held = range(fold, len(rows), FOLDS)
        scores[list(held)] = detector(others)([rows[place].text for place in held])
    return scores


def threshold(scores: Scores, spam: NDArray[np.bool_], alarms: float) -> float:
    """The score above which at most the share `alarms` of what is no spam lies."""
    harmless = np.sort(scores[~spam])[::-1]
    return float(harmless[int(alarms * len(harmless))])
