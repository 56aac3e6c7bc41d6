"""Rank-1 identification."""

import numpy as np

from benchmark.datasets.base import Comparisons
from benchmark.verification.identification import is_search, rank_one


def gallery(scores: list[list[float]]) -> tuple[np.ndarray, Comparisons]:
    """Probes (rows) against references (columns); probe k's own subject is reference k."""
    matrix = np.array(scores, dtype=np.float32)
    references = matrix.shape[1]
    probe, reference = np.divmod(np.arange(matrix.size), references)
    mated = probe == reference
    columns = (reference.astype(np.int32), (probe + references).astype(np.int32))
    return matrix.ravel(), Comparisons(*columns, mated, np.full(matrix.size, -1, np.int8))


def test_by_hand() -> None:
    nan = float("nan")
    scores, comparisons = gallery(
        [
            [0.9, 0.1, 0.2, 0.0],  # found
            [0.8, 0.7, 0.1, 0.0],  # another person is nearer
            [0.5, 0.1, 0.5, 0.0],  # a tie is a miss
            [nan, nan, nan, nan],  # no template: a miss
        ]
    )
    result = rank_one(scores, comparisons)
    assert result.found.tolist() == [True, False, False, False]
    assert result.rate == 0.25
    assert result.probes.tolist() == [4, 5, 6, 7]


def test_a_failed_reference() -> None:
    nan = float("nan")
    scores, comparisons = gallery([[nan, 0.1, 0.2], [nan, 0.7, 0.1], [nan, 0.6, 0.5]])
    assert rank_one(scores, comparisons).found.tolist() == [False, True, False]


def test_a_probe_without_mated_reference_does_not_search() -> None:
    scores, comparisons = gallery([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]])
    assert len(rank_one(scores, comparisons).found) == 2


def test_listed_pairs_are_no_search() -> None:
    assert is_search(gallery([[0.0] * 5] * 5)[1])
    count = 300
    reference = np.arange(count, dtype=np.int32)
    pairs = Comparisons(
        np.repeat(reference, 2),
        np.repeat(reference + count, 2),
        np.tile([True, False], count),
        np.zeros(2 * count, np.int8),
    )
    assert not is_search(pairs)
    nothing = np.empty(0, np.int32)
    assert not is_search(Comparisons(nothing, nothing, np.empty(0, bool), np.empty(0, np.int8)))
