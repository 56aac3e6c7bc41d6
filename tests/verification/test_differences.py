"""Differences between methods: what is set against what, and whether tests of no difference reject as often as said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmark.verification.auc_spread import area_under_curve
from benchmark.verification.difference import Difference
from benchmark.verification.differences import holm
from benchmark.verification.dyadic import PairSums, spread_of
from benchmark.verification.measure import measure
from benchmark.verification.resolve import load_metrics
from tests.verification import population
from tests.verification.population import cell_of, search

TARGET = 0.02


def compare(people: int, rng: np.random.Generator, noise: dict[str, float], **options) -> tuple[Difference, ...]:
    """Differences between methods that add so much noise; ``masked`` is leaving the mask on."""
    comparisons, subjects = search(people)
    conditions = {"raw-raw": 0.0, "raw-masked": noise["masked"]}
    conditions |= {f"raw-restored {name}": amount for name, amount in noise.items() if name != "masked"}
    cells = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(population, "NOISE", conditions)
        for condition, values in zip(conditions, population.scores(people, rng, *conditions), strict=True):
            kind, _, method = condition.partition(" ")
            cell = cell_of(kind, values, comparisons, len(subjects))
            cells.append(replace(cell, cell=replace(cell.cell, method=method or "none")))
    return measure(
        cells,
        subjects=subjects,
        mask_types=[None] * len(subjects),
        targets=(TARGET,),
        replicates=options.pop("replicates", 2),
        metrics=load_metrics(["gfrr"]),
        **options,
    ).differences


@pytest.fixture(scope="module")
def found() -> tuple[Difference, ...]:
    noise = {"masked": 1.6, "good": 0.6, "twin": 0.6, "cut": 1.2}
    return compare(60, np.random.default_rng(1), noise, baselines={"cut"})


def test_every_two_methods_are_compared_once_and_each_with_the_masked_faces(found: tuple[Difference, ...]) -> None:
    pairs = {(row.method, row.other) for row in found}
    assert pairs == {
        ("good", "none"),
        ("twin", "none"),
        ("cut", "none"),
        ("good", "twin"),
        ("good", "cut"),
        ("twin", "cut"),
    }
    keys = [(row.method, row.other, row.metric, row.threshold_kind, row.target) for row in found]
    assert len(set(keys)) == len(keys)
    assert {row.metric for row in found} == {"gfrr", "fmr", "auc"}


def test_only_methods_against_masked_faces_and_baselines_are_tested(found: tuple[Difference, ...]) -> None:
    tested = {(row.method, row.other) for row in found if row.tested}
    assert tested == {("good", "none"), ("good", "cut"), ("twin", "none"), ("twin", "cut")}
    for row in found:
        assert (row.p is not None) == (row.p_holm is not None) == row.tested
        if row.tested:
            assert (row.metric, row.threshold_kind, row.target) == ("gfrr", "matched", TARGET)
            assert row.p_holm >= row.p


def test_equal_scores_have_no_interval_and_equal_verdicts_never_one_of_no_width() -> None:
    rng = np.random.default_rng(5)
    comparisons, subjects = search(30)
    scores = population.scores(30, rng, "raw-raw")[0]
    apart = np.where(comparisons.mated, scores + 100, scores)  # nobody is ever rejected, nor falsely accepted
    cells = [cell_of("raw-raw", apart, comparisons, len(subjects))]
    for condition, method, given in (
        ("raw-masked", "none", apart),
        ("raw-restored", "twin", apart),
        ("raw-restored", "near", apart * 2),
    ):
        cell = cell_of(condition, given, comparisons, len(subjects))
        cells.append(replace(cell, cell=replace(cell.cell, method=method)))
    rows = measure(
        cells,
        subjects=subjects,
        mask_types=[None] * len(subjects),
        targets=(TARGET,),
        replicates=2,
        metrics=load_metrics(["gfrr"]),
    ).differences
    twins = [row for row in rows if (row.method, row.other) == ("twin", "none")]
    assert twins and all(row.identical and row.ci_low is row.ci_high is None for row in twins)
    near = [row for row in rows if "near" in {row.method, row.other} and row.metric in ("gfrr", "fmr")]
    assert near and all(row.ci_low < 0 < row.ci_high for row in near if row.difference == 0)
    assert any(row.difference == 0 for row in near)


def test_a_better_method_has_the_lower_error_with_an_interval_below_0(found: tuple[Difference, ...]) -> None:
    (row,) = (row for row in found if (row.method, row.other, row.tested) == ("good", "none", True))
    assert row.difference < row.ci_high < 0
    assert row.p_holm < 0.01


def test_intervals_of_differences_hold_the_truth_and_tests_keep_their_level() -> None:
    """Two methods that add the same amount of noise: the truth is 0."""
    rng = np.random.default_rng(11)
    trials = 150
    noise = {"masked": 1.2, "same": 1.2}
    held = {("gfrr", "matched"): 0, ("gfrr", "frozen"): 0, ("fmr", "frozen"): 0, ("auc", "none"): 0}
    rejected = 0
    for _ in range(trials):
        for row in compare(50, rng, noise, replicates=0):
            held[row.metric, row.threshold_kind] += row.ci_low <= 0 <= row.ci_high
            rejected += row.p is not None and row.p < 0.05
    for measure_name, count in held.items():
        assert 0.89 <= count / trials <= 0.99, measure_name
    assert 0.01 <= rejected / trials <= 0.11


def test_holm_against_hand_worked_values() -> None:
    assert holm(np.array([0.04, 0.01, 0.02])).tolist() == pytest.approx([0.04, 0.03, 0.04])
    assert holm(np.array([0.5, 0.9])).tolist() == pytest.approx([1.0, 1.0])
    assert holm(np.array([])).tolist() == []


def test_the_area_is_sklearns_and_its_spread_delongs_where_nobody_is_compared_twice() -> None:
    rng = np.random.default_rng(3)
    mated, nonmated = np.sort(rng.normal(1, 1, 80)), np.sort(rng.normal(0, 1, 60).round(1))
    subjects = 80 + 120
    one, other = 80 + 2 * np.arange(60), 81 + 2 * np.arange(60)
    table = PairSums.counted(one, other, subjects)
    auc = area_under_curve(
        mated,
        nonmated,
        mated_subject=np.arange(80),
        nonmated_place=np.arange(60),
        table=table,
        subjects=subjects,
    )
    truth = np.r_[np.ones(80), np.zeros(60)]
    assert auc.value == pytest.approx(roc_auc_score(truth, np.r_[mated, nonmated]))
    beats = (mated[:, None] > nonmated) + 0.5 * (mated[:, None] == nonmated)
    delong = beats.mean(axis=1).var(ddof=1) / 80 + beats.mean(axis=0).var(ddof=1) / 60
    assert spread_of([auc.part], np.array([1.0])).variance == pytest.approx(delong, rel=0.03)


def test_tests_that_assume_independence_stand_beside_those_of_the_family(found: tuple[Difference, ...]) -> None:
    for row in found:
        in_family = row.other in ("none", "cut") and row.method != "cut"
        assert (row.p_independent is not None) == (row.tested or (in_family and row.metric == "auc"))
        assert row.p_independent is None or 0 <= row.p_independent <= 1
    better = next(row for row in found if row.tested and (row.method, row.other) == ("good", "none"))
    assert better.p_independent is not None and better.p_independent < 1e-3
