"""The detector that goes by landmarks and colour: real masks on synthetic people, and nothing on bare faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import locate_face
from benchmark.faces import FaceGeometry
from benchmark.masking.resolve import mask_style
from benchmark.methods.detectors.landmarks import LandmarksDetector, covered_region, landmarks_of_crop
from benchmark.methods.resolve import resolve_method
from benchmark.plugins import DATASETS
from benchmark.seeds import generator_for

STYLES = ("nist-wide-medium", "nist-round-high", "surgical")
PEOPLE = 6


@pytest.fixture(scope="module")
def people() -> list[tuple[np.ndarray, FaceGeometry]]:
    dataset = DATASETS.load("synthetic")()
    photos = dataset.protocol(dataset.protocols[0], limit=PEOPLE).photos[::3]
    pixels = [dataset.read(photo) for photo in photos]
    return [(photo, locate_face(photo)) for photo in pixels]


@pytest.fixture(scope="module")
def crops(people) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masked crops of 96 px in every style, their true masks, and bare crops."""
    masked, true, bare = [], [], []
    for number, (photo, face) in enumerate(people):
        bare.append(crop_face(photo, face, 96)[0])
        for style in STYLES:
            drawn = mask_style(style).draw(photo, face.landmarks, generator_for(0, style, str(number)))
            masked.append(crop_face(drawn.photo, face, 96)[0])
            cover = np.repeat(drawn.coverage[:, :, None], 3, axis=2)
            true.append(crop_face(cover, face, 96)[0][:, :, 0] > 0)
    return np.stack(masked), np.stack(true), np.stack(bare)


def test_it_finds_most_of_a_mask_and_nothing_on_bare_faces(crops):
    masked, true, bare = crops
    found = LandmarksDetector().detect(masked, None, ())
    assert found.shape == true.shape
    assert found.dtype == np.uint8
    assert set(np.unique(found)) <= {0, 255}
    iou = ((found > 0) & true).sum(axis=(1, 2)) / ((found > 0) | true).sum(axis=(1, 2))
    assert iou.mean() > 0.7
    assert np.median(iou) > 0.75
    assert LandmarksDetector().detect(bare, None, ()).any(axis=(1, 2)).sum() == 0


def test_its_answer_depends_on_the_face_alone_and_has_the_crop_s_size(crops):
    masked, _, _ = crops
    together = LandmarksDetector().detect(masked, None, ())
    backwards = LandmarksDetector(seed=9).detect(masked[::-1], None, ())[::-1]
    assert np.array_equal(together, backwards)
    assert np.array_equal(LandmarksDetector().detect(masked[4:5], None, ())[0], together[4])
    assert LandmarksDetector().detect(masked[:0], None, ()).shape == (0, 96, 96)


def test_landmarks_are_found_on_the_masked_crop_itself(people, crops):
    _, face = people[0]
    truth = crop_face(people[0][0], face, 96)[1].landmarks
    on_bare = landmarks_of_crop(crops[2][0])
    on_masked = landmarks_of_crop(crops[0][0])
    eyes, jaw = slice(36, 48), slice(0, 17)
    assert np.linalg.norm(on_bare - truth, axis=1).mean() < 2
    assert np.linalg.norm(on_masked - truth, axis=1)[eyes].mean() < 3
    assert np.linalg.norm(on_masked - truth, axis=1)[jaw].mean() < 9


def painted_face(colour: tuple[int, int, int], lips: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A flat face of skin with lips, which a disc of `colour` may cover."""
    landmarks = np.zeros((68, 2), dtype=np.float32)
    turn = np.linspace(0, np.pi, 17)
    landmarks[0:17] = np.stack([32 - 20 * np.cos(turn), 26 + 28 * np.sin(turn)], axis=1)
    landmarks[17:22] = [(16, 18), (19, 16), (22, 16), (25, 17), (28, 18)]
    landmarks[22:27] = [(36, 18), (39, 17), (42, 16), (45, 16), (48, 18)]
    landmarks[27:31] = [(32, 22), (32, 26), (32, 30), (32, 34)]
    landmarks[31:36] = [(28, 36), (30, 37), (32, 37), (34, 37), (36, 36)]
    landmarks[36:42] = [(18, 23), (21, 22), (24, 22), (26, 23), (24, 24), (21, 24)]
    landmarks[42:48] = [(38, 23), (40, 22), (43, 22), (46, 23), (43, 24), (40, 24)]
    around = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    landmarks[48:60] = np.stack([32 - 8 * np.cos(around), 44 - 3 * np.sin(around)], axis=1)
    landmarks[60:68] = landmarks[48:56]
    face = np.full((64, 64, 3), (200, 160, 140), dtype=np.uint8)
    face[42:47:2, 24:40] = lips
    rows, columns = np.mgrid[:64, :64]
    disc = (rows - 42) ** 2 + (columns - 32) ** 2 < 13**2
    return (np.where(disc[..., None], np.uint8(colour), face) if colour else face), landmarks


def test_the_colour_decides():
    test = LandmarksDetector().settings
    uneven = (120, 60, 60)
    bare, landmarks = painted_face((), uneven)
    assert not covered_region(bare, landmarks, replace(test, plain=0.0)).any(), "lips are redder than skin"
    assert covered_region(bare, landmarks, replace(test, less_red=-99.0)).any()
    blue, _ = painted_face((90, 150, 220), uneven)
    found = covered_region(blue, landmarks, test)
    rows, columns = np.mgrid[:64, :64]
    disc = (rows - 42) ** 2 + (columns - 32) ** 2 < 13**2
    assert (found & disc).sum() / (found | disc).sum() > 0.8
    assert not covered_region(blue, np.zeros((68, 2), np.float32), test).any(), "landmarks all in one place"


def test_it_is_used_in_front_of_a_completer_and_learns_nothing(crops):
    method = resolve_method("landmarks+telea")
    assert method.mask_source == "detected"
    assert not method.detector.trains
    assert not method.card.privileged
    masked, _, bare = crops
    faces = np.concatenate([masked[:1], bare[:1]])
    places = np.zeros((2, 68, 2), np.float32)
    restored = method.unmask(faces, None, places, ("masked", "bare"))
    assert np.array_equal(restored.pixels[1], bare[0]), "nothing found, nothing changed"
    assert not np.array_equal(restored.pixels[0], masked[0])
