"""Identification: ranks, thresholds by counting, and intervals against simulation."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.datasets.base import Comparisons
from benchmark.verification.measure import measure
from benchmark.verification.searches import Searches, carried, fnir_interval, is_search
from tests.verification.population import cell_of

NAN = float("nan")


def gallery(scores: list[list[float]], enrolled: int) -> tuple[np.ndarray, Comparisons]:
    """Probes (rows) against references (columns); the first `enrolled` probes show the subjects of the references."""
    matrix = np.array(scores, dtype=np.float32)
    probe, reference = np.divmod(np.arange(matrix.size), matrix.shape[1])
    mated = (probe == reference) & (probe < enrolled)
    columns = reference.astype(np.int32), (probe + matrix.shape[1]).astype(np.int32)
    return matrix.ravel(), Comparisons(*columns, mated, np.full(matrix.size, -1, np.int8))


@pytest.fixture
def searches() -> Searches:
    return Searches.of(
        *gallery(
            [
                [0.9, 0.1, 0.2],  # first
                [0.8, 0.7, 0.1],  # second
                [0.5, 0.6, 0.5],  # a tie with the first reference: third
                [NAN, NAN, NAN],  # a stranger without template
                [0.4, 0.3, NAN],  # a stranger
            ],
            enrolled=3,
        )
    )


def test_ranks_by_hand(searches: Searches) -> None:
    assert searches.probes.tolist() == [3, 4, 5]
    assert searches.rank.tolist() == [1, 2, 3]
    assert searches.curve(4).round(3).tolist() == [0.333, 0.667, 1.0, 1.0]
    assert searches.found_within(2).tolist() == [True, True, False]


def test_a_mated_search_without_template_is_never_found() -> None:
    searches = Searches.of(*gallery([[NAN, NAN], [0.2, 0.9]], enrolled=2))
    assert searches.found_within(1000).tolist() == [False, True]
    assert searches.missed(-1.0).tolist() == [True, False]


def test_strangers_set_the_threshold_by_counting(searches: Searches) -> None:
    assert searches.strangers.tolist() == [6, 7]
    assert searches.highest.tolist() == [-np.inf, np.float32(0.4)]
    strict, loose = searches.threshold(0.4), searches.threshold(0.5)
    assert strict == np.nextafter(np.float32(0.4), np.float32(1))
    assert searches.fpir(strict) == 0
    assert searches.fpir(loose) <= 0.5
    assert searches.missed(0.6).tolist() == [False, False, True]


def test_the_threshold_is_the_smallest_that_keeps_its_target() -> None:
    rng = np.random.default_rng(0)
    scores, comparisons = gallery(rng.normal(size=(400, 20)).tolist(), enrolled=20)
    searches = Searches.of(scores, comparisons)
    for target in (0.01, 0.1, 0.37):
        threshold = searches.threshold(target)
        assert searches.fpir(threshold) <= target
        assert searches.fpir(np.nextafter(np.float32(threshold), np.float32(-9))) > target


def test_without_strangers_there_is_no_threshold() -> None:
    searches = Searches.of(*gallery([[0.9, 0.1], [0.1, 0.9]], enrolled=2))
    assert searches.threshold(0.1) is None
    assert np.isnan(searches.fpir(0.5))


def test_a_failed_reference_finds_nobody() -> None:
    searches = Searches.of(*gallery([[NAN, 0.1, 0.2], [NAN, 0.7, 0.1], [NAN, 0.6, 0.5]], enrolled=3))
    assert searches.found_within(1).tolist() == [False, True, False]


def test_listed_pairs_are_no_search() -> None:
    assert is_search(gallery([[0.0] * 5] * 5, enrolled=5)[1])
    count = 300
    reference = np.arange(count, dtype=np.int32)
    pairs = Comparisons(
        np.repeat(reference, 2),
        np.repeat(reference + count, 2),
        np.tile([True, False], count),
        np.zeros(2 * count, np.int8),
    )
    assert not is_search(pairs)
    nothing = np.empty(0, np.int32)
    assert not is_search(Comparisons(nothing, nothing, np.empty(0, bool), np.empty(0, np.int8)))


def test_few_strangers_carry_no_small_target() -> None:
    assert [carried(0.01, count) for count in (249, 250, 2949, 2950)] == ["refused", "flagged", "flagged", "carried"]


@pytest.mark.slow
def test_intervals_hold_the_truth_of_the_population() -> None:
    """Probes of one person rise and fall together; the threshold is set on the strangers."""
    rng = np.random.default_rng(4)
    target, trials, held = 0.1, 300, 0
    people, strangers, photos = 60, 120, 3

    def draw(count: int, mean: float) -> np.ndarray:
        return (mean + rng.normal(0, 0.7, (count, 1)) + rng.normal(0, 0.7, (count, photos))).ravel()

    truth_threshold = np.quantile(draw(200_000, 0.0), 1 - target)
    truth = float(np.mean(draw(200_000, 1.5) < truth_threshold))
    subjects = np.repeat(np.arange(people + strangers), photos)
    for _ in range(trials):
        mate = draw(people, 1.5)
        searches = Searches(
            np.arange(people * photos),
            mate,
            np.ones(len(mate), np.int64),
            np.arange(people * photos, len(subjects)),
            draw(strangers, 0.0),
        )
        low, high = fnir_interval(searches, searches.threshold(target), subjects, setter=searches)
        held += low <= truth <= high
    assert 0.91 <= held / trials <= 0.985


def test_a_run_measures_open_and_closed_set_identification() -> None:
    rng = np.random.default_rng(8)
    people, strangers, photos = 40, 60, 5
    subjects = np.r_[np.arange(people), np.repeat(np.arange(people + strangers), photos)].astype(np.int32)
    probes = np.arange(people, len(subjects), dtype=np.int32)
    reference, probe = np.repeat(np.arange(people, dtype=np.int32), len(probes)), np.tile(probes, people)
    mated = subjects[reference] == subjects[probe]
    comparisons = Comparisons(reference, probe, mated, np.full(len(probe), -1, np.int8))
    cells = [
        cell_of(condition, (rng.normal(size=len(probe)) + gap * mated).astype(np.float32), comparisons, len(subjects))
        for condition, gap in (("raw-raw", 5.0), ("raw-masked", 3.0))
    ]
    rows = measure(cells, subjects=subjects, mask_types=[None] * len(subjects), targets=(0.1, 0.001), replicates=2).rows
    found = {
        (row.condition, row.metric, row.threshold_kind, row.target): row
        for row in rows
        if row.metric in ("rank1", "rank5", "rank10", "fnir", "fpir")
    }
    assert {target for *_, target in found} == {None, 0.1}, "300 searches of strangers carry no FPIR of 0.001"
    rank1, rank10 = (found["raw-masked", f"rank{rank}", "none", None].value for rank in (1, 10))
    assert 0 < rank1 < rank10 <= found["raw-raw", "rank10", "none", None].value
    frozen, matched = (found["raw-masked", "fpir", kind, 0.1].value for kind in ("frozen", "matched"))
    assert matched <= 0.1
    assert frozen == pytest.approx(0.1, abs=0.08)
    missed = found["raw-masked", "fnir", "matched", 0.1]
    assert missed.ci_low < missed.value < missed.ci_high
    assert missed.value > found["raw-raw", "fnir", "matched", 0.1].value
