"""Error rates at a threshold: hand-worked cases with failures."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from benchmark.verification import error_rates
from benchmark.verification.error_rates import count_errors

SCORES = np.array([0.9, 0.7, 0.4, np.nan, 0.8, 0.3, 0.2, 0.1, np.nan, np.nan], dtype=np.float32)
MATED = np.array([True, True, True, True, False, False, False, False, False, False])


def test_rates_by_hand() -> None:
    counts = count_errors(SCORES, MATED, 0.5)
    assert float(error_rates.fmr(counts)) == 1 / 4
    assert float(error_rates.fnmr(counts)) == 1 / 3
    assert float(error_rates.tar(counts)) == pytest.approx(2 / 3)
    assert float(error_rates.gfrr(counts)) == 2 / 4, "the failed mated comparison is a non-match"
    assert float(error_rates.gfar(counts)) == 1 / 6, "failed non-mated comparisons are non-matches"


def test_a_score_equal_to_the_threshold_is_accepted() -> None:
    counts = count_errors(np.array([0.5, 0.5]), np.array([True, False]), 0.5)
    assert float(error_rates.fnmr(counts)) == 0
    assert float(error_rates.fmr(counts)) == 1


def test_against_scikit_learn(seed: int = 3) -> None:
    rng = np.random.default_rng(seed)
    mated = rng.random(500) < 0.3
    scores = rng.normal(mated, 1).astype(np.float32)
    (true_negative, false_positive), (false_negative, true_positive) = confusion_matrix(mated, scores >= 0.4)
    counts = count_errors(scores, mated, 0.4)
    assert float(error_rates.fmr(counts)) == false_positive / (false_positive + true_negative)
    assert float(error_rates.fnmr(counts)) == false_negative / (false_negative + true_positive)


def test_everything_failed() -> None:
    counts = count_errors(np.full(4, np.nan), np.array([True, True, False, False]), 0.5)
    assert np.isnan(error_rates.fmr(counts))
    assert np.isnan(error_rates.fnmr(counts))
    assert float(error_rates.gfrr(counts)) == 1
    assert float(error_rates.gfar(counts)) == 0


def test_infinite_scores_count_as_failed() -> None:
    counts = count_errors(np.array([np.inf, -np.inf, 0.7]), np.array([True, False, True]), 0.5)
    assert float(counts.mated_failed) == 1
    assert float(counts.nonmated_failed) == 1


def test_fta_heeds_weights() -> None:
    failed = np.array([True, False, False])
    assert error_rates.fta(failed) == pytest.approx(1 / 3)
    assert error_rates.fta(failed, np.array([2.0, 1.0, 1.0])) == 0.5
    assert np.isnan(error_rates.fta(np.array([], dtype=bool)))
