"""Methods with networks that the shared loop trains: what every such method would otherwise repeat."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast

import torch
from torch import Tensor, nn

from benchmark.methods.base import MaskedFaces, MaskedPairs, Method, Unmasker
from benchmark.methods.filling.completion import composited
from benchmark.methods.learned.growing_networks import GrowingNetwork
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.methods.training import train_networks
from benchmark.methods.weights import load_network, read_about, save_network
from benchmark.training.determinism import torch_seeded
from benchmark.training.task import TrainingSettings, TrainingTask

DEFAULT_SIDE = 64


class TrainedSettings(Protocol):
    """What a preset of a trained method has at least: a frozen dataclass whose `repr` tells all its values."""

    @property
    def training(self) -> TrainingSettings:
        """Length and portions; its `size` None = the side of the training pairs."""


class TrainedNetworks(Method):
    """Base of methods that learn networks from pairs; says nothing of what they are used for.

    The networks work at one side: that of the pairs they were trained on (``train --size``), at most the preset's
    ``training.size``; it is stored with the weights.

    A method writes `build` and `task`.
    """

    trains = True
    architecture: ClassVar[str]
    """Name and version of the networks, e.g. ``"glcic 1"``: weights of another one are refused."""
    stored: ClassVar[tuple[str, ...]] = ("generator",)
    """Those of the networks that are needed after training, which `save` writes."""
    grows: ClassVar[bool] = False
    """The networks have more layers for larger faces: each of those in `stored` is a `GrowingNetwork`."""
    start_from: TrainedWeights | None = None
    """Weights, perhaps of another side, from which `fit` starts; None = from random ones."""
    settings: TrainedSettings

    def __init__(self, *, preset: str | None = None, seed: int = 0, device: str = "cpu") -> None:
        super().__init__(preset=preset, seed=seed, device=device)
        self._set_side(self.settings.training.size or DEFAULT_SIDE)

    @abstractmethod
    def build(self, side: int) -> dict[str, nn.Module]:
        """New networks by name, for faces of `side` pixels; PyTorch's stream is seeded.

        Raises:
            RequestError: the networks cannot work at this side.
        """

    @abstractmethod
    def task(self, modules: dict[str, nn.Module], *, side: int, steps: int) -> TrainingTask:
        """How `modules` are trained on faces of `side` pixels in `steps` steps."""

    def networks(self) -> dict[str, nn.Module]:
        """The networks by name, as `build` made them."""
        return self.modules

    def fit(self, pairs: MaskedPairs, *, progress: Any) -> None:
        """Train, at the pairs' side or the preset's, if that is smaller."""
        training = self.settings.training
        self._set_side(min(training.size or pairs.size, pairs.size))
        if self.start_from is not None:
            self._begin_with(self.start_from.folder)
        task = self.task(self.modules, side=self.side, steps=training.steps(len(pairs)))
        identity = (self.architecture, self.settings, self.version, self.side, self.start_from)
        self.losses = train_networks(self, task, pairs, name=type(self).__name__, identity=identity, progress=progress)

    def save(self, folder: Path) -> None:
        """Write the networks in `stored`, and their side."""
        save_network(folder, self.architecture, self._stored(), side=self.side)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self._set_side(int(read_about(folder, self.architecture)["side"]))
        load_network(folder, self.architecture, self._stored())

    def _begin_with(self, folder: Path) -> None:
        stored = self._stored()
        if not self.grows or int(read_about(folder, self.architecture)["side"]) == self.side:
            load_network(folder, self.architecture, stored)
            return
        other = type(self)(preset=self.preset, device=self.device)
        other.settings = self.settings
        other.load(folder)
        for name, network in stored.items():
            cast("GrowingNetwork", network).take_over(cast("GrowingNetwork", other.modules[name]))

    def _set_side(self, side: int) -> None:
        self.side = side
        with torch_seeded(self.seed, type(self).__name__, "weights"):
            built = self.build(side)
        self.modules = {name: module.to(self.device).eval() for name, module in built.items()}

    def _stored(self) -> nn.ModuleDict:
        return nn.ModuleDict({name: self.modules[name] for name in self.stored})


class TrainedCompleter(TrainedNetworks, Unmasker):
    """Base of completers that learn networks from pairs.

    Faces of another size than the networks' side are brought to it and back. A method writes `build`, `task` and
    `paint`.
    """

    @abstractmethod
    def paint(self, faces: MaskedFaces) -> Tensor:
        """Painted faces ``(B, 3, side, side)`` in [0, 1]; only what lies in the hole is used."""

    def restore(self, faces: MaskedFaces) -> Tensor:
        """What `paint` made inside the hole, the face's own pixels outside."""
        return composited(self.paint(faces).float().clamp(0, 1), faces.pixels, faces.holes)

    def _set_side(self, side: int) -> None:
        super()._set_side(side)
        self.working_size = side


def channels_last(network: nn.Module) -> nn.Module:
    """The same network with its weights in the memory format in which convolutions are fastest on a processor."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
