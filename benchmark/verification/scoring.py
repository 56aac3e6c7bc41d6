"""The step `compare`: one score a comparison."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.recognisers.base import Recogniser

_PAIRS_AT_ONCE = 1 << 17


def score_comparisons(
    recogniser: Recogniser,
    references: NDArray[np.float32],
    reference_rows: NDArray[np.int32],
    probes: NDArray[np.float32],
    probe_rows: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Scores ``float32 (P,)``, higher = more alike; NaN where either side failed.

    Args:
        recogniser: knows its metric.
        references: ``float32 (R, D)``, embeddings of reference photos.
        reference_rows: ``int32 (P,)``, the row of `references` that each comparison uses.
        probes: ``float32 (Q, D)``.
        probe_rows: ``int32 (P,)``.
    """
    references, probes = np.ascontiguousarray(references), np.ascontiguousarray(probes)
    scores = np.empty(len(reference_rows), dtype=np.float32)
    for start in range(0, len(scores), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        scores[part] = recogniser.scores(references[reference_rows[part]], probes[probe_rows[part]])
    return scores
