"""The kind of method that changes the recogniser itself: a network of its own for probes that may wear a mask."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.masked_faces import MaskedPairs
from benchmark.methods.learner import Learner
from benchmark.recognisers.base import Recogniser


@dataclass(frozen=True)
class AdapterExamples:
    """What an adapter learns from.

    Attributes:
        recogniser: that is adapted.
        pairs: masked faces and the same faces bare, with `validation`.
        templates: ``float32 (N, D)``, what the unchanged recogniser makes of the bare face of each pair; finite.
        validation_templates: ``float32 (M, D)``, of the validation pairs.
    """

    recogniser: Recogniser
    pairs: MaskedPairs
    templates: NDArray[np.float32]
    validation_templates: NDArray[np.float32]


class RecogniserAdapter(Learner[AdapterExamples]):
    """Gives a recogniser another network for probes; references keep the unchanged one, so enrolments stay valid
    (unless the adapter says that it `adapts_references`).

    It is fitted to one recogniser by ``train --method NAME --recogniser R``, never within a run: that takes an hour,
    and a run evaluates a finished adapter. As ``DETECTOR+NAME`` it gets only the probes on which the detector finds a
    mask; all others go through the unchanged network.
    """

    fitted_to_recogniser = True
    learns_quickly = False

    @property
    def adapts_references(self) -> bool:
        """Whether references go through the adapter's network as well: their photos must then be enrolled again."""
        return False

    @property
    def longer_embeddings(self) -> bool:
        """Whether it makes longer embeddings than the recogniser itself: the two of one face cannot be compared."""
        return False

    @property
    def weights_preset(self) -> str:
        """The preset whose weights this one uses: its own, unless it uses another's in another way."""
        return self.preset

    @abstractmethod
    def adapted(self, recogniser: Recogniser, *, key: str) -> Recogniser:
        """`recogniser` with the network that was loaded, for probes.

        Args:
            recogniser: the one that the weights were fitted to; it is not changed.
            key: the key of the weights.
        """

    def for_references(self, recogniser: Recogniser, *, key: str) -> Recogniser:
        """What embeds references where `adapts_references`: what embeds probes, unless the adapter says otherwise.

        Args:
            recogniser: the one that the weights were fitted to; it is not changed.
            key: the key of the weights.
        """
        return self.adapted(recogniser, key=key)

    def weights_refusal(self, folder: Path) -> str:  # noqa: ARG002
        """Why the weights in `folder` do not serve, though they were fitted to the recogniser; empty if they do."""
        return ""

    @classmethod
    @abstractmethod
    def refusal(cls, recogniser: Recogniser) -> str:
        """Why `recogniser` cannot be adapted; empty if it can."""
