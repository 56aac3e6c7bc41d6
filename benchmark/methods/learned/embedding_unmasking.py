"""The embedding unmasking model: a small network that repairs the embedding of a masked face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from benchmark.errors import BenchmarkError, RequestError
from benchmark.methods.base import MethodCard, TemplateMapper, TemplatePairs
from benchmark.methods.weights import load_network, read_about, save_network
from benchmark.plugins import register_method
from benchmark.training.determinism import torch_seeded

_ARCHITECTURE = "embedding-unmasking 1"
_LAYERS = 4
_SLOPE = 0.2


@dataclass(frozen=True)
class UnmaskingSettings:
    """A preset of `EmbeddingUnmasking`.

    Attributes:
        steps: of the training.
        batch_size: embeddings per step, at most.
        learning_rate: the highest; it falls to a tenth after each third of the training.
        margin: of the triplet loss, in squared distance between embeddings of unit length (0 to 4).
    """

    steps: int = 900
    batch_size: int = 512
    learning_rate: float = 0.1
    margin: float = 2.0


@register_method("embedding-unmasking")
class EmbeddingUnmasking(TemplateMapper):
    """Map masked embeddings to true ones by a small network with a self-restrained triplet loss.

    Boutros, Damer, Kirchbuchner, Kuijper: *Self-restrained triplet loss for accurate masked face recognition*, Pattern
    Recognition 124, 2022: four layers as wide as the embedding, each normalised over the batch. The network works on
    directions: it is shown embeddings of unit length, and its answers are given the mean length of the true training
    embeddings, so that a recogniser which compares distances can use them.
    """

    card = MethodCard(
        source="Boutros, Damer, Kirchbuchner, Kuijper, Self-restrained triplet loss, Pattern Recognition 124, 2022; "
        "the definition of the network and of the loss is this project's"
    )
    presets: ClassVar[dict[str, UnmaskingSettings]] = {"default": UnmaskingSettings()}
    settings: UnmaskingSettings
    network: nn.Sequential | None = None
    length: float = 1.0
    """Mean Euclidean length of the true training embeddings."""

    def fit(self, pairs: TemplatePairs, *, progress: Any) -> None:
        """Train; rows in which either embedding is NaN are left out.

        Raises:
            RequestError: there are fewer than two people.
        """
        whole = pairs.complete()
        _, codes = np.unique(np.asarray(whole.subject_ids), return_inverse=True)
        people = torch.from_numpy(codes.astype(np.int64))
        count = int(people.max()) + 1 if len(people) else 0
        if count < 2:
            raise RequestError(
                f"embedding-unmasking needs embeddings of at least two training people and was given {count}; train on "
                "more people (raise --train-limit)"
            )
        self.length = float(np.linalg.norm(whole.true, axis=1).mean())
        masked, true = (functional.normalize(torch.from_numpy(np.array(part))) for part in (whole.masked, whole.true))
        with torch.inference_mode(False), torch_seeded(self.seed, "embedding-unmasking"):
            self.network = _network(masked.shape[1])
            self._train(self.network, masked, true, people, progress)
        self.network.eval()

    def map(self, masked: NDArray[np.float32]) -> NDArray[np.float32]:
        """Repaired embeddings, all of one length; NaN rows stay NaN."""
        if self.network is None:
            raise BenchmarkError("embedding-unmasking was used before fit() or load()")
        with torch.inference_mode():
            shown = functional.normalize(torch.from_numpy(np.array(masked, dtype=np.float32)))
            repaired: NDArray[np.float32] = (self.length * functional.normalize(self.network(shown))).numpy()
        return repaired

    def save(self, folder: Path) -> None:
        """Write the network and the length."""
        if self.network is None:
            raise BenchmarkError("embedding-unmasking has learned nothing to save")
        save_network(folder, _ARCHITECTURE, self.network, length=self.length, size=self.network[0].in_features)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        about = read_about(folder, _ARCHITECTURE)
        self.network, self.length = _network(int(about["size"])), float(about["length"])
        load_network(folder, _ARCHITECTURE, self.network)
        self.network.eval()

    def _train(self, network: nn.Sequential, masked: Tensor, true: Tensor, people: Tensor, progress: Any) -> None:
        settings = self.settings
        optimiser = torch.optim.SGD(network.parameters(), lr=settings.learning_rate, momentum=0.9, nesterov=True)
        schedule = torch.optim.lr_scheduler.StepLR(optimiser, step_size=max(1, settings.steps // 3), gamma=0.1)
        size = min(settings.batch_size, len(masked))
        network.train()
        with progress.bar("fit embedding-unmasking", total=settings.steps, unit="step") as bar:
            for _ in range(settings.steps):
                rows = torch.randperm(len(masked))[:size]
                loss = self_restrained_triplet_loss(
                    network(masked[rows]), true[rows], true[strangers_of(rows, people)], margin=settings.margin
                )
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
                bar.update(1)


def self_restrained_triplet_loss(anchors: Tensor, positives: Tensor, negatives: Tensor, *, margin: float) -> Tensor:
    """The mean over the batch of max(d(a, p) − d(a, n) + margin, 0), d being squared distances of unit vectors.

    As soon as the anchors are on average as far from the negatives as the positives are, the mean of d(p, n) stands in
    for d(a, n): anchors then are only drawn to their positives. Boutros et al. 2022.

    Args:
        anchors: ``(B, D)``, repaired embeddings.
        positives: ``(B, D)``, true embeddings of the same people.
        negatives: ``(B, D)``, true embeddings of others.
        margin: in squared distance.

    >>> a, p, n = torch.tensor([[1.0, 0]]), torch.tensor([[1.0, 0]]), torch.tensor([[-1.0, 0]])
    >>> float(self_restrained_triplet_loss(a, p, n, margin=5.0))
    1.0
    """
    anchors, positives, negatives = (functional.normalize(part) for part in (anchors, positives, negatives))
    to_positive = (anchors - positives).square().sum(dim=1)
    to_negative = (anchors - negatives).square().sum(dim=1)
    apart = (positives - negatives).square().sum(dim=1).mean()
    pushed = torch.where(to_negative.mean() >= apart, apart, to_negative)
    return functional.relu(to_positive - pushed + margin).mean()


def strangers_of(rows: Tensor, people: Tensor) -> Tensor:
    """For each of `rows` another row that is of another person, ``int64 (B,)``, drawn from PyTorch's stream.

    Args:
        rows: ``int64 (B,)``.
        people: ``int64 (N,)``, a code of each row's person; at least two differ.

    >>> people = torch.tensor([0, 0, 1])
    >>> strangers_of(torch.tensor([0, 1]), people).tolist()
    [2, 2]
    """
    order = torch.argsort(people, stable=True)
    counts = torch.bincount(people)
    first = torch.cumsum(counts, dim=0) - counts
    own = people[rows]
    # a place among all rows but those of the person, which lie together in `order`
    places = (torch.rand(len(rows), dtype=torch.float64) * (len(people) - counts[own])).long()
    return order[torch.where(places >= first[own], places + counts[own], places)]


def _network(size: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(_LAYERS):
        layers += [nn.Linear(size, size), nn.BatchNorm1d(size)]
        if number < _LAYERS - 1:
            layers.append(nn.LeakyReLU(_SLOPE))
    return nn.Sequential(*layers)
