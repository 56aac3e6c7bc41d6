"""Thresholds by counting, and whether there are comparisons enough to count on.

The threshold for a target FMR is the smallest number *representable in the scores' own floating-point type* at which
the share of accepted non-mated comparisons does not exceed the target. Nothing is interpolated and no nearest point
is taken: with tied scores the realised FMR falls short of the target, never beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.counted import counted
from benchmark.errors import RequestError

FLAGGED_BELOW = 30
"""Rule of 30 (Doddington et al., Speech Communication 31, 2000): with 30 errors the true rate is within ±30 % of
the observed one with 90 % confidence; with fewer it is less certain."""
REFUSED_BELOW = 3
"""With fewer expected false matches a threshold is decided by one or two pairs of people."""
DEFAULT_TARGETS: tuple[float, ...] = (1e-2, 1e-3, 1e-4)
"""Target false match rates; a test uses those that it has comparisons for."""


@dataclass(frozen=True)
class TargetSupport:
    """Whether a number of non-mated comparisons carries a target FMR.

    Attributes:
        verdict: ``"carried"``, ``"flagged"`` (fewer than 30 false matches expected) or ``"refused"`` (fewer than 3).
        expected: false matches expected, target × comparisons, rounded to a whole number.
        reason: one line; empty where the target is carried.
    """

    verdict: str
    expected: int
    reason: str


def support_of(target: float, nonmated: int) -> TargetSupport:
    """Whether `nonmated` completed comparisons carry `target`.

    >>> support_of(1e-2, 3000).verdict, support_of(1e-3, 3000).verdict, support_of(1e-4, 3000).verdict
    ('carried', 'flagged', 'refused')
    """
    expected = int(np.floor(target * nonmated + 0.5))
    among = counted(nonmated, "non-mated comparison")
    found = f"{counted(expected, 'false match')} expected at FMR {target:g} among {among}"
    if expected < REFUSED_BELOW:
        return TargetSupport("refused", expected, f"{found}, fewer than {REFUSED_BELOW}: a test with more is needed")
    if expected < FLAGGED_BELOW:
        return TargetSupport("flagged", expected, f"{found}, fewer than {FLAGGED_BELOW} (rule of 30): uncertain")
    return TargetSupport("carried", expected, "")


def least_target(nonmated: int, expected: int = REFUSED_BELOW) -> float | None:
    """The smallest target FMR with `expected` false matches among `nonmated` comparisons, rounded up to one digit.

    Returns:
        An FMR, None where even 1 in 2 is too small.

    >>> least_target(3000), least_target(3000, FLAGGED_BELOW), least_target(40), least_target(4)
    (0.001, 0.01, 0.08, None)
    """
    if nonmated * 0.5 < expected:
        return None
    exact = expected / nonmated
    digit = 10.0 ** np.floor(np.log10(exact))
    return min(0.5, float(f"{np.ceil(exact / digit - 1e-9) * digit:.1g}"))


def check_targets(targets: tuple[float, ...]) -> None:
    """Refuse targets that are no false match rates, or given twice.

    Raises:
        RequestError: a target outside (0, 1), or repeated.
    """
    for target in targets:
        if not 0 < target < 1:
            raise RequestError(f"target FMR {target:g} is not between 0 and 1; give one such as 1e-3")
    if len(set(targets)) != len(targets):
        raise RequestError(f"a target FMR is given twice: {', '.join(f'{t:g}' for t in targets)}; give each once")


def allowed_false_matches(target: float | NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest whole number of false matches whose share of `total` does not exceed `target`; broadcast.

    >>> allowed_false_matches(.07, np.array([100., 99.]))
    array([7., 6.])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        allowed = np.floor(target * total)
        # target × total is rounded: 0.29 × 100 is 28.999…, 0.07 × 100 is 7.000…1
        allowed += (allowed + 1) / total <= target
        allowed -= (allowed > 0) & (allowed / total > target)
    return allowed


def threshold_at(nonmated: NDArray[np.floating], target: float) -> float | None:
    """The smallest representable threshold with FMR ≤ `target`.

    Args:
        nonmated: ``(N,)`` scores, any order; those not finite have failed and do not count.
        target: FMR in (0, 1).

    Returns:
        The threshold, or None where no non-mated comparison was completed.

    >>> scores = np.array([.1, .2, .3, .4], dtype=np.float32)
    >>> t = threshold_at(scores, .25)           # one false match in four is allowed: just above .3
    >>> t == float(np.nextafter(np.float32(.3), np.float32(1)))
    True
    """
    completed = nonmated[np.isfinite(nonmated)]
    if not len(completed):
        return None
    allowed = int(allowed_false_matches(target, np.asarray(float(len(completed)))))
    position = len(completed) - 1 - allowed
    return float(just_above(np.partition(completed, position)[position]))


def just_above(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """The next number up in the scores' own type: the smallest threshold that rejects these scores."""
    scores = np.asarray(scores)
    above: NDArray[np.floating] = np.nextafter(scores, np.array(np.inf, dtype=scores.dtype))
    return above
