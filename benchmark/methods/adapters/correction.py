"""Corrects an adapter's embeddings so that the thresholds of the unchanged recogniser hold for them.

An adapter that learns to tell strangers apart moves probes away from everybody: at a threshold set on bare faces its
false match rate falls to a fifth of a target of 0.1 %, and its false non-match rate rises. Moving each embedding part
of the way to the mean template undoes that. The share is found on validation people, so that strangers' scores have
the same mean as between bare faces. (The false match rate itself, which is in the tail, could not be used: on people
like those that the adapter learned from it fell to a hundredth, on LFW's to a fifth.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]
Scores = Callable[[Embeddings, Embeddings], NDArray[np.float32]]
"""From P references and P probes ``(P, D)`` to scores ``(P,)``, higher = more alike."""

_CAUTION = 0.85
"""Share of the correction that is made. All of it doubled the false match rate asked for at 1 % on LFW's validation
people (fold 7), and kept it at 0.1 %; so much keeps both below the double."""
_CAUTION_BOTH = 0.55
"""The same where references go through the adapter, too, and are corrected: then the share counts twice. Chosen on the
same people, with the faces detected again: 1.8 % instead of 1 %, 0.09 % instead of 0.1 %."""
_SHARES = (-0.5, 0.9)
_HALVINGS = 20
_COMPARED_AT_ONCE = 200_000


@dataclass(frozen=True)
class Correction:
    """``e ↦ e + share · (mean − e)``.

    Attributes:
        mean: ``float32 (D,)``, of the recogniser's templates; of unit ones where it compares angles.
        share: of the way; 0 = nothing changes.
        unit: whether the recogniser compares angles: embeddings are then of unit length before they are moved.
    """

    mean: NDArray[np.float32]
    share: float
    unit: bool

    def __call__(self, embeddings: Embeddings) -> Embeddings:
        """Corrected embeddings ``(N, D)``; NaN stays NaN.

        >>> Correction(np.zeros(2, np.float32), 0.5, unit=False)(np.array([[2.0, 4.0]], np.float32)).tolist()
        [[1.0, 2.0]]
        """
        values = to_unit(embeddings) if self.unit else embeddings
        return np.asarray(values + self.share * (self.mean - values), dtype=np.float32)


def to_unit(embeddings: Embeddings) -> Embeddings:
    """Embeddings ``(N, D)`` at length 1; those of length 0 become NaN."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), dtype=np.float32)


def fitted_correction(
    templates: Embeddings,
    probes: Embeddings,
    subject_ids: tuple[str, ...],
    scores: Scores,
    *,
    unit: bool,
    references: Embeddings | None = None,
) -> Correction:
    """The correction after which strangers' `probes` score about as high as other people's templates do.

    Args:
        templates: ``float32 (N, D)``, of bare faces, by the unchanged recogniser.
        probes: ``float32 (N, D)``, of the same faces masked, by the adapter.
        subject_ids: one per row.
        scores: the scores of the recogniser.
        unit: whether it compares angles.
        references: ``float32 (N, D)``, of the bare faces, where an adapter gives them, too, and they are corrected
            likewise; None: they are the `templates`.
    """
    mean = np.asarray((to_unit(templates) if unit else templates).mean(axis=0), dtype=np.float32)
    reference, probe = _strangers(subject_ids)
    if not len(reference):
        return Correction(mean, 0.0, unit)
    wanted = _scored(templates, templates, reference, probe, scores).mean()
    low, high = _SHARES
    for _ in range(_HALVINGS):
        share = (low + high) / 2
        corrected = Correction(mean, share, unit)
        compared = templates if references is None else corrected(references)
        if _scored(compared, corrected(probes), reference, probe, scores).mean() > wanted:
            high = share
        else:
            low = share
    caution = _CAUTION if references is None else _CAUTION_BOTH
    return Correction(mean, caution * (low + high) / 2, unit)


def _strangers(subject_ids: tuple[str, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Every ordered pair of rows of two people."""
    people = np.unique(np.asarray(subject_ids), return_inverse=True)[1]
    reference, probe = np.nonzero(people[:, None] != people[None])
    return reference, probe


def _scored(
    references: Embeddings, probes: Embeddings, reference: NDArray[np.intp], probe: NDArray[np.intp], scores: Scores
) -> NDArray[np.float32]:
    starts = range(0, len(reference), _COMPARED_AT_ONCE)
    parts = [slice(start, start + _COMPARED_AT_ONCE) for start in starts]
    return np.concatenate([scores(references[reference[part]], probes[probe[part]]) for part in parts])
