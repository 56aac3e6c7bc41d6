"""The report that the repository shows: how it is made, how large it may be, and when CI objects."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from benchmark.reporting.run_folder import read_finished

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_example_report", ROOT / "docs" / "make_example_report.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def example(script: ModuleType, small_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "example"
    script.make_example(small_folder, out)
    return out


def test_it_holds_the_page_metrics_figures_and_a_manifest_that_vouches_for_them(
    example: Path, small_folder: Path
) -> None:
    read_finished(example)
    names = {path.relative_to(example).as_posix() for path in example.rglob("*") if path.is_file()}
    assert {"report.html", "metrics.csv", "manifest.json", "figures/faces.webp"} <= names
    assert not {"scores.parquet", "images.csv", "figures/faces.svg"} & names
    whole = pd.read_csv(small_folder / "metrics.csv")
    kept = pd.read_csv(example / "metrics.csv")
    pd.testing.assert_frame_equal(kept, whole[whole["mask_type"] == "all"].reset_index(drop=True), check_dtype=False)
    assert (example / "report.html").stat().st_size <= (small_folder / "report.html").stat().st_size


def test_other_numbers_are_the_same_structure_and_other_rows_or_sections_are_not(
    script: ModuleType, example: Path
) -> None:
    committed = script.structure(example)
    assert list(script._differences(committed, script.structure(example))) == []
    changed = {**committed, "sections of report.html": committed["sections of report.html"][1:]}
    (said,) = script._differences(committed, changed)
    assert said.startswith(
        f"sections of report.html: 1 gone, 0 new (no longer: {committed['sections of report.html'][0]}"
    )


def test_the_committed_example_is_whole_and_small(script: ModuleType) -> None:
    read_finished(script.EXAMPLE)
    assert list(script._too_large(script.EXAMPLE)) == []
