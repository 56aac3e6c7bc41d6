from __future__ import annotations

import numpy as np
import pytest

from benchmark.acquisition.detection import locate_face
from benchmark.datasets.photo_reading import read_photo
from benchmark.errors import ImageRefused
from benchmark.masking.export import export_pairs
from benchmark.masking.head import fit_head
from benchmark.masking.resolve import mask_style
from benchmark.plugins import MASKS

pytestmark = pytest.mark.lfw


@pytest.fixture(scope="module")
def faces(lfw_root):
    people = sorted(folder for folder in lfw_root.iterdir() if folder.is_dir())[::120]
    found = []
    for person in people:
        photo = read_photo(sorted(person.glob("*.jpg"))[0])
        try:
            found.append((person.name, photo, locate_face(photo).landmarks))
        except ImageRefused:
            continue
    assert len(found) > 30
    return found


@pytest.mark.parametrize("name", MASKS.names())
def test_every_style_on_real_faces(name, faces):
    style = mask_style(name)
    placed, eyes = 0, 0
    for seed, (_, photo, landmarks) in enumerate(faces):
        before = photo.copy()
        try:
            drawn = style.draw(photo, landmarks, np.random.default_rng(seed))
        except ImageRefused:
            continue
        placed += 1
        np.testing.assert_array_equal(photo, before)
        covered = drawn.coverage > 0
        changed = (drawn.photo != photo).any(axis=2)
        assert not (changed & ~covered).any()
        assert covered.sum() < 1.12 * changed.sum()
        for index in (33, 51, 57):
            x, y = np.round(landmarks[index]).astype(int)
            assert covered[y, x]
        places = np.round(landmarks[36:48]).astype(int)
        eyes += bool(covered[places[:, 1], places[:, 0]].any())
    assert placed >= 0.97 * len(faces)
    assert eyes <= 0.08 * placed  # heads bent far down or up


def test_the_sample_holds_turned_heads(faces):
    yaw = np.array([abs(fit_head(landmarks).yaw) for _, _, landmarks in faces])
    assert (yaw > 15).sum() >= 4
    assert (yaw < 5).sum() >= 4


@pytest.mark.slow
def test_export_of_real_photos_in_two_processes(lfw_root, tmp_path):
    source = tmp_path / "in"
    for person in sorted(folder for folder in lfw_root.iterdir() if folder.is_dir())[:4]:
        (source / person.name).mkdir(parents=True)
        for photo in sorted(person.glob("*.jpg"))[:1]:
            (source / person.name / photo.name).write_bytes(photo.read_bytes())
    two = export_pairs(source, tmp_path / "two", styles=("surgical", "cloth"), workers=2)
    one = export_pairs(source, tmp_path / "one", styles=("surgical", "cloth"), workers=1)
    assert one.exported == two.exported == 4
    for path in (tmp_path / "one").rglob("*.png"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
