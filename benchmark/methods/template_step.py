"""The part of the step `unmask` that happens after recognition: repairing embeddings, fitted per recogniser."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.context import RunContext
from benchmark.methods.base import TemplateMapper

_VERSION = 1


def fit_template_mapper(
    mapper: TemplateMapper,
    masked: NDArray[np.float32],
    true: NDArray[np.float32],
    subject_ids: tuple[str, ...],
    *,
    made_of: Sequence[str],
    context: RunContext,
) -> None:
    """Fit `mapper` to one recogniser's training embeddings, or load what an earlier run learned.

    Args:
        mapper: to be fitted in place.
        masked: ``float32 (N, D)``, embeddings of masked training faces; NaN where the face failed.
        true: ``float32 (N, D)``, of the same faces without mask.
        subject_ids: one a row.
        made_of: keys of the embedding artefacts.
        context: of the run.
    """
    about = {
        "version": _VERSION,
        "method": mapper.name,
        "preset": mapper.preset,
        "settings": repr(mapper.settings),
        "method_version": mapper.version,
        "seed": context.seed,
        "embeddings": list(made_of),
    }

    def make(folder: Path) -> None:
        whole = np.isfinite(masked).all(axis=1) & np.isfinite(true).all(axis=1)
        people = tuple(np.asarray(subject_ids)[whole].tolist())
        mapper.fit(masked[whole], true[whole], people, progress=context.progress)
        weights = folder / "weights"
        shutil.rmtree(weights, ignore_errors=True)
        weights.mkdir()
        mapper.save(weights)

    artifact = context.store.folder("train", about, make)
    mapper.load(artifact.folder / "weights")
