"""Holes that no drawn mask has: what is found on a really masked face may have any outline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from benchmark.faces import Points
from benchmark.methods.occlusion.occluders import Coverage, below_a_line, hand, jaw_hull
from benchmark.training.task import TrainingBatch

_OUTLINES = (jaw_hull, below_a_line, hand)
_COVERED = 0.5
"""Coverage from which a pixel belongs to the hole."""
_CHANCES = (0.6, 0.3, 0.1)


def with_other_holes(batch: TrainingBatch, share: float) -> TrainingBatch:
    """The batch, with holes of other shapes in about `share` of its faces; these are bare outside the hole.

    What is drawn follows from PyTorch's stream, so that a resumed training draws the same.

    Args:
        batch: with landmarks.
        share: of the faces, 0 to 1; 0 = the batch as it is.
    """
    if share <= 0:
        return batch
    generator = np.random.default_rng(int(torch.randint(2**62, ())))
    masked, holes = batch.masked.clone(), batch.holes.clone()
    for row, landmarks in enumerate(batch.landmarks.cpu().numpy()):
        if generator.random() >= share:
            continue
        hole = torch.from_numpy(_hole(landmarks, holes.shape[-1], generator) > _COVERED)
        if hole.any():
            masked[row] = batch.true[row]
            holes[row, 0] = hole.to(holes)
    return replace(batch, masked=masked, holes=holes)


def _hole(landmarks: Points, size: int, generator: np.random.Generator) -> Coverage:
    outline = _OUTLINES[int(generator.choice(len(_OUTLINES), p=_CHANCES))]
    return outline(landmarks, size, generator)
