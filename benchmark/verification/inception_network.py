"""The Inception network of FID, with weights from a file."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmark.errors import PluginError
from benchmark.recognisers.state_dict_file import read_state_dict
from benchmark.torchvision_operators import provide_operators

_BATCH = 32
"""Images at a time, each enlarged to 299 × 299: bounds the memory."""


def inception_network(file: Path, *, features: int = 2048, device: str = "cpu") -> nn.Module:
    """The feature extractor that torchmetrics uses for FID.

    Args:
        file: a state dict of torch-fidelity's ``FeatureExtractorInceptionV3``: the weights of 2015-12-05, converted
            from TensorFlow. torchvision's ``inception_v3`` is another network.
        features: 64, 192, 768 or 2048: which layer's.
        device: a torch device name.

    Raises:
        PluginError: the file is damaged or of another network.
    """
    readable = BytesIO()
    torch.save(read_state_dict(file), readable)  # torch-fidelity reads its file as a pickle of anything
    readable.seek(0)
    provide_operators()  # before torchmetrics imports torchvision
    from torchmetrics.image.fid import FrechetInceptionDistance  # noqa: PLC0415  # slow, and an extra

    try:
        metric = FrechetInceptionDistance(feature=features, feature_extractor_weights_path=readable)  # type: ignore[arg-type]
    except RuntimeError as error:  # load_state_dict's, of several lines
        raise PluginError(
            f"{file} is not the Inception network of FID; give weights-inception-2015-12-05-6726825d.pth of "
            "torch-fidelity's release v0.2.0"
        ) from error
    network: nn.Module = metric.inception
    return network.to(device)


def inception_features(network: nn.Module, images: NDArray[np.uint8], rows: NDArray[np.integer]) -> NDArray[np.float32]:
    """Features ``float32 (len(rows), D)``, one row for each image, enlarged or reduced to 299 × 299 (antialiased).

    Args:
        network: of `inception_network`.
        images: ``uint8 (N, S, S, 3)``, may be a memory map.
        rows: which of them.
    """
    parts = []
    with torch.inference_mode():
        device = next(network.parameters()).device
        for start in range(0, len(rows), _BATCH):
            batch = np.array(images[rows[start : start + _BATCH]])
            parts.append(network(torch.from_numpy(batch).permute(0, 3, 1, 2).to(device)).float().cpu().numpy())
    return np.concatenate(parts)
