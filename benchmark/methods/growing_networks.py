"""Networks with more layers for larger faces, which can begin with those that a smaller side's learned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, Self

from torch import nn


class GrowingNetwork(Protocol):
    """A network whose outermost layers alone depend on the side, as in Karras et al., *Progressive Growing of GANs*,
    ICLR 2018, section 2 (without their fading in)."""

    def take_over(self, other: Self) -> None:
        """Copy all layers that the network of another side has, too; the others stay as they are."""


def copy_common_layers(layers: Iterable[nn.Module], others: Iterable[nn.Module], *, from_end: bool = False) -> None:
    """Copy the parameters and buffers of each of `others` into its counterpart, where their shapes agree.

    Args:
        layers: in order.
        others: in order; the same but for their number and for those next to the faces.
        from_end: the last ones are counterparts (networks from a face inwards); otherwise the first ones.
    """
    direction = -1 if from_end else 1
    for layer, other in zip([*layers][::direction], [*others][::direction], strict=False):
        if _shapes(layer) == _shapes(other):
            layer.load_state_dict(other.state_dict())


def _shapes(layer: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in layer.state_dict().items()}
