"""The thesis's first model: a small network that regresses the error between the masked face and the true one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.masked_faces import resized
from benchmark.methods.base import MaskedFaces, MaskedPairs, MethodCard, Unmasker
from benchmark.methods.filling.completion import mean_errors
from benchmark.methods.filling.guided_enlargement import enlarged_along_edges
from benchmark.methods.learned.residual_network import ErrorNetwork
from benchmark.methods.trained_networks import TrainedNetworks, channels_last
from benchmark.plugins import register_method
from benchmark.training.batches import shrunk
from benchmark.training.task import TrainingBatch, TrainingSettings, TrainingTask

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_CHUNK_PIXELS = 256 * 64 * 64


@dataclass(frozen=True)
class RegressorSettings:
    """A preset of the residual regressor.

    Attributes:
        training: length and portions; its `size` is the side at which the loss is taken.
        side: at which the network sees the face, pixels. Its 13 px field of view spans more of a smaller face.
        adds_error_to_crop: the network's error is enlarged along the crop's edges and added to the crop, which keeps
            its detail; otherwise the whole face is shrunk to `side`, restored and enlarged.
        error_scale: largest error, standard deviations of the training pixels.
        adaptive: Adam with a one-cycle learning rate; otherwise plain SGD at a constant one.
        learning_rate: highest.
        hole_weight: loss = mean absolute error in the hole × this + mean absolute error elsewhere; None = the mean
            squared error over the whole face, in normalised units.
        bare_every: of each batch, every so-many-th face is shown without its mask, to learn that a bare face stays as
            it is; None = none.
        max_pairs: training pairs used, the first ones; None = all.
    """

    training: TrainingSettings
    side: int
    adds_error_to_crop: bool
    error_scale: float
    adaptive: bool
    learning_rate: float
    hole_weight: float | None
    bare_every: int | None
    max_pairs: int | None = None


@register_method("residual-regressor")
class ResidualRegressor(TrainedNetworks, Unmasker):
    """Regress the error between masked and true face with six convolutions (thesis section 3).

    Blind: it sees no mask and may change every pixel, so it also changes faces that wear none. Presets:

    * ``tuned`` (default): the network sees 24 px, where its 13 px field of view spans half the face, and its error,
      bounded at four standard deviations, is enlarged along the crop's edges. Adam; the loss is taken at 64 px and
      weighted to the hole, and every fourth training face wears no mask; training stops early on the validation error
      in the hole.
    * ``thesis-64``: as in the thesis: SGD 1e-4, batches of 35, 6 epochs, mean squared error, 64 px, the error bounded
      at one standard deviation. The thesis trained on 87,170 pairs; on fewer it hardly leaves its starting point.
    * ``thesis-1024``: as in the thesis's section 6: the same at 1024 px (``--size 1024``), one face a step, 12 epochs
      of 1,000 faces, within 3 GB of memory. The field of view then is a hundredth of the face's width.

    The normalisation is the mean and standard deviation of each channel over the masked and true training faces.
    """

    card = MethodCard(
        source="S. M. Thakur, Face Recognition of Masked faces by Image Completion using GANS, IIT Madras 2022, "
        "sections 3 and 6, figure 6",
        parameters={"network": 28_643},
    )
    presets: ClassVar[dict[str, RegressorSettings]] = {
        "tuned": RegressorSettings(
            training=TrainingSettings(epochs=12, batch_size=16, size=64, flip=True, patience=3),
            side=24,
            adds_error_to_crop=True,
            error_scale=4.0,
            adaptive=True,
            learning_rate=6e-3,
            hole_weight=4.0,
            bare_every=4,
        ),
        "thesis-64": RegressorSettings(
            training=TrainingSettings(epochs=6, batch_size=35, size=64),
            side=64,
            adds_error_to_crop=False,
            error_scale=1.0,
            adaptive=False,
            learning_rate=1e-4,
            hole_weight=None,
            bare_every=None,
        ),
        "thesis-1024": RegressorSettings(
            training=TrainingSettings(epochs=12, batch_size=1, size=1024),
            side=1024,
            adds_error_to_crop=False,
            error_scale=1.0,
            adaptive=False,
            learning_rate=1e-4,
            hole_weight=None,
            bare_every=None,
            max_pairs=1000,
        ),
    }
    settings: RegressorSettings
    architecture = "residual-regressor 1"
    stored = ("network",)
    names_in_file: ClassVar[dict[str, str]] = {"network": ""}
    seeded_by = ("residual-regressor weights",)
    needs_holes = False
    keeps_known_pixels = False

    def __init__(self, *, preset: str | None = None, seed: int = 0, device: str = "cpu") -> None:
        super().__init__(preset=preset, seed=seed, device=device)
        if not self.settings.adds_error_to_crop:
            self.working_size = self.settings.side

    def build(self, side: int) -> dict[str, nn.Module]:  # noqa: ARG002
        """The network, whose normalisation is still to be set."""
        return {"network": channels_last(ErrorNetwork(self.settings.error_scale))}

    def prepare(self, modules: dict[str, nn.Module], pairs: MaskedPairs, *, side: int) -> None:
        """Take the normalisation from the training pixels."""
        network = cast("ErrorNetwork", modules["network"])
        for buffer, values in zip((network.mean, network.std), _pixel_statistics(pairs, side), strict=True):
            buffer.copy_(values)

    def task(self, modules: dict[str, nn.Module], *, side: int, steps: int) -> TrainingTask:  # noqa: ARG002
        """Making input + error equal the true face."""
        return RegressionTask(cast("ErrorNetwork", modules["network"]), self.settings, steps=steps)

    def fit(self, pairs: MaskedPairs, *, progress: Any) -> None:
        """Train on as many pairs as the preset takes."""
        super().fit(_first(pairs, self.settings.max_pairs), progress=progress)

    def restore(self, faces: MaskedFaces) -> Tensor:
        """Input + error, in [0, 1]."""
        network = cast("ErrorNetwork", self.modules["network"])
        return _restored(faces.pixels, network, network, self.settings.side).clamp(0, 1)


class RegressionTask(TrainingTask):
    """Make input + error equal the true face.

    Args:
        network: with its normalisation set.
        settings: loss and optimiser.
        steps: the number of steps of the whole training, for the one-cycle learning rate.
    """

    monitor = "hole_error"

    def __init__(self, network: ErrorNetwork, settings: RegressorSettings, *, steps: int) -> None:
        self._settings = settings
        self._network = network
        if settings.adaptive:
            optimiser: torch.optim.Optimizer = torch.optim.Adam(
                network.parameters(), lr=settings.learning_rate, fused=True
            )
            cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=steps + 1)
            super().__init__({"network": network}, {"network": optimiser}, {"network": cycle})
        else:
            optimiser = torch.optim.SGD(network.parameters(), lr=settings.learning_rate)
            super().__init__({"network": network}, {"network": optimiser})

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """One step down the loss."""
        shown, true = batch.masked.contiguous(), batch.true.contiguous()  # see `enlarged_along_edges`
        if self._settings.bare_every is not None:
            bare = torch.arange(len(shown), device=shown.device) % self._settings.bare_every == 0
            shown = torch.where(bare.view(-1, 1, 1, 1), true, shown)
        loss = self._loss(self._restore(shown), true, batch.holes)
        self.descend("network", loss, fabric)
        return {"loss": loss}

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """Mean absolute error, pixel values in [0, 1], in the hole, elsewhere, and on the face without mask."""
        inside, outside = mean_errors(self._restore(batch.masked).clamp(0, 1), batch.true, batch.holes)
        bare = (self._restore(batch.true).clamp(0, 1) - batch.true).abs().flatten(1).mean(1)
        return {"hole_error": inside, "known_error": outside, "bare_error": bare}

    def sample(self, batch: TrainingBatch) -> Sequence[Tensor]:
        """Masked faces, restored ones, true ones."""
        one_by_one = [self._restore(face[None]) for face in batch.masked]  # eight large faces at once fill the memory
        return batch.masked, torch.cat(one_by_one).clamp(0, 1), batch.true

    def _restore(self, images: Tensor) -> Tensor:
        return _restored(images, self.modules["network"], self._network, self._settings.side)

    def _loss(self, restored: Tensor, true: Tensor, holes: Tensor) -> Tensor:
        if self._settings.hole_weight is None:
            return functional.mse_loss(restored / self._network.std, true / self._network.std)
        inside, outside = mean_errors(restored, true, holes)
        return (self._settings.hole_weight * inside + outside).mean()


def _restored(images: Tensor, network: nn.Module, scale: ErrorNetwork, side: int) -> Tensor:
    """Input + error, in [0, 1] but not clamped; the error is found at `side` (or below, if the faces are smaller).

    Args:
        images: ``(B, 3, S, S)`` in [0, 1].
        network: gives the error; `scale` itself, or what the training loop wrapped around it.
        scale: holds the normalisation.
        side: pixels.
    """
    planes = images.contiguous()
    small = resized(planes, min(images.shape[-1], side))
    error: Tensor = network(scale.normalise(small)).float() * scale.std
    return planes + enlarged_along_edges(error, planes, small)


def _first(pairs: MaskedPairs, most: int | None) -> MaskedPairs:
    """The first `most` pairs, not copied; validation as it is."""
    return replace(
        pairs,
        masked=pairs.masked[:most],
        true=pairs.true[:most],
        holes=pairs.holes[:most],
        landmarks=pairs.landmarks[:most],
        subject_ids=pairs.subject_ids[:most],
    )


def _pixel_statistics(pairs: MaskedPairs, size: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, ``(1, 3, 1, 1)``, over the training faces at side `size`."""
    count, total, squares = 0, np.zeros(3), np.zeros(3)
    chunk = max(1, _CHUNK_PIXELS // pairs.size**2)
    for start in range(0, len(pairs), chunk):
        for images in (pairs.masked, pairs.true):
            values = shrunk(np.asarray(images[start : start + chunk]), size).reshape(-1, 3) / 255.0
            count += len(values)
            total += values.sum(axis=0)
            squares += np.square(values).sum(axis=0)
    mean = total / max(1, count)
    std = np.sqrt(np.maximum(squares / max(1, count) - mean**2, 1e-8))
    as_tensor = [torch.from_numpy(values.astype(np.float32)).view(1, 3, 1, 1) for values in (mean, std)]
    return as_tensor[0], as_tensor[1]
