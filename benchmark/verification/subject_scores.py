"""The scores of a selection of comparisons with the people behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SubjectScores:
    """Sorted completed scores with the subjects they belong to, and weights in every replicate.

    Attributes:
        mated: ``(M,)`` ascending.
        mated_subject: ``int32 (M,)``.
        nonmated: ``(N,)`` ascending.
        reference_subject: ``int32 (N,)``, of the non-mated comparisons.
        probe_subject: ``int32 (N,)``, likewise.
        mated_total: ``(R + 1,)``, weight of the completed mated comparisons in each replicate.
        mated_failed: ``(R + 1,)``, of the failed ones.
        nonmated_total: ``(R + 1,)``, of the completed non-mated comparisons.
        nonmated_failed: ``(R + 1,)``, of the failed ones.
    """

    mated: NDArray[np.floating]
    mated_subject: NDArray[np.int32]
    nonmated: NDArray[np.floating]
    reference_subject: NDArray[np.int32]
    probe_subject: NDArray[np.int32]
    mated_total: Floats
    mated_failed: Floats
    nonmated_total: Floats
    nonmated_failed: Floats
    kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What several metrics need of these scores and was computed for the first of them."""
