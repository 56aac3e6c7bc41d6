"""Completers with networks that the shared loop trains."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from benchmark.methods.base import MaskedFaces, Unmasker
from benchmark.methods.filling.completion import composited
from benchmark.methods.trained_networks import TrainedNetworks


class TrainedCompleter(TrainedNetworks, Unmasker):
    """Base of completers that learn networks from pairs.

    Faces of another size than the networks' side are brought to it and back. A method writes `build`, `task` and
    `paint`.
    """

    @abstractmethod
    def paint(self, faces: MaskedFaces) -> Tensor:
        """Painted faces ``(B, 3, side, side)`` in [0, 1]; only what is in the hole is used."""

    def restore(self, faces: MaskedFaces) -> Tensor:
        """What `paint` made inside the hole, the face's own pixels outside."""
        return composited(self.paint(faces).float().clamp(0, 1), faces.pixels, faces.holes)

    def _set_side(self, side: int) -> None:
        super()._set_side(side)
        self.working_size = side
