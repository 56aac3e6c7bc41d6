"""Searches in tiles find what searches of listed comparisons find, whatever the tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.engine.local import LocalEngine
from benchmark.verification.search_in_tiles import search_in_tiles
from benchmark.verification.searches import Searches

TILES = [((7, 11), 5), ((64, 64), 64), ((10_000, 10_000), 2048), ((1, 1000), 3)]


def _whole_numbers(generator: np.random.Generator, rows: int) -> NDArray[np.float32]:
    """Small whole numbers: their distances are exact in any order of summing, and many are equal."""
    return generator.integers(-2, 3, size=(rows, 6)).astype(np.float32)


def _by_listing(
    probes: NDArray[np.float32],
    probe_subjects: NDArray[np.int64],
    gallery: NDArray[np.float32],
    gallery_subjects: NDArray[np.int64],
) -> Searches:
    """Every comparison scored and listed; photos are numbered gallery last."""
    rows = np.repeat(np.arange(len(probes)), len(gallery))
    columns = np.tile(np.arange(len(gallery)), len(probes))
    squares = ((probes[rows] - gallery[columns]) ** 2).sum(axis=1)
    listed = Comparisons(
        (columns + len(probes)).astype(np.int32),
        rows.astype(np.int32),
        probe_subjects[rows] == gallery_subjects[columns],
        np.full(len(rows), -1, np.int8),
    )
    return Searches.of(-np.sqrt(squares), listed)


@pytest.mark.parametrize(("task", "tile"), TILES)
@pytest.mark.parametrize("stored", [False, True])
def test_ties_failures_and_strangers_as_by_listing(
    task: tuple[int, int], tile: int, stored: bool, tmp_path: Path
) -> None:
    generator = np.random.default_rng(3)
    probes, gallery = _whole_numbers(generator, 60), _whole_numbers(generator, 90)
    probe_subjects, gallery_subjects = generator.integers(0, 40, 60), generator.integers(0, 25, 90)
    probe_subjects[3] = gallery_subjects[10]
    probes[[3, 17]] = np.nan
    gallery[[0, 50, 51]] = np.nan
    gallery[8, 2] = np.inf
    expected = _by_listing(probes, probe_subjects, gallery, gallery_subjects)
    found = search_in_tiles(
        probes,
        probe_subjects,
        gallery,
        gallery_subjects,
        metric="euclidean",
        scratch=tmp_path if stored else None,
        task=task,
        tile=tile,
    )
    np.testing.assert_array_equal(found.probes, expected.probes)
    np.testing.assert_array_equal(found.strangers, expected.strangers)
    assert len(found.probes) > 20 and len(found.strangers) > 10
    np.testing.assert_array_equal(found.rank, expected.rank)
    np.testing.assert_allclose(found.mate, expected.mate, rtol=1e-6)
    np.testing.assert_allclose(found.highest, expected.highest, rtol=1e-6)
    assert found.rank.max() == np.iinfo(np.int64).max, "no failed mated search was tested"


def test_cosines_give_the_rates_of_all_scores() -> None:
    generator = np.random.default_rng(5)
    gallery = generator.normal(size=(300, 32)).astype(np.float32)
    probes = gallery + generator.normal(scale=1.2, size=gallery.shape).astype(np.float32)
    subjects = np.arange(300)
    found = search_in_tiles(probes * 7, subjects + 100, gallery, subjects, task=(64, 128), tile=50)
    scores = (probes / np.linalg.norm(probes, axis=1)[:, None]) @ (gallery / np.linalg.norm(gallery, axis=1)[:, None]).T
    rows = np.arange(200)  # of person 100 + row; the gallery's own photo of them is 100 further on
    mate = scores[rows, rows + 100]
    others = scores[rows].copy()
    others[rows, rows + 100] = -np.inf
    np.testing.assert_array_equal(found.rank, 1 + (others >= mate[:, None]).sum(axis=1))
    np.testing.assert_allclose(found.highest, scores[200:].max(axis=1), rtol=1e-5)
    threshold = found.threshold(0.05)
    assert threshold is not None
    assert found.fpir(threshold) == 0.05
    assert float(found.missed(threshold).mean()) == pytest.approx(float((mate < threshold).mean()))


def test_nobody_to_search_or_to_find() -> None:
    some, none = np.ones((4, 3), np.float32), np.empty((0, 3), np.float32)
    codes = np.arange(4)
    assert len(search_in_tiles(none, codes[:0], some, codes).probes) == 0
    alone = search_in_tiles(some, codes, none, codes[:0])
    assert (len(alone.probes), alone.highest.tolist()) == (0, [-np.inf] * 4)


def test_an_engine_is_given_one_task_for_each_part() -> None:
    class Counting(LocalEngine):
        tasks = 0

        def map(self, function, items, *, workers, bar):
            for item in items:
                self.tasks += 1
                yield function(item)

    engine = Counting()
    faces = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    search_in_tiles(faces, np.arange(50), faces, np.arange(50), engine=engine, task=(20, 30), tile=16)
    assert engine.tasks == 3 * 2
