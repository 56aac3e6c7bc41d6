"""Portions of training pairs, in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmark.counted import counted_are
from benchmark.errors import RequestError
from benchmark.faces import Points
from benchmark.masked_faces import FoundPoints, MaskedPairs, to_holes, to_tensor
from benchmark.seeds import generator_for
from benchmark.training.processes import share_of
from benchmark.training.task import TrainingBatch

_SAMPLED_ROWS = 64
_MIRRORED_POINTS = np.concatenate(
    [
        np.r_[16:-1:-1, 26:16:-1, 27:31, 35:30:-1],  # jaw, brows, ridge and base of the nose
        [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40],  # eyes
        [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65],  # mouth
    ]
)
"""Which of the 68 points (Sagonas et al., *300 Faces in-the-Wild*, 2013, figure 1) each becomes in a mirror."""

_MIRRORED_FIVE = np.array([2, 3, 0, 1, 4])
"""Likewise of dlib's five: outer and inner corner of the image-right eye, of the image-left eye, base of the nose."""
_MIRRORED_DETECTED = np.array([1, 0, 2, 4, 3])
"""Likewise of a face detector's five: image-left and image-right eye, tip of the nose, corners of the mouth."""


class PairBatches:
    """Batches of `pairs`, read and shrunk when asked for, so that a set larger than memory can be trained on.

    Batch `index` of `epoch` is a pure function of the seed: a resumed run sees what an uninterrupted one would have.

    Args:
        pairs: often memory maps.
        batch_size: pairs per batch; the last one of an epoch may be smaller.
        size: side to shrink to, pixels; None, or larger than the crops: as they are.
        flip: mirror every other face, at random.
        seed: the seed of order and mirroring.
        device: where the tensors go.

    Raises:
        RequestError: fewer pairs than a batch.
    """

    def __init__(
        self, pairs: MaskedPairs, *, batch_size: int, size: int | None, flip: bool, seed: int, device: str
    ) -> None:
        if len(pairs) < batch_size:
            raise RequestError(
                f"{counted_are(len(pairs), 'training pair')} fewer than one batch of {batch_size}; train on more "
                "people (raise --train-limit) or choose a preset with smaller batches"
            )
        self.pairs = pairs
        self._batch_size = batch_size
        self._size = min(size or pairs.size, pairs.size)
        self._flip = flip
        self._seed = seed
        self._device = device
        self._drawn: tuple[int, NDArray[np.intp], NDArray[np.bool_]] | None = None

    def __len__(self) -> int:
        """Batches an epoch."""
        return math.ceil(len(self.pairs) / self._batch_size)

    def batch(self, step: int) -> TrainingBatch:
        """The batch of training step `step`, counted from the first epoch's first; of several processes, its share."""
        epoch, index = divmod(step, len(self))
        if self._drawn is None or self._drawn[0] != epoch:
            order = generator_for(self._seed, "order", str(epoch)).permutation(len(self.pairs))
            self._drawn = epoch, order, generator_for(self._seed, "flip", str(epoch)).random(len(self.pairs)) < 0.5
        _, order, mirrored = self._drawn
        rows = share_of(order[index * self._batch_size : (index + 1) * self._batch_size])
        return self._read(rows, mirrored[rows] & self._flip, step)

    def in_order(self) -> Iterator[TrainingBatch]:
        """Every pair once, as stored: for validation."""
        for start in range(0, len(self.pairs), self._batch_size):
            rows = np.arange(start, min(start + self._batch_size, len(self.pairs)))
            yield self._read(rows, np.zeros(len(rows), dtype=bool), 0)

    def spread(self, count: int) -> TrainingBatch:
        """At most `count` pairs, always the same, spread over the set: for sample sheets."""
        rows = np.unique(np.linspace(0, len(self.pairs) - 1, count).astype(int))
        return self._read(rows, np.zeros(len(rows), dtype=bool), 0)

    def _read(self, rows: NDArray[np.intp], mirrored: NDArray[np.bool_], step: int) -> TrainingBatch:
        pairs = self.pairs.rows(rows)
        masked, true, holes = (shrunk(images, self._size) for images in (pairs.masked, pairs.true, pairs.holes))
        for images in (masked, true, holes):
            for row in np.flatnonzero(mirrored):
                images[row] = cv2.flip(images[row], 1)  # NumPy takes twenty times as long
        scale = self._size / pairs.size
        landmarks = scaled_points(pairs.landmarks, scale)
        landmarks[mirrored] = mirrored_points(landmarks[mirrored], self._size)
        found = pairs.found
        if found is not None:
            found = _found_in(found, scale, mirrored, self._size)
        return TrainingBatch(
            to_tensor(masked, self._device),
            to_tensor(true, self._device),
            to_holes(holes, self._device),
            step,
            torch.from_numpy(landmarks).to(self._device),
            torch.from_numpy(rows.astype(np.int64)),
            found,
        )


def shrunk(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Images ``uint8 (N, S, S[, 3])`` averaged down to side `size`; a copy if they have it already."""
    if images.shape[1] == size:
        return np.array(images)
    return np.stack([np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)) for image in images])


def scaled_points(points: Points, scale: float) -> Points:
    """Points ``(N, K, 2)`` in crops whose side is `scale` times as long, as a copy."""
    # pixel centres are at whole numbers, so the corner of the crop is at −0.5
    return np.asarray((points + 0.5) * scale - 0.5, dtype=np.float32)


def mirrored_points(landmarks: Points, size: int, order: NDArray[np.intp] = _MIRRORED_POINTS) -> Points:
    """Where the 68 points ``(N, 68, 2)``, or others of which `order` says what each becomes, are once crops of side
    `size` are mirrored.

    >>> points = np.zeros((1, 68, 2), dtype=np.float32)
    >>> points[0, 36] = 10, 20  # the image-left eye's outer corner
    >>> mirrored_points(points, 64)[0, 45].tolist()  # the image-right eye's outer corner
    [53.0, 20.0]
    """
    swapped = landmarks[:, order].copy()
    swapped[..., 0] = size - 1 - swapped[..., 0]
    return swapped


def _found_in(found: FoundPoints, scale: float, mirrored: NDArray[np.bool_], size: int) -> FoundPoints:
    """The found points in crops whose side is `scale` times as long, `size`, some of which are mirrored."""
    moved = []
    for points, order in (
        (found.landmarks, _MIRRORED_POINTS),
        (found.five_points, _MIRRORED_FIVE),
        (found.detected_points, _MIRRORED_DETECTED),
    ):
        scaled = scaled_points(points, scale)
        scaled[mirrored] = mirrored_points(scaled[mirrored], size, order)
        moved.append(scaled)
    return FoundPoints(*moved)


def pairs_digest(pairs: MaskedPairs) -> str:
    """Tells one training set from another: sizes, people, and the pixels of some rows spread over it."""
    content = hashlib.blake2b(digest_size=12)
    content.update(repr((pairs.masked.shape, pairs.subject_ids)).encode())
    for row in np.unique(np.linspace(0, len(pairs) - 1, _SAMPLED_ROWS).astype(int)):
        for array in (pairs.masked, pairs.true, pairs.holes):
            content.update(np.ascontiguousarray(array[row]).tobytes())
    return content.hexdigest()
