"""What every method is, whatever it touches: its card, its settings, its parts."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import nn

from benchmark.cards import Availability, MethodCard, available_with
from benchmark.errors import RequestError
from benchmark.suggestions import did_you_mean


class Method(ABC):
    """Base of every kind, and of the parts that only work inside a method.

    Args:
        preset: one of `presets`; the first if None.
        seed: the run's seed.
        device: a torch device name.

    Raises:
        RequestError: no such preset.
    """

    card: MethodCard = MethodCard()
    version: ClassVar[int] = 1
    """Raised whenever the same input would give another output; part of the artefact's key."""
    presets: ClassVar[Mapping[str, Any]] = {"default": None}
    """Settings by name, the default first; a value is whatever the method wants (a frozen dataclass, say)."""
    needs: ClassVar[Mapping[str, str]] = {}
    """Optional packages, by the name under which they are imported, each with the command that installs it."""
    trains: bool = False
    """Whether it must learn (or be given weights) before use; see `benchmark.methods.learner.Learner`."""
    fitted_to_recogniser: ClassVar[bool] = False
    """Whether it is fitted anew to each recogniser of a run, which it has then seen; otherwise once for all of them."""
    alone: ClassVar[str] = ""
    """Of what only works inside a method: why, and what to ask for (see `Part`). Empty = it is a method by itself."""
    weights_of: ClassVar[str] = ""
    """The part whose weights, of the preset with the same name, it uses instead of its own. Empty = its own."""
    name: str = ""
    """The canonical name, as in tables; given by `benchmark.methods.resolve.resolve_method`."""
    mask_source: str = "none"
    """Where the method's knowledge of the hole comes from: ``"true"``, ``"detected"`` or ``"none"``."""

    def __init__(self, *, preset: str | None = None, seed: int = 0, device: str = "cpu") -> None:
        self.preset = next(iter(self.presets)) if preset is None else preset
        if self.preset not in self.presets:
            hint = did_you_mean(self.preset, self.presets, listed="it has")
            raise RequestError(f"{type(self).__name__} has no preset '{self.preset}'; {hint}")
        self.settings = self.presets[self.preset]
        self.seed = seed
        self.device = device

    @classmethod
    def availability(cls) -> Availability:
        """Whether it works on this machine."""
        return available_with(cls.needs)

    @classmethod
    def parameter_counts(cls) -> dict[str, int]:
        """Trainable parameters of each network of the default preset, by the network's name.

        Where the class makes its networks only in `fit`, what its card says.
        """
        networks = cls().networks()
        if not networks:
            return dict(cls.card.parameters)
        return {name: trainable_parameters(network) for name, network in networks.items()}

    @property
    def label(self) -> str:
        """The name, with the preset where it is not the default one: tells two presets of a run apart."""
        default = next(iter(self.presets))
        return self.name if self.preset == default else f"{self.name}:{self.preset}"

    def networks(self) -> dict[str, nn.Module]:
        """The networks by name; by default every attribute that is one."""
        return {name: value for name, value in vars(self).items() if isinstance(value, nn.Module)}

    def parts(self) -> tuple[Method, ...]:
        """What the method is composed of: each part is fitted, stored and shared on its own."""
        return (self,)


def trainable_parameters(network: nn.Module) -> int:
    """Count of the network's trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
