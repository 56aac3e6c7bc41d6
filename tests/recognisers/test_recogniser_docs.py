"""The example of ``docs/recognisers.md`` is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.faces import FaceGeometry, Image
from benchmark.model_files import ModelFile
from benchmark.plugins import RECOGNISERS, register_recogniser
from benchmark.recognisers.base import RecogniserCard
from benchmark.recognisers.face_recognition import face_chip
from benchmark.recognisers.resolve import resolve_recogniser
from benchmark.recognisers.torch_recogniser import TorchRecogniser

PAGE = Path(__file__).resolve().parents[2] / "docs" / "recognisers.md"


def architecture() -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 6))


def test_the_example_is_a_recogniser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    monkeypatch.setattr(RECOGNISERS, "_entries", {})
    monkeypatch.setattr(RECOGNISERS, "_scanned", True)
    names: dict[str, Any] = {
        "__name__": __name__,
        "FaceGeometry": FaceGeometry,
        "Image": Image,
        "ModelFile": ModelFile,
        "MyArchitecture": architecture,
        "RecogniserCard": RecogniserCard,
        "Tensor": Tensor,
        "TorchRecogniser": TorchRecogniser,
        "face_chip": face_chip,
        "nn": nn,
        "register_recogniser": register_recogniser,
        "torch": torch,
    }
    exec(found[1], names)  # our own page
    network = architecture()
    file = tmp_path / "my-net.pt"
    torch.save(network.state_dict(), file)
    recogniser = resolve_recogniser("my-net", weights={"my-net": file})
    assert len(recogniser.card.sha256) == 64
    points = np.array([(160, 112), (139, 114), (90, 111), (111, 113), (125, 150)], np.float32)
    image = np.random.default_rng(0).integers(0, 256, (250, 250, 3), dtype=np.uint8)
    chip = recogniser.chip(image, FaceGeometry(np.zeros(4, np.float32), np.zeros((68, 2), np.float32), points))
    assert chip.shape == (112, 112, 3)
    expected = network(torch.from_numpy(chip).permute(2, 0, 1)[None].float() / 255 * 2 - 1).detach().numpy()
    np.testing.assert_allclose(recogniser.embed(chip[None]), expected, atol=1e-6)
