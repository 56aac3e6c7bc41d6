"""Seeded choices: exact counts, independence of order, hand-checked pairs."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets.splits import (
    MAX_COMPARISONS,
    all_pairs,
    at_most_per_subject,
    gallery_search,
    some_subjects,
    split_subjects,
    spread_evenly,
)
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.seeds import seed_for


def photos_of(**counts: int) -> list[Photo]:
    return [Photo(f"{name}/{n}.jpg", name, f"{name}/{n}.jpg") for name, count in counts.items() for n in range(count)]


def shuffled(photos: list[Photo]) -> list[Photo]:
    return random.Random(1).sample(photos, len(photos))


def test_cap_keeps_what_is_below_it_and_draws_the_rest() -> None:
    photos = photos_of(anna=3, bert=20, carl=10)
    kept = at_most_per_subject(photos, 10, seed=0)
    assert Counter(photo.subject_id for photo in kept) == {"anna": 3, "bert": 10, "carl": 10}
    assert set(at_most_per_subject(shuffled(photos), 10, seed=0)) == set(kept)
    assert set(at_most_per_subject(photos, 10, seed=1)) != set(kept)
    assert [photo for photo in photos if photo in kept] == list(kept)


def test_cap_of_one_person_does_not_depend_on_another() -> None:
    alone = at_most_per_subject(photos_of(bert=20), 5, seed=3)
    beside = at_most_per_subject(photos_of(anna=9, bert=20), 5, seed=3)
    assert [photo for photo in beside if photo.subject_id == "bert"] == list(alone)


def test_every_unordered_pair_once_with_the_lower_hash_as_reference() -> None:
    photos = photos_of(anna=3, bert=2, carl=1)
    found = all_pairs(photos, seed=5)
    assert len(found) == 15
    pairs = {frozenset(pair) for pair in zip(found.reference.tolist(), found.probe.tolist(), strict=True)}
    assert pairs == {frozenset(pair) for pair in itertools.combinations(range(6), 2)}
    for reference, probe, mated in zip(found.reference, found.probe, found.mated, strict=True):
        assert mated == (photos[reference].subject_id == photos[probe].subject_id)
        hashes = [seed_for(5, "reference", photos[row].image_id) for row in (reference, probe)]
        assert hashes[0] < hashes[1]
    assert found.mated.sum() == 3 + 1
    assert (found.fold == -1).all()
    assert (found.reference.dtype, found.probe.dtype, found.mated.dtype, found.fold.dtype) == (
        np.int32,
        np.int32,
        np.bool_,
        np.int8,
    )


def test_pairs_do_not_depend_on_the_order_of_photos() -> None:
    def named(photos: list[Photo]) -> list[tuple[str, str]]:
        found = all_pairs(photos, seed=0)
        return [(photos[a].image_id, photos[b].image_id) for a, b in zip(found.reference, found.probe, strict=True)]

    photos = photos_of(anna=4, bert=3)
    assert named(photos) == named(shuffled(photos))


def test_half_of_the_references_come_from_either_side() -> None:
    found = all_pairs(photos_of(anna=60, bert=60), seed=0)
    assert 0.4 < (found.reference < found.probe).mean() < 0.6


def test_millions_of_pairs_in_seconds() -> None:
    photos = photos_of(**{f"person{n}": 2 for n in range(1700)})
    start = time.perf_counter()
    found = all_pairs(photos, seed=0)
    assert time.perf_counter() - start < 10
    assert len(found) == 3400 * 3399 // 2
    assert found.mated.sum() == 1700


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, "no subject to test on"),
        ({"anna": 5}, "only one subject"),
        ({"anna": 1, "bert": 1}, "none of the 2 subjects to test on has two photos"),
    ],
)
def test_nothing_to_compare(counts: dict[str, int], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        all_pairs(photos_of(**counts), seed=0)


def test_too_many_pairs_are_refused_before_they_fill_the_memory() -> None:
    count = int((2 * MAX_COMPARISONS) ** 0.5) + 2
    with pytest.raises(RequestError, match="--limit"):
        all_pairs(photos_of(anna=count - 1, bert=1), seed=0)


def test_limited_subjects_keep_all_their_photos_and_favour_mated_comparisons() -> None:
    photos = photos_of(anna=1, bert=1, carl=4, dora=2, emil=3)
    for limit in (1, 2, 3):
        chosen = some_subjects(photos, limit, seed=0)
        counts = Counter(photo.subject_id for photo in chosen)
        assert len(counts) == limit
        assert set(counts) <= {"carl", "dora", "emil"}
        assert all(counts[name] == {"carl": 4, "dora": 2, "emil": 3}[name] for name in counts)
    assert len({photo.subject_id for photo in some_subjects(photos, 4, seed=0)}) == 4
    assert some_subjects(photos, 99, seed=0) == tuple(photos)
    assert set(some_subjects(shuffled(photos), 2, seed=0)) == set(some_subjects(photos, 2, seed=0))
    draws = {some_subjects(photos, 1, seed=seed)[0].subject_id for seed in range(20)}
    assert draws == {"carl", "dora", "emil"}


def test_split_is_disjoint_complete_and_seeded() -> None:
    subjects = [f"s{n}" for n in range(101)]
    shares = {"train": 0.6, "validation": 0.1, "test": 0.3}
    parts = split_subjects(subjects, shares, seed=0)
    assert [len(part) for part in parts.values()] == [61, 10, 30]
    assert frozenset.union(*parts.values()) == set(subjects)
    assert sum(map(len, parts.values())) == 101
    assert split_subjects(reversed(subjects), shares, seed=0) == parts
    assert split_subjects(subjects, shares, seed=1) != parts


@pytest.mark.parametrize("most", [2, 7, 20, 45, 100, 1000])
def test_spread_over_folds_and_kinds(most: int) -> None:
    fold = np.repeat(np.arange(10, dtype=np.int8), 20)
    mated = np.tile(np.repeat([True, False], 10), 10)
    rows = spread_evenly(mated, fold, [str(row) for row in range(200)], most, seed=0)
    assert len(rows) == len(set(rows.tolist())) == min(most, 200)
    assert (np.diff(rows) > 0).all()
    cells = Counter(zip(fold[rows].tolist(), mated[rows].tolist(), strict=True))
    sizes = [cells[number, kind] for number in range(10) for kind in (True, False)]
    assert max(sizes) - min(sizes) <= 1
    assert abs(int(mated[rows].sum()) - len(rows) / 2) <= 1


def test_spread_uses_what_a_small_cell_leaves_over() -> None:
    mated = np.array([True] * 2 + [False] * 50)
    rows = spread_evenly(mated, np.full(52, -1, dtype=np.int8), [str(row) for row in range(52)], 20, seed=0)
    assert mated[rows].sum() == 2
    assert len(rows) == 20


def test_another_process_draws_the_same() -> None:
    """Python's own hashes differ between processes; ours must not."""
    code = (
        "from benchmark.datasets.splits import *; from benchmark.faces import Photo;"
        "p = [Photo(f'{s}/{n}', s, '') for s in 'abcde' for n in range(6)];"
        "c = all_pairs(some_subjects(at_most_per_subject(p, 3, seed=1), 4, seed=1), seed=1);"
        "print(c.reference.tolist(), c.probe.tolist())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert outputs != {b""}


def test_a_gallery_holds_one_photo_of_each_enrolled_person_and_everybody_is_searched() -> None:
    photos = photos_of(anna=3, ben=2, cleo=4, dan=1, eva=1)
    compared = gallery_search(photos, seed=0)
    gallery, probes = set(compared.reference.tolist()), set(compared.probe.tolist())
    assert {photos[row].subject_id for row in gallery} == {"anna", "ben", "cleo"}
    assert gallery | probes == set(range(len(photos)))
    assert not gallery & probes
    assert len(compared) == len(gallery) * len(probes)
    for reference, probe, mated in zip(compared.reference, compared.probe, compared.mated, strict=True):
        assert mated == (photos[reference].subject_id == photos[probe].subject_id)


def test_a_third_of_the_people_are_strangers_where_everybody_has_several_photos() -> None:
    photos = photos_of(**{f"p{number}": 2 for number in range(12)})
    compared = gallery_search(photos, seed=0)
    enrolled = {photos[row].subject_id for row in compared.reference}
    assert len(enrolled) == 8
    assert enrolled != {photos[row].subject_id for row in gallery_search(photos, seed=1).reference}


def test_a_gallery_does_not_depend_on_the_order_of_photos() -> None:
    photos = photos_of(anna=3, ben=2, cleo=4, dan=1)
    pairs = [
        {(own[r].image_id, own[p].image_id) for r, p in zip(found.reference, found.probe, strict=True)}
        for own in (photos, photos[::-1])
        for found in [gallery_search(own, seed=3)]
    ]
    assert pairs[0] == pairs[1]
