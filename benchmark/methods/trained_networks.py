"""Base of learners whose networks are trained by the shared loop."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast

import torch
from torch import nn

from benchmark.masked_faces import MaskedPairs
from benchmark.methods.growing_networks import GrowingNetwork
from benchmark.methods.learner import PairLearner
from benchmark.methods.weights import load_network, read_about, save_network
from benchmark.training.determinism import torch_seeded
from benchmark.training.loop import train
from benchmark.training.task import TrainingSettings, TrainingTask

DEFAULT_SIDE = 64


class TrainedSettings(Protocol):
    """What a preset of a trained method has at least: a frozen dataclass whose `repr` tells all its values."""

    @property
    def training(self) -> TrainingSettings:
        """Length and portions; its `size` None = the side of the training pairs."""


class TrainedNetworks(PairLearner):
    """Base of methods and detectors that learn networks from pairs, whatever they are used for.

    The networks work at one side: that of the pairs they were trained on (``train --size``), at most the preset's
    ``training.size``; it is stored with the weights.

    A method writes `build` and `task`.
    """

    starts_from_weights = True
    learns_quickly = False
    architecture: ClassVar[str]
    """Name and version of the networks, e.g. ``"glcic 1"``: weights of another one are refused."""
    stored: ClassVar[tuple[str, ...]] = ("generator",)
    """Those of the networks that are needed after training, which `save` writes."""
    names_in_file: ClassVar[Mapping[str, str]] = {}
    """Names under which networks are stored, where they are others; empty = the only network, stored without any."""
    averages: ClassVar[bool] = False
    """In training the task is given a copy of the generator, ``average``, for the moving average of its parameters;
    when training ends, that takes the generator's place."""
    seeded_by: ClassVar[tuple[str, ...]] = ()
    """Words that, with the run's seed, decide the networks' first weights; empty = the class's name and "weights"."""
    grows: ClassVar[bool] = False
    """The networks have more layers for larger faces: each of those in `stored` is a `GrowingNetwork`."""
    settings: TrainedSettings
    _weights: Path | None = None
    """Of networks that are not made yet."""

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

    def prepare(self, modules: dict[str, nn.Module], pairs: MaskedPairs, *, side: int) -> None:
        """Give new networks what they take from the pairs before the first step, such as a normalisation.

        Not called where the training starts from weights, which come with their own.
        """

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The networks by name, made when they are first asked for.

        Raises:
            StorageError: as `load`, where that was put off.
        """
        made = self._made
        if self._weights is not None:
            folder, self._weights = self._weights, None
            try:
                load_network(folder, self.architecture, self._stored())
            except BaseException:
                self._weights = folder
                raise
        return made

    @cached_property
    def _made(self) -> dict[str, nn.Module]:
        words = self.seeded_by or (type(self).__name__, "weights")
        with torch.inference_mode(False), torch_seeded(self.seed, *words):  # what inference makes can never learn
            built = self.build(self.side)
        return {name: module.to(self.device).eval() for name, module in built.items()}

    def networks(self) -> dict[str, nn.Module]:
        """The networks by name, as `build` made them."""
        return self.modules

    def fit(self, pairs: MaskedPairs, *, progress: Any) -> None:
        """Train, at the pairs' side or the preset's, if that is smaller."""
        training, start = self.settings.training, self.workspace.start_from
        self._set_side(min(training.size or pairs.size, pairs.size))
        if start is None:
            self.prepare(self.modules, pairs, side=self.side)
        else:
            self._begin_with(start.folder)
        if self.averages:
            self.modules["average"] = copy.deepcopy(self.modules["generator"])
        self.losses = train(
            self.task(self.modules, side=self.side, steps=training.steps(len(pairs))),
            pairs,
            training,
            name=self.name or type(self).__name__,
            identity=repr((self.architecture, self.settings, self.version, self.side, start, *self._taught_by())),
            seed=self.seed,
            device=self.device,
            progress=progress,
            checkpoints=self.workspace.checkpoints,
            samples=self.workspace.samples,
        )
        if self.averages:
            self.modules["generator"] = self.modules.pop("average")

    def save(self, folder: Path) -> None:
        """Write the networks in `stored`, and their side."""
        save_network(folder, self.architecture, self._stored(), side=self.side)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self._set_side(self._side_of(folder))
        load_network(folder, self.architecture, self._stored())

    def load_when_used(self, folder: Path) -> None:
        """Read their side now and the networks when they are asked for: a run whose results are stored needs none.

        Raises:
            StorageError: what tells the side is missing or damaged.
        """
        self._set_side(self._side_of(folder))
        self._weights = folder

    def __getstate__(self) -> dict[str, Any]:
        if self._weights is not None:  # the folder may not be there where the copy is used
            self.networks()
        return dict(vars(self))

    def _taught_by(self) -> list[tuple[str, str]]:
        return [(name, teacher.card.sha256) for name, teacher in self.workspace.teachers.items()]

    def _begin_with(self, folder: Path) -> None:
        stored = self._stored()
        if not self.grows or self._side_of(folder) == self.side:
            load_network(folder, self.architecture, stored)
            return
        other = type(self)(preset=self.preset, device=self.device)
        other.settings = self.settings
        other.load(folder)
        for name in self.stored:
            cast("GrowingNetwork", self.modules[name]).take_over(cast("GrowingNetwork", other.modules[name]))

    def _side_of(self, folder: Path) -> int:
        """The side that weights were trained at; weights from before it was stored are of the preset's."""
        return int(read_about(folder, self.architecture).get("side", self.settings.training.size or DEFAULT_SIDE))

    def _set_side(self, side: int) -> None:
        """New networks for faces of `side` pixels, when they are next asked for."""
        self.side = side
        self._weights = None
        vars(self).pop("_made", None)

    def _stored(self) -> nn.Module:
        named = {self.names_in_file.get(name, name): self.modules[name] for name in self.stored}
        return named[""] if "" in named else nn.ModuleDict(named)


def channels_last(network: nn.Module) -> nn.Module:
    """The same network with its weights in the memory format in which convolutions are fastest on a processor."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
