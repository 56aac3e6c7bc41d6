"""How well masks are found, against scikit-learn and by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn.metrics import jaccard_score, precision_score, recall_score

from benchmark.plugins import METRICS
from benchmark.verification.base import KEY_COLUMNS
from benchmark.verification.measure_masks import measure_masks
from tests.verification.population import CELL

NAMES = ("mask_iou", "mask_precision", "mask_recall")


def masks(seed: int, count: int = 6) -> np.ndarray:
    return np.where(np.random.default_rng(seed).random((count, 8, 8)) < 0.4, 255, 0).astype(np.uint8)


def rows_of(true, found, failed=None, types=None, *, bare=False):
    result = measure_masks(
        CELL,
        bare=bare,
        true=true,
        found=found,
        failed=np.zeros(len(found), bool) if failed is None else failed,
        subjects=np.arange(len(found), dtype=np.int32) // 2,
        mask_types=types or [None] * len(found),
        replicates=50,
    )
    assert max(Counter(tuple(getattr(row, name) for name in KEY_COLUMNS) for row in result.rows).values()) == 1
    return {(row.metric, row.mask_type): row for row in result.rows}


@pytest.mark.parametrize(
    ("name", "reference"),
    list(zip(NAMES, (jaccard_score, precision_score, recall_score), strict=True)),
)
def test_overlap_is_that_of_scikit_learn(name, reference):
    true, found = masks(0), masks(1)
    expected = np.mean([reference(t.ravel() > 0, f.ravel() > 0) for t, f in zip(true, found, strict=True)])
    row = rows_of(true, found)[name, "all"]
    assert row.value == pytest.approx(expected)
    assert row.ci_low < row.value < row.ci_high


def test_what_is_left_of_the_mask_and_what_the_hole_takes_beyond_it() -> None:
    true, found = (np.zeros((1, 8, 8), np.uint8) for _ in range(2))
    true[0, 2:6, 2:6] = 255  # 16 pixels
    found[0, 3:8, 2:6] = 255  # a row of 4 is left, 8 are beyond
    rows = rows_of(true, found)
    assert rows["mask_left", "all"].value == pytest.approx(4 / 16)
    assert rows["hole_excess", "all"].value == pytest.approx(8 / 16)


def test_rows_by_mask_type_leave_failures_out_and_count_them():
    true, found = masks(0), masks(1)
    found[0] = true[0]
    found[1] = 0
    failed = np.array([False] * 5 + [True])
    rows = rows_of(true, found, failed, ["cloth", "n95"] * 3)
    assert set(rows) == {
        (name, kind)
        for name in (*NAMES, "mask_left", "hole_excess", "missed_masks")
        for kind in ("all", "cloth", "n95")
    }
    single = METRICS.load("mask_iou")().per_image(true, found)
    assert single[0] == 1
    assert single[1] == 0, "a mask that was missed counts"
    assert rows["mask_iou", "cloth"].value == pytest.approx(single[[0, 2, 4]].mean())
    assert rows["mask_iou", "n95"].value == pytest.approx(single[[1, 3]].mean())
    assert [rows["mask_iou", kind].n_failed for kind in ("all", "cloth", "n95")] == [1, 0, 1]
    assert METRICS.load("mask_precision")().per_image(true, found)[1] == 0
    assert [rows["missed_masks", kind].value for kind in ("all", "cloth", "n95")] == [0.2, 0.0, 0.5]


def test_where_masks_are_really_worn_only_missed_ones_are_counted():
    found = np.zeros((4, 8, 8), np.uint8)
    found[:3, 3, 3] = 255
    rows = rows_of(None, found, types=["real"] * 4)
    assert set(rows) == {("missed_masks", "all")}
    assert rows["missed_masks", "all"].value == 0.25
    assert not METRICS.load("missed_masks").higher_is_better


def test_on_bare_faces_only_false_masks_are_counted():
    found = np.zeros((4, 8, 8), np.uint8)
    found[2, 3, 3] = 255
    rows = rows_of(None, found, bare=True)
    assert set(rows) == {("false_masks", "all")}
    assert rows["false_masks", "all"].value == 0.25
    assert not METRICS.load("false_masks").higher_is_better


def test_a_mask_outside_the_crop_has_no_overlap_to_speak_of():
    nothing = np.zeros((4, 8, 8), np.uint8)
    rows = rows_of(nothing, nothing)
    assert rows["mask_iou", "all"].value is None
    assert rows["mask_recall", "all"].value is None
