from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

from benchmark.acquisition.detection import FaceSearch, locate_face
from benchmark.acquisition.face_detectors.mtcnn import Mtcnn
from benchmark.errors import ImageRefused, PluginError
from benchmark.faces import FaceGeometry, Image, key_points_of
from benchmark.plugins import DATASETS

PEOPLE = ("George_W_Bush/George_W_Bush_0007.jpg", "Serena_Williams/Serena_Williams_0003.jpg")


@pytest.fixture(scope="module")
def mtcnn() -> Mtcnn:
    return Mtcnn()


@pytest.fixture(scope="module")
def synthetic() -> list[Image]:
    people = DATASETS.load("synthetic")(None, seed=0)
    return [people.read(photo) for photo in people.protocol(people.protocols[0], limit=2).photos][:4]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As in the worker processes; several threads divide a batch's sums by its size."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def read(path: Path) -> Image:
    return np.array(PillowImage.open(path).convert("RGB"))


def centre(face: FaceGeometry) -> np.ndarray:
    return face.landmarks.mean(axis=0)


def test_what_is_found_does_not_depend_on_the_photos_beside_it(
    mtcnn: Mtcnn, synthetic: list[Image], monkeypatch: pytest.MonkeyPatch, one_thread: None
) -> None:
    alone = mtcnn.detect(synthetic)
    assert all(len(found) for found in alone)
    monkeypatch.setattr(Mtcnn, "batch", classmethod(lambda cls, device: 4))
    noise = np.random.default_rng(0).integers(0, 256, synthetic[0].shape, dtype=np.uint8)
    other_size = synthetic[0][:-40, :-20]
    together = mtcnn.detect([synthetic[0], other_size, synthetic[1], synthetic[2]])
    mixed = mtcnn.detect([noise, synthetic[2], synthetic[3], synthetic[1], synthetic[0], noise])
    for row, (a, b) in enumerate([(together[0], mixed[4]), (together[2], mixed[3]), (together[3], mixed[1])]):
        # some processors' kernels sum in another order at another place of the batch
        np.testing.assert_allclose(a.boxes, b.boxes, rtol=1e-6)
        np.testing.assert_allclose(a.scores, b.scores, rtol=1e-6)
        np.testing.assert_allclose(a.boxes, alone[row].boxes, atol=1e-3, err_msg="another size of batch")


def test_it_finds_the_face_that_hog_finds(mtcnn: Mtcnn, synthetic: list[Image]) -> None:
    for photo in synthetic[:2]:
        expected, found = locate_face(photo), FaceSearch(("mtcnn",)).find(photo).geometry
        width = expected.box[2] - expected.box[0]
        assert np.abs(found.landmarks - expected.landmarks).mean() < 0.04 * width
        assert np.abs(found.key_points - key_points_of(expected.landmarks)).max() < 0.15 * width
        assert found.detected_points is not None


def test_photos_without_a_face_and_long_strips_have_none(mtcnn: Mtcnn) -> None:
    photos = [np.full(shape, 127, np.uint8) for shape in ((250, 250, 3), (20, 12000, 3), (25, 30, 3))]
    assert [len(found) for found in mtcnn.detect(photos)] == [0, 0, 0]


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "facenet_pytorch" else find(name))
    assert not Mtcnn.availability().available
    with pytest.raises(PluginError, match=r"'mtcnn': facenet_pytorch.* not installed.*pip install.*facenet-pytorch"):
        Mtcnn()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device: PyTorch sees none here")
def test_a_gpu_finds_the_same(mtcnn: Mtcnn, synthetic: list[Image]) -> None:
    on_gpu = Mtcnn(device="cuda")
    alone = [on_gpu.detect([photo])[0] for photo in synthetic]
    for one, together, expected in zip(alone, on_gpu.detect(synthetic), mtcnn.detect(synthetic), strict=True):
        np.testing.assert_array_equal(one.boxes, together.boxes)
        np.testing.assert_allclose(one.boxes, expected.boxes, atol=0.1)


@pytest.mark.lfw
def test_it_agrees_with_the_package(mtcnn: Mtcnn, lfw_root: Path) -> None:
    from facenet_pytorch import MTCNN

    package = MTCNN(keep_all=True, min_face_size=40)
    for name in PEOPLE:
        photo = read(lfw_root / name)
        found = mtcnn.detect([photo])[0]
        boxes, scores, points = (np.asarray(part, dtype=np.float64) for part in package.detect(photo, landmarks=True))
        mine, theirs = np.argsort(-found.scores, kind="stable"), np.argsort(-scores, kind="stable")
        np.testing.assert_allclose(found.boxes[mine], boxes[theirs], atol=1e-3)
        np.testing.assert_allclose(found.scores[mine], scores[theirs], atol=1e-5)
        assert found.key_points is not None
        np.testing.assert_allclose(found.key_points[mine], points[theirs], atol=1e-3)


@pytest.mark.lfw
def test_of_two_faces_the_central_one_is_taken_and_small_ones_are_not(mtcnn: Mtcnn, lfw_root: Path) -> None:
    left, right = (read(lfw_root / name) for name in PEOPLE)
    margin = np.zeros((250, 200, 3), np.uint8)
    search = FaceSearch(("mtcnn",))
    found = search.find(np.concatenate([left, right, margin], axis=1)).geometry
    alone = search.find(right).geometry
    np.testing.assert_allclose(centre(found) - np.array([250, 0]), centre(alone), atol=8)
    width = float(np.ptp(alone.landmarks[:, 0]))
    assert search.find_all([right]) and FaceSearch(("mtcnn",), min_face=round(width / 2)).find(right)
    with pytest.raises(ImageRefused, match="no face found"):
        FaceSearch(("mtcnn",), min_face=round(2 * width)).find(right)
