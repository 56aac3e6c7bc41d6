"""Normal scores, and how they vary between people and between photos of one person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from benchmark.datasets.appearance_model import SCORE_RANGE

Floats = NDArray[np.float32]

QUANTILES = 45
PHOTOS_OF_ONE = 20
"""No person counts for more photos than this."""
SHRINKAGE = 0.15
"""Share of the average that is mixed into the covariance within people: there are few people with many photos."""


def quantile_table(coefficients: Floats) -> Floats:
    """Value of every component at `QUANTILES` normal scores from −SCORE_RANGE to SCORE_RANGE, ``(K, QUANTILES)``."""
    at = norm.cdf(np.linspace(-SCORE_RANGE, SCORE_RANGE, QUANTILES))
    return np.quantile(coefficients, at, axis=0).T.astype(np.float32)


def normal_scores(coefficients: Floats) -> Floats:
    """Ranks of every column, as quantiles of the normal distribution, ``(N, K)``."""
    ranks = rankdata(coefficients, axis=0)
    scores: Floats = norm.ppf((ranks - 0.5) / len(coefficients)).astype(np.float32)
    return scores


def scores_by_table(coefficients: Floats, table: Floats) -> Floats:
    """Normal scores of further photos, ``(N, K)``, read backwards from `table`."""
    at = np.linspace(-SCORE_RANGE, SCORE_RANGE, QUANTILES)
    columns = [np.interp(column, row, at) for column, row in zip(coefficients.T, table, strict=True)]
    return np.stack(columns, axis=1).astype(np.float32)


def within_people(scores: Floats, subjects: NDArray[np.str_]) -> NDArray[np.float64]:
    """Covariance within people, ``(K, K)``, pooled over those with two photos or more."""
    _, inverse, counts = np.unique(subjects, return_inverse=True, return_counts=True)
    total, weight = np.zeros((scores.shape[1],) * 2), 0.0
    for person in np.flatnonzero(counts >= 2):
        mine = scores[inverse == person].astype(np.float64)
        centred = mine - mine.mean(axis=0)
        share = min(len(mine), PHOTOS_OF_ONE) / len(mine)
        total += share * centred.T @ centred
        weight += share * (len(mine) - 1)
    return total / weight


def two_covariances(scores: Floats, within: NDArray[np.float64]) -> tuple[Floats, Floats, NDArray[np.float64]]:
    """Factors ``(K, K)`` of the covariance between people and within them, and the share within along each axis.

    The total covariance is whitened; along the eigenvectors of the covariance within people, what it leaves of the
    total is between people.
    """
    total = np.cov(scores.T)
    values, vectors = np.linalg.eigh(total)
    values = np.maximum(values, 1e-4)
    root, inverse = (vectors * np.sqrt(values)) @ vectors.T, (vectors / np.sqrt(values)) @ vectors.T
    whitened = inverse @ within @ inverse
    whitened = (1 - SHRINKAGE) * whitened + SHRINKAGE * np.trace(whitened) / len(whitened) * np.eye(len(whitened))
    share, axes = np.linalg.eigh(whitened)
    share = np.maximum(share, 0)
    between = root @ axes * np.sqrt(np.clip(1 - share, 0, 1))
    inside = root @ axes * np.sqrt(np.minimum(share, 1.5))
    return between.astype(np.float32), inside.astype(np.float32), share
