"""One embedding for a template of several photos: the mean of theirs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.templates import Membership

_TEMPLATES_AT_ONCE = 1024
"""Bounds the memory: a data set may have more photos than fit."""


def average_embeddings(embeddings: NDArray[np.float32], members: Membership, *, metric: str) -> NDArray[np.float32]:
    """The embedding of each template, ``float32 (T, D)``.

    Where the metric is cosine each photo's embedding is first divided by its length, so that no photo counts for more
    than another; then the mean is taken. (Templates: Klare et al., IARPA Janus Benchmark A, CVPR 2015. Frames of one
    video count as photos each; they are not averaged first.) Photos without an embedding are left out. A template with
    one usable photo has that photo's embedding unchanged, so that templates of single photos score to the last bit as
    photos do; one with none is NaN.

    Args:
        embeddings: ``float32 (N, D)``, of photos, often a memory map; a row that is not finite has failed.
        members: the members of T templates, as rows of `embeddings`.
        metric: the recogniser card's: ``"cosine"`` or another.

    >>> two = Membership.of([(0, 1)])
    >>> average_embeddings(np.array([[2, 0], [0, 1]], dtype=np.float32), two, metric="cosine").tolist()
    [[0.5, 0.5]]
    """
    averaged = np.full((members.count, embeddings.shape[1]), np.nan, dtype=np.float32)
    starts = np.searchsorted(members.template, np.arange(members.count + 1))
    for start in range(0, members.count, _TEMPLATES_AT_ONCE):
        end = min(start + _TEMPLATES_AT_ONCE, members.count)
        part = slice(starts[start], starts[end])
        averaged[start:end] = _averaged(
            np.asarray(embeddings[members.rows[part]]), members.template[part] - start, end - start, metric
        )
    return averaged


def _averaged(stored: NDArray[np.float32], template: NDArray[np.int32], count: int, metric: str) -> NDArray[np.float32]:
    values = stored.astype(np.float64)
    if metric == "cosine":
        with np.errstate(invalid="ignore", divide="ignore"):
            values /= np.linalg.norm(values, axis=1, keepdims=True)
    usable = np.isfinite(values).all(axis=1)
    stored, values, template = stored[usable], values[usable], template[usable]
    photos = np.bincount(template, minlength=count)
    total = np.zeros((count, stored.shape[1]))
    np.add.at(total, template, values)
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float32] = (total / photos[:, None]).astype(np.float32)
    alone = photos[template] == 1
    mean[template[alone]] = stored[alone]
    return mean
