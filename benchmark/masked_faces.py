"""What methods work on: batches of masked faces, training pairs, and conversions between stored pixels and tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmark.faces import FaceGeometry, Points


@dataclass(frozen=True)
class MaskedFaces:
    """A batch of aligned masked faces, as an `Unmasker` sees them.

    Attributes:
        pixels: ``float32 (B, 3, H, W)`` in [0, 1], on the method's device.
        holes: ``float32 (B, 1, H, W)``, 1 = covered; all zeros for a method that declares ``needs_holes = False``.
        landmarks: ``float32 (B, 68, 2)``, pixels of the crop.
        image_ids: one per row.
        true_pixels: ``float32 (B, 3, H, W)``; only for a method whose card says `privileged`, else None.
    """

    pixels: Tensor
    holes: Tensor
    landmarks: Tensor
    image_ids: tuple[str, ...]
    true_pixels: Tensor | None = None

    def part(self, rows: slice) -> MaskedFaces:
        """Some of the faces."""
        return MaskedFaces(
            self.pixels[rows],
            self.holes[rows],
            self.landmarks[rows],
            self.image_ids[rows],
            None if self.true_pixels is None else self.true_pixels[rows],
        )

    def resized(self, size: int) -> MaskedFaces:
        """The same faces with crops of side `size`. A cell of the smaller hole counts if any of it was covered."""
        scale = size / self.pixels.shape[-1]
        return replace(
            self,
            pixels=resized(self.pixels, size),
            holes=(resized(self.holes, size) > 1e-4).float(),
            # pixel centres are at whole numbers, so the corner of the crop is at −0.5
            landmarks=(self.landmarks + 0.5) * scale - 0.5,
            true_pixels=None if self.true_pixels is None else resized(self.true_pixels, size),
        )


@dataclass(frozen=True)
class FoundPoints:
    """Where a face search placed the points of masked faces: beside the true places, and for some faces nowhere.

    Attributes:
        landmarks: ``float32 (N, 68, 2)``, pixels of the crop; NaN where no face was found.
        five_points: ``float32 (N, 5, 2)``, as of `benchmark.faces.FaceGeometry`, likewise.
        detected_points: ``float32 (N, 5, 2)``, likewise; NaN also where the face detector gives none.
    """

    landmarks: Points
    five_points: Points
    detected_points: Points

    def rows(self, index: NDArray[np.intp]) -> FoundPoints:
        """The points of `index`, read into memory."""
        return FoundPoints(self.landmarks[index], self.five_points[index], self.detected_points[index])

    def face(self, row: int) -> FaceGeometry | None:
        """The face of one row; None where none was found."""
        landmarks = self.landmarks[row]
        if not np.isfinite(landmarks).all():
            return None
        box = np.concatenate([landmarks.min(axis=0), landmarks.max(axis=0)]).astype(np.float32)
        return FaceGeometry(box, landmarks, self.five_points[row], self.detected_points[row])

    def __len__(self) -> int:
        return len(self.landmarks)


@dataclass(frozen=True)
class MaskedPairs:
    """Training data: masked faces and the truth under the mask, row by row.

    Attributes:
        masked: ``uint8 (N, S, S, 3)``.
        true: ``uint8 (N, S, S, 3)``.
        holes: ``uint8 (N, S, S)``, 255 = covered.
        landmarks: ``float32 (N, 68, 2)``.
        subject_ids: one per row.
        validation: pairs of other people, for early stopping; never trained on.
        found: where the faces were found on the masked photos; None where nobody looked.
    """

    masked: NDArray[np.uint8]
    true: NDArray[np.uint8]
    holes: NDArray[np.uint8]
    landmarks: Points
    subject_ids: tuple[str, ...]
    validation: MaskedPairs | None = None
    found: FoundPoints | None = None

    def __len__(self) -> int:
        return len(self.masked)

    @property
    def size(self) -> int:
        """Side of a crop, pixels."""
        return int(self.masked.shape[1])

    def rows(self, index: NDArray[np.intp]) -> MaskedPairs:
        """The pairs of `index`, read into memory, without validation."""
        return MaskedPairs(
            self.masked[index],
            self.true[index],
            self.holes[index],
            self.landmarks[index],
            tuple(self.subject_ids[i] for i in index),
            found=None if self.found is None else self.found.rows(index),
        )


def resized(images: Tensor, size: int) -> Tensor:
    """Images ``(B, C, H, W)`` at side `size`: bilinear, averaging what a smaller pixel covers."""
    if images.shape[-2:] == (size, size):
        return images
    return functional.interpolate(images, size=(size, size), mode="bilinear", antialias=True, align_corners=False)


def to_tensor(pixels: NDArray[np.uint8], device: str) -> Tensor:
    """``uint8 (N, H, W, 3)`` to ``float32 (N, 3, H, W)`` in [0, 1] on `device`; `to_pixels` undoes it exactly."""
    return torch.from_numpy(np.array(pixels)).to(device).permute(0, 3, 1, 2).float().div_(255)


def to_holes(holes: NDArray[np.uint8], device: str) -> Tensor:
    """``uint8 (N, H, W)``, non-zero = covered, to ``float32 (N, 1, H, W)`` of zeros and ones on `device`."""
    return torch.from_numpy(np.array(holes)).to(device).gt(0).unsqueeze(1).float()


def to_pixels(images: Tensor) -> NDArray[np.uint8]:
    """``float32 (N, 3, H, W)`` in [0, 1] to ``uint8 (N, H, W, 3)``, rounded and clipped."""
    rounded = images.detach().float().clamp(0, 1).mul(255).round().to(torch.uint8)
    return rounded.permute(0, 2, 3, 1).contiguous().cpu().numpy()
