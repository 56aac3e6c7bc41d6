"""Pairs whose label one recogniser makes doubtful."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import median_abs_deviation, norm

from benchmark.verification.label_candidates import MIN_COMPARISONS, label_candidates


def scored(*, far: float, mated: int = 400, others: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of two normal distributions `far` standard deviations apart, and their labels."""
    kinds = [mean + norm.ppf((np.arange(count) + 0.5) / count) for mean, count in ((far, mated), (0, others))]
    scores = np.concatenate(kinds).astype(np.float32)
    return scores, np.arange(mated + others) < mated


def test_swapped_labels_are_found_and_the_worst_comes_first() -> None:
    scores, mated = scored(far=8)
    scores[203], scores[205] = -1.5, -0.5  # strangers labelled as one person
    scores[1000] = 9.0  # one person labelled as two
    found = label_candidates(scores, mated)
    assert [(one.row, one.mated) for one in found] == [(203, True), (1000, False), (205, True)]
    assert found[0].deviation < 0 < found[1].deviation
    assert found[0].usual == pytest.approx(8, abs=0.2) and found[0].usual_of_others == pytest.approx(0, abs=0.2)


def test_the_deviation_is_scipys() -> None:
    scores, mated = scored(far=8)
    scores[203] = -1.5
    (found,) = label_candidates(scores, mated)
    own = scores[mated]
    expected = (-1.5 - np.median(own)) / median_abs_deviation(own, scale="normal")
    assert found.deviation == pytest.approx(expected, rel=1e-3)


def test_a_weak_recogniser_does_not_name_everybody() -> None:
    scores, mated = scored(far=1.5, others=400)
    assert (scores[mated] < np.median(scores[~mated])).sum() > 10, "many mated pairs are like strangers"
    assert label_candidates(scores, mated) == []


def test_far_from_its_kind_but_not_like_the_other_is_no_candidate() -> None:
    scores, mated = scored(far=20)
    scores[203] = 12.0
    assert label_candidates(scores, mated) == []


def test_failed_comparisons_are_no_candidates_and_do_not_count() -> None:
    scores, mated = scored(far=8)
    scores[:50] = np.nan
    assert label_candidates(scores, mated) == []
    scores[MIN_COMPARISONS - 1 : 400] = np.nan
    scores[:2] = -1
    assert label_candidates(scores, mated) == []


def test_one_score_for_everybody_gives_no_candidates() -> None:
    assert label_candidates(np.ones(200, np.float32), np.arange(200) < 100) == []
