from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from PIL import Image as Pillow

from benchmark.errors import RequestError
from benchmark.masking.resolve import mask_style
from benchmark.masking.template_file import read_template

POINTS = [
    {"at": [8, 20], "on": "left-cheek"},
    {"at": [192, 20], "on": "right-cheek"},
    {"at": [100, 6], "on": "nose-bridge"},
    {"at": [100, 50], "on": 33},
    {"at": [22, 90], "on": 4},
    {"at": [178, 90], "on": "right-jaw"},
    {"at": [100, 136], "on": "under-chin"},
]


def _template(folder, *, points=POINTS, colour=(30, 160, 60, 255), suffix=".json"):
    picture = np.zeros((140, 200, 4), dtype=np.uint8)
    picture[4:138, 4:196] = colour
    rows, columns = np.mgrid[:140, :200]
    picture[rows < 4 + 0.2 * np.abs(columns - 100), 3] = 0  # the upper edge falls from the nose to the cheeks
    Pillow.fromarray(picture).save(folder / "mine.png")
    text = json.dumps({"points": points})  # JSON is YAML too
    (folder / f"mine{suffix}").write_text(text, "utf-8")
    return folder / "mine.png"


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml"])
def test_a_template_is_bent_over_the_face(tmp_path, posed_face, suffix):
    style = mask_style(f"template:{_template(tmp_path, suffix=suffix)}")
    face = posed_face(yaw=20, face_width=120)
    drawn = style.draw(face.photo, face.landmarks, np.random.default_rng(0))
    changed = (drawn.photo != face.photo).any(axis=2)
    assert not (changed & (drawn.coverage == 0)).any()
    for index in (33, 51, 57):
        x, y = np.round(face.landmarks[index]).astype(int)
        red, green, blue = drawn.photo[y, x].astype(int)
        assert green > red + 40
        assert green > blue + 40
    for index in range(36, 48):
        x, y = np.round(face.landmarks[index]).astype(int)
        assert drawn.coverage[y, x] == 0
    assert drawn.parameters["template"] == "mine.png"


def test_clear_parts_of_a_template_stay_clear(tmp_path, posed_face):
    path = _template(tmp_path)
    picture = np.array(Pillow.open(path))
    picture[70:, :, 3] = 0  # from below the nose on
    Pillow.fromarray(picture).save(path)
    face = posed_face(face_width=120)
    coverage = mask_style(f"template:{path}").draw(face.photo, face.landmarks, np.random.default_rng(0)).coverage
    tip, chin = (np.round(face.landmarks[index]).astype(int) for index in (30, 8))
    assert coverage[tip[1], tip[0]] == 255
    assert coverage[chin[1] - 4, chin[0]] == 0


def test_another_picture_is_another_version(tmp_path):
    before = mask_style(f"template:{_template(tmp_path)}")
    again = mask_style(f"template:{_template(tmp_path)}")
    assert before.version == again.version
    moved = [*POINTS[:-1], {"at": [100, 130], "on": "under-chin"}]
    assert mask_style(f"template:{_template(tmp_path, points=moved)}").version != before.version
    assert mask_style(f"template:{_template(tmp_path, colour=(9, 9, 9, 255))}").version != before.version


def test_a_template_reaches_worker_processes(tmp_path, posed_face):
    style = mask_style(f"template:{_template(tmp_path)}")
    copy = pickle.loads(pickle.dumps(style))
    face = posed_face()
    drawn = [one.draw(face.photo, face.landmarks, np.random.default_rng(0)).photo for one in (style, copy)]
    np.testing.assert_array_equal(*drawn)
    assert len(pickle.dumps(style)) < 2000


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([{**POINTS[0], "on": 68}, *POINTS[1:]], "unknown landmark 68"),
        ([{**POINTS[0], "on": "left-eyebrow"}, *POINTS[1:]], "unknown landmark 'left-eyebrow'.*nose-bridge"),
        ([{**POINTS[0], "on": True}, *POINTS[1:]], "unknown landmark True"),
        ([{**POINTS[0], "at": [900, 2]}, *POINTS[1:]], "outside the picture of 200×140"),
        ([{**POINTS[0], "at": [float("nan"), 2]}, *POINTS[1:]], "outside the picture"),
        ([{"on": 3}, *POINTS[1:]], "is not like"),
        (POINTS[:3], "3 points; at least 4"),
        ([{"at": [10 * k, 20], "on": k} for k in range(6)], "not on one line"),
        ([*POINTS, {"at": [8, 20], "on": 2}], "same pixel twice"),
        ("nonsense", "no list 'points'"),
    ],
)
def test_bad_control_points_are_explained(tmp_path, points, message):
    with pytest.raises(RequestError, match=message):
        mask_style(f"template:{_template(tmp_path, points=points)}")


def test_bad_files_are_explained(tmp_path):
    with pytest.raises(RequestError, match="does not exist"):
        read_template(tmp_path / "none.png")
    path = _template(tmp_path)
    (tmp_path / "mine.json").write_text("{", "utf-8")
    with pytest.raises(RequestError, match="cannot be read"):
        read_template(path)
    (tmp_path / "mine.json").unlink()
    with pytest.raises(RequestError, match=r"no control points; write mine\.json"):
        read_template(path)
    _template(tmp_path)
    Pillow.fromarray(np.zeros((20, 20, 3), np.uint8)).save(path)
    with pytest.raises(RequestError, match="no alpha channel"):
        read_template(path)
    Pillow.fromarray(np.zeros((140, 200, 4), np.uint8)).save(path)
    with pytest.raises(RequestError, match="fully transparent"):
        read_template(path)
    path.write_bytes(b"not a picture")
    with pytest.raises(RequestError, match="cannot be read as a picture"):
        read_template(path)


def test_yaml_that_reads_on_as_a_truth_value_is_understood(tmp_path):
    path = _template(tmp_path, suffix=".yaml")
    points = read_template(path).points
    entries = [f"  - {{at: [{x:g}, {y:g}], on: {target}}}" for (x, y), target in points]
    again = tmp_path / "again.png"  # another file: one that is written twice within a tick is not read again
    again.write_bytes(path.read_bytes())
    again.with_suffix(".yaml").write_text("points:\n" + "\n".join(entries) + "\n", "utf-8")
    assert read_template(again).points == points
