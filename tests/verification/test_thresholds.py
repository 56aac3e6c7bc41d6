"""Thresholds by counting: smallest representable, ties, failures, and the rules of 30 and 3."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from benchmark.errors import RequestError
from benchmark.verification.thresholds import allowed_false_matches, check_targets, support_of, threshold_at

float32_scores = arrays(np.float32, st.integers(1, 60), elements=st.floats(-2, 2, width=32).map(np.float32))


def realised(scores: NDArray[np.float32], threshold: np.floating) -> float:
    return np.count_nonzero(scores >= threshold) / len(scores)


@given(scores=float32_scores, target=st.sampled_from([0.01, 0.07, 0.1, 0.25, 0.29, 1 / 3, 0.5, 0.9]))
def test_smallest_representable_threshold_that_meets_the_target(scores: NDArray[np.float32], target: float) -> None:
    threshold = threshold_at(scores, target)
    assert threshold is not None
    assert threshold == float(np.float32(threshold)), "representable in the scores' own type"
    assert realised(scores, np.float32(threshold)) <= target
    below = np.nextafter(np.float32(threshold), np.float32(-np.inf))
    assert realised(scores, below) > target, "a smaller threshold would exceed the target"


@given(scores=float32_scores, target=st.sampled_from([0.1, 0.25, 0.5]), decimals=st.integers(0, 1))
def test_with_many_ties(scores: NDArray[np.float32], target: float, decimals: int) -> None:
    tied = np.round(scores, decimals)
    threshold = threshold_at(tied, target)
    assert threshold is not None
    assert realised(tied, np.float32(threshold)) <= target
    assert realised(tied, np.nextafter(np.float32(threshold), np.float32(-np.inf))) > target


def test_ties_by_hand() -> None:
    # two of ten may pass, but the second, third and fourth best are tied: only the best may
    scores = np.array([9, 8, 8, 8, 5, 4, 3, 2, 1, 0], dtype=np.float32)
    threshold = threshold_at(scores, 0.2)
    assert threshold == float(np.nextafter(np.float32(8), np.float32(9)))
    assert realised(scores, np.float32(threshold)) == 0.1


def test_failed_comparisons_do_not_count() -> None:
    scores = np.array([0.4, np.nan, 0.1, np.nan, 0.3, 0.2], dtype=np.float32)
    assert threshold_at(scores, 0.25) == threshold_at(scores[np.isfinite(scores)], 0.25)
    assert threshold_at(np.full(3, np.nan, dtype=np.float32), 0.25) is None
    assert threshold_at(np.array([], dtype=np.float32), 0.25) is None


def test_identical_scores_leave_no_false_match() -> None:
    scores = np.full(50, 0.5, dtype=np.float32)
    threshold = threshold_at(scores, 0.1)
    assert threshold is not None and realised(scores, np.float32(threshold)) == 0


@given(total=st.integers(1, 10**9), target=st.sampled_from([1e-4, 1e-3, 1e-2, 0.07, 0.29, 1 / 3, 0.57]))
def test_allowed_is_the_largest_count_within_the_target(total: int, target: float) -> None:
    allowed = float(allowed_false_matches(target, np.array(float(total))))
    assert allowed / total <= target
    assert (allowed + 1) / total > target


@pytest.mark.parametrize(
    ("target", "nonmated", "verdict", "expected"),
    [
        (1e-2, 3000, "carried", 30),  # LFW view2, as published
        (1e-2, 2985, "carried", 30),  # … and with a few faces not found
        (1e-2, 2900, "flagged", 29),
        (1e-3, 3000, "flagged", 3),
        (1e-4, 3000, "refused", 0),
        (1e-3, 2400, "refused", 2),
        (1e-4, 5_800_000, "carried", 580),
    ],
)
def test_rule_of_30_and_of_3(target: float, nonmated: int, verdict: str, expected: int) -> None:
    support = support_of(target, nonmated)
    assert (support.verdict, support.expected) == (verdict, expected)
    assert bool(support.reason) == (verdict != "carried")


@pytest.mark.parametrize("targets", [(0.0,), (1.0,), (1e-3, 1e-3), (-0.1,)])
def test_targets_that_are_none(targets: tuple[float, ...]) -> None:
    with pytest.raises(RequestError):
        check_targets(targets)
