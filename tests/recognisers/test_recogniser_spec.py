from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from benchmark.errors import RequestError
from benchmark.faces import FaceGeometry
from benchmark.recognisers.face_recognition import face_chip
from benchmark.recognisers.recogniser_spec import RecogniserSpec, read_spec, spec_from


def test_what_is_left_out_is_arcfaces() -> None:
    spec = spec_from({}, of="a card")
    assert spec.size == (112, 112)
    assert spec.card().normalisation == "(RGB − 127.5) / 127.5"
    black, white = np.zeros((1, 112, 112, 3), np.uint8), np.full((1, 112, 112, 3), 255, np.uint8)
    assert spec.normalised(black).min() == spec.normalised(black).max() == -1
    assert spec.normalised(white).min() == spec.normalised(white).max() == 1
    assert spec.normalised(white).shape == (1, 3, 112, 112)
    assert spec.normalised(white).dtype == np.float32


def test_a_yaml_card_is_read(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(
        "\ufeffsize: [112, 96]\r\nmean: [104, 117, 123]\r\nstd: 1\r\nchannels: bgr\r\nflip: true\r\n"
        "metric: euclidean\r\nlicence: für Forschung\r\ntrained_on: vggface2\r\nsource: a paper\r\n",
        "utf-8",
    )
    spec = read_spec(file)
    assert (spec.size, spec.flip, spec.metric) == ((112, 96), True, "euclidean")
    card = spec.card(sha256="abc")
    assert card.normalisation == "(BGR − (104, 117, 123)); face and mirror image"
    assert card.trained_on == ("vggface2",)
    assert (card.licence, card.source, card.sha256, card.chip_size) == ("für Forschung", "a paper", "abc", (112, 96))
    red = np.zeros((1, 112, 96, 3), np.uint8)
    red[..., 0] = 200
    assert spec.normalised(red)[0, :, 5, 5].tolist() == [-104, -117, 77]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"sizes": 112}, r"unknown key 'sizes'; did you mean 'size'\?"),
        ({"zzz": 1}, "unknown key 'zzz'; known are: size, mean"),
        ({"channels": "rbg"}, r"channels: .*'rgb' or 'bgr' \(given: rbg\)"),
        ({"std": 0}, r"std: must be above 0 \(given: 0\)"),
        ({"mean": float("nan")}, "mean: .*finite"),
        ({"mean": 0.5, "std": 0.5}, "multiply them by 255"),
        ({"size": 4}, "size: .*16"),
        ({"template": "arc"}, "template: .*'arcface' or 'dlib-chip'"),
        ({"template": [[1, 1], [2, 2], [3, 3], [4, 4], [5, 5], [6, 6]]}, "template: "),
        ({"template": [[1, 5], [2, 5], [3, 5], [4, 5], [5, 5]]}, "not be on one line"),
        ({"template": "dlib-chip", "size": [112, 96]}, "dlib-chip is square"),
        (["size"], "must hold one 'key: value' per line"),
    ],
)
def test_a_wrong_card_is_one_line(content: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        spec_from(content, of="net.yaml")
    assert str(caught.value).startswith("net.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["size: [112", "a: b: c", "\x00"])
def test_a_file_that_is_not_yaml_is_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(text)
    with pytest.raises(RequestError, match="is not YAML") as caught:
        read_spec(file)
    assert "\n" not in str(caught.value)


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be read"):
        read_spec(tmp_path / "none.yaml")


def test_settings_change_with_what_changes_an_embedding_and_with_nothing_else() -> None:
    plain = RecogniserSpec()
    assert plain.settings == RecogniserSpec(licence="MIT", summary="other words", metric="euclidean").settings
    changed = [
        RecogniserSpec(mean=(0, 0, 0)),
        RecogniserSpec(std=(128, 128, 128)),
        RecogniserSpec(size=(112, 96)),
        RecogniserSpec(channels="bgr"),
        RecogniserSpec(flip=True),
        RecogniserSpec(template="dlib-chip"),
    ]
    assert len({plain.settings, *(spec.settings for spec in changed)}) == len(changed) + 1


def test_torch_and_numpy_see_the_same_pixels() -> None:
    spec = RecogniserSpec(mean=(10, 20, 30), std=(2, 3, 4), channels="bgr", size=(16, 24))
    chips = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3), dtype=np.uint8)
    pixels = torch.from_numpy(chips).permute(0, 3, 1, 2).float() / 255
    seen = spec.embedded(lambda inputs: inputs.flatten(1), pixels).numpy()
    np.testing.assert_allclose(seen, spec.normalised(chips).reshape(2, -1), atol=1e-4)


def test_flip_appends_the_embedding_of_the_mirror_image() -> None:
    spec = RecogniserSpec(size=(16, 16), flip=True)
    pixels = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    left_column = spec.embedded(lambda inputs: inputs[:, 0, :, 0], pixels)
    assert left_column.shape == (3, 32)
    torch.testing.assert_close(left_column[:, 16:], (pixels[:, 0, :, -1] * 255 - 127.5) / 127.5)


def test_the_dlib_template_is_dlibs_chip() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (250, 250, 3), dtype=np.uint8)
    five = np.array([(160, 112), (139, 114), (90, 111), (111, 113), (125, 150)], np.float32)
    face = FaceGeometry(np.zeros(4, np.float32), np.zeros((68, 2), np.float32), five)
    spec = RecogniserSpec(size=(160, 160), template="dlib-chip")
    np.testing.assert_array_equal(spec.cut(photo, face), face_chip(photo, five, size=160))


def test_own_points_place_the_face() -> None:
    points = ((40, 60), (88, 60), (64, 84), (46, 106), (82, 106))
    spec = RecogniserSpec(size=(128, 128), template=points)
    landmarks = np.zeros((68, 2), np.float32)
    landmarks[36:42], landmarks[42:48] = points[0], points[1]
    landmarks[30], landmarks[48], landmarks[54] = points[2:]
    photo = np.random.default_rng(2).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    face = FaceGeometry(np.zeros(4, np.float32), landmarks, np.zeros((5, 2), np.float32))
    shifted = face.moved(np.array([[1.0, 0, 7], [0, 1, -3]]))
    moved = np.zeros_like(photo)
    moved[:-3, 7:] = photo[3:, :-7]
    difference = spec.cut(photo, face)[10:-10, 10:-10] - spec.cut(moved, shifted)[10:-10, 10:-10].astype(float)
    assert np.abs(difference).mean() < 3  # of noise: a pixel further off it would be 85


def test_the_card_in_the_docs_is_one_with_every_key() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "recognisers.md").read_text("utf-8")
    found = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert found is not None
    content = yaml.safe_load(found[1])
    assert {*content} == {*RecogniserSpec.model_fields}
    assert spec_from(content, of="docs").card().chip_size == (112, 96)
    in_python = re.search(r"CARD = (\{.*?\})", page)
    assert in_python is not None
    assert spec_from(ast.literal_eval(in_python[1]), of="docs").card().normalisation == "BGR / 255"
