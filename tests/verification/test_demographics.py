"""Rates of groups by hand-made cells: which comparisons count, what is withheld, and the ratio."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.datasets.base import Comparisons
from benchmark.verification.demographics import FEWEST_SUBJECTS, measure_groups
from benchmark.verification.group_row import WORST_TO_BEST
from benchmark.verification.measure import measure
from benchmark.verification.resolve import load_metrics
from tests.verification.population import cell_of

PEOPLE, PHOTOS = 120, 3


@pytest.fixture(scope="module")
def groups():
    """Women lose more; of ``rare`` there are too few; nobody knows the last 20 people."""
    rng = np.random.default_rng(2)
    subjects = np.repeat(np.arange(PEOPLE), PHOTOS).astype(np.int32)
    one, other = np.triu_indices(len(subjects), k=1)
    mated = subjects[one] == subjects[other]
    sex = np.array(["female"] * 50 + ["male"] * 50 + [""] * 20)
    rare = np.array(["few"] * 10 + ["many"] * 110)
    comparisons = Comparisons(one.astype(np.int32), other.astype(np.int32), mated, np.full(len(one), -1, np.int8))
    scores = rng.normal(size=len(one)) + mated * np.where(sex[subjects[other]] == "female", 2.5, 4.5)
    cell = cell_of("raw-raw", scores.astype(np.float32), comparisons, len(subjects))
    measured = measure(
        [cell],
        subjects=subjects,
        mask_types=[None] * len(subjects),
        targets=(0.01,),
        replicates=2,
        metrics=load_metrics(["gfrr"]),
    )
    attributes = {"sex": sex[subjects].tolist(), "rare": rare[subjects].tolist()}
    rows = measure_groups([cell], measured.rows, subjects=subjects, attributes=attributes)
    return cell, sex[subjects], {(row.attribute, row.group, row.metric): row for row in rows}


def test_mated_comparisons_count_for_the_group_of_their_probe(groups) -> None:
    cell, sex, rows = groups
    row = rows["sex", "female", "gfrr"]
    own = cell.comparisons.mated & (sex[cell.comparisons.probe] == "female")
    assert row.value == pytest.approx(np.mean(cell.scores[own] < np.float32(row.threshold)))
    assert row.comparisons == np.count_nonzero(own)
    assert row.subjects == 50
    assert row.ci_low < row.value < row.ci_high


def test_non_mated_comparisons_count_where_both_are_of_the_group(groups) -> None:
    cell, sex, rows = groups
    row = rows["sex", "male", "fmr"]
    compared = cell.comparisons
    own = ~compared.mated & (sex[compared.probe] == "male") & (sex[compared.reference] == "male")
    assert row.value == pytest.approx(np.mean(cell.scores[own] >= np.float32(row.threshold)))
    assert row.comparisons == np.count_nonzero(own)
    assert 0 < row.ci_low < row.value < row.ci_high


def test_the_ratio_names_its_groups_and_its_interval_excludes_1_where_they_differ(groups) -> None:
    _, _, rows = groups
    row = rows["sex", WORST_TO_BEST, "gfrr"]
    assert row.note == "female / male"
    assert row.value == pytest.approx(rows["sex", "female", "gfrr"].value / rows["sex", "male", "gfrr"].value)
    assert 1 < row.ci_low < row.value < row.ci_high


def test_of_few_people_nothing_is_claimed(groups) -> None:
    _, _, rows = groups
    row = rows["rare", "few", "gfrr"]
    assert row.subjects < FEWEST_SUBJECTS
    assert row.value is row.ci_low is row.ci_high is None
    assert "nothing is claimed" in row.note
    assert ("rare", WORST_TO_BEST, "gfrr") not in rows


def test_who_is_not_known_is_in_no_group(groups) -> None:
    _, _, rows = groups
    assert {group for attribute, group, _ in rows if attribute == "sex"} == {"female", "male", WORST_TO_BEST}


def test_the_ratio_of_rare_errors_has_an_interval_of_sensible_width() -> None:
    rng = np.random.default_rng(2)
    subjects = np.repeat(np.arange(80), 2).astype(np.int32)
    one, other = np.triu_indices(len(subjects), k=1)
    mated = subjects[one] == subjects[other]
    comparisons = Comparisons(one.astype(np.int32), other.astype(np.int32), mated, np.full(len(one), -1, np.int8))
    scores = rng.normal(size=len(one)) + 20.0 * mated
    side = np.array(["a"] * 40 + ["b"] * 40)[subjects]
    scores[np.flatnonzero(mated & (side[one] == "a"))[:1]] = -9  # one rejection in a, three in b
    scores[np.flatnonzero(mated & (side[one] == "b"))[:3]] = -9
    cell = cell_of("raw-raw", scores.astype(np.float32), comparisons, len(subjects))
    measured = measure(
        [cell],
        subjects=subjects,
        mask_types=[None] * len(subjects),
        targets=(0.01,),
        replicates=2,
        metrics=load_metrics(["gfrr"]),
    )
    rows = measure_groups([cell], measured.rows, subjects=subjects, attributes={"side": side.tolist()})
    (row,) = (row for row in rows if row.group == WORST_TO_BEST and row.metric == "gfrr")
    assert row.value == pytest.approx(3)
    assert 0.1 < row.ci_low < 1
    assert 3 < row.ci_high < 40
    rates = {row.group: row for row in rows if row.metric == "gfrr"}
    assert rates["a"].ci_low < 1 / 40 < rates["a"].ci_high < 0.2, "one of 40 people, each compared once"
    matches = {row.group: row for row in rows if row.metric == "fmr"}
    assert all(row.ci_high < 4 * row.value for row in matches.values() if row.group in ("a", "b"))


def test_no_rejection_among_people_with_several_comparisons_has_an_upper_end_of_sensible_size() -> None:
    rng = np.random.default_rng(4)
    subjects = np.repeat(np.arange(80), 5).astype(np.int32)
    one, other = np.triu_indices(len(subjects), k=1)
    mated = subjects[one] == subjects[other]
    comparisons = Comparisons(one.astype(np.int32), other.astype(np.int32), mated, np.full(len(one), -1, np.int8))
    scores = rng.normal(size=len(one)) + 20.0 * mated
    cell = cell_of("raw-raw", scores.astype(np.float32), comparisons, len(subjects))
    measured = measure(
        [cell],
        subjects=subjects,
        mask_types=[None] * len(subjects),
        targets=(0.01,),
        replicates=2,
        metrics=load_metrics(["gfrr"]),
    )
    groups = {"side": ["a"] * 200 + ["b"] * 200}
    rows = measure_groups([cell], measured.rows, subjects=subjects, attributes=groups)
    ends = [row.ci_high for row in rows if row.metric == "gfrr" and row.group in ("a", "b")]
    assert len(ends) == 2 and all(3 / 400 < end < 0.03 for end in ends), "400 comparisons that are hardly alike"
