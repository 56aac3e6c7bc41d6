from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.acquisition.detection import locate_face
from benchmark.datasets.photo_reading import read_photo
from benchmark.errors import BenchmarkError, PluginError, RequestError
from benchmark.plugins import RECOGNISERS
from benchmark.recognisers.mobilefacenet import MobileFaceNetRecogniser
from benchmark.recognisers.mobilefacenet_network import MobileFaceNet, folded, read_mobilefacenet

SIZES = [(112, 112), (112, 96)]
SAME = ("Serena_Williams/Serena_Williams_0001.jpg", "Serena_Williams/Serena_Williams_0003.jpg")
OTHERS = ("Angelina_Jolie/Angelina_Jolie_0002.jpg", "George_W_Bush/George_W_Bush_0007.jpg")


def network_of(size: tuple[int, int]) -> MobileFaceNet:
    torch.manual_seed(0)
    return MobileFaceNet(size).eval()


def saved(folder: Path, size: tuple[int, int] = (112, 96), **about: object) -> Path:
    file = folder / f"{size[1]}.ckpt"
    torch.save({"net_state_dict": network_of(size).state_dict(), **about}, file)
    return file


def chips_of(size: tuple[int, int], count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *size, 3), dtype=np.uint8)


@pytest.mark.parametrize(("size", "last_map"), [((112, 112), (7, 7)), ((112, 96), (7, 6))])
def test_the_architecture_is_the_papers(size: tuple[int, int], last_map: tuple[int, int]) -> None:
    network = network_of(size)
    assert network.linear7.conv.weight.shape == (512, 1, *last_map)
    assert [block.keeps_shape for block in network.blocks] == [
        False,
        *[True] * 4,
        False,
        *[True] * 6,
        False,
        True,
        True,
    ]
    depthwise = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    assert len(depthwise) == 17
    assert all(m.groups == m.in_channels for m in depthwise)
    assert sum(isinstance(m, nn.PReLU) for m in network.modules()) == 33  # two a bottleneck and three outside
    assert network(torch.zeros(2, 3, *size)).shape == (2, 128)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count == 512 * last_map[0] * last_map[1] + 978_048


@pytest.mark.parametrize("size", SIZES)
def test_the_file_tells_the_size_of_its_faces(tmp_path: Path, size: tuple[int, int]) -> None:
    recogniser = MobileFaceNetRecogniser(weights=saved(tmp_path, size, epoch=3))
    assert recogniser.card.chip_size == size
    embeddings = recogniser.embed(chips_of(size))
    assert embeddings.shape == (3, 256)
    inputs = (torch.from_numpy(chips_of(size)).permute(0, 3, 1, 2).float() - 127.5) / 128
    with torch.no_grad():
        expected = torch.cat([network_of(size)(inputs), network_of(size)(inputs.flip(3))], dim=1)
    np.testing.assert_allclose(embeddings, expected.numpy(), atol=1e-5 * float(expected.abs().max()))


def test_folding_the_normalisations_changes_nothing_but_the_speed() -> None:
    network, same = network_of((112, 96)), network_of((112, 96))
    for module, twin in zip(network.modules(), same.modules(), strict=True):
        if isinstance(module, nn.BatchNorm2d):  # statistics as of a trained network
            torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
            twin.load_state_dict(module.state_dict())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded(same).modules())
    chips = torch.rand(4, 3, 112, 96) * 2 - 1
    with torch.no_grad():
        expected, given = network(chips), same(chips)
    assert float((given - expected).abs().max()) < 1e-5 * float(expected.abs().max())


def test_a_mirrored_face_swaps_the_halves(tmp_path: Path) -> None:
    recogniser = MobileFaceNetRecogniser(weights=saved(tmp_path))
    chips = chips_of((112, 96))
    face, mirrored = recogniser.embed(chips), recogniser.embed(chips[:, :, ::-1])
    np.testing.assert_allclose(mirrored, np.roll(face, 128, axis=1), atol=1e-5 * np.abs(face).max())


@pytest.mark.parametrize("under", ["net_state_dict", "state_dict", None])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_the_usual_ways_to_save_are_read(tmp_path: Path, under: str | None, prefix: str) -> None:
    state = {f"{prefix}{name}": tensor for name, tensor in network_of((112, 96)).state_dict().items()}
    state = {name: tensor for name, tensor in state.items() if "num_batches" not in name}  # older files lack them
    torch.save({under: state} if under else state, tmp_path / "net.pt")
    network, size = read_mobilefacenet(tmp_path / "net.pt")
    assert size == (112, 96)
    for name, tensor in network_of((112, 96)).state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], tensor)


class Trap:
    """Pickles to code."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("code of the file was run",))


BROKEN: dict[str, Callable[[dict[str, torch.Tensor]], object]] = {
    "another": lambda state: nn.Linear(3, 4).state_dict(),
    "wider": lambda state: {**state, "linear1.conv.weight": torch.zeros(512, 512, 1, 1)},
    "more": lambda state: {**state, "extra.weight": torch.zeros(1)},
    "larger": lambda state: {**state, "linear7.conv.weight": torch.zeros(512, 1, 14, 14)},
    "nan": lambda state: {**state, "conv2.bn.bias": torch.full((512,), torch.nan)},
    "list": lambda state: [1, 2],
    "numbers": lambda state: {"epoch": 3},
    "code": lambda state: {"net_state_dict": state, "trap": Trap()},
}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("another", r"is not a MobileFaceNet .*'conv1.conv.weight' is missing where \(64, 3, 3, 3\) is expected"),
        ("wider", r"'linear1.conv.weight' is \(512, 512, 1, 1\) where \(128, 512, 1, 1\)"),
        ("more", r"'extra.weight' is \(1,\) where nothing is expected \(1 of"),
        ("larger", r"'linear7.conv.weight' is \(512, 1, 14, 14\) where \(512, 1, 7, 7\)"),
        ("nan", "not finite in 'conv2.bn.bias'"),
        ("list", "holds no state dict"),
        ("numbers", "holds no state dict"),
        ("code", "not a PyTorch file of plain tensors"),
    ],
)
def test_what_is_not_this_network_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str, message: str
) -> None:
    file = tmp_path / "net.ckpt"
    torch.save(BROKEN[how](network_of((112, 96)).state_dict()), file)
    with pytest.raises(PluginError, match=message) as caught:
        MobileFaceNetRecogniser(weights=file)
    assert "\n" not in str(caught.value)
    assert str(file) in str(caught.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    content = saved(tmp_path).read_bytes()
    file = tmp_path / "half.ckpt"
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BenchmarkError, match=r"not a PyTorch file of plain tensors, or is truncated") as caught:
        MobileFaceNetRecogniser(weights=file)
    assert "\n" not in str(caught.value)


def test_without_its_file_it_is_unavailable_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_BENCHMARK_MODELS", str(tmp_path))
    cls = RECOGNISERS.load("mobilefacenet")
    assert cls is MobileFaceNetRecogniser
    assert not cls.availability().available
    assert "--weights mobilefacenet=" in cls.availability().reason
    with pytest.raises(PluginError, match="--weights mobilefacenet="):
        MobileFaceNetRecogniser()
    with pytest.raises(RequestError, match="no such file"):
        MobileFaceNetRecogniser(weights=tmp_path / "none.ckpt")
    assert cls.availability(saved(tmp_path)).available


def test_weights_of_unknown_origin_are_not_said_to_be_of_casia(tmp_path: Path) -> None:
    recogniser = MobileFaceNetRecogniser(weights=saved(tmp_path, (112, 112)))
    assert recogniser.card.trained_on == ("unknown",)
    assert len(recogniser.card.sha256) == 64
    assert recogniser.card.parameters == {"network": sum(p.numel() for p in network_of((112, 112)).parameters())}
    assert MobileFaceNetRecogniser.card.sha256 == ""  # the class knows of no file


def test_no_loss_knows_it() -> None:
    """The judge must stay unseen: no file but its own names it."""
    package = Path(__file__).parents[2] / "benchmark"
    naming = {file.name for file in package.rglob("*.py") if "mobilefacenet" in file.read_text("utf-8").lower()}
    assert naming <= {"mobilefacenet.py", "mobilefacenet_network.py", "opencv_sface.py"}


@pytest.mark.lfw
@pytest.mark.shared
def test_the_weights_at_hand_tell_people_apart(lfw_root: Path, mobilefacenet_weights: Path) -> None:
    recogniser = MobileFaceNetRecogniser(weights=mobilefacenet_weights)
    assert recogniser.card.trained_on == ("casia-webface",)
    assert MobileFaceNetRecogniser.card.parameters == recogniser.card.parameters
    photos = [read_photo(lfw_root / name) for name in (*SAME, *OTHERS)]
    embeddings = recogniser.embed(np.stack([recogniser.chip(photo, locate_face(photo)) for photo in photos]))
    assert embeddings.shape == (4, 256)
    mated = recogniser.scores(embeddings[:1], embeddings[1:2])[0]
    non_mated = recogniser.scores(np.repeat(embeddings[:1], 2, axis=0), embeddings[2:])
    assert mated > 0.4
    assert non_mated.max() < 0.25
