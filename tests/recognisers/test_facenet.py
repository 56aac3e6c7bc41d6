"""FaceNet with random weights, stored in the layout of the published files: those are a download."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage
from torch import nn

from benchmark.errors import ImageRefused, PluginError, RequestError
from benchmark.faces import FaceGeometry
from benchmark.recognisers.facenet import FaceNetCasia, FaceNetVggFace2, facenet_chip, mtcnn_box
from benchmark.torchvision_operators import provide_operators

CLASSES = 7


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """Their own network with random weights and running statistics that are not those of a fresh one."""
    provide_operators()
    from facenet_pytorch import InceptionResnetV1

    torch.manual_seed(3)
    made = InceptionResnetV1(classify=True, num_classes=CLASSES).eval()
    made.classify = False
    for layer in made.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    return made


@pytest.fixture(scope="module")
def weights(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the published files: the bare state dict with the classifier, in the format of PyTorch before 1.6."""
    file = tmp_path_factory.mktemp("weights") / "20180402-114759-vggface2.pt"
    torch.save(network.state_dict(), file, _use_new_zipfile_serialization=False)
    return file


@pytest.fixture
def unpublished(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No digest is asked for, and downloads are kept apart from the user's."""
    monkeypatch.setenv("UNMASK_BENCHMARK_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(FaceNetVggFace2, "model_file", replace(FaceNetVggFace2.model_file, sha256=""))
    yield


def chips(count: int) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (count, 160, 160, 3), dtype=np.uint8)
    return noise // np.arange(1, count + 1, dtype=np.uint8)[:, None, None, None]


@pytest.mark.usefixtures("unpublished")
def test_it_is_their_network_on_their_normalised_pixels(network: nn.Module, weights: Path) -> None:
    recogniser = FaceNetVggFace2(weights=weights)
    pictures = chips(2)
    embeddings = recogniser.embed(pictures)
    with torch.inference_mode():
        expected = network((torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - 127.5) / 128).numpy()
    np.testing.assert_allclose(embeddings, expected, atol=2e-5)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    assert np.abs(embeddings[0] - embeddings[1]).max() > 1e-3
    np.testing.assert_array_equal(recogniser.embed(pictures[1:])[0], embeddings[1])
    assert recogniser.embed(pictures[:0]).shape == (0, 512)
    assert recogniser.card.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert FaceNetVggFace2.card.sha256 != recogniser.card.sha256
    assert FaceNetVggFace2.card.parameters == {"network": sum(one.numel() for one in recogniser.network.parameters())}
    rough = FaceNetVggFace2(weights=weights, precision="bfloat16").embed(pictures)
    assert 0 < np.linalg.norm(rough - embeddings, axis=1).max() < 0.1


def test_without_weights_it_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_BENCHMARK_MODELS", str(tmp_path))
    found = FaceNetVggFace2.availability()
    assert not found.available
    assert found.reason == (
        "its weights are not here: python run_benchmark.py fetch facenet-vggface2 (112 MB; its SHA-256 is not "
        "verified), or name the file with --weights facenet-vggface2=20180402-114759-vggface2.pt"
    )
    with pytest.raises(PluginError, match="its weights are not here"):
        FaceNetCasia()
    for cls in (FaceNetVggFace2, FaceNetCasia):
        assert "SHA-256 not verified here" in cls.card.weights_source and cls.card.sha256 == ""


def test_a_file_of_a_verified_digest_must_have_it(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FaceNetVggFace2, "model_file", replace(FaceNetVggFace2.model_file, sha256="281cebca8662" * 5))
    with pytest.raises(RequestError, match=r"not the file that was published .* expected 281cebca8662"):
        FaceNetVggFace2(weights=weights)
    found = FaceNetVggFace2.availability(weights)
    assert not found.available and "not the file that was published" in found.reason


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"facenet-casia=.*none\.pt: no such file"):
        FaceNetCasia(weights=tmp_path / "none.pt")


@pytest.mark.usefixtures("unpublished")
def test_weights_put_into_the_folder_are_remembered_and_may_not_change(network: nn.Module, weights: Path) -> None:
    assert FaceNetVggFace2.model_file is not None
    path = FaceNetVggFace2.model_file.path
    path.parent.mkdir()
    path.write_bytes(weights.read_bytes())
    assert FaceNetVggFace2.availability().available
    FaceNetVggFace2()
    other = {name: tensor + 1 for name, tensor in network.state_dict().items()}
    torch.save(other, path)
    with pytest.raises(PluginError, match="is damaged or another file"):
        FaceNetVggFace2()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda state: state.pop("last_bn.bias"), r"'last_bn\.bias' is missing where \(512,\) is expected"),
        (lambda state: state.update(more=torch.zeros(2, 3)), r"'more' is \(2, 3\) where nothing is expected"),
        (
            lambda state: state.update({"last_bn.bias": torch.zeros(128)}),
            r"'last_bn\.bias' is \(128,\) where \(512,\) is expected",
        ),
        (lambda state: state["last_bn.bias"].fill_(torch.nan), r"holds numbers that are not finite in 'last_bn\.bias'"),
    ],
)
def test_weights_of_another_network_are_refused(network: nn.Module, tmp_path: Path, change, complaint: str) -> None:
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    change(state)
    file = tmp_path / "other.pt"
    torch.save(state, file)
    with pytest.raises(PluginError, match=complaint):
        FaceNetCasia.accept(file)


def test_what_is_no_state_dict_is_refused(weights: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.pt"
    half.write_bytes(weights.read_bytes()[:1_000_000])
    page = tmp_path / "page.pt"
    page.write_text("<html>not found</html>")
    tensor = tmp_path / "tensor.pt"
    torch.save(torch.zeros(3), tensor)
    for file, complaint in ((half, "truncated"), (page, "truncated"), (tensor, "holds no state dict")):
        with pytest.raises(PluginError, match=complaint) as caught:
            FaceNetCasia.accept(file)
        assert "\n" not in str(caught.value)


class Evil:
    """Would run a command if it were unpickled the old way."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return os.system, (f"touch {self.trace}",)


def test_a_file_cannot_run_code(tmp_path: Path) -> None:
    file, trace = tmp_path / "evil.pt", tmp_path / "trace"
    torch.save({"last_bn.bias": Evil(trace)}, file)
    with pytest.raises(PluginError, match="not a PyTorch file of plain tensors"):
        FaceNetCasia.accept(file)
    assert not trace.exists()


def face(size: float, shift: float = 0) -> np.ndarray:
    """68 points whose bounds are a square of `size` pixels."""
    inside = np.random.default_rng(1).uniform(0.1, 0.9, (64, 2))
    corners = np.array([(0, 0.2), (1, 0.3), (0.4, 0), (0.5, 1)])
    return (np.concatenate([corners, inside]) * size + shift).astype(np.float32)


def test_the_box_reaches_over_the_brow_and_hardly_over_the_jaw() -> None:
    left, top, right, bottom = mtcnn_box(face(100, 50))
    assert (left, right) == pytest.approx((51.7, 148.3))
    assert (top, bottom) == pytest.approx((15.9, 148.0))


def test_the_chip_is_what_their_own_function_cuts_out() -> None:
    provide_operators()
    from facenet_pytorch import extract_face

    small = np.random.default_rng(2).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    picture = np.asarray(PillowImage.fromarray(small).resize((256, 256), PillowImage.Resampling.BICUBIC))
    landmarks = face(140, 60)
    theirs = extract_face(PillowImage.fromarray(picture), mtcnn_box(landmarks), image_size=160, margin=14)
    expected = theirs.permute(1, 2, 0).numpy()
    error = np.abs(facenet_chip(picture, landmarks) - expected).mean()
    assert error < 3  # theirs cuts whole pixels, ours parts of them
    assert np.abs(facenet_chip(picture, landmarks + np.float32(3)) - expected).mean() > 2 * error


def test_a_box_beyond_the_edge_ends_there() -> None:
    picture = np.full((100, 100, 3), 200, np.uint8)
    assert facenet_chip(picture, face(90, -10)).min() == 200
    with pytest.raises(ImageRefused, match="outside the picture"):
        facenet_chip(picture, face(50, 500))


def test_the_face_geometry_is_used_as_it_is() -> None:
    picture = np.random.default_rng(4).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    landmarks = face(100, 50)
    geometry = FaceGeometry(np.zeros(4, np.float32), landmarks, np.zeros((5, 2), np.float32))
    chip = FaceNetVggFace2.chip(object.__new__(FaceNetVggFace2), picture, geometry)
    np.testing.assert_array_equal(chip, facenet_chip(picture, landmarks))
    assert chip.shape == (160, 160, 3) and chip.dtype == np.uint8
