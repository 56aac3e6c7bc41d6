"""Keeps what was measured in the store of artefacts, so that a run from the cache measures nothing again.

The key of a measurement holds what was measured (digests of scores and embeddings; of pixels the keys of the artefacts
that hold them), the settings, every metric with its version, code and weights, and the source code of
`benchmark.verification` itself: statistics that were changed are computed anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import benchmark.verification
from benchmark.artifacts import Artifact, ArtifactStore
from benchmark.datasets.base import Comparisons
from benchmark.errors import StorageError
from benchmark.machine.library_versions import libraries_in_key
from benchmark.plugin_code.keys import code_in_key
from benchmark.plugin_code.source_digest import source_digest
from benchmark.verification.base import Cell, Metric, MetricRow
from benchmark.verification.difference import Difference
from benchmark.verification.measurement import CellCurves, Measurement, Note, ProbeFeatures, ScoredCell

_VERSION = 1
_FILE = "measurement.json"
_CURVES = tuple(field.name for field in fields(CellCurves) if field.name != "cell")
"""The arrays of a cell's curves; those of all cells are stored one after the other, in one file each."""


class StoredMeasurements:
    """Measurements of one run.

    Args:
        store: that keeps them.
        settings: JSON values that all of them depend on, such as the seed.
        metrics: those of the run, by name.
    """

    def __init__(self, store: ArtifactStore, settings: Mapping[str, Any], metrics: Mapping[str, Metric]) -> None:
        self._store = store
        self._settings = settings
        self._metrics = metrics
        self._content = _Digests()

    def once(
        self,
        about: Mapping[str, Any],
        make: Callable[[], Measurement],
        *,
        kinds: tuple[type[Metric], ...],
    ) -> Measurement:
        """The measurement described by `about`, made now unless it is stored; groups of people are not kept.

        One in which a metric broke is not kept: the next run tries again.

        Args:
            about: JSON values: what is measured.
            make: measures it.
            kinds: of the metrics that take part.
        """
        metrics = {name: metric for name, metric in self._metrics.items() if isinstance(metric, kinds)}
        described = {
            "version": _VERSION,
            "measures": _own_code(),
            "metrics": [_metric_in_key(name, metric) for name, metric in metrics.items()],
            **self._settings,
            **about,
            **code_in_key(*metrics.values()),
            **libraries_in_key("numpy", "scipy", "opencv", "torch", "torchmetrics"),
        }

        def fill(folder: Path) -> None:
            measured = make()
            if any(note.kind == "failed" for note in measured.notes):
                raise _Broken(measured)
            _write(measured, folder)

        try:
            return _read(self._store.folder("measure", described, fill, part_of_step=True))
        except _Broken as broken:
            return broken.measured

    def digest_of(self, array: NDArray[Any]) -> str:
        """Of the content, type and shape of an array."""
        return self._content.of_array(array)

    def cell_in_key(self, scored: ScoredCell) -> dict[str, Any]:
        """What stands for a scored cell in the key of its measurement."""
        return {
            **vars(scored.cell),
            "comparisons": self._content.of_comparisons(scored.comparisons),
            "scores": self.digest_of(scored.scores),
            "failed": [self.digest_of(scored.failed_probes), self.digest_of(scored.failed_references)],
            "features": None if scored.features is None else self._features_in_key(scored.features),
        }

    def _features_in_key(self, features: ProbeFeatures) -> list[str]:
        return [
            self.digest_of(features.photos),
            self.digest_of(features.raw[features.raw_rows]),
            self.digest_of(features.shown[features.shown_rows]),
        ]


class _Broken(Exception):
    """A metric broke; what the others measured is in it."""

    def __init__(self, measured: Measurement) -> None:
        super().__init__()
        self.measured = measured


class _Digests:
    """Of arrays; of comparisons, which many cells share, once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Comparisons, str]] = {}

    def of_comparisons(self, comparisons: Comparisons) -> str:
        known = self._known.get(id(comparisons))
        if known is None or known[0] is not comparisons:
            parts = (comparisons.reference, comparisons.probe, comparisons.mated, comparisons.fold)
            text = "".join(self.of_array(part) for part in parts)
            known = self._known[id(comparisons)] = (
                comparisons,
                hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
            )
        return known[1]

    @staticmethod
    def of_array(array: NDArray[Any]) -> str:
        made = hashlib.blake2b(f"{array.dtype.str} {array.shape}".encode(), digest_size=16)
        made.update(np.ascontiguousarray(array).data)
        return made.hexdigest()


def _metric_in_key(name: str, metric: Metric) -> dict[str, Any]:
    cls = type(metric)
    return {
        "name": name,
        "class": f"{cls.__module__}.{cls.__qualname__}",
        "version": metric.version,
        "weights": getattr(metric, "sha256", ""),
        "device": getattr(metric, "device", ""),
    }


def _own_code() -> str:
    """The digest of everything that measures."""
    return source_digest(Path(next(iter(benchmark.verification.__path__))))


def _write(measured: Measurement, folder: Path) -> None:
    stored = {
        "rows": [vars(row) for row in measured.rows],
        "notes": [{**vars(note), "cells": [vars(cell) for cell in note.cells]} for note in measured.notes],
        "differences": [vars(row) for row in measured.differences],
        "curves": [vars(curves.cell) for curves in measured.curves],
        "lengths": {name: [len(getattr(curves, name)) for curves in measured.curves] for name in _CURVES},
    }
    text = json.dumps(stored, ensure_ascii=False, default=_plain)
    (folder / _FILE).write_bytes(text.encode("utf-8", "surrogatepass"))
    for name in _CURVES if measured.curves else ():
        np.save(folder / f"{name}.npy", np.concatenate([getattr(curves, name) for curves in measured.curves]))


def _read(artifact: Artifact) -> Measurement:
    file = artifact.folder / _FILE
    try:
        stored = json.loads(file.read_bytes().decode("utf-8", "surrogatepass"))
    except (OSError, ValueError) as error:
        raise StorageError(
            f"{file} was damaged during the run ({error}); start again and it will be recomputed"
        ) from error
    cells = [Cell(**cell) for cell in stored["curves"]]
    arrays = {name: _cut(np.asarray(artifact.array(name)), stored["lengths"][name]) for name in _CURVES if cells}
    return Measurement(
        tuple(MetricRow(**row) for row in stored["rows"]),
        tuple(Note(**{**note, "cells": tuple(Cell(**cell) for cell in note["cells"])}) for note in stored["notes"]),
        tuple(
            CellCurves(cell, **{name: parts[place] for name, parts in arrays.items()})
            for place, cell in enumerate(cells)
        ),
        tuple(Difference(**row) for row in stored["differences"]),
    )


def _cut(whole: NDArray[Any], lengths: Sequence[int]) -> list[NDArray[Any]]:
    return np.split(whole, np.cumsum(lengths)[:-1])


def _plain(value: object) -> object:
    """A number of NumPy as one of Python."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be stored")
