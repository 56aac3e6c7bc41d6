"""LPIPS as a plugin: the distance of two images as a network trained on ImageNet sees it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import Card
from benchmark.model_files import ModelFile
from benchmark.plugins import register_metric
from benchmark.verification.base import ImageMetric
from benchmark.verification.metric_description import MetricDescription
from benchmark.verification.weighted_metric import WeightedMetric

log = logging.getLogger(__name__)


@register_metric("lpips")
class Lpips(WeightedMetric, ImageMetric):
    """Learned perceptual image patch similarity of the whole face, mean over images.

    The backbone (AlexNet, VGG16 or SqueezeNet 1.1, whichever the file holds) is torchvision's with the user's weights,
    the linear layers above it are those of version 0.1 that torchmetrics contains. There is no value for the hole
    alone: the features of a covered pixel also see what is around the hole.
    """

    card = Card(
        source="Zhang, Isola, Efros, Shechtman and Wang, CVPR 2018; torchmetrics",
        licence="MIT; torchmetrics: Apache-2.0",
    )
    model_file = ModelFile("lpips", "alexnet-owt-7be5be79.pth", megabytes=244)
    needs: ClassVar[Mapping[str, str]] = {"torchmetrics": "pip install 'unmask-benchmark[perceptual]'"}
    title = "LPIPS"
    higher_is_better = False
    regions = ("face",)

    def load(self, file: Path) -> None:
        """The network whose backbone `file` holds."""
        from benchmark.verification.lpips_network import PUBLISHED, lpips_network  # noqa: PLC0415  # PyTorch

        self._network, self.backbone = lpips_network(file, device=self.device)
        published = PUBLISHED[self.backbone]
        if not any(self.sha256.startswith(start) for start in published.digests):
            log.warning(
                "%s is not a file that torchvision published for %s (SHA-256 %s…, not %s…): values are LPIPS only if "
                "its weights are the same",
                file,
                published.title,
                self.sha256[:8],
                "… or ".join(published.digests),
            )

    def map(self, true: NDArray[np.uint8], restored: NDArray[np.uint8]) -> NDArray[np.float64]:
        """See `lpips_network.lpips_distances`; a map of one pixel."""
        from benchmark.verification.lpips_network import lpips_distances  # noqa: PLC0415  # PyTorch

        return lpips_distances(self._network, true, restored)[:, None, None]

    def descriptions(self, name: str) -> dict[str, MetricDescription]:
        """With the name of the backbone: values of two backbones are not comparable."""
        from benchmark.verification.lpips_network import PUBLISHED  # noqa: PLC0415  # PyTorch

        title = f"LPIPS ({PUBLISHED[self.backbone].title})"
        return {
            row: described.model_copy(update={"title": title}) for row, described in super().descriptions(name).items()
        }
