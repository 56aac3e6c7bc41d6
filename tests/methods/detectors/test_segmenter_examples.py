"""What the segmenter learns from: varied masks with the region where they are seen, and bare faces with none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import locate_face
from benchmark.datasets.synthetic import SyntheticPeople
from benchmark.masked_faces import to_holes, to_tensor
from benchmark.methods.detectors.segmenter_examples import AS_DRAWN, ExampleSettings, SegmenterExamples
from benchmark.training.task import TrainingBatch

SIZE = 64
WHITE = 255


@pytest.fixture(scope="module")
def batch() -> TrainingBatch:
    """Faces whose drawn mask is a white rectangle before mouth and chin."""
    people = SyntheticPeople(seed=0, people=4, probes=1)
    true, holes, landmarks = [], [], []
    for photo in people.protocol("probes").photos[:8]:
        pixels = people.read(photo)
        crop, geometry = crop_face(pixels, locate_face(pixels), SIZE)
        hole = np.zeros((SIZE, SIZE), np.uint8)
        hole[int(geometry.landmarks[33, 1]) : int(geometry.landmarks[8, 1]), 20:44] = WHITE
        true.append(crop)
        holes.append(hole)
        landmarks.append(geometry.landmarks)
    masked = np.where(np.stack(holes)[..., None] > 0, WHITE, np.stack(true)).astype(np.uint8)
    return TrainingBatch(
        to_tensor(masked, "cpu"),
        to_tensor(np.stack(true), "cpu"),
        to_holes(np.stack(holes), "cpu"),
        step=3,
        landmarks=torch.from_numpy(np.stack(landmarks)),
        rows=torch.arange(len(true)),
    )


def test_as_drawn_nothing_changes(batch):
    assert SegmenterExamples(AS_DRAWN, seed=0).varied(batch, purpose="training") is batch


def test_without_surroundings_a_bare_face_stays_and_what_changed_on_a_masked_one_is_its_region(batch):
    settings = replace(AS_DRAWN, drawn=0.0)
    varied = SegmenterExamples(settings, seed=0).varied(batch, purpose="training")
    assert torch.equal(varied.true, batch.true)
    changed = (varied.masked - batch.true).abs().amax(dim=1, keepdim=True) > 0.25
    assert varied.holes.mean() > 0.05
    assert (changed & (varied.holes == 0)).float().mean() < 0.01  # the soft edge alone
    assert not torch.equal(varied.holes, batch.holes)


def test_another_cloth_keeps_the_drawn_outline(batch):
    settings = replace(AS_DRAWN, drawn=0.0, other_cloth=1.0)
    varied = SegmenterExamples(settings, seed=0).varied(batch, purpose="training")
    assert torch.equal(varied.holes, batch.holes)
    assert not torch.equal(varied.masked, batch.masked)


def test_a_draw_depends_on_seed_step_and_purpose_alone(batch):
    examples = SegmenterExamples(ExampleSettings(), seed=0)
    first, again = (examples.varied(batch, purpose="training") for _ in range(2))
    assert torch.equal(first.masked, again.masked)
    assert torch.equal(first.holes, again.holes)
    for other in (
        examples.varied(replace(batch, step=4), purpose="training"),
        examples.varied(batch, purpose="validation"),
        SegmenterExamples(ExampleSettings(), seed=1).varied(batch, purpose="training"),
    ):
        assert not torch.equal(first.masked, other.masked)


def test_nothing_beyond_the_photo_is_a_mask(batch):
    settings = replace(AS_DRAWN, photo_ends=1.0)
    varied = SegmenterExamples(settings, seed=0).varied(batch, purpose="training")
    black = varied.masked.amax(dim=1, keepdim=True) == 0
    assert black.float().mean() > 0.05
    assert not (varied.holes[black] > 0).any()


def test_a_hand_over_a_bare_mouth_is_no_mask(batch):
    settings = replace(AS_DRAWN, hand=1.0)
    varied = SegmenterExamples(settings, seed=0).varied(batch, purpose="training")
    assert not torch.equal(varied.true, batch.true)
    assert (varied.holes <= batch.holes).all()  # a hand at the edge hides a part of a mask
