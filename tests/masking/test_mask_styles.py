from __future__ import annotations

import colorsys

import cv2
import numpy as np
import pytest

from benchmark.errors import ImageRefused
from benchmark.masking import cloth, fabric, kn95, surgical, worn
from benchmark.masking.resolve import mask_style
from benchmark.plugins import MASKS

WORN = ("surgical", "n95", "kn95", "cloth")
NIST = tuple(f"nist-{shape}-{height}" for shape in ("wide", "round") for height in ("high", "medium", "low"))
ALL = WORN + NIST
COVERED, EYES = (33, 51, 57), range(36, 48)


def _draw(name, face, seed=0):
    return mask_style(name).draw(face.photo, face.landmarks, np.random.default_rng(seed))


def _at(picture, point):
    x, y = np.round(point).astype(int)
    return picture[y, x]


def test_all_ten_are_registered():
    assert set(ALL) <= set(MASKS.names())


@pytest.mark.parametrize("name", ALL)
def test_same_stream_same_pixels_and_another_stream_others(name, posed_face):
    face = posed_face(yaw=10)
    first, again = _draw(name, face, 3), _draw(name, face, 3)
    np.testing.assert_array_equal(first.photo, again.photo)
    np.testing.assert_array_equal(first.coverage, again.coverage)
    assert first.parameters == again.parameters
    assert any((_draw(name, face, seed).photo != first.photo).any() for seed in range(4, 9))


@pytest.mark.parametrize("name", WORN)
@pytest.mark.parametrize("seed", range(6))
def test_a_painter_needs_only_the_lines_of_a_canvas(name, seed, posed_face, monkeypatch):
    """What depends on one pattern coordinate alone is the same on a line as on a whole plane."""
    on_lines = _draw(name, posed_face(), seed=seed)

    def planes(width):
        where = fabric.canvas(width)
        u, v = (np.ascontiguousarray(np.broadcast_to(line, where.shape)) for line in (where.u, where.v))
        return fabric.Canvas(u, v, where.texel)

    monkeypatch.setattr(worn, "canvas", planes)
    on_planes = _draw(name, posed_face(), seed=seed)
    np.testing.assert_array_equal(on_lines.photo, on_planes.photo)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("yaw", [-35, 0, 35])
def test_coverage_holds_every_changed_pixel_and_little_more(name, yaw, posed_face):
    face = posed_face(yaw=yaw, pitch=5, roll=8)
    before = face.photo.copy()
    drawn = _draw(name, face, 1)
    np.testing.assert_array_equal(face.photo, before)
    assert drawn.photo.dtype == drawn.coverage.dtype == np.uint8
    assert set(np.unique(drawn.coverage)) == {0, 255}
    changed = (drawn.photo != face.photo).any(axis=2)
    covered = drawn.coverage > 0
    assert not (changed & ~covered).any()
    assert covered.sum() < 1.1 * changed.sum()
    undone = np.where(covered[..., None], face.photo, drawn.photo)
    np.testing.assert_array_equal(undone, face.photo)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("yaw", [-35, -15, 0, 15, 35])
def test_mouth_and_base_of_the_nose_are_covered_and_the_eyes_are_not(name, yaw, posed_face):
    face = posed_face(yaw=yaw, face_width=110)
    for seed in range(4):
        coverage = _draw(name, face, seed).coverage
        assert all(_at(coverage, face.landmarks[index]) for index in COVERED)
        assert not any(_at(coverage, face.landmarks[index]) for index in EYES)


@pytest.mark.parametrize("name", WORN)
def test_worn_masks_also_cover_the_tip_of_the_nose_and_reach_the_chin(name, posed_face):
    face = posed_face(face_width=110)
    for seed in range(4):
        coverage = _draw(name, face, seed).coverage
        assert _at(coverage, face.landmarks[30])
        assert _at(coverage, face.landmarks[8])


def test_higher_nist_masks_cover_more_and_wide_ones_reach_the_ears(posed_face):
    face = posed_face(face_width=120)
    for shape in ("wide", "round"):
        area = [_draw(f"nist-{shape}-{height}", face).coverage.sum() for height in ("low", "medium", "high")]
        assert area[0] < area[1] < area[2]
    columns = {
        shape: np.flatnonzero(_draw(f"nist-{shape}-medium", face).coverage.any(axis=0)) for shape in ("wide", "round")
    }
    assert columns["wide"][0] <= face.landmarks[1, 0] + 1
    assert columns["wide"][-1] >= face.landmarks[15, 0] - 1
    assert columns["round"][0] > face.landmarks[3, 0] + 5


@pytest.mark.parametrize("name", NIST)
def test_nist_masks_are_flat_and_of_the_named_colour(name, posed_face):
    face = posed_face()
    seen = set()
    for seed in range(6):
        drawn = _draw(name, face, seed)
        seen.add(drawn.parameters["colour"])
        inside = cv2.erode(drawn.coverage, np.ones((5, 5), np.uint8)) > 0
        assert len(np.unique(drawn.photo[inside], axis=0)) == 1
        colour = drawn.photo[inside][0].astype(int)
        assert (colour.max() < 20) == (drawn.parameters["colour"] == "black")
        if drawn.parameters["colour"] == "light blue":
            assert colour[2] > colour[1] > colour[0]
    assert seen == {"black", "light blue"}


def _hue_distance(a, b):
    hues = [colorsys.rgb_to_hsv(*np.asarray(colour, dtype=float))[0] for colour in (a, b)]
    return min(abs(hues[0] - hues[1]), 1 - abs(hues[0] - hues[1]))


@pytest.mark.parametrize("name", ["surgical", "kn95", "cloth"])
def test_the_colour_drawn_is_the_colour_in_the_ledger(name, posed_face):
    face = posed_face(face_width=130, side=300)
    palette = {"surgical": surgical.COLOURS, "kn95": kn95.COLOURS, "cloth": cloth.COLOURS}[name]
    compared = set()
    for seed in range(40):
        drawn = _draw(name, face, seed)
        if drawn.parameters.get("pattern", "plain") != "plain":
            continue
        colour = palette[drawn.parameters["colour"]]
        x, y = np.round(face.landmarks[[48, 54, 57]].mean(axis=0)).astype(int)
        seen = np.median(drawn.photo[y - 8 : y + 8, x - 12 : x + 12].reshape(-1, 3), axis=0) / 255
        if max(colour) - min(colour) > 0.12:
            assert _hue_distance(seen, colour) < 0.1, (drawn.parameters["colour"], seen)
        else:
            assert np.ptp(seen) < 0.15
        if max(colour) < 0.2:
            assert seen.max() < 0.3
        if min(colour) > 0.9:
            assert seen.min() > 0.5
        compared.add(drawn.parameters["colour"])
    assert len(compared) >= 4


def test_cloth_draws_every_pattern_and_its_ink_shows(posed_face):
    face = posed_face(face_width=150, side=300)
    spread: dict[str, list[float]] = {}
    for seed in range(40):
        drawn = _draw("cloth", face, seed)
        x, y = np.round(face.landmarks[62]).astype(int)
        pixels = drawn.photo[y - 20 : y + 20, x - 30 : x + 30].reshape(-1, 3).astype(float)
        spread.setdefault(drawn.parameters["pattern"], []).append(float(pixels.std(axis=0).max()))
        assert (drawn.parameters["ink"] is None) == (drawn.parameters["pattern"] == "plain")
    assert set(spread) == {"plain", "stripes", "dots", "checks", "flowers"}
    plain = np.median(spread.pop("plain"))
    assert all(np.median(values) > 2 * plain for values in spread.values())


def test_a_mask_in_a_black_and_white_photo_is_grey(posed_face):
    face = posed_face(skin=(170, 170, 170))
    for seed in range(6):
        drawn = _draw("cloth", face, seed)
        assert np.ptp(drawn.photo.astype(int), axis=2).max() <= 3


def test_a_mask_is_darker_in_a_dark_photo(posed_face):
    bright, dark = posed_face(), posed_face(skin=(70, 52, 42), background=(25, 25, 25))
    levels = []
    for face in (bright, dark):
        drawn = _draw("kn95", face, 0)
        levels.append(drawn.photo[drawn.coverage > 0].mean())
    assert levels[1] < 0.65 * levels[0]


def test_a_mask_is_darker_on_the_side_that_lies_in_shadow(posed_face):
    face = posed_face(face_width=130)
    across = np.linspace(1.0, 0.35, face.photo.shape[1])[None, :, None]
    photo = (face.photo * across).astype(np.uint8)
    drawn = mask_style("kn95").draw(photo, face.landmarks, np.random.default_rng(0))
    left, right = (_at(drawn.photo, face.landmarks[index]).mean() for index in (48, 54))
    assert right < 0.85 * left


@pytest.mark.parametrize("name", WORN)
def test_straps_of_the_far_side_are_hidden(name, posed_face):
    face = posed_face(yaw=35, face_width=110)  # looks to the image's right: its right ear is hidden
    coverage = _draw(name, face, 2).coverage > 0
    beyond = round(float(face.landmarks[:, 0].max() + 0.12 * 110))
    assert not coverage[:, beyond:].any()
    frontal = posed_face(face_width=110)
    both = _draw(name, frontal, 2).coverage > 0
    high = round(float(frontal.landmarks[[0, 16], 1].mean())) + 6
    middle = both.shape[1] // 2
    assert both[high, :middle].any()
    assert both[high, middle:].any()


def test_ear_loops_vanish_under_hair(posed_face):
    face = posed_face(face_width=110)
    bald = _draw("surgical", face, 2).coverage > 0
    hairy = face.photo.copy()
    hairy[:, : round(float(face.landmarks[2, 0])) + 2] = (25, 18, 12)
    haired = mask_style("surgical").draw(hairy, face.landmarks, np.random.default_rng(2)).coverage > 0
    edge = slice(0, round(float(face.landmarks[2, 0])) - 1)
    assert bald[:, edge].sum() > 40
    assert haired[:, edge].sum() < 0.4 * bald[:, edge].sum()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("side", "face_width"), [(40, 16), (64, 40), (1024, 700)])
def test_every_resolution(name, side, face_width, posed_face):
    face = posed_face(side=side, face_width=face_width)
    drawn = _draw(name, face, 1)
    changed = (drawn.photo != face.photo).any(axis=2)
    assert not (changed & (drawn.coverage == 0)).any()
    share = (drawn.coverage > 0).sum() / face_width**2
    assert 0.2 < share < 1.6
    assert all(_at(drawn.coverage, face.landmarks[index]) for index in COVERED)


@pytest.mark.parametrize("name", ["surgical", "nist-round-high"])
def test_a_photo_larger_than_the_drawing(name, posed_face):
    face = posed_face(side=3000, face_width=2000)
    drawn = _draw(name, face, 1)
    changed = (drawn.photo != face.photo).any(axis=2)
    assert not (changed & (drawn.coverage == 0)).any()
    assert all(_at(drawn.coverage, face.landmarks[index]) for index in COVERED)
    assert not any(_at(drawn.coverage, face.landmarks[index]) for index in EYES)


def test_a_mask_looks_alike_at_every_resolution(posed_face):
    small = _draw("surgical", posed_face(side=250, face_width=110), 4)
    large = _draw("surgical", posed_face(side=1000, face_width=440), 4)
    reduced = cv2.resize(large.photo, (250, 250), interpolation=cv2.INTER_AREA)
    inside = cv2.erode(small.coverage, np.ones((9, 9), np.uint8)) > 0
    difference = np.abs(reduced.astype(int) - small.photo)[inside]
    assert difference.mean() < 14


@pytest.mark.parametrize("name", ["surgical", "nist-wide-low"])
def test_faces_without_room_for_a_mask_are_refused(name, posed_face):
    with pytest.raises(ImageRefused, match="turned by"):
        _draw(name, posed_face(yaw=65))
    face = posed_face()
    with pytest.raises(ImageRefused, match="outside the photo"):
        mask_style(name).draw(face.photo[:60, :60], face.landmarks, np.random.default_rng(0))


def test_parameters_are_json(posed_face):
    import json

    for name in ALL:
        parameters = _draw(name, posed_face(), 5).parameters
        assert json.loads(json.dumps(dict(parameters))) == dict(parameters)
