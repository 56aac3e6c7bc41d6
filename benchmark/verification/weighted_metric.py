"""A metric whose definition includes a network's weights: measured where the user has the file, never downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from benchmark.cards import Availability
from benchmark.errors import PluginError
from benchmark.model_files import ModelFile, available_with_file, located, sha256_of
from benchmark.verification.base import Metric
from benchmark.verification.metric_description import MetricDescription


class WeightedMetric(Metric):
    """Put before the metric's kind, as in ``class Lpips(WeightedMetric, ImageMetric)``.

    The digest of the file is part of the metric's description, which every run stores.

    Args:
        weights: the file that the user named with ``--weights``; None = the one in the folder of models.
        device: a torch device name.

    Raises:
        PluginError: the file is missing, damaged, or of another network.
    """

    model_file: ClassVar[ModelFile]
    needs: ClassVar[Mapping[str, str]] = {}
    """Optional packages, by the name under which they are imported, each with the command that installs it."""

    def __init__(self, *, weights: Path | None = None, device: str = "cpu") -> None:
        path = located(self.model_file, weights)
        if path is None:
            raise PluginError(self.model_file.how_to_get)
        self.device = device
        self.sha256 = sha256_of(path)
        self.load(path)

    @classmethod
    def availability(cls, weights: Path | None = None) -> Availability:
        """Whether weights and libraries are here; nothing is downloaded.

        Args:
            weights: the file that the user named.
        """
        return available_with_file(cls.needs, cls.model_file, weights)

    def load(self, file: Path) -> None:
        """Make the network of the weights in `file`.

        Raises:
            PluginError: they are of another network.
        """
        raise NotImplementedError

    def descriptions(self, name: str) -> dict[str, MetricDescription]:
        """With the digest of the weights."""
        return {
            row: described.model_copy(update={"weights": self.sha256})
            for row, described in super().descriptions(name).items()
        }
