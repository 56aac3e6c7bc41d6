"""``onnx:FILE``: any exported recogniser, described by a YAML card beside the file."""

from __future__ import annotations

import logging
from pathlib import Path

from benchmark.errors import RequestError
from benchmark.own_networks.card_reading import CARD_ENDINGS, card_beside
from benchmark.own_networks.onnx_external_data import external_data_files, network_digest
from benchmark.recognisers.onnx_recogniser import OnnxRecogniserBase
from benchmark.recognisers.recogniser_spec import RecogniserSpec, read_spec

log = logging.getLogger(__name__)


class OnnxRecogniser(OnnxRecogniserBase):
    """The network in an ONNX file.

    Its card is the YAML file of the same name beside it, with the keys of `RecogniserSpec`. Without one the network's
    own input size and ArcFace's way with faces are taken; that is said in the log and on the card.

    Args:
        file: exists.
        device: a torch device name.
        precision: as of `OnnxRecogniserBase`.
        weights: must be None: `file` is the weights.

    Raises:
        RequestError: the file, the weights beside it or its card are not what they should be (see `OnnxNetwork`,
            `external_data_files` and `read_spec`), or onnx or onnxruntime is missing.
        PluginError: the network cannot be run.
    """

    def __init__(
        self, file: Path, *, device: str = "cpu", precision: str = "float32", weights: Path | None = None
    ) -> None:
        super().__init__(device=device, precision=precision, weights=weights)
        if weights is not None:
            raise RequestError(f"--weights onnx:{file}={weights}: the ONNX file is the weights; leave --weights out")
        beside = external_data_files(file)  # before anything is opened that a file may point to
        found = card_beside(file)
        self.open(file, RecogniserSpec() if found is None else read_spec(found))
        self.card = self.spec.card(
            summary=self.spec.summary or f"the network in {file.name}",
            licence=self.spec.licence if found else "not stated: there is no card beside the file",
            trained_on=self.spec.trained_on or ("unknown",),
            weights_source=f"{', '.join((file.name, *beside))}, described by "
            f"{found.name if found else 'no card: defaults taken'}",
            sha256=network_digest(file),
        )
        if found is None:
            log.warning(
                "onnx:%s has no card (%s): assuming %d×%d pixels, %s, %s, %s",
                file.name,
                file.with_suffix(CARD_ENDINGS[0]).name,
                *self.card.chip_size,
                self.card.normalisation,
                self.card.alignment,
                self.card.metric,
            )
