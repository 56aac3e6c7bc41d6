"""How uncertain a ROC or DET curve is: the interval of FNMR at false match rates along it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.verification import error_rates
from benchmark.verification.count_spread import (
    CountedScores,
    ThresholdSetter,
    count_spread,
    rate_interval,
    spread_of_rate,
)
from benchmark.verification.error_rates import ErrorCounts
from benchmark.verification.thresholds import allowed_false_matches, just_above

Floats = NDArray[np.float64]

POINTS = 10
_FEWEST_MATCHES = 3
_HIGHEST = 0.5


def fnmr_band(counted: CountedScores, *, people: int, points: int = POINTS) -> Floats:
    """FNMR's 95 % interval where the threshold is set anew at each of several false match rates.

    As for FNMR at a matched threshold: Wilson's interval with the dyadic variance, the threshold linearised
    (`count_spread`), so that no replicate is needed. The rates are even on the logarithm, from that with three false
    matches to one half.

    Args:
        counted: scores of one cell.
        people: subjects.
        points: rates at most.

    Returns:
        ``(K, 3)``: FMR as it is there, lower and upper end of FNMR; FMR ascending. Empty where a side is.
    """
    scores = counted.scores
    number = len(scores.nonmated)
    if not len(scores.mated) or number <= 2 * _FEWEST_MATCHES:
        return np.empty((0, 3))
    asked = np.geomspace(_FEWEST_MATCHES / number, _HIGHEST, points)
    allowed = np.unique(allowed_false_matches(asked, np.full(points, float(number))).astype(np.int64))
    found = []
    for matches in allowed[allowed >= 1].tolist():
        threshold = float(just_above(scores.nonmated[number - 1 - matches]))
        setter = ThresholdSetter.of(counted, threshold)
        if setter is None:
            continue
        counts = _counts(counted, threshold)
        spread = count_spread(counted, threshold, setter, matched=True)
        value = float(error_rates.fnmr(counts)[0])
        interval = rate_interval(
            value, spread_of_rate(error_rates.fnmr, [counts], [spread]), counts, spread, "mated", people=people
        )
        if interval is not None:
            found.append((float(error_rates.fmr(counts)[0]), *interval))
    return np.array(found, dtype=np.float64).reshape(-1, 3)


def _counts(counted: CountedScores, threshold: float) -> ErrorCounts:
    """Of the sample alone, arrays of one."""
    scores = counted.scores
    return ErrorCounts(
        mated=np.array([float(len(scores.mated))]),
        mated_nonmatches=np.array([float(counted.rejections_at(threshold))]),
        mated_failed=np.array([float(counted.mated_failed.sum())]),
        nonmated=np.array([float(len(scores.nonmated))]),
        nonmated_matches=np.array([float(counted.matches_at(threshold))]),
        nonmated_failed=np.array([float(counted.nonmated_failed.values.sum())]),
    )
