"""What metrics see: the scores of one cell (or of its comparisons with one mask type), in two forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.verification.searches import Searches


@dataclass(frozen=True)
class ScoreSample:
    """Mated and non-mated scores, sorted, with weights: all that an error rate or a ranking measure needs.

    Attributes:
        mated: ``(M,)`` completed mated scores, ascending.
        nonmated: ``(N,)`` completed non-mated scores, ascending.
        mated_weights: ``float64 (M,)``; None = 1 each. In a bootstrap replicate, how often the subject was drawn.
        nonmated_weights: ``float64 (N,)``, likewise.
        mated_failed: weight of the mated comparisons that failed.
        nonmated_failed: weight of the non-mated comparisons that failed.
    """

    mated: NDArray[np.floating]
    nonmated: NDArray[np.floating]
    mated_weights: NDArray[np.float64] | None = None
    nonmated_weights: NDArray[np.float64] | None = None
    mated_failed: float = 0.0
    nonmated_failed: float = 0.0

    @classmethod
    def of(cls, scores: NDArray[np.floating], mated: NDArray[np.bool_]) -> ScoreSample:
        """The sample of scores ``(P,)`` in any order, not finite = failed; `mated` is ``bool (P,)``."""
        completed = np.isfinite(scores)
        return cls(
            mated=np.sort(scores[mated & completed]),
            nonmated=np.sort(scores[~mated & completed]),
            mated_failed=float(np.count_nonzero(mated & ~completed)),
            nonmated_failed=float(np.count_nonzero(~mated & ~completed)),
        )

    @property
    def weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weights of the mated and of the non-mated scores, ones where none were given."""
        return (
            np.ones(len(self.mated)) if self.mated_weights is None else self.mated_weights,
            np.ones(len(self.nonmated)) if self.nonmated_weights is None else self.nonmated_weights,
        )


@dataclass(frozen=True)
class ComparisonSample:
    """Every comparison with its photos and fold, in the protocol's order.

    Attributes:
        comparisons: P rows; indices into the protocol's photos.
        scores: ``(P,)``; not finite = failed.
        subjects: ``int32 (n_photos,)``, the subject of each photo, a code.
        failed_probes: ``bool (n_photos,)``, the photos that gave no template as a probe.
        draws: ``int32 (R + 1, n_subjects)``, how often each replicate drew each subject; row 0 is all ones.
    """

    comparisons: Comparisons
    scores: NDArray[np.floating]
    subjects: NDArray[np.int32]
    failed_probes: NDArray[np.bool_]
    draws: NDArray[np.int32]


@dataclass(frozen=True)
class SearchSample:
    """The outcome of every search, and a threshold that strangers set.

    Attributes:
        searches: the searches of the condition.
        subjects: ``int32 (n_photos,)``, the subject of each photo of the protocol, a code.
        threshold: return whoever scores at least so much; None for the kind ``"none"``.
        setter: the searches whose strangers set the threshold: those of the condition, or the raw ones; None likewise.
    """

    searches: Searches
    subjects: NDArray[np.int32]
    threshold: float | None = None
    setter: Searches | None = None


@dataclass(frozen=True)
class Estimate:
    """A value with the metric's own interval.

    Attributes:
        value: the point estimate; None where it is not defined.
        ci_low: lower end of the 95 % interval, if there is one.
        ci_high: upper end.
        threshold: the threshold it was computed at, if there is one.
    """

    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class ImageSetSample:
    """The faces of a condition, and the true ones.

    Attributes:
        true: ``uint8 (N, S, S, 3)``, the faces without mask; may be a memory map, as may the next.
        shown: ``uint8 (N, S, S, 3)``, the same faces masked or restored.
        rows: ``(M,)``, ascending: the rows of both that count; the others failed.
        subjects: ``int32 (M,)``, codes.
        seed: the run's seed.
    """

    true: NDArray[np.uint8]
    shown: NDArray[np.uint8]
    rows: NDArray[np.integer]
    subjects: NDArray[np.int32]
    seed: int


@dataclass(frozen=True)
class FeatureSample:
    """The embeddings of the probes that gave one both raw and as the condition shows them.

    Attributes:
        raw: ``(N, D)``, of the raw probes, scaled so that their mean square is 1 and recognisers can be compared.
        shown: ``(N, D)``, of the same probes masked or restored, scaled by the same number.
        subjects: ``int32 (N,)``, codes.
        seed: the run's seed.
    """

    raw: NDArray[np.float64]
    shown: NDArray[np.float64]
    subjects: NDArray[np.int32]
    seed: int
