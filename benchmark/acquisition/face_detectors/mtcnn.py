"""MTCNN with the weights of the package ``facenet-pytorch``: three small networks, each refining the one before."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from benchmark.acquisition.face_detectors.base import (
    NOTHING,
    FaceDetector,
    FoundFaces,
    shrunk_copy,
    smallest_face,
)
from benchmark.acquisition.face_detectors.mtcnn_boxes import (
    Boxes,
    inside,
    pyramid,
    refined,
    squared,
    unsuppressed,
    window_boxes,
)
from benchmark.acquisition.landmarks import landmark_boxes
from benchmark.cards import AVAILABLE, Availability, FaceDetectorCard
from benchmark.errors import PluginError
from benchmark.faces import Image
from benchmark.torchvision_operators import provide_operators

INSTALL = "pip install --no-deps 'facenet-pytorch>=2.5.3,<2.6' torchvision"
_THRESHOLDS = (0.6, 0.7, 0.7)
"""Scores that a candidate must reach in each of the three networks: the authors' (Zhang et al. 2016)."""
_BATCHES = {"cuda": 16}
"""Photos at once; on a processor several at once are no faster than one by one."""
_CROPS_ON_GPU = 256
"""Candidates at once on a GPU, always so many: libraries choose their sums by size, and what is found in a photo must
not depend on the photos beside it."""


@dataclass(frozen=True)
class _Candidates:
    """Possible faces of a batch of photos: the photo of each, its box, and its score."""

    photo: NDArray[np.int64]
    boxes: Boxes
    scores: NDArray[np.float32]

    def take(self, rows: NDArray[Any]) -> _Candidates:
        return _Candidates(self.photo[rows], self.boxes[rows], self.scores[rows])

    def kept_by_photo(self, overlap: float, *, of_smaller: bool = False) -> NDArray[np.int64]:
        """Rows that no better candidate of the same photo overlaps by more than `overlap`."""
        kept = [np.empty(0, dtype=np.int64)]
        for photo in np.unique(self.photo):
            rows = np.flatnonzero(self.photo == photo)
            kept.append(rows[unsuppressed(self.boxes[rows], self.scores[rows], overlap, of_smaller=of_smaller)])
        return np.concatenate(kept)


class Mtcnn(FaceDetector):
    """Multi-task cascaded networks: faces with eye centres, nose tip and mouth corners, also turned and covered ones.

    The networks and their weights are those of the package. The cascade around them is our own: the package's cascade
    separates several photos by adding offsets to the boxes, so that their rounding depends on the other photos. On
    single photos both agree except where scores are equal.
    """

    card = FaceDetectorCard(
        summary="MTCNN, three cascaded networks, with the weights of facenet-pytorch",
        source="Zhang et al., Joint Face Detection and Alignment Using Multi-task Cascaded CNNs, SPL 2016",
        licence="MIT (facenet-pytorch, code and weights)",
        trained_on=("wider-face", "celeba"),
        parameters={"P-Net": 6_632, "R-Net": 100_178, "O-Net": 389_040},
    )

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._networks = _load_networks(self.device)

    @classmethod
    def availability(cls) -> Availability:
        """Whether the packages are installed; nothing is imported."""
        missing = [name for name in ("facenet_pytorch", "torchvision") if importlib.util.find_spec(name) is None]
        if missing:
            return Availability(False, f"{' and '.join(missing)} not installed: {INSTALL}")
        return AVAILABLE

    @classmethod
    def batch(cls, device: str) -> int:
        """How many photos it is best given at once."""
        return _BATCHES.get(torch.device(device).type, 1)

    def detect(self, photos: Sequence[Image]) -> list[FoundFaces]:
        """The faces of each photo; photos whose searched copies are of one size share their batches."""
        copies = [shrunk_copy(photo, self.min_face) for photo in photos]
        found: list[FoundFaces] = [NOTHING] * len(photos)
        by_size: dict[tuple[tuple[int, ...], float], list[int]] = {}
        for row, (photo, (copy, scale)) in enumerate(zip(photos, copies, strict=True)):
            by_size.setdefault((copy.shape, scale * smallest_face(photo, self.min_face)), []).append(row)
        size = self.batch(self.device)
        for (_, smallest), rows in by_size.items():
            for start in range(0, len(rows), size):
                batch = rows[start : start + size]
                faces = self._search(np.stack([copies[row][0] for row in batch]), smallest, size)
                for row, of_photo in zip(batch, faces, strict=True):
                    found[row] = _enlarged(of_photo, copies[row][1])
        return found

    @torch.inference_mode()
    def _search(self, copies: NDArray[np.uint8], smallest: float, size: int) -> list[FoundFaces]:
        """Faces of photos of one size ``uint8 (B, H, W, 3)``, B ≤ size."""
        filled = np.zeros((size, *copies.shape[1:]), dtype=np.uint8)
        filled[: len(copies)] = copies
        pixels = torch.from_numpy(filled).to(self.device).permute(0, 3, 1, 2).float()
        candidates = self._proposed(pixels, len(copies), smallest)
        candidates, offsets, _ = self._judged(1, pixels, candidates, side=24)
        kept = candidates.kept_by_photo(0.7)
        candidates = candidates.take(kept)
        candidates = _Candidates(candidates.photo, squared(refined(candidates.boxes, offsets[kept])), candidates.scores)
        candidates, offsets, places = self._judged(2, pixels, candidates, side=48)
        left_top = candidates.boxes[:, None, :2]
        sides = candidates.boxes[:, None, 2:] - left_top + 1
        points = left_top + places.reshape(-1, 2, 5).transpose(0, 2, 1) * sides - 1
        candidates = _Candidates(candidates.photo, refined(candidates.boxes, offsets), candidates.scores)
        kept = candidates.kept_by_photo(0.7, of_smaller=True)
        candidates, points = candidates.take(kept), points[kept]
        return [_found(candidates, points, candidates.photo == photo) for photo in range(len(copies))]

    def _proposed(self, pixels: Tensor, count: int, smallest: float) -> _Candidates:
        """P-Net slid over an image pyramid: squares that may hold a face."""
        height, width = pixels.shape[2:]
        parts = []
        for scale in pyramid(width, height, smallest):
            size = (int(height * scale + 1), int(width * scale + 1))
            offsets, scores = self._networks[0](_normalised(functional.interpolate(pixels, size, mode="area")))
            of_face = scores[:count, 1].cpu().numpy()
            photo, row, column = np.nonzero(of_face >= _THRESHOLDS[0])
            of_window = offsets[:count].permute(0, 2, 3, 1).cpu().numpy()[photo, row, column]
            here = _Candidates(photo, window_boxes(row, column, scale), of_face[photo, row, column])
            kept = here.kept_by_photo(0.5)
            parts.append((here.take(kept), of_window[kept]))
        if not parts:  # a strip too narrow for the smallest window
            return _Candidates(np.empty(0, np.int64), np.empty((0, 4), np.float32), np.empty(0, np.float32))
        offsets = np.concatenate([of_window for _, of_window in parts])
        everything = _Candidates(
            *(np.concatenate([getattr(part, name) for part, _ in parts]) for name in ("photo", "boxes", "scores"))
        )
        kept = everything.kept_by_photo(0.7)
        chosen = everything.take(kept)
        return _Candidates(chosen.photo, squared(refined(chosen.boxes, offsets[kept], edge=0)), chosen.scores)

    def _judged(
        self, stage: int, pixels: Tensor, candidates: _Candidates, *, side: int
    ) -> tuple[_Candidates, NDArray[np.float32], NDArray[np.float32]]:
        """The candidates that R-Net (`stage` 1) or O-Net (2) takes for a face, its offsets, and O-Net's five points."""
        edges = inside(candidates.boxes, width=pixels.shape[3], height=pixels.shape[2])
        seen = np.flatnonzero((edges[:, 2] > edges[:, 0]) & (edges[:, 3] > edges[:, 1]))
        candidates, edges = candidates.take(seen), edges[seen]
        if not len(seen):
            return candidates, np.empty((0, 4), np.float32), np.empty((0, 10), np.float32)
        crops = [
            functional.interpolate(pixels[photo : photo + 1, :, top:bottom, left:right], (side, side), mode="area")
            for photo, (left, top, right, bottom) in zip(candidates.photo, edges, strict=True)
        ]
        answers = self._answers(stage, _normalised(torch.cat(crops)))
        scores = answers[-1][:, 1]
        passed = np.flatnonzero(scores > _THRESHOLDS[stage])
        judged = _Candidates(candidates.photo[passed], candidates.boxes[passed], scores[passed])
        return judged, answers[0][passed], answers[1][passed]

    def _answers(self, stage: int, crops: Tensor) -> list[NDArray[np.float32]]:
        """What a network says of each crop; on a GPU in batches of one size."""
        size = _CROPS_ON_GPU if crops.is_cuda else len(crops)
        parts: list[tuple[Tensor, ...]] = []
        for start in range(0, len(crops), size):
            batch = crops[start : start + size]
            padding = crops.new_zeros(size - len(batch), *crops.shape[1:])
            answers = self._networks[stage](torch.cat([batch, padding]))
            parts.append(tuple(answer[: len(batch)] for answer in answers))
        return [torch.cat(answer).cpu().numpy() for answer in zip(*parts, strict=True)]


def _found(candidates: _Candidates, points: NDArray[np.float32], rows: NDArray[np.bool_]) -> FoundFaces:
    return FoundFaces(
        candidates.boxes[rows].astype(np.float64),
        landmark_boxes(points[rows]),
        candidates.scores[rows].astype(np.float64),
        points[rows],
    )


def _enlarged(found: FoundFaces, scale: float) -> FoundFaces:
    """Faces of a copy, in pixels of the photo."""
    if scale == 1 or found.key_points is None:
        return found
    points = (found.key_points / scale).astype(np.float32)
    return FoundFaces(found.boxes / scale, found.landmark_boxes / scale, found.scores, points)


def _normalised(pixels: Tensor) -> Tensor:
    return (pixels - 127.5) / 128


def _load_networks(device: str) -> tuple[nn.Module, nn.Module, nn.Module]:
    available = Mtcnn.availability()
    if not available.available:
        raise PluginError(f"face detector 'mtcnn': {available.reason}")
    provide_operators()  # the package imports torchvision
    try:
        package = importlib.import_module("facenet_pytorch")
        networks = tuple(getattr(package, name)().eval().to(device) for name in ("PNet", "RNet", "ONet"))
    except Exception as error:  # a package of another make, or damaged weights, may raise anything
        raise PluginError(
            f"face detector 'mtcnn' cannot be loaded ({type(error).__name__}: {error}): {INSTALL} --force-reinstall"
        ) from error
    first, second, third = networks
    return first, second, third
