"""AUC, EER, d′ and ROC points against scikit-learn and scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import roc_auc_score, roc_curve

from benchmark.verification import error_rates
from benchmark.verification.error_rates import count_errors
from benchmark.verification.ranking import auc, d_prime, eer, roc_points
from benchmark.verification.samples import ScoreSample
from benchmark.verification.thresholds import threshold_at


def draw(seed: int, decimals: int | None = None, size: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mated = rng.random(size) < 0.3
    mated[:2] = True, False
    scores = rng.normal(1.3 * mated, 1)
    return (scores if decimals is None else np.round(scores, decimals)).astype(np.float32), mated


@given(seed=st.integers(0, 10_000), decimals=st.sampled_from([None, 0, 1]))
def test_auc_is_scikit_learns(seed: int, decimals: int | None) -> None:
    scores, mated = draw(seed, decimals, 60)
    assert auc(ScoreSample.of(scores, mated)) == pytest.approx(roc_auc_score(mated, scores), abs=1e-12)


@given(seed=st.integers(0, 10_000), decimals=st.sampled_from([None, 0, 1]))
def test_eer_is_where_scikit_learns_curve_crosses(seed: int, decimals: int | None) -> None:
    scores, mated = draw(seed, decimals, 60)
    false, true, _ = roc_curve(mated, scores, drop_intermediate=False)
    expected = brentq(lambda x: 1 - x - interp1d(false, true)(x), 0, 1, xtol=1e-12)
    found = eer(ScoreSample.of(scores, mated))
    assert found is not None
    # on a vertical step interp1d takes either end; the crossing is then anywhere on it: check both coordinates
    on_curve = np.interp(found, false, 1 - true)
    steps = (1 - true)[np.isclose(false, found, atol=1e-9)]
    assert found == pytest.approx(expected, abs=1e-6) or (
        len(steps) and steps.min() - 1e-9 <= found <= steps.max() + 1e-9
    )
    assert len(steps) or on_curve == pytest.approx(found, abs=1e-9)


def test_weights_are_repetitions() -> None:
    scores, mated = draw(5, 1)
    repeats = np.random.default_rng(0).integers(0, 4, len(scores))
    repeated = ScoreSample.of(np.repeat(scores, repeats), np.repeat(mated, repeats))
    order = np.argsort(scores)
    scores, mated, repeats = scores[order], mated[order], repeats[order].astype(float)
    weighted = ScoreSample(scores[mated], scores[~mated], repeats[mated], repeats[~mated])
    assert auc(weighted) == pytest.approx(auc(repeated), abs=1e-12)
    assert eer(weighted) == pytest.approx(eer(repeated), abs=1e-12)
    assert d_prime(weighted) == pytest.approx(d_prime(repeated), rel=1e-6)


def test_perfect_and_inverted_scores() -> None:
    apart = ScoreSample(mated=np.array([0.8, 0.9]), nonmated=np.array([0.1, 0.2]))
    assert (auc(apart), eer(apart)) == (1.0, 0.0)
    inverted = ScoreSample(mated=np.array([0.1, 0.2]), nonmated=np.array([0.8, 0.9]))
    assert (auc(inverted), eer(inverted)) == (0.0, 1.0)


def test_identical_scores() -> None:
    same = ScoreSample(mated=np.full(3, 0.5), nonmated=np.full(4, 0.5))
    assert auc(same) == 0.5
    assert eer(same) == 0.5
    assert d_prime(same) is None


@pytest.mark.parametrize("measure", [auc, eer, d_prime])
def test_an_empty_side_is_undefined(measure: object) -> None:
    assert callable(measure)
    empty, some = np.array([], dtype=np.float32), np.array([0.1, 0.4], dtype=np.float32)
    assert measure(ScoreSample(empty, some)) is None
    assert measure(ScoreSample(some, empty)) is None
    assert measure(ScoreSample(some, some, np.zeros(2), np.ones(2))) is None


def test_d_prime_by_hand() -> None:
    sample = ScoreSample(mated=np.array([2.0, 4.0, 6.0]), nonmated=np.array([-1.0, 0.0, 1.0]))
    assert d_prime(sample) == pytest.approx((4 - 0) / np.sqrt((4 + 1) / 2))


def test_roc_points_are_operating_points_and_not_interpolated() -> None:
    scores, mated = draw(1, None, 5000)
    sample = ScoreSample.of(scores, mated)
    fmr, fnmr, thresholds = roc_points(sample, points=40)
    assert len(fmr) <= 41
    assert np.all(np.diff(fmr) >= 0) and np.all(np.diff(fnmr) <= 0) and np.all(np.diff(thresholds) <= 0)
    assert (fmr[-1], fnmr[-1]) == (1, 0)
    for point in range(len(fmr)):
        counts = count_errors(scores, mated, float(thresholds[point]))
        assert fmr[point] == pytest.approx(float(error_rates.fmr(counts)), abs=1e-12)
        assert fnmr[point] == pytest.approx(float(error_rates.fnmr(counts)), abs=1e-12)
    for point in range(1, len(fmr) - 1):
        assert threshold_at(scores[~mated], fmr[point] + 1e-12) == thresholds[point]


def test_roc_of_nothing_is_empty() -> None:
    assert [len(column) for column in roc_points(ScoreSample(np.array([]), np.array([0.1])))] == [0, 0, 0]
