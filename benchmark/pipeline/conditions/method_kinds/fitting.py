"""What a method that is fitted to each recogniser works with, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.context import RunContext
from benchmark.methods.fit_step import TrainingPairs
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.step import Embeddings
from benchmark.views import View

Embedder = Callable[[View, str], NDArray[np.float32]]
"""From a view, and what it shows, to an embedding of each row: ``float32 (N, D)``, NaN where a row has none."""


@dataclass(frozen=True)
class RecogniserInputs:
    """What a method is fitted with.

    Attributes:
        name: the name of the recogniser, as in tables.
        recogniser: that the method is fitted to.
        embed: the recogniser's own embeddings of a view, computed once for everybody who asks.
        rows: the rows of a view that some comparison needs; None = all of them (training faces).
        made: training pairs; None where nothing learns in this run.
        learned: by the label of each part that learned from pairs, a key of what it learned.
        weights: of this method for this recogniser, from before the run; None where there are none.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
    """

    name: str
    recogniser: Recogniser
    embed: Callable[[View, str], Embeddings]
    rows: Callable[[View], NDArray[np.integer] | None]
    made: TrainingPairs | None
    learned: Mapping[str, str]
    weights: TrainedWeights | None
    context: RunContext
