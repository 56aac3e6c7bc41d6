"""Error rates at every threshold against counting, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from benchmark.errors import BenchmarkError
from benchmark.verification.error_curve import CurvePart, error_curve


def joined(parts: list[CurvePart]) -> CurvePart:
    return CurvePart(*(np.concatenate(column) for column in zip(*(vars(part).values() for part in parts), strict=True)))


@pytest.mark.parametrize("decimals", [1, 2, 8])
@pytest.mark.parametrize(("mated", "nonmated"), [(1, 1), (5, 7), (30, 300), (400, 100)])
@pytest.mark.parametrize("at_once", [1, 3, 50, 1 << 20])
def test_equal_to_counting(decimals: int, mated: int, nonmated: int, at_once: int) -> None:
    rng = np.random.default_rng(decimals)
    own = np.sort(np.round(rng.normal(1, 1, mated), decimals))
    others = np.sort(np.round(rng.normal(0, 1, nonmated), decimals))
    curve = joined(list(error_curve(own, others, at_once=at_once)))
    distinct = np.unique(np.concatenate([own, others]))
    np.testing.assert_array_equal(curve.thresholds, distinct)
    np.testing.assert_array_equal(curve.fmr, [np.count_nonzero(others >= t) / nonmated for t in distinct])
    np.testing.assert_array_equal(curve.fnmr, [np.count_nonzero(own < t) / mated for t in distinct])


def test_equal_to_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    mated = rng.random(3000) < 0.1
    scores = np.round(rng.normal(mated, 1), 2).astype(np.float32)
    curve = joined(list(error_curve(np.sort(scores[mated]), np.sort(scores[~mated]), at_once=128)))
    fpr, tpr, thresholds = roc_curve(mated, scores, drop_intermediate=False)
    np.testing.assert_array_equal(curve.thresholds[::-1], thresholds[1:])  # its first accepts nobody
    np.testing.assert_allclose(curve.fmr[::-1], fpr[1:], atol=1e-15)
    np.testing.assert_allclose(1 - curve.fnmr[::-1], tpr[1:], atol=1e-15)


def test_an_empty_side_is_refused() -> None:
    with pytest.raises(BenchmarkError, match="needs mated and non-mated scores"):
        list(error_curve(np.empty(0), np.array([0.1])))
