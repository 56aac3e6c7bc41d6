"""What every recogniser that runs an ONNX file shares."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import RequestError
from benchmark.faces import FaceGeometry, Image
from benchmark.own_networks.onnx_external_data import INSTALL
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.batches import embed_in_batches
from benchmark.recognisers.onnx_network import OnnxNetwork
from benchmark.recognisers.recogniser_spec import RecogniserSpec

log = logging.getLogger(__name__)


class OnnxRecogniserBase(Recogniser):
    """A recogniser whose network is an ONNX file: a subclass finds the file and its card, and calls `open`.

    Args:
        device: a torch device name.
        precision: only ``"float32"``: a file has the precision it was exported with. Another one is said to be ignored.
        weights: as of `Recogniser`.
    """

    needs: ClassVar[Mapping[str, str]] = {"onnxruntime": INSTALL}
    spec: RecogniserSpec
    network: OnnxNetwork

    def __init__(self, *, device: str = "cpu", precision: str = "float32", weights: Path | None = None) -> None:
        super().__init__(device=device, precision=precision, weights=weights)
        if precision != "float32":
            log.warning(
                "--precision %s: ONNX files run in the precision they were exported with (%s)",
                precision,
                type(self).__name__,
            )
            self.precision = "float32"

    def open(self, file: Path, spec: RecogniserSpec) -> None:
        """Make the network in `file` this recogniser's.

        Raises:
            RequestError: the file is not a network that `spec` describes.
        """
        said = spec.size if "size" in spec.model_fields_set else None
        self.network = OnnxNetwork(file, size=said, output=spec.output, device=self.device)
        if self.network.takes_bytes and spec.model_fields_set & {"mean", "std"}:
            raise RequestError(
                f"{file} takes bytes (uint8) and normalises them itself; leave mean and std out of its card"
            )
        pixels = "bytes" if self.network.takes_bytes else spec.pixels
        self.spec = spec.model_copy(update={"size": self.network.size, "pixels": pixels})
        self.settings = self.spec.settings

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The face on the card's template, ``uint8 (height, width, 3)``."""
        return self.spec.cut(image, face)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings ``float32 (N, D)`` of chips ``uint8 (N, height, width, 3)``."""
        return embed_in_batches(chips, self._embed_batch, self.network.batch)

    def _embed_batch(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        images = self.spec.normalised(chips)
        embeddings = self.network(images)
        if not self.spec.flip:
            return embeddings
        return np.concatenate([embeddings, self.network(images[..., ::-1])], axis=1)


class PublishedOnnxRecogniser(OnnxRecogniserBase):
    """A recogniser that somebody publishes as an ONNX file: a subclass gives `model_file`, `published` and `card`.

    Args:
        device: a torch device name.
        precision: as of `OnnxRecogniserBase`.
        weights: the file, if it is not where downloads are kept.

    Raises:
        PluginError: the file is missing or damaged.
        RequestError: the named file is another one.
    """

    published: ClassVar[RecogniserSpec]

    def __init__(self, *, device: str = "cpu", precision: str = "float32", weights: Path | None = None) -> None:
        super().__init__(device=device, precision=precision, weights=weights)
        self.open(self.weights_path(), self.published)

    @classmethod
    def accept(cls, weights: Path) -> None:
        """Refuse what is not a network for such faces."""
        OnnxNetwork(weights, size=cls.published.size, output=cls.published.output)
