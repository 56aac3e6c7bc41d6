"""Measures over all thresholds: AUC, equal error rate, d′ and the points of a ROC or DET curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.samples import ScoreSample
from benchmark.verification.thresholds import just_above

Floats = NDArray[np.float64]


def auc(sample: ScoreSample) -> float | None:
    """Area under the ROC curve: probability that a mated score exceeds a non-mated one, ties counting half.

    Range 0 to 1, higher is better; None where either side is empty. Source: Mann and Whitney 1947; Hanley and
    McNeil, Radiology 143, 1982.

    >>> auc(ScoreSample(mated=np.array([.5, .9]), nonmated=np.array([.1, .5])))
    0.875
    """
    weights_mated, weights_nonmated = sample.weights
    total = weights_mated.sum() * weights_nonmated.sum()
    if not total:
        return None
    below = np.concatenate([[0.0], np.cumsum(weights_nonmated)])
    lower = below[np.searchsorted(sample.nonmated, sample.mated, side="left")]
    upper = below[np.searchsorted(sample.nonmated, sample.mated, side="right")]
    return float(weights_mated @ (lower + upper) / 2 / total)


def eer(sample: ScoreSample) -> float | None:
    """Equal error rate: where the ROC curve, its points joined by straight lines, has FMR = FNMR.

    The points are (FMR(t), FNMR(t)) at every distinct score t. This is the value that the common recipe
    ``brentq(lambda x: 1 - x - interp1d(fpr, tpr)(x), 0, 1)`` finds, but exact. Range 0 to 1, lower is better; None
    where either side is empty.

    >>> round(eer(ScoreSample(mated=np.array([.4, .8, .9]), nonmated=np.array([.1, .2, .5]))), 6)
    0.333333
    """
    curve = _Rates(sample)
    if not curve.defined:
        return None
    # FMR − FNMR falls with the threshold: bisect for the last score at which it is not negative.
    sides = (sample.mated, sample.nonmated)
    last = np.max(np.concatenate([curve.last_with_fmr_above(side) for side in sides]))
    following = np.concatenate([side[np.searchsorted(side, last, side="right") :][:1] for side in sides])
    fmr_before, fnmr_before = curve.at(last)
    fmr_after, fnmr_after = curve.at(following.min()) if len(following) else (0.0, 1.0)
    gap_before, gap_after = fmr_before - fnmr_before, fnmr_after - fmr_after
    share = gap_before / (gap_before + gap_after)
    return float(fmr_before + share * (fmr_after - fmr_before))


def d_prime(sample: ScoreSample) -> float | None:
    """Decidability: (mean mated − mean non-mated) / √((variance mated + variance non-mated) / 2).

    Variances with ddof 1. In units of the pooled standard deviation, higher is better; None where a side has fewer
    than two scores or both variances are 0. Source: Daugman, IEEE TCSVT 14(1), 2004.

    >>> round(d_prime(ScoreSample(mated=np.array([4., 6.]), nonmated=np.array([0., 2.]))), 6)
    2.828427
    """
    weights_mated, weights_nonmated = sample.weights
    if weights_mated.sum() < 2 or weights_nonmated.sum() < 2:
        return None
    mean_mated, variance_mated = _moments(sample.mated, weights_mated)
    mean_nonmated, variance_nonmated = _moments(sample.nonmated, weights_nonmated)
    pooled = (variance_mated + variance_nonmated) / 2
    return float((mean_mated - mean_nonmated) / np.sqrt(pooled)) if pooled > 0 else None


def roc_points(sample: ScoreSample, *, points: int = 200) -> tuple[Floats, Floats, Floats]:
    """Points of the ROC or DET curve, thinned for plotting: evenly spread on the logarithm of the FMR.

    Every point is one that `thresholds.threshold_at` could choose, none is interpolated.

    Returns:
        FMR, FNMR and threshold, ``(K,)`` each with K ≤ `points` + 1, FMR ascending from 0 to 1; empty arrays where
        either side is empty.

    >>> fmr, fnmr, threshold = roc_points(ScoreSample(mated=np.array([.4, .9]), nonmated=np.array([.1, .5])))
    >>> fmr.tolist(), fnmr.tolist()
    ([0.0, 0.5, 1.0], [0.5, 0.0, 0.0])
    """
    curve = _Rates(sample)
    if not curve.defined:
        return np.empty(0), np.empty(0), np.empty(0)
    ranks = np.unique(np.geomspace(1, len(sample.nonmated), points).round().astype(np.int64)) - 1
    accepting_all = np.minimum(sample.mated[0], sample.nonmated[0])
    thresholds = np.append(just_above(sample.nonmated[::-1][ranks]), accepting_all)
    fmr, fnmr = curve.at(thresholds)
    return fmr, fnmr, thresholds.astype(np.float64)


class _Rates:
    """FMR and FNMR of a sorted, weighted sample at any threshold."""

    def __init__(self, sample: ScoreSample) -> None:
        weights_mated, weights_nonmated = sample.weights
        self._sample = sample
        self._mated_below = np.concatenate([[0.0], np.cumsum(weights_mated)])
        self._nonmated_below = np.concatenate([[0.0], np.cumsum(weights_nonmated)])
        self.defined = bool(self._mated_below[-1] > 0 and self._nonmated_below[-1] > 0)

    def at(self, threshold: NDArray[np.floating]) -> tuple[Floats, Floats]:
        """FMR and FNMR where scores of at least `threshold` are accepted."""
        rejected = self._nonmated_below[np.searchsorted(self._sample.nonmated, threshold, side="left")]
        missed = self._mated_below[np.searchsorted(self._sample.mated, threshold, side="left")]
        return 1 - rejected / self._nonmated_below[-1], missed / self._mated_below[-1]

    def last_with_fmr_above(self, scores: NDArray[np.floating]) -> NDArray[np.floating]:
        """The highest of ascending `scores` at which FMR ≥ FNMR, an array of one; empty where there is none."""
        low, high = 0, len(scores)
        while low < high:
            middle = (low + high) // 2
            fmr, fnmr = self.at(scores[middle])
            low, high = (middle + 1, high) if fmr >= fnmr else (low, middle)
        return scores[max(low - 1, 0) : low]


def _moments(scores: NDArray[np.floating], weights: Floats) -> tuple[float, float]:
    total = weights.sum()
    values = scores.astype(np.float64)
    mean = weights @ values / total
    return float(mean), float(weights @ (values - mean) ** 2 / (total - 1))
