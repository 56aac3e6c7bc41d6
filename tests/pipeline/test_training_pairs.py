"""The pairs that methods learn from: joined on disk, so that memory does not bound them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmark.acquisition.detection import FaceSearch
from benchmark.artifacts import ArtifactStore
from benchmark.config import RunConfig
from benchmark.context import RunContext
from benchmark.errors import RequestError
from benchmark.ledger import Ledger
from benchmark.methods.fit_step import TrainingPairs
from benchmark.pipeline.planning.training_sources import choose_training
from benchmark.pipeline.training_pairs import make_training_pairs
from benchmark.progress import Progress


def made(cache: Path, *, find_again: bool = False, **settings: object) -> TrainingPairs:
    config = RunConfig.model_validate({"train_limit": 12, "mask_draws": 2, **settings})
    context = RunContext(ArtifactStore(cache), Ledger(), Progress(quiet=True), workers=1, device="cpu", seed=0)
    training = choose_training(config)
    return make_training_pairs(training, config.masks, 64, FaceSearch(), context, find_again=find_again)


def test_pairs_of_all_draws_are_joined_in_order_as_memory_maps(tmp_path: Path) -> None:
    result = made(tmp_path)
    pairs = result.pairs
    assert isinstance(pairs.masked, np.memmap)
    kept = [[row for row in range(len(view)) if not view.failed(row)] for view in result.views]
    assert len(result.views) == 2 and len(pairs) == sum(map(len, kept)) > 12
    for name, arrays in {
        "masked": [view.faces.pixels for view in result.views],
        "true": [view.true_pixels for view in result.views],
        "holes": [view.holes for view in result.views],
        "landmarks": [view.faces.landmarks for view in result.views],
    }.items():
        expected = np.concatenate([array[rows] for array, rows in zip(arrays, kept, strict=True)])
        assert np.array_equal(getattr(pairs, name), expected), name
    people = [
        view.photo_set.photos[row].subject_id for view, rows in zip(result.views, kept, strict=True) for row in rows
    ]
    assert list(pairs.subject_ids) == people
    assert pairs.validation is not None and not set(pairs.validation.subject_ids) & set(people)


def test_a_limit_holds_for_photos_to_validate_on_too() -> None:
    whole = choose_training(RunConfig()).sources[0]
    few = choose_training(RunConfig(train_limit=7)).sources[0]
    assert (len(few.train), len(few.validation)) == (7, 7)
    assert set(few.validation) <= set(whole.validation)
    assert len(whole.validation) > 7


def test_stored_pairs_are_used_again(tmp_path: Path) -> None:
    first = made(tmp_path)
    stamps = {file: file.stat().st_mtime_ns for file in tmp_path.glob("pairs/*/*.npy")}
    assert len(stamps) == 8  # four arrays of training and of validation
    again = made(tmp_path)
    assert again.key == first.key
    assert {file: file.stat().st_mtime_ns for file in tmp_path.glob("pairs/*/*.npy")} == stamps


def test_photos_without_any_face_are_refused(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / "people" / f"person {number}"
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "grey.png"), np.full((120, 120, 3), 99 + number, dtype=np.uint8))
    with pytest.raises(RequestError, match="no face was found in any of the"):
        made(tmp_path / "cache", train_dataset=f"folder={tmp_path / 'people'}")


def test_a_folder_of_people_trains_for_tests_on_other_data(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / f"person {number}"
        folder.mkdir()
        cv2.imwrite(str(folder / "grey.png"), np.full((120, 120, 3), 99 + number, dtype=np.uint8))
    source = choose_training(RunConfig(train_dataset=(f"folder={tmp_path}",))).sources[0]
    assert (len(source.train), len(source.validation)) == (19, 1)


def test_pairs_can_say_where_the_faces_are_found_on_the_masked_photos(tmp_path: Path) -> None:
    plain, result = made(tmp_path), made(tmp_path, find_again=True)
    pairs = result.pairs
    assert plain.pairs.found is None and result.key != plain.key
    assert np.array_equal(pairs.masked, plain.pairs.masked)
    found = pairs.found
    assert found is not None and pairs.validation is not None and pairs.validation.found is not None
    assert len(found) == len(pairs)
    known = np.isfinite(found.landmarks).all(axis=(1, 2))
    assert known.mean() > 0.5  # a face search finds most masked faces, and not exactly where the bare ones were
    away = np.linalg.norm(found.landmarks[known] - pairs.landmarks[known], axis=2)[:, 36:48].mean(axis=1)
    assert 0 < away.mean() < 4
    corners = found.five_points[known][:, [0, 2]] - found.landmarks[known][:, [45, 36]]
    assert np.abs(corners).mean() < 4  # dlib's five points and its 68 are in the same pixels
    assert np.isnan(found.landmarks[~known]).all()
    some = pairs.rows(np.array([1, 0]))
    assert some.found is not None
    np.testing.assert_array_equal(some.found.five_points, np.asarray(found.five_points)[[1, 0]])
