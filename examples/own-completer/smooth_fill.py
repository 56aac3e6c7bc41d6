"""A network for ``--methods``: it fills the hole with a smooth surface. It has no weights, and is only an example.

    python run_benchmark.py --methods examples/own-completer/smooth_fill.py:SmoothFill,telea

Started as a program it writes the same network as ``smooth_fill.onnx`` beside this file, with the card
``smooth_fill.yaml``:

    python examples/own-completer/smooth_fill.py
    python run_benchmark.py --methods onnx:examples/own-completer/smooth_fill.onnx,telea
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional


class SmoothFill(nn.Module):
    """Each round replaces covered pixels by the mean of what surrounds them, from coarse to fine."""

    CARD: ClassVar = {
        "values": [0, 1],  # what black and white are in the picture
        "mask_values": [0, 1],  # what a known and a covered pixel are in the mask
        "multiple": 16,  # sides of the picture, which is padded to that
        "licence": "MIT",
        "trained_on": [],
        "summary": "fills the hole with a smooth surface (an example of a network in a file)",
    }

    def __init__(self, levels: int = 4, rounds: int = 12) -> None:
        super().__init__()
        self.levels = levels
        self.rounds = rounds

    def forward(self, picture: Tensor, mask: Tensor) -> Tensor:
        """Pictures ``(N, 3, H, W)`` of pictures and masks ``(N, 1, H, W)``, 1 = covered."""
        known = 1 - mask
        mean = (picture * known).sum(dim=(2, 3), keepdim=True) / known.sum(dim=(2, 3), keepdim=True).clamp(min=1)
        filled = picture * known + mean * mask
        for level in reversed(range(self.levels)):
            size = 2**level
            share = functional.avg_pool2d(known, size)
            colours = functional.avg_pool2d(picture * known, size) / share.clamp(min=1e-3)
            kept = (share > 0.5).float()
            coarse = functional.avg_pool2d(filled, size)
            for _ in range(self.rounds):
                spread = functional.avg_pool2d(functional.pad(coarse, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
                coarse = colours * kept + spread * (1 - kept)
            fine = functional.interpolate(coarse, scale_factor=float(size), mode="bilinear", align_corners=False)
            filled = picture * known + fine * mask
        return filled


def export(file: Path) -> None:
    """Write the network as ONNX, for pictures of any number and of sides that are multiples of 16."""
    shapes = {"image": {0: "N", 2: "H", 3: "W"}, "mask": {0: "N", 2: "H", 3: "W"}}
    torch.onnx.export(
        SmoothFill().eval(),
        (torch.zeros(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)),
        str(file),
        input_names=list(shapes),
        output_names=["painted"],
        dynamic_axes=shapes,
        dynamo=False,  # the other exporter needs the package onnxscript
    )


if __name__ == "__main__":
    export(Path(__file__).with_suffix(".onnx"))
