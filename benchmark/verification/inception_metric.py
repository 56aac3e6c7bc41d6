"""FID over Inception's features as a plugin: the distance that papers print, where its weights are here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import Card
from benchmark.model_files import ModelFile
from benchmark.plugins import register_metric
from benchmark.verification.base import ImageSetMetric
from benchmark.verification.feature_distance import frechet_distance
from benchmark.verification.samples import Estimate, ImageSetSample
from benchmark.verification.weighted_metric import WeightedMetric

if TYPE_CHECKING:
    from torch import nn

_INSTALL = "pip install 'unmask-benchmark[perceptual]'"
FEW_FACES = 10
"""Times as many faces as features, below which the distance is flagged as biased."""


@register_metric("fid_inception")
class InceptionDistance(WeightedMetric, ImageSetMetric):
    """Fréchet distance of restored from true faces over the 2,048 features of the Inception network of FID.

    Left empty where there are no more faces than features: their covariance is singular.
    """

    card = Card(source="Heusel et al., NeurIPS 2017; torchmetrics, torch-fidelity", licence="MIT; both: Apache-2.0")
    model_file = ModelFile("fid_inception", "weights-inception-2015-12-05-6726825d.pth", megabytes=96)
    needs: ClassVar[Mapping[str, str]] = {"torchmetrics": _INSTALL, "torch_fidelity": _INSTALL}
    title = "FID (Inception)"
    higher_is_better = False
    features: ClassVar[int] = 2048
    """Of the layer whose output is compared; torchmetrics offers 64, 192, 768 and 2048."""

    def load(self, file: Path) -> None:
        """The network in `file`."""
        from benchmark.verification.inception_network import inception_network  # noqa: PLC0415  # PyTorch

        self._network: nn.Module = inception_network(file, features=self.features, device=self.device)
        self._true: tuple[NDArray[np.uint8], NDArray[np.float32]] | None = None

    def estimate(self, sample: ImageSetSample) -> Estimate | None:
        """See `feature_distance.frechet_distance`; it is biased, so there is no interval."""
        if len(sample.rows) <= self.features:
            return None
        from benchmark.verification.inception_network import inception_features  # noqa: PLC0415  # PyTorch

        if self._true is None or self._true[0] is not sample.true:  # every method is compared with the same faces
            self._true = sample.true, inception_features(self._network, sample.true, np.arange(len(sample.true)))
        shown = inception_features(self._network, sample.shown, sample.rows)
        return Estimate(frechet_distance(self._true[1][sample.rows], shown))

    def remark(self, sample: ImageSetSample) -> tuple[str, str] | None:
        """Too few faces, or so few that the value says more about their number."""
        faces = len(sample.rows)
        if faces <= self.features:
            return "undefined", (
                f"fid_inception is left empty: {faces} faces are too few for a covariance of {self.features} features"
            )
        if faces < FEW_FACES * self.features:
            return "flagged", (
                f"fid_inception of {faces} faces over {self.features} features is biased upwards: compare it only with "
                "values of equally many faces"
            )
        return None
