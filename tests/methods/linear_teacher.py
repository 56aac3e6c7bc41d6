"""A recogniser that is small enough to teach in tests."""

from __future__ import annotations

import torch

from benchmark.cards import RecogniserCard
from benchmark.recognisers.chip_grids import five_point_grid
from benchmark.recognisers.five_point_template import arcface_template
from benchmark.recognisers.torch_recogniser import TorchRecogniser


class Projection(TorchRecogniser):
    """A teacher: a linear network on ArcFace's chips that compares angles."""

    card = RecogniserCard(chip_size=(16, 16), metric="cosine", sha256="0" * 64)

    def load_network(self):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 5))

    def chip(self, image, face):
        return arcface_template((16, 16)).chip(image, face)

    def chip_grid(self, landmarks, side):
        return five_point_grid(landmarks, side, arcface_template((16, 16)))
