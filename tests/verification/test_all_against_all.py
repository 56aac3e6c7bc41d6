"""Tiles of scores against the scores of single pairs, and the bounds of the histogram against the exact rates."""

import pickle

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.errors import BenchmarkError
from benchmark.verification.all_against_all import ScoreTally, all_against_all
from benchmark.verification.thresholds import threshold_at

Pairs = tuple[NDArray[np.float32], NDArray[np.float32]]


def faces(count: int = 90) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    rng = np.random.default_rng(0)
    subjects = rng.integers(0, count // 3, count).astype(np.int32)  # in no order
    centres = rng.normal(size=(count, 16))
    return (centres[subjects] + rng.normal(size=(count, 16))).astype(np.float32), subjects


def one_by_one(embeddings: NDArray[np.float32], subjects: NDArray[np.int32], metric: str) -> Pairs:
    one, other = np.triu_indices(len(embeddings), 1)
    first, second = embeddings[one].astype(np.float64), embeddings[other].astype(np.float64)
    if metric == "cosine":
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        scores = (first * second).sum(axis=1) / lengths
    else:
        scores = -np.linalg.norm(first - second, axis=1)
    same = subjects[one] == subjects[other]
    completed = np.isfinite(scores)
    return np.sort(scores[same & completed]), np.sort(scores[~same & completed])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("tile", [1, 7, 32, 1000])
def test_every_pair_once(metric: str, tile: int) -> None:
    embeddings, subjects = faces()
    embeddings[[3, 50]] = np.nan
    mated, nonmated = one_by_one(embeddings, subjects, metric)
    tally = all_against_all(embeddings, subjects, metric=metric, tile=tile)
    assert tally.nonmated == len(nonmated)
    np.testing.assert_allclose(tally.mated, mated, atol=2e-5)
    np.testing.assert_allclose(tally.highest, nonmated, atol=2e-5)
    assert tally.counts.sum() == len(nonmated)
    for target in (0.3, 1e-2):
        assert tally.threshold_at(target) == threshold_at(tally.highest, target)


@pytest.mark.parametrize("tail", [1, 20, 300])
@pytest.mark.parametrize("decimals", [1, 6])
def test_a_short_tail_is_exact_and_the_histogram_bounds_the_rest(tail: int, decimals: int) -> None:
    rng = np.random.default_rng(tail)
    scores = np.round(rng.uniform(-1, 1, 4000), decimals).astype(np.float32)
    tally = ScoreTally(-1.0, 1.0, tail)
    for part in np.split(scores, 40):
        tally.add(np.empty(0, np.float32), part)
    assert len(tally.highest) <= 2 * tail
    for threshold in np.linspace(-0.99, 0.99, 41).round(2):
        exact = np.mean(scores >= np.float32(threshold))
        low, high = tally.fmr(float(np.float32(threshold)))
        assert low <= exact <= high
        if threshold > tally.exact_from:
            assert low == exact == high
    for target in (0.5, 0.1, 1e-2, 1e-3):
        exact = threshold_at(scores, target)
        assert exact is not None
        found = tally.threshold_at(target)
        assert exact <= found + 1e-6  # never more matches than are allowed
        assert np.mean(scores >= np.float32(found)) <= target
        if exact > np.nextafter(np.float32(tally.exact_from), np.float32(2)):
            assert found == exact
        elif decimals == 6:
            assert found - exact <= 2 * tally.bin_width + 1e-3  # and the next score down, as few as there are


def test_tallies_add_up_and_travel() -> None:
    rng = np.random.default_rng(3)
    whole, parts = ScoreTally(-1.0, 1.0, 50), [ScoreTally(-1.0, 1.0, 50) for _ in range(3)]
    for part in parts:
        for _ in range(5):
            scores = rng.uniform(-1, 1, 200).astype(np.float32)
            whole.add(scores[:5], scores)
            part.add(scores[:5], scores)
    sent = [pickle.loads(pickle.dumps(part)) for part in parts]
    together = sent[0]
    for part in sent[1:]:
        together.merge(part)
    assert together.nonmated == whole.nonmated == 3000
    np.testing.assert_array_equal(together.mated, whole.mated)
    np.testing.assert_array_equal(together.counts, whole.counts)
    np.testing.assert_array_equal(together.highest[-50:], whole.highest[-50:])
    assert together.threshold_at(0.01) == whole.threshold_at(0.01)
    with pytest.raises(BenchmarkError, match="different ranges"):
        whole.merge(ScoreTally(-2.0, 1.0, 50))
