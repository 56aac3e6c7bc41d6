"""Failures by step and reason: each counted once, where it happened."""

from __future__ import annotations

import pandas as pd

from benchmark.reporting.failures_table import FailureGroup, failures_table
from benchmark.reporting.run_results import IMAGE_COLUMNS
from benchmark.views import FAILED_EARLIER


def _entry(image: str, step: str, reason: str = "", variant: str = "") -> dict[str, str]:
    status = "failed" if reason else "ok"
    filled = {"image_id": image, "step": step, "variant": variant, "status": status, "reason": reason}
    return {column: filled.get(column, "") for column in IMAGE_COLUMNS}


def test_a_failure_counts_once_where_it_happened() -> None:
    entries = [_entry(image, "acquire") for image in "abc"] + [_entry("d", "acquire", "no face found")]
    entries += [_entry("a", "mask"), _entry("b", "mask", "a profile (0.07)"), _entry("c", "mask", "a profile (-0.00)")]
    entries += [_entry("d", "mask", FAILED_EARLIER)]
    entries += [_entry(image, "unmask", FAILED_EARLIER, "telea") for image in "bcd"] + [
        _entry("a", "unmask", "", "telea")
    ]
    table = failures_table(pd.DataFrame(entries))
    assert table.groups == (
        FailureGroup("acquire", "", "no face found", 1, 4),
        FailureGroup("mask", "", "a profile", 2, 4),
    )
    assert (table.photos, table.failed_photos, table.more) == (4, 3, 0)
    assert [row["reason"] for row in table.first] == ["no face found", "a profile (0.07)", "a profile (-0.00)"]
    assert table.groups[1].share == "50.0\u202f%"


def test_no_images_and_no_failures() -> None:
    assert failures_table(pd.DataFrame(columns=list(IMAGE_COLUMNS))).photos == 0
    whole = failures_table(pd.DataFrame([_entry("a", "acquire")]))
    assert (whole.photos, whole.groups, whole.first) == (1, (), ())


def test_long_lists_are_cut() -> None:
    table = failures_table(pd.DataFrame([_entry(f"image {number}", "mask", "a profile") for number in range(100)]))
    assert len(table.first) + table.more == 100 and table.more > 0
