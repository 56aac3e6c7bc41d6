"""The kinds of methods, by what they touch; a plugin imports from here.

* `Unmasker`: the probe's photo (most methods);
* `ReferenceMasker`: the reference's photo;
* `CropTransform`: both crops;
* `TemplateMapper`: the template (embedding);
* `RecogniserAdapter`: the recogniser.

A further base, `benchmark.methods.detectors.base.Detector`, finds the mask for an `Unmasker` that needs to know where
it is. What of them learns is a `Learner`.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import MethodCard
from benchmark.faces import AlignedFaces
from benchmark.masked_faces import MaskedFaces, MaskedPairs, to_pixels, to_tensor
from benchmark.methods.learner import Learner, PairLearner, Workspace
from benchmark.methods.method import Method, trainable_parameters
from benchmark.methods.recogniser_adapter import AdapterExamples, RecogniserAdapter
from benchmark.methods.template_mapper import TemplateMapper, TemplatePairs
from benchmark.methods.unmasker import Restored, Unmasker

__all__ = [
    "AdapterExamples",
    "CropTransform",
    "Learner",
    "MaskedFaces",
    "MaskedPairs",
    "Method",
    "MethodCard",
    "PairLearner",
    "RecogniserAdapter",
    "ReferenceMasker",
    "Restored",
    "TemplateMapper",
    "TemplatePairs",
    "Unmasker",
    "Workspace",
    "to_pixels",
    "to_tensor",
    "trainable_parameters",
]


class ReferenceMasker(Method):
    """Masks the reference's photo instead of unmasking the probe's: the pipeline draws the mask that it chooses."""

    @abstractmethod
    def mask_type(self, probe: str | None, drawn: str) -> str:
        """The mask type that a reference wears when it is compared with one probe.

        Args:
            probe: the mask type of the probe; None where it is bare, really masked, or nobody knows it.
            drawn: the mask type drawn for the reference's own photo: seeded, one of the run's.
        """


class CropTransform(PairLearner):
    """Changes both crops in the same way before the recogniser sees them."""

    @abstractmethod
    def transform(self, faces: AlignedFaces) -> NDArray[np.uint8]:
        """Changed crops, ``uint8 (N, S, S, 3)``; `faces` is not changed."""
