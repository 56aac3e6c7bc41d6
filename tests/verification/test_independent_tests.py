"""McNemar's and DeLong's tests against scipy, literal sums and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmark.verification.independent_tests import delong, mcnemar


@pytest.mark.parametrize("seed", range(5))
def test_mcnemar_is_the_binomial_test_of_the_discordant_comparisons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.random(300) < 0.2, rng.random(300) < 0.3
    discordant = int((one & ~other).sum()), int((~one & other).sum())
    expected = stats.binomtest(discordant[0], sum(discordant), 0.5).pvalue
    assert mcnemar(one, other) == pytest.approx(expected)
    assert mcnemar(one, other) == mcnemar(other, one)
    assert mcnemar(one, one) == 1


def test_delong_by_literal_sums() -> None:
    rng = np.random.default_rng(1)
    mated = np.arange(90) < 40
    one = np.round(rng.normal(size=90) + mated, 1)
    other = np.round(0.5 * one + rng.normal(size=90), 1)
    placed = []
    for scores in (one, other):
        beats = (scores[mated][:, None] > scores[~mated]) + 0.5 * (scores[mated][:, None] == scores[~mated])
        placed.append((beats.mean(axis=1), beats.mean(axis=0)))
    covariance = sum(np.cov(placed[0][side], placed[1][side]) / len(placed[0][side]) for side in (0, 1))
    error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    statistic = (placed[0][0].mean() - placed[1][0].mean()) / error
    assert delong(one, other, mated) == pytest.approx(2 * stats.norm.sf(abs(statistic)))
    one[3], other[70] = np.nan, np.nan
    kept = np.isfinite(one) & np.isfinite(other)
    assert delong(one, other, mated) == pytest.approx(delong(one[kept], other[kept], mated[kept]))
    assert delong(one, one, mated) == 1
    assert delong(one, other, np.zeros(90, dtype=bool)) is None


def test_delong_keeps_its_level_where_comparisons_are_independent() -> None:
    rng = np.random.default_rng(2)
    mated = np.arange(200) < 80
    rejected = 0
    for _ in range(400):
        shared = rng.normal(size=200) + mated
        p = delong(shared + rng.normal(size=200), shared + rng.normal(size=200), mated)
        assert p is not None
        rejected += p < 0.05
    assert 0.025 <= rejected / 400 <= 0.08
