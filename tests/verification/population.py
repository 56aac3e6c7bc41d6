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
NOISE = {"raw-raw": 0.0, "raw-masked": 1.6, "raw-restored": 1.1, "raw-restored other": 0.8, "raw-passthrough": 0.5}
"""What each condition adds; a word after its name stands for another method."""
METHOD = {"raw-raw": "none", "raw-masked": "none"}


def search(people: int, *, strangers: int | None = None) -> tuple[Comparisons, NDArray[np.int32]]:
    """Each subject's first photo against every other photo, or against those of the subject and of the `strangers`
    that follow; and the subject of each photo."""
    subjects = np.repeat(np.arange(people), PHOTOS_A_SUBJECT).astype(np.int32)
    met = (np.arange(people)[:, None] + np.arange(people if strangers is None else strangers + 1)) % people
    probes = PHOTOS_A_SUBJECT * met[:, :, None] + np.arange(1, PHOTOS_A_SUBJECT)
    probe = probes.ravel().astype(np.int32)
    reference = np.repeat(PHOTOS_A_SUBJECT * np.arange(people), len(probe) // people).astype(np.int32)
    return Comparisons(
        reference, probe, subjects[reference] == subjects[probe], np.full(len(probe), -1, np.int8)
    ), subjects


def scores(
    people: int, rng: np.random.Generator, *conditions: str, strangers: int | None = None
) -> list[NDArray[np.float32]]:
    """Cosine scores of the comparisons of `search`, one array a condition; the conditions share people and photos."""
    comparisons, subjects = search(people, strangers=strangers)
    spread = rng.gamma(8, 1 / 8, (people, 1))[subjects]
    photos = rng.normal(size=(people, 24))[subjects] + spread * rng.normal(size=(len(subjects), 24))
    references = _unit(photos)[comparisons.reference]
    found = []
    for condition in conditions:
        seen = photos + NOISE[condition] * spread * rng.normal(size=photos.shape)
        found.append(np.einsum("pd,pd->p", references, _unit(seen)[comparisons.probe]).astype(np.float32))
    return found


def cell_of(condition: str, values: NDArray[np.float32], comparisons: Comparisons, photos: int) -> ScoredCell:
    """A scored cell whose failed probes are those with a NaN score."""
    failed = np.zeros(photos, dtype=bool)
    failed[comparisons.probe[~np.isfinite(values)]] = True
    kind, _, method = condition.partition(" ")
    cell = replace(CELL, condition=kind, method=METHOD.get(kind, method or "method"))
    return ScoredCell(cell, comparisons, values, failed, np.zeros(photos, dtype=bool))


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
