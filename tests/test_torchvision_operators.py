"""Non-maximum suppression for where torchvision's operators do not load."""

from __future__ import annotations

import importlib.util

import pytest
import torch

from benchmark.torchvision_operators import non_maximum_suppression, provide_operators


def overlap(a, b):
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def test_what_is_kept_does_not_overlap_and_what_is_dropped_does():
    generator = torch.Generator().manual_seed(0)
    corners = torch.rand(60, 2, generator=generator) * 50
    boxes = torch.cat([corners, corners + 5 + torch.rand(60, 2, generator=generator) * 20], dim=1)
    scores = torch.rand(60, generator=generator)
    kept = non_maximum_suppression(boxes, scores, 0.4)
    assert scores[kept].tolist() == sorted(scores[kept].tolist(), reverse=True)
    chosen = set(kept.tolist())
    for index in range(60):
        rivals = [other for other in chosen if scores[other] > scores[index]]
        beaten = any(overlap(boxes[index].tolist(), boxes[other].tolist()) > 0.4 for other in rivals)
        assert beaten != (index in chosen)


def test_no_boxes_none_kept():
    assert non_maximum_suppression(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []


@pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="torchvision is not installed")
def test_torchvision_s_own_functions_work():
    provide_operators()
    from torchvision.ops import batched_nms, nms

    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30]])
    scores = torch.tensor([0.5, 0.9, 0.7])
    assert nms(boxes, scores, 0.5).tolist() == [1, 2]
    assert batched_nms(boxes, scores, torch.tensor([0, 1, 1]), 0.5).tolist() == [1, 2, 0]
