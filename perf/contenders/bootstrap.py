"""Error rates with intervals of one cell as large as those of LFW's `people-split`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.datasets.base import Comparisons
from benchmark.verification.base import Cell
from benchmark.verification.measure import measure
from benchmark.verification.measurement import ScoredCell
from perf.contender import Contender, Outputs

REPLICATES = 1000
_CONDITIONS = ("raw-raw", "raw-masked", "raw-restored")
_NOISE = 0.15


class Cells(Contender):
    """A raw, a masked and a restored cell: every metric, over all comparisons and by three types of mask."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        people, photos = np.load(inputs / "size.npy").tolist()
        rng = np.random.default_rng(0)
        self._subjects = np.sort(np.concatenate([np.arange(people), rng.integers(0, people, photos - people)]))
        self._subjects = self._subjects.astype(np.int32)
        one, other = np.triu_indices(photos, 1)
        swapped = rng.random(len(one)) < 0.5
        reference, probe = np.where(swapped, other, one), np.where(swapped, one, other)
        mated = self._subjects[reference] == self._subjects[probe]
        comparisons = Comparisons(
            reference.astype(np.int32), probe.astype(np.int32), mated, np.full(len(mated), -1, np.int8)
        )
        centres = rng.normal(size=(people, 32))
        faces = _unit(centres[self._subjects] * 1.5 + rng.normal(size=(photos, 32)))
        nobody = np.zeros(photos, dtype=bool)
        self._cells = []
        for number, condition in enumerate(_CONDITIONS):
            seen = _unit(faces + bool(number) * _NOISE * rng.normal(size=faces.shape))
            scores = np.einsum("pd,pd->p", faces[reference], seen[probe]).astype(np.float32)
            method = "method" if condition == "raw-restored" else "none"
            cell = Cell("people", "pairs", "oracle", "128", "random", method, "", "", "none", condition)
            self._cells.append(ScoredCell(cell, comparisons, scores, nobody, nobody))
        self._types = [("surgical", "n95", "cloth")[photo % 3] for photo in range(photos)]

    def work(self) -> Outputs:
        """Measure them."""
        found = measure(self._cells, subjects=self._subjects, mask_types=self._types, replicates=REPLICATES)
        intervals = sum(row.ci_low is not None for row in found.rows)
        return {"rows": len(found.rows), "intervals": intervals, "comparisons": len(self._cells[0].comparisons)}


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))
