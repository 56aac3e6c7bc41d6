"""The embedded synthetic people: what is rendered, who they are, and how the test is laid out."""

from __future__ import annotations

import itertools
import logging
import pickle
from pathlib import Path

import numpy as np
import pytest

from benchmark.acquisition.alignment import crop_matrix
from benchmark.acquisition.detection import locate_face
from benchmark.datasets.appearance_model import SIDE
from benchmark.datasets.synthetic import DEFAULT_COUNTS, SyntheticPeople, generator_sha256, read_screening
from benchmark.embedded_files import embedded
from benchmark.errors import ImageRefused, RequestError, StorageError
from benchmark.faces import Photo
from benchmark.plugins import DATASETS


@pytest.fixture(scope="module")
def people() -> SyntheticPeople:
    return SyntheticPeople()


def test_is_registered() -> None:
    assert DATASETS.load("synthetic") is SyntheticPeople


def test_default_protocol_counts(people: SyntheticPeople) -> None:
    protocol = people.protocol("probes")
    comparisons = protocol.comparisons
    assert len(protocol.photos) == 450
    assert len({photo.subject_id for photo in protocol.photos}) == 150
    assert len({photo.image_id for photo in protocol.photos}) == 450
    assert int(comparisons.mated.sum()) == 300
    assert int((~comparisons.mated).sum()) == 44_700
    assert len({*zip(comparisons.reference.tolist(), comparisons.probe.tolist(), strict=True)}) == 45_000
    assert protocol.folds == 0
    assert set(comparisons.fold.tolist()) == {-1}


def test_mated_means_same_subject_and_references_are_first_photos(people: SyntheticPeople) -> None:
    protocol = people.protocol("probes", limit=7)
    for reference, probe, mated in zip(
        protocol.comparisons.reference, protocol.comparisons.probe, protocol.comparisons.mated, strict=True
    ):
        first, second = protocol.photos[reference], protocol.photos[probe]
        assert first.image_id.endswith("-0")
        assert not second.image_id.endswith("-0")
        assert mated == (first.subject_id == second.subject_id)


def test_limit_keeps_the_first_people(people: SyntheticPeople) -> None:
    few, all_of_them = people.protocol("probes", limit=5), people.protocol("probes")
    assert len({photo.subject_id for photo in few.photos}) == 5
    assert few.photos == all_of_them.photos[:15]
    assert int(few.comparisons.mated.sum()) == 10
    assert len(few.comparisons) == 5 * 10
    assert len(people.protocol("probes", limit=1000).photos) == 450


def test_parts_share_no_person(people: SyntheticPeople) -> None:
    train = people.training_photos("train", protocol="probes")
    validation = people.training_photos("validation", protocol="probes")
    test = people.protocol("probes").photos
    assert (len(train), len(validation)) == (1600, 120)
    names = [{photo.subject_id for photo in photos} for photos in (train, validation, test)]
    assert [len(part) for part in names] == [400, 60, 150]
    assert not names[0] & names[1]
    assert not names[0] & names[2]
    assert not names[1] & names[2]


def test_rejected_people_are_left_out(people: SyntheticPeople) -> None:
    rejected = read_screening()["rejected"]
    for part, photos in (
        ("test", people.protocol("probes").photos),
        ("train", people.training_photos("train", protocol="probes")),
        ("validation", people.training_photos("validation", protocol="probes")),
    ):
        shipped = {int(photo.subject_id.rpartition("-")[2]) for photo in photos}
        assert rejected[part], "no candidate was turned down: the screening did not run"
        assert not shipped & set(rejected[part])


def test_default_people_are_screened_and_others_say_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        default = SyntheticPeople().protocol("probes").photos
    assert not caplog.records
    assert default[0].source.endswith(", screened")
    with caplog.at_level(logging.WARNING):
        other = SyntheticPeople(seed=1).protocol("probes", limit=3).photos
    assert "not all been screened" in caplog.text
    assert other[0].source.endswith(", unscreened")
    for part, (count, each) in DEFAULT_COUNTS.items():
        assert SyntheticPeople().screened(part, count, each)
        assert not SyntheticPeople().screened(part, count + 1, each)


def test_screening_belongs_to_the_shipped_generator() -> None:
    screening = read_screening()
    assert screening["generator"] == generator_sha256()
    for figures in screening["figures"].values():
        assert figures["nearest_min"] >= 0.45


def test_rendering_is_deterministic_and_order_free(people: SyntheticPeople) -> None:
    photos = people.protocol("probes", limit=3).photos
    forwards = [people.read(photo) for photo in photos]
    again = pickle.loads(pickle.dumps(SyntheticPeople()))
    backwards = [again.read(photo) for photo in reversed(photos)][::-1]
    for one, other in zip(forwards, backwards, strict=True):
        assert one.shape == (SIDE, SIDE, 3)
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(one, other)
    for one, other in itertools.pairwise(forwards):
        assert np.abs(one.astype(int) - other).mean() > 5


def test_seed_changes_the_people(people: SyntheticPeople) -> None:
    photo = people.protocol("probes", limit=2).photos[0]
    assert (people.read(photo) != SyntheticPeople(seed=1).read(photo)).mean() > 0.5


def test_digest_follows_seed_and_photos(people: SyntheticPeople) -> None:
    photos = people.protocol("probes", limit=4).photos
    assert people.digest(photos) == SyntheticPeople().digest(photos)
    assert people.digest(photos) != SyntheticPeople(seed=1).digest(photos)
    assert people.digest(photos) != people.digest(photos[:-1])
    assert int(people.digest(photos), 16) > 0


def test_more_photos_are_of_the_same_people(people: SyntheticPeople) -> None:
    more = SyntheticPeople(people=6, probes=6).protocol("probes").photos
    few = people.protocol("probes", limit=6).photos
    assert dict.fromkeys(p.subject_id for p in more) == dict.fromkeys(p.subject_id for p in few)
    assert {photo.image_id for photo in few} < {photo.image_id for photo in more}
    assert all(photo.source.endswith("unscreened") for photo in more)


def test_any_number_of_people_and_photos() -> None:
    more = SyntheticPeople(people=4, probes=5, training=(3, 2))
    assert len(more.protocol("probes").photos) == 24
    assert len(more.training_photos("train", protocol="probes")) == 6


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (lambda: SyntheticPeople(Path("/data")), "data-root"),
        (lambda: SyntheticPeople(people=1), "1 people"),
        (lambda: SyntheticPeople().protocol("view2"), "view2"),
        (lambda: SyntheticPeople().protocol("probes", limit=1), "limit 1"),
        (lambda: SyntheticPeople().training_photos("test", protocol="probes"), "test"),
        (lambda: SyntheticPeople().training_photos("train", protocol="view2"), "view2"),
    ],
)
def test_wrong_requests_are_refused_in_one_line(request_: object, words: str) -> None:
    with pytest.raises(RequestError, match=words) as caught:
        request_()  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_a_foreign_photo_is_refused(people: SyntheticPeople) -> None:
    with pytest.raises(ImageRefused):
        people.read(Photo("Aaron_Peirsol/1.jpg", "Aaron_Peirsol", ""))


def test_embedded_files_are_found_in_a_wheel_and_in_a_checkout(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "benchmark"
    in_wheel = package / "embedded" / "datasets" / "synthetic-people" / "generator.safetensors"
    in_wheel.parent.mkdir(parents=True)
    in_wheel.touch()
    assert embedded("datasets", "synthetic-people", "generator.safetensors", package=package) == in_wheel
    in_checkout = tmp_path / "repo" / "datasets" / "card.yaml"
    in_checkout.parent.mkdir(parents=True)
    in_checkout.touch()
    assert embedded("datasets", "card.yaml", package=tmp_path / "repo" / "benchmark") == in_checkout
    with pytest.raises(StorageError, match=r"card\.yaml"):
        embedded("datasets", "card.yaml", package=package)


def test_generator_is_small() -> None:
    assert embedded("datasets", "synthetic-people", "generator.safetensors").stat().st_size < 16_000_000


@pytest.mark.slow
def test_faces_are_found_and_the_working_crop_lies_within_the_photo(people: SyntheticPeople) -> None:
    photos = people.protocol("probes", limit=34).photos[:100]
    found, outside = 0, []
    for photo in photos:
        image = people.read(photo)
        try:
            face = locate_face(image)
        except ImageRefused:
            continue
        found += 1
        matrix = crop_matrix(face, 100)
        back = np.linalg.inv(matrix[:, :2])
        corners = (np.array([(0, 0), (99, 0), (99, 99), (0, 99)]) - matrix[:, 2]) @ back.T
        outside.append(max(0.0, -corners.min(), corners.max() - (SIDE - 1)))
    assert found >= 99
    assert np.mean(np.array(outside) == 0) >= 0.97
    assert max(outside) < 0.03 * SIDE
