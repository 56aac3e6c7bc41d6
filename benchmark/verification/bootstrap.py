"""The bootstrap over subjects: comparisons of one person are not independent, people are.

A replicate draws as many subjects as there are, with replacement. A subject drawn c times gives its mated comparisons
weight c, and a non-mated comparison of subjects i and j weight c_i·c_j; copies of one subject never form a non-mated
pair. (Two-way "pigeonhole" bootstrap: Owen, Annals of Applied Statistics 1(2), 2007; for biometrics Bolle, Ratha and
Pankanti, CVIU 93(1), 2004.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.seeds import generator_for

if TYPE_CHECKING:
    from scipy import sparse

LEVELS = (0.025, 0.975)
"""Of the percentile interval: 95 %."""
DEFINED_SHARE = 0.95
"""An interval is withheld where the value is undefined in more than 5 % of the replicates."""
_CHUNK = 64
"""Replicates of one matrix product: bounds the memory at subjects × 64 numbers."""
_DENSE = 0.05
"""Comparisons for each possible pair of subjects from which on a dense matrix product is the faster one."""
_LARGEST_DENSE = 8192
"""Subjects: such a matrix takes half a gibibyte."""


def draw_subjects(subjects: int, replicates: int, *, seed: int) -> NDArray[np.int32]:
    """How often each replicate draws each subject.

    Returns:
        ``int32 (replicates + 1, subjects)``; row 0 is all ones, the sample itself, so that whatever is computed for
        all rows gives the point estimate first and its replicates after.

    >>> draws = draw_subjects(5, 3, seed=0)
    >>> draws.shape, draws[0].tolist(), draws.sum(axis=1).tolist()
    ((4, 5), [1, 1, 1, 1, 1], [5, 5, 5, 5])
    """
    rng = generator_for(seed, "subject-bootstrap")
    draws = np.ones((replicates + 1, subjects), dtype=np.int32)
    for row in draws[1:]:
        row[:] = np.bincount(rng.integers(subjects, size=subjects), minlength=subjects)
    return draws


def mated_weight(
    subject: NDArray[np.int32], draws: NDArray[np.int32], values: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Weight of all mated comparisons in each replicate: Σ c_i, ``(R + 1,)``.

    Args:
        subject: ``(M,)``, the subject of each mated comparison.
        draws: ``(R + 1, S)``.
        values: ``(M,)``, what each comparison counts; None = 1.
    """
    counts = np.bincount(subject, weights=values, minlength=draws.shape[1]).astype(np.float64)
    return draws.astype(np.float64) @ counts


def nonmated_weight(
    reference: NDArray[np.int32],
    probe: NDArray[np.int32],
    draws: NDArray[np.int32],
    values: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Weight of all non-mated comparisons in each replicate: Σ c_i·c_j = cᵀNc, ``(R + 1,)``.

    N counts the comparisons of each two subjects. Where few pairs of people meet it is kept sparse.

    Args:
        reference: ``(N,)``, subject of the reference of each comparison.
        probe: ``(N,)``, subject of the probe.
        draws: ``(R + 1, S)``.
        values: ``(N,)``, what each comparison counts; None = 1.
    """
    size = draws.shape[1]
    if not len(reference):
        return np.zeros(len(draws))
    weight = np.empty(len(draws))
    pairs = _table(reference, probe, values, size)
    for start in range(0, len(draws), _CHUNK):
        part = draws[start : start + _CHUNK].astype(np.float64)
        weight[start : start + _CHUNK] = np.einsum("rs,sr->r", part, pairs @ part.T)
    return weight


def _table(
    one: NDArray[np.int32], other: NDArray[np.int32], values: NDArray[np.float64] | None, size: int
) -> NDArray[np.float64] | sparse.csr_matrix:
    """``(S, S)``: the values of each two subjects, summed; a dense matrix where its product is the faster one."""
    if size <= _LARGEST_DENSE and len(one) >= _DENSE * size**2:
        codes = one.astype(np.int64) * size + other
        return np.bincount(codes, weights=values, minlength=size**2).astype(np.float64).reshape(size, size)
    given = np.ones(len(one)) if values is None else values
    from scipy import sparse  # noqa: PLC0415  # takes half a second

    return sparse.coo_matrix((given, (one, other)), shape=(size, size)).tocsr()


def percentile_interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """95 % percentile interval of a value and its replicates.

    Args:
        values: ``(R + 1,)``, the point estimate first; NaN where undefined.

    Returns:
        Lower and upper end; None without replicates, where the point estimate is undefined, or where more than 5 % of
        the replicates are.

    >>> percentile_interval(np.array([500, *range(1001)]))
    (25.0, 975.0)
    """
    replicates = values[1:]
    defined = replicates[np.isfinite(replicates)]
    if not np.isfinite(values[0]) or not len(defined) or len(defined) < DEFINED_SHARE * len(replicates):
        return None
    low, high = np.quantile(defined, LEVELS)
    return float(low), float(high)
