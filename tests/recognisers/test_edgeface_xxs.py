from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from benchmark.acquisition.detection import locate_face
from benchmark.datasets.photo_reading import read_photo
from benchmark.errors import PluginError, RequestError
from benchmark.plugins import RECOGNISERS
from benchmark.recognisers.edgeface_network import EdgeNeXt, read_edgeface
from benchmark.recognisers.edgeface_xxs import EdgeFaceRecogniser

SAME = ("Serena_Williams/Serena_Williams_0001.jpg", "Serena_Williams/Serena_Williams_0003.jpg")
OTHERS = ("Angelina_Jolie/Angelina_Jolie_0002.jpg", "George_W_Bush/George_W_Bush_0007.jpg")


def network() -> EdgeNeXt:
    torch.manual_seed(0)
    return EdgeNeXt().eval()


def saved(folder: Path) -> Path:
    file = folder / "edgeface.safetensors"
    save_file(network().state_dict(), file)
    return file


def chips(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 112, 112, 3), dtype=np.uint8)


def test_the_architecture_has_the_published_size() -> None:
    made = network()
    assert sum(parameter.numel() for parameter in made.parameters()) == 1_244_744
    assert made(torch.zeros(2, 3, 112, 112)).shape == (2, 512)
    kernels = [stage.blocks[0].conv_dw.kernel_size[0] for stage in made.stages]
    assert kernels == [3, 5, 7, 9]
    assert [len(stage.blocks) for stage in made.stages] == [2, 2, 6, 2]


def test_it_is_the_network_of_timm() -> None:
    timm = pytest.importorskip("timm")
    theirs = timm.create_model("edgenext_xx_small", num_classes=512).eval()
    ours = network()
    theirs.load_state_dict(ours.state_dict())
    images = torch.rand(2, 3, 112, 112) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images), rtol=0, atol=1e-5)


def test_positions_are_waves_along_both_directions() -> None:
    positions = network().stages[1].blocks[1].pos_embd
    height, width = 3, 5
    waves = np.zeros((64, height, width), dtype=np.float32)
    for row in range(height):
        for column in range(width):
            for first, place in ((0, (row + 1) / height), (32, (column + 1) / width)):
                for wave in range(16):
                    phase = 2 * math.pi * place / 10_000 ** (2 * wave / 32)
                    waves[first + 2 * wave, row, column] = math.sin(phase)
                    waves[first + 2 * wave + 1, row, column] = math.cos(phase)
    with torch.no_grad():
        expected = positions.token_projection(torch.from_numpy(waves)[None])
        torch.testing.assert_close(positions(height, width), expected, rtol=0, atol=1e-4)


def test_attention_is_between_channels() -> None:
    attention = network().stages[3].blocks[1].xca
    tokens = torch.randn(1, 6, 168)
    with torch.no_grad():
        query, key, value = attention.qkv(tokens)[0].T.reshape(3, 4, 42, 6)
        attended = []
        for head in range(4):
            unit_query = query[head] / query[head].norm(dim=1, keepdim=True)
            unit_key = key[head] / key[head].norm(dim=1, keepdim=True)
            weights = torch.softmax(unit_query @ unit_key.T * attention.temperature[head, 0, 0], dim=1)
            attended.append(weights @ value[head])
        expected = attention.proj(torch.cat(attended).T)
        torch.testing.assert_close(attention(tokens)[0], expected)


def test_pixels_are_scaled_as_its_card_says(tmp_path: Path) -> None:
    recogniser = EdgeFaceRecogniser(weights=saved(tmp_path))
    inputs = (torch.from_numpy(chips()).permute(0, 3, 1, 2).float() - 127.5) / 127.5
    with torch.no_grad():
        expected = network()(inputs).numpy()
    np.testing.assert_allclose(recogniser.embed(chips()), expected, atol=1e-5)


def test_a_pytorch_file_is_read_as_well(tmp_path: Path) -> None:
    torch.save({"state_dict": network().state_dict()}, tmp_path / "edgeface.pt")
    for name, tensor in read_edgeface(tmp_path / "edgeface.pt").state_dict().items():
        torch.testing.assert_close(tensor, network().state_dict()[name])


def test_weights_of_unknown_origin_are_said_to_be_so(tmp_path: Path) -> None:
    recogniser = EdgeFaceRecogniser(weights=saved(tmp_path))
    assert recogniser.card.trained_on == ("unknown",)
    assert len(recogniser.card.sha256) == 64


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file_is_one_line(tmp_path: Path, share: float) -> None:
    content = saved(tmp_path).read_bytes()
    file = tmp_path / "half.safetensors"
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(PluginError, match="not a safetensors file, or is truncated") as caught:
        EdgeFaceRecogniser(weights=file)
    assert "\n" not in str(caught.value)
    assert str(file) in str(caught.value)


def test_another_network_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(PluginError, match=r"is not an EdgeFace-XXS: 'stem.0.weight' is missing"):
        EdgeFaceRecogniser(weights=tmp_path / "other.safetensors")


def test_without_its_file_it_is_unavailable_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_BENCHMARK_MODELS", str(tmp_path))
    cls = RECOGNISERS.load("edgeface-xxs")
    assert cls is EdgeFaceRecogniser
    assert "--weights edgeface-xxs=" in cls.availability().reason
    with pytest.raises(RequestError, match="no such file"):
        EdgeFaceRecogniser(weights=tmp_path / "none.safetensors")


@pytest.mark.lfw
@pytest.mark.shared
def test_the_weights_at_hand_tell_people_apart(lfw_root: Path, edgeface_weights: Path) -> None:
    recogniser = EdgeFaceRecogniser(weights=edgeface_weights)
    assert recogniser.card.trained_on == ("webface260m",)
    photos = [read_photo(lfw_root / name) for name in (*SAME, *OTHERS)]
    embeddings = recogniser.embed(np.stack([recogniser.chip(photo, locate_face(photo)) for photo in photos]))
    mated = recogniser.scores(embeddings[:1], embeddings[1:2])[0]
    non_mated = recogniser.scores(np.repeat(embeddings[:1], 2, axis=0), embeddings[2:])
    assert mated > 0.4
    assert non_mated.max() < 0.25
