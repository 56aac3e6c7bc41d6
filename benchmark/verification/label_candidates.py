"""Comparisons whose label one recogniser makes doubtful: mated pairs like strangers, and strangers like mated pairs.

The rule uses medians alone, so that wrong labels hardly move it. A comparison is a candidate where both hold:

* it is beyond the median of the other kind: less alike than half of the non-mated comparisons, or more alike than
  half of the mated ones;
* its modified z-score, (score − median) / (1.4826 × median absolute deviation) of its own kind, is beyond 3.5, the
  limit of Iglewicz and Hoaglin, How to Detect and Handle Outliers, ASQC 1993. So a recogniser that hardly tells people
  apart names hardly anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_DEVIATION = 3.5
"""Modified z-scores from the median of its own kind at which a comparison becomes a candidate."""
MIN_COMPARISONS = 20
"""Completed comparisons of each kind; with fewer, nobody knows what is usual."""
_SIGMA_PER_MAD = 1.4826
"""A normal distribution's standard deviation in median absolute deviations."""


@dataclass(frozen=True)
class Candidate:
    """One comparison whose label is doubtful.

    Attributes:
        row: of the comparisons.
        mated: as it is labelled.
        score: what the recogniser gave it.
        usual: the median score of the comparisons of its own kind.
        usual_of_others: the median score of the other kind.
        deviation: its modified z-score: below 0 where it is mated, above 0 where it is not.
    """

    row: int
    mated: bool
    score: float
    usual: float
    usual_of_others: float
    deviation: float


def label_candidates(scores: NDArray[np.float32], mated: NDArray[np.bool_]) -> list[Candidate]:
    """The candidates for a wrong label, those farthest from their own kind first.

    Args:
        scores: ``float32 (P,)``, raw against raw, higher = more alike; NaN where the comparison failed.
        mated: ``bool (P,)``, as labelled.

    >>> quantiles = np.linspace(-2, 2, 101, dtype=np.float32)
    >>> scores = np.concatenate([10 + quantiles, quantiles, np.float32([-0.5, 10.5, 5])])
    >>> mated = np.arange(205) < 101
    >>> mated[202] = True
    >>> [(one.row, one.mated, round(one.deviation, 1)) for one in label_candidates(scores, mated)]
    [(202, True, -6.9), (203, False, 6.8)]
    """
    completed = np.isfinite(scores)
    rows = {kind: np.flatnonzero(completed & (mated == kind)) for kind in (True, False)}
    if min(len(rows[True]), len(rows[False])) < MIN_COMPARISONS:
        return []
    usual = {kind: float(np.median(scores[of_kind])) for kind, of_kind in rows.items()}
    found: list[Candidate] = []
    for kind, of_kind in rows.items():
        own = scores[of_kind] - np.float32(usual[kind])
        spread = _SIGMA_PER_MAD * float(np.median(np.abs(own)))
        if spread == 0:  # most scores are one number: no distance from it is far or near
            continue
        toward_others = own / spread * (-1 if kind else 1)
        beyond = scores[of_kind] < usual[False] if kind else scores[of_kind] > usual[True]
        doubtful = beyond & (toward_others >= MIN_DEVIATION)
        found += [
            Candidate(
                row=int(of_kind[place]),
                mated=kind,
                score=float(scores[of_kind[place]]),
                usual=usual[kind],
                usual_of_others=usual[not kind],
                deviation=float(own[place] / spread),
            )
            for place in np.flatnonzero(doubtful)
        ]
    return sorted(found, key=lambda one: (-abs(one.deviation), one.row))
