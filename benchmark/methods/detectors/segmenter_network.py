"""The small U-Net that finds masks."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from benchmark.methods.enlarged_features import joined


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class MaskUNet(nn.Module):
    """Three levels below a half-resolution stem, with a skip from each: 64,972 trainable parameters.

    Ronneberger, Fischer and Brox, *U-Net*, MICCAI 2015, made small: the stem halves the face, so that most of the work
    is done at a quarter of the pixels, and at the bottom a cell sees the whole face.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 12, kernel_size=4, stride=2, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU()
        )
        self.down = nn.ModuleList([_block(12, 16), _block(16, 32), _block(32, 48)])
        self.bottom = _block(48, 48)
        self.up = nn.ModuleList([_block(48 + 32, 24), _block(24 + 16, 16)])
        self.head = nn.Conv2d(16, 4, kernel_size=1)

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``(B, 1, H, W)`` of "covered", for faces ``(B, 3, H, W)`` in [0, 1]; H and W divisible by 8."""
        features = self.stem(images * 2 - 1)
        skips = []
        for level, block in enumerate(self.down):
            features = block(features if level == 0 else functional.max_pool2d(features, 2))
            skips.append(features)
        features = self.bottom(features)
        for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            features = block(joined(features, skip))
        return functional.pixel_shuffle(self.head(features), 2)
