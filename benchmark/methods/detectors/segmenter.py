"""The detector that completers use by default: a small network that marks the mask's pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from benchmark.masked_faces import resized, to_tensor
from benchmark.methods.base import MethodCard
from benchmark.methods.detectors.base import Detector
from benchmark.methods.detectors.found_region import around_the_sure, cleaned
from benchmark.methods.detectors.segmenter_examples import ExampleSettings, SegmenterExamples
from benchmark.methods.detectors.segmenter_network import MaskUNet
from benchmark.methods.trained_networks import TrainedNetworks, channels_last
from benchmark.plugins import register_method
from benchmark.training.task import TrainingBatch, TrainingSettings, TrainingTask

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_SIDE = 64
_BATCH = 32


@dataclass(frozen=True)
class SegmenterSettings:
    """A preset of the segmenter.

    Attributes:
        training: length and portions; `size` must be divisible by 8.
        learning_rate: highest of the one-cycle schedule.
        smallest: gaps smaller than this share of the crop are filled, and regions smaller than it are dropped.
        covered: probability above which a pixel may be covered.
        sure: probability above which it is surely covered.
        least_sure: share of the crop that must surely be covered in every region.
        examples: how the faces vary that it learns from.
    """

    training: TrainingSettings
    learning_rate: float
    smallest: float
    covered: float = 0.45
    sure: float = 0.8
    least_sure: float = 0.05
    examples: ExampleSettings = field(default_factory=ExampleSettings)


@register_method("segmenter")
class Segmenter(TrainedNetworks, Detector):
    """Detector: a small U-Net marks the mask; finds nothing on a bare face.

    It works on faces of 64 px, learns from faces with drawn masks and with masks of any outline and cloth and, as
    examples of nothing to find, from bare ones, and never sees a recogniser. Its answers to the face and to its mirror
    image are averaged and enlarged to the crop; a region that is nowhere sure is dropped.
    """

    version = 4

    card = MethodCard(source="after Ronneberger, Fischer, Brox: U-Net, MICCAI 2015", parameters={"segmenter": 64_972})
    presets: ClassVar[dict[str, SegmenterSettings]] = {
        "default": SegmenterSettings(
            training=TrainingSettings(epochs=40, batch_size=16, size=_SIDE, flip=True, patience=40, max_steps=15_000),
            learning_rate=1e-2,
            smallest=0.03,
        )
    }
    settings: SegmenterSettings
    architecture = "segmenter 1"
    stored = ("segmenter",)
    names_in_file: ClassVar[dict[str, str]] = {"segmenter": ""}
    seeded_by = ("segmenter weights",)

    def build(self, side: int) -> dict[str, nn.Module]:  # noqa: ARG002
        """The U-Net."""
        return {"segmenter": channels_last(MaskUNet())}

    def task(self, modules: dict[str, nn.Module], *, side: int, steps: int) -> TrainingTask:  # noqa: ARG002
        """Telling masked pixels from bare ones."""
        return SegmentationTask(modules["segmenter"], self.settings, steps=steps, seed=self.seed)

    def detect(
        self,
        pixels: NDArray[np.uint8],
        true_holes: NDArray[np.uint8] | None,  # noqa: ARG002
        image_ids: tuple[str, ...],  # noqa: ARG002
    ) -> NDArray[np.uint8]:
        """The mask found on each face, ``uint8 (N, S, S)``."""
        settings = self.settings
        found = np.zeros(pixels.shape[:3], dtype=np.uint8)
        for start in range(0, len(pixels), _BATCH):
            batch = np.asarray(pixels[start : start + _BATCH])
            # always a full batch: a face's answer must not depend on how many others there are
            full = np.concatenate([batch, np.repeat(batch[-1:], _BATCH - len(batch), axis=0)])
            for row, probabilities in enumerate(self._probabilities(full)[: len(batch)]):
                region = around_the_sure(
                    probabilities, covered=settings.covered, sure=settings.sure, least_sure=settings.least_sure
                )
                found[start + row] = cleaned(region, smallest=settings.smallest)
        return found

    def _probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How probably each pixel is covered, ``float32 (N, S, S)``: by the face and its mirror image together."""
        small = _at_working_side(pixels, self.device)
        network = self.modules["segmenter"]
        with torch.inference_mode():
            logits = (network(small) + network(small.flip(-1)).flip(-1)) / 2
            covered: Tensor = resized(logits.sigmoid().float(), pixels.shape[1])[:, 0]
        return covered.cpu().numpy()


class SegmentationTask(TrainingTask):
    """Masked faces with their masks, and bare faces with none, in equal parts.

    The loss is binary cross-entropy on both plus the Dice loss on the masked ones. Milletari, Navab and Ahmadi, V-Net,
    2016, equation 1 (with sums in place of squares).
    """

    monitor = "error"

    def __init__(self, network: nn.Module, settings: SegmenterSettings, *, steps: int, seed: int) -> None:
        optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=1e-3, fused=True)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=steps + 1)
        super().__init__({"segmenter": network}, {"segmenter": optimiser}, {"segmenter": cycle})
        self._examples = SegmenterExamples(settings.examples, seed=seed)

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """One step down the loss."""
        batch = self._examples.varied(batch, purpose="training")
        masked, bare = self._logits(batch)
        entropy = functional.binary_cross_entropy_with_logits(
            torch.cat([masked, bare]), torch.cat([batch.holes, torch.zeros_like(batch.holes)])
        )
        dice = 1 - _overlap(masked.sigmoid(), batch.holes).mean()
        self.descend("segmenter", entropy + dice, fabric)
        return {"loss": entropy + dice, "entropy": entropy, "dice": dice}

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """Intersection over union, share of a bare face that is marked, and their joint error: of the faces as they
        are, of varied ones (the same after every epoch), and the mean error of both."""
        plain = self._figures(batch)
        varied = self._figures(self._examples.varied(replace(batch, step=0), purpose="validation"))
        error = (plain["error"] + varied["error"]) / 2
        return {**plain, "error": error, **{f"varied_{name}": values for name, values in varied.items()}}

    def _figures(self, batch: TrainingBatch) -> dict[str, Tensor]:
        masked, bare = (logits > 0 for logits in self._logits(batch))
        covered = batch.holes > 0
        union = (masked | covered).flatten(1).sum(1).clamp(min=1)
        iou = (masked & covered).flatten(1).sum(1) / union
        marked = bare.flatten(1).float().mean(1)
        return {"error": 1 - iou + marked, "iou": iou, "bare_marked": marked}

    def sample(self, batch: TrainingBatch) -> Sequence[Tensor]:
        """Masked faces; what is found on them, and what is true, tinted red; the bare faces, likewise."""
        batch = self._examples.varied(batch, purpose="sample")
        masked, bare = (logits > 0 for logits in self._logits(batch))
        return (
            batch.masked,
            _tinted(batch.masked, masked),
            _tinted(batch.masked, batch.holes > 0),
            _tinted(batch.true, bare),
        )

    def _logits(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        logits: Tensor = self.modules["segmenter"](torch.cat([batch.masked, batch.true])).float()
        return logits[: len(batch.masked)], logits[len(batch.masked) :]


def _overlap(probabilities: Tensor, holes: Tensor) -> Tensor:
    """Dice coefficient of each face, ``(B,)``."""
    both = (probabilities * holes).flatten(1).sum(1)
    return (2 * both + 1) / (probabilities.flatten(1).sum(1) + holes.flatten(1).sum(1) + 1)


def _tinted(images: Tensor, region: Tensor) -> Tensor:
    red = torch.tensor([1.0, 0.0, 0.0], device=images.device).view(1, 3, 1, 1)
    return torch.where(region, (images + red) / 2, images)


def _at_working_side(pixels: NDArray[np.uint8], device: str) -> Tensor:
    return resized(to_tensor(pixels, device), _SIDE)
