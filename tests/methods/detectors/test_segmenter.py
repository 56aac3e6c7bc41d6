"""The default detector: it learns a toy mask, finds nothing on bare faces, and cleans up after itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import locate_face
from benchmark.errors import StorageError
from benchmark.masking.resolve import mask_style
from benchmark.methods.detectors.found_region import around_the_sure, cleaned
from benchmark.methods.detectors.segmenter import Segmenter
from benchmark.methods.detectors.segmenter_examples import AS_DRAWN
from benchmark.methods.trained_weights import shipped_weights
from benchmark.plugins import DATASETS
from benchmark.seeds import generator_for


@pytest.fixture
def toy(tiny_pairs):
    """Faces of 32 px whose mask is white, so that colour alone tells it."""
    pairs = tiny_pairs(64, 32, validation=16)
    for part in (pairs, pairs.validation):
        part.masked[part.holes > 0] = 250
    return pairs


def fitted(pairs, progress, epochs=8) -> Segmenter:
    method = Segmenter()
    training = replace(method.settings.training, epochs=epochs, batch_size=8)
    method.settings = replace(method.settings, training=training, examples=AS_DRAWN)  # toy faces have no landmarks
    method.fit(pairs, progress=progress)
    return method


def test_it_learns_a_toy_mask_and_finds_none_on_bare_faces(toy, quiet, tmp_path):
    method = fitted(toy, quiet)
    found = method.detect(toy.validation.masked, None, ())
    assert found.dtype == np.uint8
    assert set(np.unique(found)) <= {0, 255}
    both = ((found > 0) & (toy.validation.holes > 0)).sum()
    either = ((found > 0) | (toy.validation.holes > 0)).sum()
    assert both / either > 0.85
    assert not method.detect(toy.validation.true, None, ()).any()
    assert method.losses.validation_iou.iloc[-1] > 0.85
    method.save(tmp_path)
    again = Segmenter(seed=5)
    again.settings = method.settings
    again.load(tmp_path)
    assert np.array_equal(again.detect(toy.validation.masked, None, ()), found)
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(StorageError, match="train again"):
        Segmenter().load(tmp_path)


def test_a_face_s_mask_does_not_depend_on_its_neighbours(toy, quiet):
    method = fitted(toy, quiet, epochs=2)
    together = method.detect(toy.masked, None, ())
    assert np.array_equal(method.detect(toy.masked[40:41], None, ())[0], together[40])
    assert np.array_equal(method.detect(toy.masked[::-1], None, ())[::-1], together)


def test_masks_have_the_size_of_the_crops(tiny_pairs):
    for size in (32, 64, 96):
        assert Segmenter().detect(tiny_pairs(2, size).masked, None, ()).shape == (2, size, size)
    assert Segmenter().detect(tiny_pairs(0, 32).masked, None, ()).shape == (0, 32, 32)


def test_its_size_is_on_its_card():
    assert Segmenter.parameter_counts() == dict(Segmenter.card.parameters)
    assert 30_000 < Segmenter.parameter_counts()["segmenter"] < 100_000


def test_specks_go_and_gaps_close():
    region = np.zeros((40, 40), dtype=bool)
    region[10:30, 10:30] = True
    region[19:21, 19:21] = False  # a gap of 4 pixels
    region[2:4, 2:4] = True  # a speck of 4 pixels
    solid = np.zeros((40, 40), dtype=bool)
    solid[10:30, 10:30] = True
    found = cleaned(region, smallest=0.01)
    assert np.array_equal(found, np.where(solid, 255, 0))
    assert found.dtype == np.uint8


def test_a_region_reaches_its_soft_edge_if_it_is_sure_somewhere():
    probabilities = np.full((40, 40), 0.1, np.float32)
    probabilities[5:15, 5:15] = 0.4
    probabilities[20:35, 5:15] = 0.4
    probabilities[25:30, 5:15] = 0.95  # 50 sure pixels
    region = around_the_sure(probabilities, covered=0.3, sure=0.8, least_sure=0.03)
    assert region[20:35, 5:15].all()
    assert region.sum() == 150
    assert not around_the_sure(probabilities, covered=0.3, sure=0.8, least_sure=0.04).any()


def test_a_mirrored_face_gives_the_mirrored_mask(toy, quiet):
    method = fitted(toy, quiet, epochs=2)
    found = method.detect(toy.masked, None, ())
    assert found.any()
    assert np.array_equal(method.detect(toy.masked[:, :, ::-1].copy(), None, ()), found[:, :, ::-1])


def test_a_region_that_is_too_small_is_no_mask():
    region = np.zeros((40, 40), dtype=bool)
    region[5:8, 5:8] = True
    assert not cleaned(region, smallest=0.01).any()
    assert cleaned(region, smallest=0.005).any()


@pytest.mark.parametrize("size", [64, 128, 256])
def test_the_weights_that_travel_along_find_every_mask_type_and_none_on_bare_faces(size):
    weights = shipped_weights("segmenter", "default", size)
    assert weights is not None
    method = Segmenter()
    method.load(weights.folder)
    people = DATASETS.load("synthetic")()
    masked, true, bare = [], [], []
    for number, photo in enumerate(people.protocol(people.protocols[0], limit=10).photos):
        pixels = people.read(photo)
        face = locate_face(pixels)
        style = weights.card.masks[number % len(weights.card.masks)]
        drawn = mask_style(style).draw(pixels, face.landmarks, generator_for(0, style, photo.image_id))
        masked.append(crop_face(drawn.photo, face, size)[0])
        cover = np.repeat(drawn.coverage[:, :, None], 3, axis=2)
        true.append(crop_face(cover, face, size)[0][:, :, 0] > 0)
        bare.append(crop_face(pixels, face, size)[0])
    found = method.detect(np.stack(masked), None, ()) > 0
    iou = (found & np.stack(true)).sum(axis=(1, 2)) / (found | np.stack(true)).sum(axis=(1, 2))
    assert iou.mean() > 0.88
    assert iou.min() > 0.7
    assert not method.detect(np.stack(bare), None, ()).any()
