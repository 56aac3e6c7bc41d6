"""The example of ``docs/recognisers.md`` is run as it is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.faces import FaceGeometry
from benchmark.plugins import RECOGNISERS
from benchmark.recognisers.resolve import resolve_recogniser

PAGE = Path(__file__).resolve().parents[2] / "docs" / "recognisers.md"


def test_the_example_is_a_recogniser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (block,) = [block for block in blocks if "@register_recogniser" in block]
    monkeypatch.setattr(RECOGNISERS, "_entries", {})
    monkeypatch.setattr(RECOGNISERS, "_scanned", True)
    names: dict[str, Any] = {"__name__": __name__}
    exec(block, names)  # our own page
    network = names["MyArchitecture"]()
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
