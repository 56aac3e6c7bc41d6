"""The kind of method that works after recognition: a masked embedding in, a repaired one out."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.methods.learner import Learner


@dataclass(frozen=True)
class TemplatePairs:
    """Embeddings that one recogniser made of training faces.

    Attributes:
        masked: ``float32 (N, D)``, of masked faces.
        true: ``float32 (N, D)``, of the same faces without mask.
        subject_ids: one per row.
    """

    masked: NDArray[np.float32]
    true: NDArray[np.float32]
    subject_ids: tuple[str, ...]

    def complete(self) -> TemplatePairs:
        """The rows in which neither embedding is NaN: those of faces that did not fail."""
        whole = np.isfinite(self.masked).all(axis=1) & np.isfinite(self.true).all(axis=1)
        people = tuple(np.asarray(self.subject_ids)[whole].tolist())
        return TemplatePairs(self.masked[whole], self.true[whole], people)


class TemplateMapper(Learner[TemplatePairs]):
    """Repairs the masked embedding of one recogniser, to which it is fitted in the run: one copy per recogniser."""

    fitted_to_recogniser = True

    @abstractmethod
    def map(self, masked: NDArray[np.float32]) -> NDArray[np.float32]:
        """Repaired embeddings ``float32 (N, D)``; NaN rows stay NaN."""
