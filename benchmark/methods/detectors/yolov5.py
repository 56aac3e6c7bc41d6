"""The thesis's detector: YOLOv5 draws a box round the mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from benchmark.masked_faces import resized, to_tensor
from benchmark.methods.base import MethodCard
from benchmark.methods.detectors.base import Detector
from benchmark.methods.detectors.yolov5_network import NEEDS, STRIDE, MaskYolo
from benchmark.methods.trained_networks import TrainedNetworks
from benchmark.plugins import register_method
from benchmark.training.task import TrainingBatch, TrainingSettings, TrainingTask

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_BATCH = 32


@dataclass(frozen=True)
class YoloSettings:
    """A preset.

    Attributes:
        training: length and portions; faces are trained on, and looked at, in the largest side that is at most its
            `size` (and the training faces') and divisible by 32.
        adaptive: AdamW with a one-cycle learning rate; otherwise YOLOv5's own: SGD with Nesterov momentum, a warm-up
            and a linear fall to a hundredth.
        learning_rate: highest.
        confidence: a box of a lower score is none.
        without_straps: thin parts of the mask, up to this share of the side, do not widen the box to learn; 0 = the
            box of the whole mask.
        rounded: the lower half of the box is filled as half an ellipse, as masks end; otherwise the whole box is.
    """

    training: TrainingSettings
    adaptive: bool
    learning_rate: float
    confidence: float
    without_straps: float
    rounded: bool


@register_method("yolov5")
class Yolov5Detector(TrainedNetworks, Detector):
    """Detector: YOLOv5n draws a box round the mask (thesis section 11); what is not cloth in the box is lost too.

    Trained from its initial weights on masked faces and, as examples of nothing to find, on the same faces without
    mask. The best box is taken, if it is good enough. Presets:

    * ``tuned`` (default): 64 px, AdamW; the box ignores straps, and its lower half is filled as half an ellipse.
    * ``thesis``: 60 epochs with YOLOv5's own optimiser at 160 px at most; the box of the whole mask, filled. The thesis
      names only the epochs.
    """

    card = MethodCard(
        source="S. M. Thakur, IIT Madras 2022, section 11; G. Jocher, YOLOv5, 2020, in the ultralytics package",
        licence="code here MIT; the package ultralytics, and by its authors' reading weights trained with it, AGPL-3.0",
        parameters={"yolov5n": 2_508_643},
    )
    needs = NEEDS
    presets: ClassVar[dict[str, YoloSettings]] = {
        "tuned": YoloSettings(
            training=TrainingSettings(epochs=10, batch_size=16, size=64, flip=True, max_steps=1_000),
            adaptive=True,
            learning_rate=2e-3,
            confidence=0.5,
            without_straps=0.08,
            rounded=True,
        ),
        "thesis": YoloSettings(
            training=TrainingSettings(epochs=60, batch_size=16, size=160, flip=True),
            adaptive=False,
            learning_rate=1e-2,
            confidence=0.25,
            without_straps=0.0,
            rounded=False,
        ),
    }
    settings: YoloSettings
    architecture = "yolov5n, one class, 1"
    stored = ("yolov5n",)
    names_in_file: ClassVar[dict[str, str]] = {"yolov5n": ""}
    seeded_by = ("yolov5 weights",)

    @classmethod
    def parameter_counts(cls) -> dict[str, int]:
        """What the card says: the package takes seconds to import."""
        return dict(cls.card.parameters)

    def build(self, side: int) -> dict[str, nn.Module]:  # noqa: ARG002
        """YOLOv5n with one class."""
        return {"yolov5n": MaskYolo()}

    def task(self, modules: dict[str, nn.Module], *, side: int, steps: int) -> TrainingTask:
        """Learning where masks are."""
        return BoxTask(modules["yolov5n"], self.settings, side=side, steps=steps)

    def detect(
        self,
        pixels: NDArray[np.uint8],
        true_holes: NDArray[np.uint8] | None,  # noqa: ARG002
        image_ids: tuple[str, ...],  # noqa: ARG002
    ) -> NDArray[np.uint8]:
        """The best box of each face, filled, ``uint8 (N, S, S)``."""
        size = pixels.shape[1]
        found = np.zeros(pixels.shape[:3], dtype=np.uint8)
        for start in range(0, len(pixels), _BATCH):
            batch = np.asarray(pixels[start : start + _BATCH])
            # always a full batch: a face's answer must not depend on how many others there are
            full = np.concatenate([batch, np.repeat(batch[-1:], _BATCH - len(batch), axis=0)])
            with torch.inference_mode():
                candidates = self.modules["yolov5n"](resized(to_tensor(full, self.device), self.side))
                holes = filled(
                    best_boxes(candidates, self.settings.confidence) / self.side, size, self.settings.rounded
                )
            found[start : start + len(batch)] = np.where(holes[: len(batch)].cpu().numpy(), np.uint8(255), np.uint8(0))
        return found

    def _set_side(self, side: int) -> None:
        super()._set_side(max(STRIDE, side // STRIDE * STRIDE))


class BoxTask(TrainingTask):
    """Masked faces with the boxes round their masks, and bare faces with none, in equal parts."""

    monitor = "error"

    def __init__(self, network: nn.Module, settings: YoloSettings, *, side: int, steps: int) -> None:
        self._settings = settings
        self._side = side
        rate = settings.learning_rate
        optimiser: torch.optim.Optimizer
        schedule: torch.optim.lr_scheduler.LRScheduler
        if settings.adaptive:
            optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
            schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.15)
        else:
            optimiser = torch.optim.SGD(network.parameters(), rate, momentum=0.937, weight_decay=5e-4, nesterov=True)
            warm = max(1, min(1000, steps // 20))
            schedule = torch.optim.lr_scheduler.LambdaLR(
                optimiser, lambda step: min(1.0, (step + 1) / warm) * (1 - 0.99 * min(1.0, step / max(1, steps)))
            )
        super().__init__({"yolov5n": network}, {"yolov5n": optimiser}, {"yolov5n": schedule})

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """One step down YOLO's loss: boxes (IoU and distribution focal loss) and scores."""
        rows, boxes = true_boxes(batch.holes, self._settings.without_straps)
        images = resized(torch.cat([batch.masked, batch.true]), self._side)
        loss: Tensor = self.modules["yolov5n"](images, boxes, rows)
        fabric.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.modules["yolov5n"].parameters(), 10.0)
        self.optimisers["yolov5n"].step()
        self.optimisers["yolov5n"].zero_grad()
        return {"loss": loss}

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """Intersection over union of the filled box with the mask, masks found on bare faces, and their joint error."""
        found, covered = self._found(batch.masked), batch.holes[:, 0] > 0
        union = (found | covered).flatten(1).sum(1).clamp(min=1)
        iou = (found & covered).flatten(1).sum(1) / union
        bare = self._found(batch.true).flatten(1).any(1).float()
        return {"error": 1 - iou + bare, "iou": iou, "bare_found": bare}

    def sample(self, batch: TrainingBatch) -> Sequence[Tensor]:
        """Masked faces, what is found on them tinted red, and the bare faces likewise."""
        red = torch.tensor([1.0, 0.0, 0.0], device=batch.masked.device).view(1, 3, 1, 1)
        tinted = [
            torch.where(self._found(images).unsqueeze(1), (images + red) / 2, images)
            for images in (batch.masked, batch.true)
        ]
        return (batch.masked, *tinted)

    def _found(self, images: Tensor) -> Tensor:
        candidates = self.modules["yolov5n"](resized(images, self._side)).float()
        boxes = best_boxes(candidates, self._settings.confidence) / self._side
        return filled(boxes, images.shape[-1], self._settings.rounded)


def true_boxes(holes: Tensor, without_straps: float) -> tuple[Tensor, Tensor]:
    """The boxes round true masks.

    Args:
        holes: ``(B, 1, S, S)``, 1 = covered.
        without_straps: see `YoloSettings`.

    Returns:
        ``float32 (M,)``, the row of each box, and ``(M, 4)``: centre x, centre y, width, height, shares of the side.
    """
    side = holes.shape[-1]
    width = int(without_straps * side) // 2 * 2 + 1
    opened = holes
    if width > 1:
        eroded = 1 - functional.max_pool2d(1 - holes, width, stride=1, padding=width // 2)
        opened = functional.max_pool2d(eroded, width, stride=1, padding=width // 2)
        opened = torch.where(opened.flatten(1).any(1).view(-1, 1, 1, 1), opened, holes)
    rows, boxes = [], []
    for row, hole in enumerate(opened[:, 0] > 0):
        lines, columns = hole.any(1).nonzero().flatten(), hole.any(0).nonzero().flatten()
        if len(lines):
            left, right, top, bottom = columns[0], columns[-1] + 1, lines[0], lines[-1] + 1
            rows.append(float(row))
            boxes.append(torch.stack([left + right, top + bottom, 2 * (right - left), 2 * (bottom - top)]) / (2 * side))
    if not rows:
        return holes.new_zeros(0), holes.new_zeros(0, 4)
    return holes.new_tensor(rows), torch.stack(boxes).to(holes.dtype)


def best_boxes(candidates: Tensor, confidence: float) -> Tensor:
    """Of candidates ``(B, 5, A)`` the one of the highest score each, ``(B, 4)``: centre x, centre y, width, height.

    A face whose best score is below `confidence` gets a box of no size.
    """
    scores, place = candidates[:, 4].max(dim=1)
    boxes = candidates[torch.arange(len(candidates), device=candidates.device), :4, place]
    return torch.where((scores >= confidence).unsqueeze(1), boxes, torch.zeros_like(boxes))


def filled(boxes: Tensor, size: int, rounded: bool) -> Tensor:
    """Boxes as regions, ``bool (B, size, size)``.

    Args:
        boxes: ``(B, 4)``: centre x, centre y, width, height, shares of the side.
        size: pixels.
        rounded: fill the lower half as half an ellipse.
    """
    places = (torch.arange(size, device=boxes.device) + 0.5) / size
    x, y, width, height = (boxes[:, part].view(-1, 1, 1) for part in range(4))
    across = (places.view(1, 1, -1) - x) / (width / 2).clamp(min=1e-6)
    down = (places.view(1, -1, 1) - y) / (height / 2).clamp(min=1e-6)
    inside = (across.abs() <= 1) & (down.abs() <= 1)
    return inside & ((down < 0) | (across.square() + down.square() <= 1)) if rounded else inside
