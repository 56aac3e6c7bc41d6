"""Networks as people have them: quantised, scripted, with several outputs, of any scale; and weights that are none."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.errors import BenchmarkError, PluginError, RequestError
from benchmark.plugin_code.keys import UNSTORED
from benchmark.plugin_code.object_state import object_digest
from benchmark.recognisers.recogniser_spec import spec_from
from benchmark.recognisers.state_dict_file import read_state_dict
from benchmark.recognisers.torch_module import ModuleRecogniser

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch deprecates what people have

SOURCE = """
import torch
from torch import nn

CARD = {"size": 32}
STEP = 1.0

class Base(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.fc = nn.Linear(48, 8)
    def forward(self, faces):
        return self.fc(self.pool(faces).flatten(1))

def quantised():
    return torch.ao.quantization.quantize_dynamic(Base().eval(), {nn.Linear}, dtype=torch.qint8)

def scripted():
    return torch.jit.script(Base())


class Extra(Base):
    def get_extra_state(self):
        return {"margin": STEP}
    def set_extra_state(self, state): pass

class Pair(Base):
    def forward(self, faces):
        found = super().forward(faces)
        return found, found.norm(dim=1, keepdim=True)

class Two(Base):
    def forward(self, faces):
        found = super().forward(faces)
        return {"logits": found - 1, "embedding": found}

class Named(Two):
    CARD = {"size": 32, "output": "embedding"}

class Misnamed(Two):
    CARD = {"size": 32, "output": "embeding"}

class Second(Base):
    CARD = {"size": 32, "output": 1}
    def forward(self, faces):
        found = super().forward(faces)
        return found - 1, found

class Mapping(Base):
    def forward(self, faces):
        return {"embedding": super().forward(faces)}

class Pooled(Base):
    def forward(self, faces):
        return super().forward(faces)[:, :, None, None]

class Whole(Base):
    def forward(self, faces):
        return torch.round(super().forward(faces) * 1000).to(torch.int32)

class Large(Base):
    def forward(self, faces):
        return super().forward(faces) * 1e30

class Small(Base):
    def forward(self, faces):
        return super().forward(faces) * 1e-30

class Bytes(Base):
    CARD = {"size": 32, "pixels": "bytes"}
    def forward(self, faces):
        assert faces.dtype == torch.uint8
        return super().forward((faces.float() - 127.5) / 127.5)

def lazy():
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(8))

def meta():
    with torch.device("meta"):
        return Base()
"""
FACES = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "odd_networks.py"
    file.write_text(SOURCE)
    return file


@pytest.mark.parametrize(
    "name", ["quantised", "scripted", "Extra", "Pair", "Named", "Second", "Mapping", "Pooled", "Bytes", "Whole"]
)
def test_the_embedding_is_found(own: Path, name: str) -> None:
    plain = ModuleRecogniser(f"{own}:Base").embed(FACES)
    odd = ModuleRecogniser(f"{own}:{name}")
    tolerance = 0.03 if name == "quantised" else 1e-3
    scale = 1000 if name == "Whole" else 1
    np.testing.assert_allclose(odd.embed(FACES) / scale, plain, atol=tolerance)
    assert odd.card.sha256 == ModuleRecogniser(f"{own}:{name}").card.sha256
    assert UNSTORED not in odd.card.sha256


@pytest.mark.parametrize("name", ["Large", "Small"])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_scores_do_not_depend_on_the_scale(own: Path, name: str, metric: str) -> None:
    own.write_text(SOURCE.replace('CARD = {"size": 32}', f'CARD = {{"size": 32, "metric": "{metric}"}}'))
    plain, scaled = ModuleRecogniser(f"{own}:Base"), ModuleRecogniser(f"{own}:{name}")
    scores, wanted = (
        one.scores(embedded[:3], embedded[3:]) for one in (scaled, plain) if (embedded := one.embed(FACES)) is not None
    )
    factor = {"Large": 1e30, "Small": 1e-30}[name] if metric == "euclidean" else 1
    np.testing.assert_allclose(scores / np.float64(factor), wanted, rtol=1e-5)


def test_a_pair_of_very_different_lengths_has_a_score() -> None:
    recogniser = ModuleRecogniser.__new__(ModuleRecogniser)
    one, other = np.float32([[1e30, 0]]), np.float32([[1e-30, 1e-30]])
    assert recogniser.scores(one, other) == pytest.approx(np.sqrt(0.5))
    assert np.isnan(recogniser.scores(one, np.float32([[0, 0]]))).all()
    assert np.isnan(recogniser.scores(one, np.float32([[np.nan, 1]]))).all()


def test_what_the_state_holds_besides_dense_tensors_is_part_of_the_key(own: Path) -> None:
    state = torch.quantize_per_tensor(torch.tensor([1.0, 2.0]), 0.1, 0, torch.qint8)
    other = torch.quantize_per_tensor(torch.tensor([1.0, 2.0]), 0.2, 0, torch.qint8)
    sparse = torch.tensor([[0.0, 1.0]]).to_sparse()
    digests = [object_digest(thing) for thing in (state, other, sparse, sparse * 2, torch.qint8, {"margin": 1.0})]
    assert None not in digests and len(set(digests)) == len(digests)
    assert object_digest(sparse) == object_digest(torch.tensor([[0.0, 1.0]]).to_sparse())


def test_constants_of_a_frozen_script_are_part_of_the_key(own: Path) -> None:
    frozen = "\n\ndef frozen():\n    network = Base().eval()\n    network.fc.bias.data += BIAS\n"
    frozen += "    return torch.jit.freeze(torch.jit.script(network))\n"
    digests = []
    for bias in ("0.0", "1.0"):
        weights = own.parent / "bias.txt"
        weights.write_text(bias)  # not a part of the code that is looked at
        own.write_text(SOURCE + frozen.replace("BIAS", f"float(open({str(weights)!r}).read())"))
        digests.append(ModuleRecogniser(f"{own}:frozen").card.sha256)
    assert digests[0] != digests[1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Two", r"gives 2 outputs that may be the embedding \(logits: shape \(16, 8\), .*as 'output: logits'"),
        ("Misnamed", "gives no output 'embeding', as its card says; did you mean 'embedding'"),
        ("lazy", "has no shape yet"),
        ("meta", "is on the device 'meta' and holds no numbers"),
    ],
)
def test_what_cannot_be_used_is_one_line(own: Path, name: str, message: str) -> None:
    with pytest.raises(BenchmarkError, match=message) as refused:
        ModuleRecogniser(f"{own}:{name}")
    assert "\n" not in str(refused.value)


def test_bytes_are_not_normalised() -> None:
    with pytest.raises(RequestError, match="leave mean and std out"):
        spec_from({"pixels": "bytes", "mean": 127.5}, of="card")
    spec = spec_from({"pixels": "bytes", "channels": "bgr", "size": 32}, of="card")
    np.testing.assert_array_equal(spec.normalised(FACES), FACES[..., ::-1].transpose(0, 3, 1, 2))
    assert spec.settings != spec_from({"channels": "bgr", "size": 32}, of="card").settings
    assert spec.card().normalisation == "BGR, bytes"


@pytest.mark.parametrize(
    ("tensor", "word"),
    [
        (torch.tensor([[0.0, 1.0]]).to_sparse(), "sparse"),
        (torch.quantize_per_tensor(torch.tensor([1.0]), 0.1, 0, torch.qint8), "quantised"),
        (torch.empty(2, device="meta"), "holds no numbers"),
    ],
)
def test_weights_of_other_kinds_are_one_line(tensor: torch.Tensor, word: str, tmp_path: Path) -> None:
    torch.save({"fc.weight": tensor}, tmp_path / "w.pt")
    with pytest.raises(PluginError, match=word) as refused:
        read_state_dict(tmp_path / "w.pt")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_random_bytes_are_no_weights(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"w{suffix}"
    for seed in range(100):
        start = (b"", b"\x80\x02", b"PK\x03\x04", b"\x80\x04\x95", b"(dp0\n")[seed % 5]
        file.write_bytes(start + random.Random(seed).randbytes(seed * 7))
        with pytest.raises(PluginError) as refused:
            read_state_dict(file)
        assert "\n" not in str(refused.value) and len(str(refused.value)) < 700
