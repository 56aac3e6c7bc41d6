"""Simulated people: embeddings with a person's own centre, and a person's own spread, so that scores are clustered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.verification.base import Cell
from benchmark.verification.measurement import ScoredCell

PHOTOS_A_SUBJECT = 4
CELL = Cell("simulated", "search", "oracle", "64", "simulated", "none", "default", "none", "none", "raw-raw")
NOISE = {"raw-raw": 0.0, "raw-masked": 1.6, "raw-restored": 1.1, "raw-passthrough": 0.5}
METHOD = {"raw-raw": "none", "raw-masked": "none"}


def search(people: int) -> tuple[Comparisons, NDArray[np.int32]]:
    """Each subject's first photo against every other photo; and the subject of each photo."""
    subjects = np.repeat(np.arange(people), PHOTOS_A_SUBJECT).astype(np.int32)
    references = np.arange(0, len(subjects), PHOTOS_A_SUBJECT)
    probes = np.setdiff1d(np.arange(len(subjects)), references)
    reference, probe = (side.ravel().astype(np.int32) for side in np.meshgrid(references, probes, indexing="ij"))
    mated = subjects[reference] == subjects[probe]
    return Comparisons(reference, probe, mated, np.full(len(mated), -1, np.int8)), subjects


def scores(people: int, rng: np.random.Generator, *conditions: str) -> list[NDArray[np.float32]]:
    """Cosine scores of the comparisons of `search`, one array a condition; the conditions share people and photos."""
    comparisons, subjects = search(people)
    spread = rng.gamma(8, 1 / 8, (people, 1))[subjects]
    photos = rng.normal(size=(people, 24))[subjects] + spread * rng.normal(size=(len(subjects), 24))
    found = []
    for condition in conditions:
        seen = photos + NOISE[condition] * spread * rng.normal(size=photos.shape)
        similar = _unit(photos) @ _unit(seen).T
        found.append(similar[comparisons.reference, comparisons.probe].astype(np.float32))
    return found


def cell_of(condition: str, values: NDArray[np.float32], comparisons: Comparisons, photos: int) -> ScoredCell:
    """A scored cell whose failed probes are those with a NaN score."""
    failed = np.zeros(photos, dtype=bool)
    failed[comparisons.probe[~np.isfinite(values)]] = True
    cell = replace(CELL, condition=condition, method=METHOD.get(condition, "method"))
    return ScoredCell(cell, comparisons, values, failed, np.zeros(photos, dtype=bool))


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
